//! A picture with its renditions, a clip with its poster, and the colour that stands in for either.

use domain::media::{Kind, Media, Variant};
use leptos::prelude::*;

use crate::icon::Icon;

/// When a browser should fetch a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fetch {
    /// The hero: before anything else.
    First,
    /// On the first screen, after the hero.
    Soon,
    /// When it comes near.
    Lazy,
}

/// The box a picture is shown in. Few shapes keep a wall calm; cropping stays within what the shape allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// 4:5, for anything clearly upright.
    Tall,
    /// 1:1.
    Square,
    /// 4:3, for anything clearly lying.
    Wide,
}

impl Shape {
    pub(crate) fn of(media: &Media) -> Self {
        let (width, height) = (u64::from(media.width), u64::from(media.height));
        if width * 10 <= height * 9 {
            Self::Tall
        } else if width * 20 <= height * 23 {
            Self::Square
        } else {
            Self::Wide
        }
    }

    pub(crate) const fn class(self) -> &'static str {
        match self {
            Self::Tall => "tall",
            Self::Square => "square",
            Self::Wide => "wide",
        }
    }
}

/// What the head needs to fetch the hero early: the best format only, since a browser takes the first preload it knows.
#[derive(Debug, Clone)]
pub(crate) struct Preload {
    mime: String,
    srcset: String,
    sizes: &'static str,
}

impl Preload {
    pub(crate) fn of(media: &Media, sizes: &'static str) -> Option<Self> {
        let mime = ["image/avif", "image/webp", "image/jpeg"]
            .into_iter()
            .find(|mime| of_type(media, mime).next().is_some())?;
        Some(Self {
            mime: mime.to_owned(),
            srcset: srcset(media, mime),
            sizes,
        })
    }

    pub(crate) fn tag(self) -> impl IntoView {
        view! {
            <link
                rel="preload"
                r#as="image"
                r#type=self.mime
                imagesrcset=self.srcset
                imagesizes=self.sizes
                fetchpriority="high"
            />
        }
    }
}

fn of_type<'a>(media: &'a Media, mime: &'a str) -> impl Iterator<Item = &'a Variant> {
    media
        .variants
        .iter()
        .filter(move |variant| variant.mime == mime)
}

fn srcset(media: &Media, mime: &str) -> String {
    let mut variants: Vec<&Variant> = of_type(media, mime).collect();
    variants.sort_by_key(|variant| variant.width);
    let candidates: Vec<String> = variants
        .into_iter()
        .map(|variant| format!("{} {}w", variant.url, variant.width))
        .collect();
    candidates.join(", ")
}

/// The JPEG nearest below `width` pixels, else the smallest: what a browser without `srcset` or a link preview gets.
pub(crate) fn jpeg(media: &Media, width: u32) -> Option<&Variant> {
    of_type(media, "image/jpeg")
        .filter(|variant| variant.width <= width)
        .max_by_key(|variant| variant.width)
        .or_else(|| of_type(media, "image/jpeg").min_by_key(|variant| variant.width))
}

/// The largest JPEG: what a tap on a picture opens.
pub(crate) fn largest_jpeg(media: &Media) -> Option<&Variant> {
    of_type(media, "image/jpeg").max_by_key(|variant| variant.width)
}

/// The film of a clip.
pub(crate) fn film(media: &Media) -> Option<&Variant> {
    media
        .variants
        .iter()
        .find(|variant| variant.mime.starts_with("video/"))
}

/// A colour as `#rrggbb`; anything else must not become an attribute.
fn colour(placeholder: &str) -> Option<String> {
    let digits = placeholder.strip_prefix('#')?;
    (digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit()))
        .then(|| placeholder.to_owned())
}

/// The colour that stands in until the pixels come. Drawn as SVG, since the page allows no inline style.
fn tint(media: &Media) -> impl IntoView + use<> {
    colour(&media.placeholder).map(|fill| {
        view! {
            <svg class="tint" aria-hidden="true">
                <rect width="100%" height="100%" fill=fill></rect>
            </svg>
        }
    })
}

/// A picture in all its formats. `sizes` says how wide it will be shown; `alt` may be empty where the text beside says the same.
pub(crate) fn picture(media: &Media, alt: &str, sizes: &'static str, fetch: Fetch) -> AnyView {
    let Some(fallback) = jpeg(media, 1280) else {
        return placeholder("This picture is not ready yet").into_any();
    };
    let sources = ["image/avif", "image/webp"]
        .into_iter()
        .filter(|mime| of_type(media, mime).next().is_some())
        .map(|mime| view! { <source r#type=mime srcset=srcset(media, mime) sizes=sizes /> })
        .collect_view();
    let (loading, priority) = match fetch {
        Fetch::First => (None, Some("high")),
        Fetch::Soon => (None, None),
        Fetch::Lazy => (Some("lazy"), None),
    };
    view! {
        {tint(media)}
        <picture>
            {sources}
            <img
                src=fallback.url.clone()
                srcset=srcset(media, "image/jpeg")
                sizes=sizes
                width=media.width.to_string()
                height=media.height.to_string()
                alt=alt.to_owned()
                loading=loading
                fetchpriority=priority
                decoding=(fetch == Fetch::Lazy).then_some("async")
            />
        </picture>
    }
    .into_any()
}

/// A clip: muted, in a loop, over its poster, which is a picture in all formats and sizes as any other; the film covers it once it
/// plays, and nothing of it is fetched before. It starts by a tap on the browser's own controls; the gallery island starts it
/// once somebody swipes or points to it.
pub(crate) fn clip(media: &Media, sizes: &'static str) -> AnyView {
    let Some(film) = film(media) else {
        return placeholder("This clip is not ready yet").into_any();
    };
    let poster = match jpeg(media, 1280) {
        Some(_) => picture(media, "", sizes, Fetch::Lazy),
        None => stand_in(media.kind).into_any(),
    };
    view! {
        {poster}
        <video
            class="clip"
            controls
            muted
            r#loop
            playsinline
            preload="none"
            width=media.width.to_string()
            height=media.height.to_string()
            aria-label=accessible_name(media)
        >
            <source src=film.url.clone() r#type=film.mime.clone() />
        </video>
    }
    .into_any()
}

/// The sign in the place of a picture that is not there, where no words fit or the clip itself is in front of it.
fn stand_in(kind: Kind) -> impl IntoView {
    let icon = match kind {
        Kind::Photo => Icon::Photo,
        Kind::Clip => Icon::Film,
    };
    view! { <span class="no-picture">{icon.svg()}</span> }
}

/// A small picture that leads to a large one, which names it.
pub(crate) fn thumb(media: &Media) -> AnyView {
    match jpeg(media, 1) {
        Some(_) => picture(media, "", "4.5rem", Fetch::Soon),
        None => stand_in(media.kind).into_any(),
    }
}

/// The sign in the place of a picture that is not there.
pub(crate) fn placeholder(text: &'static str) -> impl IntoView {
    view! { <span class="no-picture">{Icon::Photo.svg()}<span>{text}</span></span> }
}

/// A clip's length as clocks write it: `0:04`.
pub(crate) fn length(media: &Media) -> String {
    let seconds = media.duration_ms.saturating_add(500) / 1000;
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

/// The accessible name of a picture or clip: its own description, or a general one.
pub(crate) fn accessible_name(media: &Media) -> String {
    match (media.kind, media.alt.is_empty()) {
        (Kind::Photo, false) => media.alt.clone(),
        (Kind::Photo, true) => "Picture of the product".to_owned(),
        (Kind::Clip, false) => format!("{} (clip, {})", media.alt, length(media)),
        (Kind::Clip, true) => format!("Clip of the product, {}", length(media)),
    }
}

/// A small picture for lists: the hero, or a sign that there is none.
pub(crate) fn thumbnail(media: Option<&Media>) -> AnyView {
    let inner = match media {
        Some(media) if jpeg(media, 1).is_some() => picture(media, "", "64px", Fetch::Lazy),
        other => stand_in(other.map_or(Kind::Photo, |media| media.kind)).into_any(),
    };
    view! { <span class="small-picture">{inner}</span> }.into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_colours_are_drawn() {
        assert_eq!(colour("#c0ffee"), Some("#c0ffee".to_owned()));
        assert_eq!(colour("url(#x)"), None);
        assert_eq!(colour("#12345g"), None);
    }
}
