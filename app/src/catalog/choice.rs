//! What a shopper chooses of a product: one button of a radio group for each variant, so that it works without scripts and what
//! is sold out is seen before it is wanted. Where there are several options, the last one runs along a row.

use domain::{
    catalog::{Product, Variant},
    money::Money,
};
use leptos::prelude::*;

/// What the price says while nobody has chosen: the least there is, where variants differ.
pub(crate) fn price_words(product: &Product) -> Option<String> {
    let (least, most) = product.prices()?;
    Some(if least == most {
        least.to_string()
    } else {
        format!("from {least}")
    })
}

/// What stands on the button that buys; it says a price only where that is every variant's. The script knows which is chosen.
pub(super) fn buy_label(product: &Product) -> String {
    match product.prices() {
        Some((least, most)) if least == most => format!("Buy for {least}"),
        _ => "Buy".to_owned(),
    }
}

/// The value of a choice: the variant, and the price that stands beside it, minor units.
fn value(variant: &Variant, price: Money) -> String {
    format!("{}:{}", variant.id, price.minor)
}

/// The fields that say what is bought: a hidden one where there is nothing to choose.
pub(super) fn fields(product: &Product) -> AnyView {
    if product.options.is_empty() {
        let only = product.variants.first().and_then(|variant| {
            let price = product.price_of(variant)?;
            Some(view! { <input r#type="hidden" name="variant" value=value(variant, price) /> })
        });
        return only.into_any();
    }
    let chosen = product.first_choice().map(|variant| &variant.id);
    let mut rows: Vec<(&[String], Vec<AnyView>)> = Vec::new();
    for variant in &product.variants {
        let Some((last, before)) = variant.values.split_last() else {
            continue;
        };
        let button = button(product, variant, before, last, chosen == Some(&variant.id));
        match rows.last_mut() {
            Some((row, buttons)) if *row == before => buttons.push(button),
            _ => rows.push((before, vec![button])),
        }
    }
    let rows = rows
        .into_iter()
        .map(|(before, buttons)| {
            let name = (!before.is_empty()).then(|| {
                let name = domain::catalog::variant::name(before);
                view! { <span class="pick-row" aria-hidden="true" dir="auto">{name}</span> }
            });
            view! { {name} <span class="pick-values">{buttons}</span> }
        })
        .collect_view();
    let names: Vec<&str> = product
        .options
        .iter()
        .map(|option| option.name.as_str())
        .collect();
    view! {
        <fieldset class="pick">
            <legend dir="auto">{names.join(" · ")}</legend>
            {rows}
        </fieldset>
    }
    .into_any()
}

fn button(
    product: &Product,
    variant: &Variant,
    before: &[String],
    last: &str,
    chosen: bool,
) -> AnyView {
    let Some(price) = product.price_of(variant) else {
        return ().into_any();
    };
    let id = format!("variant-{}", variant.id);
    let is_out = variant.available == 0;
    let differs = product.prices().is_some_and(|(least, most)| least != most);
    let cost = (differs && !is_out)
        .then(|| view! { <span class="pick-price figure">{price.to_string()}</span> });
    let out = is_out.then(|| {
        let words = if variant.stock > 0 {
            "reserved"
        } else {
            "sold out"
        };
        view! { <span class="pick-price">{words}</span> }
    });
    let before = (!before.is_empty()).then(|| {
        view! { <span class="unseen" dir="auto">{format!("{} · ", domain::catalog::variant::name(before))}</span> }
    });
    view! {
        <span class="pick-value">
            <input
                class="unseen"
                r#type="radio"
                name="variant"
                id=id.clone()
                value=value(variant, price)
                data-price=price.to_string()
                checked=chosen
                disabled=is_out
            />
            <label r#for=id>{before}<bdi>{last.to_owned()}</bdi> {cost} {out}</label>
        </span>
    }
    .into_any()
}
