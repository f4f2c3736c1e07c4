//! Discount codes: made and ended by a shop, taken and freed by orders.

mod sql;

use domain::{
    checkout::Order,
    discount::{Discount, Off, Use, form::DiscountForm},
    id::ShopId,
    identity::Viewer,
    invalid::Invalid,
    money::Currency,
    time::UnixMs,
};
use sqlx::AnyConnection;

use crate::{Error, Result, Services, db::Write, terms};

pub use self::sql::Made;

/// Discount codes.
pub struct Discounts<'a> {
    pub(crate) services: &'a Services,
}

/// The most codes that a shop has.
const MOST: u64 = 20_000;
/// The most codes on a page of the list.
pub const PAGE: u32 = 1000;
/// Letters and digits that are not taken for others.
const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

impl Discounts<'_> {
    /// The newest codes of the viewer's shop; codes that were made together are one row.
    pub async fn list(&self, viewer: &Viewer) -> Result<Vec<Made>> {
        let mut connection = self.services.inner.db.read().await?;
        sql::list(&mut connection, &viewer.shop.id, PAGE).await
    }

    /// The codes that were made together, and how often each is used.
    pub async fn batch(&self, viewer: &Viewer, batch: &str) -> Result<Vec<(String, u32)>> {
        let mut connection = self.services.inner.db.read().await?;
        sql::batch(&mut connection, &viewer.shop.id, batch).await
    }

    /// Makes the code of a form, or as many as it asks for with endings that cannot be guessed.
    ///
    /// # Errors
    /// `Invalid`; `Conflict` for a code that was there before, or for too many.
    pub async fn make(&self, viewer: &Viewer, form: &DiscountForm) -> Result<()> {
        let currency: Currency = viewer.shop.currency.parse()?;
        let (shop, now) = (&viewer.shop.id, self.services.now());
        let random = &self.services.inner.random;
        let count = form.count()?;
        let mut made = Vec::new();
        let batch = match count {
            None => {
                made.push(form.discount(None, currency)?);
                None
            }
            Some(count) => {
                for _ in 0..count {
                    let bytes = random.sixteen()?;
                    let ending: String = bytes
                        .iter()
                        .take(8)
                        .map(|byte| char::from(LETTERS[usize::from(*byte) % 32]))
                        .collect();
                    let code = format!("{}-{ending}", form.code.trim());
                    made.push(form.discount(Some(&code), currency)?);
                }
                Some(random.id::<String>()?)
            }
        };
        let mut write = self.services.inner.db.write().await?;
        terms::set_codes(&mut write, shop, true, now).await?;
        let had = sql::count(&mut write, shop).await?;
        if had.saturating_add(made.len() as u64) > MOST {
            return Err(Error::Conflict(format!("A shop has at most {MOST} codes.")));
        }
        for discount in &made {
            if !sql::insert(&mut write, shop, discount, batch.as_deref(), now).await? {
                return Err(Error::Conflict(format!(
                    "There is a code {} already. Choose another one.",
                    discount.code
                )));
            }
        }
        write.commit().await
    }

    /// Ends a code, or all that were made together. Orders that use it keep it.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn end(&self, viewer: &Viewer, code_or_batch: &str) -> Result<()> {
        let now = self.services.now();
        let mut write = self.services.inner.db.write().await?;
        let shop = &viewer.shop.id;
        // Locks the terms first, so that a code that is made meanwhile is seen.
        terms::set_codes(&mut write, shop, true, now).await?;
        if !sql::end(&mut write, &viewer.shop.id, code_or_batch, now).await? {
            return Err(Error::NotFound(
                "There is no such code in your shop, or it has ended already.".to_owned(),
            ));
        }
        if sql::usable(&mut write, shop).await?.is_empty() {
            terms::set_codes(&mut write, shop, false, now).await?;
        }
        write.commit().await
    }
}

/// Ends the codes that say an amount, which means something else in a currency of other digits.
pub(crate) async fn end_amounts(write: &mut Write, shop: &ShopId, now: UnixMs) -> Result<()> {
    for discount in sql::usable(write, shop).await? {
        if matches!(discount.off, Off::Amount(_)) || discount.least > 0 {
            sql::end_one(write, shop, discount.code.as_str(), now).await?;
        }
    }
    if sql::usable(write, shop).await?.is_empty() {
        terms::set_codes(write, shop, false, now).await?;
    }
    Ok(())
}

/// Takes a code for an order whose goods cost `goods`: locks it, so that the last use goes to one order. What the order used before
/// is freed.
///
/// # Errors
/// `Invalid` with the field `code`.
pub(crate) async fn take(
    write: &mut Write,
    shop: &ShopId,
    order: &Order,
    code: &str,
    goods: i64,
    customer: Option<&str>,
    now: UnixMs,
) -> Result<Discount> {
    let unknown = || Invalid::new("code", "This code is not known here. Check its letters.");
    free(write, order).await?;
    let discount = sql::lock(write, shop, code, now)
        .await?
        .ok_or_else(unknown)?;
    let customer = customer.map(str::to_lowercase);
    let usage = Use {
        goods,
        ..sql::usage(write, shop, code, customer.as_deref()).await?
    };
    discount.check(&usage, order.total.currency, now)?;
    sql::insert_use(write, shop, order, code, customer.as_deref()).await?;
    Ok(discount)
}

/// Frees the code that an order uses, if any.
pub(crate) async fn free(connection: &mut AnyConnection, order: &Order) -> Result<()> {
    sql::delete_use(connection, &order.id).await
}
