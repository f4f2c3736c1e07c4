// The studio's workers in a bare page, started and spoken to as the studio does (`domain::capture`).

import type { Page } from "@playwright/test";

export interface Bundle {
  js: string;
  wasm: string;
}

/** Where the site has them. */
export interface Bundles {
  boot: string;
  weights: string;
  cpu: Bundle;
  gpu: Bundle;
}

/** A presentation time, s, and a score. */
export type Score = [number, number];

/** What came of a film that was brought in. */
export interface Imported {
  scores: Score[];
  /** The thumbnails the network was shown, one after another, base64. */
  thumbs: string;
  /** Starts and ends of the shots. */
  shots: Array<{ start: number; end: number }>;
  /** What was said to the creator. */
  sentences: string[];
  /** Where the network ran. */
  engine: string;
}

/** What {@link install} leaves in the page. */
export interface Bench {
  /** Lets the network of a build judge thumbnails; it stays for the next ones. */
  judge(build: "cpu" | "gpu", thumbs: string, times: number[]): Promise<Score[]>;
  /** The same of TransNetV2 alone on the GPU, with the weights at this address. */
  judgePublished(published: string, thumbs: string, times: number[]): Promise<Score[]>;
  /** Brings in the film that the file input holds, on the CPU. */
  bring(): Promise<Imported>;
  /** Seconds from nothing to the first scores of two blocks of thumbnails, on the CPU. */
  first(thumbs: string): Promise<number>;
  /** Seconds a network that is warm takes for thumbnails, on the CPU. */
  pace(thumbs: string): Promise<{ seconds: number; scores: Score[] }>;
  /** The same of the other runtime (`bench/peer.js`), which stays for the next: its first scores, then so many times all. */
  peer(thumbs: string, rounds: number): Promise<{ first: number; seconds: number; scores: number[] }>;
}

type Words = Record<string, unknown> & { is?: string };

/** Runs in the page, before anything else; refers to nothing outside itself. */
function install(bundles: Bundles): void {
  const bytes = (text: string) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const text = (parts: Uint8Array[]) => {
    let out = "";
    for (const part of parts) for (let at = 0; at < part.length; at += 0x8000) out += String.fromCharCode(...part.subarray(at, at + 0x8000));
    return btoa(out);
  };
  const start = (bundle: Bundle, role: object, port?: MessagePort) => {
    const worker = new Worker(bundles.boot, { type: "module" });
    worker.postMessage({ ...bundle, ...role, port }, port ? [port] : []);
    return worker;
  };
  const read = (event: MessageEvent) => JSON.parse((event.data as { say: string }).say) as Words;

  /** A network's worker, once it has said where it runs; with TransNetV2 instead of the network where that is given. */
  const network = async (build: "cpu" | "gpu", published?: string) => {
    const { port1, port2 } = new MessageChannel();
    const weights = published ? { weights: "/missing/models/shots.bin", precise: published } : { weights: bundles.weights };
    const worker = start(bundles[build], { role: "inference", ...weights }, port1);
    const engine = published ? "precise" : build;
    await new Promise<void>((able, unable) => {
      worker.onmessage = (event) => {
        const words = read(event);
        if (words.is === "engine" && words["engine"] === engine) able();
        else unable(new Error(JSON.stringify(words)));
      };
      worker.onerror = (event) => unable(new Error(event.message));
    });
    return port2;
  };

  /** How long the last judgement took, s. */
  let judged = 0;
  const networks = new Map<string, Promise<MessagePort>>();
  const judge = async (build: "cpu" | "gpu", thumbs: string, times: number[], published?: string): Promise<Score[]> => {
    const name = published ?? build;
    let ready = networks.get(name);
    if (!ready) networks.set(name, (ready = network(build, published)));
    const port = await ready;
    const scores: Score[] = [];
    const done = new Promise<void>((over, lost) => {
      port.onmessage = (event) => {
        const words = read(event);
        if (words.is === "boundaries") scores.push(...(words["scores"] as Score[]));
        if (words.is === "done") over();
        if (words.is === "gone") lost(new Error(String(words["reason"])));
      };
    });
    const say = (words: Words, pixels?: ArrayBuffer) => port.postMessage({ say: JSON.stringify(words), pixels }, pixels ? [pixels] : []);
    const all = bytes(thumbs);
    const began = performance.now();
    const size = 48 * 27 * 3;
    say({ is: "begin" });
    // In the recorder's batches.
    for (let at = 0; at < times.length; at += 16) say({ is: "frames", times: times.slice(at, at + 16) }, all.slice(at * size, (at + 16) * size).buffer);
    say({ is: "finish" });
    await done;
    judged = (performance.now() - began) / 1000;
    return scores;
  };

  const bring = async (): Promise<Imported> => {
    const file = (document.querySelector("input[type=file]") as HTMLInputElement).files?.[0];
    if (!file) throw new Error("no file was chosen");
    const recorder = start(bundles.cpu, { role: "recorder" });
    const inference = new MessageChannel();
    const judge = start(bundles.cpu, { role: "inference", weights: bundles.weights }, inference.port1);
    // The page stands between the two and keeps what goes by.
    const relay = new MessageChannel();
    const pictures: Uint8Array[] = [];
    const out: Imported = { scores: [], thumbs: "", shots: [], sentences: [], engine: "" };
    relay.port1.onmessage = (event) => {
      const { say, pixels } = event.data as { say: string; pixels?: ArrayBuffer };
      if (pixels) pictures.push(new Uint8Array(pixels.slice(0)));
      inference.port2.postMessage({ say, pixels }, pixels ? [pixels] : []);
    };
    inference.port2.onmessage = (event) => {
      const words = read(event);
      if (words.is === "boundaries") out.scores.push(...(words["scores"] as Score[]));
      relay.port1.postMessage(event.data);
    };
    try {
      await new Promise<void>((over, broken) => {
        recorder.onerror = judge.onerror = (event) => broken(new Error(event.message));
        recorder.onmessage = (event) => {
          const words = read(event);
          if (words.is === "ready") {
            const contract = { min_clips: 3, max_clips: 10, min_length: 1.5, max_length: 6, max_stills: 8 };
            const say = JSON.stringify({ do: "import", session: crypto.randomUUID(), contract });
            recorder.postMessage({ say, file, inference: relay.port2 }, [relay.port2]);
          }
          if (words.is === "failed") {
            out.sentences.push(String(words["message"]));
            // What was refused outright has no session to follow.
            if (words["ended"] && out.scores.length === 0 && pictures.length === 0) over();
          }
          if (words.is === "stopped") out.engine = (words["network"] as { engine: string }).engine;
          if (words.is === "chosen" && words["last"]) {
            out.shots = (words["choice"] as { shots: Imported["shots"] }).shots;
            over();
          }
        };
      });
    } finally {
      recorder.terminate();
      judge.terminate();
    }
    out.thumbs = text(pictures);
    return out;
  };

  const times = (thumbs: string) => Array.from({ length: (thumbs.length * 3) / 4 / (48 * 27 * 3) }, (_, at) => at / 30);
  const first = async (thumbs: string): Promise<number> => {
    const pixels = bytes(thumbs).buffer;
    const began = performance.now();
    const { port1, port2 } = new MessageChannel();
    const worker = start(bundles.cpu, { role: "inference", weights: bundles.weights }, port1);
    const answered = new Promise<void>((over, broken) => {
      worker.onerror = (event) => broken(new Error(event.message));
      port2.onmessage = (event) => read(event).is === "boundaries" && over();
    });
    port2.postMessage({ say: JSON.stringify({ is: "frames", times: times(thumbs) }), pixels }, [pixels]);
    await answered;
    const seconds = (performance.now() - began) / 1000;
    worker.terminate();
    return seconds;
  };
  const pace = async (thumbs: string) => {
    const scores = await judge("cpu", thumbs, times(thumbs));
    const seconds = judged;
    return { seconds, scores };
  };

  const peers = new Map<string, Worker>();
  const peer = async (thumbs: string, rounds: number) => {
    const out = { first: 0, seconds: 0, scores: [] as number[] };
    const pixels = bytes(thumbs);
    const began = performance.now();
    let worker = peers.get("onnx");
    if (!worker) peers.set("onnx", (worker = new Worker("/bench/peer.js", { type: "module" })));
    const asked = worker;
    await new Promise<void>((over, broken) => {
      asked.onerror = (event) => broken(new Error(event.message));
      asked.onmessage = (event) => {
        const words = event.data as { is: string; seconds: number; scores: number[]; reason: string };
        if (words.is === "failed") broken(new Error(words.reason));
        if (words.is === "first") out.first = (performance.now() - began) / 1000;
        else Object.assign(out, { seconds: words.seconds, scores: words.scores });
        if (words.is === "round" || rounds === 0) over();
      };
      asked.postMessage({ runtime: "/runtime/ort.wasm.bundle.min.mjs", model: "/model/shots.onnx", thumbs: pixels, rounds });
    });
    return out;
  };
  const judgePublished = (published: string, thumbs: string, times: number[]) => judge("gpu", thumbs, times, published);
  const bench: Bench = { judge, judgePublished, bring, first, pace, peer };
  Object.assign(globalThis, { bench });
}

/** A page in which {@link Bench} is there as `bench`. */
export async function prepare(page: Page, url: string, bundles: Bundles): Promise<void> {
  await page.addInitScript(install, bundles);
  await page.goto(url);
  await page.setContent('<!doctype html><title>Bench</title><input type="file">');
}
