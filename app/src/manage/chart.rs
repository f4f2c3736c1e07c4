//! Sales of the last days as a small chart drawn on the server, its values written beside it.

use domain::{
    money::{Currency, Money},
    time::UnixMs,
};
use leptos::prelude::*;
use services::checkout::DaySales;

const DAY_MS: i64 = 86_400_000;
/// Days shown: two weeks, so that a weekday stands beside its like.
pub const DAYS: usize = 14;

/// What was paid on one day (UTC).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Day {
    start: UnixMs,
    pub(super) orders: u32,
    pub(super) minor: i64,
}

/// The last [`DAYS`] days up to `now`, oldest first. Test orders count like others, since they are marked everywhere.
pub(super) fn days(sales: &[DaySales], now: UnixMs) -> Vec<Day> {
    let today = now.0.div_euclid(DAY_MS);
    let first = today - (DAYS as i64 - 1);
    let mut days: Vec<Day> = (first..=today)
        .map(|day| Day {
            start: UnixMs(day.saturating_mul(DAY_MS)),
            orders: 0,
            minor: 0,
        })
        .collect();
    for sold in sales {
        let index = usize::try_from(sold.day - first).ok();
        if let Some(day) = index.and_then(|index| days.get_mut(index)) {
            day.orders = day.orders.saturating_add(sold.orders);
            day.minor = day.minor.saturating_add(sold.minor);
        }
    }
    days
}

/// `22 Nov`.
fn short(day: &Day) -> String {
    let written = day.start.written();
    let mut parts = written.split(' ');
    let number = parts.next().unwrap_or_default();
    let month: String = parts.next().unwrap_or_default().chars().take(3).collect();
    format!("{number} {month}")
}

/// One bar a day over a base line; the best day and the last carry their value.
pub(super) fn chart(days: &[Day], currency: Currency) -> AnyView {
    const WIDTH: usize = 560;
    const HEIGHT: i64 = 96;
    let most = days.iter().map(|day| day.minor).max().unwrap_or(0).max(1);
    let step = WIDTH / days.len().max(1);
    let bars = days
        .iter()
        .enumerate()
        .map(|(index, day)| {
            let height = i64::try_from(i128::from(day.minor) * i128::from(HEIGHT) / i128::from(most)).unwrap_or(0);
            let height = if day.minor > 0 { height.max(3) } else { 0 };
            let label = format!("{}: {}", short(day), Money { minor: day.minor, currency });
            view! {
                <g>
                    <rect class="bar-ground" x=(index * step).to_string() y="0" width=step.to_string() height=HEIGHT.to_string()></rect>
                    <rect
                        class="bar-value"
                        x=(index * step + 5).to_string()
                        y=(HEIGHT - height).to_string()
                        width=(step - 10).to_string()
                        height=height.to_string()
                        rx="2"
                    ></rect>
                    <title>{label}</title>
                </g>
            }
        })
        .collect_view();
    let total: i64 = days
        .iter()
        .map(|day| day.minor)
        .fold(0, i64::saturating_add);
    let label = format!(
        "Sales a day (UTC) over the last {} days, {} in all",
        days.len(),
        Money {
            minor: total,
            currency
        }
    );
    let best = days
        .iter()
        .filter(|day| day.minor > 0)
        .max_by_key(|day| day.minor);
    let ends = (
        days.first().map(short).unwrap_or_default(),
        days.last().map(short).unwrap_or_default(),
    );
    view! {
        <figure class="chart">
            <svg viewBox=format!("0 0 {WIDTH} {HEIGHT}") preserveAspectRatio="none" role="img" aria-label=label>
                {bars}
            </svg>
            <figcaption class="figure soft">
                <span>{ends.0}</span>
                {best.map(|day| view! { <span>{format!("Best day: {}, {}", short(day), Money { minor: day.minor, currency })}</span> })}
                <span>{ends.1} " (UTC)"</span>
            </figcaption>
        </figure>
    }
    .into_any()
}
