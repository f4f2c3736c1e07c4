//! Queries of accounts at processors.

use domain::{id::ShopId, payment::Provider, time::UnixMs};
use sqlx::{AnyConnection, any::AnyRow};

use crate::{Result, db, db::malformed};

/// A shop's account at a processor, its secrets sealed.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) shop: ShopId,
    pub(crate) provider: Provider,
    pub(crate) live: bool,
    pub(crate) provider_account: Option<String>,
    pub(crate) secret: String,
    pub(crate) hint: String,
    pub(crate) publishable: Option<String>,
    pub(crate) state: String,
    pub(crate) checked_at: Option<UnixMs>,
    pub(crate) problem: Option<String>,
    pub(crate) created_at: UnixMs,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, shop_id, provider, live, provider_account, secret, hint, publishable, state, checked_at, problem, created_at \
             FROM payment_account ",
            $rest
        )
    };
}

fn account(row: &AnyRow) -> Result<Account> {
    Ok(Account {
        id: db::text(row, "id")?,
        shop: db::parsed(row, "shop_id")?,
        provider: db::text(row, "provider")?
            .parse()
            .map_err(|()| malformed("provider"))?,
        live: db::number(row, "live")? != 0,
        provider_account: db::text_or_null(row, "provider_account")?,
        secret: db::text(row, "secret")?,
        hint: db::text(row, "hint")?,
        publishable: db::text_or_null(row, "publishable")?,
        state: db::text(row, "state")?,
        checked_at: db::number_or_null(row, "checked_at")?.map(UnixMs),
        problem: db::text_or_null(row, "problem")?,
        created_at: UnixMs(db::number(row, "created_at")?),
    })
}

/// The account that takes a shop's new payments.
pub(crate) async fn active_account(
    connection: &mut AnyConnection,
    shop: &ShopId,
) -> Result<Option<Account>> {
    let row = sqlx::query(select!("WHERE shop_id = $1 AND state = 'active'"))
        .bind(shop.as_str())
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(account).transpose()
}

pub(crate) async fn account_by_id(
    connection: &mut AnyConnection,
    id: &str,
) -> Result<Option<Account>> {
    let row = sqlx::query(select!("WHERE id = $1"))
        .bind(id)
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(account).transpose()
}

/// The accounts of a shop, the one that takes new payments first.
pub(crate) async fn accounts_of(
    connection: &mut AnyConnection,
    shop: &ShopId,
) -> Result<Vec<Account>> {
    let rows = sqlx::query(select!(
        "WHERE shop_id = $1 AND state <> 'removed' ORDER BY state, created_at DESC"
    ))
    .bind(shop.as_str())
    .fetch_all(connection)
    .await?;
    rows.iter().map(account).collect()
}

/// Stops every account of a shop from taking new payments.
pub(crate) async fn retire_accounts(
    connection: &mut AnyConnection,
    shop: &ShopId,
    now: UnixMs,
) -> Result<()> {
    sqlx::query(
        "UPDATE payment_account SET state = 'retired', changed_at = $2 WHERE shop_id = $1 AND state = 'active'",
    )
    .bind(shop.as_str())
    .bind(now.0)
    .execute(connection)
    .await?;
    Ok(())
}

/// Writes an account, new or known by its id.
pub(crate) async fn save_account(
    connection: &mut AnyConnection,
    account: &Account,
    now: UnixMs,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO payment_account (id, shop_id, provider, live, provider_account, secret, hint, publishable, state, checked_at, \
         problem, created_at, changed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12) \
         ON CONFLICT (id) DO UPDATE SET secret = excluded.secret, hint = excluded.hint, publishable = excluded.publishable, \
         state = excluded.state, checked_at = excluded.checked_at, problem = excluded.problem, changed_at = excluded.changed_at",
    )
    .bind(account.id.as_str())
    .bind(account.shop.as_str())
    .bind(account.provider.as_str())
    .bind(i64::from(account.live))
    .bind(account.provider_account.as_deref())
    .bind(account.secret.as_str())
    .bind(account.hint.as_str())
    .bind(account.publishable.as_deref())
    .bind(account.state.as_str())
    .bind(account.checked_at.map(|at| at.0))
    .bind(account.problem.as_deref())
    .bind(now.0)
    .execute(connection)
    .await?;
    Ok(())
}

/// Notes what came of a check of an account's keys.
pub(crate) async fn note_check(
    connection: &mut AnyConnection,
    id: &str,
    problem: Option<&str>,
    now: UnixMs,
) -> Result<()> {
    sqlx::query(
        "UPDATE payment_account SET checked_at = $2, problem = $3 WHERE id = $1 AND state <> 'removed'",
    )
    .bind(id)
    .bind(now.0)
    .bind(problem)
    .execute(connection)
    .await?;
    Ok(())
}

/// How many payments and refunds of an account have no end yet.
pub(crate) async fn open_of_account(connection: &mut AnyConnection, id: &str) -> Result<i64> {
    let row = sqlx::query(
        "SELECT (SELECT COUNT(*) FROM payment_attempt WHERE account_id = $1 AND state IN ('asked', 'unknown', 'redirected')) + \
         (SELECT COUNT(*) FROM payment_refund JOIN payment_attempt ON payment_attempt.id = payment_refund.attempt_id \
         WHERE payment_attempt.account_id = $1 AND payment_refund.state IN ('asked', 'pending')) AS n",
    )
    .bind(id)
    .fetch_one(connection)
    .await?;
    db::number(&row, "n")
}

/// A webhook signing secret, sealed.
pub(crate) struct Signing {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) created_at: UnixMs,
}

/// The signing secrets of an account, the newest first.
pub(crate) async fn signing_secrets(
    connection: &mut AnyConnection,
    account: &str,
) -> Result<Vec<Signing>> {
    let rows = sqlx::query(
        "SELECT id, secret, created_at FROM payment_signing_secret WHERE account_id = $1 ORDER BY created_at DESC, id",
    )
    .bind(account)
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Signing {
                id: db::text(row, "id")?,
                secret: db::text(row, "secret")?,
                created_at: UnixMs(db::number(row, "created_at")?),
            })
        })
        .collect()
}

pub(crate) async fn insert_signing(
    connection: &mut AnyConnection,
    account: &str,
    id: &str,
    secret: &str,
    now: UnixMs,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO payment_signing_secret (id, account_id, secret, created_at) VALUES ($1, $2, $3, $4)",
    )
    .bind(id)
    .bind(account)
    .bind(secret)
    .bind(now.0)
    .execute(connection)
    .await?;
    Ok(())
}

/// Removes one signing secret, or all of an account.
pub(crate) async fn delete_signing(
    connection: &mut AnyConnection,
    account: &str,
    id: Option<&str>,
) -> Result<()> {
    sqlx::query(
        "DELETE FROM payment_signing_secret WHERE account_id = $1 AND ($2 = '' OR id = $2)",
    )
    .bind(account)
    .bind(id.unwrap_or_default())
    .execute(connection)
    .await?;
    Ok(())
}
