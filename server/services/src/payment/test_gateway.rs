//! The pretend processor. It keeps its own table and commits on its own, as a processor elsewhere would.

use domain::{
    checkout::Outcome,
    id::ShopId,
    money::{Currency, Money},
    payment::RefundState,
};
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;

use super::gateway::{Answer, Ask, Failure, Intent, Returned, Status};
use crate::{Error, Result, Services, checkout::sql::money, db};

/// What it is asked to take.
#[derive(Debug, Serialize, Deserialize)]
struct Request {
    shop: ShopId,
    amount_minor: i64,
    currency: Currency,
}

/// What it is asked to give back.
#[derive(Debug, Serialize, Deserialize)]
struct RefundRequest {
    intent: String,
    amount_minor: i64,
    currency: Currency,
}

/// How long the bank takes when it does not answer at first, ms.
pub(crate) const SLOW_MS: i64 = 4000;

const DECLINED: &str =
    "The bank declined the payment. Nothing was taken. Try again or use another card.";

macro_rules! columns {
    () => {
        "id, state, amount_minor, currency"
    };
}

fn intent(row: &AnyRow) -> Result<Intent> {
    let status = match db::text(row, "state")?.as_str() {
        "requires_confirmation" => Status::RequiresConfirmation,
        "processing" => Status::Processing,
        "succeeded" => Status::Succeeded,
        "declined" => Status::Declined(DECLINED.to_owned()),
        "cancelled" => Status::Cancelled,
        other => return Err(Error::internal(format!("test gateway state {other}"))),
    };
    Ok(Intent {
        id: db::text(row, "id")?,
        payment: None,
        amount: money(row, "amount_minor")?,
        status,
        fee: None,
    })
}

pub(super) fn prepare(ask: &Ask<'_>) -> Result<String> {
    let request = Request {
        shop: ask.shop.clone(),
        amount_minor: ask.order.total.minor,
        currency: ask.order.total.currency,
    };
    serde_json::to_string(&request).map_err(Error::internal)
}

pub(super) fn prepare_refund(intent: &str, amount: Money) -> Result<String> {
    let request = RefundRequest {
        intent: intent.to_owned(),
        amount_minor: amount.minor,
        currency: amount.currency,
    };
    serde_json::to_string(&request).map_err(Error::internal)
}

pub(super) async fn create(services: &Services, key: &str, request: &str) -> Answer<Intent> {
    let request: Request = serde_json::from_str(request).map_err(Error::internal)?;
    let id: String = services.inner.random.id()?;
    let mut write = services.inner.db.write().await?;
    // An update that changes nothing: without it, the row that is there already would not be returned.
    let row = sqlx::query(concat!(
        "INSERT INTO test_gateway_intent (id, shop_id, idempotency_key, amount_minor, currency, state, created_at) \
         VALUES ($1, $2, $3, $4, $5, 'requires_confirmation', $6) \
         ON CONFLICT (idempotency_key) DO UPDATE SET idempotency_key = excluded.idempotency_key RETURNING ",
        columns!()
    ))
    .bind(format!("pi_{id}"))
    .bind(request.shop.as_str())
    .bind(key)
    .bind(request.amount_minor)
    .bind(request.currency.code())
    .bind(services.now().0)
    .fetch_one(&mut *write)
    .await?;
    let intent = intent(&row)?;
    write.commit().await?;
    Ok(Ok(intent))
}

pub(super) async fn find(services: &Services, key: &str) -> Answer<Option<Intent>> {
    let row = sqlx::query(concat!(
        "SELECT ",
        columns!(),
        " FROM test_gateway_intent WHERE idempotency_key = $1"
    ))
    .bind(key)
    .fetch_optional(&mut *services.inner.db.read().await?)
    .await?;
    Ok(Ok(row.as_ref().map(intent).transpose()?))
}

pub(super) async fn confirm(services: &Services, id: &str, outcome: Outcome) -> Answer<Intent> {
    let (state, result) = match outcome {
        Outcome::Success => ("succeeded", None),
        Outcome::Decline => ("declined", None),
        Outcome::Unknown => ("processing", Some("succeeded")),
        Outcome::UnknownDecline => ("processing", Some("declined")),
    };
    let mut write = services.inner.db.write().await?;
    let row = sqlx::query(concat!(
        "UPDATE test_gateway_intent SET state = $2, result = $3, settles_at = $4 \
         WHERE id = $1 AND state = 'requires_confirmation' RETURNING ",
        columns!()
    ))
    .bind(id)
    .bind(state)
    .bind(result)
    .bind(services.now().plus_ms(SLOW_MS).0)
    .fetch_optional(&mut *write)
    .await?;
    write.commit().await?;
    let answer = match row {
        Some(row) => Ok(intent(&row)?),
        // It was confirmed or cancelled before.
        None => retrieve(services, id).await?,
    };
    Ok(answer.and_then(|intent| match intent.status {
        // The connection broke before the bank answered.
        Status::Processing => Err(Failure::Unknown("the pretend bank is slow".to_owned())),
        _ => Ok(intent),
    }))
}

pub(super) async fn retrieve(services: &Services, id: &str) -> Answer<Intent> {
    let mut write = services.inner.db.write().await?;
    sqlx::query(
        "UPDATE test_gateway_intent SET state = result WHERE id = $1 AND state = 'processing' AND settles_at <= $2",
    )
    .bind(id)
    .bind(services.now().0)
    .execute(&mut *write)
    .await?;
    let row = sqlx::query(concat!(
        "SELECT ",
        columns!(),
        " FROM test_gateway_intent WHERE id = $1"
    ))
    .bind(id)
    .fetch_one(&mut *write)
    .await?;
    let intent = intent(&row)?;
    write.commit().await?;
    Ok(Ok(intent))
}

pub(super) async fn cancel(services: &Services, id: &str) -> Answer<Intent> {
    let mut write = services.inner.db.write().await?;
    sqlx::query("UPDATE test_gateway_intent SET state = 'cancelled' WHERE id = $1 AND state = 'requires_confirmation'")
        .bind(id)
        .execute(&mut *write)
        .await?;
    write.commit().await?;
    retrieve(services, id).await
}

/// One refund as it is kept.
fn returned(row: &AnyRow) -> Result<Returned> {
    Ok(Returned {
        id: db::text(row, "id")?,
        ours: Some(db::text(row, "idempotency_key")?),
        amount: money(row, "amount_minor")?,
        state: RefundState::Succeeded,
        problem: None,
    })
}

/// Gives money back at once, up to what was taken.
pub(super) async fn refund(services: &Services, key: &str, request: &str) -> Answer<Returned> {
    let request: RefundRequest = serde_json::from_str(request).map_err(Error::internal)?;
    let id: String = services.inner.random.id()?;
    let mut write = services.inner.db.write().await?;
    sqlx::query(
        "INSERT INTO test_gateway_refund (id, intent_id, idempotency_key, amount_minor, currency, created_at) \
         SELECT $1, id, $3, $4, currency, $6 FROM test_gateway_intent WHERE id = $2 AND state = 'succeeded' AND currency = $5 \
         AND amount_minor >= $4 + (SELECT COALESCE(SUM(amount_minor), 0) FROM test_gateway_refund WHERE intent_id = $2) \
         ON CONFLICT (idempotency_key) DO NOTHING",
    )
    .bind(format!("re_{id}"))
    .bind(request.intent.as_str())
    .bind(key)
    .bind(request.amount_minor)
    .bind(request.currency.code())
    .bind(services.now().0)
    .execute(&mut *write)
    .await?;
    let row = sqlx::query(
        "SELECT id, idempotency_key, amount_minor, currency FROM test_gateway_refund WHERE idempotency_key = $1",
    )
    .bind(key)
    .fetch_optional(&mut *write)
    .await?;
    write.commit().await?;
    Ok(match row {
        Some(row) => Ok(returned(&row)?),
        None => Err(Failure::Refused("more than was taken".to_owned())),
    })
}

/// Every refund of a payment.
pub(super) async fn refunds(services: &Services, intent: &str) -> Answer<Vec<Returned>> {
    let rows = sqlx::query(
        "SELECT id, idempotency_key, amount_minor, currency FROM test_gateway_refund WHERE intent_id = $1 ORDER BY created_at, id",
    )
    .bind(intent)
    .fetch_all(&mut *services.inner.db.read().await?)
    .await?;
    Ok(Ok(rows.iter().map(returned).collect::<Result<_>>()?))
}
