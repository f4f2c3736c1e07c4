//! Follows the event log and drops the pages that an event makes stale.
//!
//! The event is written in the transaction that changed the data, so it is read only after that change is committed: a page
//! made after the purge sees the new data.

use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};

use domain::id::{ProductId, ShopId};
use services::{Event, Services};
use tokio::sync::Mutex;

use crate::page;

/// Tag of what depends on the instance as a whole: the list of shops.
pub const INSTANCE: &str = "instance";

/// Tag of pages that show something of a shop.
#[must_use]
pub fn shop_tag(id: &ShopId) -> String {
    format!("shop:{id}")
}

/// Tag of pages that show something of a product.
#[must_use]
pub fn product_tag(id: &ProductId) -> String {
    format!("product:{id}")
}

/// Events read at once by [`Services::events`].
const BATCH: usize = 500;

/// Between two looks for changes that no handler of this process made: holds that ran out, payments that were settled late,
/// another process on the same database.
const EVERY: Duration = Duration::from_secs(1);

/// Reads the log of every shop behind a cursor.
pub struct Purger {
    services: Services,
    pages: page::Cache,
    seen: Mutex<HashMap<ShopId, i64>>,
}

impl Purger {
    /// Follows the log for `pages`, which must be empty.
    #[must_use]
    pub fn new(services: Services, pages: page::Cache) -> Self {
        Self {
            services,
            pages,
            seen: Mutex::default(),
        }
    }

    /// Reads what was committed so far. After it, the cache holds nothing older than the caller's own change.
    ///
    /// When the log cannot be read, nothing in the cache can be vouched for, so all of it is dropped.
    pub async fn catch_up(&self) {
        let mut seen = self.seen.lock().await;
        if let Err(error) = self.read(&mut seen).await {
            tracing::warn!(%error, "the event log could not be read; every kept page was dropped");
            self.pages.clear();
        }
    }

    async fn read(&self, seen: &mut HashMap<ShopId, i64>) -> services::Result<()> {
        for shop in self.services.identity().shops().await? {
            let cursor = seen.entry(shop.id.clone()).or_default();
            loop {
                let events = self.services.events(&shop.id, *cursor).await?;
                let Some(last) = events.last() else { break };
                let tags: BTreeSet<String> = events
                    .iter()
                    .flat_map(|event| stale(&shop.id, event))
                    .collect();
                self.pages.purge(&tags.into_iter().collect::<Vec<_>>());
                *cursor = last.seq;
                if events.len() < BATCH {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Follows until `stop` resolves.
    pub async fn follow(&self, stop: impl Future<Output = ()>) {
        let mut stop = std::pin::pin!(stop);
        loop {
            self.catch_up().await;
            tokio::select! {
                () = &mut stop => return,
                () = tokio::time::sleep(EVERY) => {}
            }
        }
    }
}

/// The tags an event makes stale.
fn stale(shop: &ShopId, event: &Event) -> Vec<String> {
    match event.kind.split_once('.').map(|(noun, _)| noun) {
        Some("shop") => vec![INSTANCE.to_owned(), shop_tag(shop)],
        // Who waits for a product is on no page but its shop's own.
        Some("waiting") => Vec::new(),
        // The front lists it, or does not any more.
        Some("product") => vec![format!("product:{}", event.subject), shop_tag(shop)],
        Some("order") => match products(&event.body) {
            Some(products) => products.iter().map(|id| format!("product:{id}")).collect(),
            None => vec![shop_tag(shop)],
        },
        // The front shows the heroes. What no product shows is on no page.
        Some("media") => match products(&event.body).as_deref() {
            None | Some([]) => Vec::new(),
            Some(products) => products
                .iter()
                .map(|id| format!("product:{id}"))
                .chain([shop_tag(shop)])
                .collect(),
        },
        // What is not known here may concern anything of the shop.
        _ => vec![shop_tag(shop)],
    }
}

/// The products an order's event names.
fn products(body: &str) -> Option<Vec<String>> {
    #[derive(serde::Deserialize)]
    struct Named {
        product: Option<String>,
        products: Option<Vec<String>>,
    }
    let named: Named = serde_json::from_str(body).ok()?;
    named
        .products
        .or_else(|| named.product.map(|one| vec![one]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(kind: &str, body: &str) -> Event {
        Event {
            seq: 1,
            kind: kind.to_owned(),
            subject: "it".to_owned(),
            body: body.to_owned(),
            at: domain::time::UnixMs(0),
        }
    }

    #[test]
    fn every_event_names_what_it_makes_stale() {
        let shop: ShopId = "s1".parse().unwrap();
        let tags = |kind, body| stale(&shop, &event(kind, body));
        assert_eq!(tags("product.published", "{}"), ["product:it", "shop:s1"]);
        assert_eq!(tags("order.held", r#"{"product":"p1"}"#), ["product:p1"]);
        assert_eq!(
            tags("order.paid", r#"{"products":["p1","p2"]}"#),
            ["product:p1", "product:p2"]
        );
        assert_eq!(
            tags("order.paid", "{}"),
            ["shop:s1"],
            "when in doubt, all of the shop"
        );
        assert_eq!(tags("order.paid", "not json"), ["shop:s1"]);
        assert_eq!(tags("shop.created", "{}"), ["instance", "shop:s1"]);
        assert_eq!(tags("something.new", "{}"), ["shop:s1"]);
        assert!(tags("waiting.added", "{}").is_empty());
        assert!(tags("media.ready", "{}").is_empty());
        assert!(tags("media.changed", r#"{"products":[]}"#).is_empty());
        assert_eq!(
            tags("media.changed", r#"{"products":["p1"]}"#),
            ["product:p1", "shop:s1"]
        );
    }
}
