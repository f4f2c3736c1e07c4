//! `Upload-Checksum` (tus 1.0, checksum extension): an algorithm and the base64 digest of one request's body.

use base64::{Engine, engine::general_purpose::STANDARD};
use services::media::Checksum;

/// Value of `Tus-Checksum-Algorithm`.
pub(super) const ALGORITHMS: &str = "sha1,sha256";

/// What is said where a checksum was announced for behind the bytes and did not come.
pub(super) const MISSING: &str = "The trailer Upload-Checksum was announced and is missing or malformed, so these bytes were not kept. It must be `sha1` or `sha256`, a space and the base64 digest of the body.";

/// Why the header cannot be used: 400.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Upload-Checksum must be `sha1` or `sha256`, a space and the base64 digest of the body.")]
pub(super) struct Unusable;

/// Reads the header.
///
/// # Errors
/// When it is malformed or names an algorithm we do not have.
pub(super) fn parse(header: &str) -> Result<Checksum, Unusable> {
    let (name, digest) = header.trim().split_once(' ').ok_or(Unusable)?;
    let digest = STANDARD.decode(digest.trim()).map_err(|_| Unusable)?;
    match name {
        "sha1" => digest.try_into().map(Checksum::Sha1).map_err(|_| Unusable),
        "sha256" => digest
            .try_into()
            .map(Checksum::Sha256)
            .map_err(|_| Unusable),
        _ => Err(Unusable),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn both_algorithms_are_read() {
        // RFC 3174: SHA-1 of "abc".
        let digest = [
            0xa9, 0x99, 0x3e, 0x36, 0x47, 0x06, 0x81, 0x6a, 0xba, 0x3e, 0x25, 0x71, 0x78, 0x50,
            0xc2, 0x6c, 0x9c, 0xd0, 0xd8, 0x9d,
        ];
        assert_eq!(
            parse("sha1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0="),
            Ok(Checksum::Sha1(digest))
        );
        assert!(matches!(
            parse("sha256 ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="),
            Ok(Checksum::Sha256(_))
        ));
    }

    #[test]
    fn what_cannot_be_used_is_refused() {
        for header in [
            "",
            "sha1",
            "md5 kAFQmDzST7DWlj99KOF/cg==",
            "sha1 !!",
            "sha1 YWJj",
            "sha256 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=",
        ] {
            assert_eq!(parse(header), Err(Unusable), "{header}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_survived(header in ".*") {
            let _ = parse(&header);
        }
    }
}
