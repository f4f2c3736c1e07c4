//! The one way an order changes: a transition of [`domain::checkout::transition`] with its effects, in one transaction.

use domain::{
    checkout::{Input, Order, State, transition},
    event::Event,
    id::ShopId,
    time::UnixMs,
};

use super::{sql, stock};
use crate::{Result, db::Write, discount, event};

/// Runs `input` on the locked `order` and writes what it changes.
pub(crate) async fn run(
    write: &mut Write,
    shop: &ShopId,
    order: &mut Order,
    input: Input,
    now: UnixMs,
) -> Result<()> {
    let input = match input {
        // A payment that comes after the reservation was given back: take the pieces again if they are still there.
        Input::Succeeded { .. } if matches!(order.state, State::Expired | State::Cancelled) => {
            let in_stock = stock::reserve_again(write, shop, &order.id).await?;
            Input::Succeeded { in_stock }
        }
        other => other,
    };
    let (state, effects) = transition(order.state, input)?;
    if !effects.changed {
        return Ok(());
    }
    order.state = state;
    if effects.release {
        stock::release(write, shop, &order.id).await?;
        if order.code.is_some() {
            discount::free(write, order).await?;
        }
    }
    if effects.sell {
        stock::sell(write, shop, &order.id, now).await?;
    }
    if effects.ship {
        stock::ship(write, shop, &order.id).await?;
    }
    if effects.restock || effects.write_off {
        stock::give_up(write, shop, &order.id, effects.restock, now).await?;
    }
    if effects.receipt {
        order.receipt = Some(sql::next_receipt(write, shop).await?);
        order.paid_at = Some(now);
        order.declined = None;
    }
    match input {
        Input::Pay => order.declined = None,
        Input::Send => order.sent_at = Some(now),
        _ => {}
    }
    sql::save(write, shop, order, now).await?;
    event::write(write, shop, Event::of_order(order), now).await
}
