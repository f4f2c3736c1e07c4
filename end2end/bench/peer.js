// onnxruntime-web with the student as ONNX, in a worker of its own. One message in: where things lie, thumbnails (48 × 27 RGB, a
// multiple of 32), how often to judge them all. Out: `first` when the first block is scored, then `round` for each time through, s.
const BLOCK = 32;
const BYTES = BLOCK * 48 * 27 * 3;
const DESCRIPTION = 520;

let ready;
const load = async ({ runtime, model }) => {
  const ort = await import(runtime);
  ort.env.wasm.numThreads = 1;
  const response = await fetch(model);
  const session = await ort.InferenceSession.create(new Uint8Array(await response.arrayBuffer()), { executionProviders: ["wasm"] });
  return { ort, session };
};

const judge = async (data) => {
  const { thumbs, rounds } = data;
  const { ort, session } = await (ready ??= load(data));
  const film = async (blocks, each) => {
    let before = new ort.Tensor("float32", new Float32Array(2 * BLOCK * DESCRIPTION), [2 * BLOCK, DESCRIPTION]);
    for (let at = 0; at < blocks; at += 1) {
      const pixels = new ort.Tensor("uint8", thumbs.subarray(at * BYTES, (at + 1) * BYTES), [BLOCK, 27, 48, 3]);
      const { scores, described } = await session.run({ pixels, before });
      before = described;
      if (at === 0) {
        // Before the first frame it is seen repeated.
        const first = described.data.slice(BLOCK * DESCRIPTION, (BLOCK + 1) * DESCRIPTION);
        for (let row = 0; row < BLOCK; row += 1) described.data.set(first, row * DESCRIPTION);
        before = new ort.Tensor("float32", described.data, described.dims);
      } else {
        each(scores.data);
      }
    }
  };
  await film(2, (scores) => self.postMessage({ is: "first", scores: Array.from(scores) }));
  const blocks = thumbs.length / BYTES;
  for (let round = 0; round < rounds; round += 1) {
    const scores = [];
    const began = performance.now();
    await film(blocks, (block) => scores.push(...block));
    self.postMessage({ is: "round", seconds: (performance.now() - began) / 1000, scores });
  }
};

self.onmessage = ({ data }) => judge(data).catch((error) => self.postMessage({ is: "failed", reason: String(error) }));
