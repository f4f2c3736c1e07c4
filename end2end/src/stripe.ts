// The stand-in for Stripe, as a process of its own.

import { type ChildProcess, spawn } from "node:child_process";

/** The secret key that it takes. */
export const secretKey = "sk_test_0123456789abcdef";

export class FakeStripe {
  private constructor(
    readonly url: string,
    private readonly child: ChildProcess,
  ) {}

  /** Starts it and waits until it says where it is. */
  static async start(): Promise<FakeStripe> {
    const program = process.env["VITRINE_FAKE_STRIPE"];
    if (!program) throw new Error("VITRINE_FAKE_STRIPE is not set: run these tests by `cargo xtask test --only e2e`");
    const child = spawn(program, [], { stdio: ["ignore", "pipe", "inherit"] });
    const url = await new Promise<string>((resolve, reject) => {
      let said = "";
      child.once("error", reject);
      child.once("exit", (code) => reject(new Error(`the stand-in ended with ${code}`)));
      child.stdout.on("data", (chunk: Buffer) => {
        said += chunk.toString();
        const match = said.match(/http:\/\/\S+/);
        if (match) resolve(match[0]);
      });
    });
    return new FakeStripe(url, child);
  }

  stop(): void {
    this.child.kill();
  }
}
