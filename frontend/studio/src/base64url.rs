//! Base64 in the URL alphabet without padding (RFC 4648 section 5), as WebAuthn's JSON wants it, and with padding in
//! the standard alphabet (section 4), as tus metadata wants it.

const URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn encode_with(bytes: &[u8], alphabet: &[u8; 64], pad: bool) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let word = group.iter().enumerate().fold(0u32, |word, (i, byte)| {
            word | u32::from(*byte) << (16 - 8 * i)
        });
        for i in 0..4 {
            if i <= group.len() {
                text.push(char::from(alphabet[(word >> (18 - 6 * i) & 63) as usize]));
            } else if pad {
                text.push('=');
            }
        }
    }
    text
}

/// Encodes in the URL alphabet, without padding.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    encode_with(bytes, URL, false)
}

/// Encodes in the standard alphabet, with padding.
#[must_use]
pub fn encode_standard(bytes: &[u8]) -> String {
    encode_with(bytes, STANDARD, true)
}

/// Decodes the URL alphabet; trailing padding is allowed. `None` when the text is anything else.
#[must_use]
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_end_matches('=').as_bytes();
    if text.len() % 4 == 1 {
        return None;
    }
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    for group in text.chunks(4) {
        let mut word = 0u32;
        for (i, letter) in group.iter().enumerate() {
            let value = URL.iter().position(|known| known == letter)?;
            word |= u32::try_from(value).ok()? << (18 - 6 * i);
        }
        let whole = word.to_be_bytes();
        bytes.extend_from_slice(whole.get(1..group.len())?);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4648 section 10.
    #[test]
    fn agrees_with_the_vectors_of_the_rfc() {
        for (plain, padded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(encode_standard(plain.as_bytes()), padded);
            assert_eq!(encode(plain.as_bytes()), padded.trim_end_matches('='));
            assert_eq!(decode(padded), Some(plain.as_bytes().to_vec()));
        }
    }

    #[test]
    fn every_byte_survives_the_way_there_and_back() {
        for length in 0..=255usize {
            let bytes: Vec<u8> = (0..length).map(|i| (i * 37 % 256) as u8).collect();
            assert_eq!(decode(&encode(&bytes)), Some(bytes));
        }
    }

    #[test]
    fn uses_the_url_alphabet_and_refuses_the_other() {
        assert_eq!(encode(&[0xfb, 0xff]), "-_8");
        assert_eq!(decode("+/8"), None);
        assert_eq!(decode("a"), None);
        assert_eq!(decode("äöü"), None);
    }
}
