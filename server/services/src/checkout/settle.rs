//! The one way an order changes: a transition of [`domain::checkout::transition`] with its effects, in one transaction.

use domain::{
    checkout::{Event, Order, State, transition},
    id::{ProductId, ShopId},
    time::UnixMs,
};
use serde_json::json;
use sqlx::AnyConnection;

use super::{sql, stock};
use crate::{Result, event};

/// Runs `happened` on the locked `order` and writes what it changes.
pub(super) async fn run(
    connection: &mut AnyConnection,
    shop: &ShopId,
    order: &mut Order,
    happened: Event,
    now: UnixMs,
) -> Result<()> {
    let happened = match happened {
        // A payment that comes after the hold was given back: take the pieces again if they are still there.
        Event::Succeeded { .. } if matches!(order.state, State::Expired | State::Cancelled) => {
            let pieces: Vec<(ProductId, u32)> = order
                .lines
                .iter()
                .map(|line| (line.product.clone(), line.quantity))
                .collect();
            let in_stock = stock::hold_again(connection, shop, &order.id, &pieces).await?;
            Event::Succeeded { in_stock }
        }
        other => other,
    };
    let (state, effects) = transition(order.state, happened)?;
    if effects.event.is_empty() {
        return Ok(());
    }
    order.state = state;
    if effects.release {
        stock::release(connection, shop, &order.id).await?;
    }
    if effects.sell {
        stock::sell(connection, shop, &order.id).await?;
    }
    if effects.receipt {
        order.receipt = Some(sql::next_receipt(connection, shop).await?);
        order.paid_at = Some(now);
        order.declined = None;
    }
    match happened {
        Event::Pay => order.declined = None,
        Event::Send => order.sent_at = Some(now),
        _ => {}
    }
    sql::save(connection, shop, order, now).await?;
    let body = json!({
        "number": order.number,
        "total_minor": order.total.minor,
        "test": order.test,
        "products": order.lines.iter().map(|line| line.product.as_str()).collect::<Vec<_>>(),
    });
    event::write(
        connection,
        shop,
        effects.event,
        order.id.as_str(),
        &body,
        now,
    )
    .await
}
