//! `/manage/orders` and `/manage/orders/{id}`.

use domain::{
    checkout::{Filter, Order, State},
    identity::Viewer,
};
use leptos::prelude::*;
use services::checkout::OrderPage;

use super::{
    parts::{Place, empty, filters, framed},
    refund::{self, Refunding},
};
use crate::{
    Site,
    checkout::{
        page::sent_to,
        parts::{Whose, address, brief, lines, moment},
    },
    flash,
    icon::Icon,
};

/// The lists, as they are called in addresses (`?show=`) and on the page.
const LISTS: [(Filter, &str, &str); 4] = [
    (Filter::All, "all", "All"),
    (Filter::ToPack, "to-pack", "To pack"),
    (Filter::Sent, "sent", "Sent"),
    (Filter::Unpaid, "unpaid", "Not paid"),
];

/// Reads `?show=`; anything unknown shows all.
#[must_use]
pub fn filter(text: &str) -> Filter {
    LISTS
        .into_iter()
        .find(|(_, name, _)| *name == text)
        .map_or_else(Filter::default, |(filter, ..)| filter)
}

/// A page of the orders of the shop, newest first as given. `is_first`: no newer ones come before it.
#[must_use]
pub fn orders(
    site: &Site,
    viewer: &Viewer,
    page: &OrderPage,
    filter: Filter,
    is_first: bool,
) -> String {
    let entries = LISTS
        .into_iter()
        .map(|(list, name, label)| {
            let href = format!("/manage/orders?show={name}");
            (
                format!("{label} {}", page.count(list)),
                href,
                list == filter,
            )
        })
        .collect();
    let list = if !page.orders.is_empty() {
        let orders: Vec<&Order> = page.orders.iter().collect();
        table(&orders)
    } else if page.counts.is_empty() {
        empty(
            "No orders yet",
            "The first one appears here the moment somebody pays. Publish a product and share its link.",
            Some(
                view! { <a class="button quiet" href="/manage/products">"Go to products"</a> }
                    .into_any(),
            ),
        )
    } else {
        empty(
            "None of these",
            "No order stands like this at the moment.",
            None,
        )
    };
    let main = view! {
        <div class="head"><h1>"Orders"</h1></div>
        {filters("Which orders", entries)}
        {list}
        {pages(filter, is_first, page.next)}
    }
    .into_any();
    framed(site, viewer, Place::Orders, "Orders", main)
}

/// The ways to the other pages of a list; nothing where it has one page.
fn pages(filter: Filter, is_first: bool, next: Option<u32>) -> Option<AnyView> {
    let show = LISTS.into_iter().find(|(list, ..)| *list == filter)?.1;
    let newest = (!is_first)
        .then(|| view! { <a class="link" href=format!("/manage/orders?show={show}")>"Newest"</a> });
    let older = next.map(|before| {
        let href = format!("/manage/orders?show={show}&before={before}");
        view! { <a class="link" rel="next" href=href>"Older orders"</a> }
    });
    (newest.is_some() || older.is_some())
        .then(|| view! { <nav class="pages" aria-label="Pages">{newest} {older}</nav> }.into_any())
}

/// Orders as rows. The number leads to the order.
pub(super) fn table(orders: &[&Order]) -> AnyView {
    let rows = orders.iter().map(|order| row(order)).collect_view();
    view! {
        <table class="rows orders">
            <thead>
                <tr>
                    <th scope="col">"Order"</th>
                    <th scope="col">"What"</th>
                    <th scope="col">"For"</th>
                    <th scope="col" class="end">"Total"</th>
                    <th scope="col">"State"</th>
                    <th scope="col" class="end">"Made"</th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}

fn row(order: &Order) -> impl IntoView + use<> {
    let first = order.lines.first();
    let quantity = first.map_or(0, |line| line.quantity);
    let what = first.map(domain::checkout::Line::name).unwrap_or_default();
    let counted =
        (quantity > 1).then(|| view! { <span class="figure">{format!("{quantity} × ")}</span> });
    let more = (order.lines.len() > 1).then(|| format!(" and {} more", order.lines.len() - 1));
    let buyer = order.buyer.as_ref().map_or_else(
        || view! { <span class="soft">"Not known yet"</span> }.into_any(),
        |buyer| view! { <bdi>{buyer.name.clone()}</bdi> }.into_any(),
    );
    view! {
        <tr>
            <td class="row-key"><a class="figure" href=format!("/manage/orders/{}", order.id)>{format!("No. {}", order.number)}</a></td>
            <td class="row-what">{counted} <bdi>{what}</bdi> {more}</td>
            <td class="row-who">{buyer}</td>
            <td class="row-sum end figure">{order.total.to_string()}</td>
            <td class="row-state">{state(order)}</td>
            <td class="row-when end figure soft">{brief(order.created_at)}</td>
        </tr>
    }
}

/// The state as text, with a mark that also differs in shape, and whether it was only a test.
fn state(order: &Order) -> AnyView {
    let (class, label) = match order.state {
        State::Paid => ("state todo", "To pack"),
        State::Sent => ("state done", State::Sent.words()),
        State::RefundDue => ("state bad", State::RefundDue.words()),
        State::Refunded => ("state", State::Refunded.words()),
        other if other.open() => ("state open", other.words()),
        other => ("state", other.words()),
    };
    view! {
        <span class=class>{label}</span>
        {order.test.then(|| view! { <span class="test-tag">"Test"</span> })}
    }
    .into_any()
}

/// One order: what to pack, where it goes, how it stands.
#[must_use]
pub fn order(site: &Site, viewer: &Viewer, order: &Order, refunding: &Refunding<'_>) -> String {
    let send = (order.state == State::Paid).then(|| {
        view! {
            <form method="post" action=format!("/manage/orders/{}/send", order.id)>
                <button class="button large" r#type="submit">"Mark as sent"</button>
            </form>
        }
    });
    let to = order.buyer.as_ref().map_or_else(
        || view! { <p class="soft">"Name and address appear here once the buyer has filled in the payment form."</p> }.into_any(),
        |buyer| {
            view! {
                {address(&sent_to(buyer, order))}
                <p><a href=format!("mailto:{}", buyer.email)><bdi>{buyer.email.clone()}</bdi></a></p>
            }
            .into_any()
        },
    );
    let fact = |name: &'static str, value: AnyView| {
        view! { <div><dt>{name}</dt><dd>{value}</dd></div> }.into_any()
    };
    let facts = [
        Some(fact("Made", moment(order.created_at).into_any())),
        order.paid_at.map(|at| fact("Paid", moment(at).into_any())),
        order.sent_at.map(|at| fact("Sent", moment(at).into_any())),
        order
            .state
            .payable()
            .then(|| fact("Reserved until", moment(order.held_until).into_any())),
        order.receipt.map(|number| {
            fact(
                "Receipt",
                view! { <span class="figure">{number}</span> }.into_any(),
            )
        }),
    ];
    let facts = facts.into_iter().flatten().collect_view();
    let declined = order
        .declined
        .as_deref()
        .filter(|_| !order.state.has_money())
        .map(flash::warning);
    let test = order
        .test
        .then(|| flash::warning("Test order: no money moved. Do not send anything."));
    let title = format!("Order {}", order.number);
    let main = view! {
        <p><a class="link" href="/manage/orders">{Icon::Back.svg()} "Orders"</a></p>
        <div class="head">
            <h1>{title.clone()}</h1>
            <p>{refund::standing_of(order, refunding).unwrap_or_else(|| state(order))}</p>
            {send}
        </div>
        {refunding.message.map(flash::success)}
        {test}
        {declined}
        {refund::errors(refunding)}
        <div class="pair">
            <section><h2>"Pack"</h2>{lines(order, Whose::Seller)}</section>
            <section>
                <h2>"Goes to"</h2>
                {to}
                <dl class="facts">{facts}</dl>
                <p><a class="link" href=format!("/order/{}", order.token)>"What the buyer sees"</a></p>
            </section>
        </div>
        {refund::section(order, refunding)}
    }
    .into_any();
    framed(site, viewer, Place::Orders, &title, main)
}
