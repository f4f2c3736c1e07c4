//! Events: [`write()`] puts one into the caller's transaction, [`feed`] reads them in one order over all shops.

pub(crate) mod feed;
mod place;

use domain::{
    event::{Event, Tag, Versioned},
    id::ShopId,
    time::UnixMs,
};
use sqlx::any::AnyRow;

pub use self::feed::{FeedPage, Update};
use crate::{
    Error, Result,
    db::{self, Engine, Write},
};

/// One event of the feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Its place in the feed, from 1, without gaps over all shops.
    pub position: i64,
    /// Whose shop.
    pub shop: ShopId,
    /// What happened; `None` when a newer release wrote it and this one cannot read it.
    pub event: Option<Event>,
    /// When.
    pub at: UnixMs,
    /// This process wrote it, and purged at its commit what it made stale ([`crate::Services::on_commit`]).
    pub is_purged: bool,
}

impl Recorded {
    /// What it makes stale: of one that this release cannot read, anything of its shop.
    #[must_use]
    pub fn tags(&self) -> Vec<Tag> {
        match &self.event {
            Some(event) => event.tags(&self.shop),
            None => vec![
                Tag::Instance,
                Tag::Shop(self.shop.clone()),
                Tag::Listing(self.shop.clone()),
            ],
        }
    }
}

/// Writes one event. On SQLite it takes its place in the feed at once, behind the writer's lock; on PostgreSQL it gets it
/// after the commit, so that no checkout waits for another shop's.
pub(crate) async fn write(
    write: &mut Write,
    shop: &ShopId,
    event: Event,
    at: UnixMs,
) -> Result<()> {
    let body = serde_json::to_string(&Versioned::now(event.clone())).map_err(Error::internal)?;
    let position = match write.engine() {
        Engine::Postgres => None,
        Engine::Sqlite => {
            let row = sqlx::query(
                "UPDATE feed_head SET position = position + 1 WHERE id = 1 RETURNING position",
            )
            .fetch_one(&mut **write)
            .await?;
            Some(db::number(&row, "position")?)
        }
    };
    let row = sqlx::query(
        "INSERT INTO event (position, shop_id, body, at) VALUES ($1, $2, $3, $4) RETURNING id",
    )
    .bind(position)
    .bind(shop.as_str())
    .bind(body)
    .bind(at.0)
    .fetch_one(&mut **write)
    .await?;
    write.has_event(&event, shop, db::number(&row, "id")?);
    Ok(())
}

fn recorded(row: &AnyRow) -> Result<Recorded> {
    let body = db::text(row, "body")?;
    let event = serde_json::from_str::<Versioned>(&body)
        .ok()
        .and_then(Versioned::known);
    Ok(Recorded {
        position: db::number(row, "position")?,
        shop: db::parsed(row, "shop_id")?,
        event,
        at: UnixMs(db::number(row, "at")?),
        is_purged: false,
    })
}
