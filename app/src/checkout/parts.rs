//! What is bought, in rows.

use domain::{
    checkout::{Line, Order},
    time::UnixMs,
};
use leptos::prelude::*;

use crate::media::parts::thumbnail;

/// The lines of an order and their sum, as a table that reads like a receipt.
pub(crate) fn lines(order: &Order) -> AnyView {
    let rows = order.lines.iter().map(line).collect_view();
    view! {
        <table class="lines">
            <thead class="unseen">
                <tr><th scope="col">"What"</th><th scope="col">"Price"</th></tr>
            </thead>
            <tbody>{rows}</tbody>
            <tfoot>
                <tr>
                    <th scope="row">"In all"</th>
                    <td class="figure"><strong>{order.total.full()}</strong></td>
                </tr>
            </tfoot>
        </table>
    }
    .into_any()
}

fn line(line: &Line) -> AnyView {
    let counted = (line.quantity > 1)
        .then(|| view! { <span class="soft figure">{format!("{} × {}", line.quantity, line.price.full())}</span> });
    view! {
        <tr>
            <th scope="row">
                <span class="line-what">
                    {thumbnail(line.photo.as_ref())}
                    <span>
                        <a href=format!("/p/{}", line.slug)><bdi>{line.title.clone()}</bdi></a>
                        {counted}
                    </span>
                </span>
            </th>
            <td class="figure">{line.total.full()}</td>
        </tr>
    }
    .into_any()
}

/// A moment in full. It names its time zone, because a page rendered on the server knows no other than UTC.
pub(crate) fn moment(at: UnixMs) -> impl IntoView {
    view! { <time datetime=at.rfc3339()>{format!("{} UTC", at.written())}</time> }
}

/// A moment as a column of them shows it: `22 Nov 2026, 14:05`.
pub(crate) fn brief(at: UnixMs) -> impl IntoView {
    let written = at.written();
    let parts: Vec<&str> = written.splitn(3, ' ').collect();
    let text = match parts[..] {
        [day, month, rest] => format!("{day} {} {rest}", month.chars().take(3).collect::<String>()),
        _ => written,
    };
    view! { <time datetime=at.rfc3339()>{text}</time> }
}

/// Only the time of day of a moment.
pub(super) fn time_of_day(at: UnixMs) -> impl IntoView {
    let (hour, minute, _) = at.clock();
    view! { <time datetime=at.rfc3339()>{format!("{hour:02}:{minute:02} UTC")}</time> }
}

/// An address as it was typed.
pub(crate) fn address(text: &str) -> AnyView {
    let lines = text
        .lines()
        .map(|line| view! { <span dir="auto">{line.to_owned()}</span> })
        .collect_view();
    view! { <address class="address">{lines}</address> }.into_any()
}
