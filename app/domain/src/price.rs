//! Reading a price that a person typed.

use crate::{
    invalid::Invalid,
    money::{Currency, Money},
};

fn wrong(message: String) -> Invalid {
    Invalid::new("price", message)
}

/// See [`Money::parse`].
pub(crate) fn parse(text: &str, currency: Currency) -> Result<Money, Invalid> {
    let example = Money::example(currency);
    let number: String = text
        .replace(currency.sign(), "")
        .replace(currency.code(), "")
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '\'' | '’'))
        .collect();
    if number.is_empty() {
        return Err(wrong(format!("Write a price, for example {example}.")));
    }
    if number.starts_with(['-', '−', '–']) {
        return Err(wrong(format!(
            "A price cannot be below zero. Write it without a minus, for example {example}."
        )));
    }
    if !number
        .chars()
        .all(|c| c.is_ascii_digit() || c == '.' || c == ',')
    {
        return Err(wrong(format!(
            "This is not a price in {currency}. Write digits only, for example {example}."
        )));
    }
    let (major, minor) =
        separate(&number, currency).ok_or_else(|| wrong(misplaced(&number, currency)))?;
    amount(&major, minor, currency)
}

fn misplaced(number: &str, currency: Currency) -> String {
    let example = Money::example(currency);
    match currency.digits() {
        0 => format!("{currency} has no decimals. Write whole units, for example {example}."),
        digits => format!(
            "“{number}” can be read in more than one way: {currency} has {digits} digits after the separator. Write it like {example}, without separators between thousands."
        ),
    }
}

/// Splits into the digits before and after the decimal separator; `None` when it is not clear which is which.
fn separate(number: &str, currency: Currency) -> Option<(String, &str)> {
    let last = number.rfind(['.', ',']);
    let Some(last) = last else {
        return Some((number.to_owned(), ""));
    };
    let (head, tail) = (number.get(..last)?, number.get(last + 1..)?);
    let separator = number.get(last..=last)?;
    let digits = currency.digits() as usize;
    let repeated = head.contains(separator);
    // A separator that comes twice groups; so does any in a currency without decimals.
    if repeated || (digits == 0 && tail.len() == 3) {
        return Some((ungroup(number)?, ""));
    }
    if tail.is_empty() || tail.len() > digits || head.is_empty() {
        return None;
    }
    Some((ungroup(head)?, tail))
}

/// Joins groups of thousands; `None` unless every group but the first has three digits and one separator is used.
fn ungroup(number: &str) -> Option<String> {
    if number.contains('.') && number.contains(',') {
        return None;
    }
    let mut groups = number.split(['.', ',']);
    let first = groups.next()?;
    let rest: Vec<&str> = groups.collect();
    let grouped = !rest.is_empty();
    if first.is_empty() || (grouped && first.len() > 3) || rest.iter().any(|group| group.len() != 3)
    {
        return None;
    }
    Some(format!("{first}{}", rest.concat()))
}

fn amount(major: &str, minor: &str, currency: Currency) -> Result<Money, Invalid> {
    let most = Money {
        minor: Money::MAX_MINOR,
        currency,
    };
    let too_large = || {
        wrong(format!(
            "This price is too large. The most one piece may cost is {most}."
        ))
    };
    let padded = format!("{minor:0<width$}", width = currency.digits() as usize);
    let total: i64 = format!("{major}{padded}")
        .parse()
        .map_err(|_| too_large())?;
    if total > Money::MAX_MINOR {
        return Err(too_large());
    }
    Ok(Money {
        minor: total,
        currency,
    })
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
        assert_eq!(parse("¥3,800", Currency::JPY).map(|m| m.minor), Ok(3800));
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
        ] {
            let error = euro(text).expect_err(text);
            assert!(error.contains(words), "{text}: {error}");
        }
        assert!(parse("12.50", Currency::JPY).is_err());
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
