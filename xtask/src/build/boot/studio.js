// Starts the creator's bundle.
import "PROOF_JS";
import init, { mount } from "BUNDLE_JS";

try {
  await init({ module_or_path: new URL("BUNDLE_WASM", import.meta.url) });
  mount();
} catch (reason) {
  console.error(reason);
  const studio = document.getElementById("studio");
  if (studio) {
    studio.textContent =
      "The studio could not start in this browser. Reload the page; if that does not help, update the browser.";
  }
}
