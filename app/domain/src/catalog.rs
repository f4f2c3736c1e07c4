//! Products: what a shop sells.

use serde::{Deserialize, Serialize};

use crate::{id::ProductId, media::Media, money::Money, time::UnixMs};

/// Whether shoppers can see a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Only its shop sees it.
    Draft,
    /// It has a page.
    Published,
}

/// A product with what its page shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// Its identifier.
    pub id: ProductId,
    /// Its name in addresses: `/p/{slug}`, unique on the instance.
    pub slug: String,
    /// Draft or published.
    pub state: State,
    /// Its name as people read it; may be empty in a draft.
    pub title: String,
    /// One sentence beside the price.
    pub summary: String,
    /// The text below: paragraphs separated by blank lines.
    pub text: String,
    /// What one costs; `None` in a draft without a price.
    pub price: Option<Money>,
    /// Pieces that can still be bought: counted minus held.
    pub available: u32,
    /// Pieces counted by the shop.
    pub stock: u32,
    /// Pictures and clips in the order of the page; the first is the hero and a picture.
    pub media: Vec<Media>,
    /// When it last changed.
    pub updated_at: UnixMs,
}
