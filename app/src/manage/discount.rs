//! `/manage/codes`: discount codes.

use domain::{
    discount::form::DiscountForm,
    identity::Viewer,
    money::{Currency, Money},
};
use leptos::prelude::*;
use services::discount::Made;

use super::{
    parts::{Place, empty, framed},
    settings::{Part, parts},
    terms::Typed,
};
use crate::{
    Site,
    checkout::parts::brief,
    flash,
    form::{error_summary, field, field_error, tick},
};

const FIELDS: [&str; 9] = [
    "code",
    "kind",
    "value",
    "least",
    "per_customer",
    "uses",
    "from",
    "until",
    "count",
];

/// The page.
#[must_use]
pub fn codes(site: &Site, viewer: &Viewer, made: &[Made], typed: &Typed<DiscountForm>) -> String {
    let rows = made.iter().map(|made| row(made, viewer)).collect_view();
    let list = if made.is_empty() {
        empty(
            "No codes yet",
            "A code takes something off at the checkout: for a market day, a thank-you, or a first order.",
            None,
        )
    } else {
        view! { <ul class="listing" aria-label="Codes">{rows}</ul> }.into_any()
    };
    let main = view! {
        <h1>"Codes"</h1>
        {parts(Part::Codes)}
        {typed.message.map(flash::success)}
        {error_summary("Not made", &typed.errors, &FIELDS)}
        <div class="terms">
            <section aria-label="Codes there are">{list}</section>
            {new(&typed.form, typed)}
        </div>
    }
    .into_any();
    framed(site, viewer, Place::Settings, "Codes", main)
}

fn row(made: &Made, viewer: &Viewer) -> AnyView {
    let currency: Currency = viewer.shop.currency.parse().unwrap_or(Currency::EUR);
    let discount = &made.discount;
    let mut bounds = vec![discount.off.words(currency)];
    if discount.least > 0 {
        bounds.push(format!(
            "from {}",
            Money {
                minor: discount.least,
                currency
            }
        ));
    }
    if discount.first_purchase {
        bounds.push("first order only".to_owned());
    }
    if let Some(uses) = discount.uses {
        bounds.push(format!("{} in all", times(uses)));
    }
    if let Some(most) = discount.per_customer {
        bounds.push(format!("{} a person", times(most)));
    }
    let used = match made.used {
        0 => ". Not used yet".to_owned(),
        used => format!(". Used {}", times(used)),
    };
    let (title, download) = match &made.batch {
        None => (discount.code.to_string(), None),
        Some(batch) => (
            format!("{} codes like {}", made.count, discount.code),
            Some(
                view! { <a class="button quiet" download href=format!("/manage/codes/{batch}.csv")>"Download"</a> },
            ),
        ),
    };
    let ended = made.ended_at.map(|at| view! { ". Ended " {brief(at)} });
    let end = made.ended_at.is_none().then(|| {
        let batch = made.batch.clone();
        let key = batch.unwrap_or_else(|| discount.code.to_string());
        view! {
            <form method="post" action="/manage/codes/end">
                <input r#type="hidden" name="code" value=key />
                <button class="button quiet" r#type="submit" aria-label=format!("End {title}")>"End"</button>
            </form>
        }
    });
    view! {
        <li class="code-row">
            <div>
                <h3 class="figure">{title}</h3>
                <p class="soft small">{bounds.join(", ")} {used} {ended}</p>
            </div>
            <div class="row-acts">{download} {end}</div>
        </li>
    }
    .into_any()
}

/// How often, in words.
fn times(count: u32) -> String {
    match count {
        1 => "once".to_owned(),
        count => format!("{count} times"),
    }
}

fn new(form: &DiscountForm, typed: &Typed<DiscountForm>) -> AnyView {
    let errors = typed.errors.as_slice();
    let kinds = [
        ("percent", "Percent of the goods"),
        ("amount", "An amount"),
        ("delivery", "The delivery"),
    ]
    .into_iter()
    .map(
        |(value, words)| view! { <option value=value selected=value == form.kind>{words}</option> },
    )
    .collect_view();
    let text = |id: &'static str,
                label: &'static str,
                hint: &'static str,
                value: &str,
                kind: &'static str| {
        let value = value.to_owned();
        field(
            id,
            label,
            Some(hint),
            field_error(errors, id),
            |id, described, invalid| {
                view! { <input class="input" dir="auto" id=id name=id r#type=kind autocomplete="off" aria-describedby=described aria-invalid=invalid value=value /> }.into_any()
            },
        )
    };
    view! {
        <section aria-labelledby="new-code">
            <h2 id="new-code">"A new code"</h2>
            <form class="setting" method="post" action="/manage/codes">
                {text("code", "Code", "3 to 32 letters, digits and hyphens; buyers may write it in small letters", &form.code, "text")}
                {field("kind", "Takes off", None, field_error(errors, "kind"), |id, described, invalid| {
                    view! { <select class="input" id=id name="kind" aria-describedby=described aria-invalid=invalid>{kinds}</select> }.into_any()
                })}
                {text("value", "How much", "Percent or an amount; nothing for the delivery", &form.value, "text")}
                <details class="more" open=!errors.is_empty()>
                    <summary>"Bounds, and many at once"</summary>
                    <div class="stack">
                        {text("least", "Goods cost at least", "Empty: any", &form.least, "text")}
                        {tick("first_purchase", "Only for a first order", !form.first_purchase.is_empty())}
                        {text("per_customer", "Times a person", "Empty: any number", &form.per_customer, "text")}
                        {text("uses", "Times in all", "Empty: any number", &form.uses, "text")}
                        {text("from", "First day", "Empty: now", &form.from, "date")}
                        {text("until", "Last day", "Empty: none", &form.until, "date")}
                        {text("count", "How many codes", "Each gets an ending of its own that nobody guesses. Empty: this one", &form.count, "text")}
                    </div>
                </details>
                <button class="button quiet" r#type="submit">"Make it"</button>
            </form>
        </section>
    }
    .into_any()
}
