//! A product's name in addresses.

use std::{fmt, str::FromStr};

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use crate::invalid::Invalid;

/// 1–80 of `a-z`, `0-9` and `-`, beginning and ending with a letter or digit, no `--`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slug(String);

/// The longest slug, in characters.
const LONGEST: usize = 80;

impl Slug {
    /// The slug as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Makes one from a title: letters folded to ASCII, everything else a hyphen. `None` when nothing is left
    /// (an empty title, or one in a script that does not fold to Latin letters).
    #[must_use]
    pub fn from_title(title: &str) -> Option<Self> {
        let mut slug = String::with_capacity(title.len());
        for c in title.chars().flat_map(char::to_lowercase).nfkd() {
            if is_combining_mark(c) || matches!(c, '\'' | '’') {
                continue;
            }
            match fold(c) {
                Some(letters) => slug.push_str(letters),
                None if c.is_ascii_alphanumeric() => slug.push(c.to_ascii_lowercase()),
                None if !slug.is_empty() && !slug.ends_with('-') => slug.push('-'),
                None => {}
            }
        }
        Self::trimmed(&slug, LONGEST)
    }

    /// The same with `-{number}` at its end, cut so that it still fits: for a second product of the same title.
    #[must_use]
    pub fn numbered(&self, number: u32) -> Self {
        let end = format!("-{number}");
        let start = Self::trimmed(&self.0, LONGEST.saturating_sub(end.len()));
        Self(format!(
            "{}{end}",
            start.as_ref().map_or("item", Self::as_str)
        ))
    }

    fn trimmed(text: &str, longest: usize) -> Option<Self> {
        let cut: String = text.chars().take(longest).collect();
        let cut = cut.trim_matches('-');
        if cut.is_empty() {
            None
        } else {
            Some(Self(cut.to_owned()))
        }
    }
}

/// Letters that Unicode does not decompose but people write with others.
const fn fold(c: char) -> Option<&'static str> {
    Some(match c {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'ł' => "l",
        'đ' | 'ð' => "d",
        'þ' => "th",
        'ı' => "i",
        'ħ' => "h",
        'ŋ' => "ng",
        _ => return None,
    })
}

impl FromStr for Slug {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let fits = (1..=LONGEST).contains(&text.len());
        if !fits
            || !text.bytes().all(allowed)
            || text.starts_with('-')
            || text.ends_with('-')
            || text.contains("--")
        {
            return Err(Invalid::new(
                "slug",
                "The name in the address has 1 to 80 of the letters a to z, digits and single hyphens, for example blue-cup.",
            ));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn titles_fold_to_addresses() {
        for (title, slug) in [
            ("Blue Cup", "blue-cup"),
            ("  Grüne Schale — groß  ", "grune-schale-gross"),
            ("L'été à Łódź", "lete-a-lodz"),
            ("Ｆｕｌｌ １２", "full-12"),
            ("Æble & Øl", "aeble-ol"),
            ("İstanbul", "istanbul"),
        ] {
            assert_eq!(
                Slug::from_title(title).map(|s| s.to_string()),
                Some(slug.into()),
                "{title}"
            );
        }
        assert_eq!(Slug::from_title("茶碗"), None);
        assert_eq!(Slug::from_title("—"), None);
    }

    proptest! {
        #[test]
        fn a_made_slug_is_always_well_formed(title: String, number: u32) {
            if let Some(slug) = Slug::from_title(&title) {
                prop_assert_eq!(slug.as_str().parse::<Slug>(), Ok(slug.clone()));
                let numbered = slug.numbered(number);
                prop_assert_eq!(numbered.as_str().parse::<Slug>(), Ok(numbered.clone()));
            }
        }

        #[test]
        fn long_latin_titles_fit(title in "[a-zA-Zà-ü -]{0,300}", number: u32) {
            if let Some(slug) = Slug::from_title(&title) {
                prop_assert!(slug.as_str().len() <= LONGEST);
                prop_assert_eq!(slug.as_str().parse::<Slug>(), Ok(slug.clone()));
                prop_assert!(slug.numbered(number).as_str().parse::<Slug>().is_ok());
            }
        }
    }
}
