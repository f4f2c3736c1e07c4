// Starts the shopper's bundle and wakes the islands of a page that the server drew.
// Nothing on the page waits for this: forms and links work before it and without it.
import init, * as bundle from "BUNDLE_JS";

// What an island left for the moment when islands inside its children wake, innermost last.
const enclosing = [];

// Outer islands first: an inner one may ask for the context of the outer.
async function wake(element) {
  const name = element.localName;
  if (name === "leptos-children") enclosing.push(element.$$on_hydrate);
  if (name === "leptos-island") {
    const start = bundle[element.dataset.component];
    if (start) {
      enclosing.at(-1)?.();
      await start(element);
    } else {
      console.warn(`The bundle has no island ${element.dataset.component}.`);
    }
  }
  for (const child of element.children) await wake(child);
  if (name === "leptos-children") enclosing.pop();
}

async function start() {
  await init({ module_or_path: new URL("BUNDLE_WASM", import.meta.url) });
  bundle.hydrate();
  await wake(document.body);
  // For tests, and for styles that want to know.
  document.documentElement.dataset.awake = "";
}

// After the first picture, but never later than a second.
if ("requestIdleCallback" in window) requestIdleCallback(start, { timeout: 1000 });
else setTimeout(start);
