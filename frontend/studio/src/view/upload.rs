//! A page on its way: always a number, a bar, and what is happening.

use leptos::prelude::*;

use crate::{
    review::key::Key,
    state::Studio,
    upload::{
        file::PageFile,
        product::{PendingProduct, Step},
        progress::Status,
    },
    wording,
};

/// The page that was just made, until it is.
#[component]
pub(crate) fn Upload(
    /// The studio.
    studio: Studio,
) -> impl IntoView {
    let product = Memo::new(move |_| studio.current_product());
    let shown = move || product.with(Option::is_some);
    view! {
        <div class="review">
            <header class="review-head">
                <h2>"Making the page"</h2>
                <p>"Only what you kept leaves this device. It waits in the queue here until it has arrived, also when this page is closed or the network is gone."</p>
            </header>
            {move || studio.preparing.get().map(|preparing| {
                let text = format!("Putting into the queue: {}", preparing.name);
                view! {
                    <div class="progress" role="status" data-test="preparing">
                        <span class="progress-what">{text}</span>
                        <span class="progress-number figure">{format!("{} of {}", preparing.done + 1, preparing.files)}</span>
                        <progress class="progress-bar" max=preparing.files.to_string() value=preparing.done.to_string()></progress>
                    </div>
                }
            })}
            <Show when=shown>
                {move || product.get().map(|product| view! { <Sent studio product /> })}
                <div class="page-form">
                    <button type="button" class="button quiet" data-test="leave-to-queue" on:click=move |_| studio.leave_to_queue()>
                        "Film the next one"
                    </button>
                    <p class="small page-form-summary">"This one goes on by itself, and is listed there."</p>
                </div>
            </Show>
        </div>
    }
}

/// How far a product is, file by file.
#[component]
fn Sent(
    /// The studio.
    studio: Studio,
    /// The product.
    product: PendingProduct,
) -> impl IntoView {
    view! {
        <Bar studio product=product.clone() />
        <Files studio product />
    }
}

/// A product's number, bar and what happens.
#[component]
pub(super) fn Bar(
    /// The studio.
    studio: Studio,
    /// The product.
    product: PendingProduct,
) -> impl IntoView {
    let progress = Memo::new(move |_| studio.uploads.progress(&product));
    let number = move || {
        progress.with(|progress| {
            format!(
                "{} of {}, {} %",
                wording::size(progress.sent),
                wording::size(progress.length),
                wording::percent(progress.sent, progress.length.max(1))
            )
        })
    };
    let done = move || {
        progress.with(|progress| {
            (progress.done > 0).then(|| format!(" ({} of {} done)", progress.done, progress.files))
        })
    };
    view! {
        <div class="progress" role="status">
            <span class="progress-what" data-test="upload-what">{move || progress.with(|progress| progress.what.clone())}{done}</span>
            <span class="progress-number figure" data-test="upload-number">{number}</span>
            <progress
                class="progress-bar"
                data-test="upload-progress"
                max=move || progress.with(|progress| progress.length.max(1).to_string())
                value=move || progress.with(|progress| progress.sent.to_string())
            ></progress>
        </div>
    }
}

/// The files of a product, and what to do about those that were refused.
#[component]
pub(super) fn Files(
    /// The studio.
    studio: Studio,
    /// The product.
    product: PendingProduct,
) -> impl IntoView {
    let stopped = studio
        .uploads
        .items
        .with(|items| product.step(items) == Step::Stopped);
    let refused = product.refused.clone();
    let kept = StoredValue::new(product.clone());
    view! {
        {refused.map(|message| view! { <p class="notice wrong" role="alert" data-test="failure">{message}</p> })}
        <div class="uploads">
            {product
                .files
                .iter()
                .map(|file| view! { <Row studio product=kept file=file.clone() /> })
                .collect_view()}
        </div>
        {stopped.then(|| view! {
            <div class="page-form">
                <button type="button" class="button" data-test="try-again" on:click=move |_| studio.uploads.try_again(kept.get_value())>
                    "Try again"
                </button>
            </div>
        })}
    }
}

#[component]
fn Row(
    /// The studio.
    studio: Studio,
    /// The product.
    product: StoredValue<PendingProduct>,
    /// Which file.
    file: PageFile,
) -> impl IntoView {
    let PageFile {
        key, name, item, ..
    } = file;
    let key: StoredValue<Key> = StoredValue::new(key);
    let state = Memo::new(move |_| {
        studio.uploads.items.with(|items| {
            let found = items.iter().find(|one| Some(&one.id) == item.as_ref());
            let activity = found.and_then(|found| studio.uploads.activity(&found.id));
            let status = Status::of(found, activity);
            let text = status.text(found.map_or(0, |found| found.length));
            (matches!(status, Status::Failed(_)), text)
        })
    });
    let failed = move || state.with(|state| state.0);
    view! {
        <div class="upload" class:failed=failed data-test="upload">
            <span class="upload-name">{name}</span>
            <span class="upload-state" data-test=move || if failed() { "failure" } else { "upload-state" }>
                {move || state.with(|state| state.1.clone())}
            </span>
            <Show when=failed>
                <button
                    type="button"
                    class="link"
                    data-test="leave-out"
                    on:click=move |_| studio.leave_out(product.get_value(), &key.get_value())
                >
                    "Leave it out"
                </button>
            </Show>
        </div>
    }
}
