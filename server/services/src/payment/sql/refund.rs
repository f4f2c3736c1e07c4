//! Queries of refunds and disputes.

use domain::{
    id::{OrderId, ShopId},
    money::Money,
    payment::{DisputeState, Provider, RefundState},
    time::UnixMs,
};
use sqlx::{AnyConnection, any::AnyRow};

use crate::{Result, checkout::sql::money, db, db::malformed};

/// Money that goes back.
#[derive(Debug, Clone)]
pub(crate) struct Refund {
    pub(crate) id: String,
    pub(crate) order: OrderId,
    /// The order's name in its buyer's addresses.
    pub(crate) token: String,
    pub(crate) shop: ShopId,
    pub(crate) attempt: String,
    pub(crate) provider: Provider,
    pub(crate) account: Option<String>,
    pub(crate) live: bool,
    pub(crate) form: Option<String>,
    pub(crate) key: String,
    pub(crate) request: String,
    pub(crate) provider_id: Option<String>,
    /// What the processor calls the payment that it gives back of.
    pub(crate) payment: Option<String>,
    pub(crate) amount: Money,
    pub(crate) state: RefundState,
    pub(crate) cause: String,
    pub(crate) problem: Option<String>,
    pub(crate) person: Option<String>,
    pub(crate) next_check_at: UnixMs,
    pub(crate) checks: u32,
    pub(crate) created_at: UnixMs,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT payment_refund.id, payment_refund.order_id, orders.token, payment_refund.shop_id, payment_refund.attempt_id, \
             payment_attempt.provider, payment_attempt.account_id, payment_attempt.live, payment_refund.form_key, payment_refund.idempotency_key, \
             payment_refund.request, payment_refund.provider_id, COALESCE(payment_attempt.payment_id, payment_attempt.provider_id) AS payment, \
             payment_refund.amount_minor, payment_refund.currency, payment_refund.state, payment_refund.cause, payment_refund.problem, \
             payment_refund.person_id, payment_refund.next_check_at, payment_refund.checks, payment_refund.created_at \
             FROM payment_refund JOIN payment_attempt ON payment_attempt.id = payment_refund.attempt_id \
             JOIN orders ON orders.id = payment_refund.order_id ",
            $rest
        )
    };
}

fn refund(row: &AnyRow) -> Result<Refund> {
    Ok(Refund {
        id: db::text(row, "id")?,
        order: db::parsed(row, "order_id")?,
        token: db::text(row, "token")?,
        shop: db::parsed(row, "shop_id")?,
        attempt: db::text(row, "attempt_id")?,
        provider: db::text(row, "provider")?
            .parse()
            .map_err(|()| malformed("provider"))?,
        account: db::text_or_null(row, "account_id")?,
        live: db::number(row, "live")? != 0,
        form: db::text_or_null(row, "form_key")?,
        key: db::text(row, "idempotency_key")?,
        request: db::text(row, "request")?,
        provider_id: db::text_or_null(row, "provider_id")?,
        payment: db::text_or_null(row, "payment")?,
        amount: money(row, "amount_minor")?,
        state: db::text(row, "state")?
            .parse()
            .map_err(|()| malformed("state"))?,
        cause: db::text(row, "cause")?,
        problem: db::text_or_null(row, "problem")?,
        person: db::text_or_null(row, "person_id")?,
        next_check_at: UnixMs(db::number(row, "next_check_at")?),
        checks: db::count(row, "checks")?,
        created_at: UnixMs(db::number(row, "created_at")?),
    })
}

/// The refunds of an order, the first first.
pub(crate) async fn refunds_of(
    connection: &mut AnyConnection,
    order: &OrderId,
) -> Result<Vec<Refund>> {
    let rows = sqlx::query(select!(
        "WHERE payment_refund.order_id = $1 ORDER BY payment_refund.created_at, payment_refund.id"
    ))
    .bind(order.as_str())
    .fetch_all(connection)
    .await?;
    rows.iter().map(refund).collect()
}

/// At most 100 refunds that are due to be asked about.
pub(crate) async fn due_refunds(
    connection: &mut AnyConnection,
    now: UnixMs,
) -> Result<Vec<Refund>> {
    let rows = sqlx::query(select!(
        "WHERE payment_refund.state IN ('asked', 'pending') AND payment_refund.next_check_at <= $1 \
         ORDER BY payment_refund.next_check_at LIMIT 100"
    ))
    .bind(now.0)
    .fetch_all(connection)
    .await?;
    Ok(db::readable(&rows, "refund", refund))
}

pub(crate) async fn refund_by_form(
    connection: &mut AnyConnection,
    shop: &ShopId,
    form: &str,
) -> Result<Option<Refund>> {
    let row = sqlx::query(select!(
        "WHERE payment_refund.shop_id = $1 AND payment_refund.form_key = $2"
    ))
    .bind(shop.as_str())
    .bind(form)
    .fetch_optional(connection)
    .await?;
    row.as_ref().map(refund).transpose()
}

pub(crate) async fn insert_refund(connection: &mut AnyConnection, refund: &Refund) -> Result<()> {
    sqlx::query(
        "INSERT INTO payment_refund (id, order_id, shop_id, attempt_id, form_key, idempotency_key, request, provider_id, amount_minor, \
         currency, state, cause, problem, person_id, next_check_at, created_at, changed_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $16)",
    )
    .bind(refund.id.as_str())
    .bind(refund.order.as_str())
    .bind(refund.shop.as_str())
    .bind(refund.attempt.as_str())
    .bind(refund.form.as_deref())
    .bind(refund.key.as_str())
    .bind(refund.request.as_str())
    .bind(refund.provider_id.as_deref())
    .bind(refund.amount.minor)
    .bind(refund.amount.currency.code())
    .bind(refund.state.as_str())
    .bind(refund.cause.as_str())
    .bind(refund.problem.as_deref())
    .bind(refund.person.as_deref())
    .bind(refund.next_check_at.0)
    .bind(refund.created_at.0)
    .execute(connection)
    .await?;
    Ok(())
}

/// Writes where a refund stands, from one state to another; `false` when it stood elsewhere.
pub(crate) async fn set_refund(
    connection: &mut AnyConnection,
    refund: &Refund,
    from: RefundState,
    now: UnixMs,
) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE payment_refund SET state = $3, provider_id = COALESCE(provider_id, $4), problem = $5, next_check_at = $6, \
         checks = checks + 1, changed_at = $7 WHERE id = $1 AND state = $2",
    )
    .bind(refund.id.as_str())
    .bind(from.as_str())
    .bind(refund.state.as_str())
    .bind(refund.provider_id.as_deref())
    .bind(refund.problem.as_deref())
    .bind(refund.next_check_at.0)
    .bind(now.0)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Whether any refund is due to be asked about.
pub(crate) async fn any_due_refund(connection: &mut AnyConnection, now: UnixMs) -> Result<bool> {
    let row = sqlx::query(
        "SELECT id FROM payment_refund WHERE state IN ('asked', 'pending') AND next_check_at <= $1 LIMIT 1",
    )
    .bind(now.0)
    .fetch_optional(connection)
    .await?;
    Ok(row.is_some())
}

/// A bank that takes money back for its customer.
#[derive(Debug, Clone)]
pub(crate) struct Dispute {
    pub(crate) id: String,
    pub(crate) provider_id: String,
    pub(crate) amount: Money,
    pub(crate) state: DisputeState,
    pub(crate) reason: String,
    pub(crate) withdrawn: bool,
    pub(crate) opened_at: UnixMs,
}

/// The disputes of an order, the first first.
pub(crate) async fn disputes_of(
    connection: &mut AnyConnection,
    order: &OrderId,
) -> Result<Vec<Dispute>> {
    let rows = sqlx::query(
        "SELECT id, provider_id, amount_minor, currency, state, reason, withdrawn, opened_at FROM payment_dispute \
         WHERE order_id = $1 ORDER BY opened_at, id",
    )
    .bind(order.as_str())
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Dispute {
                id: db::text(row, "id")?,
                provider_id: db::text(row, "provider_id")?,
                amount: money(row, "amount_minor")?,
                state: db::text(row, "state")?
                    .parse()
                    .map_err(|()| malformed("state"))?,
                reason: db::text(row, "reason")?,
                withdrawn: db::number(row, "withdrawn")? != 0,
                opened_at: UnixMs(db::number(row, "opened_at")?),
            })
        })
        .collect()
}

/// Writes a dispute, new or known by the processor's name for it.
pub(crate) async fn save_dispute(
    connection: &mut AnyConnection,
    order: &OrderId,
    shop: &ShopId,
    attempt: &str,
    dispute: &Dispute,
    now: UnixMs,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO payment_dispute (id, order_id, shop_id, attempt_id, provider_id, amount_minor, currency, state, reason, withdrawn, \
         opened_at, changed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11) \
         ON CONFLICT (attempt_id, provider_id) DO UPDATE SET amount_minor = excluded.amount_minor, state = excluded.state, \
         reason = excluded.reason, withdrawn = excluded.withdrawn, changed_at = excluded.changed_at",
    )
    .bind(dispute.id.as_str())
    .bind(order.as_str())
    .bind(shop.as_str())
    .bind(attempt)
    .bind(dispute.provider_id.as_str())
    .bind(dispute.amount.minor)
    .bind(dispute.amount.currency.code())
    .bind(dispute.state.as_str())
    .bind(dispute.reason.as_str())
    .bind(i64::from(dispute.withdrawn))
    .bind(now.0)
    .execute(connection)
    .await?;
    Ok(())
}
