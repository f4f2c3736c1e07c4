//! The pretend processor. It keeps its own table and commits on its own, as a processor elsewhere would.

use domain::checkout::Outcome;
use sqlx::any::AnyRow;

use super::{
    gateway::{Answer, Ask, Intent, Status, Unanswered},
    sql::money,
};
use crate::{Error, Result, Services, db};

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
        amount: money(row, "amount_minor")?,
        status,
    })
}

pub(super) async fn create(services: &Services, ask: &Ask<'_>) -> Answer<Intent> {
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
    .bind(ask.shop.as_str())
    .bind(ask.key)
    .bind(ask.amount.minor)
    .bind(ask.amount.currency.code())
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
        Status::Processing => Err(Unanswered),
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
