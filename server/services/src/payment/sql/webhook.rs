//! Queries of webhooks.

use domain::{id::ShopId, payment::Provider, time::UnixMs};
use sqlx::{AnyConnection, any::AnyRow};

use crate::{Result, db, db::malformed};

/// A signed report of a processor.
#[derive(Debug, Clone)]
pub(crate) struct Webhook {
    pub(crate) id: String,
    pub(crate) shop: ShopId,
    pub(crate) provider: Provider,
    pub(crate) account: String,
    pub(crate) live: bool,
    /// The processor's name for it.
    pub(crate) event: String,
    pub(crate) kind: String,
    /// What it is about: our name for the payment, and the processor's; empty where it names none.
    pub(crate) about: [String; 2],
    pub(crate) payload: String,
    pub(crate) state: String,
    pub(crate) received_at: UnixMs,
    pub(crate) applied_at: Option<UnixMs>,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, shop_id, provider, account_id, live, event_id, kind, about_ours, about_theirs, payload, state, received_at, applied_at \
             FROM payment_webhook ",
            $rest
        )
    };
}

fn webhook(row: &AnyRow) -> Result<Webhook> {
    Ok(Webhook {
        id: db::text(row, "id")?,
        shop: db::parsed(row, "shop_id")?,
        provider: db::text(row, "provider")?
            .parse()
            .map_err(|()| malformed("provider"))?,
        account: db::text(row, "account_id")?,
        live: db::number(row, "live")? != 0,
        event: db::text(row, "event_id")?,
        kind: db::text(row, "kind")?,
        about: [db::text(row, "about_ours")?, db::text(row, "about_theirs")?],
        payload: db::text(row, "payload")?,
        state: db::text(row, "state")?,
        received_at: UnixMs(db::number(row, "received_at")?),
        applied_at: db::number_or_null(row, "applied_at")?.map(UnixMs),
    })
}

/// Keeps a webhook; `false` when its event is here already.
pub(crate) async fn insert_webhook(
    connection: &mut AnyConnection,
    webhook: &Webhook,
) -> Result<bool> {
    let done = sqlx::query(
        "INSERT INTO payment_webhook (id, shop_id, provider, account_id, live, event_id, kind, about_ours, about_theirs, payload, state, \
         received_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (provider, account_id, live, event_id) DO NOTHING",
    )
    .bind(webhook.id.as_str())
    .bind(webhook.shop.as_str())
    .bind(webhook.provider.as_str())
    .bind(webhook.account.as_str())
    .bind(i64::from(webhook.live))
    .bind(webhook.event.as_str())
    .bind(webhook.kind.as_str())
    .bind(webhook.about[0].as_str())
    .bind(webhook.about[1].as_str())
    .bind(webhook.payload.as_str())
    .bind(webhook.state.as_str())
    .bind(webhook.received_at.0)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(crate) async fn webhook_by_id(
    connection: &mut AnyConnection,
    shop: &ShopId,
    id: &str,
) -> Result<Option<Webhook>> {
    let row = sqlx::query(select!("WHERE shop_id = $1 AND id = $2"))
        .bind(shop.as_str())
        .bind(id)
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(webhook).transpose()
}

/// The last 50 webhooks of a shop, the newest first.
pub(crate) async fn webhooks_of(
    connection: &mut AnyConnection,
    shop: &ShopId,
) -> Result<Vec<Webhook>> {
    let rows = sqlx::query(select!(
        "WHERE shop_id = $1 ORDER BY received_at DESC, id LIMIT 50"
    ))
    .bind(shop.as_str())
    .fetch_all(connection)
    .await?;
    Ok(db::readable(&rows, "webhook", webhook))
}

/// The webhooks of an account that wait for a payment that was not known by these names when they came.
pub(crate) async fn waiting_webhooks(
    connection: &mut AnyConnection,
    account: &str,
    ours: &str,
    theirs: [&str; 2],
) -> Result<Vec<Webhook>> {
    let rows = sqlx::query(select!(
        "WHERE account_id = $1 AND state = 'waiting' AND (about_ours = $2 OR about_theirs IN ($3, $4)) \
         ORDER BY received_at LIMIT 100"
    ))
    .bind(account)
    .bind(ours)
    .bind(theirs[0])
    .bind(theirs[1])
    .fetch_all(connection)
    .await?;
    Ok(db::readable(&rows, "webhook", webhook))
}

pub(crate) async fn set_webhook_state(
    connection: &mut AnyConnection,
    id: &str,
    state: &str,
    now: UnixMs,
) -> Result<()> {
    sqlx::query("UPDATE payment_webhook SET state = $2, applied_at = $3 WHERE id = $1")
        .bind(id)
        .bind(state)
        .bind(now.0)
        .execute(connection)
        .await?;
    Ok(())
}

/// Deletes what came before a moment.
pub(crate) async fn delete_webhooks(connection: &mut AnyConnection, before: UnixMs) -> Result<()> {
    sqlx::query("DELETE FROM payment_webhook WHERE received_at < $1")
        .bind(before.0)
        .execute(connection)
        .await?;
    Ok(())
}
