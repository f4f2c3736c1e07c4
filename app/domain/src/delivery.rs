//! Delivery: where a shop sends to, and what that costs.

use serde::{Deserialize, Serialize};

use crate::country::Country;

/// A way of sending, with its price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Method {
    /// Its identifier in the shop.
    pub id: String,
    /// What people read: `Parcel, 2–3 days`.
    pub name: String,
    /// What it costs, minor units.
    pub price: i64,
    /// From what price of the goods on it costs nothing, minor units.
    pub free_from: Option<i64>,
}

impl Method {
    /// What it costs with goods of this price, minor units.
    #[must_use]
    pub fn cost(&self, goods: i64) -> i64 {
        if self.free_from.is_some_and(|from| from <= goods) {
            0
        } else {
            self.price
        }
    }
}

/// Countries that cost the same to send to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Zone {
    /// Its identifier in the shop.
    pub id: String,
    /// What the shop calls it.
    pub name: String,
    /// Its countries; none for everywhere that no other zone names.
    pub countries: Vec<Country>,
    /// The ways of sending there, in the order in which they are offered.
    pub methods: Vec<Method>,
}

/// The zone of a country: the first that names it, else the first that is for everywhere else. `None` where the shop does not send to.
#[must_use]
pub fn zone(zones: &[Zone], country: Country) -> Option<&Zone> {
    zones
        .iter()
        .find(|zone| zone.countries.contains(&country))
        .or_else(|| zones.iter().find(|zone| zone.countries.is_empty()))
}

/// Where a shop sends to. One without zones sends everywhere and asks nothing for it.
pub fn destinations(zones: &[Zone]) -> impl Iterator<Item = (Country, &'static str)> {
    Country::all().filter(|(country, _)| zones.is_empty() || zone(zones, *country).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn method(price: i64, free_from: Option<i64>) -> Method {
        Method {
            id: "m".to_owned(),
            name: "Parcel".to_owned(),
            price,
            free_from,
        }
    }

    fn in_zone(name: &str, countries: &[&str]) -> Zone {
        Zone {
            id: name.to_owned(),
            name: name.to_owned(),
            countries: countries
                .iter()
                .map(|code| code.parse().expect("a country"))
                .collect(),
            methods: vec![method(500, Some(5000))],
        }
    }

    #[test]
    fn the_zone_that_names_a_country_comes_first() {
        let zones = [
            in_zone("rest", &[]),
            in_zone("home", &["DE"]),
            in_zone("near", &["DE", "FR"]),
        ];
        let name = |zones: &[Zone], code: &str| {
            zone(zones, code.parse().expect("a country")).map(|zone| zone.name.clone())
        };
        assert_eq!(name(&zones, "DE").as_deref(), Some("home"));
        assert_eq!(name(&zones, "FR").as_deref(), Some("near"));
        assert_eq!(name(&zones, "JP").as_deref(), Some("rest"));
        assert_eq!(name(&zones[1..], "JP"), None);
        assert_eq!(destinations(&zones[1..]).count(), 2);
        assert_eq!(destinations(&[]).count(), Country::all().count());
    }

    #[test]
    fn delivery_is_free_from_its_price_on() {
        assert_eq!(method(500, Some(5000)).cost(4999), 500);
        assert_eq!(method(500, Some(5000)).cost(5000), 0);
        assert_eq!(method(500, None).cost(i64::MAX), 500);
    }
}
