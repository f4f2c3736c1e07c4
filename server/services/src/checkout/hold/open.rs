//! What a household and a browser hold and have not paid.

use std::collections::BTreeSet;

use domain::{
    checkout::{MAX_BROWSER_HOLDS, MAX_OPEN_HOLDS, MAX_QUANTITY},
    id::{ProductId, VariantId},
    time::UnixMs,
};
use sqlx::{AnyConnection, AssertSqlSafe, any::AnyRow};

use super::{Holder, Press, Wanted};
use crate::{Error, Result, db};

/// Pieces of a variant that are held: the time of their order is not over, or a bank has been asked.
struct OpenHold {
    token: String,
    /// Its order's number, by which the newest is told.
    number: i64,
    /// How many things its order is of.
    lines: i64,
    product: ProductId,
    variant: VariantId,
    client: Option<String>,
    browser: Option<String>,
    pieces: i64,
    /// What a piece costs.
    price_minor: i64,
    /// `None` while a bank thinks about it.
    until: Option<UnixMs>,
}

impl OpenHold {
    fn read(row: &AnyRow) -> Result<Self> {
        Ok(Self {
            token: db::text(row, "token")?,
            number: db::number(row, "number")?,
            lines: db::number(row, "lines")?,
            product: db::parsed(row, "product_id")?,
            variant: db::parsed(row, "variant_id")?,
            client: db::text_or_null(row, "client")?,
            browser: db::text_or_null(row, "browser")?,
            pieces: db::number(row, "pieces")?,
            price_minor: db::number(row, "price_minor")?,
            until: db::number_or_null(row, "until")?.map(UnixMs),
        })
    }

    fn is_of(&self, wanted: &Wanted) -> bool {
        let price = wanted.price_seen_minor;
        self.variant == wanted.offer.variant
            && self.pieces == i64::from(wanted.quantity)
            && price.is_none_or(|seen| seen < 0 || seen == self.price_minor)
    }
}

/// What a household and a browser hold of some products.
pub(super) struct OpenHolds(Vec<OpenHold>);

macro_rules! holds_by {
    ($column:literal, $place:literal) => {
        concat!(
            "SELECT orders.token, orders.number, variant.product_id, reservation.variant_id, reservation.client, \
             reservation.browser, reservation.quantity AS pieces, order_line.price_minor, \
             (SELECT COUNT(*) FROM order_line AS lines WHERE lines.order_id = orders.id AND lines.kind = 'item') AS lines, \
             CASE WHEN orders.held_until > $1 THEN orders.held_until END AS until FROM reservation \
             JOIN orders ON orders.id = reservation.order_id JOIN variant ON variant.id = reservation.variant_id \
             JOIN order_line ON order_line.order_id = orders.id AND order_line.variant_id = reservation.variant_id \
             WHERE reservation.",
            $column,
            " = ",
            $place,
            " AND reservation.state = 'held' \
             AND (orders.held_until > $1 OR orders.state IN ('paying', 'pending', 'redirected')) AND variant.product_id IN "
        )
    };
}

impl OpenHolds {
    /// Each column has an index of its own, which one condition over both would not use.
    pub(super) async fn read(
        connection: &mut AnyConnection,
        products: &BTreeSet<&ProductId>,
        holder: &Holder,
        now: UnixMs,
    ) -> Result<Self> {
        let places = db::places(4, products.len());
        let statement = format!(
            "{}({places}) UNION {}({places})",
            holds_by!("client", "$2"),
            holds_by!("browser", "$3")
        );
        let mut query = sqlx::query(AssertSqlSafe(statement))
            .bind(now.0)
            .bind(holder.client.as_deref())
            .bind(holder.browser.as_deref());
        for product in products {
            query = query.bind(product.as_str());
        }
        let rows = query.fetch_all(connection).await?;
        Ok(Self(
            rows.iter().map(OpenHold::read).collect::<Result<_>>()?,
        ))
    }

    /// The browser's newest order that this press would only repeat: of the same things, as many of each, at the prices that
    /// were seen.
    pub(super) fn repeated<'a>(&'a self, press: &Press<'_>, holder: &'a Holder) -> Option<&'a str> {
        let mine: Vec<&OpenHold> = self.of(|hold| &hold.browser, &holder.browser).collect();
        let is_whole = |hold: &&&OpenHold| {
            usize::try_from(hold.lines).is_ok_and(|lines| lines == press.items.len())
                && press.items.iter().all(|wanted| {
                    mine.iter()
                        .any(|other| other.token == hold.token && other.is_of(wanted))
                })
        };
        let newest = mine
            .iter()
            .filter(is_whole)
            .max_by_key(|hold| hold.number)?;
        Some(newest.token.as_str())
    }

    fn of<'a>(
        &'a self,
        whose: impl Fn(&OpenHold) -> &Option<String>,
        holder: &'a Option<String>,
    ) -> impl Iterator<Item = &'a OpenHold> {
        self.0
            .iter()
            .filter(move |hold| holder.is_some() && whose(hold) == holder)
    }

    /// Refuses one hold more where enough of the product is held and not paid.
    pub(super) fn check_room(
        &self,
        product: &ProductId,
        quantity: u32,
        holder: &Holder,
        now: UnixMs,
    ) -> Result<()> {
        let of_product = |hold: &&OpenHold| hold.product == *product;
        let orders = |holds: &[&OpenHold]| {
            let tokens: BTreeSet<&str> = holds.iter().map(|hold| hold.token.as_str()).collect();
            tokens.len()
        };
        let household: Vec<&OpenHold> = self
            .of(|hold| &hold.client, &holder.client)
            .filter(of_product)
            .collect();
        let pieces: i64 = household.iter().map(|hold| hold.pieces).sum();
        if orders(&household) >= MAX_OPEN_HOLDS as usize
            || (!household.is_empty() && pieces + i64::from(quantity) > i64::from(MAX_QUANTITY))
        {
            return Err(refusal("Several orders from your network", &household, now));
        }
        let browser: Vec<&OpenHold> = self
            .of(|hold| &hold.browser, &holder.browser)
            .filter(of_product)
            .collect();
        if orders(&browser) >= MAX_BROWSER_HOLDS as usize {
            return Err(refusal("Several of your orders", &browser, now));
        }
        Ok(())
    }
}

fn refusal(whose: &str, holds: &[&OpenHold], now: UnixMs) -> Error {
    let first_end = holds.iter().filter_map(|hold| hold.until).min();
    let ms = first_end.map_or(0, |end| end.0.saturating_sub(now.0));
    let wait_s = u64::try_from(ms.max(0)).unwrap_or(0).div_ceil(1000).max(1);
    let minutes = match wait_s.div_ceil(60) {
        1 => "a minute".to_owned(),
        minutes => format!("{minutes} minutes"),
    };
    Error::Limited {
        message: format!(
            "{whose} hold pieces of this and are not paid yet. Pay or cancel one of them, or try again in {minutes}."
        ),
        retry_after_s: wait_s,
    }
}
