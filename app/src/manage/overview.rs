//! `/manage`: what to do today.

use domain::{
    catalog::{self, Availability, Product},
    checkout::Order,
    identity::Viewer,
    money::{Currency, Money},
    time::UnixMs,
};
use leptos::prelude::*;
use services::checkout::DaySales;

pub use super::chart::DAYS;
use super::{
    chart::{chart, days},
    order::table,
    parts::{Place, empty, framed},
};
use crate::{Site, icon::Icon};

/// Rows of the list of orders to pack; the rest are one link away.
pub const TO_PACK: u32 = 8;

/// What the overview is made of.
#[derive(Debug, Clone, Copy)]
pub struct Overview<'a> {
    /// The orders that wait longest to be packed, the first first: [`TO_PACK`] of them.
    pub to_pack: &'a [Order],
    /// How many orders wait to be packed.
    pub to_pack_count: u64,
    /// What was paid on each of the last [`DAYS`] days on which anything was.
    pub sales: &'a [DaySales],
    /// All products of the shop.
    pub products: &'a [Product],
    /// Background work of the shop that failed for good.
    pub failed_jobs: usize,
    /// Now.
    pub now: UnixMs,
}

/// What to pack, what was sold, what stands in the window.
#[must_use]
pub fn overview(site: &Site, viewer: &Viewer, overview: &Overview<'_>) -> String {
    let Overview {
        to_pack,
        to_pack_count,
        sales,
        products,
        failed_jobs,
        now,
    } = *overview;
    let currency: Currency = viewer.shop.currency.parse().unwrap_or(Currency::EUR);
    let published = products
        .iter()
        .filter(|product| product.state == catalog::State::Published);
    let (shown, sold_out) = published.fold((0_usize, 0_usize), |(shown, out), product| {
        let is_out = product.availability() == Availability::SoldOut;
        (shown + 1, out + usize::from(is_out))
    });
    let drafts = products.len() - shown;
    let days = days(sales, now);
    let total: i64 = days
        .iter()
        .map(|day| day.minor)
        .fold(0, i64::saturating_add);
    let count: u32 = days
        .iter()
        .map(|day| day.orders)
        .fold(0, u32::saturating_add);

    let packing = if to_pack.is_empty() {
        let text = if shown == 0 {
            "Orders appear here once a product is published and somebody buys it."
        } else {
            "Every paid order appears here until you mark it as sent."
        };
        empty("Nothing to pack", text, None)
    } else {
        let more = (to_pack_count > u64::from(TO_PACK)).then(|| {
            view! { <p><a href="/manage/orders?show=to-pack">{format!("All {to_pack_count} orders to pack")}</a></p> }
        });
        let oldest_first: Vec<&Order> = to_pack.iter().collect();
        view! { {table(&oldest_first)} {more} }.into_any()
    };
    let window = if products.is_empty() {
        empty(
            "The window is empty",
            "Film the first product: the studio finds the best moments and makes a page of them.",
            Some(view! { <a class="button" href="/studio">"Open the studio"</a> }.into_any()),
        )
    } else {
        view! {
            <dl class="tallies">
                <div><dt><a href="/manage/products?show=published">"Published"</a></dt><dd class="figure">{shown}</dd></div>
                <div><dt><a href="/manage/products?show=drafts">"Drafts"</a></dt><dd class="figure">{drafts}</dd></div>
                <div><dt><a href="/manage/products?show=sold-out">"Sold out"</a></dt><dd class="figure">{sold_out}</dd></div>
            </dl>
        }
        .into_any()
    };
    let heading = match to_pack_count {
        0 => "To pack".to_owned(),
        1 => "1 order to pack".to_owned(),
        count => format!("{count} orders to pack"),
    };
    let sold = match count {
        0 => "No sales in the last 14 days".to_owned(),
        1 => format!("1 order in {DAYS} days"),
        count => format!("{count} orders in {DAYS} days"),
    };
    let main = view! {
        <h1 class="unseen">"Overview"</h1>
        {(failed_jobs > 0).then(|| failed_notice(failed_jobs))}
        <section>
            <h2>{heading}</h2>
            {packing}
        </section>
        <div class="pair">
            <section>
                <h2>"Sales"</h2>
                <p class="big figure">{Money { minor: total, currency }.to_string()} <span class="soft">{sold}</span></p>
                {chart(&days, currency)}
            </section>
            <section>
                <h2>"Window"</h2>
                {window}
            </section>
        </div>
    }
    .into_any();
    framed(site, viewer, Place::Overview, "Overview", main)
}

/// Says that work in the background failed, and where to see why.
fn failed_notice(count: usize) -> AnyView {
    let what = match count {
        1 => "One picture or clip could not be prepared.".to_owned(),
        count => format!("{count} pictures or clips could not be prepared."),
    };
    view! {
        <div class="notice warn">
            {Icon::Alert.svg()}
            <p>{what} " " <a href="/manage/jobs">"See why and try again"</a></p>
        </div>
    }
    .into_any()
}
