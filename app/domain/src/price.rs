//! Reading a price that a person typed.

use crate::{
    invalid::Invalid,
    money::{Currency, Money},
    number::{self, Digits, Misread},
};

/// The most of what was typed that an error message repeats, characters.
const MAX_QUOTED: usize = 40;

fn wrong(message: String) -> Invalid {
    Invalid::new("price", message)
}

/// How people mark an amount in a currency, in any case; the longest of those that begin alike first.
const fn marks(currency: Currency) -> &'static [&'static str] {
    match currency {
        Currency::EUR => &["€", "euros", "euro", "eur"],
        Currency::USD => &["us$", "usd", "$", "dollars", "dollar"],
        Currency::GBP => &["£", "gbp", "pounds", "pound"],
        Currency::CHF => &["chf", "sfr.", "sfr", "francs", "franken", "fr.", "fr"],
        Currency::JPY => &["¥", "円", "jpy", "yen"],
    }
}

/// Without the currency's mark at its beginning.
fn after_mark(text: &str, currency: Currency) -> &str {
    let mark = marks(currency).iter().find_map(|mark| {
        let (start, rest) = text.split_at_checked(mark.len())?;
        start.eq_ignore_ascii_case(mark).then_some(rest)
    });
    mark.unwrap_or(text).trim_start()
}

/// Without the currency's mark at its end.
fn before_mark(text: &str, currency: Currency) -> &str {
    let mark = marks(currency).iter().find_map(|mark| {
        let (rest, end) = text.split_at_checked(text.len().checked_sub(mark.len())?)?;
        end.eq_ignore_ascii_case(mark).then_some(rest)
    });
    mark.unwrap_or(text).trim_end()
}

/// Without the dash that stands for decimals that are zero (`38,-`, `38.—`), or that ends an amount in a currency without
/// decimals (`3,800-`).
fn before_dash(text: &str, currency: Currency) -> Option<&str> {
    let whole = text.strip_suffix('-')?.trim_end_matches('-');
    let separated = whole.strip_suffix(['.', ',', ':', '٫']);
    let whole = match separated {
        Some(whole) => whole,
        None if currency.digits() == 0 => whole,
        None => return None,
    };
    Some(whole.trim_end())
}

/// See [`Money::parse`].
pub(crate) fn parse(text: &str, currency: Currency) -> Result<Money, Invalid> {
    let example = Money::example(currency);
    let typed = number::plain(text);
    if typed.is_empty() {
        return Err(wrong(format!("Write a price, for example {example}.")));
    }
    let amount = after_mark(&typed, currency);
    if amount.starts_with('-') {
        return Err(wrong(format!(
            "A price cannot be below zero. Write it without a minus, for example {example}."
        )));
    }
    // The mark may stand on either side of the dash.
    let marked = before_mark(amount, currency);
    let (amount, decimals) = match before_dash(marked, currency) {
        Some(whole) => (before_mark(whole, currency), 0),
        None => (marked, currency.digits() as usize),
    };
    match number::read(amount, decimals) {
        Ok(digits) => money(&digits, currency),
        Err(Misread::NotANumber) => Err(wrong(format!(
            "This is not a price in {currency}. Write digits only, for example {example}."
        ))),
        Err(Misread::Unclear) => Err(wrong(unclear(text.trim(), currency))),
    }
}

fn unclear(typed: &str, currency: Currency) -> String {
    let example = Money::example(currency);
    match currency.digits() {
        0 => format!("{currency} has no decimals. Write whole units, for example {example}."),
        digits => {
            let mut quoted: String = typed.chars().take(MAX_QUOTED).collect();
            if quoted.len() < typed.len() {
                quoted.push('…');
            }
            format!(
                "“{quoted}” can be read in more than one way: {currency} has {digits} digits after the separator. Write it like {example}, without separators between thousands."
            )
        }
    }
}

fn money(digits: &Digits, currency: Currency) -> Result<Money, Invalid> {
    let most = Money {
        minor: Money::MAX_MINOR,
        currency,
    };
    let too_large = || {
        wrong(format!(
            "This price is too large. The most one piece may cost is {most}."
        ))
    };
    let (whole, fraction) = (&digits.whole, &digits.fraction);
    let padded = format!("{fraction:0<width$}", width = currency.digits() as usize);
    let minor: i64 = format!("{whole}{padded}")
        .parse()
        .map_err(|_| too_large())?;
    if minor > Money::MAX_MINOR {
        return Err(too_large());
    }
    Ok(Money { minor, currency })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn euro(text: &str) -> Result<i64, String> {
        parse(text, Currency::EUR)
            .map(|money| money.minor)
            .map_err(|error| error.message)
    }

    #[test]
    fn common_ways_to_write_a_price_are_read() {
        for (text, minor) in [
            ("12", 1200),
            ("12.5", 1250),
            ("12,50", 1250),
            (" 12.50 € ", 1250),
            ("EUR 12", 1200),
            ("1\u{2009}234,50", 123_450),
            ("1.234,50", 123_450),
            ("1,234.50", 123_450),
            ("1'234.50", 123_450),
            ("1.234.567", 123_456_700),
            ("0", 0),
            ("99999999,99", Money::MAX_MINOR),
        ] {
            assert_eq!(euro(text), Ok(minor), "{text}");
        }
    }

    #[test]
    fn other_keyboards_and_habits_are_read() {
        for (currency, text, minor) in [
            (Currency::JPY, "３８００", 3800),
            (Currency::JPY, "３，８００", 3800),
            (Currency::JPY, "３、８００", 3800),
            (Currency::JPY, "￥3,800", 3800),
            (Currency::JPY, "¥3,800-", 3800),
            (Currency::JPY, "¥3,800.-", 3800),
            (Currency::JPY, "3800円", 3800),
            (Currency::JPY, "３８００　円", 3800),
            (Currency::JPY, "JPY 3 800", 3800),
            (Currency::JPY, "3.800 Yen", 3800),
            (Currency::EUR, "３８．５０", 3850),
            (Currency::EUR, "38,-", 3800),
            (Currency::EUR, "38.-", 3800),
            (Currency::EUR, "38,--", 3800),
            (Currency::EUR, "38,–", 3800),
            (Currency::EUR, "38,- €", 3800),
            (Currency::EUR, "€ 38,—", 3800),
            (Currency::EUR, "1.234,- EUR", 123_400),
            (Currency::EUR, "38€", 3800),
            (Currency::EUR, "38\u{a0}€", 3800),
            (Currency::EUR, "\u{202f}38,5\u{2009}eur ", 3850),
            (Currency::EUR, "38 Euro", 3800),
            (Currency::EUR, "\u{200e}38,50\u{feff}", 3850),
            (Currency::EUR, "٣٨٫٥٠", 3850),
            (Currency::EUR, "١٬٢٣٤٫٥٠", 123_450),
            (Currency::EUR, "۳۸", 3800),
            (Currency::EUR, "३८", 3800),
            (Currency::USD, "US$ 1,234.50", 123_450),
            (Currency::USD, "38 USD", 3800),
            (Currency::GBP, "￡38", 3800),
            (Currency::CHF, "Fr. 38.–", 3800),
            (Currency::CHF, "CHF 1’234.50", 123_450),
        ] {
            assert_eq!(parse(text, currency).map(|m| m.minor), Ok(minor), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_a_price_is_refused_with_the_reason() {
        for (text, words) in [
            ("", "Write a price"),
            ("  ", "Write a price"),
            ("-1", "below zero"),
            ("−1", "below zero"),
            ("1,234", "more than one way"),
            ("12.505", "more than one way"),
            ("12.", "more than one way"),
            (".5", "more than one way"),
            ("1.2.3", "more than one way"),
            ("100000000", "too large"),
            ("99999999999999999999999", "too large"),
            ("12 $", "not a price in EUR"),
            ("twelve", "not a price"),
            ("1e9", "not a price"),
            ("NaN", "not a price"),
            ("38€50", "not a price"),
            ("38²", "not a price"),
            ("38-", "not a price"),
            ("38,50,-", "more than one way"),
            ("38 50", "more than one way"),
            ("3 8", "more than one way"),
            ("1.234 567,00", "more than one way"),
            ("1,23,456.00", "more than one way"),
            ("1,234.567", "more than one way"),
            ("٣٨٫", "more than one way"),
            ("€ -38", "below zero"),
            ("€", "not a price"),
            (",-", "not a price"),
        ] {
            let error = euro(text).expect_err(text);
            assert!(error.contains(words), "{text}: {error}");
        }
        for text in ["12.50", "3,80", "3800.00", "38,-0"] {
            assert!(parse(text, Currency::JPY).is_err(), "{text}");
        }
        let long = euro(&"1.".repeat(500)).expect_err("no price");
        assert!(long.chars().count() < 250, "{long}");
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text: String) {
            if let Ok(money) = parse(&text, Currency::GBP) {
                prop_assert!((0..=Money::MAX_MINOR).contains(&money.minor));
            }
        }
    }
}
