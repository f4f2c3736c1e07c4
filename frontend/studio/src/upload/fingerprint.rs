//! By what a file on its way is known again after a reload.

use std::fmt::Write as _;

/// The key under which the upload's address is kept: the same bytes for the same shop have the same key, and nothing
/// else has. `digest` is the SHA-256 of the file, so a clip trimmed differently never goes on with the old one's bytes.
#[must_use]
pub fn key(shop: &str, kind: &str, length: u64, digest: &[u8]) -> String {
    let mut key = format!("vitrine.upload.{shop}.{kind}.{length}.");
    for byte in digest {
        // Writing to a String cannot fail.
        let _ = write!(key, "{byte:02x}");
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differs_by_shop_kind_length_and_bytes() {
        let one = key("tonwerk", "clip", 10, &[1, 255]);
        assert_eq!(one, "vitrine.upload.tonwerk.clip.10.01ff");
        for other in [
            key("glas", "clip", 10, &[1, 255]),
            key("tonwerk", "photo", 10, &[1, 255]),
            key("tonwerk", "clip", 11, &[1, 255]),
            key("tonwerk", "clip", 10, &[1, 254]),
        ] {
            assert_ne!(one, other);
        }
    }
}
