//! `/manage/delivery`, `/manage/taxes` and `/manage/texts`: on which terms the shop sells.

use domain::{
    country::Country,
    delivery::{Method, Zone},
    identity::Viewer,
    invalid::Invalid,
    money::{Currency, Money},
    tax::{self, Class, Rate, Rounding},
    terms::{
        Terms, Texts,
        form::{MethodForm, RateForm, SellerForm, ZoneForm},
    },
};
use leptos::prelude::*;

use super::{
    parts::{Place, framed},
    settings::{Part, parts},
};
use crate::{
    Site, flash,
    form::{error_summary, field, field_error, textarea_text, tick},
};

/// What was typed last, what was wrong with it, and what was just done.
#[derive(Debug, Clone, Default)]
pub struct Typed<F> {
    /// What was typed and could not be saved.
    pub form: F,
    /// What was wrong with it.
    pub errors: Vec<Invalid>,
    /// A flash message about what was just done.
    pub message: Option<&'static str>,
}

fn page<F>(
    site: &Site,
    viewer: &Viewer,
    part: Part,
    title: &'static str,
    typed: &Typed<F>,
    fields: &[&str],
    body: AnyView,
) -> String {
    let main = view! {
        <h1>{title}</h1>
        {parts(part)}
        {typed.message.map(flash::success)}
        {error_summary("Not saved", &typed.errors, fields)}
        {body}
    }
    .into_any();
    framed(site, viewer, Place::Settings, title, main)
}

fn money(minor: i64, viewer: &Viewer) -> String {
    let currency = viewer.shop.currency.parse().unwrap_or(Currency::EUR);
    Money { minor, currency }.to_string()
}

/// `/manage/delivery`. What was typed for a way of sending belongs to the zone with this identifier.
#[must_use]
pub fn delivery(
    site: &Site,
    viewer: &Viewer,
    terms: &Terms,
    typed: &Typed<(ZoneForm, String, MethodForm)>,
) -> String {
    let (form, zone_of_method, method) = &typed.form;
    let errors = typed.errors.as_slice();
    let zones = terms
        .zones
        .iter()
        .map(|it| {
            let typed = (*zone_of_method == it.id).then_some(method);
            zone(it, typed, errors, viewer)
        })
        .collect_view();
    let none = terms.zones.is_empty().then(|| {
        view! { <p class="soft">"Without zones the shop sends everywhere and asks nothing for it. As soon as there is one, buyers choose their country, and countries without a zone cannot order."</p> }
    });
    let body = view! {
        {none}
        <div class="terms">
            {zones}
            <section aria-labelledby="new-zone">
                <h2 id="new-zone">"A zone more"</h2>
                <form class="setting" method="post" action="/manage/delivery/zones">
                    {field("zone_name", "Name", Some("Only you see it"), field_error(errors, "zone_name"), |id, described, invalid| {
                        view! { <input class="input" id=id name="zone_name" dir="auto" required maxlength="60" aria-describedby=described aria-invalid=invalid value=form.zone_name.clone() /> }.into_any()
                    })}
                    {field("countries", "Countries", Some("Two letters or names with commas between them, or EU. Empty: everywhere no other zone names"), field_error(errors, "countries"), |id, described, invalid| {
                        view! { <input class="input" dir="auto" id=id name="countries" autocomplete="off" aria-describedby=described aria-invalid=invalid value=form.countries.clone() /> }.into_any()
                    })}
                    <button class="button quiet" r#type="submit">"Add the zone"</button>
                </form>
            </section>
        </div>
    }
    .into_any();
    let fields = ["zone_name", "countries"];
    page(
        site,
        viewer,
        Part::Delivery,
        "Delivery",
        typed,
        &fields,
        body,
    )
}

fn zone(zone: &Zone, typed: Option<&MethodForm>, errors: &[Invalid], viewer: &Viewer) -> AnyView {
    let countries = if zone.countries.is_empty() {
        "Everywhere else".to_owned()
    } else {
        let names: Vec<&str> = zone.countries.iter().map(Country::name).collect();
        names.join(", ")
    };
    let methods = zone
        .methods
        .iter()
        .map(|it| method(zone, it, viewer))
        .collect_view();
    let free = zone.methods.is_empty().then(|| {
        view! { <p class="soft">"No way of sending yet: delivery there costs nothing."</p> }
    });
    let form = typed.cloned().unwrap_or_default();
    let errors = if typed.is_some() { errors } else { &[] };
    let id = |name: &str| format!("{name}-{}", zone.id);
    let input = |name: &'static str, label: &'static str, value: String, hint: &'static str| {
        let wrong = field_error(errors, name);
        view! {
            <div class="field">
                <label r#for=id(name)>{label}</label>
                <input class="input" id=id(name) name=name dir="auto" aria-describedby=id(&format!("{name}-hint")) aria-invalid=wrong.is_some().then_some("true") value=value />
                <p class="hint" id=id(&format!("{name}-hint"))>{wrong.clone().unwrap_or_else(|| hint.to_owned())}</p>
            </div>
        }
        .into_any()
    };
    view! {
        <section aria-labelledby=id("zone")>
            <div class="section-head">
                <h2 id=id("zone") dir="auto">{zone.name.clone()}</h2>
                <form method="post" action=format!("/manage/delivery/zones/{}/remove", zone.id)>
                    <button class="link" r#type="submit" aria-label=format!("Remove the zone {}", zone.name)>"Remove"</button>
                </form>
            </div>
            <p class="soft">{countries}</p>
            {free}
            <ul class="listing" aria-label=format!("Ways of sending in the zone {}", zone.name)>{methods}</ul>
            <details class="more" open=typed.is_some()>
                <summary>"Add a way of sending"</summary>
                <form class="setting" method="post" action=format!("/manage/delivery/zones/{}/methods", zone.id)>
                    {input("method_name", "What buyers read", form.method_name, "Such as: Parcel, 2–3 days")}
                    {input("price", "Price", form.price, "What it costs with tax, where your prices include it")}
                    {input("free_from", "Free from", form.free_from, "The goods’ price from which it costs nothing; empty for never")}
                    <button class="button quiet" r#type="submit">"Add"</button>
                </form>
            </details>
        </section>
    }
    .into_any()
}

fn method(zone: &Zone, method: &Method, viewer: &Viewer) -> AnyView {
    let free = method
        .free_from
        .map(|from| format!(", free from {}", money(from, viewer)));
    view! {
        <li>
            <div>
                <h3 dir="auto">{method.name.clone()}</h3>
                <p class="soft small">{money(method.price, viewer)} {free}</p>
            </div>
            <form method="post" action=format!("/manage/delivery/zones/{}/methods/{}/remove", zone.id, method.id)>
                <button class="button quiet" r#type="submit" aria-label=format!("Remove {}", method.name)>"Remove"</button>
            </form>
        </li>
    }
    .into_any()
}

/// Every country as an option. `first` is what stands before them, with an empty value.
pub(crate) fn country_options(
    countries: impl Iterator<Item = (Country, &'static str)>,
    chosen: &str,
    first: Option<&'static str>,
) -> AnyView {
    let options = countries
        .map(|(country, name)| {
            let code = country.code().to_owned();
            view! { <option value=code.clone() selected=code == chosen>{name}</option> }
        })
        .collect_view();
    let first =
        first.map(|first| view! { <option value="" selected=chosen.is_empty()>{first}</option> });
    view! { {first} {options} }.into_any()
}

/// `/manage/taxes`.
#[must_use]
pub fn taxes(
    site: &Site,
    viewer: &Viewer,
    terms: &Terms,
    typed: &Typed<(SellerForm, RateForm)>,
) -> String {
    let (seller, rate) = &typed.form;
    let errors = typed.errors.as_slice();
    let body = view! {
        <div class="terms">
            {seller_section(seller, errors)}
            {rates_section(terms, rate, errors)}
        </div>
    }
    .into_any();
    let fields = [
        "home",
        "home_region",
        "also",
        "tax_number",
        "returns_days",
        "place",
        "class",
        "rate",
        "rounding",
        "from",
    ];
    page(site, viewer, Part::Taxes, "Taxes", typed, &fields, body)
}

fn seller_section(form: &SellerForm, errors: &[Invalid]) -> AnyView {
    view! {
        <section aria-labelledby="seller-title">
            <h2 id="seller-title">"Where you owe taxes"</h2>
            <form class="setting" method="post" action="/manage/taxes/seller">
                {field("home", "You send from", Some("Without a country no tax is worked out"), field_error(errors, "home"), |id, described, invalid| {
                    view! { <select class="input" id=id name="home" aria-describedby=described aria-invalid=invalid>{country_options(Country::all(), &form.home, Some("Not said"))}</select> }.into_any()
                })}
                {field("home_region", "State or province", Some("Only where it has taxes of its own, in its short form: CA"), field_error(errors, "home_region"), |id, described, invalid| {
                    view! { <input class="input" dir="auto" id=id name="home_region" maxlength="3" aria-describedby=described aria-invalid=invalid value=form.home_region.clone() /> }.into_any()
                })}
                {tick("registered", "I owe taxes there. (Leave it out below your country’s threshold for small businesses.)", !form.registered.is_empty())}
                {tick("one_stop_shop", "I take part in the EU’s one stop shop: sales to other member states carry their tax.", !form.one_stop_shop.is_empty())}
                {field("also", "Also registered in", Some("With commas between them: GB, US-CA"), field_error(errors, "also"), |id, described, invalid| {
                    view! { <input class="input" dir="auto" id=id name="also" aria-describedby=described aria-invalid=invalid value=form.also.clone() /> }.into_any()
                })}
                {field("tax_number", "Tax number", Some("Stands beside your imprint"), field_error(errors, "tax_number"), |id, described, invalid| {
                    view! { <input class="input" dir="auto" id=id name="tax_number" maxlength="60" aria-describedby=described aria-invalid=invalid value=form.tax_number.clone() /> }.into_any()
                })}
                {field("returns_days", "Days to send something back", Some("Search engines show it beside your products"), field_error(errors, "returns_days"), |id, described, invalid| {
                    view! { <input class="input" id=id name="returns_days" inputmode="numeric" maxlength="3" aria-describedby=described aria-invalid=invalid value=form.returns_days.clone() /> }.into_any()
                })}
                <button class="button quiet" r#type="submit">"Save"</button>
            </form>
        </section>
    }
    .into_any()
}

fn rates_section(terms: &Terms, form: &RateForm, errors: &[Invalid]) -> AnyView {
    let rows = terms.rates.iter().map(rate_row).collect_view();
    let none = terms
        .rates
        .is_empty()
        .then(|| view! { <p class="soft">"The table is empty, so no sale carries tax."</p> });
    let classes = Class::ALL
        .into_iter()
        .map(|class| view! { <option value=class.as_str() selected=class.as_str() == form.class>{class.words()}</option> })
        .collect_view();
    let roundings = Rounding::ALL
        .into_iter()
        .map(|rounding| view! { <option value=rounding.as_str() selected=rounding.as_str() == form.rounding>{rounding.words()}</option> })
        .collect_view();
    view! {
        <section aria-labelledby="rates-title">
            <h2 id="rates-title">"Tax table"</h2>
            <p class="soft">"The rate that counts is the latest that has begun, of the part of a country before that of the whole. Check what you owe: the table is yours."</p>
            {none}
            <ul class="listing" aria-label="Rates">{rows}</ul>
            <form method="post" action="/manage/taxes/rates/usual">
                <button class="button quiet" r#type="submit">"Fill in usual rates"</button>
                <p class="hint soft">"The standard rates of the EU, the United Kingdom, Switzerland and Japan at the end of 2026, where the table has none."</p>
            </form>
            <details class="more" open=!errors.is_empty() && !form.place.is_empty()>
                <summary>"Add a rate"</summary>
                <form class="setting" method="post" action="/manage/taxes/rates">
                    {field("place", "Where", Some("Two letters of a country, or a part of one: US-CA"), field_error(errors, "place"), |id, described, invalid| {
                        view! { <input class="input" dir="auto" id=id name="place" required maxlength="6" aria-describedby=described aria-invalid=invalid value=form.place.clone() /> }.into_any()
                    })}
                    {field("class", "Of what", None, field_error(errors, "class"), |id, described, invalid| {
                        view! { <select class="input" id=id name="class" aria-describedby=described aria-invalid=invalid>{classes}</select> }.into_any()
                    })}
                    {field("rate", "Percent", None, field_error(errors, "rate"), |id, described, invalid| {
                        view! { <input class="input" id=id name="rate" required inputmode="decimal" maxlength="10" aria-describedby=described aria-invalid=invalid value=form.rate.clone() /> }.into_any()
                    })}
                    {tick("inclusive", "Prices there include it", form.place.is_empty() || !form.inclusive.is_empty())}
                    {tick("on_delivery", "It is asked of the delivery too", form.place.is_empty() || !form.on_delivery.is_empty())}
                    {field("rounding", "Rounded", None, field_error(errors, "rounding"), |id, described, invalid| {
                        view! { <select class="input" id=id name="rounding" aria-describedby=described aria-invalid=invalid>{roundings}</select> }.into_any()
                    })}
                    {field("from", "First day", Some("As year, month and day: 2027-01-01. Empty: it has begun"), field_error(errors, "from"), |id, described, invalid| {
                        view! { <input class="input" id=id name="from" r#type="date" aria-describedby=described aria-invalid=invalid value=form.from.clone() /> }.into_any()
                    })}
                    <button class="button quiet" r#type="submit">"Add"</button>
                </form>
            </details>
        </section>
    }
    .into_any()
}

fn rate_row(rate: &Rate) -> AnyView {
    let place = rate.place.to_string();
    let name = match &rate.place.region {
        None => rate.place.country.name().to_owned(),
        Some(region) => format!("{}, {region}", rate.place.country.name()),
    };
    let class = match rate.class {
        Class::Standard => None,
        class => Some(format!(", {}", class.words().to_lowercase())),
    };
    let kind = if rate.inclusive {
        "in the price"
    } else {
        "on top"
    };
    let from = (rate.from.0 > 0).then(|| format!(", from {}", rate.from.day()));
    view! {
        <li>
            <div>
                <h3>{name} {class}</h3>
                <p class="soft small">{tax::written(rate.ppm)} " " {kind} {from}</p>
            </div>
            <form method="post" action="/manage/taxes/rates/remove">
                <input r#type="hidden" name="place" value=place.clone() />
                <input r#type="hidden" name="class" value=rate.class.as_str() />
                <input r#type="hidden" name="from" value=rate.from.day() />
                <button class="button quiet" r#type="submit" aria-label=format!("Remove the rate of {place}")>"Remove"</button>
            </form>
        </li>
    }
    .into_any()
}

/// `/manage/texts`.
#[must_use]
pub fn texts(site: &Site, viewer: &Viewer, typed: &Typed<Texts>) -> String {
    let errors = typed.errors.as_slice();
    let text = |id: &'static str, label: &'static str, hint: &'static str, value: &str| {
        let value = textarea_text(value);
        field(
            id,
            label,
            Some(hint),
            field_error(errors, id),
            |id, described, invalid| {
                view! { <textarea class="input" id=id name=id rows="6" dir="auto" aria-describedby=described aria-invalid=invalid>{value}</textarea> }.into_any()
            },
        )
    };
    let texts = &typed.form;
    let body = view! {
        <p class="soft">"They stand on a page that every page of the shop links to. Plain text; empty lines part paragraphs."</p>
        <form class="terms stack" method="post" action="/manage/texts">
            {text("imprint", "Who sells", "Name, address, and how to reach you", &texts.imprint)}
            {text("conditions", "Conditions", "What holds for a sale", &texts.conditions)}
            {text("returns", "Returns", "How to send something back, and who pays for it", &texts.returns)}
            {text("privacy", "Privacy", "What is kept about buyers, and for how long", &texts.privacy)}
            <button class="button" r#type="submit">"Save"</button>
        </form>
    }
    .into_any();
    let fields = ["imprint", "conditions", "returns", "privacy"];
    page(site, viewer, Part::Texts, "Texts", typed, &fields, body)
}
