//! Products: what a shop sells.

pub mod variant;

use serde::{Deserialize, Serialize};

use crate::{
    id::{ProductId, VariantId},
    invalid::{Invalid, many_lines, one_line},
    media::{Kind, Media},
    money::{Currency, Money},
    tax::Class,
    time::UnixMs,
};

pub use self::variant::{ProductOption, Variant};
pub use crate::{
    slug::Slug,
    stock::{MAX_STOCK, Stock, stock},
};

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
    /// What one costs, where its variant says nothing else; `None` in a draft without a price.
    pub price: Option<Money>,
    /// How it is taxed.
    pub class: Class,
    /// What a shopper chooses of it; empty where there is nothing to choose.
    pub options: Vec<ProductOption>,
    /// What is sold of it, one for each combination of its options.
    pub variants: Vec<Variant>,
    /// Pieces of all variants that can still be bought: those in stock minus those reserved by open orders.
    pub available: u32,
    /// Pieces of all variants in stock: not sold yet, those reserved by open orders included.
    pub stock: u32,
    /// Raised by every change of the editor's fields, so that an editor that shows older ones is noticed. The stock has no
    /// part in it.
    pub version: u32,
    /// Pictures and clips in the order of the page; the first is the hero and a picture.
    pub media: Vec<Media>,
    /// When it last changed.
    pub updated_at: UnixMs,
}

impl Product {
    /// What stands between this product and its page: one sentence each, empty when it can be published.
    #[must_use]
    pub fn missing(&self) -> Vec<String> {
        let mut missing = Vec::new();
        if self.title.is_empty() {
            missing.push("Give the product a title.".to_owned());
        }
        match self.price {
            None => missing.push("Set a price.".to_owned()),
            Some(price) if price.minor == 0 => missing.push("Set a price above zero.".to_owned()),
            Some(_) => {}
        }
        match self.media.first() {
            Some(hero) if hero.kind == Kind::Photo && !hero.variants.is_empty() => {}
            Some(hero) if hero.kind == Kind::Photo => {
                missing.push("Wait until the first photo is processed.".to_owned());
            }
            _ if self.media.iter().any(|media| media.kind == Kind::Photo) => {
                missing.push(
                    "Move a photo to the first place: it is what shoppers see first.".to_owned(),
                );
            }
            _ => missing.push("Add a photo: it is what shoppers see first.".to_owned()),
        }
        missing
    }

    /// The product as one of its variants, for a page that speaks of that alone: its name, price and pieces.
    #[must_use]
    pub fn narrowed(&self, id: Option<&VariantId>) -> Self {
        let mut product = self.clone();
        let variant = match (id, self.variants.as_slice()) {
            (Some(id), _) => self.variant(id),
            (None, [only]) => Some(only),
            (None, _) => None,
        };
        let Some(variant) = variant else {
            return product;
        };
        let choice = variant.name();
        if !choice.is_empty() {
            product.title = format!("{}, {choice}", self.title);
        }
        product.price = self.price_of(variant);
        (product.available, product.stock) = (variant.available, variant.stock);
        product
    }

    /// What one of a variant costs.
    #[must_use]
    pub fn price_of(&self, variant: &Variant) -> Option<Money> {
        variant.price.or(self.price)
    }

    /// One of its variants.
    #[must_use]
    pub fn variant(&self, id: &VariantId) -> Option<&Variant> {
        self.variants.iter().find(|variant| variant.id == *id)
    }

    /// The least and the most that one costs, over all variants.
    #[must_use]
    pub fn prices(&self) -> Option<(Money, Money)> {
        let mut prices: Vec<Money> = self
            .variants
            .iter()
            .filter_map(|variant| self.price_of(variant))
            .collect();
        prices.extend(self.price.filter(|_| prices.is_empty()));
        prices.sort_unstable_by_key(|price| price.minor);
        Some((*prices.first()?, *prices.last()?))
    }

    /// The variant that stands chosen when its page opens: the first that can be bought.
    #[must_use]
    pub fn first_choice(&self) -> Option<&Variant> {
        let for_sale = self.variants.iter().find(|variant| variant.available > 0);
        for_sale.or_else(|| self.variants.first())
    }

    /// Nothing can be bought at the moment.
    #[must_use]
    pub const fn sold_out(&self) -> bool {
        self.available == 0
    }

    /// Whether it can be bought, and if not, whether it may come back by itself.
    #[must_use]
    pub const fn availability(&self) -> Availability {
        Availability::of(self.available, self.stock)
    }

    /// Pieces that open orders have reserved.
    #[must_use]
    pub const fn reserved(&self) -> u32 {
        self.stock.saturating_sub(self.available)
    }
}

/// Whether a product can be bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Availability {
    /// It can.
    ForSale,
    /// Open orders have reserved all that is left; what they do not pay comes back.
    Reserved,
    /// Nothing is left.
    SoldOut,
}

impl Availability {
    /// Of so many pieces that can be bought, and so many in stock.
    const fn of(available: u32, stock: u32) -> Self {
        match (available, stock) {
            (1.., _) => Self::ForSale,
            (0, 1..) => Self::Reserved,
            (0, 0) => Self::SoldOut,
        }
    }
}

/// The fields of the editor as typed, and what the page they were typed on had shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EditForm {
    /// Title.
    pub title: String,
    /// One sentence.
    pub summary: String,
    /// Paragraphs.
    pub text: String,
    /// An amount in the shop's currency; empty for none.
    pub price: String,
    /// Pieces in stock, a whole number; empty leaves them as they are.
    pub stock: String,
    /// The stock that the page showed. What is written is the difference to it; without it, to the stock of now.
    pub stock_seen: String,
    /// [`Product::version`] of what the page showed. Empty, as a program may send it: whatever is stored is replaced.
    pub version: String,
    /// Names the page, so that a correction that is sent twice counts once.
    pub form_key: String,
    /// Its name in addresses; empty: made from the title.
    pub slug: String,
    /// How it is taxed; empty leaves that as it is.
    pub tax_class: String,
}

impl EditForm {
    /// How it is taxed; `None` leaves that as it is.
    ///
    /// # Errors
    /// A sentence about the field `tax_class`.
    pub fn class(&self) -> Result<Option<Class>, Invalid> {
        match self.tax_class.trim() {
            "" => Ok(None),
            class => {
                let class = class.parse::<Class>();
                class
                    .map(Some)
                    .map_err(|error| Invalid::new("tax_class", error.message))
            }
        }
    }

    /// Everything that is wrong with the fields, in the order in which the editor shows them: a sentence each.
    #[must_use]
    pub fn errors(&self, currency: Currency) -> Vec<Invalid> {
        let (price, slug) = (self.price.trim(), self.slug.trim());
        [
            title(&self.title).err(),
            Some(price)
                .filter(|price| !price.is_empty())
                .and_then(|price| Money::parse(price, currency).err()),
            stock(&self.stock).err(),
            summary(&self.summary).err(),
            text(&self.text).err(),
            Some(slug)
                .filter(|slug| !slug.is_empty())
                .and_then(|slug| slug.parse::<Slug>().err()),
            self.class().err(),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// A title: one line of at most 120 characters; empty is allowed in a draft.
///
/// # Errors
/// A sentence about the field `title`.
pub fn title(text: &str) -> Result<String, Invalid> {
    bounded("title", "A title", one_line(text), 120)
}

/// The sentence beside the price: one line of at most 240 characters.
///
/// # Errors
/// A sentence about the field `summary`.
pub fn summary(text: &str) -> Result<String, Invalid> {
    bounded("summary", "The summary", one_line(text), 240)
}

/// The text below: at most 20 000 characters.
///
/// # Errors
/// A sentence about the field `text`.
pub fn text(text: &str) -> Result<String, Invalid> {
    bounded("text", "The text", many_lines(text), 20_000)
}

fn bounded(field: &'static str, name: &str, text: String, most: usize) -> Result<String, Invalid> {
    let count = text.chars().count();
    if count > most {
        return Err(Invalid::new(
            field,
            format!("{name} has at most {most} characters; this has {count}. Shorten it."),
        ));
    }
    Ok(text)
}

/// Where a picture or clip goes in the order of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// One place towards the hero.
    Up,
    /// One place away from it.
    Down,
    /// To the first place: it becomes the hero.
    First,
}

impl std::str::FromStr for Direction {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        match text {
            "up" => Ok(Self::Up),
            "down" => Ok(Self::Down),
            "first" => Ok(Self::First),
            _ => Err(Invalid::new("direction", "Choose up, down or first.")),
        }
    }
}

/// Moves the item at `from` in `direction`; out of range changes nothing.
pub fn reorder<T>(items: &mut [T], from: usize, direction: Direction) {
    let to = match direction {
        Direction::Up => from.saturating_sub(1),
        Direction::Down => from.saturating_add(1),
        Direction::First => 0,
    };
    if from >= items.len() || to >= items.len() {
        return;
    }
    if to <= from {
        if let Some(stretch) = items.get_mut(to..=from) {
            stretch.rotate_right(1);
        }
    } else if let Some(stretch) = items.get_mut(from..=to) {
        stretch.rotate_left(1);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn photo(ready: bool) -> Media {
        let variant = crate::media::Variant {
            url: "/media/h/320.jpg".into(),
            mime: "image/jpeg".into(),
            width: 320,
            height: 320,
            bytes: 1,
        };
        Media {
            id: "m".parse().expect("id"),
            kind: Kind::Photo,
            alt: String::new(),
            width: 320,
            height: 320,
            duration_ms: 0,
            placeholder: "#000000".into(),
            variants: if ready { vec![variant] } else { Vec::new() },
        }
    }

    fn draft() -> Product {
        Product {
            id: "p".parse().expect("id"),
            slug: "cup".into(),
            state: State::Draft,
            title: String::new(),
            summary: String::new(),
            text: String::new(),
            price: None,
            class: Class::Standard,
            options: Vec::new(),
            variants: Vec::new(),
            available: 0,
            stock: 0,
            version: 1,
            media: Vec::new(),
            updated_at: UnixMs(0),
        }
    }

    #[test]
    fn a_draft_says_what_it_lacks() {
        let mut product = draft();
        assert_eq!(product.missing().len(), 3);
        product.title = "Cup".into();
        product.price = Some(Money {
            minor: 0,
            currency: Currency::EUR,
        });
        product.media = vec![photo(false)];
        assert_eq!(
            product.missing(),
            [
                "Set a price above zero.",
                "Wait until the first photo is processed."
            ]
        );
        product.price = Some(Money {
            minor: 3800,
            currency: Currency::EUR,
        });
        let mut clip = photo(true);
        clip.kind = Kind::Clip;
        product.media = vec![clip, photo(true)];
        assert_eq!(product.missing().len(), 1);
        assert!(product.missing().concat().contains("Move a photo"));
        product.media.remove(0);
        assert!(product.missing().is_empty());
    }

    #[test]
    fn typed_fields_are_checked() {
        assert_eq!(title(" A  cup\n"), Ok("A cup".into()));
        assert!(title(&"x".repeat(121)).is_err());
        assert!(summary(&"x".repeat(241)).is_err());
        assert!(text(&"x".repeat(20_001)).is_err());
    }

    #[test]
    fn a_form_is_told_everything_at_once() {
        let form = EditForm {
            title: "x".repeat(121),
            summary: "x".repeat(241),
            text: "x".repeat(20_001),
            price: "dear".into(),
            stock: "some".into(),
            slug: "/".into(),
            tax_class: "none".into(),
            ..EditForm::default()
        };
        let errors = form.errors(Currency::EUR);
        let fields: Vec<&str> = errors.iter().map(|error| error.field).collect();
        assert_eq!(
            fields,
            [
                "title",
                "price",
                "stock",
                "summary",
                "text",
                "slug",
                "tax_class"
            ]
        );
        assert_eq!(EditForm::default().errors(Currency::EUR), []);
    }

    #[test]
    fn reserved_is_not_sold_out() {
        let stands = |stock, available| {
            Product {
                stock,
                available,
                ..draft()
            }
            .availability()
        };
        assert_eq!(stands(3, 1), Availability::ForSale);
        assert_eq!(stands(3, 0), Availability::Reserved);
        assert_eq!(stands(0, 0), Availability::SoldOut);
    }

    #[test]
    fn items_move_one_place_or_to_the_front() {
        let moved = |from, direction| {
            let mut items = ['a', 'b', 'c', 'd'];
            reorder(&mut items, from, direction);
            items.iter().collect::<String>()
        };
        assert_eq!(moved(2, Direction::Up), "acbd");
        assert_eq!(moved(0, Direction::Up), "abcd");
        assert_eq!(moved(2, Direction::Down), "abdc");
        assert_eq!(moved(3, Direction::Down), "abcd");
        assert_eq!(moved(3, Direction::First), "dabc");
        assert_eq!(moved(9, Direction::First), "abcd");
    }

    proptest! {
        #[test]
        fn moving_keeps_every_item(count in 0_usize..12, from in 0_usize..14, pick in 0_usize..3) {
            let mut items: Vec<usize> = (0..count).collect();
            reorder(&mut items, from, [Direction::Up, Direction::Down, Direction::First][pick]);
            items.sort_unstable();
            prop_assert_eq!(items, (0..count).collect::<Vec<_>>());
        }
    }
}
