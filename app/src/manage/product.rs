//! `/manage/products` and `/manage/products/{id}`.

use domain::{
    capture::Contract,
    catalog::{self, Availability, EditForm, Product, State},
    identity::Viewer,
    invalid::{Invalid, many_lines},
    media::{Usage, size},
    money::Money,
    tax::Class,
    waitlist,
};
use leptos::prelude::*;

use super::{
    media,
    parts::{Place, empty, filters, framed, framed_with},
    waitlist::section,
};
use crate::{
    Site,
    catalog::choice::price_words,
    flash,
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
            Self::SoldOut => {
                matches!(product.state, State::Published)
                    && matches!(product.availability(), Availability::SoldOut)
            }
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
                        <th scope="col" class="end">"In stock"</th>
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
    let state = match (product.state, product.availability()) {
        (State::Draft, _) => ("state", "Draft"),
        (State::Published, Availability::ForSale) => ("state done", "Published"),
        (State::Published, Availability::Reserved) => ("state open", "All reserved"),
        (State::Published, Availability::SoldOut) => ("state todo", "Sold out"),
    };
    let price = price_words(product).map_or_else(
        || view! { <span class="soft">"No price"</span> }.into_any(),
        IntoAny::into_any,
    );
    let reserved = product.reserved();
    let reserved = (reserved > 0)
        .then(|| view! { <span class="soft">{format!(", {reserved} reserved")}</span> });
    view! {
        <tr>
            <td class="row-picture">{thumbnail(hero(product))}</td>
            <td class="row-key"><a href=format!("/manage/products/{}", product.id)><bdi>{name(product).to_owned()}</bdi></a></td>
            <td class="row-state"><span class=state.0>{state.1}</span></td>
            <td class="row-stock end figure">{product.stock}<span class="row-unit">" in stock"</span>{reserved}</td>
            <td class="row-sum end figure">{price}</td>
        </tr>
    }
}

const FIELDS: [&str; 7] = [
    "title",
    "summary",
    "text",
    "price",
    "stock",
    "slug",
    "tax_class",
];

/// What the editor of a product shows.
#[derive(Debug, Clone, Copy)]
pub struct Editor<'a> {
    /// The product as it is stored.
    pub product: &'a Product,
    /// Its back-in-stock requests.
    pub waitlist: &'a [waitlist::Entry],
    /// What was typed when it could not be saved; `None` shows what is stored.
    pub form: Option<&'a EditForm>,
    /// What was wrong with what was typed.
    pub errors: &'a [Invalid],
    /// The capture contract it was filmed under.
    pub contract: Option<&'a Contract>,
    /// A flash message about what was just done.
    pub message: Option<&'a str>,
    /// Names this page for [`EditForm::form_key`].
    pub form_key: &'a str,
    /// The fields were saved elsewhere since they were shown: both stand side by side, and saving again keeps what was typed.
    pub changed: bool,
}

impl Editor<'_> {
    /// Whether `form` has words or numbers that are not stored.
    #[must_use]
    pub fn is_unsaved(product: &Product, form: &EditForm) -> bool {
        let stored = stored(product, &form.form_key);
        form.title.trim() != stored.title
            || form.summary.trim() != stored.summary
            || many_lines(&form.text) != stored.text
            || form.price.trim() != stored.price
            || form.slug.trim() != stored.slug
            || form.stock.trim() != form.stock_seen
    }
}

/// The id of the form of the fields. Every other button of the editor sends that form as well.
pub(super) const FIELDS_FORM: &str = "fields";

/// The editor of one product.
#[must_use]
pub fn product(site: &Site, viewer: &Viewer, editor: &Editor<'_>) -> String {
    let product = editor.product;
    let title = name(product).to_owned();
    let main = view! {
        <p><a class="link" href="/manage/products">{Icon::Back.svg()} "Products"</a></p>
        <div class="head">
            <h1 dir="auto">{title.clone()}</h1>
            {visibility(product)}
        </div>
        {editor.message.map(flash::success)}
        {error_summary("Not saved", editor.errors, &FIELDS)}
        // A browser presses the first button of a form when Enter is pressed in a field: this one saves.
        <button class="unseen" r#type="submit" form=FIELDS_FORM tabindex="-1" aria-hidden="true">"Save"</button>
        <div class="editor">
            <section class="editor-media" aria-labelledby="photos-title">
                <h2 id="photos-title">"Photos and clips"</h2>
                {media::editor(product)}
                {editor.contract.map(super::capture::filmed_under)}
            </section>
            <div class="editor-side">
                <section aria-labelledby="words-title">
                    <h2 id="words-title">"Words and price"</h2>
                    {fields(viewer, editor)}
                </section>
                {options(product)}
                {section(site, product, editor.waitlist)}
                {publishing(product)}
            </div>
        </div>
    }
    .into_any();
    let script = Some(media::HEIC_SCRIPT);
    framed_with(site, viewer, Place::Products, &title, script, main)
}

/// A tax class in words; what was not typed is what is stored.
fn class_words(class: &str, product: &Product) -> &'static str {
    class.parse().unwrap_or(product.class).words()
}

fn class_options(chosen: &str) -> AnyView {
    Class::ALL
        .into_iter()
        .map(|class| {
            let value = class.as_str();
            view! { <option value=value selected=value == chosen>{class.words()}</option> }
        })
        .collect_view()
        .into_any()
}

/// The stock as the form shows it; nothing where each variant has its own.
fn stock(product: &Product) -> String {
    match product.options.is_empty() {
        true => product.stock.to_string(),
        false => String::new(),
    }
}

/// What is stored, as the form shows it.
fn stored(product: &Product, form_key: &str) -> EditForm {
    EditForm {
        title: product.title.clone(),
        summary: product.summary.clone(),
        text: product.text.clone(),
        price: product.price.map(Money::number).unwrap_or_default(),
        stock: stock(product),
        stock_seen: stock(product),
        version: product.version.to_string(),
        form_key: form_key.to_owned(),
        slug: product.slug.clone(),
        tax_class: product.class.as_str().to_owned(),
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

fn fields(viewer: &Viewer, editor: &Editor<'_>) -> AnyView {
    let Editor {
        product, errors, ..
    } = *editor;
    let currency = viewer.shop.currency.clone();
    let stored = stored(product, editor.form_key);
    let form = editor.form.unwrap_or(&stored);
    // What was typed over a page that is out of date is saved over what is stored now, once its author has seen both.
    let version = if editor.changed {
        &stored.version
    } else {
        &form.version
    };
    let now = |typed: &str, stored: &str| {
        (editor.changed && typed.trim() != stored).then(|| saved_now(stored))
    };
    view! {
        <form class="stack" id=FIELDS_FORM method="post" action=format!("/manage/products/{}", product.id)>
            <input r#type="hidden" name="version" value=version.clone() />
            <input r#type="hidden" name="stock_seen" value=form.stock_seen.clone() />
            <input r#type="hidden" name="form_key" value=form.form_key.clone() />
            {field("title", "Title", None, field_error(errors, "title"), |id, described, invalid| {
                view! {
                    <input class="input" id=id name="title" maxlength="120" dir="auto" aria-describedby=described aria-invalid=invalid value=form.title.clone() />
                    {now(&form.title, &stored.title)}
                }.into_any()
            })}
            <div class="two">
                {field("price", "Price", None, field_error(errors, "price"), |id, described, invalid| {
                    view! {
                        <div class="joined">
                            <input class="input figure" id=id name="price" inputmode="decimal" autocomplete="off" aria-describedby=described aria-invalid=invalid value=form.price.clone() />
                            <span class="unit">{currency}</span>
                        </div>
                        {now(&form.price, &stored.price)}
                    }.into_any()
                })}
                {(!product.options.is_empty()).then(|| of_variants(product))}
                {product.options.is_empty().then(|| field("stock", "In stock", None, field_error(errors, "stock"), |id, described, invalid| {
                    let described = format!("{} stock-note", described.unwrap_or_default());
                    view! {
                        <div class="joined">
                            <input class="input figure" id=id name="stock" inputmode="numeric" autocomplete="off" aria-describedby=described.trim().to_owned() aria-invalid=invalid value=form.stock.clone() />
                            <span class="unit">"pieces"</span>
                        </div>
                        <p class="hint" id="stock-note">{stock_note(product, form)}</p>
                    }.into_any()
                }))}
            </div>
            {field("summary", "One sentence", Some("Stands beside the price"), field_error(errors, "summary"), |id, described, invalid| {
                view! {
                    <input class="input" id=id name="summary" maxlength="240" dir="auto" aria-describedby=described aria-invalid=invalid value=form.summary.clone() />
                    {now(&form.summary, &stored.summary)}
                }.into_any()
            })}
            {field("text", "Text", Some("Stands below the photos. An empty line begins a new paragraph."), field_error(errors, "text"), |id, described, invalid| {
                view! {
                    <textarea class="input" id=id name="text" rows="7" dir="auto" aria-describedby=described aria-invalid=invalid>{textarea_text(&form.text)}</textarea>
                    {now(&many_lines(&form.text), &stored.text)}
                }.into_any()
            })}
            {field("tax_class", "Tax", Some("As your tax table knows it"), field_error(errors, "tax_class"), |id, described, invalid| {
                view! {
                    <select class="input" id=id name="tax_class" aria-describedby=described aria-invalid=invalid>{class_options(&form.tax_class)}</select>
                    {now(class_words(&form.tax_class, product), class_words(&stored.tax_class, product))}
                }.into_any()
            })}
            {field("slug", "Address", Some("Empty: made from the title"), field_error(errors, "slug"), |id, described, invalid| {
                view! {
                    <div class="joined">
                        <span class="unit">"/p/"</span>
                        <input class="input" id=id name="slug" dir="auto" autocapitalize="none" autocomplete="off" spellcheck="false" aria-describedby=described aria-invalid=invalid value=form.slug.clone() />
                    </div>
                    {now(&form.slug, &stored.slug)}
                }.into_any()
            })}
            <button class="button" r#type="submit">{if editor.changed { "Save what I typed" } else { "Save" }}</button>
        </form>
    }
    .into_any()
}

/// In the place of the stock: how much of all variants there is, and the way to them.
fn of_variants(product: &Product) -> AnyView {
    view! {
        <div class="field">
            <span class="label">"In stock"</span>
            <p class="figure">{format!("{} pieces in {} variants", product.stock, product.variants.len())}</p>
            <p class="hint">"Each variant has its own price and stock."</p>
        </div>
    }
    .into_any()
}

/// The way to the options of a product.
fn options(product: &Product) -> AnyView {
    let href = format!("/manage/products/{}/variants", product.id);
    let names: Vec<&str> = product
        .options
        .iter()
        .map(|option| option.name.as_str())
        .collect();
    let text = if names.is_empty() {
        view! { <p>"It is sold as it is. Where there is something to choose, such as a size or a glaze, add it here."</p> }.into_any()
    } else {
        view! { <p>"Shoppers choose " <bdi>{names.join(" · ")}</bdi> {format!(": {} variants, each with its own price and stock.", product.variants.len())}</p> }.into_any()
    };
    let label = if names.is_empty() {
        "Add options"
    } else {
        "Edit variants"
    };
    view! {
        <section class="publishing" aria-labelledby="options-title">
            <h2 id="options-title">"Options"</h2>
            {text}
            <p><a class="button quiet" href=href>{label}</a></p>
        </section>
    }
    .into_any()
}

/// What is stored beside what was typed over an older page.
fn saved_now(stored: &str) -> AnyView {
    let stored = match stored {
        "" => view! { <em>"nothing"</em> }.into_any(),
        text => view! { <q class="saved-now" dir="auto">{text.to_owned()}</q> }.into_any(),
    };
    view! { <div class="hint">"Saved now: " {stored}</div> }.into_any()
}

/// Which pieces the number counts, and what saving makes of it.
fn stock_note(product: &Product, form: &EditForm) -> String {
    let counted = match product.reserved() {
        0 => "Not sold yet.".to_owned(),
        reserved => format!(
            "Not sold yet; {reserved} of them {} reserved by open orders.",
            if reserved == 1 { "is" } else { "are" }
        ),
    };
    let read = |text: &str| catalog::stock(text).ok().flatten().map(i64::from);
    let is_old = read(&form.stock_seen).filter(|seen| *seen != i64::from(product.stock));
    match (is_old, read(&form.stock)) {
        (Some(seen), Some(typed)) => format!(
            "{counted} There were {seen} when you opened this and there are {} now: saving makes it {}.",
            product.stock,
            (i64::from(product.stock) + typed - seen).max(0)
        ),
        _ => counted,
    }
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
            <button class="button quiet" r#type="submit" form=FIELDS_FORM formaction=format!("{base}/unpublish")>"Take the page down"</button>
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
                <button class="button large whole" r#type="submit" form=FIELDS_FORM formaction=format!("{base}/publish") disabled=!ready>"Publish page"</button>
            }
            .into_any()
        }
    };
    view! {
        <section class="publishing" aria-labelledby="page-title">{publish}</section>
        <details class="delete-product">
            <summary class="link">"Delete this product"</summary>
            <p class="soft">"Its page, photos and clips go for good. Orders that were made keep their lines."</p>
            <form method="post" action=format!("{base}/delete")>
                <button class="button danger" r#type="submit">"Delete for good"</button>
            </form>
        </details>
    }
    .into_any()
}
