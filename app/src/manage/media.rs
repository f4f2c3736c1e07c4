//! The pictures and clips of a product in its editor: buttons that add, move, replace and remove. They send the form of the
//! fields along, so that nothing is lost that was typed there.

use domain::{
    catalog::Product,
    media::{Kind, Media},
};
use leptos::prelude::*;

use super::product::FIELDS_FORM;
use crate::media::parts::{Fetch, Shape, accessible_name, clip, length, picture};

/// The script that adds HEIC to the pickers where the browser can turn it into JPEG, by its name in the manifest.
pub(super) const HEIC_SCRIPT: &str = "heic.js";

/// File types a browser offers to pick; the server decides by content, and takes no HEIC.
const PICTURES: &str = "image/jpeg,image/png,image/webp,image/avif";

/// The grid and the picker below it.
pub(super) fn editor(product: &Product) -> AnyView {
    let base = format!("/manage/products/{}", product.id);
    let last = product.media.len().saturating_sub(1);
    let cards = product
        .media
        .iter()
        .enumerate()
        .map(|(index, media)| card(&base, media, index, index == last))
        .collect_view();
    let grid = if product.media.is_empty() {
        view! {
            <p class="empty-grid soft">
                "No photos yet. Pick some below, or film the product in the "<a href="/studio">"studio"</a>
                ": its stills and clips appear here."
            </p>
        }
        .into_any()
    } else {
        view! { <ol class="cards">{cards}</ol> }.into_any()
    };
    view! {
        {grid}
        <div class="add">
            <div class="field">
                <label r#for="photos">"Add photos"</label>
                <p class="hint" id="photos-hint">"JPEG, PNG, WebP or AVIF, several at once. Large ones are best: at least 1600 pixels."</p>
                <input class="input" r#type="file" id="photos" name="photos" form=FIELDS_FORM accept=PICTURES multiple aria-describedby="photos-hint" />
                <p class="hint" role="status" data-heic=""></p>
            </div>
            <button class="button quiet" r#type="submit" form=FIELDS_FORM formaction=format!("{base}/photos") formenctype="multipart/form-data">"Upload photos"</button>
        </div>
    }
    .into_any()
}

fn card(base: &str, media: &Media, index: usize, last: bool) -> AnyView {
    let place = format!("{base}/media/{}", media.id);
    let sizes = "(min-width: 60rem) 14rem, 45vw";
    let shown = match media.kind {
        Kind::Photo => picture(media, &accessible_name(media), sizes, Fetch::Lazy),
        Kind::Clip => clip(media, sizes),
    };
    let what = match media.kind {
        Kind::Photo => format!("photo {}", index + 1),
        Kind::Clip => format!("clip {}", index + 1),
    };
    let mark = match (index, media.kind) {
        (0, Kind::Photo) => Some("First photo".to_owned()),
        (_, Kind::Clip) => Some(format!("Clip {}", length(media))),
        _ => None,
    };
    let step = |direction: &'static str, label: &'static str| {
        view! {
            <button class="link" r#type="submit" form=FIELDS_FORM formaction=format!("{place}/move") name="direction" value=direction>
                {label}<span class="unseen">{format!(": {what}")}</span>
            </button>
        }
        .into_any()
    };
    let first = (index > 0 && media.kind == Kind::Photo).then(|| step("first", "Make first"));
    let up = (index > 0).then(|| step("up", "Earlier"));
    let down = (!last).then(|| step("down", "Later"));
    let file = format!("replace-{}", media.id);
    let replace = (media.kind == Kind::Photo).then(|| {
        view! {
            <details>
                <summary class="link">"Replace"<span class="unseen">{format!(": {what}")}</span></summary>
                <div class="stack">
                    <label r#for=file.clone()>"New photo"</label>
                    <input class="input" r#type="file" id=file.clone() name=file.clone() form=FIELDS_FORM accept=PICTURES />
                    <p class="hint" role="status" data-heic=""></p>
                    <button class="button quiet" r#type="submit" form=FIELDS_FORM formaction=format!("{place}/replace") formenctype="multipart/form-data">"Replace it"</button>
                </div>
            </details>
        }
    });
    let missing = media
        .variants
        .is_empty()
        .then(|| view! { <span class="card-state" role="status">"Being prepared"</span> });
    view! {
        <li class="card">
            <div class=format!("card-picture ringed {}", Shape::of(media).class())>
                {shown}
                {mark.map(|mark| view! { <span class="card-mark">{mark}</span> })}
                {missing}
            </div>
            <div class="card-actions">
                {first} {up} {down} {replace}
                <button class="link" r#type="submit" form=FIELDS_FORM formaction=format!("{place}/remove")>
                    "Remove"<span class="unseen">{format!(": {what}")}</span>
                </button>
            </div>
        </li>
    }
    .into_any()
}
