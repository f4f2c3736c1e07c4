//! The pictures and clips of a product in its editor: plain forms that add, move, replace and remove.

use domain::{
    catalog::Product,
    media::{Kind, Media},
};
use leptos::prelude::*;

use crate::media::parts::{Fetch, Shape, accessible_name, clip, length, picture};

/// File types a browser offers to pick; the server decides by content. HEIC is not among them: an iPhone turns its photos into JPEG
/// for a form that does not take HEIC.
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
        <form class="add" method="post" action=format!("{base}/photos") enctype="multipart/form-data">
            <div class="field">
                <label r#for="photos">"Add photos"</label>
                <p class="hint" id="photos-hint">"JPEG, PNG, WebP or AVIF, several at once. Large ones are best: at least 1600 pixels."</p>
                <input class="input" r#type="file" id="photos" name="photos" accept=PICTURES multiple required aria-describedby="photos-hint" />
            </div>
            <button class="button quiet" r#type="submit">"Upload photos"</button>
        </form>
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
            <form method="post" action=format!("{place}/move")>
                <input r#type="hidden" name="direction" value=direction />
                <button class="link" r#type="submit">{label}<span class="unseen">{format!(": {what}")}</span></button>
            </form>
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
                <form class="stack" method="post" action=format!("{place}/replace") enctype="multipart/form-data">
                    <label r#for=file.clone()>"New photo"</label>
                    <input class="input" r#type="file" id=file.clone() name="photo" accept=PICTURES required />
                    <button class="button quiet" r#type="submit">"Replace it"</button>
                </form>
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
            <div class="card-acts">
                {first} {up} {down} {replace}
                <form method="post" action=format!("{place}/remove")>
                    <button class="link" r#type="submit">"Remove"<span class="unseen">{format!(": {what}")}</span></button>
                </form>
            </div>
        </li>
    }
    .into_any()
}
