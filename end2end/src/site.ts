// The site folder on a bare page, for what is measured without a shop round it: the studio's workers as they ship.

import { createReadStream, existsSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { extname, join, normalize } from "node:path";

import type { Bundles } from "./workers.ts";

const kinds: Record<string, string> = { ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm" };

export class Site {
  private constructor(
    readonly url: string,
    /** Where the page finds the workers. */
    readonly bundles: Bundles,
    private readonly server: Server,
  ) {}

  /** Serves the site that `cargo xtask` built, and other folders beside it under their names. Bytes go out as they are. */
  static async serve(others: Record<string, string> = {}): Promise<Site> {
    const root = process.env["VITRINE_SITE"];
    if (!root) throw new Error("VITRINE_SITE is not set: run this by `cargo xtask bench vision`");
    const manifest = JSON.parse(await readFile(join(root, "manifest.json"), "utf8")) as Record<string, string>;
    // What is missing shows where it is asked for: not every bench needs the GPU build.
    const named = (name: string) => manifest[name] ?? `/missing/${name}`;
    const bundle = (stem: string) => ({ js: named(`${stem}.js`), wasm: named(`${stem}.wasm`) });
    const bundles = { boot: named("worker-boot.js"), weights: named("models/shots.bin"), cpu: bundle("worker_cpu"), gpu: bundle("worker_gpu") };
    const server = createServer((request, response) => {
      void (async () => {
        const path = normalize(decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname));
        if (path === "/") {
          response.setHeader("content-type", "text/html");
          response.end("<!doctype html><title>Bench</title>");
          return;
        }
        const [first = "", ...rest] = path.slice(1).split("/");
        const other = others[first];
        const file = other ? join(other, ...rest) : join(root, path);
        if (!existsSync(file)) {
          response.statusCode = 404;
          response.end();
          return;
        }
        response.setHeader("content-type", kinds[extname(file)] ?? "application/octet-stream");
        response.setHeader("content-length", (await stat(file)).size);
        createReadStream(file).pipe(response);
      })();
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const address = server.address();
    if (!address || typeof address !== "object") throw new Error("no port");
    return new Site(`http://127.0.0.1:${address.port}`, bundles, server);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((closed) => this.server.close(closed));
  }
}
