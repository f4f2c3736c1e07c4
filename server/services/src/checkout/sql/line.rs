//! Queries of the lines of orders.

use domain::{
    checkout::{Delivery, Line, Order},
    id::{OrderId, ShopId},
    money::Money,
    quote::{Amounts, LineTax},
    tax::Taxed,
};
use sqlx::{AnyConnection, any::AnyRow};

use super::money;
use crate::{Error, Result, db};

macro_rules! line_columns {
    () => {
        "order_line.kind, order_line.product_id, order_line.variant_id, order_line.slug, order_line.title, order_line.choice, \
         order_line.sku, order_line.method, order_line.quantity, \
         order_line.price_minor, order_line.discount_minor, order_line.net_minor, order_line.tax_minor, order_line.tax_class, \
         order_line.tax_place, order_line.tax_ppm, order_line.tax_inclusive"
    };
}

pub(super) const LINE_COLUMNS: &str = line_columns!();

/// Where the delivery stands among the lines.
const LAST: i64 = 1_000_000;

/// A row of an order's lines.
pub(super) enum Row {
    Item(Box<Line>),
    Delivery(Delivery),
}

impl Row {
    /// Adds it to its order.
    pub(super) fn put(self, order: &mut Order) {
        match self {
            Self::Item(line) => order.lines.push(*line),
            Self::Delivery(delivery) => order.delivery = Some(delivery),
        }
    }
}

/// A line without its photo. The row has the order's currency as well.
pub(super) fn line(row: &AnyRow) -> Result<Row> {
    let price = money(row, "price_minor")?;
    let quantity: u32 = db::count(row, "quantity")?;
    let taxed = Taxed {
        net: db::number(row, "net_minor")?,
        tax: db::number(row, "tax_minor")?,
    };
    let discount = db::number(row, "discount_minor")?;
    let tax = tax(row)?;
    if db::text(row, "kind")? == "delivery" {
        return Ok(Row::Delivery(Delivery {
            method: db::text(row, "method")?,
            name: db::text(row, "title")?,
            amounts: Amounts {
                unit: price.minor,
                quantity,
                discount,
                taxed,
                tax,
            },
        }));
    }
    Ok(Row::Item(Box::new(Line {
        slug: db::text(row, "slug")?,
        title: db::text(row, "title")?,
        choice: db::text(row, "choice")?,
        sku: db::text(row, "sku")?,
        quantity,
        price,
        total: price
            .times(quantity)
            .ok_or_else(|| Error::internal("a line total that does not fit"))?,
        discount,
        taxed,
        class: db::parsed(row, "tax_class")?,
        tax,
        photo: None,
        product: db::parsed(row, "product_id")?,
        variant: db::parsed(row, "variant_id")?,
    })))
}

fn tax(row: &AnyRow) -> Result<Option<LineTax>> {
    let Some(place) = db::text_or_null(row, "tax_place")? else {
        return Ok(None);
    };
    Ok(Some(LineTax {
        place: place.parse()?,
        class: db::parsed(row, "tax_class")?,
        ppm: db::count(row, "tax_ppm")?,
        inclusive: db::number(row, "tax_inclusive")? != 0,
    }))
}

/// Adds lines to the order, without photos: rules need none.
pub(super) async fn with_lines(
    connection: &mut AnyConnection,
    shop: &ShopId,
    mut order: Order,
) -> Result<Order> {
    let rows = sqlx::query(concat!(
        "SELECT ",
        line_columns!(),
        ", orders.currency FROM order_line JOIN orders ON orders.id = order_line.order_id \
         WHERE order_line.shop_id = $1 AND order_line.order_id = $2 ORDER BY order_line.position"
    ))
    .bind(shop.as_str())
    .bind(order.id.as_str())
    .fetch_all(connection)
    .await?;
    for row in &rows {
        line(row)?.put(&mut order);
    }
    Ok(order)
}

/// What a row of a line has in common, whatever it is.
struct NewLine<'a> {
    position: i64,
    kind: &'static str,
    product: Option<&'a str>,
    variant: Option<&'a str>,
    slug: Option<&'a str>,
    method: Option<&'a str>,
    title: &'a str,
    choice: &'a str,
    sku: &'a str,
    class: &'static str,
}

async fn insert(
    connection: &mut AnyConnection,
    shop: &ShopId,
    order: &OrderId,
    new: &NewLine<'_>,
    amounts: &Amounts,
) -> Result<()> {
    let tax = amounts.tax.as_ref();
    sqlx::query(
        "INSERT INTO order_line (order_id, position, shop_id, kind, product_id, variant_id, slug, method, title, quantity, \
         price_minor, discount_minor, net_minor, tax_minor, tax_class, tax_place, tax_ppm, tax_inclusive, choice, sku) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)",
    )
    .bind(order.as_str())
    .bind(new.position)
    .bind(shop.as_str())
    .bind(new.kind)
    .bind(new.product)
    .bind(new.variant)
    .bind(new.slug)
    .bind(new.method)
    .bind(new.title)
    .bind(i64::from(amounts.quantity))
    .bind(amounts.unit)
    .bind(amounts.discount)
    .bind(amounts.taxed.net)
    .bind(amounts.taxed.tax)
    .bind(tax.map_or(new.class, |tax| tax.class.as_str()))
    .bind(tax.map(|tax| tax.place.to_string()))
    .bind(tax.map(|tax| i64::from(tax.ppm)))
    .bind(tax.map(|tax| i64::from(tax.inclusive)))
    .bind(new.choice)
    .bind(new.sku)
    .execute(connection)
    .await?;
    Ok(())
}

/// The line's amounts in one.
pub(in crate::checkout) fn amounts(line: &Line) -> Amounts {
    Amounts {
        unit: line.price.minor,
        quantity: line.quantity,
        discount: line.discount,
        taxed: line.taxed,
        tax: line.tax.clone(),
    }
}

pub(in crate::checkout) async fn insert_line(
    connection: &mut AnyConnection,
    shop: &ShopId,
    order: &OrderId,
    position: i64,
    line: &Line,
) -> Result<()> {
    let new = NewLine {
        position,
        kind: "item",
        product: Some(line.product.as_str()),
        variant: Some(line.variant.as_str()),
        slug: Some(&line.slug),
        method: None,
        title: &line.title,
        choice: &line.choice,
        sku: &line.sku,
        class: line.class.as_str(),
    };
    insert(connection, shop, order, &new, &amounts(line)).await
}

pub(in crate::checkout) async fn insert_delivery(
    connection: &mut AnyConnection,
    shop: &ShopId,
    order: &OrderId,
    delivery: &Delivery,
) -> Result<()> {
    let new = NewLine {
        position: LAST,
        kind: "delivery",
        product: None,
        variant: None,
        slug: None,
        method: Some(&delivery.method),
        title: &delivery.name,
        choice: "",
        sku: "",
        class: "standard",
    };
    insert(connection, shop, order, &new, &delivery.amounts).await
}

/// Writes what a new quote changed: the amounts of the lines, the delivery, where it goes and what it costs in all.
pub(in crate::checkout) async fn save_quote(
    connection: &mut AnyConnection,
    shop: &ShopId,
    order: &Order,
) -> Result<()> {
    let total: Money = order.total;
    sqlx::query(
        "UPDATE orders SET destination = $3, total_minor = $4 WHERE shop_id = $1 AND id = $2",
    )
    .bind(shop.as_str())
    .bind(order.id.as_str())
    .bind(order.destination.as_ref().map(ToString::to_string))
    .bind(total.minor)
    .execute(&mut *connection)
    .await?;
    for (position, line) in (0_i64..).zip(&order.lines) {
        sqlx::query(
            "UPDATE order_line SET discount_minor = $3, net_minor = $4, tax_minor = $5, tax_place = $6, tax_ppm = $7, tax_inclusive = $8 \
             WHERE order_id = $1 AND position = $2",
        )
        .bind(order.id.as_str())
        .bind(position)
        .bind(line.discount)
        .bind(line.taxed.net)
        .bind(line.taxed.tax)
        .bind(line.tax.as_ref().map(|tax| tax.place.to_string()))
        .bind(line.tax.as_ref().map(|tax| i64::from(tax.ppm)))
        .bind(line.tax.as_ref().map(|tax| i64::from(tax.inclusive)))
        .execute(&mut *connection)
        .await?;
    }
    sqlx::query("DELETE FROM order_line WHERE order_id = $1 AND kind = 'delivery'")
        .bind(order.id.as_str())
        .execute(&mut *connection)
        .await?;
    if let Some(delivery) = &order.delivery {
        insert_delivery(connection, shop, &order.id, delivery).await?;
    }
    Ok(())
}
