//! What a seller types about the terms of their shop, and how it is read.

use serde::{Deserialize, Serialize};

use super::{MOST_METHODS, MOST_RATES, MOST_ZONES, Terms};
use crate::{
    country::{Country, Place},
    delivery::{Method, Zone},
    invalid::{Invalid, one_line},
    money::{Currency, Money},
    tax::{self, Rate, Seller},
    time::UnixMs,
};

/// Where the shop owes taxes, as typed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SellerForm {
    /// Code of the country it sends from; empty for a shop that takes no part in taxes yet.
    pub home: String,
    /// State or province, where its taxes are its own.
    pub home_region: String,
    /// Not empty when ticked: it owes taxes.
    pub registered: String,
    /// Not empty when ticked: the European Union's one stop shop.
    pub one_stop_shop: String,
    /// Places with commas between them.
    pub also: String,
    /// The number on receipts.
    pub tax_number: String,
    /// Days within which something can be sent back.
    pub returns_days: String,
}

impl SellerForm {
    /// What is stored, as a form shows it.
    #[must_use]
    pub fn of(terms: &Terms) -> Self {
        let ticked = |on: bool| if on { "on".to_owned() } else { String::new() };
        let seller = terms.seller.as_ref();
        let home = seller.map(|seller| &seller.home);
        Self {
            home: home
                .map(|home| home.country.to_string())
                .unwrap_or_default(),
            home_region: home
                .and_then(|home| home.region.clone())
                .unwrap_or_default(),
            registered: ticked(seller.is_some_and(|seller| seller.registered)),
            one_stop_shop: ticked(seller.is_some_and(|seller| seller.one_stop_shop)),
            also: seller
                .map(|seller| joined(&seller.also))
                .unwrap_or_default(),
            tax_number: terms.tax_number.clone(),
            returns_days: terms
                .returns_days
                .map(|days| days.to_string())
                .unwrap_or_default(),
        }
    }

    /// Writes what was typed into `terms`.
    ///
    /// # Errors
    /// The first wrong field, with a sentence.
    pub fn apply(&self, terms: &mut Terms) -> Result<(), Invalid> {
        let number = one_line(&self.tax_number);
        if number.chars().count() > 60 {
            return Err(Invalid::new(
                "tax_number",
                "A tax number has at most 60 characters. Shorten it.",
            ));
        }
        let days = match self.returns_days.trim() {
            "" => None,
            text => Some(
                text.parse()
                    .ok()
                    .filter(|days| (1..=365).contains(days))
                    .ok_or_else(|| {
                        Invalid::new(
                            "returns_days",
                            "Write a number of days between 1 and 365, or leave it empty.",
                        )
                    })?,
            ),
        };
        let seller = if self.home.trim().is_empty() {
            None
        } else {
            let country: Country = self
                .home
                .parse()
                .map_err(|_| Invalid::new("home", "Choose a country from the list."))?;
            let home = match self.home_region.trim() {
                "" => Place::of(country),
                region => format!("{country}-{region}").parse().map_err(|_| {
                    Invalid::new(
                        "home_region",
                        "Write a state or province in its short form, for example CA.",
                    )
                })?,
            };
            Some(Seller {
                home,
                registered: !self.registered.is_empty(),
                one_stop_shop: !self.one_stop_shop.is_empty() && country.is_in_eu(),
                also: places(&self.also, "also")?,
            })
        };
        terms.seller = seller;
        terms.tax_number = number;
        terms.returns_days = days;
        Ok(())
    }
}

/// Places as a form shows them.
fn joined(places: &[Place]) -> String {
    let texts: Vec<String> = places.iter().map(ToString::to_string).collect();
    texts.join(", ")
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', ';', '\n'])
        .map(str::trim)
        .filter(|word| !word.is_empty())
}

fn places(text: &str, field: &'static str) -> Result<Vec<Place>, Invalid> {
    let mut places: Vec<Place> = Vec::new();
    for word in words(text) {
        let place = word.parse().map_err(|_| {
            Invalid::new(
                field,
                format!(
                    "“{word}” is no place. Write two letters, or a part of a country like US-CA."
                ),
            )
        })?;
        if !places.contains(&place) {
            places.push(place);
        }
    }
    if places.len() > MOST_RATES {
        return Err(Invalid::new(
            field,
            format!("Write at most {MOST_RATES} places."),
        ));
    }
    Ok(places)
}

/// A tax rate as typed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RateForm {
    /// Where.
    pub place: String,
    /// Of what.
    pub class: String,
    /// In percent.
    pub rate: String,
    /// Not empty when ticked: prices say it included.
    pub inclusive: String,
    /// How it is rounded.
    pub rounding: String,
    /// Not empty when ticked: it is asked of the delivery too.
    pub on_delivery: String,
    /// The first day, `2026-12-01`; empty for one that has begun.
    pub from: String,
}

impl RateForm {
    /// Reads it.
    ///
    /// # Errors
    /// The first wrong field, with a sentence.
    pub fn rate(&self) -> Result<Rate, Invalid> {
        Ok(Rate {
            place: self.place.parse()?,
            class: self.class.parse()?,
            ppm: tax::percent(&self.rate)?,
            inclusive: !self.inclusive.is_empty(),
            rounding: self.rounding.parse()?,
            on_delivery: !self.on_delivery.is_empty(),
            from: match self.from.trim() {
                "" => UnixMs(0),
                day => UnixMs::of_day(day).ok_or_else(|| {
                    Invalid::new("from", "Write the day as year, month and day: 2026-12-01.")
                })?,
            },
        })
    }
}

impl Terms {
    /// Writes a rate into the table, in place of one of the same place, class and day.
    ///
    /// # Errors
    /// When the table is full.
    pub fn put_rate(&mut self, rate: Rate) -> Result<(), Invalid> {
        let same = |other: &Rate| {
            other.place == rate.place && other.class == rate.class && other.from == rate.from
        };
        self.rates.retain(|other| !same(other));
        if self.rates.len() >= MOST_RATES {
            return Err(Invalid::new(
                "place",
                format!("The table has {MOST_RATES} rates. Remove some first."),
            ));
        }
        self.rates.push(rate);
        self.rates.sort_by(|a, b| {
            (&a.place, a.class.as_str(), a.from).cmp(&(&b.place, b.class.as_str(), b.from))
        });
        Ok(())
    }

    /// Writes the standard rates of Europe, the United Kingdom, Switzerland and Japan where the table has none: to begin with, and
    /// to be checked by whoever owes them.
    pub fn put_usual_rates(&mut self) {
        for (code, ppm) in tax::USUAL {
            let Ok(place) = code.parse::<Place>() else {
                continue;
            };
            let known = self
                .rates
                .iter()
                .any(|rate| rate.place == place && rate.class == tax::Class::Standard);
            let rounding = match *code {
                "JP" => tax::Rounding::OrderDown,
                _ => tax::Rounding::Line,
            };
            if !known {
                let rate = Rate {
                    place,
                    class: tax::Class::Standard,
                    ppm: *ppm,
                    inclusive: true,
                    rounding,
                    on_delivery: true,
                    from: UnixMs(0),
                };
                // A full table stays as it is.
                let _ = self.put_rate(rate);
            }
        }
    }
}

/// A zone as typed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ZoneForm {
    /// What the shop calls it.
    pub zone_name: String,
    /// Codes or names of countries with commas between them; empty for everywhere else.
    pub countries: String,
}

impl ZoneForm {
    /// Reads it as a zone without ways of sending.
    ///
    /// # Errors
    /// The first wrong field, with a sentence.
    pub fn zone(&self, id: String) -> Result<Zone, Invalid> {
        let name = one_line(&self.zone_name);
        if !(1..=60).contains(&name.chars().count()) {
            return Err(Invalid::new(
                "zone_name",
                "Give the zone a name of at most 60 characters.",
            ));
        }
        let mut countries: Vec<Country> = Vec::new();
        for word in words(&self.countries) {
            let by_name = || {
                Country::all()
                    .find(|(_, name)| name.to_lowercase() == word.to_lowercase())
                    .map(|(country, _)| country)
            };
            if word.eq_ignore_ascii_case("EU") {
                countries.extend(
                    Country::all()
                        .map(|(country, _)| country)
                        .filter(Country::is_in_eu),
                );
                continue;
            }
            let country = word.parse().ok().or_else(by_name).ok_or_else(|| {
                Invalid::new(
                    "countries",
                    format!("“{word}” is no country. Write its two letters or its English name."),
                )
            })?;
            countries.push(country);
        }
        countries.sort_unstable();
        countries.dedup();
        Ok(Zone {
            id,
            name,
            countries,
            methods: Vec::new(),
        })
    }
}

/// A way of sending as typed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MethodForm {
    /// What buyers read.
    pub method_name: String,
    /// What it costs.
    pub price: String,
    /// From what price of the goods on it costs nothing; empty for never.
    pub free_from: String,
}

impl MethodForm {
    /// Reads it.
    ///
    /// # Errors
    /// The first wrong field, with a sentence.
    pub fn method(&self, id: String, currency: Currency) -> Result<Method, Invalid> {
        let name = one_line(&self.method_name);
        if !(1..=80).contains(&name.chars().count()) {
            return Err(Invalid::new(
                "method_name",
                "Say how it is sent, in at most 80 characters.",
            ));
        }
        let price = Money::parse(&self.price, currency)?.minor;
        let free_from = match self.free_from.trim() {
            "" => None,
            text => {
                let money = Money::parse(text, currency)
                    .map_err(|error| Invalid::new("free_from", error.message))?;
                Some(money.minor)
            }
        };
        Ok(Method {
            id,
            name,
            price,
            free_from,
        })
    }
}

impl Terms {
    /// Adds a zone.
    ///
    /// # Errors
    /// When there are too many, or another one is for everywhere else already.
    pub fn add_zone(&mut self, zone: Zone) -> Result<(), Invalid> {
        if self.zones.len() >= MOST_ZONES {
            return Err(Invalid::new(
                "zone_name",
                format!("A shop has at most {MOST_ZONES} zones."),
            ));
        }
        if zone.countries.is_empty() && self.zones.iter().any(|other| other.countries.is_empty()) {
            return Err(Invalid::new(
                "countries",
                "There is a zone for everywhere else already. Name the countries of this one.",
            ));
        }
        self.zones.push(zone);
        Ok(())
    }

    /// Adds a way of sending to a zone; `false` where there is no such zone.
    ///
    /// # Errors
    /// When there are too many.
    pub fn add_method(&mut self, zone: &str, method: Method) -> Result<bool, Invalid> {
        let Some(zone) = self.zones.iter_mut().find(|other| other.id == zone) else {
            return Ok(false);
        };
        if zone.methods.len() >= MOST_METHODS {
            return Err(Invalid::new(
                "method_name",
                format!("A zone has at most {MOST_METHODS} ways of sending."),
            ));
        }
        zone.methods.push(method);
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::delivery;

    #[test]
    fn a_seller_reads_back() {
        let form = SellerForm {
            home: "de".to_owned(),
            registered: "on".to_owned(),
            one_stop_shop: "on".to_owned(),
            also: "GB, us-ca; GB".to_owned(),
            tax_number: " DE 123 ".to_owned(),
            returns_days: "14".to_owned(),
            ..SellerForm::default()
        };
        let mut terms = Terms::default();
        form.apply(&mut terms).expect("valid");
        let shown = SellerForm::of(&terms);
        assert_eq!(
            (
                shown.home.as_str(),
                shown.also.as_str(),
                shown.returns_days.as_str()
            ),
            ("DE", "GB, US-CA", "14")
        );
        let mut again = Terms::default();
        shown.apply(&mut again).expect("valid");
        assert_eq!(again, terms);
        for (field, form) in [
            (
                "home",
                SellerForm {
                    home: "XX".to_owned(),
                    ..form.clone()
                },
            ),
            (
                "home_region",
                SellerForm {
                    home_region: "Bavaria".to_owned(),
                    ..form.clone()
                },
            ),
            (
                "also",
                SellerForm {
                    also: "Mars".to_owned(),
                    ..form.clone()
                },
            ),
            (
                "returns_days",
                SellerForm {
                    returns_days: "0".to_owned(),
                    ..form.clone()
                },
            ),
        ] {
            assert_eq!(form.apply(&mut terms).expect_err(field).field, field);
        }
        assert_eq!(terms, again, "what is refused changes nothing");
    }

    #[test]
    fn usual_rates_leave_what_is_there() {
        let form = RateForm {
            place: "DE".to_owned(),
            class: "standard".to_owned(),
            rate: "16".to_owned(),
            rounding: "line".to_owned(),
            from: "2020-07-01".to_owned(),
            ..RateForm::default()
        };
        let mut terms = Terms::default();
        terms.put_rate(form.rate().expect("a rate")).expect("room");
        terms.put_usual_rates();
        let german: Vec<u32> = terms
            .rates
            .iter()
            .filter(|rate| rate.place.to_string() == "DE")
            .map(|rate| rate.ppm)
            .collect();
        assert_eq!(german, [160_000]);
        assert!(
            Country::all()
                .filter(|(country, _)| country.is_in_eu())
                .all(|(country, _)| {
                    terms
                        .rates
                        .iter()
                        .any(|rate| rate.place == Place::of(country))
                })
        );
        let count = terms.rates.len();
        terms
            .put_rate(
                RateForm {
                    rate: "19".to_owned(),
                    ..form.clone()
                }
                .rate()
                .expect("a rate"),
            )
            .expect("room");
        assert_eq!(terms.rates.len(), count, "the same day is written over");
        assert_eq!(
            RateForm {
                from: "1.7.2020".to_owned(),
                ..form
            }
            .rate()
            .expect_err("day")
            .field,
            "from"
        );
    }

    #[test]
    fn zones_take_codes_names_and_the_union() {
        let zone = |countries: &str| {
            ZoneForm {
                zone_name: "Z".to_owned(),
                countries: countries.to_owned(),
            }
            .zone("z".to_owned())
        };
        assert_eq!(
            zone("EU, switzerland; gb").expect("a zone").countries.len(),
            29
        );
        assert_eq!(zone("Narnia").expect_err("no country").field, "countries");
        let mut terms = Terms::default();
        terms.add_zone(zone("").expect("a zone")).expect("room");
        assert_eq!(
            terms
                .add_zone(zone(" ").expect("a zone"))
                .expect_err("second")
                .field,
            "countries"
        );
        let method = MethodForm {
            method_name: "Parcel".to_owned(),
            price: "4,90".to_owned(),
            free_from: "50".to_owned(),
        };
        let method = method
            .method("m".to_owned(), Currency::EUR)
            .expect("a method");
        assert_eq!((method.price, method.free_from), (490, Some(5000)));
        assert_eq!(terms.add_method("z", method.clone()), Ok(true));
        assert_eq!(terms.add_method("gone", method), Ok(false));
        assert!(delivery::zone(&terms.zones, "JP".parse().expect("a country")).is_some());
    }

    proptest! {
        #[test]
        fn any_form_is_judged(a: String, b: String, c: String) {
            let _ = SellerForm { home: a.clone(), also: b.clone(), home_region: c.clone(), ..SellerForm::default() }.apply(&mut Terms::default());
            let _ = RateForm { place: a.clone(), rate: b.clone(), from: c.clone(), class: "standard".to_owned(), rounding: "line".to_owned(), ..RateForm::default() }.rate();
            let _ = ZoneForm { zone_name: a.clone(), countries: b.clone() }.zone(String::new());
            let _ = MethodForm { method_name: a, price: b, free_from: c }.method(String::new(), Currency::JPY);
        }
    }
}
