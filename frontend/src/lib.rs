//! The shopper's bundle: hydrates islands and nothing else. The page sells without it.

use wasm_bindgen::prelude::wasm_bindgen;

// Without a reference the linker drops the crate and its islands' exports with it (leptos#2083).
extern crate island;

/// Prepares the reactive system. The start module then calls the export named by each `<leptos-island data-component>`
/// with its element.
#[wasm_bindgen]
pub fn hydrate() {
    leptos::mount::hydrate_islands();
}
