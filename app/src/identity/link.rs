//! Links that lead into a shop: the owner link, and the page to go on to after signing in.

use services::Error;

/// The error of an owner link that was used, has expired or is unknown: they get the same answer. Other errors stay.
#[must_use]
pub fn gone(error: Error) -> Error {
    match error {
        Error::Gone(_) | Error::NotFound(_) => Error::Gone(
            "This link was used, has expired, or is cut short. Run `vitrine owner-link` on the machine of the shop; it prints a new one."
                .to_owned(),
        ),
        other => other,
    }
}

/// A path of this shop that someone may be sent to after signing in; anything else becomes `/manage`.
///
/// Browsers read `\` as `/` and drop tabs and line ends, so only plain characters may follow the first slash.
#[must_use]
pub fn local_path(next: Option<&str>) -> &str {
    let is_local = |path: &&str| {
        let mut bytes = path.bytes();
        bytes.next() == Some(b'/')
            && !matches!(bytes.next(), Some(b'/' | b'\\'))
            && path.len() <= 512
            && path.bytes().all(|b| b.is_ascii_graphic() && b != b'\\')
    };
    next.filter(is_local).unwrap_or("/manage")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_local_paths_are_followed() {
        assert_eq!(local_path(Some("/studio")), "/studio");
        assert_eq!(
            local_path(Some("/manage/orders?show=all")),
            "/manage/orders?show=all"
        );
        for evil in [
            "https://evil.test",
            "//evil.test",
            "/\\evil.test",
            "/\t/evil.test",
            "evil",
            "",
            "/a\r\nx: y",
            "/\u{e9}",
        ] {
            assert_eq!(local_path(Some(evil)), "/manage", "{evil}");
        }
        assert_eq!(local_path(None), "/manage");
    }

    proptest! {
        #[test]
        fn what_is_followed_fits_a_header(next in ".*") {
            let path = local_path(Some(&next));
            prop_assert!(path.starts_with('/') && path.bytes().all(|b| b.is_ascii_graphic()));
        }
    }
}
