//! What a product is sold as: its options (size, glaze), and a variant for each combination of their values.

use serde::{Deserialize, Serialize};

use crate::{
    catalog::Availability,
    id::VariantId,
    invalid::{Invalid, isolated, many_lines, one_line},
    money::{Currency, Money},
};

/// The most options of a product.
pub const MOST_OPTIONS: usize = 3;
/// The most variants of a product.
pub const MOST_VARIANTS: usize = 100;
const MOST_VALUES: usize = 30;
const MOST_LETTERS: usize = 40;
const MOST_SKU: usize = 64;

/// What stands between the values of a variant.
const BETWEEN: &str = " · ";

/// Something that a shopper chooses of a product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductOption {
    /// What is chosen, for example `Size`.
    pub name: String,
    /// Between what, in the order of the page; none twice.
    pub values: Vec<String>,
}

/// One combination of a product's options, with a price and a stock of its own. A product without options has one variant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variant {
    /// Its identifier.
    pub id: VariantId,
    /// A value for each option of its product, in their order.
    pub values: Vec<String>,
    /// The shop's own number of it; empty for none.
    pub sku: String,
    /// What one costs where that is not the product's price.
    pub price: Option<Money>,
    /// Pieces that can still be bought.
    pub available: u32,
    /// Pieces in stock, those reserved by open orders included.
    pub stock: u32,
}

impl Variant {
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

    /// Its values in one line: `Large · Celadon`; empty where there is nothing to choose.
    #[must_use]
    pub fn name(&self) -> String {
        name(&self.values)
    }
}

/// The values of a variant in one line.
#[must_use]
pub fn name(values: &[String]) -> String {
    values.join(BETWEEN)
}

/// The options as typed: names, and values with commas between them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OptionsForm {
    /// The first.
    pub option_1: String,
    /// Its values.
    pub values_1: String,
    /// The second.
    pub option_2: String,
    /// Its values.
    pub values_2: String,
    /// The third.
    pub option_3: String,
    /// Its values.
    pub values_3: String,
    /// [`crate::catalog::Product::version`] of what the page showed; empty: whatever is stored is replaced.
    pub version: String,
}

const FIELDS: [(&str, &str); MOST_OPTIONS] = [
    ("option_1", "values_1"),
    ("option_2", "values_2"),
    ("option_3", "values_3"),
];

impl OptionsForm {
    /// What is stored, as the form shows it.
    #[must_use]
    pub fn of(options: &[ProductOption], version: u32) -> Self {
        let at = |index: usize| {
            let option = options.get(index);
            let name = option.map(|option| option.name.clone());
            let values = option.map(|option| option.values.join(", "));
            (name.unwrap_or_default(), values.unwrap_or_default())
        };
        let [
            (option_1, values_1),
            (option_2, values_2),
            (option_3, values_3),
        ] = [at(0), at(1), at(2)];
        Self {
            option_1,
            values_1,
            option_2,
            values_2,
            option_3,
            values_3,
            version: version.to_string(),
        }
    }

    /// Each row: a name and its values.
    #[must_use]
    pub fn rows(&self) -> [(&str, &str); MOST_OPTIONS] {
        [
            (&self.option_1, &self.values_1),
            (&self.option_2, &self.values_2),
            (&self.option_3, &self.values_3),
        ]
    }

    /// The options, checked.
    ///
    /// # Errors
    /// A sentence about the first field that is wrong: `option_1`, `values_1` and so on.
    pub fn options(&self) -> Result<Vec<ProductOption>, Invalid> {
        let mut options: Vec<ProductOption> = Vec::new();
        let mut variants = 1_usize;
        for ((name, values), (name_field, values_field)) in self.rows().into_iter().zip(FIELDS) {
            let (name, values) = (one_line(name), split(values));
            if name.is_empty() && values.is_empty() {
                continue;
            }
            let fits = |text: &str| (1..=MOST_LETTERS).contains(&text.chars().count());
            if !fits(&name) {
                let message =
                    format!("Say in 1 to {MOST_LETTERS} letters what is chosen, for example Size.");
                return Err(Invalid::new(name_field, message));
            }
            if options.iter().any(|other| other.name == name) {
                return Err(Invalid::new(
                    name_field,
                    "Two options have this name. Give one of them another.",
                ));
            }
            if values.is_empty() {
                let message = "Write what can be chosen, with commas between: Small, Large.";
                return Err(Invalid::new(values_field, message));
            }
            if values.len() > MOST_VALUES || values.iter().any(|value| !fits(value)) {
                let message = format!(
                    "An option has at most {MOST_VALUES} values of at most {MOST_LETTERS} letters."
                );
                return Err(Invalid::new(values_field, message));
            }
            if let Some((_, twice)) = values
                .iter()
                .enumerate()
                .find(|(at, value)| values[..*at].contains(value))
            {
                let message = format!(
                    "{} stands there twice. Take one of them out.",
                    isolated(twice)
                );
                return Err(Invalid::new(values_field, message));
            }
            variants = variants.saturating_mul(values.len());
            if variants > MOST_VARIANTS {
                let message =
                    format!("That makes more than {MOST_VARIANTS} variants. Take some values out.");
                return Err(Invalid::new(values_field, message));
            }
            options.push(ProductOption { name, values });
        }
        Ok(options)
    }
}

/// Values as typed, with commas of any script or lines between them.
fn split(text: &str) -> Vec<String> {
    many_lines(text)
        .split(['\n', ',', '、', '，', '،'])
        .map(one_line)
        .filter(|value| !value.is_empty())
        .collect()
}

/// The values of every variant that these options make, the last option changing first. Without options there is one, of none.
#[must_use]
pub fn combinations(options: &[ProductOption]) -> Vec<Vec<String>> {
    options.iter().fold(vec![Vec::new()], |made, option| {
        let longer = |before: &Vec<String>| -> Vec<Vec<String>> {
            let with = |value: &String| [before.as_slice(), std::slice::from_ref(value)].concat();
            option.values.iter().map(with).collect()
        };
        made.iter().flat_map(longer).collect()
    })
}

/// Where each of the old names stands among the new ones: the same name, or one that took its place. `None`: it is gone.
fn moved(old: &[&str], new: &[&str]) -> Vec<Option<usize>> {
    old.iter()
        .enumerate()
        .map(|(at, name)| {
            let kept = new.iter().position(|other| other == name);
            let renamed = || new.get(at).filter(|other| !old.contains(other)).map(|_| at);
            kept.or_else(renamed)
        })
        .collect()
}

/// What the values of a variant become when its product's options change: a value that was renamed in its place is followed, an
/// option that is new begins with its first value. `None`: its value was taken out.
#[must_use]
pub fn carried(
    old: &[ProductOption],
    new: &[ProductOption],
    values: &[String],
) -> Option<Vec<String>> {
    fn names(options: &[ProductOption]) -> Vec<&str> {
        options.iter().map(|option| option.name.as_str()).collect()
    }
    fn texts(option: &ProductOption) -> Vec<&str> {
        option.values.iter().map(String::as_str).collect()
    }
    let places = moved(&names(old), &names(new));
    new.iter()
        .enumerate()
        .map(|(at, option)| {
            let Some(from) = places.iter().position(|place| *place == Some(at)) else {
                return option.values.first().cloned();
            };
            let (before, value) = (old.get(from)?, values.get(from)?);
            let was = before.values.iter().position(|other| other == value)?;
            let to = moved(&texts(before), &texts(option))
                .get(was)
                .copied()
                .flatten()?;
            option.values.get(to).cloned()
        })
        .collect()
}

/// A row of the table of variants as typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VariantForm {
    /// Which.
    pub variant: VariantId,
    /// An amount in the shop's currency; empty: the product's price.
    pub price: String,
    /// The shop's own number of it.
    pub sku: String,
    /// Pieces in stock; empty leaves them as they are.
    pub stock: String,
    /// The stock that the page showed.
    pub stock_seen: String,
}

/// A row, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VariantEdit {
    /// `None`: the product's price.
    pub price: Option<Money>,
    /// Empty for none.
    pub sku: String,
    /// Pieces in stock; `None` leaves them as they are.
    pub stock: Option<u32>,
    /// The stock that the page showed.
    pub stock_seen: Option<u32>,
}

impl VariantForm {
    /// The row, checked.
    ///
    /// # Errors
    /// A sentence about the field `price`, `sku` or `stock`.
    pub fn checked(&self, currency: Currency) -> Result<VariantEdit, Invalid> {
        let price = match self.price.trim() {
            "" => None,
            price => Some(Money::parse(price, currency)?),
        };
        if price.is_some_and(|price| price.minor == 0) {
            let message =
                "Write a price above zero, or none: then the product\u{2019}s price counts.";
            return Err(Invalid::new("price", message));
        }
        let sku = one_line(&self.sku);
        if sku.chars().count() > MOST_SKU {
            let message = format!("A SKU has at most {MOST_SKU} characters. Shorten it.");
            return Err(Invalid::new("sku", message));
        }
        Ok(VariantEdit {
            price,
            sku,
            stock: crate::catalog::stock(&self.stock)?,
            stock_seen: crate::catalog::stock(&self.stock_seen)?,
        })
    }
}

#[cfg(test)]
#[path = "variant/test.rs"]
mod tests;
