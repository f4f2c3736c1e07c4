//! `/manage/ledger`: every balance, and the entries that make it.

use domain::{
    identity::Viewer,
    ledger::{Account, shown},
};
use leptos::prelude::*;
use services::ledger::{Balance, Explained, Posted};

use super::parts::{Place, empty, filters, framed};
use crate::{Site, checkout::parts::brief, icon::Icon};

/// What the list shows.
#[derive(Debug, Clone, Copy)]
pub struct Books<'a> {
    /// Real money, or tests.
    pub live: bool,
    /// The balances, by currency and account.
    pub balances: &'a [Balance],
    /// The month that the report offers, as `2026-11`.
    pub month: &'a str,
}

/// The value of `?books=`.
const fn mode(live: bool) -> &'static str {
    if live { "live" } else { "test" }
}

/// Every balance of the shop.
#[must_use]
pub fn ledger(site: &Site, viewer: &Viewer, books: &Books<'_>) -> String {
    let entries = [(true, "Real money"), (false, "Tests")]
        .into_iter()
        .map(|(live, label)| {
            let href = format!("/manage/ledger?books={}", mode(live));
            (label.to_owned(), href, live == books.live)
        })
        .collect();
    let list = if books.balances.is_empty() {
        empty(
            "Nothing here yet",
            "Each payment, refund, fee and dispute is written here the moment it happens, twice over, so that nothing can get lost.",
            None,
        )
    } else {
        let rows = books
            .balances
            .iter()
            .map(|balance| row(balance, books.live))
            .collect_view();
        view! {
            <table class="rows ledger">
                <thead>
                    <tr><th scope="col">"Account"</th><th scope="col" class="end">"Entries"</th><th scope="col" class="end">"Balance"</th></tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        }
        .into_any()
    };
    let main = view! {
        <p><a class="link" href="/manage/payments">{Icon::Back.svg()} "Payments"</a></p>
        <div class="head"><h1>"Ledger"</h1></div>
        {filters("Which books", entries)}
        {list}
        {report(books)}
    }
    .into_any();
    framed(site, viewer, Place::Payments, "Ledger", main)
}

/// The reports of the last months.
fn report(books: &Books<'_>) -> AnyView {
    let months = last_months(books.month)
        .into_iter()
        .map(|month| {
            let href = format!(
                "/manage/ledger/month.csv?books={}&month={month}",
                mode(books.live)
            );
            view! { <li><a class="link figure" download href=href>{month}</a></li> }
        })
        .collect_view();
    view! {
        <section class="refund" aria-labelledby="report-title">
            <h2 id="report-title">"A month by place of tax, as CSV"</h2>
            <ul class="filters">{months}</ul>
        </section>
    }
    .into_any()
}

/// How many reports are offered.
const MONTHS: usize = 12;

/// A month written as `2026-11` and those before it; none for anything else.
fn last_months(month: &str) -> Vec<String> {
    let read = |text: &str| text.parse::<i64>().ok();
    let Some((year, month)) = month
        .split_once('-')
        .and_then(|(year, month)| read(year).zip(read(month)))
    else {
        return Vec::new();
    };
    (0_i64..)
        .take(MONTHS)
        .map(|back| year * 12 + month - 1 - back)
        .map(|month| {
            format!(
                "{:04}-{:02}",
                month.div_euclid(12),
                month.rem_euclid(12) + 1
            )
        })
        .collect()
}

/// An account with where it is taxed.
fn name(balance: &Balance) -> String {
    if balance.jurisdiction.is_empty() {
        balance.account.words().to_owned()
    } else {
        format!("{}, {}", balance.account.words(), balance.jurisdiction)
    }
}

/// Where a balance is explained.
fn address(balance: &Balance, live: bool) -> String {
    format!(
        "/manage/ledger/{}?books={}&currency={}&place={}",
        balance.account.as_str(),
        mode(live),
        balance.currency,
        balance.jurisdiction
    )
}

/// An amount with its sign: minus where it is below zero.
fn amount(account: Account, minor: i64, currency: domain::money::Currency) -> String {
    let money = shown(account, minor, currency);
    let sign = if money.minor < 0 { "\u{2212}" } else { "" };
    let whole = domain::money::Money {
        minor: money.minor.checked_abs().unwrap_or(i64::MAX),
        ..money
    };
    format!("{sign}{whole}")
}

fn row(balance: &Balance, live: bool) -> AnyView {
    view! {
        <tr>
            <td class="row-key"><a href=address(balance, live)>{name(balance)}</a></td>
            <td class="end figure soft">{balance.entries}</td>
            <td class="row-sum end figure">{amount(balance.account, balance.minor, balance.currency)}</td>
        </tr>
    }
    .into_any()
}

/// The entries that make a balance, `skip` newer ones left out.
#[must_use]
pub fn explained(
    site: &Site,
    viewer: &Viewer,
    live: bool,
    explained: &Explained,
    skip: u32,
) -> String {
    let balance = &explained.balance;
    let rows = explained
        .entries
        .iter()
        .map(|(posted, after)| entry(posted, *after))
        .collect_view();
    let shown = u32::try_from(explained.entries.len()).unwrap_or(0);
    let older = explained.has_more.then(|| {
        let href = format!("{}&skip={}", address(balance, live), skip.saturating_add(shown));
        view! { <nav class="pages" aria-label="Pages"><a class="link" rel="next" href=href>"Older entries"</a></nav> }
    });
    let title = name(balance);
    let main = view! {
        <p><a class="link" href=format!("/manage/ledger?books={}", mode(live))>{Icon::Back.svg()} "Ledger"</a></p>
        <div class="head">
            <h1>{title.clone()}</h1>
            <p class="figure">{amount(balance.account, balance.minor, balance.currency)}</p>
        </div>
        <table class="rows ledger">
            <thead>
                <tr>
                    <th scope="col">"Why"</th>
                    <th scope="col">"Order"</th>
                    <th scope="col" class="end">"When"</th>
                    <th scope="col" class="end">"Amount"</th>
                    <th scope="col" class="end">"Balance"</th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
        {older}
    }
    .into_any();
    framed(site, viewer, Place::Payments, &title, main)
}

fn entry(posted: &Posted, after: i64) -> AnyView {
    let Posted { entry, .. } = posted;
    view! {
        <tr>
            <td>{posted.kind.words()}</td>
            <td class="row-key"><a class="figure" href=format!("/manage/orders/{}", posted.order)>{format!("No. {}", posted.number)}</a></td>
            <td class="row-when end figure soft">{brief(posted.at)}</td>
            <td class="row-sum end figure">{amount(entry.account, entry.minor, entry.currency)}</td>
            <td class="end figure soft">{amount(entry.account, after, entry.currency)}</td>
        </tr>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::last_months;

    #[test]
    fn months_go_back_over_the_year() {
        let months = last_months("2026-02");
        assert_eq!(
            (months.len(), months[0].as_str(), months[2].as_str()),
            (12, "2026-02", "2025-12")
        );
        assert!(last_months("soon").is_empty());
    }
}
