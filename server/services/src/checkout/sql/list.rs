//! Queries of many orders of a shop.

use std::collections::HashMap;

use domain::{
    checkout::{Filter, Order, State},
    id::ShopId,
    time::UnixMs,
};
use sqlx::{AnyConnection, AssertSqlSafe};

use super::{
    COLUMNS,
    line::{LINE_COLUMNS, Row, line},
    order,
};
use crate::{Error, Result, checkout::DaySales, db};

/// The states that a list takes, as a list of SQL. They are words of ours, so nothing needs escaping.
fn states(filter: Filter) -> String {
    let words: Vec<String> = State::ALL
        .into_iter()
        .filter(|state| filter.takes(*state))
        .map(|state| format!("'{}'", state.as_str()))
        .collect();
    words.join(", ")
}

/// At most `limit` orders of a shop with a number below `before`, newest first, without photos.
pub(in crate::checkout) async fn of_shop(
    connection: &mut AnyConnection,
    shop: &ShopId,
    filter: Filter,
    before: Option<u32>,
    limit: u32,
) -> Result<Vec<Order>> {
    let which = format!(
        "shop_id = $1 AND state IN ({}) AND number < $2",
        states(filter)
    );
    let end = "ORDER BY number DESC LIMIT $3";
    with_lines(connection, shop, &which, end, before, limit).await
}

/// The orders of a shop that were paid and not sent, the longest waiting first, without photos.
pub(in crate::checkout) async fn to_pack(
    connection: &mut AnyConnection,
    shop: &ShopId,
    limit: u32,
) -> Result<Vec<Order>> {
    let which = format!(
        "shop_id = $1 AND state IN ({}) AND number < $2",
        states(Filter::ToPack)
    );
    let end = "ORDER BY number LIMIT $3";
    with_lines(connection, shop, &which, end, None, limit).await
}

async fn with_lines(
    connection: &mut AnyConnection,
    shop: &ShopId,
    which: &str,
    end: &str,
    before: Option<u32>,
    limit: u32,
) -> Result<Vec<Order>> {
    let before = before.map_or(i64::MAX, i64::from);
    let statement = format!("SELECT {COLUMNS} FROM orders WHERE {which} {end}");
    let rows = sqlx::query(AssertSqlSafe(statement))
        .bind(shop.as_str())
        .bind(before)
        .bind(i64::from(limit))
        .fetch_all(&mut *connection)
        .await?;
    let mut orders = db::readable(&rows, "order", |row| order(row).map(|(_, order)| order));
    let statement = format!(
        "SELECT order_line.order_id, {LINE_COLUMNS}, page.currency FROM (SELECT id, currency FROM orders WHERE {which} {end}) AS page \
         JOIN order_line ON order_line.order_id = page.id ORDER BY order_line.position"
    );
    let rows = sqlx::query(AssertSqlSafe(statement))
        .bind(shop.as_str())
        .bind(before)
        .bind(i64::from(limit))
        .fetch_all(connection)
        .await?;
    let mut lines: HashMap<String, Vec<Row>> = HashMap::new();
    let read = db::readable(&rows, "line of an order", |row| {
        Ok((db::text(row, "order_id")?, line(row)?))
    });
    for (order, line) in read {
        lines.entry(order).or_default().push(line);
    }
    for order in &mut orders {
        for row in lines.remove(order.id.as_str()).unwrap_or_default() {
            row.put(order);
        }
    }
    Ok(orders)
}

/// How many orders of a shop are in each state.
pub(in crate::checkout) async fn count(
    connection: &mut AnyConnection,
    shop: &ShopId,
) -> Result<Vec<(State, u64)>> {
    let rows = sqlx::query(
        "SELECT state, COUNT(*) AS count FROM orders WHERE shop_id = $1 GROUP BY state",
    )
    .bind(shop.as_str())
    .fetch_all(connection)
    .await?;
    Ok(db::readable(&rows, "state of orders", |row| {
        let state = db::text(row, "state")?
            .parse()
            .map_err(|()| Error::internal("column state is not well formed"))?;
        Ok((state, db::count(row, "count")?))
    }))
}

/// What was paid to a shop on each day since `since` on which anything was.
pub(in crate::checkout) async fn sales(
    connection: &mut AnyConnection,
    shop: &ShopId,
    since: UnixMs,
) -> Result<Vec<DaySales>> {
    // What has a time of payment has its money.
    let rows = sqlx::query(
        "SELECT paid_at / 86400000 AS day, COUNT(*) AS orders, CAST(SUM(total_minor) AS BIGINT) AS minor FROM orders \
         WHERE shop_id = $1 AND paid_at >= $2 GROUP BY paid_at / 86400000 ORDER BY 1",
    )
    .bind(shop.as_str())
    .bind(since.0)
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(DaySales {
                day: db::number(row, "day")?,
                orders: db::count(row, "orders")?,
                minor: db::number(row, "minor")?,
            })
        })
        .collect()
}
