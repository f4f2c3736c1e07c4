//! The creator's bundle: film in a browser tab, look at what was found, and turn it into a draft page.
//!
//! Each room uses those before it: `browser` (devices, workers, requests), `guidance` (what a contract asks for), `review` (what a person decides about a
//! session), `upload` (its way to the server), `state` (what the studio knows and does), `view` (the page). Everything that
//! needs no browser (the upload protocol, trimming, wording, decisions, what leaves the device) is plain Rust and is tested
//! natively; the rest exists on wasm32 only. The page's boot script calls `mount`.
//!
//! One address option: `/studio?engine=cpu` keeps the network off the graphics chip.

pub mod browser;
pub mod guidance;
pub mod review;
pub mod upload;
pub mod wording;

#[cfg(target_arch = "wasm32")]
mod state;
#[cfg(target_arch = "wasm32")]
#[expect(
    unreachable_pub,
    reason = "the component macro of Leptos writes `pub` whatever it is given"
)]
mod view;

#[cfg(target_arch = "wasm32")]
pub mod page {
    //! What the boot script calls.

    use domain::wire::studio::Config;
    use leptos::prelude::*;
    use wasm_bindgen::{JsCast, prelude::wasm_bindgen};
    use web_sys::HtmlElement;

    use crate::{browser::js, view::App};

    /// Mounts the studio into `#studio` with the configuration in `#studio-config`.
    #[wasm_bindgen]
    pub fn mount() {
        let Some(document) = js::window().document() else {
            return;
        };
        let place = document
            .get_element_by_id("studio")
            .and_then(|place| place.dyn_into::<HtmlElement>().ok());
        let Some(place) = place else { return };
        let text = document
            .get_element_by_id("studio-config")
            .and_then(|script| script.text_content());
        match text.as_deref().map(serde_json::from_str::<Config>) {
            Some(Ok(config)) => {
                place.set_inner_html("");
                leptos::mount::mount_to(place, move || view! { <App config /> }).forget();
            }
            Some(Err(error)) => {
                web_sys::console::error_1(&format!("studio-config: {error}").into());
                place.set_text_content(Some(
                    "The studio and this page are not of one version. Reload the page.",
                ));
            }
            None => place.set_text_content(Some(
                "The studio's settings are missing from this page. Reload it.",
            )),
        }
    }
}
