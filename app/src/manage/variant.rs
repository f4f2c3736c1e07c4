//! `/manage/products/{id}/variants`: what a shopper chooses of a product, and what each combination costs and how many there are.

use domain::{
    catalog::{
        Product, Variant,
        variant::{OptionsForm, VariantForm},
    },
    id::VariantId,
    identity::Viewer,
    invalid::{Invalid, isolated},
    money::Money,
};
use leptos::prelude::*;

use super::parts::{Place, framed};
use crate::{
    Site, flash,
    form::{error_summary, field, field_error},
    icon::Icon,
    shop::parts::name,
};

/// What the page shows.
#[derive(Debug, Clone, Copy)]
pub struct VariantsEditor<'a> {
    /// The product as it is stored.
    pub product: &'a Product,
    /// Options that were typed and could not be saved.
    pub options: Option<&'a OptionsForm>,
    /// Rows that were typed and could not be saved.
    pub rows: &'a [VariantForm],
    /// What was wrong with the options, or with neither.
    pub errors: &'a [Invalid],
    /// What was wrong with rows.
    pub wrong: &'a [(VariantId, Invalid)],
    /// The version of the product that what was typed belongs to, where something was.
    pub version: Option<&'a str>,
    /// A flash message about what was just done.
    pub message: Option<&'a str>,
    /// Names this page, so that a correction that is sent twice counts once.
    pub form_key: &'a str,
}

const FIELDS: [&str; 6] = [
    "option_1", "values_1", "option_2", "values_2", "option_3", "values_3",
];

/// The options of a product and the table of its variants.
#[must_use]
pub fn variants(site: &Site, viewer: &Viewer, editor: &VariantsEditor<'_>) -> String {
    let product = editor.product;
    let title = format!("Variants of {}", name(product));
    let href = format!("/manage/products/{}", product.id);
    let summary: Vec<Invalid> = editor
        .wrong
        .iter()
        .map(|(variant, invalid)| {
            let name = product.variant(variant).map(Variant::name);
            let name = name.unwrap_or_default();
            Invalid::new("", format!("{}: {}", isolated(&name), invalid.message))
        })
        .chain(editor.errors.iter().cloned())
        .collect();
    let main = view! {
        <p><a class="link" href=href>{Icon::Back.svg()} <bdi>{name(product).to_owned()}</bdi></a></p>
        <div class="head"><h1>"Options and variants"</h1></div>
        {editor.message.map(flash::success)}
        {error_summary("Not saved", &summary, &FIELDS)}
        <div class="variants">
            {table(viewer, editor)}
            {options(editor)}
        </div>
    }
    .into_any();
    framed(site, viewer, Place::Products, &title, main)
}

fn options(editor: &VariantsEditor<'_>) -> AnyView {
    let product = editor.product;
    let stored = OptionsForm::of(&product.options, product.version);
    let form = editor.options.unwrap_or(&stored);
    let labels = [
        ("option_1", "values_1", "First option", "Its values"),
        ("option_2", "values_2", "Second option", "Its values"),
        ("option_3", "values_3", "Third option", "Its values"),
    ];
    let rows = form
        .rows()
        .into_iter()
        .zip(labels)
        .map(|((name, values), (name_id, values_id, name_label, values_label))| {
            let (name, values) = (name.to_owned(), values.to_owned());
            view! {
                <div class="two">
                    {field(name_id, name_label, Some("What is chosen, such as Size"), field_error(editor.errors, name_id), |id, described, invalid| {
                        view! { <input class="input" id=id name=id maxlength="80" dir="auto" autocomplete="off" aria-describedby=described aria-invalid=invalid value=name /> }.into_any()
                    })}
                    {field(values_id, values_label, Some("With commas between: Small, Large"), field_error(editor.errors, values_id), |id, described, invalid| {
                        view! { <input class="input" id=id name=id maxlength="1500" dir="auto" autocomplete="off" aria-describedby=described aria-invalid=invalid value=values /> }.into_any()
                    })}
                </div>
            }
        })
        .collect_view();
    let note = if product.options.is_empty() {
        "Each combination becomes a variant. The stock there is now stays with the first."
    } else {
        "A value that you write anew in its place is renamed. One that you take out goes with its variants and their stock; a new one begins with none."
    };
    view! {
        <section aria-labelledby="options-title">
            <h2 id="options-title">"Options"</h2>
            <form class="stack" method="post" novalidate action=format!("/manage/products/{}/options", product.id)>
                <input r#type="hidden" name="version" value=form.version.clone() />
                <p class="soft">{note}</p>
                {rows}
                <p><button class="button quiet" r#type="submit">"Save options"</button></p>
            </form>
        </section>
    }
    .into_any()
}

fn table(viewer: &Viewer, editor: &VariantsEditor<'_>) -> Option<AnyView> {
    let product = editor.product;
    if product.options.is_empty() {
        return None;
    }
    let rows = product
        .variants
        .iter()
        .map(|variant| row(editor, variant))
        .collect_view();
    let price = product.price.map_or_else(
        || "its price".to_owned(),
        |price| format!("{price}, the product\u{2019}s price"),
    );
    Some(
        view! {
            <section aria-labelledby="variants-title">
                <h2 id="variants-title">"Variants"</h2>
                <form class="stack" method="post" novalidate action=format!("/manage/products/{}/variants", product.id)>
                    <input r#type="hidden" name="version" value=editor.version.map_or_else(|| product.version.to_string(), str::to_owned) />
                    <input r#type="hidden" name="form_key" value=editor.form_key.to_owned() />
                    <p class="soft">{format!("Without a price of its own, a variant costs {price}. Amounts are in {}.", viewer.shop.currency)}</p>
                    <table class="rows variant-rows">
                        <thead>
                            <tr>
                                <th scope="col">"Variant"</th>
                                <th scope="col">"Price"</th>
                                <th scope="col">"SKU"</th>
                                <th scope="col">"In stock"</th>
                            </tr>
                        </thead>
                        <tbody>{rows}</tbody>
                    </table>
                    <p><button class="button" r#type="submit">"Save variants"</button></p>
                </form>
            </section>
        }
        .into_any(),
    )
}

fn row(editor: &VariantsEditor<'_>, variant: &Variant) -> AnyView {
    let stored = VariantForm {
        variant: variant.id.clone(),
        price: variant.price.map(Money::number).unwrap_or_default(),
        sku: variant.sku.clone(),
        stock: variant.stock.to_string(),
        stock_seen: variant.stock.to_string(),
    };
    let typed = editor.rows.iter().find(|row| row.variant == variant.id);
    let form = typed.unwrap_or(&stored);
    let name = variant.name();
    let wrong: Vec<&Invalid> = editor
        .wrong
        .iter()
        .filter(|(id, _)| *id == variant.id)
        .map(|(_, invalid)| invalid)
        .collect();
    let cell = |field: &'static str, label: &str, class: &'static str, value: &str| {
        let error = wrong.iter().find(|invalid| invalid.field == field);
        let id = format!("{field}-{}", variant.id);
        let described = error.map(|_| format!("{id}-wrong"));
        let mode = match field {
            "price" => Some("decimal"),
            "stock" => Some("numeric"),
            _ => None,
        };
        let message = error.map(|error| {
            view! { <p class="wrong small" id=format!("{id}-wrong")>{error.message.clone()}</p> }
        });
        view! {
            <label class="row-label" r#for=id.clone()>{label.to_owned()}<span class="unseen">" of " <bdi>{name.clone()}</bdi></span></label>
            <input class=class id=id name=format!("{field}.{}", variant.id) inputmode=mode maxlength="80" autocomplete="off" dir="auto" aria-describedby=described.clone() aria-invalid=described.map(|_| "true") value=value.to_owned() />
            {message}
        }
    };
    let reserved = (variant.reserved() > 0).then(
        || view! { <span class="soft small">{format!("{} reserved", variant.reserved())}</span> },
    );
    view! {
        <tr>
            <th scope="row"><bdi>{variant.name()}</bdi></th>
            <td>{cell("price", "Price", "input figure", &form.price)}</td>
            <td>{cell("sku", "SKU", "input", &form.sku)}</td>
            <td>
                <input r#type="hidden" name=format!("stock_seen.{}", variant.id) value=form.stock_seen.clone() />
                {cell("stock", "In stock", "input figure", &form.stock)}
                {reserved}
            </td>
        </tr>
    }
    .into_any()
}
