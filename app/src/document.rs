//! The document around every page: head, test-payments line, body.

use std::sync::Arc;

use hydration_context::SsrSharedContext;
use leptos::{html, prelude::*};

use crate::{Site, marker, media::parts::Preload};

/// Renders a view with islands enabled: islands become `<leptos-island>` elements, everything else plain HTML.
#[must_use]
pub fn render<V: IntoView>(view: impl FnOnce() -> V) -> String {
    let owner = Owner::new_root(Some(Arc::new(SsrSharedContext::new_islands())));
    marker::valid(&owner.with(|| view().into_view().to_html()))
}

/// Which stylesheet and which family of pages a document belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Surface {
    /// What shoppers see.
    Shop,
    /// What the seller sees, and the pages where they sign in.
    Manage,
    /// The camera page: dark in either scheme.
    Studio,
}

impl Surface {
    const fn css(self) -> &'static str {
        match self {
            Self::Shop => "shop.css",
            Self::Manage => "manage.css",
            Self::Studio => "studio.css",
        }
    }
}

/// The contents of the head.
#[derive(Debug, Clone)]
pub(crate) struct Head {
    pub(crate) surface: Surface,
    pub(crate) title: String,
    /// For search results and link previews; empty leaves it out.
    pub(crate) description: String,
    /// The page's own path when it may be indexed and shared; without one it is kept out of search.
    pub(crate) path: Option<String>,
    /// What the page is (`og:type`).
    pub(crate) kind: &'static str,
    /// The shop that the page belongs to (`og:site_name`).
    pub(crate) shop: Option<String>,
    /// The picture of link previews.
    pub(crate) image: Option<Preview>,
    /// The picture to fetch before anything else.
    pub(crate) preload: Option<Preload>,
    /// schema.org data.
    pub(crate) json_ld: Option<serde_json::Value>,
    /// The module the page loads, e.g. `frontend-boot.js`, which starts a bundle; none on pages without islands.
    pub(crate) boot: Option<&'static str>,
    /// Seconds after which the page reloads itself.
    pub(crate) refresh: Option<u32>,
    /// The page leads to the basket, or fills it.
    pub(crate) cart: bool,
    /// Moments stand on the page, which a script writes in the reader's time zone.
    pub(crate) moments: bool,
}

/// The picture of a link preview.
#[derive(Debug, Clone)]
pub(crate) struct Preview {
    pub(crate) path: String,
    pub(crate) alt: String,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

impl Head {
    pub(crate) fn new(surface: Surface, title: impl Into<String>) -> Self {
        Self {
            surface,
            title: title.into(),
            description: String::new(),
            path: None,
            kind: "website",
            shop: None,
            image: None,
            preload: None,
            json_ld: None,
            boot: None,
            refresh: None,
            cart: false,
            moments: false,
        }
    }

    pub(crate) fn described(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    pub(crate) fn at(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    pub(crate) const fn with_moments(mut self) -> Self {
        self.moments = true;
        self
    }

    pub(crate) const fn booting(mut self, boot: &'static str) -> Self {
        self.boot = Some(boot);
        self
    }
}

/// The one font that is fetched before the first picture: that of the text. A font that comes too late is not used
/// (`font-display: optional`).
const FONT: &str = "fonts/instrument-sans-latin-wght-normal.woff2";

/// A complete HTML document. `body` gets what stands between header line and end; it must hold one `<main id="main">`.
pub(crate) fn document<V: IntoView>(site: &Site, head: Head, body: impl FnOnce() -> V) -> String {
    render(|| {
        let root = (head.surface == Surface::Studio).then_some("monitor");
        let test = site.test_payments.then(|| {
            view! { <aside class="test-line" aria-label="Test payments">"Test payments: no money moves"</aside> }
        });
        let body = body().into_any();
        view! {
            <!DOCTYPE html>
            <html lang="en" class=root>
                <head>{head_tags(site, head)}</head>
                <body>
                    <a class="skip" href="#main">"Skip to the content"</a>
                    {test}
                    {body}
                </body>
            </html>
        }
    })
}

fn head_tags(site: &Site, head: Head) -> AnyView {
    let Head {
        surface,
        title,
        description,
        path,
        kind,
        shop,
        image,
        preload,
        json_ld,
        boot,
        refresh,
        cart,
        moments,
    } = head;
    let described = !description.is_empty();
    let address = path.as_deref().map(|path| site.absolute(path));
    let font = site.assets.get(FONT).map(|font| {
        view! { <link rel="preload" r#as="font" r#type="font/woff2" href=font.to_owned() crossorigin="anonymous" /> }
    });
    let social = address.map(|address| {
        let card = if image.is_some() {
            "summary_large_image"
        } else {
            "summary"
        };
        let image = image.map(|image| {
            view! {
                {og("og:image", site.absolute(&image.path))}
                {og("og:image:width", image.width.to_string())}
                {og("og:image:height", image.height.to_string())}
                {og("og:image:alt", image.alt)}
            }
        });
        view! {
            <link rel="canonical" href=address.clone() />
            {og("og:type", kind.to_owned())}
            {og("og:locale", "en_GB".to_owned())}
            {shop.map(|shop| og("og:site_name", shop))}
            {og("og:url", address)}
            {og("og:title", title.clone())}
            {described.then(|| og("og:description", description.clone()))}
            {image}
            <meta name="twitter:card" content=card />
        }
        .into_any()
    });
    let hidden = path
        .is_none()
        .then(|| view! { <meta name="robots" content="noindex" /> });
    view! {
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover" />
        <title>{title.clone()}</title>
        {described.then(|| view! { <meta name="description" content=description.clone() /> })}
        {hidden}
        {refresh.map(|seconds| view! { <meta http-equiv="refresh" content=seconds.to_string() /> })}
        {preload.map(Preload::tag)}
        <link rel="stylesheet" href=site.assets.url(surface.css()) />
        {font}
        <link rel="icon" href="/static/favicon.svg" r#type="image/svg+xml" />
        <link rel="apple-touch-icon" href="/static/apple-touch-icon.png" />
        {theme(surface)}
        {social}
        {json_ld.map(|data| data_script("application/ld+json", None, &data.to_string()))}
        {moments.then(|| view! { <script r#type="module" src=site.assets.url("time.js")></script> })}
        {cart.then(|| view! { <script r#type="module" src=site.assets.url("cart.js")></script> })}
        {boot.map(|boot| view! { <script r#type="module" src=site.assets.url(boot)></script> })}
    }
    .into_any()
}

/// One Open Graph property (ogp.me).
fn og(property: &'static str, content: String) -> impl IntoView {
    html::meta().attr("property", property).content(content)
}

/// The browser's own bars, in the ground colours of `tokens.css` (as sRGB, which this tag is surest to understand).
fn theme(surface: Surface) -> AnyView {
    let tag = |colour: &'static str, scheme: &'static str| {
        html::meta()
            .name("theme-color")
            .content(colour)
            .attr("media", format!("(prefers-color-scheme: {scheme})"))
            .into_any()
    };
    match surface {
        Surface::Studio => tag("#060908", "dark"),
        Surface::Shop | Surface::Manage => {
            [tag("#f6f9f8", "light"), tag("#0c1210", "dark")].into_any()
        }
    }
}

/// A block of JSON the browser does not run. `<`, `>` and `&` are written as JSON escapes, so that no text in it can end
/// the script or open a comment.
pub(crate) fn data_script(mime: &'static str, id: Option<&'static str>, json: &str) -> AnyView {
    let mut safe = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' => safe.push_str("\\u003c"),
            '>' => safe.push_str("\\u003e"),
            '&' => safe.push_str("\\u0026"),
            '\u{2028}' => safe.push_str("\\u2028"),
            '\u{2029}' => safe.push_str("\\u2029"),
            c => safe.push(c),
        }
    }
    view! { <script r#type=mime id=id inner_html=safe></script> }.into_any()
}
