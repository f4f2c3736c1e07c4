//! What is bought, in rows.

use domain::{
    checkout::{Line, Order},
    money::Money,
    quote::LineTax,
    tax::written,
    time::UnixMs,
};
use leptos::{html, prelude::*};

use crate::media::parts::thumbnail;

/// Who reads the lines of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    Buyer,
    /// Is told the shop's own numbers as well.
    Seller,
}

/// The lines of an order and their sum, as a table that reads like a receipt.
pub(crate) fn lines(order: &Order, whose: Whose) -> AnyView {
    let rows = order
        .lines
        .iter()
        .map(|of_order| line(of_order, whose))
        .collect_view();
    view! {
        <table class="lines">
            <thead class="unseen">
                <tr><th scope="col">"What"</th><th scope="col">"Price"</th></tr>
            </thead>
            <tbody>{rows}</tbody>
            <tfoot>
                {parts(order)}
                <tr>
                    <th scope="row">"In all"</th>
                    <td class="figure"><strong>{order.total.to_string()}</strong></td>
                </tr>
                {included(order)}
            </tfoot>
        </table>
    }
    .into_any()
}

/// What stands between the goods and the total: a code, the delivery, taxes on top.
fn parts(order: &Order) -> AnyView {
    let currency = order.total.currency;
    let row = |name: AnyView, amount: String| {
        view! { <tr class="part"><th scope="row">{name}</th><td class="figure">{amount}</td></tr> }
    };
    let money = |minor: i64| Money { minor, currency }.to_string();
    let discount = order.discount();
    let code = (discount > 0).then(|| {
        let code = order
            .code
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default();
        row(
            format!("Code {code}").into_any(),
            format!("−{}", money(discount)),
        )
    });
    let delivery = order.delivery.as_ref().map(|delivery| {
        let name = view! { <bdi>{delivery.name.clone()}</bdi> }.into_any();
        // What a code takes off it stands in the line of the code.
        let amount = match delivery.amounts.unit {
            0 => "free".to_owned(),
            minor => money(minor),
        };
        row(name, amount)
    });
    let taxes = order
        .taxes()
        .into_iter()
        .filter(|(tax, _)| !tax.inclusive)
        .map(|(tax, minor)| row(tax_name(&tax).into_any(), money(minor)))
        .collect_view();
    view! { {code} {delivery} {taxes} }.into_any()
}

/// The taxes that the total includes.
fn included(order: &Order) -> AnyView {
    let currency = order.total.currency;
    order
        .taxes()
        .into_iter()
        .filter(|(tax, minor)| tax.inclusive && *minor > 0)
        .map(|(tax, minor)| {
            let text = format!("Includes {} {}", Money { minor, currency }, tax_name(&tax));
            view! { <tr class="part"><td class="soft small" colspan="2">{text}</td></tr> }
        })
        .collect_view()
        .into_any()
}

/// `tax (DE, 19 %)`.
fn tax_name(tax: &LineTax) -> String {
    let name = if tax.inclusive { "tax" } else { "Tax" };
    format!("{name} ({}, {})", tax.place, written(tax.ppm))
}

fn line(line: &Line, whose: Whose) -> AnyView {
    let sku = (whose == Whose::Seller && !line.sku.is_empty())
        .then(|| view! { <span class="soft small">"SKU " <bdi>{line.sku.clone()}</bdi></span> });
    let counted = (line.quantity > 1)
        .then(|| view! { <span class="soft figure">{format!("{} × {}", line.quantity, line.price)}</span> });
    view! {
        <tr>
            <th scope="row">
                <span class="line-what">
                    {thumbnail(line.photo.as_ref())}
                    <span>
                        <a href=format!("/p/{}", line.slug)><bdi>{line.title.clone()}</bdi></a>
                        {(!line.choice.is_empty()).then(|| view! { <span class="soft" dir="auto">{line.choice.clone()}</span> })}
                        {sku}
                        {counted}
                    </span>
                </span>
            </th>
            <td class="figure">{line.total.to_string()}</td>
        </tr>
    }
    .into_any()
}

/// How a moment is written; the word that `time.js` knows it by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Moment,
    Brief,
    Clock,
}

impl Form {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Moment => "moment",
            Self::Brief => "brief",
            Self::Clock => "clock",
        }
    }
}

/// A page rendered on the server knows no time zone but UTC, and says so; `time.js` writes the reader's own in its place. The
/// page asks for it with [`crate::document::Head::with_moments`].
fn time(at: UnixMs, form: Form, written: &str) -> AnyView {
    html::time()
        .attr("datetime", at.rfc3339())
        .attr("data-time", form.as_str())
        .child(format!("{written} UTC"))
        .into_any()
}

/// A moment in full: `22 November 2026, 14:05 UTC`.
pub(crate) fn moment(at: UnixMs) -> AnyView {
    time(at, Form::Moment, &at.written())
}

/// A moment as a column of them shows it: `22 Nov 2026, 14:05 UTC`.
pub(crate) fn brief(at: UnixMs) -> AnyView {
    let written = at.written();
    let parts: Vec<&str> = written.splitn(3, ' ').collect();
    let text = match parts[..] {
        [day, month, rest] => format!("{day} {} {rest}", month.chars().take(3).collect::<String>()),
        _ => written,
    };
    time(at, Form::Brief, &text)
}

/// Only the time of day of a moment.
pub(super) fn time_of_day(at: UnixMs) -> AnyView {
    let (hour, minute, _) = at.clock();
    time(at, Form::Clock, &format!("{hour:02}:{minute:02}"))
}

/// An address as it was typed.
pub(crate) fn address(text: &str) -> AnyView {
    let lines = text
        .lines()
        .map(|line| view! { <span dir="auto">{line.to_owned()}</span> })
        .collect_view();
    view! { <address class="address">{lines}</address> }.into_any()
}
