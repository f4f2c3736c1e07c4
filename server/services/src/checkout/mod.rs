//! Buying and orders.

use domain::{
    catalog::Product,
    checkout::{Order, PayForm},
    id::OrderId,
    identity::{Shop, Viewer},
};

use crate::{Error, Result, Services};

/// Buying and orders.
pub struct Checkout<'a> {
    pub(crate) services: &'a Services,
}

/// What came of pressing buy.
#[derive(Debug, Clone, PartialEq)]
pub enum Bought {
    /// Stock is held: go to `/checkout/{token}`.
    Held(Order),
    /// The price is not the one the buyer saw: show it and ask again.
    PriceChanged(Shop, Product),
    /// Not that many are left.
    SoldOut(Shop, Product),
}

/// What came of pressing pay.
#[derive(Debug, Clone, PartialEq)]
pub enum Paid {
    /// Go to `/order/{token}`: paid, or pending until the bank answers.
    Done(Order),
    /// Declined: the sentence says why, and the form can be used again.
    Declined(Order, String),
}

impl Checkout<'_> {
    /// Whether orders are paid with the test gateway.
    #[must_use]
    pub fn test_payments(&self) -> bool {
        self.services.config().test_payments
    }

    /// Holds `quantity` pieces for a new order. The same `attempt` (1–64 of `[A-Za-z0-9_-]`) gives the same order again.
    ///
    /// # Errors
    /// `NotFound`, `Invalid`.
    pub async fn buy(
        &self,
        slug: &str,
        quantity: u32,
        price_seen_minor: Option<i64>,
        attempt: Option<&str>,
    ) -> Result<Bought> {
        Err(Error::internal("not built yet"))
    }

    /// The buyer's order with its shop. Settles what can be settled first (expired hold, answer of the bank).
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn order(&self, token: &str) -> Result<(Shop, Order)> {
        Err(Error::internal("not built yet"))
    }

    /// Pays. Pressing twice pays once: on a paid or pending order it answers with that order.
    ///
    /// # Errors
    /// `NotFound`, `Invalid` (a field of the form), `Gone` (hold over or cancelled), `Unavailable` (no gateway takes payments).
    pub async fn pay(&self, token: &str, form: &PayForm) -> Result<Paid> {
        Err(Error::internal("not built yet"))
    }

    /// Gives the order up and the stock back.
    ///
    /// # Errors
    /// `NotFound`, `Conflict` once it is paid or being paid.
    pub async fn cancel(&self, token: &str) -> Result<Order> {
        Err(Error::internal("not built yet"))
    }

    /// The orders of the viewer's shop that were paid or are open, newest first, at most 500.
    pub async fn orders(&self, viewer: &Viewer) -> Result<Vec<Order>> {
        Err(Error::internal("not built yet"))
    }

    /// One order of the viewer's shop.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn order_of(&self, viewer: &Viewer, id: &OrderId) -> Result<Order> {
        Err(Error::internal("not built yet"))
    }

    /// Marks a paid order as sent.
    ///
    /// # Errors
    /// `NotFound`, `Conflict` when it is not paid.
    pub async fn mark_sent(&self, viewer: &Viewer, id: &OrderId) -> Result<Order> {
        Err(Error::internal("not built yet"))
    }

    /// Gives expired holds back. Returns how many.
    pub async fn sweep(&self) -> Result<usize> {
        Err(Error::internal("not built yet"))
    }

    /// Asks the gateway about open payments. Returns how many were settled.
    pub async fn reconcile(&self) -> Result<usize> {
        Err(Error::internal("not built yet"))
    }
}
