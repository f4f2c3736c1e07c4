//! How many pieces of a product there are.

use crate::{invalid::Invalid, number};

/// The most pieces of one product a shop can count.
pub const MAX_STOCK: u32 = 1_000_000;

/// A count of pieces as typed; `None` when nothing was typed.
///
/// # Errors
/// A sentence about the field `stock`.
pub fn stock(text: &str) -> Result<Option<u32>, Invalid> {
    let typed = number::plain(text);
    if typed.is_empty() {
        return Ok(None);
    }
    if typed.starts_with('-') {
        return Err(Invalid::new(
            "stock",
            "Stock cannot be below zero. Write 0 when there is none.",
        ));
    }
    let digits = number::read(&typed, 0).map_err(|_| {
        Invalid::new(
            "stock",
            "Write the stock as a whole number, for example 12.",
        )
    })?;
    match digits.whole.parse() {
        Ok(count) if count <= MAX_STOCK => Ok(Some(count)),
        _ => Err(Invalid::new(
            "stock",
            format!("The stock can be at most {MAX_STOCK}."),
        )),
    }
}

/// How many pieces there are and how many of them are promised. Every operation keeps `held ≤ counted`.
///
/// The database runs the same rule in one conditional update; this is its specification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stock {
    counted: u32,
    held: u32,
}

impl Stock {
    /// `counted` pieces, of which `held` are promised; `None` when more are promised than there are.
    #[must_use]
    pub const fn new(counted: u32, held: u32) -> Option<Self> {
        if held > counted {
            None
        } else {
            Some(Self { counted, held })
        }
    }

    /// Pieces that can still be bought.
    #[must_use]
    pub const fn available(self) -> u32 {
        self.counted.saturating_sub(self.held)
    }

    /// Pieces counted by the shop.
    #[must_use]
    pub const fn counted(self) -> u32 {
        self.counted
    }

    /// Promises `quantity`; `None` when there are not that many.
    #[must_use]
    pub const fn hold(self, quantity: u32) -> Option<Self> {
        match self.held.checked_add(quantity) {
            Some(held) => Self::new(self.counted, held),
            None => None,
        }
    }

    /// Gives a promise of `quantity` back; `None` when that was never promised.
    #[must_use]
    pub const fn release(self, quantity: u32) -> Option<Self> {
        match self.held.checked_sub(quantity) {
            Some(held) => Self::new(self.counted, held),
            None => None,
        }
    }

    /// Hands out `quantity` promised pieces; `None` when that was never promised.
    #[must_use]
    pub const fn sell(self, quantity: u32) -> Option<Self> {
        match (
            self.held.checked_sub(quantity),
            self.counted.checked_sub(quantity),
        ) {
            (Some(held), Some(counted)) => Self::new(counted, held),
            _ => None,
        }
    }

    /// The shop found `delta` pieces more, or fewer, than it knew of; `None` when more are promised than are left then.
    #[must_use]
    pub const fn correct(self, delta: i32) -> Option<Self> {
        match self.counted.checked_add_signed(delta) {
            Some(counted) => Self::new(counted, self.held),
            None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn typed_counts_are_checked() {
        for (typed, count) in [
            (" 1 000 ", 1000),
            ("１２", 12),
            ("1,000", 1000),
            ("٤", 4),
            ("0", 0),
        ] {
            assert_eq!(stock(typed), Ok(Some(count)), "{typed}");
        }
        assert_eq!(
            stock(" \u{3000}"),
            Ok(None),
            "nothing typed is not none in stock"
        );
        for bad in [
            "-1",
            "−1",
            "1.5",
            "1 2",
            "many",
            "1000001",
            "99999999999999999999",
        ] {
            assert!(stock(bad).is_err(), "{bad}");
        }
    }

    #[derive(Debug, Clone)]
    enum Act {
        Hold(u32),
        Release(u32),
        Sell(u32),
        Correct(i32),
    }

    fn act() -> impl Strategy<Value = Act> {
        prop_oneof![
            (0_u32..20).prop_map(Act::Hold),
            (0_u32..20).prop_map(Act::Release),
            (0_u32..20).prop_map(Act::Sell),
            (-50_i32..50).prop_map(Act::Correct),
            any::<u32>().prop_map(Act::Hold),
        ]
    }

    proptest! {
        #[test]
        fn stock_never_promises_more_than_there_is(counted in 0_u32..50, acts in proptest::collection::vec(act(), 0..60)) {
            let mut stock = Stock::new(counted, 0).expect("nothing held");
            let (mut made, mut sold) = (i64::from(counted), 0_i64);
            for act in acts {
                let next = match act {
                    Act::Hold(n) => stock.hold(n),
                    Act::Release(n) => stock.release(n),
                    Act::Sell(n) => stock.sell(n),
                    Act::Correct(n) => stock.correct(n),
                };
                let Some(next) = next else { continue };
                match act {
                    Act::Sell(n) => sold += i64::from(n),
                    Act::Correct(n) => made += i64::from(n),
                    Act::Hold(_) | Act::Release(_) => {}
                }
                prop_assert!(next.held <= next.counted);
                prop_assert_eq!(i64::from(next.counted) + sold, made);
                stock = next;
            }
        }
    }
}
