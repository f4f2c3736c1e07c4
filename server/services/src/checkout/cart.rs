//! The basket of a shop: what a browser keeps in it, as it stands in the shop now; and the order that is made of it.

use std::collections::HashMap;

use domain::{
    checkout::cart::{Cart, MOST_LINES},
    id::{ProductId, VariantId},
    identity::Shop,
    invalid::Invalid,
    media::Media,
    money::Money,
};

use super::{
    Checkout, Client,
    hold::{Press, Tried, Wanted},
    missing,
    sql::{self, Offer},
};
use crate::{Error, Result, terms};

/// A basket with what its shop says of it now.
#[derive(Debug, Clone, PartialEq)]
pub struct CartPage {
    /// Whose basket.
    pub shop: Shop,
    /// What is in it, in its order.
    pub lines: Vec<CartLine>,
}

/// A line of a basket.
#[derive(Debug, Clone, PartialEq)]
pub struct CartLine {
    /// What is wanted.
    pub variant: VariantId,
    /// How many.
    pub quantity: u32,
    /// `None`: the shop does not sell it, or not any more.
    pub offer: Option<CartOffer>,
}

/// What a shop says of a line.
#[derive(Debug, Clone, PartialEq)]
pub struct CartOffer {
    /// The product's page.
    pub slug: String,
    /// Its title.
    pub title: String,
    /// What was chosen of it; empty where there was nothing to choose.
    pub choice: String,
    /// What one costs.
    pub price: Money,
    /// How many can be bought now.
    pub available: u32,
    /// Its picture.
    pub photo: Option<Media>,
}

impl CartLine {
    /// What the line costs; `None` where not as many can be bought.
    #[must_use]
    pub fn total(&self) -> Option<Money> {
        let offer = self.offer.as_ref()?;
        let price = offer.price.times(self.quantity);
        price.filter(|_| self.quantity <= offer.available)
    }
}

impl CartPage {
    /// What all lines cost, before delivery and tax; `None` while one of them cannot be bought.
    #[must_use]
    pub fn total(&self) -> Option<Money> {
        let mut totals = self.lines.iter().map(CartLine::total);
        let first = totals.next()??;
        totals.try_fold(first, |sum, line| sum.plus(line?))
    }
}

/// A line of a basket as its page showed it when the button was pressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// What is wanted.
    pub variant: VariantId,
    /// How many.
    pub quantity: u32,
    /// What one cost.
    pub price_minor: i64,
}

/// What came of checking out a basket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Checked {
    /// All of it is held, by the order of this token: go to `/checkout/{token}`.
    Held(String),
    /// Nothing is held: of these not as many are left, or they are no longer sold.
    Short(Vec<VariantId>),
    /// Nothing is held: these cost something else than the page said.
    PriceChanged(Vec<VariantId>),
}

impl Checkout<'_> {
    /// What is in a basket of a shop. Only what that shop sells is told of.
    pub async fn cart(&self, shop: &Shop, cart: &Cart) -> Result<CartPage> {
        let wanted: Vec<VariantId> = cart
            .entries()
            .iter()
            .map(|entry| entry.variant.clone())
            .collect();
        let mut connection = self.services.inner.db.read().await?;
        let offers = sql::of_variants(&mut connection, &shop.id, &wanted).await?;
        let mut lines = Vec::with_capacity(wanted.len());
        let mut photos: HashMap<&ProductId, Option<Media>> = HashMap::new();
        for entry in cart.entries() {
            let offer = offers.iter().find(|offer| offer.variant == entry.variant);
            let offer = match offer.and_then(|offer| Some((offer, offer.price?))) {
                None => None,
                Some((offer, price)) => {
                    if !photos.contains_key(&offer.product) {
                        let photo = sql::photo(&mut connection, &shop.id, &offer.product).await?;
                        photos.insert(&offer.product, photo);
                    }
                    Some(CartOffer {
                        slug: offer.slug.clone(),
                        title: offer.title.clone(),
                        choice: offer.choice.clone(),
                        price,
                        available: offer.available,
                        photo: photos.get(&offer.product).cloned().flatten(),
                    })
                }
            };
            lines.push(CartLine {
                variant: entry.variant.clone(),
                quantity: entry.quantity,
                offer,
            });
        }
        Ok(CartPage {
            shop: shop.clone(),
            lines,
        })
    }

    /// The shop of a published product and the variant that is meant, so that it can be put into a basket.
    ///
    /// # Errors
    /// `NotFound`, `Invalid` (field `variant`) where one must be chosen, `Conflict` where that one is gone.
    pub async fn variant_of(
        &self,
        slug: &str,
        variant: Option<&VariantId>,
    ) -> Result<(Shop, VariantId)> {
        let (shop, product) = self.services.catalog().by_slug(slug).await?;
        let found = match (variant, product.variants.as_slice()) {
            (None, [only]) => only,
            (None, _) => {
                return Err(Invalid::new("variant", "Choose one of the variants first.").into());
            }
            (Some(id), _) => product.variant(id).ok_or_else(super::choose_again)?,
        };
        Ok((shop, found.id.clone()))
    }

    /// Holds all of a basket for a new order, or nothing. The same `key` gives the same order again.
    ///
    /// # Errors
    /// `Invalid` for an empty basket, no or too many pieces, or a variant named twice, `Limited`,
    /// `Unavailable` when no gateway takes payments.
    pub async fn check_out(
        &self,
        shop: &Shop,
        lines: &[Seen],
        key: &str,
        client: Option<Client<'_>>,
    ) -> Result<Checked> {
        let mut variants: Vec<VariantId> = lines.iter().map(|line| line.variant.clone()).collect();
        variants.sort_unstable();
        variants.dedup();
        if variants.is_empty() || variants.len() != lines.len() || lines.len() > MOST_LINES {
            return Err(Error::Invalid {
                field: "line",
                message: "There is nothing in this basket that can be bought like that. Go back, load it again and press once more.".to_owned(),
            });
        }
        let is_same = |bought: &[sql::Bought]| {
            let is_of = |line: &Seen| {
                bought.iter().any(|other| {
                    other.variant == line.variant && other.quantity == i64::from(line.quantity)
                })
            };
            bought.len() == lines.len() && lines.iter().all(is_of)
        };
        if let Some(token) = self.of_key(Some(key), is_same).await? {
            return Ok(Checked::Held(token));
        }
        let mut connection = self.services.inner.db.read().await?;
        let offers = sql::of_variants(&mut connection, &shop.id, &variants).await?;
        let found = |line: &Seen| -> Option<&Offer> {
            offers.iter().find(|offer| offer.variant == line.variant)
        };
        let gone: Vec<VariantId> = lines
            .iter()
            .filter(|line| found(line).is_none())
            .map(|line| line.variant.clone())
            .collect();
        if !gone.is_empty() {
            return Ok(Checked::Short(gone));
        }
        let items: Vec<Wanted> = lines
            .iter()
            .filter_map(|line| {
                Some(Wanted {
                    offer: found(line)?.clone(),
                    quantity: line.quantity,
                    price_seen_minor: Some(line.price_minor),
                })
            })
            .collect();
        // A change of currency comes to all products at once, so a second one means that it came just now.
        if items
            .windows(2)
            .any(|pair| pair[0].offer.currency != pair[1].offer.currency)
        {
            return Err(Error::Conflict(
                "The shop has just begun to sell in another currency. Load the basket again."
                    .to_owned(),
            ));
        }
        let terms = terms::sql::terms(&mut connection, &shop.id).await?;
        let test = self.is_test(&mut connection, &shop.id).await?;
        drop(connection);
        let press = Press {
            shop: &shop.id,
            terms: &terms,
            items: &items,
            test,
            key: Some(key),
            client,
        };
        Ok(match self.hold(&press, is_same).await? {
            Tried::Held(token) => Checked::Held(token),
            Tried::TooFew(short) => Checked::Short(short),
            Tried::PriceChanged(changed) => Checked::PriceChanged(changed),
            // Its order was found above, unless it has been thrown away since.
            Tried::Twice => return Err(missing()),
        })
    }
}
