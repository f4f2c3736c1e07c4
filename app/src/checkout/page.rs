//! `/checkout/{token}` and `/order/{token}`.

use domain::{
    checkout::{Buyer, Order, PayForm, State},
    identity::Shop,
    invalid::Invalid,
    payment::Provider,
    terms::Terms,
};
use leptos::prelude::*;
use services::payment::Refunds;

pub use super::refusal::{Press, confirm, price_changed, sold_out};
use super::{
    parts::{Whose, address, lines, moment, time_of_day},
    terms,
};
use crate::{
    Site,
    document::{Head, Surface, document},
    flash,
    form::{error_summary, field, field_error, textarea_text},
    icon::Icon,
    payment,
    shop::parts::{footer, front, header},
};

/// Seconds after which the page of an order reloads while the result of its payment is not known.
const REFRESH_S: u32 = 3;

/// Asks for a new total as soon as something is chosen that changes it.
const CHECKOUT_SCRIPT: &str = "checkout.js";

/// The summary and the payment form. `form` is what was typed before; `problem` is what came of the last try, about a field of
/// the form or, with an empty one, about none; `provider` takes the payment.
///
/// An order that can no longer be paid (expired, cancelled) shows why and the way back to the product.
#[must_use]
pub fn checkout(
    site: &Site,
    shop: &Shop,
    terms: &Terms,
    order: &Order,
    form: &PayForm,
    problem: Option<&Invalid>,
    provider: Provider,
) -> String {
    let mut head = Head::new(Surface::Shop, format!("Checkout · {}", shop.name)).with_moments();
    let body = if order.state.payable() || order.state == State::Redirected {
        head.boot = Some(CHECKOUT_SCRIPT);
        payable(site, terms, order, form, problem, provider)
    } else {
        closed(shop, order)
    };
    let lines = lines(order, Whose::Buyer);
    let takes_code = terms.has_codes || order.code.is_some() || !form.code.is_empty();
    let code = (order.state.payable() && takes_code)
        .then(|| terms::code(order, form, &errors(terms, form, problem)));
    document(site, head, || {
        view! {
            {header(shop)}
            <main id="main" class="order-layout">
                <section class="order-main">{body}</section>
                <aside class="order-side" aria-labelledby="bought">
                    <h2 id="bought">"What you buy"</h2>
                    {lines}
                    {code}
                </aside>
            </main>
            {footer(shop)}
        }
    })
}

fn payable(
    site: &Site,
    terms: &Terms,
    order: &Order,
    form: &PayForm,
    problem: Option<&Invalid>,
    provider: Provider,
) -> AnyView {
    let errors = errors(terms, form, problem);
    // While a page of the processor is open, what it costs stays.
    let is_open = order.state == State::Redirected;
    let refusal = problem
        .map(|problem| problem.message.as_str())
        .filter(|_| errors.is_empty())
        .or(order.declined.as_deref().filter(|_| problem.is_none()));
    let how = match provider {
        Provider::Test => site.test_payments.then(|| payment::outcomes(&form.outcome)),
        Provider::Stripe => Some(payment::elsewhere(order)),
    };
    view! {
        <h1>"Almost yours"</h1>
        <p class="soft">"Reserved for you until " {time_of_day(order.held_until)} "."</p>
        {refusal.map(flash::error)}
        {error_summary("Not paid", &errors, &FIELDS)}
        // The shop checks all fields at once; a browser would stop at the first.
        <form class="stack" method="post" novalidate id=terms::PAY_FORM action=format!("/checkout/{}/pay", order.token) data-checkout>
            {field("email", "Email", Some("For the receipt and questions about your parcel"), field_error(&errors, "email"), |id, described, invalid| {
                view! {
                    <input class="input" id=id name="email" r#type="email" autocomplete="email" inputmode="email" required dir="auto" aria-describedby=described aria-invalid=invalid value=form.email.clone() />
                }.into_any()
            })}
            {field("name", "Name", None, field_error(&errors, "name"), |id, described, invalid| {
                view! {
                    <input class="input" id=id name="name" autocomplete="name" required maxlength="100" dir="auto" aria-describedby=described aria-invalid=invalid value=form.name.clone() />
                }.into_any()
            })}
            {(!is_open).then(|| terms::destination(terms, order, form, &errors))}
            {field("address", "Address", Some(if terms.asks_country() { "Street, and town with postcode where there is one" } else { "Street, town with postcode, country" }), field_error(&errors, "address"), |id, described, invalid| {
                view! {
                    <textarea class="input" id=id name="address" autocomplete="street-address" required rows="3" maxlength="500" dir="auto" aria-describedby=described aria-invalid=invalid>{textarea_text(&form.address)}</textarea>
                }.into_any()
            })}
            {(!is_open).then(|| terms::delivery(terms, order))}
            {how}
            <input r#type="hidden" name="total_seen_minor" value=order.total.minor.to_string() />
            <button class="button large whole" r#type="submit">{pay_label(order)}</button>
        </form>
        {(order.state == State::Redirected).then(|| view! {
            <form method="post" action=format!("/checkout/{}/cancel", order.token)>
                <button class="button quiet whole" r#type="submit">"Give the order up"</button>
            </form>
        })}
    }
    .into_any()
}

/// The fields whose errors stand beside them; their ids have the same names.
const FIELDS: [&str; 6] = ["email", "name", "country", "region", "address", "code"];

/// What is wrong with the fields. Where the last try stopped at the first that is wrong, all of them are named at once.
fn errors(terms: &Terms, form: &PayForm, problem: Option<&Invalid>) -> Vec<Invalid> {
    let Some(problem) = problem.filter(|problem| FIELDS.contains(&problem.field)) else {
        return Vec::new();
    };
    let errors = form.errors(terms);
    if errors.first() == Some(problem) {
        return errors;
    }
    // Only the shop knows what is wrong with a code.
    vec![problem.clone()]
}

/// What the button says: that it costs money, and how much (Directive 2011/83/EU, article 8(2)).
fn pay_label(order: &Order) -> String {
    if order.total.minor == 0 {
        "Order for nothing".to_owned()
    } else {
        format!("Pay {}", order.total)
    }
}

/// Why an order cannot be paid now, and where to go on.
fn closed(shop: &Shop, order: &Order) -> AnyView {
    let again = order
        .lines
        .first()
        .map_or_else(|| front(shop), |line| format!("/p/{}", line.slug));
    let (title, text, label, href) = match order.state {
        State::Expired => (
            "The reservation has ended",
            "Nothing was paid in time, and the pieces went back on sale. You can buy again.",
            "Back to the product",
            again,
        ),
        State::Cancelled => (
            "This order was cancelled",
            "Nothing was paid. You can buy again.",
            "Back to the product",
            again,
        ),
        _ => (
            "This order is on its way through",
            "Its payment has already been started; the order page says how it stands.",
            "See the order",
            format!("/order/{}", order.token),
        ),
    };
    view! {
        <h1>{title}</h1>
        <p class="lead">{text}</p>
        <p><a class="button large" href=href>{label}</a></p>
    }
    .into_any()
}

/// The order and, once paid, its receipt. While the result of the payment is not known, the page reloads itself.
#[must_use]
pub fn order(site: &Site, shop: &Shop, order: &Order, refunds: &Refunds) -> String {
    let mut head = Head::new(
        Surface::Shop,
        format!("Order {} · {}", order.number, shop.name),
    )
    .with_moments();
    if order.state.open() && order.state != State::Redirected {
        head.refresh = Some(REFRESH_S);
    }
    let lines = lines(order, Whose::Buyer);
    let status = status(shop, order);
    let back = payment::given_back(refunds);
    let receipt = receipt(shop, order);
    document(site, head, || {
        view! {
            {header(shop)}
            <main id="main" class="order-layout" data-order-state=order.state.as_str()>
                <section class="order-main">{status} {back}</section>
                <aside class="order-side receipt" aria-labelledby="receipt">
                    {receipt}
                    {lines}
                    {order.test.then(|| view! { <p class="test-mark">"Test order: no money moved and nothing will be sent."</p> })}
                </aside>
            </main>
            {footer(shop)}
        }
    })
}

/// Everything that stands on the parcel.
pub(crate) fn sent_to(buyer: &Buyer, order: &Order) -> String {
    let country = order.destination.as_ref().map(|place| {
        let region = place.region.as_ref().map(|region| format!("\n{region}"));
        format!("{}\n{}", region.unwrap_or_default(), place.country.name())
    });
    format!(
        "{}\n{}{}",
        buyer.name,
        buyer.address,
        country.unwrap_or_default()
    )
}

/// The state of the order, and what comes next.
fn status(shop: &Shop, order: &Order) -> AnyView {
    let thanks = order
        .buyer
        .as_ref()
        .map(|buyer| view! { ", " <bdi>{buyer.name.clone()}</bdi> });
    let to = order.buyer.as_ref().map(|buyer| {
        view! {
            <h2 class="minor">"Goes to"</h2>
            {address(&sent_to(buyer, order))}
        }
    });
    let keep = view! { <p class="soft">"Keep the address of this page: it is your order and your receipt."</p> };
    match order.state {
        State::Paid => view! {
            <p class="standing good">{Icon::Check.svg()} "Paid"</p>
            <h1>"Thank you" {thanks}</h1>
            <p class="lead"><bdi>{shop.name.clone()}</bdi> " has your order and packs it next."</p>
            {to}
            {keep}
        }
        .into_any(),
        State::Sent => view! {
            <p class="standing good">{Icon::Check.svg()} "Sent"</p>
            <h1>"It is on its way"</h1>
            <p class="lead"><bdi>{shop.name.clone()}</bdi> " sent your parcel" {order.sent_at.map(|at| view! { " on " {moment(at)} })} "."</p>
            {to}
            {keep}
        }
        .into_any(),
        State::Paying | State::Pending => view! {
            <p class="standing">"Waiting for the bank"</p>
            <h1>"We do not know yet"</h1>
            <p class="lead" role="status">
                "The bank has not answered. This page asks again every few seconds and shows the end as soon as there is one."
            </p>
            <p>"Please do not pay a second time: your pieces stay reserved until the bank answers."</p>
        }
        .into_any(),
        State::Refunded => view! {
            <p class="standing">"Called off"</p>
            <h1>"Nothing will be sent"</h1>
            <p class="lead"><bdi>{shop.name.clone()}</bdi> {if order.total.minor == 0 { " called it off. It had cost nothing." } else { " gives back what you paid." }}</p>
            {keep}
        }
        .into_any(),
        State::Held | State::Declined | State::Redirected => view! {
            {order.declined.as_deref().map(flash::warning)}
            <h1>"Not paid yet"</h1>
            <p class="lead">"Reserved for you until " {time_of_day(order.held_until)} "."</p>
            <p><a class="button large" href=format!("/checkout/{}", order.token)>{format!("Pay {}", order.total)}</a></p>
        }
        .into_any(),
        State::RefundDue => view! {
            <p class="standing">"Refund due"</p>
            <h1>"Sold before the bank answered"</h1>
            <p class="lead">
                "Your payment arrived after the reservation had ended and the last piece was gone. "
                <bdi>{shop.name.clone()}</bdi>
                {format!(" returns {}; you need do nothing.", order.total)}
            </p>
        }
        .into_any(),
        State::Expired | State::Cancelled => closed(shop, order),
    }
}

fn receipt(shop: &Shop, order: &Order) -> AnyView {
    let title = order
        .receipt
        .map_or_else(|| "Order".to_owned(), |number| format!("Receipt {number}"));
    let row = |name: &'static str, value: AnyView| {
        view! { <div><dt>{name}</dt><dd>{value}</dd></div> }.into_any()
    };
    let number = row(
        "Order",
        view! { <span class="figure">{order.number.to_string()}</span> }.into_any(),
    );
    let from = row("From", view! { <bdi>{shop.name.clone()}</bdi> }.into_any());
    let paid = order.paid_at.map(|at| row("Paid", moment(at).into_any()));
    let made = (order.paid_at.is_none()).then(|| row("Made", moment(order.created_at).into_any()));
    let email = order
        .buyer
        .as_ref()
        .map(|buyer| row("To", view! { <bdi>{buyer.email.clone()}</bdi> }.into_any()));
    view! {
        <h2 id="receipt">{title}</h2>
        <dl class="facts">{number} {from} {paid} {made} {email}</dl>
    }
    .into_any()
}
