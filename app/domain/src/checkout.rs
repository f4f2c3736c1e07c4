//! Buying: holds, orders, payments.

pub mod cart;

use serde::{Deserialize, Serialize};

use crate::{
    country::{Country, Place},
    discount::Code,
    id::{OrderId, ProductId, VariantId},
    invalid::{Invalid, many_lines, one_line},
    media::Media,
    money::Money,
    quote::{Amounts, LineTax},
    tax::{Class, Taxed},
    terms::Terms,
    time::UnixMs,
};

pub use crate::order::{Effects, Filter, Input, Refused, State, transition};

/// The most pieces of one product in one order.
pub const MAX_QUANTITY: u32 = 99;
/// How long stock is held for an order while nobody has said who buys, ms.
pub const ANONYMOUS_HOLD_MS: i64 = 5 * 60 * 1000;
/// How long stock is held for an order that is not paid, from the moment it is known who buys, ms.
pub const HOLD_MS: i64 = 15 * 60 * 1000;
/// The longest that tries to pay can keep stock held, from the making of the order, ms.
pub const MAX_HOLD_MS: i64 = 60 * 60 * 1000;
/// The most unpaid orders of one product that one household, or one network behind one address, can have at once. Their pieces
/// together are at most [`MAX_QUANTITY`].
pub const MAX_OPEN_HOLDS: u32 = 10;
/// The most unpaid orders of one product that one browser can have at once.
pub const MAX_BROWSER_HOLDS: u32 = 3;

/// Until when stock is held for an order made at `made`, once it is known at `now` who buys.
#[must_use]
pub fn prolonged(held_until: UnixMs, made: UnixMs, now: UnixMs) -> UnixMs {
    now.plus_ms(HOLD_MS)
        .min(made.plus_ms(MAX_HOLD_MS))
        .max(held_until)
}

/// A priced line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// What is bought.
    pub product: ProductId,
    /// What it is bought as.
    pub variant: VariantId,
    /// Its page, as it was called when it was bought.
    pub slug: String,
    /// Its title when it was bought.
    pub title: String,
    /// What was chosen of it, for example `Large · Celadon`; empty where there was nothing to choose.
    pub choice: String,
    /// The shop's own number of it; empty for none.
    pub sku: String,
    /// How many.
    pub quantity: u32,
    /// What one cost when it was bought.
    pub price: Money,
    /// `price` times `quantity`, before discount and tax.
    pub total: Money,
    /// What a code took off the line, minor units.
    pub discount: i64,
    /// What is left, without and as tax, minor units.
    pub taxed: Taxed,
    /// How it is taxed.
    pub class: Class,
    /// The tax it carries, if any.
    pub tax: Option<LineTax>,
    /// Its hero, for the summary; absent once the product is gone.
    pub photo: Option<Media>,
}

impl Line {
    /// Its title, and what was chosen of it.
    #[must_use]
    pub fn name(&self) -> String {
        if self.choice.is_empty() {
            self.title.clone()
        } else {
            format!("{}, {}", self.title, self.choice)
        }
    }
}

/// The delivery of an order: a line of its own, but for what is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// The way of sending, as the shop's terms know it.
    pub method: String,
    /// What it was called when it was chosen.
    pub name: String,
    /// What it costs.
    pub amounts: Amounts,
}

/// Who buys and where it goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Buyer {
    /// For the receipt and questions.
    pub email: String,
    /// Name on the parcel.
    pub name: String,
    /// Where to send it: 1–8 lines.
    pub address: String,
}

/// The fields of the payment form as typed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PayForm {
    /// Email.
    pub email: String,
    /// Name.
    pub name: String,
    /// Address, several lines.
    pub address: String,
    /// Code of the country it goes to, where the shop asks for it.
    pub country: String,
    /// State or province, where the country's taxes depend on it.
    pub region: String,
    /// The way of sending.
    pub delivery: String,
    /// A discount code.
    pub code: String,
    /// The total that stood on the button, minor units; empty where the page did not say one.
    pub total_seen_minor: String,
    /// What the test gateway shall do; see [`Outcome`]. Empty: succeed.
    pub outcome: String,
}

impl PayForm {
    /// What is known of an order, as the form shows it.
    #[must_use]
    pub fn of(order: &Order) -> Self {
        let destination = order.destination.as_ref();
        let buyer = order.buyer.clone();
        let buyer = buyer.map(|buyer| (buyer.email, buyer.name, buyer.address));
        let (email, name, address) = buyer.unwrap_or_default();
        Self {
            email,
            name,
            address,
            country: destination
                .map(|place| place.country.to_string())
                .unwrap_or_default(),
            region: destination
                .and_then(|place| place.region.clone())
                .unwrap_or_default(),
            delivery: order
                .delivery
                .as_ref()
                .map(|delivery| delivery.method.clone())
                .unwrap_or_default(),
            code: order
                .code
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
            total_seen_minor: String::new(),
            outcome: String::new(),
        }
    }

    /// Everything that is wrong with who buys, in the order of the fields: a sentence each.
    #[must_use]
    pub fn errors(&self, terms: &Terms) -> Vec<Invalid> {
        [
            email(&self.email).err(),
            name(&self.name).err(),
            self.destination(terms).err(),
            address(&self.address).err(),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// Where it goes; `None` for a shop that does not ask.
    ///
    /// # Errors
    /// A sentence about the field `country` or `region`.
    pub fn destination(&self, terms: &Terms) -> Result<Option<Place>, Invalid> {
        if !terms.asks_country() {
            return Ok(None);
        }
        let country: Country = self.country.parse()?;
        if !terms.sends_to(country) {
            let message = format!("The shop does not send to {}.", country.name());
            return Err(Invalid::new("country", message));
        }
        if !terms.asks_region(country) {
            return Ok(Some(Place::of(country)));
        }
        let region = self.region.trim();
        let place = format!("{country}-{region}").parse().map_err(|_| {
            let message = "Write your state or province in its short form, for example CA.";
            Invalid::new("region", message)
        })?;
        Ok(Some(place))
    }

    /// The total that the page said, minor units.
    #[must_use]
    pub fn total_seen(&self) -> Option<i64> {
        self.total_seen_minor.trim().parse().ok()
    }

    /// The discount code, if one was typed.
    ///
    /// # Errors
    /// A sentence about the field `code`.
    pub fn code(&self) -> Result<Option<Code>, Invalid> {
        match self.code.trim() {
            "" => Ok(None),
            code => code.parse().map(Some),
        }
    }

    /// Checks who buys.
    ///
    /// # Errors
    /// The first field that is wrong, with a sentence.
    pub fn buyer(&self) -> Result<Buyer, Invalid> {
        Ok(Buyer {
            email: email(&self.email)?,
            name: name(&self.name)?,
            address: address(&self.address)?,
        })
    }
}

/// An email address as typed, without the space around it.
///
/// RFC 5321 §4.5.3.1 bounds; otherwise only what a typo would break, because only a delivered message proves an address.
///
/// # Errors
/// A sentence about the field `email`.
pub fn email(text: &str) -> Result<String, Invalid> {
    let email = text.trim();
    let wrong = || {
        Invalid::new(
            "email",
            "Write your email address, for example ana@example.org.",
        )
    };
    let (local, host) = email.rsplit_once('@').ok_or_else(wrong)?;
    let labels_fit = host.split('.').all(|label| {
        !label.is_empty() && label.len() <= 63 && !label.starts_with('-') && !label.ends_with('-')
    });
    let fits =
        (1..=64).contains(&local.len()) && email.len() <= 254 && host.contains('.') && labels_fit;
    let clean = !email
        .chars()
        .any(|c| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | ',' | ';' | '"'));
    if fits && clean && !local.contains('@') {
        Ok(email.to_owned())
    } else {
        Err(wrong())
    }
}

fn name(text: &str) -> Result<String, Invalid> {
    let name = one_line(text);
    match name.chars().count() {
        0 => Err(Invalid::new("name", "Write the name for the parcel.")),
        1..=100 => Ok(name),
        _ => Err(Invalid::new(
            "name",
            "A name has at most 100 characters. Shorten it.",
        )),
    }
}

fn address(text: &str) -> Result<String, Invalid> {
    let address = many_lines(text);
    if address.is_empty() {
        return Err(Invalid::new(
            "address",
            "Write the address to send it to: street, town and country.",
        ));
    }
    if address.chars().count() > 500 || address.lines().count() > 8 {
        return Err(Invalid::new(
            "address",
            "An address has at most 8 lines and 500 characters. Shorten it.",
        ));
    }
    Ok(address)
}

/// What the test gateway shall do with a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The payment succeeds at once.
    Success,
    /// The card is declined.
    Decline,
    /// No answer in time; the processor later says that it succeeded.
    Unknown,
    /// No answer in time; the processor later says that it was declined.
    UnknownDecline,
}

impl Outcome {
    /// Every outcome, in the order a form offers them.
    pub const ALL: [Self; 4] = [
        Self::Success,
        Self::Decline,
        Self::Unknown,
        Self::UnknownDecline,
    ];

    /// The value in forms.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Decline => "decline",
            Self::Unknown => "unknown",
            Self::UnknownDecline => "unknown_decline",
        }
    }

    /// The words beside the choice.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Success => "The payment succeeds",
            Self::Decline => "The card is declined",
            Self::Unknown => "No answer at first, then it succeeds",
            Self::UnknownDecline => "No answer at first, then it is declined",
        }
    }
}

impl std::str::FromStr for Outcome {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if text.is_empty() {
            return Ok(Self::Success);
        }
        Self::ALL
            .into_iter()
            .find(|outcome| outcome.as_str() == text)
            .ok_or_else(|| Invalid::new("outcome", "Choose what the test payment shall do."))
    }
}

/// An order as its buyer and its shop see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Its identifier, for the shop's pages.
    pub id: OrderId,
    /// The unguessable name in the buyer's addresses: `/checkout/{token}`, `/order/{token}`.
    pub token: String,
    /// Its number in the shop, from 1.
    pub number: u32,
    /// Where it stands.
    pub state: State,
    /// Paid through the test gateway: no money moved.
    pub test: bool,
    /// What is bought.
    pub lines: Vec<Line>,
    /// How it is sent, where the shop asks for that.
    pub delivery: Option<Delivery>,
    /// The discount code that was used.
    pub code: Option<Code>,
    /// Where it goes, where the shop asks for that.
    pub destination: Option<Place>,
    /// What it costs in all.
    pub total: Money,
    /// Who buys; known once payment was tried.
    pub buyer: Option<Buyer>,
    /// Number of the receipt in the shop, once paid.
    pub receipt: Option<u32>,
    /// Why the last payment was declined: a sentence.
    pub declined: Option<String>,
    /// Until when stock is held while it is not paid.
    pub held_until: UnixMs,
    /// When it was made.
    pub created_at: UnixMs,
    /// When it was paid.
    pub paid_at: Option<UnixMs>,
    /// When it was sent.
    pub sent_at: Option<UnixMs>,
}

impl Order {
    /// What a code took off all lines, minor units.
    #[must_use]
    pub fn discount(&self) -> i64 {
        let goods: i64 = self.lines.iter().map(|line| line.discount).sum();
        goods
            + self
                .delivery
                .as_ref()
                .map_or(0, |delivery| delivery.amounts.discount)
    }

    /// The taxes of all lines, minor units each: one sum for each place, rate and way of adding it.
    #[must_use]
    pub fn taxes(&self) -> Vec<(LineTax, i64)> {
        let of_lines = self.lines.iter().map(|line| (&line.tax, line.taxed.tax));
        let of_delivery = self
            .delivery
            .iter()
            .map(|delivery| (&delivery.amounts.tax, delivery.amounts.taxed.tax));
        let mut taxes: Vec<(LineTax, i64)> = Vec::new();
        for (tax, minor) in of_lines.chain(of_delivery) {
            let Some(tax) = tax else { continue };
            match taxes.iter_mut().find(|(other, _)| other == tax) {
                Some((_, sum)) => *sum += minor,
                None => taxes.push((tax.clone(), minor)),
            }
        }
        taxes
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        delivery::Zone,
        tax::{Rate, Rounding, Seller},
    };

    fn form() -> PayForm {
        PayForm {
            email: " ana@example.org ".into(),
            name: "Ana  B".into(),
            address: "1 Quiet St\r\n\r\nLeeds".into(),
            ..PayForm::default()
        }
    }

    #[test]
    fn a_buyer_is_checked_field_by_field() {
        let buyer = form().buyer().expect("valid");
        assert_eq!(
            (buyer.email.as_str(), buyer.name.as_str()),
            ("ana@example.org", "Ana B")
        );
        assert_eq!(buyer.address, "1 Quiet St\n\nLeeds");
        for email in [
            "",
            "ana",
            "@b.c",
            "ana@",
            "ana@host",
            "a b@c.de",
            "a@b..c",
            "a@-b.c",
            "a@b@c.de",
            "a@b.c\nBcc: x",
        ] {
            let error = PayForm {
                email: email.into(),
                ..form()
            }
            .buyer()
            .expect_err(email);
            assert_eq!(error.field, "email");
        }
        let error = PayForm {
            name: " ".into(),
            ..form()
        }
        .buyer()
        .expect_err("name");
        assert_eq!(error.field, "name");
        let error = PayForm {
            address: "\n".repeat(9) + "x\n\n\n\n\n\n\n\n\nx",
            ..form()
        }
        .buyer()
        .expect_err("address");
        assert_eq!(error.field, "address");
    }

    #[test]
    fn an_empty_form_is_told_everything_at_once() {
        let fields: Vec<&str> = PayForm::default()
            .errors(&Terms::default())
            .iter()
            .map(|error| error.field)
            .collect();
        assert_eq!(fields, ["email", "name", "address"]);
        assert_eq!(form().errors(&Terms::default()), []);
    }

    #[test]
    fn a_country_is_asked_for_where_it_matters() {
        let seller = Seller {
            home: "US-NY".parse().expect("a place"),
            registered: true,
            one_stop_shop: false,
            also: Vec::new(),
        };
        let rate = Rate {
            place: "US-NY".parse().expect("a place"),
            class: Class::Standard,
            ppm: 88_750,
            inclusive: false,
            rounding: Rounding::Line,
            on_delivery: true,
            from: UnixMs(0),
        };
        let zone = Zone {
            id: "z".to_owned(),
            name: "Here".to_owned(),
            countries: vec![
                "US".parse().expect("a country"),
                "CA".parse().expect("a country"),
            ],
            methods: Vec::new(),
        };
        let terms = Terms {
            seller: Some(seller),
            rates: vec![rate],
            zones: vec![zone],
            ..Terms::default()
        };
        let to = |country: &str, region: &str| {
            let form = PayForm {
                country: country.to_owned(),
                region: region.to_owned(),
                ..form()
            };
            let place = form.destination(&terms).map_err(|error| error.field);
            place.map(|place| place.map(|place| place.to_string()))
        };
        assert_eq!(to("us", "ny"), Ok(Some("US-NY".to_owned())));
        assert_eq!(to("CA", ""), Ok(Some("CA".to_owned())));
        assert_eq!(to("US", ""), Err("region"));
        assert_eq!(to("FR", ""), Err("country"));
        assert_eq!(to("", ""), Err("country"));
        assert_eq!(form().destination(&Terms::default()), Ok(None));
    }

    #[test]
    fn outcomes_have_form_values() {
        for outcome in Outcome::ALL {
            assert_eq!(outcome.as_str().parse(), Ok(outcome));
        }
        assert_eq!("".parse(), Ok(Outcome::Success));
        assert!("free".parse::<Outcome>().is_err());
    }

    proptest! {
        #[test]
        fn a_hold_is_prolonged_and_has_an_end(made in 0_i64..1_000_000_000, waits in proptest::collection::vec(0..HOLD_MS, 0..20)) {
            let made = UnixMs(made);
            let mut until = made.plus_ms(ANONYMOUS_HOLD_MS);
            let mut now = made;
            for wait in waits {
                now = now.plus_ms(wait);
                if now >= until {
                    break;
                }
                let next = prolonged(until, made, now);
                prop_assert!(next >= until && next <= made.plus_ms(MAX_HOLD_MS));
                until = next;
            }
        }

        #[test]
        fn any_form_is_judged(email: String, name: String, address: String) {
            let form = PayForm { email, name, address, ..PayForm::default() };
            let errors = form.errors(&Terms::default());
            match form.buyer() {
                Ok(buyer) => {
                    prop_assert!(errors.is_empty());
                    prop_assert!(!buyer.email.chars().any(char::is_control) && !buyer.name.chars().any(char::is_control));
                }
                Err(first) => prop_assert_eq!(errors.first(), Some(&first)),
            }
        }
    }
}
