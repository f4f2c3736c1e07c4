//! What the checkout asks about where it goes and how: only on a shop's terms that depend on it.

use domain::{
    checkout::{Order, PayForm},
    delivery,
    invalid::Invalid,
    money::Money,
    terms::Terms,
};
use leptos::prelude::*;

use crate::{
    form::{field, field_error},
    manage::terms::country_options,
};

/// The country, and the part of it where its taxes depend on that.
pub(super) fn destination(
    terms: &Terms,
    order: &Order,
    form: &PayForm,
    errors: &[Invalid],
) -> Option<AnyView> {
    terms.asks_country().then(|| {
        let chosen = form.country.to_ascii_uppercase();
        let first = order.destination.is_none().then_some("Choose a country");
        let options = country_options(delivery::destinations(&terms.zones), &chosen, first);
        let asks_region = chosen.parse().is_ok_and(|country| terms.asks_region(country));
        let region = asks_region.then(|| {
            field("region", "State or province", Some("In its short form, for example CA"), field_error(errors, "region"), |id, described, invalid| {
                view! { <input class="input" dir="auto" id=id name="region" autocomplete="address-level1" maxlength="3" aria-describedby=described aria-invalid=invalid value=form.region.clone() data-requote /> }.into_any()
            })
        });
        view! {
            {field("country", "Country", None, field_error(errors, "country"), |id, described, invalid| {
                view! { <select class="input" id=id name="country" autocomplete="country" aria-describedby=described aria-invalid=invalid data-requote>{options}</select> }.into_any()
            })}
            {region}
            <noscript><p>{update(order, "Show the total for this country")}</p></noscript>
        }
        .into_any()
    })
}

/// The ways of sending to where it goes, with what each costs.
pub(super) fn delivery(terms: &Terms, order: &Order) -> Option<AnyView> {
    let country = order.destination.as_ref()?.country;
    let zone = delivery::zone(&terms.zones, country)?;
    let chosen = order
        .delivery
        .as_ref()
        .map(|delivery| delivery.method.as_str());
    let currency = order.total.currency;
    let goods: i64 = order.lines.iter().map(|line| line.total.minor).sum();
    let methods = zone
        .methods
        .iter()
        .map(|method| {
            let id = format!("delivery-{}", method.id);
            let cost = match method.cost(goods) {
                0 => "free".to_owned(),
                minor => Money { minor, currency }.to_string(),
            };
            view! {
                <div class="choice">
                    <input r#type="radio" id=id.clone() name="delivery" value=method.id.clone() checked=chosen == Some(method.id.as_str()) data-requote />
                    <label r#for=id><bdi>{method.name.clone()}</bdi> " · " <span class="figure">{cost}</span></label>
                </div>
            }
        })
        .collect_view();
    let update = (zone.methods.len() > 1)
        .then(|| view! { <noscript><p>{update(order, "Show the total")}</p></noscript> });
    (!zone.methods.is_empty()).then(|| {
        view! { <fieldset class="delivery"><legend>"Delivery"</legend>{methods}{update}</fieldset> }.into_any()
    })
}

/// The form that pays. What stands beside it is part of it by this name.
pub(super) const PAY_FORM: &str = "pay";

/// A code, folded away until it is wanted. It stands with what it makes cheaper, behind the form, so that Enter in a field pays.
pub(super) fn code(order: &Order, form: &PayForm, errors: &[Invalid]) -> AnyView {
    let open = !form.code.is_empty() || field_error(errors, "code").is_some();
    view! {
        <details class="code" open=open>
            <summary>"Have a code?"</summary>
            {field("code", "Code", None, field_error(errors, "code"), |id, described, invalid| {
                view! {
                    <div class="joined">
                        <input class="input" dir="auto" id=id name="code" form=PAY_FORM autocomplete="off" autocapitalize="characters" spellcheck="false" maxlength="40" aria-describedby=described aria-invalid=invalid value=form.code.clone() />
                        {update(order, "Apply")}
                    </div>
                }.into_any()
            })}
        </details>
    }
    .into_any()
}

/// Shows the total of what is chosen, without paying.
fn update(order: &Order, label: &'static str) -> AnyView {
    view! {
        <button class="button quiet" r#type="submit" form=PAY_FORM formaction=format!("/checkout/{}/quote", order.token)>{label}</button>
    }
    .into_any()
}
