//! Every change of state that others may follow, as one enum.
//!
//! An event is written in the transaction that makes it true and read from the feed by whoever follows: page caches,
//! later SSE, search, webhooks. Its JSON carries a version ([`Versioned`]), so that a process of an older release knows
//! what it cannot read.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    checkout::{Order, State},
    id::{MediaId, OrderId, ProductId, ShopId},
    media::Kind,
};

/// The version of the JSON. It is raised when a variant changes its meaning, not when one is added: an unknown variant
/// does not parse, which says the same.
pub const VERSION: u32 = 1;

/// What happened. Whose shop it happened in stands beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Event {
    /// A shop opened.
    ShopCreated {
        /// Its handle.
        handle: String,
    },
    /// A shop changed its name, its handle or its currency.
    ShopChanged {
        /// Its handle now.
        handle: String,
        /// Its handle before, where that changed; it leads to the shop from now on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        former_handle: Option<String>,
    },
    /// An owner came back in through a recovery link.
    ShopRecovered {
        /// Its handle.
        handle: String,
    },
    /// A draft was made.
    ProductCreated(ProductChange),
    /// Fields, pictures or stock of a product changed.
    ProductChanged(ProductChange),
    /// A product got its page.
    ProductPublished(ProductChange),
    /// A product lost its page.
    ProductUnpublished(ProductChange),
    /// A draft was deleted.
    ProductDeleted {
        /// Which.
        product: ProductId,
    },
    /// Stock was reserved for a new order.
    OrderHeld(OrderChange),
    /// A payment is being asked for.
    OrderPaying(OrderChange),
    /// The processor did not answer.
    OrderPending(OrderChange),
    /// The buyer was sent to the processor's page.
    OrderRedirected(OrderChange),
    /// The processor refused.
    OrderDeclined(OrderChange),
    /// Paid.
    OrderPaid(OrderChange),
    /// Handed to the carrier.
    OrderSent(OrderChange),
    /// Nobody paid in time.
    OrderExpired(OrderChange),
    /// The buyer gave it up.
    OrderCancelled(OrderChange),
    /// Paid after its stock was gone.
    OrderRefundDue(OrderChange),
    /// All its money goes back, and nothing is sent.
    OrderRefunded(OrderChange),
    /// A picture or clip can be shown.
    MediaReady {
        /// Which.
        media: MediaId,
        /// Photo or clip.
        media_kind: Kind,
        /// Length of the original.
        bytes: u64,
    },
    /// Nothing showed a picture or clip any more, and it was deleted.
    MediaDeleted {
        /// Which.
        media: MediaId,
    },
    /// A picture or clip looks different: new renditions, poster or description.
    MediaChanged {
        /// Which.
        media: MediaId,
        /// The products whose pages show it.
        products: Vec<ProductId>,
    },
    /// Somebody asked to be written to when a product is back.
    WaitlistJoined {
        /// For which product.
        product: ProductId,
    },
    /// The shop wrote to those who waited, and they were forgotten.
    WaitlistNotified {
        /// For which product.
        product: ProductId,
        /// How many.
        people: u64,
    },
}

/// A product after a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductChange {
    /// Which.
    pub product: ProductId,
    /// Its name in addresses.
    pub slug: String,
    /// Price in minor units of the shop's currency.
    pub price_minor: Option<i64>,
    /// Whether none can be bought.
    pub sold_out: bool,
}

/// An order after a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderChange {
    /// Which.
    pub order: OrderId,
    /// Its number in the shop.
    pub number: u32,
    /// Total in minor units of the order's currency.
    pub total_minor: i64,
    /// Paid with the test gateway.
    pub test: bool,
    /// The products of its lines.
    pub products: Vec<ProductId>,
}

impl OrderChange {
    /// What an event says of an order.
    #[must_use]
    pub fn of(order: &Order) -> Self {
        Self {
            order: order.id.clone(),
            number: order.number,
            total_minor: order.total.minor,
            test: order.test,
            products: order
                .lines
                .iter()
                .map(|line| line.product.clone())
                .collect(),
        }
    }
}

/// A surrogate key: what a cached page was made of, and what an event makes stale.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tag {
    /// The instance as a whole: its list of shops.
    Instance,
    /// Anything of a shop: its name and settings are on each of its pages.
    Shop(ShopId),
    /// The list of a shop's products: its front.
    Listing(ShopId),
    /// One product's page.
    Product(ProductId),
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Instance => f.write_str("instance"),
            Self::Shop(id) => write!(f, "shop:{id}"),
            Self::Listing(id) => write!(f, "listing:{id}"),
            Self::Product(id) => write!(f, "product:{id}"),
        }
    }
}

impl Event {
    /// The event of an order that has just come into the state it is in.
    #[must_use]
    pub fn of_order(order: &Order) -> Self {
        let change = OrderChange::of(order);
        match order.state {
            State::Held => Self::OrderHeld(change),
            State::Paying => Self::OrderPaying(change),
            State::Pending => Self::OrderPending(change),
            State::Redirected => Self::OrderRedirected(change),
            State::Declined => Self::OrderDeclined(change),
            State::Paid => Self::OrderPaid(change),
            State::Sent => Self::OrderSent(change),
            State::Expired => Self::OrderExpired(change),
            State::Cancelled => Self::OrderCancelled(change),
            State::RefundDue => Self::OrderRefundDue(change),
            State::Refunded => Self::OrderRefunded(change),
        }
    }

    /// What it makes stale in a page cache. Pages show no stock count, only whether something can be bought, so only the
    /// steps of an order that move stock count.
    #[must_use]
    pub fn tags(&self, shop: &ShopId) -> Vec<Tag> {
        let with_listing = |products: &[ProductId]| {
            if products.is_empty() {
                return Vec::new();
            }
            let mut tags: Vec<Tag> = products.iter().cloned().map(Tag::Product).collect();
            tags.push(Tag::Listing(shop.clone()));
            tags
        };
        match self {
            Self::ShopCreated { .. } | Self::ShopChanged { .. } => {
                vec![Tag::Instance, Tag::Shop(shop.clone())]
            }
            Self::ProductCreated(change)
            | Self::ProductChanged(change)
            | Self::ProductPublished(change)
            | Self::ProductUnpublished(change) => {
                with_listing(std::slice::from_ref(&change.product))
            }
            Self::ProductDeleted { product } => with_listing(std::slice::from_ref(product)),
            Self::OrderHeld(change)
            | Self::OrderPaid(change)
            | Self::OrderExpired(change)
            | Self::OrderRefunded(change)
            | Self::OrderCancelled(change) => with_listing(&change.products),
            Self::MediaChanged { products, .. } => with_listing(products),
            Self::ShopRecovered { .. }
            | Self::OrderPaying(_)
            | Self::OrderPending(_)
            | Self::OrderRedirected(_)
            | Self::OrderDeclined(_)
            | Self::OrderSent(_)
            | Self::OrderRefundDue(_)
            | Self::MediaReady { .. }
            | Self::MediaDeleted { .. }
            | Self::WaitlistJoined { .. }
            | Self::WaitlistNotified { .. } => Vec::new(),
        }
    }
}

impl Event {
    /// The pages that it takes away for good, among those that it makes stale: nobody may be shown what they were.
    #[must_use]
    pub fn withdrawn(&self) -> Option<Tag> {
        match self {
            Self::ProductUnpublished(change) => Some(Tag::Product(change.product.clone())),
            Self::ProductDeleted { product } => Some(Tag::Product(product.clone())),
            _ => None,
        }
    }
}

/// An event as it is kept: JSON with a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versioned {
    /// [`VERSION`] of the release that wrote it.
    #[serde(rename = "v")]
    version: u32,
    /// What happened.
    #[serde(flatten)]
    event: Event,
}

impl Versioned {
    /// To be written now.
    #[must_use]
    pub const fn now(event: Event) -> Self {
        Self {
            version: VERSION,
            event,
        }
    }

    /// The event; `None` when a newer release wrote it and may mean something else.
    #[must_use]
    pub fn known(self) -> Option<Event> {
        (self.version <= VERSION).then_some(self.event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(products: &[&str]) -> OrderChange {
        OrderChange {
            order: "o1".parse().expect("id"),
            number: 1,
            total_minor: 3800,
            test: false,
            products: products.iter().map(|id| id.parse().expect("id")).collect(),
        }
    }

    fn written(event: &Event) -> Vec<String> {
        let shop = "s1".parse().expect("id");
        event.tags(&shop).iter().map(Tag::to_string).collect()
    }

    #[test]
    fn what_is_taken_away_is_stale_too() {
        let shop: ShopId = "s1".parse().expect("id");
        let change = || ProductChange {
            product: "p1".parse().expect("id"),
            slug: "cup".to_owned(),
            price_minor: Some(3800),
            sold_out: false,
        };
        let product = || change().product;
        for (event, is_gone) in [
            (Event::ProductUnpublished(change()), true),
            (Event::ProductDeleted { product: product() }, true),
            (Event::ProductChanged(change()), false),
            (Event::OrderPaid(order(&["p1"])), false),
        ] {
            let withdrawn = event.withdrawn();
            assert_eq!(withdrawn.is_some(), is_gone, "{event:?}");
            assert!(withdrawn.is_none_or(|tag| event.tags(&shop).contains(&tag)));
        }
    }

    #[test]
    fn events_name_what_they_make_stale() {
        let change = ProductChange {
            product: "p1".parse().expect("id"),
            slug: "cup".to_owned(),
            price_minor: Some(3800),
            sold_out: false,
        };
        assert_eq!(
            written(&Event::ProductPublished(change)),
            ["product:p1", "listing:s1"]
        );
        assert_eq!(
            written(&Event::OrderHeld(order(&["p1", "p2"]))),
            ["product:p1", "product:p2", "listing:s1"]
        );
        let created = Event::ShopCreated {
            handle: "clay".to_owned(),
        };
        assert_eq!(written(&created), ["instance", "shop:s1"]);
        let renamed = Event::ShopChanged {
            handle: "ash".to_owned(),
            former_handle: Some("clay".to_owned()),
        };
        assert_eq!(written(&renamed), ["instance", "shop:s1"]);
        assert!(written(&Event::OrderSent(order(&["p1"]))).is_empty());
        let changed = |products: &[&str]| Event::MediaChanged {
            media: "m1".parse().expect("id"),
            products: order(products).products,
        };
        assert!(
            written(&changed(&[])).is_empty(),
            "what no product shows is on no page"
        );
        assert_eq!(written(&changed(&["p1"])), ["product:p1", "listing:s1"]);
    }

    #[test]
    fn events_survive_json_and_newer_ones_are_not_guessed_at() {
        let event = Event::OrderPaid(order(&["p1"]));
        let json = serde_json::to_string(&Versioned::now(event.clone())).expect("json");
        assert!(
            json.starts_with(r#"{"v":1,"kind":"order_paid","order":"o1""#),
            "{json}"
        );
        let read = |json: &str| serde_json::from_str::<Versioned>(json).map(Versioned::known);
        assert_eq!(read(&json).expect("reads"), Some(event));
        let newer = json.replace(r#""v":1"#, r#""v":2"#);
        assert_eq!(read(&newer).expect("reads"), None);
        assert!(read(r#"{"v":1,"kind":"planet_moved"}"#).is_err());
    }
}
