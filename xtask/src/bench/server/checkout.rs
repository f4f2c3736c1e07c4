//! Guests who buy with the test gateway, as a phone without scripts does: buy, the form, pay, the order.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use anyhow::{Result, anyhow, ensure};

use super::super::Figure;
use super::connection::form;
use super::instance::Instance;
use super::{Kind, ROUNDS, Turn, Turns, alone, beside_old, process};

/// How many buy at once.
const GUESTS: usize = 8;

/// How many each buys in a turn, one after another.
const EACH: usize = 40;

const KIND: Kind = Kind {
    rate: ("checkout_rate", "1/s"),
    cpu: ("checkout_cpu", "ms"),
};

/// Measures both servers, turn by turn.
///
/// # Errors
/// When an order does not come to its end.
pub(super) fn measure(new: &mut Instance, old: Option<&mut Instance>) -> Result<Vec<Figure>> {
    let (mut ours, mut theirs) = (Turns::default(), Turns::default());
    // The first turn makes files and caches warm.
    turn(new)?;
    if let Some(old) = &old {
        turn(old)?;
    }
    for _ in 0..ROUNDS {
        ours.0.push(turn(new)?);
        if let Some(old) = &old {
            theirs.0.push(turn(old)?);
        }
    }
    Ok(match old {
        Some(_) => beside_old(KIND, &ours, &theirs),
        None => alone(KIND, &ours),
    })
}

/// Has all guests buy.
fn turn(instance: &Instance) -> Result<Turn> {
    let before = process::cpu_us(instance.server.id())?;
    let began = Instant::now();
    std::thread::scope(|scope| {
        let guests: Vec<_> = (0..GUESTS)
            .map(|_| scope.spawn(|| guest(instance)))
            .collect();
        guests.into_iter().try_for_each(|guest| {
            guest
                .join()
                .map_err(|_| anyhow!("A guest's thread ended in a panic."))?
        })
    })?;
    let count = (GUESTS * EACH) as f64;
    Ok(Turn {
        rate: count / began.elapsed().as_secs_f64(),
        cpu: (process::cpu_us(instance.server.id())? - before) / 1000.0 / count,
    })
}

/// One connection, order after order. Each order comes from another address, for the shop limits how often one may buy.
fn guest(instance: &Instance) -> Result<()> {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let kind = ("content-type", "application/x-www-form-urlencoded");
    let origin = ("origin", instance.origin.as_str());
    let mut connection = instance.connect()?;
    for _ in 0..EACH {
        let [_, a, b, c] = NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        let address = format!("10.{a}.{b}.{c}");
        let from = ("x-forwarded-for", address.as_str());
        let headers = [origin, from, kind];
        let key = format!("bench-{}-{address}", std::process::id()).replace('.', "-");
        let cart = form(&[
            ("quantity", "1"),
            ("price_seen_minor", "3800"),
            ("idempotency_key", &key),
        ]);
        let path = format!("{}/buy", instance.page);
        let held = connection.ask("POST", &path, &headers, &cart)?.with(303)?;
        let checkout = held.header("location").to_owned();
        connection.ask("GET", &checkout, &[from], &[])?.with(200)?;
        let buyer = form(&[
            ("email", "ana@example.org"),
            ("name", "Ana Buyer"),
            ("address", "1 Quiet Street\nLeeds"),
            ("outcome", "success"),
        ]);
        let path = format!("{checkout}/pay");
        let paid = connection.ask("POST", &path, &headers, &buyer)?.with(303)?;
        let order = paid.header("location").to_owned();
        let receipt = connection.ask("GET", &order, &[from], &[])?.with(200)?;
        ensure!(
            receipt.text().contains("data-order-state=\"paid\""),
            "{order} is not paid."
        );
    }
    Ok(())
}
