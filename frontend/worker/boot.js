// Starts a worker of the studio. The first message says where the bundle lies and what the worker becomes
// (`protocol::Boot`); whatever arrives until the bundle listens is kept and handed over in order.
const waiting = [];
const keep = (event) => waiting.push(event);

self.addEventListener("message", async (first) => {
  self.addEventListener("message", keep);
  const boot = first.data;
  try {
    const bundle = await import(boot.js);
    await bundle.default({ module_or_path: boot.wasm });
    await bundle.start(boot);
  } catch (error) {
    const reason = String(error?.message ?? error);
    const say = boot?.role === "inference"
      ? { is: "unusable", reason }
      : {
          is: "failed",
          request: null,
          message: `The recorder could not be loaded (${reason}); reload the page.`,
          ended: true,
        };
    self.postMessage({ say: JSON.stringify(say) });
    return;
  } finally {
    self.removeEventListener("message", keep);
  }
  for (const event of waiting) {
    self.onmessage?.(event);
  }
}, { once: true });
