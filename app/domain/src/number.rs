//! Numbers as people type them: in any script and width, with whatever stands between thousands.

/// The zeros of the decimal digits outside ASCII and its wide forms (Unicode 15, general category Nd); each is followed by the
/// other nine.
const ZEROS: [u32; 66] = [
    0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66,
    0x0DE6, 0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90,
    0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0,
    0x104A0, 0x10D30, 0x11066, 0x110F0, 0x11136, 0x111D0, 0x112F0, 0x11450, 0x114D0, 0x11650,
    0x116C0, 0x11730, 0x118E0, 0x11950, 0x11C50, 0x11D50, 0x11DA0, 0x11F50, 0x16A60, 0x16AC0,
    0x16B50, 0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6, 0x1E140, 0x1E2F0, 0x1E4F0, 0x1E950,
    0x1FBF0,
];

/// The decimal separator of Arabic numbers. Unlike a point or comma it never groups.
const ARABIC_DECIMAL: char = '٫';

/// Why a text is no number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Misread {
    /// Something other than digits and separators is in it.
    NotANumber,
    /// Its separators can be read in more than one way, or in none.
    Unclear,
}

/// The digits before and after the decimal separator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Digits {
    pub(crate) whole: String,
    /// Empty without decimals.
    pub(crate) fraction: String,
}

/// The text in ASCII, as far as digits, separators, spaces and dashes go, without what cannot be seen (marks of direction,
/// spaces without width) and without the space around it. Full-width and other digits, points, commas and spaces are what the
/// keyboards of other scripts write for the same keys.
pub(crate) fn plain(text: &str) -> String {
    let plain: String = text.chars().filter_map(plain_char).collect();
    plain.trim().to_owned()
}

fn plain_char(c: char) -> Option<char> {
    Some(match c {
        '\u{ad}'
        | '\u{61c}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}'
        | '\u{feff}' => return None,
        // The wide forms of ASCII.
        '\u{ff01}'..='\u{ff5e}' => plain_char(char::from_u32(u32::from(c) - 0xfee0)?)?,
        '￥' => '¥',
        '￡' => '£',
        '、' | '､' | '﹐' => ',',
        '。' | '｡' | '﹒' => '.',
        '’' | '‘' | 'ʼ' | '′' | '´' | '`' | '٬' => '\'',
        '−' | '‐' | '‑' | '‒' | '–' | '—' | '―' | '﹣' | 'ー' | 'ｰ' => '-',
        c if c.is_whitespace() => ' ',
        c => digit(c).unwrap_or(c),
    })
}

fn digit(c: char) -> Option<char> {
    let code = u32::from(c);
    let after = ZEROS.partition_point(|zero| *zero <= code);
    let zero = *ZEROS.get(after.checked_sub(1)?)?;
    char::from_digit(code - zero, 10)
}

/// Reads [`plain`] text with at most `decimals` digits after a decimal separator. Spaces and apostrophes only group; a
/// separator groups thousands, so what stands between two is three digits.
pub(crate) fn read(text: &str, decimals: usize) -> Result<Digits, Misread> {
    let is_part =
        |c: char| c.is_ascii_digit() || matches!(c, ' ' | '\'' | '.' | ',' | ARABIC_DECIMAL);
    if !text.chars().all(is_part) || !text.contains(|c: char| c.is_ascii_digit()) {
        return Err(Misread::NotANumber);
    }
    let (whole, fraction) = split(text, decimals).ok_or(Misread::Unclear)?;
    let fits = fraction.is_empty() || (1..=decimals).contains(&fraction.len());
    let whole = ungroup(whole).ok_or(Misread::Unclear)?;
    if fits && fraction.bytes().all(|b| b.is_ascii_digit()) {
        let fraction = fraction.to_owned();
        Ok(Digits { whole, fraction })
    } else {
        Err(Misread::Unclear)
    }
}

/// What stands before and after the decimal separator; `None` when it may as well group.
fn split(text: &str, decimals: usize) -> Option<(&str, &str)> {
    if let Some((whole, fraction)) = text.split_once(ARABIC_DECIMAL) {
        return (!fraction.is_empty()).then_some((whole, fraction));
    }
    let Some(last) = text.rfind(['.', ',']) else {
        return Some((text, ""));
    };
    let (separator, fraction) = (text.get(last..=last)?, text.get(last + 1..)?);
    // A separator that comes twice groups; so does any in a number without decimals.
    if decimals == 0 || text.matches(separator).count() > 1 {
        return Some((text, ""));
    }
    (!fraction.is_empty()).then_some((text.get(..last)?, fraction))
}

/// Joins groups of thousands; `None` unless one separator is used, the first group has one to three digits and every other
/// three.
fn ungroup(text: &str) -> Option<String> {
    let mut separators = text.chars().filter(|c| !c.is_ascii_digit());
    let Some(separator) = separators.next() else {
        return (!text.is_empty()).then(|| text.to_owned());
    };
    if !separators.all(|other| other == separator) {
        return None;
    }
    let groups: Vec<&str> = text.split(separator).collect();
    let (first, rest) = groups.split_first()?;
    let fits = (1..=3).contains(&first.len())
        && !first.starts_with('0')
        && rest.iter().all(|group| group.len() == 3);
    fits.then(|| groups.concat())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn whole(text: &str) -> Result<String, Misread> {
        read(&plain(text), 0).map(|digits| digits.whole)
    }

    #[test]
    fn digits_of_every_script_are_digits() {
        for zero in ZEROS.into_iter().chain([0x30, 0xFF10]) {
            let written: String = (0..10).filter_map(|n| char::from_u32(zero + n)).collect();
            assert_eq!(plain(&written), "0123456789", "{zero:X}");
        }
        assert!(ZEROS.is_sorted());
        for no_digit in ["²", "½", "①", "Ⅳ", "三"] {
            assert_eq!(whole(no_digit), Err(Misread::NotANumber), "{no_digit}");
        }
    }

    #[test]
    fn separators_group_thousands_or_are_refused() {
        for text in [
            "1234567",
            "1 234 567",
            "1'234'567",
            "1’234’567",
            "1,234,567",
            "1.234.567",
            "1\u{a0}234\u{202f}567",
            "١٬٢٣٤٬٥٦٧",
        ] {
            assert_eq!(whole(text), Ok("1234567".into()), "{text}");
        }
        for text in [
            "12 34",
            "1 2 3",
            "1,23",
            "1.234,567",
            "1234,567",
            "0,123",
            ",123",
            "123,",
            "1''234",
        ] {
            assert_eq!(whole(text), Err(Misread::Unclear), "{text}");
        }
        for text in ["", " ", "'", "-1", "1e3", "0x10"] {
            assert_eq!(whole(text), Err(Misread::NotANumber), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text: String, decimals in 0_usize..4) {
            if let Ok(digits) = read(&plain(&text), decimals) {
                prop_assert!(!digits.whole.is_empty() && digits.fraction.len() <= decimals);
                prop_assert!(digits.whole.chars().chain(digits.fraction.chars()).all(|c| c.is_ascii_digit()));
            }
        }
    }
}
