//! The basket of a shop, as a browser keeps it: which variants, and how many of each. It holds no stock and no price.
//!
//! It is one line of text, so that a script and a plain form write the same cookie: `variant.quantity`, with `~` between, and
//! at the end, once its contents were reserved, `!` and the beginning of that order's token.

use std::fmt;

use crate::{checkout::MAX_QUANTITY, id::VariantId, invalid::Invalid};

/// The most lines of a basket: with the longest identifiers that is within the 4096 bytes of a cookie (RFC 6265 section 6.1).
pub const MOST_LINES: usize = 40;
/// How long a browser keeps a basket that nobody changes, seconds.
pub const KEPT_S: i64 = 30 * 86_400;
/// Letters of an order's token by which a basket remembers it.
const MARK: usize = 12;

/// How many of something, as typed; nothing typed is none.
///
/// # Errors
/// A sentence about the field `quantity`.
pub fn quantity(text: &str) -> Result<u32, Invalid> {
    let wrong = |_| {
        let message = "Write how many you want as a whole number, or 0 to take it out.";
        Invalid::new("quantity", message)
    };
    Ok(crate::catalog::stock(text).map_err(wrong)?.unwrap_or(0))
}

/// Pieces of one variant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Which.
    pub variant: VariantId,
    /// From 1 to [`MAX_QUANTITY`].
    pub quantity: u32,
}

/// A basket. No variant stands in it twice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cart {
    entries: Vec<Entry>,
    order: Option<String>,
}

impl Cart {
    /// Reads a basket. Whatever is no entry is left out: a browser may send anything.
    #[must_use]
    pub fn read(text: &str) -> Self {
        let mut cart = Self::default();
        for part in text.split('~') {
            if let Some(mark) = part.strip_prefix('!') {
                let fits = (1..=MARK).contains(&mark.len())
                    && mark
                        .bytes()
                        .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
                cart.order = fits.then(|| mark.to_owned());
                continue;
            }
            let entry = part.split_once('.').and_then(|(variant, quantity)| {
                let quantity: u32 = quantity.parse().ok()?;
                Some((variant.parse::<VariantId>().ok()?, quantity))
            });
            if let Some((variant, quantity)) = entry
                && quantity > 0
            {
                // What does not fit is left out as well.
                let _ = cart.add(variant, quantity.min(MAX_QUANTITY));
            }
        }
        cart
    }

    /// What is in it, in the order in which it came.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Whether nothing is in it.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Adds pieces; of one variant there are never more than [`MAX_QUANTITY`].
    ///
    /// # Errors
    /// A sentence about the field `quantity`: none, too many, or too many lines.
    pub fn add(&mut self, variant: VariantId, quantity: u32) -> Result<(), Invalid> {
        if !(1..=MAX_QUANTITY).contains(&quantity) {
            let message = format!("Choose between 1 and {MAX_QUANTITY} pieces.");
            return Err(Invalid::new("quantity", message));
        }
        let is_full = self.entries.len() >= MOST_LINES;
        let known = self
            .entries
            .iter_mut()
            .find(|entry| entry.variant == variant);
        match known {
            Some(entry) => {
                entry.quantity = entry.quantity.saturating_add(quantity).min(MAX_QUANTITY);
            }
            None if is_full => {
                let message =
                    format!("A basket holds {MOST_LINES} different things. Take one out first.");
                return Err(Invalid::new("quantity", message));
            }
            None => self.entries.push(Entry { variant, quantity }),
        }
        Ok(())
    }

    /// Makes the pieces of a variant that is in it so many; none takes it out.
    ///
    /// # Errors
    /// A sentence about the field `quantity`: too many.
    pub fn set(&mut self, variant: &VariantId, quantity: u32) -> Result<(), Invalid> {
        if quantity > MAX_QUANTITY {
            let message =
                format!("Choose between 1 and {MAX_QUANTITY} pieces, or 0 to take it out.");
            return Err(Invalid::new("quantity", message));
        }
        if quantity == 0 {
            self.entries.retain(|entry| entry.variant != *variant);
        } else if let Some(entry) = self
            .entries
            .iter_mut()
            .find(|entry| entry.variant == *variant)
        {
            entry.quantity = quantity;
        }
        Ok(())
    }

    /// Notes the order that its contents were reserved for.
    #[must_use]
    pub fn reserved_by(mut self, token: &str) -> Self {
        self.order = Some(token.chars().take(MARK).collect());
        self
    }

    /// Takes out what an order bought that was made of it; `false`, and nothing changed, where another one was.
    pub fn bought(
        &mut self,
        token: &str,
        lines: impl IntoIterator<Item = (VariantId, u32)>,
    ) -> bool {
        if self
            .order
            .as_deref()
            .is_none_or(|mark| !token.starts_with(mark))
        {
            return false;
        }
        self.order = None;
        for (variant, quantity) in lines {
            let left = self.entries.iter().find(|entry| entry.variant == variant);
            let left = left.map_or(0, |entry| entry.quantity.saturating_sub(quantity));
            let _ = self.set(&variant, left);
        }
        true
    }
}

impl fmt::Display for Cart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, entry) in self.entries.iter().enumerate() {
            let between = if at == 0 { "" } else { "~" };
            write!(f, "{between}{}.{}", entry.variant, entry.quantity)?;
        }
        match &self.order {
            Some(mark) if !self.entries.is_empty() => write!(f, "~!{mark}"),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn id(text: &str) -> VariantId {
        text.parse().expect("an id")
    }

    #[test]
    fn a_basket_is_a_line_of_text() {
        let mut cart = Cart::read("v1.2~v2.1");
        assert_eq!(cart.to_string(), "v1.2~v2.1");
        cart.add(id("v1"), 1).expect("fits");
        cart.set(&id("v2"), 0).expect("fits");
        cart.set(&id("v9"), 4).expect("what is not in it stays out");
        assert_eq!(cart.to_string(), "v1.3");
        assert!(cart.add(id("v1"), 0).is_err() && cart.add(id("v1"), 100).is_err());
        assert!(cart.set(&id("v1"), 100).is_err());
        assert_eq!((quantity(" ３ "), quantity("")), (Ok(3), Ok(0)));
        assert!(quantity("-1").is_err() && quantity("1.5").is_err() && quantity("many").is_err());
        for odd in [
            "",
            "~~",
            "v1",
            "v1.",
            "v1.0",
            "v1.-1",
            "v1.x",
            ".1",
            "V1.1",
            "!",
            "v1.99999999999",
        ] {
            assert!(Cart::read(odd).is_empty(), "{odd}");
        }
        assert_eq!(
            Cart::read("v1.4000~v1.4000").entries()[0].quantity,
            MAX_QUANTITY
        );
    }

    #[test]
    fn what_was_bought_leaves_it_once() {
        let token = "abcdefghijklmnop";
        let mut cart = Cart::read("v1.2~v2.1").reserved_by(token);
        cart = Cart::read(&cart.to_string());
        assert!(!cart.bought("another-token", [(id("v1"), 2)]));
        // Something was added after it was reserved.
        cart.add(id("v1"), 1).expect("fits");
        assert!(cart.bought(token, [(id("v1"), 2), (id("v2"), 1)]));
        assert_eq!(cart.to_string(), "v1.1");
        assert!(!cart.bought(token, [(id("v1"), 1)]), "once");
        assert_eq!(cart.to_string(), "v1.1");
    }

    #[test]
    fn a_full_basket_fits_a_cookie() {
        let text = |at: usize| format!("{}{at:02}.99", "v".repeat(62));
        let all: Vec<String> = (0..MOST_LINES + 5).map(text).collect();
        let cart = Cart::read(&all.join("~")).reserved_by(&"t".repeat(43));
        assert_eq!(cart.entries().len(), MOST_LINES);
        assert!(cart.to_string().len() < 3800);
    }

    proptest! {
        #[test]
        fn whatever_a_browser_sends_is_a_basket(text in "[a-z0-9.~!_-]{0,200}|.*") {
            let cart = Cart::read(&text);
            prop_assert!(cart.entries().len() <= MOST_LINES);
            prop_assert!(cart.entries().iter().all(|entry| (1..=MAX_QUANTITY).contains(&entry.quantity)));
            let mut variants: Vec<_> = cart.entries().iter().map(|entry| &entry.variant).collect();
            variants.sort_unstable();
            variants.dedup();
            prop_assert_eq!(variants.len(), cart.entries().len());
            let written = cart.to_string();
            prop_assert!(written.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b',' | b';' | b'\\')));
            prop_assert_eq!(Cart::read(&written).to_string(), written);
        }
    }
}
