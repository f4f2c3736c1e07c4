//! The button that buys.

#![expect(
    missing_docs,
    reason = "the island macro writes a public struct of props without any"
)]

use std::time::Duration;

use leptos::{ev, html, prelude::*, web_sys};
use wasm_bindgen::{JsCast, prelude::Closure};

/// The button can be pressed again after this time, when the first press led nowhere.
const RETRY_AFTER: Duration = Duration::from_secs(8);

/// A submit button that buys once, however often it is pressed.
///
/// Adds a hidden field `idempotency_key` (32 hex digits, new with every load of the page, and when the browser shows the page
/// again from its memory): the server answers the same key with the same order. The field is disabled, and so not sent, until
/// the script runs; without it, the browser's cookie makes two presses one.
#[island]
pub fn BuyButton(
    /// What pressing does, with the price: `Buy for 38 €`.
    label: String,
) -> impl IntoView {
    let field = NodeRef::<html::Input>::new();
    let idempotency_key = RwSignal::new(String::new());
    let pressed = RwSignal::new(false);
    Effect::new(move || {
        let Some(form) = field.get().and_then(|field| field.form()) else {
            return;
        };
        idempotency_key.set(random_key().unwrap_or_default());
        let submit = Closure::<dyn Fn(web_sys::Event)>::new(move |event: web_sys::Event| {
            if pressed.get_untracked() {
                event.prevent_default();
                return;
            }
            pressed.set(true);
            set_timeout(move || pressed.set(false), RETRY_AFTER);
        });
        // The listener lives as long as the form, which is as long as the page.
        if form
            .add_event_listener_with_callback("submit", submit.as_ref().unchecked_ref())
            .is_ok()
        {
            submit.forget();
        }
        // A page that comes back from the browser's memory buys anew, and not the order that it bought before.
        let back =
            window_event_listener(ev::pageshow, move |event: web_sys::PageTransitionEvent| {
                pressed.set(false);
                if event.persisted() {
                    idempotency_key.set(random_key().unwrap_or_default());
                }
            });
        on_cleanup(move || back.remove());
    });
    view! {
        <input
            node_ref=field
            r#type="hidden"
            name="idempotency_key"
            prop:value=move || idempotency_key.get()
            disabled=move || idempotency_key.get().is_empty()
        />
        <button
            class="button large whole"
            r#type="submit"
            aria-disabled=move || pressed.get().then_some("true")
        >
            {move || if pressed.get() { "Reserving…".to_owned() } else { label.clone() }}
        </button>
    }
}

/// 128 random bits as hex; none where the browser has no source of them, and then the page buys as without scripts.
fn random_key() -> Option<String> {
    let mut bytes = [0; 16];
    window()
        .crypto()
        .ok()?
        .get_random_values_with_u8_array(&mut bytes)
        .ok()?;
    Some(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
