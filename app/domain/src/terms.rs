//! On which terms a shop sells: where it owes taxes, where it sends to, and what the law wants written.

pub mod form;

use serde::{Deserialize, Serialize};

use crate::{
    country::{Country, Place},
    delivery::{self, Zone},
    invalid::{Invalid, many_lines},
    tax::{self, Class, Rate, Seller},
    time::UnixMs,
};

/// The most zones of a shop, ways of sending in one, tax rates, and characters of a text.
pub const MOST_ZONES: usize = 30;
/// See [`MOST_ZONES`].
pub const MOST_METHODS: usize = 10;
/// See [`MOST_ZONES`].
pub const MOST_RATES: usize = 500;
/// See [`MOST_ZONES`].
pub const MOST_TEXT: usize = 20_000;

/// A shop's terms. One that has said nothing sends everywhere for nothing and takes no tax.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Terms {
    /// Where it owes taxes.
    pub seller: Option<Seller>,
    /// The number under which it owes them, as receipts say it; empty for none.
    pub tax_number: String,
    /// The tax table, in the order in which it was written.
    pub rates: Vec<Rate>,
    /// Where it sends to.
    pub zones: Vec<Zone>,
    /// For how many days what was bought can be sent back.
    pub returns_days: Option<u32>,
    /// What the law wants written.
    pub texts: Texts,
    /// There are discount codes that were not ended, so that the checkout asks for one.
    pub has_codes: bool,
}

/// What the law wants written, as plain text of several lines; empty where the shop has written nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Texts {
    /// Who sells, and how to reach them.
    pub imprint: String,
    /// The conditions of a sale.
    pub conditions: String,
    /// How to send something back.
    pub returns: String,
    /// What is kept about buyers.
    pub privacy: String,
}

impl Texts {
    /// Tidies what was typed.
    ///
    /// # Errors
    /// The first text that is too long, with a sentence about its field.
    pub fn checked(&self) -> Result<Self, Invalid> {
        let tidy = |field: &'static str, text: &str| {
            let text = many_lines(text);
            if text.chars().count() > MOST_TEXT {
                let message = format!("A text has at most {MOST_TEXT} characters. Shorten it.");
                return Err(Invalid::new(field, message));
            }
            Ok(text)
        };
        Ok(Self {
            imprint: tidy("imprint", &self.imprint)?,
            conditions: tidy("conditions", &self.conditions)?,
            returns: tidy("returns", &self.returns)?,
            privacy: tidy("privacy", &self.privacy)?,
        })
    }
}

impl Terms {
    /// Whether a price depends on where it goes, so that the checkout has to ask for the country.
    #[must_use]
    pub const fn asks_country(&self) -> bool {
        self.seller.is_some() || !self.zones.is_empty()
    }

    /// Whether a country's taxes depend on the part of it, so that the checkout has to ask for that too.
    #[must_use]
    pub fn asks_region(&self, country: Country) -> bool {
        self.seller.is_some()
            && self
                .rates
                .iter()
                .any(|rate| rate.place.country == country && rate.place.region.is_some())
    }

    /// Whether the shop sends to a country.
    #[must_use]
    pub fn sends_to(&self, country: Country) -> bool {
        self.zones.is_empty() || delivery::zone(&self.zones, country).is_some()
    }

    /// The least that delivery costs, minor units; `None` for a shop that asks nothing for it.
    #[must_use]
    pub fn least_delivery(&self) -> Option<i64> {
        let prices = |zone: &Zone| zone.methods.iter().map(|method| method.price).min();
        self.zones
            .iter()
            .map(|zone| prices(zone).unwrap_or(0))
            .min()
    }

    /// Whether prices say the tax of the shop's own country included, by its newest rate; `None` where it owes none.
    #[must_use]
    pub fn includes_tax(&self) -> Option<bool> {
        let seller = self.seller.as_ref()?;
        let place = seller.taxed_in(&seller.home)?;
        let newest = tax::rate(&self.rates, &place, Class::Standard, UnixMs(i64::MAX))?;
        Some(newest.inclusive)
    }

    /// Where a purchase goes as long as the buyer has not said: home, if the shop sends there.
    #[must_use]
    pub fn first_destination(&self) -> Option<Place> {
        let home = &self.seller.as_ref()?.home;
        self.sends_to(home.country).then(|| home.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_survive_json_and_say_nothing_by_default() {
        let terms = Terms::default();
        assert!(!terms.asks_country() && terms.first_destination().is_none());
        assert_eq!(serde_json::from_str::<Terms>("{}").expect("json"), terms);
        let seller = Seller {
            home: "US-NY".parse().expect("a place"),
            registered: true,
            one_stop_shop: false,
            also: Vec::new(),
        };
        let terms = Terms {
            seller: Some(seller),
            ..terms
        };
        assert!(terms.asks_country());
        assert_eq!(
            terms
                .first_destination()
                .map(|place| place.to_string())
                .as_deref(),
            Some("US-NY")
        );
        let json = serde_json::to_string(&terms).expect("json");
        assert_eq!(serde_json::from_str::<Terms>(&json).expect("json"), terms);
    }

    #[test]
    fn a_text_that_is_too_long_is_refused() {
        let long = Texts {
            returns: "x".repeat(MOST_TEXT + 1),
            ..Texts::default()
        };
        assert_eq!(long.checked().expect_err("too long").field, "returns");
        let tidy = Texts {
            imprint: " Ana\r\nLeeds ".to_owned(),
            ..Texts::default()
        };
        assert_eq!(tidy.checked().expect("fits").imprint, "Ana\nLeeds");
    }
}
