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
/// the script runs; without it, the browser's cookie makes two presses one. Where the form has variants to choose, the button and
/// the elements `price` and `bar-price` say what the chosen one costs (its `data-price`).
#[island]
pub fn BuyButton(
    /// What pressing does, with the price: `Buy for 38 €`.
    label: String,
) -> impl IntoView {
    let field = NodeRef::<html::Input>::new();
    let idempotency_key = RwSignal::new(String::new());
    let pressed = RwSignal::new(false);
    let label = RwSignal::new(label);
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
        let of_form = form.clone();
        let follow = move || follow_choice(&of_form, label);
        let change = Closure::<dyn Fn()>::new(follow.clone());
        if form
            .add_event_listener_with_callback("change", change.as_ref().unchecked_ref())
            .is_ok()
        {
            change.forget();
        }
        // A browser may have kept another choice than the page came with.
        follow();
        // A page that comes back from the browser's memory buys anew, and not the order that it bought before.
        let back =
            window_event_listener(ev::pageshow, move |event: web_sys::PageTransitionEvent| {
                pressed.set(false);
                follow();
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
            {move || if pressed.get() { "Reserving…".to_owned() } else { label.get() }}
        </button>
    }
}

/// Has the page say what the chosen variant costs.
fn follow_choice(form: &web_sys::HtmlFormElement, label: RwSignal<String>) {
    let chosen = form.query_selector("input[name=variant]:checked");
    let price = chosen
        .ok()
        .flatten()
        .and_then(|chosen| chosen.get_attribute("data-price"));
    let Some(price) = price else { return };
    for id in ["price", "bar-price"] {
        if let Some(element) = document().get_element_by_id(id) {
            element.set_text_content(Some(&price));
        }
    }
    label.set(format!("Buy for {price}"));
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
