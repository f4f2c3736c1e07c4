//! `/manage/products` and `/manage/products/{id}`.

use domain::{
    catalog::{EditForm, Product, State},
    identity::Viewer,
    invalid::Invalid,
    media::{Usage, size},
    waitlist,
};
use leptos::prelude::*;

use super::{
    media,
    parts::{Place, empty, filters, framed},
    waitlist::section,
};
use crate::{
    Site, flash,
    form::{error_summary, field, field_error, textarea_text},
    icon::Icon,
    media::parts::thumbnail,
    shop::parts::{hero, name},
};

/// Which products a list shows (`?show=`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Show {
    /// All.
    #[default]
    All,
    /// Those with a page.
    Published,
    /// Those without one.
    Drafts,
    /// Published, nothing left.
    SoldOut,
}

impl Show {
    const ALL: [Self; 4] = [Self::All, Self::Published, Self::Drafts, Self::SoldOut];

    /// Reads `?show=`; anything unknown shows all.
    #[must_use]
    pub fn read(text: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|show| show.as_str() == text)
            .unwrap_or_default()
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Published => "published",
            Self::Drafts => "drafts",
            Self::SoldOut => "sold-out",
        }
    }

    const fn label(self) -> &'static str {
        match self {
            Self::All => "All",
            Self::Published => "Published",
            Self::Drafts => "Drafts",
            Self::SoldOut => "Sold out",
        }
    }

    const fn takes(self, product: &Product) -> bool {
        match self {
            Self::All => true,
            Self::Published => matches!(product.state, State::Published),
            Self::Drafts => matches!(product.state, State::Draft),
            Self::SoldOut => matches!(product.state, State::Published) && product.sold_out(),
        }
    }
}

/// The products of the shop, in the order given.
#[must_use]
pub fn products(
    site: &Site,
    viewer: &Viewer,
    products: &[Product],
    show: Show,
    usage: Usage,
) -> String {
    let shown: Vec<&Product> = products
        .iter()
        .filter(|product| show.takes(product))
        .collect();
    let entries = Show::ALL
        .into_iter()
        .map(|it| {
            let count = products.iter().filter(|product| it.takes(product)).count();
            let href = format!("/manage/products?show={}", it.as_str());
            (format!("{} {count}", it.label()), href, it == show)
        })
        .collect();
    let list = if !shown.is_empty() {
        let rows = shown.into_iter().map(row).collect_view();
        view! {
            <table class="rows products">
                <thead>
                    <tr>
                        <th scope="col"><span class="unseen">"Photo"</span></th>
                        <th scope="col">"Product"</th>
                        <th scope="col">"State"</th>
                        <th scope="col" class="end">"Left"</th>
                        <th scope="col" class="end">"Price"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        }
        .into_any()
    } else if products.is_empty() {
        empty(
            "No products yet",
            "Film one: the studio finds the best moments, and what you keep appears here as a draft. Or begin with an empty draft and add photos by hand.",
            Some(view! { <a class="button" href="/studio">{Icon::Camera.svg()} "Film a product"</a> }.into_any()),
        )
    } else {
        empty(
            "None of these",
            "No product stands like this at the moment.",
            None,
        )
    };
    let main = view! {
        <div class="head">
            <h1>"Products"</h1>
            <form method="post" action="/manage/products"><button class="button quiet" r#type="submit">"New empty draft"</button></form>
        </div>
        {filters("Which products", entries)}
        {list}
        {room(usage)}
    }
    .into_any();
    framed(site, viewer, Place::Products, "Products", main)
}

/// How much of its share of the media store the shop takes.
fn room(usage: Usage) -> impl IntoView {
    let (used, allowed) = (size(usage.used_bytes), size(usage.allowed_bytes));
    let full = usage.used_bytes >= usage.allowed_bytes;
    let advice = full.then_some(" Nothing more can be uploaded before some of them are deleted.");
    view! {
        <div class=if full { "room notice wrong" } else { "room soft" }>
            <p>"Photos and clips: "<span class="figure">{used}</span>" of "<span class="figure">{allowed}</span>"."{advice}</p>
        </div>
    }
}

fn row(product: &Product) -> impl IntoView + use<> {
    let state = match (product.state, product.sold_out()) {
        (State::Draft, _) => ("state", "Draft"),
        (State::Published, false) => ("state done", "Published"),
        (State::Published, true) => ("state todo", "Sold out"),
    };
    let price = product.price.map_or_else(
        || view! { <span class="soft">"No price"</span> }.into_any(),
        |price| price.full().into_any(),
    );
    let held = product.stock.saturating_sub(product.available);
    let promised =
        (held > 0).then(|| view! { <span class="soft">{format!(", {held} reserved")}</span> });
    view! {
        <tr>
            <td class="row-picture">{thumbnail(hero(product))}</td>
            <td class="row-key"><a href=format!("/manage/products/{}", product.id)><bdi>{name(product).to_owned()}</bdi></a></td>
            <td class="row-state"><span class=state.0>{state.1}</span></td>
            <td class="row-stock end figure">{product.available}<span class="row-unit">" left"</span>{promised}</td>
            <td class="row-sum end figure">{price}</td>
        </tr>
    }
}

const FIELDS: [&str; 6] = ["title", "summary", "text", "price", "stock", "slug"];

/// The editor of one product.
///
/// `form` is what was typed when it could not be saved, with what was wrong in `errors`; `None` shows what is stored.
/// `waitlist` has its back-in-stock requests; `message` is a flash message about what was just done.
#[must_use]
pub fn product(
    site: &Site,
    viewer: &Viewer,
    product: &Product,
    waitlist: &[waitlist::Entry],
    form: Option<&EditForm>,
    errors: &[Invalid],
    message: Option<&str>,
) -> String {
    let stored;
    let form = match form {
        Some(form) => form,
        None => {
            stored = form_of(product);
            &stored
        }
    };
    let title = name(product).to_owned();
    let main = view! {
        <p><a class="link" href="/manage/products">{Icon::Back.svg()} "Products"</a></p>
        <div class="head">
            <h1 dir="auto">{title.clone()}</h1>
            {visibility(product)}
        </div>
        {message.map(flash::success)}
        {error_summary("Not saved", errors, &FIELDS)}
        <div class="editor">
            <section class="editor-media" aria-labelledby="photos-title">
                <h2 id="photos-title">"Photos and clips"</h2>
                {media::editor(product)}
            </section>
            <div class="editor-side">
                <section aria-labelledby="words-title">
                    <h2 id="words-title">"Words and price"</h2>
                    {fields(viewer, product, form, errors)}
                </section>
                {section(site, product, waitlist)}
                {publishing(product)}
            </div>
        </div>
    }
    .into_any();
    framed(site, viewer, Place::Products, &title, main)
}

/// What is stored, as the form shows it.
fn form_of(product: &Product) -> EditForm {
    EditForm {
        title: product.title.clone(),
        summary: product.summary.clone(),
        text: product.text.clone(),
        price: product
            .price
            .map(|price| price.decimal())
            .unwrap_or_default(),
        stock: product.stock.to_string(),
        slug: product.slug.clone(),
    }
}

fn visibility(product: &Product) -> AnyView {
    match product.state {
        State::Draft => view! { <p class="state">"Draft: only you see it"</p> }.into_any(),
        State::Published => view! {
            <p><a class="link" href=format!("/p/{}", product.slug)>"View its page" {Icon::Out.svg()}</a></p>
        }
        .into_any(),
    }
}

fn fields(viewer: &Viewer, product: &Product, form: &EditForm, errors: &[Invalid]) -> AnyView {
    let currency = viewer.shop.currency.clone();
    view! {
        <form class="stack" method="post" action=format!("/manage/products/{}", product.id)>
            {field("title", "Title", None, field_error(errors, "title"), |id, described, invalid| {
                view! { <input class="input" id=id name="title" maxlength="120" dir="auto" aria-describedby=described aria-invalid=invalid value=form.title.clone() /> }.into_any()
            })}
            <div class="two">
                {field("price", "Price", None, field_error(errors, "price"), |id, described, invalid| {
                    view! {
                        <div class="joined">
                            <input class="input figure" id=id name="price" inputmode="decimal" autocomplete="off" aria-describedby=described aria-invalid=invalid value=form.price.clone() />
                            <span class="unit">{currency}</span>
                        </div>
                    }.into_any()
                })}
                {field("stock", "Stock", None, field_error(errors, "stock"), |id, described, invalid| {
                    view! {
                        <div class="joined">
                            <input class="input figure" id=id name="stock" inputmode="numeric" autocomplete="off" aria-describedby=described aria-invalid=invalid value=form.stock.clone() />
                            <span class="unit">"pieces"</span>
                        </div>
                    }.into_any()
                })}
            </div>
            {field("summary", "One sentence", Some("Stands beside the price"), field_error(errors, "summary"), |id, described, invalid| {
                view! { <input class="input" id=id name="summary" maxlength="240" dir="auto" aria-describedby=described aria-invalid=invalid value=form.summary.clone() /> }.into_any()
            })}
            {field("text", "Text", Some("Stands below the photos. An empty line begins a new paragraph."), field_error(errors, "text"), |id, described, invalid| {
                view! { <textarea class="input" id=id name="text" rows="7" dir="auto" aria-describedby=described aria-invalid=invalid>{textarea_text(&form.text)}</textarea> }.into_any()
            })}
            {field("slug", "Address", Some("Empty: made from the title"), field_error(errors, "slug"), |id, described, invalid| {
                view! {
                    <div class="joined">
                        <span class="unit">"/p/"</span>
                        <input class="input" id=id name="slug" dir="auto" autocapitalize="none" autocomplete="off" spellcheck="false" aria-describedby=described aria-invalid=invalid value=form.slug.clone() />
                    </div>
                }.into_any()
            })}
            <button class="button" r#type="submit">"Save"</button>
        </form>
    }
    .into_any()
}

/// Publishing with what is missing, taking it off again, and the end of a product.
fn publishing(product: &Product) -> AnyView {
    let base = format!("/manage/products/{}", product.id);
    let missing = product.missing();
    let ready = missing.is_empty();
    let publish = match product.state {
        State::Published => view! {
            <h2 id="page-title">"Page"</h2>
            <p>"Shoppers see this page now. Saved changes show at once."</p>
            <form method="post" action=format!("{base}/unpublish")>
                <button class="button quiet" r#type="submit">"Take the page down"</button>
            </form>
        }
        .into_any(),
        State::Draft => {
            let list = (!ready).then(|| {
                let items = missing
                    .into_iter()
                    .map(|message| view! { <li>{message}</li> })
                    .collect_view();
                view! { <p>"Before this can be published:"</p> <ul class="missing">{items}</ul> }
            });
            let hint = ready.then(|| view! { <p>"Everything is there. Save first if you changed something above."</p> });
            view! {
                <h2 id="page-title">"Page"</h2>
                {list}
                {hint}
                <form method="post" action=format!("{base}/publish")>
                    <button class="button large whole" r#type="submit" disabled=!ready>"Publish page"</button>
                </form>
            }
            .into_any()
        }
    };
    view! {
        <section class="publishing" aria-labelledby="page-title">{publish}</section>
        <details class="end-of-it">
            <summary class="link">"Delete this product"</summary>
            <p class="soft">"Its page, photos and clips go for good. Orders that were made keep their lines."</p>
            <form method="post" action=format!("{base}/delete")>
                <button class="button danger" r#type="submit">"Delete for good"</button>
            </form>
        </details>
    }
    .into_any()
}
