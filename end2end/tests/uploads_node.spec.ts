// tus-js-client in Node and tuspy, as they are installed: create, resume, parallel, abort, checksum, expiry.

import { spawn } from "node:child_process";
import { createReadStream } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough } from "node:stream";

import * as client from "tus-js-client";
import { type HttpRequest, type HttpResponse, Upload, type UploadOptions, type UrlStorage } from "tus-js-client";

import { noise } from "../src/picture.ts";
import { expect, test } from "../src/shop.ts";
import { arrived, head, type Owner, owner } from "../src/uploads.ts";

/** In Node there is a storage that the types do not know. */
const { FileUrlStorage } = client as unknown as { FileUrlStorage: new (file: string) => UrlStorage };

/** Nor do they know this option. */
type Options = Partial<UploadOptions> & { protocol?: "tus-v1" | "ietf-draft-03" | "ietf-draft-05" };

const root = join(import.meta.dirname, "..");
const metadata = { filename: "cup.png", filetype: "image/png" };
const chunkSize = 64 * 1024;

/** What a client asked and was answered. */
interface Exchange {
  method: string;
  status: number;
  length: number;
  answer: (name: string) => string | undefined;
}

/** Runs an upload to its end; `during` may end it before. */
async function run(
  owner: Owner,
  file: ConstructorParameters<typeof Upload>[0],
  options: Options,
  during?: (upload: Upload, accepted: number) => void | Promise<void>,
): Promise<{ url: string; exchanges: Exchange[]; isWhole: boolean }> {
  const exchanges: Exchange[] = [];
  return new Promise((resolve, reject) => {
    const ended = (isWhole: boolean) => resolve({ url: upload.url ?? "", exchanges, isWhole });
    const upload = new Upload(file, {
      endpoint: owner.endpoint,
      headers: owner.headers,
      metadata,
      chunkSize,
      retryDelays: null,
      storeFingerprintForResuming: false,
      onAfterResponse: (request: HttpRequest, response: HttpResponse) => {
        exchanges.push({
          method: request.getMethod(),
          status: response.getStatus(),
          length: Number(request.getHeader("Content-Length") ?? 0),
          answer: (name) => response.getHeader(name),
        });
      },
      onError: reject,
      onSuccess: () => ended(true),
      onChunkComplete: (_size, accepted) => {
        if (!during) return;
        void Promise.resolve(during(upload, accepted)).then(() => undefined, reject);
      },
      ...options,
    });
    stopped.set(upload, () => ended(false));
    upload.start();
  });
}

/** How a test ends an upload before its end. */
const stopped = new WeakMap<Upload, () => void>();

async function stop(upload: Upload, terminate = false): Promise<void> {
  await upload.abort(terminate);
  stopped.get(upload)?.();
}

const methods = (exchanges: Exchange[]) => exchanges.map(({ method }) => method);

test("tus-js-client in Node: create, deferred length, first bytes with the creation, other methods", async ({ vitrine, browse }) => {
  const lorna = await owner(vitrine, await browse());
  const bytes = noise(320, 240);

  const plain = await run(lorna, bytes, {});
  expect(methods(plain.exchanges)).toEqual(["POST", "PATCH", "PATCH", "PATCH", "PATCH", "PATCH"].slice(0, 1 + Math.ceil(bytes.length / chunkSize)));
  await arrived(lorna, plain.url, bytes);

  const variants: Array<[string, Options]> = [
    ["with the creation", { uploadDataDuringCreation: true }],
    ["all with the creation", { uploadDataDuringCreation: true, chunkSize: Infinity }],
    ["over POST", { overridePatchMethod: true }],
  ];
  for (const [name, options] of variants) {
    const other = noise(160, 120);
    const sent = await run(lorna, other, options);
    expect(sent.isWhole, name).toBe(true);
    await arrived(lorna, sent.url, other);
  }
  // Not one of a file: of that, this client announces more in its last request than there is, and waits for good.
  const stream = new PassThrough();
  stream.end(bytes);
  const streamed = await run(lorna, stream, { uploadLengthDeferred: true });
  expect(streamed.exchanges[0]?.status).toBe(201);
  await arrived(lorna, streamed.url, bytes);
});

test("tus-js-client in Node: resume sends no byte twice, also past a killed server", async ({ vitrine, browse }, info) => {
  const lorna = await owner(vitrine, await browse());
  const bytes = noise(420, 300);
  const file = info.outputPath("cup.png");
  await writeFile(file, bytes);
  const urlStorage = new FileUrlStorage(info.outputPath("urls.json"));
  const stored = { urlStorage, storeFingerprintForResuming: true };

  let left = 0;
  const first = await run(lorna, createReadStream(file), { ...stored, uploadSize: bytes.length }, async (upload, accepted) => {
    left = accepted;
    if (accepted >= 2 * chunkSize) await stop(upload);
  });
  expect(first.isWhole).toBe(false);
  expect(await vitrine.stop("SIGKILL")).toBeNull();
  await vitrine.serve();
  const stands = await head(lorna, first.url);
  expect(stands.offset, "what was acknowledged is there").toBeGreaterThanOrEqual(left);

  const again = new Upload(createReadStream(file), { endpoint: lorna.endpoint, ...stored, uploadSize: bytes.length });
  const [previous] = await again.findPreviousUploads();
  expect(previous?.uploadUrl).toBe(first.url);
  const second = await run(lorna, createReadStream(file), { uploadUrl: first.url, uploadSize: bytes.length });
  expect(methods(second.exchanges)[0]).toBe("HEAD");
  const offsets = second.exchanges.map(({ answer }) => Number(answer("Upload-Offset")));
  expect(offsets[0]).toBe(stands.offset);
  await arrived(lorna, second.url, bytes);
});

test("tus-js-client in Node: a server that is killed in the middle costs a retry", async ({ vitrine, browse }) => {
  const lorna = await owner(vitrine, await browse());
  const bytes = noise(420, 300);
  let killed: Promise<void> | undefined;
  const sent = await run(
    lorna,
    bytes,
    { retryDelays: [0, 100, 200, 400, 800, 1600, 3200, 6400], onShouldRetry: () => true },
    () => {
      killed ??= (async () => {
        await vitrine.stop("SIGKILL");
        await vitrine.serve();
      })();
    },
  );
  await killed;
  expect(methods(sent.exchanges)).toContain("HEAD");
  await arrived(lorna, sent.url, bytes);
});

test("tus-js-client in Node: parallel uploads are joined", async ({ vitrine, browse }) => {
  const lorna = await owner(vitrine, await browse());
  const bytes = noise(420, 300);
  for (const parallelUploads of [2, 5]) {
    const sent = await run(lorna, bytes, { parallelUploads });
    await arrived(lorna, sent.url, bytes);
    const found = await head(lorna, sent.url);
    expect(found.headers.get("upload-concat")).toMatch(/^final;http/);
  }
});

test("tus-js-client in Node: abort ends an upload, and an expired one begins anew", async ({ vitrine, browse }) => {
  const lorna = await owner(vitrine, await browse());
  const bytes = noise(300, 240);
  const aborted = await run(lorna, bytes, {}, async (upload) => stop(upload, true));
  expect((await head(lorna, aborted.url)).status).toBe(404);

  const left = await run(lorna, bytes, {}, async (upload) => stop(upload));
  const expires = left.exchanges.at(-1)?.answer("Upload-Expires") ?? "";
  expect(Date.parse(expires)).toBeGreaterThan(Date.now());
  await vitrine.stop();
  await vitrine.expireUploads();
  await vitrine.serve();
  expect((await head(lorna, left.url)).status).toBeGreaterThanOrEqual(404);
  const anew = await run(lorna, bytes, { uploadUrl: left.url });
  expect(methods(anew.exchanges).slice(0, 2)).toEqual(["HEAD", "POST"]);
  expect(anew.url).not.toBe(left.url);
  await arrived(lorna, anew.url, bytes);
});

for (const protocol of ["ietf-draft-03", "ietf-draft-05"] as const) {
  test(`tus-js-client in Node as ${protocol}: create, resume, abort`, async ({ vitrine, browse }) => {
    const lorna = await owner(vitrine, await browse());
    const bytes = noise(320, 240);
    const plain = await run(lorna, bytes, { protocol });
    expect(plain.exchanges[0]?.answer("Tus-Resumable")).toBeUndefined();
    expect(plain.exchanges.at(-1)?.answer("Upload-Complete")).toBe("?1");
    await arrived(lorna, plain.url, bytes);

    const other = noise(240, 260);
    const left = await run(lorna, other, { protocol }, async (upload) => stop(upload));
    const resumed = await run(lorna, other, { protocol, uploadUrl: left.url });
    expect(resumed.exchanges[0]).toMatchObject({ method: "HEAD", status: 204 });
    await arrived(lorna, left.url, other);

    const aborted = await run(lorna, bytes, { protocol }, async (upload) => stop(upload, true));
    expect((await head(lorna, aborted.url)).status).toBe(404);
  });
}

interface Said {
  url: string;
  status: number | null;
  offset: number;
  begun: number;
  left: number;
  stands: number;
  same: boolean;
}

/** Asks tuspy for something. */
async function tuspy(asked: Record<string, unknown>): Promise<Said> {
  const python = process.env["VITRINE_TUSPY"];
  if (!python) throw new Error("VITRINE_TUSPY is not set: run these tests by `cargo xtask test --only e2e`");
  const child = spawn(python, [join(root, "clients", "tuspy.py")], { stdio: ["pipe", "pipe", "pipe"] });
  let out = "";
  let complaint = "";
  child.stdout.on("data", (data: Buffer) => (out += data.toString()));
  child.stderr.on("data", (data: Buffer) => (complaint += data.toString()));
  child.stdin.end(JSON.stringify(asked));
  const code = await new Promise((resolve) => child.once("close", resolve));
  if (code !== 0) throw new Error(complaint);
  return JSON.parse(out) as Said;
}

test("tuspy: create, checksum, resume, expiry", async ({ vitrine, browse }, info) => {
  const lorna = await owner(vitrine, await browse());
  const bytes = noise(320, 240);
  const file = info.outputPath("cup.png");
  await writeFile(file, bytes);
  const task = { endpoint: lorna.endpoint, headers: lorna.headers, metadata, file, chunk: chunkSize };

  for (const kind of ["whole", "asynchronous"]) {
    const sent = await tuspy({ ...task, do: kind });
    expect(sent.offset, kind).toBe(bytes.length);
    await arrived(lorna, sent.url, bytes);
  }
  const resumed = await tuspy({ ...task, do: "resumed", storage: info.outputPath("urls.json"), stop: 2 * chunkSize });
  expect(resumed).toMatchObject({ same: true, begun: 2 * chunkSize, left: 2 * chunkSize, offset: bytes.length });
  await arrived(lorna, resumed.url, bytes);

  const changed = await tuspy({ ...task, do: "changed" });
  expect(changed).toMatchObject({ status: 460, stands: 0, offset: bytes.length });
  await arrived(lorna, changed.url, bytes);

  expect(await tuspy({ ...task, do: "gone", url: `${lorna.endpoint}/nothing` })).toEqual({ status: 404 });
});
