//! Queries of orders; those of lists are in `list`, those of stock in `stock.rs` beside this.

mod line;
mod list;
mod offer;

use domain::{
    checkout::{Buyer, Order, State},
    country::Place,
    id::{OrderId, ProductId, ShopId, VariantId},
    media::{Kind, Media},
    money::{Currency, Money},
    time::UnixMs,
};
use sqlx::{AnyConnection, any::AnyRow};

pub(super) use self::{line::*, list::*, offer::*};
use crate::{Error, Result, db, media::sql::of_products};

macro_rules! columns {
    () => {
        "id, shop_id, token, number, state, test, total_minor, currency, buyer, receipt, declined, held_until, \
         created_at, paid_at, sent_at, destination, (SELECT code FROM discount_use WHERE order_id = orders.id) AS code"
    };
}

const COLUMNS: &str = columns!();

pub(crate) fn money(row: &AnyRow, column: &str) -> Result<Money> {
    let currency: Currency = db::parsed(row, "currency")?;
    Money::new(db::number(row, column)?, currency)
        .ok_or_else(|| Error::internal("an amount below zero"))
}

fn order(row: &AnyRow) -> Result<(ShopId, Order)> {
    let buyer: Option<Buyer> = match db::text_or_null(row, "buyer")? {
        None => None,
        Some(json) => Some(serde_json::from_str(&json).map_err(Error::internal)?),
    };
    let receipt = db::number_or_null(row, "receipt")?
        .map(|receipt| u32::try_from(receipt).map_err(Error::internal))
        .transpose()?;
    let order = Order {
        id: db::parsed(row, "id")?,
        token: db::text(row, "token")?,
        number: db::count(row, "number")?,
        state: db::text(row, "state")?
            .parse()
            .map_err(|()| Error::internal("column state is not well formed"))?,
        test: db::number(row, "test")? != 0,
        lines: Vec::new(),
        delivery: None,
        code: db::text_or_null(row, "code")?
            .map(|code| code.parse())
            .transpose()?,
        destination: db::text_or_null(row, "destination")?
            .map(|place| place.parse())
            .transpose()?,
        total: money(row, "total_minor")?,
        buyer,
        receipt,
        declined: db::text_or_null(row, "declined")?,
        held_until: UnixMs(db::number(row, "held_until")?),
        created_at: UnixMs(db::number(row, "created_at")?),
        paid_at: db::number_or_null(row, "paid_at")?.map(UnixMs),
        sent_at: db::number_or_null(row, "sent_at")?.map(UnixMs),
    };
    Ok((db::parsed(row, "shop_id")?, order))
}

/// The order of a token, as it stands, with photos.
pub(crate) async fn by_token(
    connection: &mut AnyConnection,
    token: &str,
) -> Result<Option<(ShopId, Order)>> {
    let row = sqlx::query(concat!(
        "SELECT ",
        columns!(),
        " FROM orders WHERE token = $1"
    ))
    .bind(token)
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let (shop, order) = order(&row)?;
    let mut order = with_lines(connection, &shop, order).await?;
    for line in &mut order.lines {
        line.photo = photo(connection, &shop, &line.product).await?;
    }
    Ok(Some((shop, order)))
}

/// The picture that a product is shown with.
pub(super) async fn photo(
    connection: &mut AnyConnection,
    shop: &ShopId,
    product: &ProductId,
) -> Result<Option<Media>> {
    let page = of_products(connection, shop, Some(product))
        .await?
        .remove(product);
    Ok(page
        .into_iter()
        .flatten()
        .find(|media| media.kind == Kind::Photo))
}

/// Locks the order of a token until the transaction ends, and reads it, without photos.
pub(crate) async fn lock(
    connection: &mut AnyConnection,
    token: &str,
    now: UnixMs,
) -> Result<Option<(ShopId, Order)>> {
    let row = sqlx::query(concat!(
        "UPDATE orders SET changed_at = $2 WHERE token = $1 RETURNING ",
        columns!()
    ))
    .bind(token)
    .bind(now.0)
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let (shop, order) = order(&row)?;
    let order = with_lines(connection, &shop, order).await?;
    Ok(Some((shop, order)))
}

/// Where the order of a token stands.
pub(crate) async fn state_of(connection: &mut AnyConnection, token: &str) -> Result<Option<State>> {
    let row = sqlx::query("SELECT state FROM orders WHERE token = $1")
        .bind(token)
        .fetch_optional(connection)
        .await?;
    row.map(|row| {
        db::text(&row, "state")?
            .parse()
            .map_err(|()| db::malformed("state"))
    })
    .transpose()
}

/// Pieces of a variant in an order.
pub(super) struct Bought {
    pub(super) slug: String,
    pub(super) variant: VariantId,
    pub(super) quantity: i64,
}

/// The order that was made with a key, if there is one: its token, and what it is of.
pub(super) async fn by_idempotency_key(
    connection: &mut AnyConnection,
    key: &str,
) -> Result<Option<(String, Vec<Bought>)>> {
    let rows = sqlx::query(
        "SELECT orders.token, order_line.slug, order_line.variant_id, order_line.quantity FROM orders \
         JOIN order_line ON order_line.order_id = orders.id AND order_line.kind = 'item' \
         WHERE orders.idempotency_key = $1",
    )
    .bind(key)
    .fetch_all(connection)
    .await?;
    let Some(first) = rows.first() else {
        return Ok(None);
    };
    let token = db::text(first, "token")?;
    let bought = |row: &AnyRow| {
        Ok(Bought {
            slug: db::text(row, "slug")?,
            variant: db::parsed(row, "variant_id")?,
            quantity: db::number(row, "quantity")?,
        })
    };
    let lines = rows.iter().map(bought).collect::<Result<_>>()?;
    Ok(Some((token, lines)))
}

pub(super) async fn token_of(
    connection: &mut AnyConnection,
    shop: &ShopId,
    id: &OrderId,
) -> Result<Option<String>> {
    let row = sqlx::query("SELECT token FROM orders WHERE shop_id = $1 AND id = $2")
        .bind(shop.as_str())
        .bind(id.as_str())
        .fetch_optional(connection)
        .await?;
    row.map(|row| db::text(&row, "token")).transpose()
}

/// What a new order has.
pub(super) struct NewOrder<'a> {
    pub(super) id: &'a OrderId,
    pub(super) token: &'a str,
    pub(super) key: Option<&'a str>,
    pub(super) test: bool,
    pub(super) total: Money,
    pub(super) destination: Option<&'a Place>,
    pub(super) held_until: UnixMs,
}

/// Inserts an order and answers with its number, the shop's next; `None` when its key already made one.
pub(super) async fn insert(
    connection: &mut AnyConnection,
    shop: &ShopId,
    new: &NewOrder<'_>,
    now: UnixMs,
) -> Result<Option<u32>> {
    let row = sqlx::query(
        "UPDATE shop SET last_order = last_order + 1 WHERE id = $1 AND currency = $2 RETURNING last_order",
    )
    .bind(shop.as_str())
    .bind(new.total.currency.code())
    .fetch_optional(&mut *connection)
    .await?
    .ok_or_else(|| {
        Error::Conflict(
            "The shop has just begun to sell in another currency. Load the product page again."
                .to_owned(),
        )
    })?;
    let done = sqlx::query(
        "INSERT INTO orders (id, shop_id, token, number, idempotency_key, state, test, total_minor, currency, held_until, created_at, changed_at, destination) \
         VALUES ($1, $2, $3, $4, $5, 'held', $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (idempotency_key) DO NOTHING",
    )
    .bind(new.id.as_str())
    .bind(shop.as_str())
    .bind(new.token)
    .bind(db::number(&row, "last_order")?)
    .bind(new.key)
    .bind(i64::from(new.test))
    .bind(new.total.minor)
    .bind(new.total.currency.code())
    .bind(new.held_until.0)
    .bind(now.0)
    .bind(now.0)
    .bind(new.destination.map(ToString::to_string))
    .execute(connection)
    .await?;
    if done.rows_affected() == 1 {
        db::count(&row, "last_order").map(Some)
    } else {
        Ok(None)
    }
}

/// Writes what a transition changed.
pub(crate) async fn save(
    connection: &mut AnyConnection,
    shop: &ShopId,
    order: &Order,
    now: UnixMs,
) -> Result<()> {
    let buyer = order
        .buyer
        .as_ref()
        .map(serde_json::to_string)
        .transpose()
        .map_err(Error::internal)?;
    sqlx::query(
        "UPDATE orders SET state = $3, buyer = $4, receipt = $5, declined = $6, paid_at = $7, sent_at = $8, changed_at = $9, \
         held_until = $10, customer = $11, test = $12 WHERE shop_id = $1 AND id = $2",
    )
    .bind(shop.as_str())
    .bind(order.id.as_str())
    .bind(order.state.as_str())
    .bind(buyer)
    .bind(order.receipt.map(i64::from))
    .bind(order.declined.as_deref())
    .bind(order.paid_at.map(|at| at.0))
    .bind(order.sent_at.map(|at| at.0))
    .bind(now.0)
    .bind(order.held_until.0)
    .bind(order.buyer.as_ref().map(|buyer| buyer.email.to_lowercase()))
    .bind(i64::from(order.test))
    .execute(connection)
    .await?;
    Ok(())
}

/// The shop's next receipt number.
pub(super) async fn next_receipt(connection: &mut AnyConnection, shop: &ShopId) -> Result<u32> {
    let row = sqlx::query(
        "UPDATE shop SET last_receipt = last_receipt + 1 WHERE id = $1 RETURNING last_receipt",
    )
    .bind(shop.as_str())
    .fetch_one(connection)
    .await?;
    db::count(&row, "last_receipt")
}

/// Tokens of orders whose time to pay is over, oldest first.
pub(super) async fn overdue(
    connection: &mut AnyConnection,
    product: Option<&ProductId>,
    now: UnixMs,
) -> Result<Vec<String>> {
    let rows = match product {
        None => {
            sqlx::query(
                "SELECT token FROM orders WHERE state IN ('held', 'declined') AND held_until <= $1 ORDER BY held_until LIMIT 500",
            )
            .bind(now.0)
            .fetch_all(connection)
            .await?
        }
        Some(product) => {
            sqlx::query(
                "SELECT orders.token FROM reservation JOIN orders ON orders.id = reservation.order_id \
                 JOIN variant ON variant.id = reservation.variant_id WHERE variant.product_id = $2 AND orders.state IN ('held', 'declined') AND orders.held_until <= $1 \
                 ORDER BY orders.held_until LIMIT 500",
            )
            .bind(now.0)
            .bind(product.as_str())
            .fetch_all(connection)
            .await?
        }
    };
    rows.iter().map(|row| db::text(row, "token")).collect()
}

/// Whether any order's time to pay is over.
pub(super) async fn any_overdue(connection: &mut AnyConnection, now: UnixMs) -> Result<bool> {
    let row = sqlx::query(
        "SELECT id FROM orders WHERE state IN ('held', 'declined') AND held_until <= $1 LIMIT 1",
    )
    .bind(now.0)
    .fetch_optional(connection)
    .await?;
    Ok(row.is_some())
}
