//! The queue: pages whose files are on their way, wherever they were kept.

use leptos::prelude::*;

use super::upload::{Bar, Files};
use crate::{
    state::Studio,
    upload::product::{PendingProduct, Step},
    wording,
};

/// The list, oldest first; nothing when there are none.
#[component]
pub(crate) fn Queue(
    /// The studio.
    studio: Studio,
) -> impl IntoView {
    let uploads = studio.uploads;
    let some =
        move || uploads.products.with(|products| !products.is_empty()) || uploads.others.get() > 0;
    view! {
        <Show when=some>
            <section class="queue" aria-labelledby="queue-title" data-test="queue">
                <h2 id="queue-title">"Going up"</h2>
                <Cost studio />
                // By what of a row decides what it shows: numbers move inside it.
                <For each=move || uploads.products.get() key=|product| (product.id.clone(), product.files.len(), product.edit_url.clone(), product.refused.clone()) let:product>
                    <Row studio product />
                </For>
                {move || {
                    let others = uploads.others.get();
                    (others > 0).then(|| {
                        let text = format!(
                            "{} of somebody else who uses this browser. They are sent when that person signs in here.",
                            wording::count(others, "file waits", "files wait")
                        );
                        view! { <p class="small soft" data-test="queue-others">{text}</p> }
                    })
                }}
            </section>
        </Show>
    }
}

/// Whether clips go over mobile data too: where that is what there is, or was when the person said so.
#[component]
fn Cost(
    /// The studio.
    studio: Studio,
) -> impl IntoView {
    let uploads = studio.uploads;
    view! {
        <Show when=move || uploads.link.with(|link| link.metered || link.clips_when_metered)>
            {move || uploads.held_by_cost().then(|| view! {
                <p class="notice warn" role="status" data-test="queue-metered">
                    "This connection costs data, so clips wait for another one. Pictures go up now."
                </p>
            })}
            <label class="choice">
                <input
                    type="checkbox"
                    data-test="clips-when-metered"
                    prop:checked=move || uploads.link.get().clips_when_metered
                    on:change=move |event| uploads.set_clips_when_metered(event_target_checked(&event))
                />
                <span>"Send clips over mobile data too"</span>
            </label>
        </Show>
    }
}

#[component]
fn Row(
    /// The studio.
    studio: Studio,
    /// The product.
    product: PendingProduct,
) -> impl IntoView {
    let asking = RwSignal::new(false);
    let kept = StoredValue::new(product.clone());
    let step = Memo::new(move |_| {
        studio
            .uploads
            .items
            .with(|items| kept.with_value(|product| product.step(items)))
    });
    let title = if product.title.trim().is_empty() {
        "New product".to_owned()
    } else {
        product.title.clone()
    };
    let made = product.edit_url.clone();
    view! {
        <div class="queue-row" data-test="queue-row" data-step=move || format!("{:?}", step.get()).to_lowercase()>
            <div class="queue-head">
                <span class="queue-name" dir="auto">{title}</span>
                <Show when=move || step.get() == Step::Made>
                    <span class="soft small" role="status">"The page is made"</span>
                </Show>
                {made.map(|url| view! {
                    <a
                        class="link"
                        href=url
                        data-test="queue-open"
                        on:click=move |_| studio.close_made(kept.get_value())
                    >
                        "Open the page"
                    </a>
                })}
                <Show
                    when=move || asking.get()
                    fallback=move || view! {
                        <button type="button" class="link" data-test="queue-remove" on:click=move |_| {
                            if step.get_untracked() == Step::Made {
                                studio.close_made(kept.get_value());
                            } else {
                                asking.set(true);
                            }
                        }>
                            {move || if step.get() == Step::Made { "Close" } else { "Take out" }}
                        </button>
                    }
                >
                    <button type="button" class="link" data-test="queue-remove-sure" on:click=move |_| studio.uploads.remove(kept.get_value())>
                        "Do not make this page"
                    </button>
                    <button type="button" class="link" on:click=move |_| asking.set(false)>"Keep"</button>
                </Show>
            </div>
            <Show when=move || step.get() != Step::Made>
                <Bar studio product=kept.get_value() />
                <details class="queue-files" prop:open=move || step.get() == Step::Stopped>
                    <summary data-test="queue-files">"File by file"</summary>
                    {move || {
                        // What can be done about them follows from how far they are.
                        let _ = step.get();
                        view! { <Files studio product=kept.get_value() /> }
                    }}
                </details>
            </Show>
        </div>
    }
}
