//! How an order goes from held stock to a sent parcel.
//!
//! One pure, total function, [`transition`], decides; the services run its effects in the same transaction.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Stock is held; nothing was paid yet.
    Held,
    /// A payment is being asked for right now. The hold cannot expire.
    Paying,
    /// The processor did not answer: whether it was paid is not known yet. The hold cannot expire.
    Pending,
    /// The buyer is at the processor's page, or has left it. The hold ends only once that page takes no payment any more.
    Redirected,
    /// The last payment was declined; stock is still held and another may be tried.
    Declined,
    /// Paid and sold.
    Paid,
    /// Paid, sold and on its way.
    Sent,
    /// Nobody paid in time; the stock went back.
    Expired,
    /// The buyer gave it up; the stock went back.
    Cancelled,
    /// The payment came after the stock went back and nothing was left: the money must be returned.
    RefundDue,
    /// Everything that was paid goes back before anything was sent, so nothing will be.
    Refunded,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 11] = [
        Self::Held,
        Self::Paying,
        Self::Pending,
        Self::Redirected,
        Self::Declined,
        Self::Paid,
        Self::Sent,
        Self::Expired,
        Self::Cancelled,
        Self::RefundDue,
        Self::Refunded,
    ];

    /// The word in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Paying => "paying",
            Self::Pending => "pending",
            Self::Redirected => "redirected",
            Self::Declined => "declined",
            Self::Paid => "paid",
            Self::Sent => "sent",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
            Self::RefundDue => "refund_due",
            Self::Refunded => "refunded",
        }
    }

    /// The words a person reads.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Held => "Not paid yet",
            Self::Paying => "Being paid",
            Self::Pending => "Waiting for the bank",
            Self::Redirected => "At the payment page",
            Self::Declined => "Payment declined",
            Self::Paid => "Paid",
            Self::Sent => "Sent",
            Self::Expired => "Expired",
            Self::Cancelled => "Cancelled",
            Self::RefundDue => "Refund due",
            Self::Refunded => "Refunded",
        }
    }

    /// The order holds stock that is not sold yet.
    #[must_use]
    pub const fn holds(self) -> bool {
        matches!(
            self,
            Self::Held | Self::Paying | Self::Pending | Self::Redirected | Self::Declined
        )
    }

    /// The buyer's money is here.
    #[must_use]
    pub const fn has_money(self) -> bool {
        matches!(
            self,
            Self::Paid | Self::Sent | Self::RefundDue | Self::Refunded
        )
    }

    /// A payment can be tried.
    #[must_use]
    pub const fn payable(self) -> bool {
        matches!(self, Self::Held | Self::Declined)
    }

    /// Whether it was paid is not known yet.
    #[must_use]
    pub const fn open(self) -> bool {
        matches!(self, Self::Paying | Self::Pending | Self::Redirected)
    }
}

impl FromStr for State {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or(())
    }
}

/// Which of its orders a shop looks at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Filter {
    /// Those that were paid, and those that are being paid. Whoever only pressed buy has no place among them.
    #[default]
    All,
    /// Paid and not sent.
    ToPack,
    /// On their way.
    Sent,
    /// Not paid: reserved, declined, expired or cancelled.
    Unpaid,
}

impl Filter {
    /// Whether an order in this state is one of them.
    #[must_use]
    pub const fn takes(self, state: State) -> bool {
        match self {
            Self::All => state.has_money() || state.open(),
            Self::ToPack => matches!(state, State::Paid),
            Self::Sent => matches!(state, State::Sent),
            Self::Unpaid => !state.has_money() && !state.open(),
        }
    }
}

/// What happens to an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Input {
    /// The buyer presses pay.
    Pay,
    /// The processor has the money. `in_stock`: could the pieces be held again, where the hold was already gone?
    Succeeded {
        /// Read only where the order no longer holds stock.
        in_stock: bool,
    },
    /// The processor refused the payment.
    Declined,
    /// The processor did not answer.
    Unanswered,
    /// The processor has a page for the buyer, who may pay there.
    Redirect,
    /// The processor's page was closed and nobody paid on it.
    Returned,
    /// The time of the hold is over.
    HoldOver,
    /// The buyer gives the order up.
    Cancel,
    /// The shop sent the parcel.
    Send,
    /// The shop gives everything back before it sent anything.
    Refund {
        /// The pieces go back on sale.
        restock: bool,
    },
}

/// What must happen with the new state, in the same transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Effects {
    /// Give the held stock back.
    pub release: bool,
    /// Turn the held stock into sold stock. Where the hold was already gone (`Expired`, `Cancelled`), it was taken again
    /// before the input was given.
    pub sell: bool,
    /// Give the order its receipt number and time of payment.
    pub receipt: bool,
    /// The pieces leave the shelf.
    pub ship: bool,
    /// The sold pieces go back on sale.
    pub restock: bool,
    /// The sold pieces are no longer promised to anybody, and are not put back on sale.
    pub write_off: bool,
    /// The order changed, so its event is written ([`crate::event::Event::of_order`]).
    pub changed: bool,
}

/// The input has no place in this state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    /// Where the order stands.
    pub state: State,
    /// What was tried.
    pub input: Input,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (self.input, self.state) {
            (Input::Pay | Input::Cancel | Input::HoldOver, State::Redirected) => {
                "The payment page of this order is still open. Finish there, or close it first."
            }
            (Input::Pay | Input::Cancel, State::Paying | State::Pending) => {
                "A payment for this order is on its way. Wait until the bank has answered."
            }
            (Input::Pay | Input::Cancel, State::Paid | State::Sent | State::Refunded) => "This order is already paid.",
            (Input::Pay, State::Expired) => {
                "The time to pay is over and the pieces went back on sale. Open the product and buy again."
            }
            (Input::Pay, State::Cancelled) => "This order was cancelled. Open the product and buy again.",
            (_, State::RefundDue) => "This order was paid too late; the money will be returned.",
            (Input::Send, State::Refunded) => {
                "Everything that was paid for this order went back, so nothing is sent."
            }
            (Input::Refund { .. }, State::Sent) => {
                "This order was sent. Refund its money, and correct the stock when the pieces are back."
            }
            (Input::Send, _) => "Only a paid order can be marked as sent.",
            _ => "This cannot be done with the order as it stands.",
        })
    }
}

impl std::error::Error for Refused {}

/// The next state and what must happen with it. Reports that come twice, late or out of order change nothing.
///
/// # Errors
/// [`Refused`] when the input has no place in this state.
pub const fn transition(state: State, input: Input) -> Result<(State, Effects), Refused> {
    const SOLD: Effects = Effects {
        release: false,
        sell: true,
        receipt: true,
        ship: false,
        restock: false,
        write_off: false,
        changed: true,
    };
    const BACK: Effects = Effects {
        release: true,
        sell: false,
        receipt: false,
        ship: false,
        restock: false,
        write_off: false,
        changed: true,
    };
    const ONLY: Effects = Effects {
        changed: true,
        ..SAME
    };
    const SAME: Effects = Effects {
        release: false,
        sell: false,
        receipt: false,
        ship: false,
        restock: false,
        write_off: false,
        changed: false,
    };

    Ok(match (state, input) {
        (State::Held | State::Declined, Input::Pay) => (State::Paying, ONLY),

        (
            State::Held | State::Paying | State::Pending | State::Redirected | State::Declined,
            Input::Succeeded { .. },
        )
        | (State::Expired | State::Cancelled, Input::Succeeded { in_stock: true }) => {
            (State::Paid, SOLD)
        }
        (State::Expired | State::Cancelled, Input::Succeeded { in_stock: false }) => (
            State::RefundDue,
            Effects {
                release: false,
                sell: false,
                receipt: true,
                ship: false,
                restock: false,
                write_off: false,
                changed: true,
            },
        ),
        (
            State::Paid | State::Sent | State::RefundDue | State::Refunded,
            Input::Succeeded { .. }
            | Input::Declined
            | Input::Unanswered
            | Input::Redirect
            | Input::Returned,
        ) => (state, SAME),

        (State::Paying | State::Pending | State::Redirected, Input::Declined) => {
            (State::Declined, ONLY)
        }
        (
            State::Held | State::Declined | State::Expired | State::Cancelled,
            Input::Declined | Input::Unanswered | Input::Redirect | Input::Returned,
        ) => (state, SAME),

        (State::Paying | State::Redirected, Input::Unanswered) => (State::Pending, ONLY),
        (State::Pending, Input::Unanswered) => (State::Pending, SAME),

        (State::Paying | State::Pending, Input::Redirect) => (State::Redirected, ONLY),
        (State::Redirected, Input::Redirect) => (State::Redirected, SAME),
        (State::Paying | State::Pending | State::Redirected, Input::Returned) => {
            (State::Held, ONLY)
        }

        (State::Held | State::Declined, Input::HoldOver) => (State::Expired, BACK),
        (State::Held | State::Declined, Input::Cancel) => (
            State::Cancelled,
            Effects {
                release: true,
                sell: false,
                receipt: false,
                ship: false,
                restock: false,
                write_off: false,
                changed: true,
            },
        ),

        (State::Paid, Input::Send) => (State::Sent, Effects { ship: true, ..ONLY }),
        (State::Sent, Input::Send) => (State::Sent, SAME),

        (State::Paid, Input::Refund { restock }) => (
            State::Refunded,
            Effects {
                restock,
                write_off: !restock,
                ..ONLY
            },
        ),
        (State::Refunded, Input::Refund { .. }) => (State::Refunded, SAME),

        _ => return Err(Refused { state, input }),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const INPUTS: [Input; 12] = [
        Input::Pay,
        Input::Succeeded { in_stock: true },
        Input::Succeeded { in_stock: false },
        Input::Declined,
        Input::Unanswered,
        Input::Redirect,
        Input::Returned,
        Input::HoldOver,
        Input::Cancel,
        Input::Send,
        Input::Refund { restock: true },
        Input::Refund { restock: false },
    ];

    #[test]
    fn words_read_back() {
        for state in State::ALL {
            assert_eq!(state.as_str().parse(), Ok(state));
        }
        assert_eq!("gone".parse::<State>(), Err(()));
    }

    #[test]
    fn every_order_is_in_one_list_or_the_other() {
        for state in State::ALL {
            assert_ne!(Filter::All.takes(state), Filter::Unpaid.takes(state));
        }
        assert!(!Filter::All.takes(State::Held) && Filter::All.takes(State::Pending));
    }

    #[test]
    fn the_usual_ways_lead_where_they_should() {
        let run = |inputs: &[Input]| {
            inputs.iter().try_fold(State::Held, |state, input| {
                transition(state, *input).map(|next| next.0)
            })
        };
        let paid = Input::Succeeded { in_stock: false };
        assert_eq!(run(&[Input::Pay, paid, Input::Send]), Ok(State::Sent));
        assert_eq!(
            run(&[Input::Pay, Input::Declined, Input::Pay, paid]),
            Ok(State::Paid)
        );
        assert_eq!(run(&[Input::Pay, Input::Unanswered, paid]), Ok(State::Paid));
        assert_eq!(
            run(&[
                Input::Pay,
                Input::Unanswered,
                Input::Declined,
                Input::HoldOver
            ]),
            Ok(State::Expired)
        );
        assert_eq!(run(&[Input::HoldOver, paid]), Ok(State::RefundDue));
        assert_eq!(
            run(&[Input::HoldOver, Input::Succeeded { in_stock: true }]),
            Ok(State::Paid)
        );
        assert!(run(&[Input::Pay, Input::HoldOver]).is_err());
        assert_eq!(run(&[Input::Pay, Input::Redirect, paid]), Ok(State::Paid));
        assert_eq!(
            run(&[Input::Pay, Input::Redirect, Input::Unanswered, paid]),
            Ok(State::Paid)
        );
        assert_eq!(
            run(&[
                Input::Pay,
                Input::Redirect,
                Input::Returned,
                Input::HoldOver
            ]),
            Ok(State::Expired)
        );
        assert!(
            run(&[Input::Pay, Input::Redirect, Input::HoldOver]).is_err(),
            "the page is closed first"
        );
        assert!(run(&[Input::Pay, Input::Unanswered, Input::HoldOver]).is_err());
        assert!(run(&[Input::Pay, Input::Pay]).is_err());
    }

    /// Whoever got everything back is sent nothing, whatever comes in whatever order.
    #[test]
    fn no_way_leads_from_refunded_to_sent() {
        for input in INPUTS {
            if let Ok((next, effects)) = transition(State::Refunded, input) {
                assert_eq!(next, State::Refunded, "{input:?}");
                assert!(
                    !effects.ship && !effects.sell && !effects.restock,
                    "{input:?}"
                );
            }
        }
    }

    proptest! {
        /// Stock and money are conserved whatever comes in whatever order.
        #[test]
        fn money_and_stock_are_never_lost(picks in proptest::collection::vec(0_usize..INPUTS.len(), 0..40)) {
            let mut state = State::Held;
            let (mut held, mut sold, mut receipts) = (1_i32, 0_i32, 0_i32);
            for pick in picks {
                let input = INPUTS[pick];
                let Ok((next, effects)) = transition(state, input) else { continue };
                if effects.sell && !state.holds() {
                    held += 1;
                }
                if effects.sell {
                    held -= 1;
                    sold += 1;
                }
                if effects.release {
                    held -= 1;
                }
                if effects.receipt {
                    receipts += 1;
                }
                prop_assert_eq!(held, i32::from(next.holds()));
                prop_assert!(sold <= 1 && receipts <= 1);
                prop_assert!(!state.has_money() || next.has_money(), "money was forgotten");
                prop_assert_eq!(receipts == 1, next.has_money());
                prop_assert_eq!(!effects.changed, next == state && !effects.sell);
                if matches!(input, Input::Succeeded { .. }) {
                    prop_assert!(next.has_money(), "a payment was lost");
                }
                state = next;
            }
        }

        /// A state with an open payment never gives its stock back without an answer.
        #[test]
        fn an_open_payment_keeps_its_stock(pick in 0_usize..INPUTS.len(), at in 0_usize..3) {
            let state = [State::Paying, State::Pending, State::Redirected][at];
            if let Ok((_, effects)) = transition(state, INPUTS[pick]) {
                prop_assert!(!effects.release);
            }
        }
    }
}
