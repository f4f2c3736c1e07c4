// The real binary, with a data folder of its own.

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A variable that `cargo xtask test` sets; without it there is nothing to test. */
function required(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run these tests by \`cargo xtask test --only e2e\``);
  return value;
}

/** A port that is free now on the loopback address. */
async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => (address && typeof address === "object" ? resolve(address.port) : reject(new Error("no port"))));
    });
  });
}

export class Vitrine {
  readonly url: string;
  private log = "";
  private child: ChildProcess | undefined;
  private readonly seen: Array<{ pattern: RegExp; from: number; resolve: (match: RegExpMatchArray) => void }> = [];

  private constructor(
    readonly port: number,
    readonly data: string,
    private readonly extra: string[],
    host = "localhost",
  ) {
    this.url = `http://${host}:${port}`;
  }

  /** Starts the binary on an empty data folder and waits until it says that it serves. */
  static async start(...extra: string[]): Promise<Vitrine> {
    const vitrine = new Vitrine(await freePort(), await mkdtemp(join(tmpdir(), "vitrine-e2e-")), extra);
    await vitrine.serve();
    return vitrine;
  }

  /** Starts it under a name that is not this machine's own, without TLS. Open it in a browser that knows where `host` is. */
  static async startAt(host: string): Promise<Vitrine> {
    const vitrine = new Vitrine(await freePort(), await mkdtemp(join(tmpdir(), "vitrine-e2e-")), [], host);
    await vitrine.serve();
    return vitrine;
  }

  /** Starts the binary on a copy of another's data folder, which must not be in use. */
  static async startOn(data: string, ...extra: string[]): Promise<Vitrine> {
    const vitrine = new Vitrine(await freePort(), await mkdtemp(join(tmpdir(), "vitrine-e2e-")), extra);
    await cp(data, vitrine.data, { recursive: true });
    await vitrine.serve();
    return vitrine;
  }

  /** A data folder with the demo shop in it. The caller removes it. */
  static async seeded(): Promise<string> {
    const vitrine = new Vitrine(await freePort(), await mkdtemp(join(tmpdir(), "vitrine-e2e-")), []);
    const { code, out } = await vitrine.command("seed");
    if (code !== 0) throw new Error(out);
    return vitrine.data;
  }

  /** The arguments and variables every command of the binary gets. */
  private environment(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      VITRINE_DATA: this.data,
      VITRINE_SITE: required("VITRINE_SITE"),
      VITRINE_LISTEN: `127.0.0.1:${this.port}`,
      VITRINE_PUBLIC_URL: this.url,
    };
  }

  /** Starts (again) on the same data folder. */
  async serve(): Promise<void> {
    const begins = this.log.length;
    const child = spawn(required("VITRINE_BIN"), ["serve", ...this.extra], {
      env: this.environment(),
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.child = child;
    const died = new Promise<never>((_, reject) => {
      child.once("exit", (code) => reject(new Error(`vitrine ended with ${code}:\n${this.log}`)));
      child.once("error", reject);
    });
    const listen = (chunk: Buffer) => {
      this.log += chunk.toString();
      for (const waiting of [...this.seen]) {
        const match = this.log.slice(waiting.from).match(waiting.pattern);
        if (match) {
          this.seen.splice(this.seen.indexOf(waiting), 1);
          waiting.resolve(match);
        }
      }
    };
    child.stdout.on("data", listen);
    child.stderr.on("data", listen);
    died.catch(() => undefined);
    await Promise.race([this.healthy(begins), died]);
  }

  /** Waits until the start that begins there in the log says that it is open: its socket takes connections by then. Then it must be
   * healthy at the first try. */
  private async healthy(begins: number): Promise<void> {
    await this.logged(/Vitrine is open at/, begins);
    const { status } = await fetch(`http://127.0.0.1:${this.port}/healthz`);
    if (status !== 200) throw new Error(`/healthz answers ${status}:\n${this.log}`);
  }

  /** Waits until the log matches, from a place in it on. */
  async logged(pattern: RegExp, from = 0): Promise<RegExpMatchArray> {
    const now = this.log.slice(from).match(pattern);
    if (now) return now;
    return new Promise((resolve) => this.seen.push({ pattern, from, resolve }));
  }

  /** The one-time owner link of the first run. */
  async ownerLink(): Promise<string> {
    return (await this.logged(/https?:\/\/\S+\/setup\/[A-Za-z0-9_-]+/))[0];
  }

  /** Everything it has said so far. */
  get said(): string {
    return this.log;
  }

  /** Runs another command of the binary on the same data, e.g. `owner-link`; gives its code and what it printed. */
  async command(...args: string[]): Promise<{ code: number; out: string }> {
    try {
      const { stdout, stderr } = await run(required("VITRINE_BIN"), args, { env: this.environment() });
      return { code: 0, out: stdout + stderr };
    } catch (error) {
      const failed = error as { code?: number; stdout?: string; stderr?: string };
      return { code: failed.code ?? 1, out: `${failed.stdout ?? ""}${failed.stderr ?? ""}` };
    }
  }

  /** Lets the time of every upload run out, while nothing serves. */
  async expireUploads(): Promise<void> {
    const statement = "UPDATE upload SET expires_at = 1 WHERE state = 'receiving'";
    const script = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute(sys.argv[2]); c.commit()";
    await run("python3", ["-c", script, join(this.data, "vitrine.sqlite"), statement]);
  }

  /** Asks it to end, as a service manager does, and waits until it has; gives the exit code. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    const child = this.child;
    if (!child || child.exitCode !== null) return child?.exitCode ?? null;
    const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
    child.kill(signal);
    return ended;
  }

  /** Ends it and removes its data. */
  async remove(): Promise<void> {
    await this.stop();
    await rm(this.data, { recursive: true, force: true });
  }
}
