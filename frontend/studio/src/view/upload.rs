//! Uploading: always a number, a bar, and what is happening.

use leptos::prelude::*;

use crate::{
    review::key::Key,
    state::{Studio, stage::Stage},
    upload::file::{self, FileStatus},
    wording,
};

/// The upload, file by file.
#[component]
pub(crate) fn Upload(
    /// The studio.
    studio: Studio,
) -> impl IntoView {
    let uploads = studio.uploads;
    let keys = move || {
        uploads.files.with(|files| {
            files
                .iter()
                .map(|file| file.key.clone())
                .collect::<Vec<_>>()
        })
    };
    let total = move || uploads.files.with(|files| file::total(files));
    let what = move || {
        uploads
            .files
            .with(|files| file::progress(files, uploads.running.get()))
    };
    let failed = move || uploads.files.with(|files| file::any_failed(files));
    let stopped =
        move || !uploads.running.get() && (failed() || uploads.refused.with(Option::is_some));
    view! {
        <div class="review">
            <header class="review-head">
                <h2>"Making the page"</h2>
                <p>"Only what you kept leaves this device. If this page is closed, open the session again: sending goes on where it was."</p>
            </header>
            <div class="progress" role="status">
                <span class="progress-what" data-test="upload-what">{what}</span>
                <span class="progress-number figure" data-test="upload-number">
                    {move || {
                        let (sent, length) = total();
                        format!("{} of {}, {} %", wording::size(sent), wording::size(length), wording::percent(sent, length.max(1)))
                    }}
                </span>
                <progress
                    class="progress-bar"
                    data-test="upload-progress"
                    max=move || total().1.max(1).to_string()
                    value=move || total().0.to_string()
                ></progress>
            </div>
            {move || {
                uploads
                    .refused
                    .get()
                    .map(|message| view! { <p class="notice wrong" role="alert" data-test="failure">{message}</p> })
            }}
            <div class="uploads">
                <For each=keys key=|key| key.clone() let:key>
                    <Row studio key=key />
                </For>
            </div>
            <Show when=stopped>
                <div class="page-form">
                    <button type="button" class="button large" data-test="try-again" on:click=move |_| studio.continue_upload()>"Try again"</button>
                    <button type="button" class="button quiet" on:click=move |_| studio.stage.set(Stage::Review)>"Back to the clips"</button>
                </div>
            </Show>
        </div>
    }
}

#[component]
fn Row(
    /// The studio.
    studio: Studio,
    /// Which file.
    key: Key,
) -> impl IntoView {
    let uploads = studio.uploads;
    let key = StoredValue::new(key);
    let file = Memo::new(move |_| {
        uploads.files.with(|files| {
            files
                .iter()
                .find(|file| key.with_value(|key| file.key == *key))
                .cloned()
        })
    });
    let failed = move || {
        file.with(|file| {
            file.as_ref()
                .is_some_and(|file| matches!(file.status, FileStatus::Failed(_)))
        })
    };
    let state = move || {
        file.with(|file| file.as_ref().map(file::file_progress))
            .unwrap_or_default()
    };
    view! {
        <div class="upload" class:failed=failed data-test="upload">
            <span class="upload-name">{move || file.with(|file| file.as_ref().map(|file| file.name.clone()))}</span>
            <span class="upload-state" data-test=move || if failed() { "failure" } else { "upload-state" }>{state}</span>
            <Show when=move || failed() && !uploads.running.get()>
                <button
                    type="button"
                    class="link"
                    data-test="leave-out"
                    on:click=move |_| studio.leave_out(&key.get_value())
                >
                    "Leave it out"
                </button>
            </Show>
        </div>
    }
}
