//! What is kept: a document with everything that is computed once.

use std::io::Write;

use bytes::Bytes;

/// A page just rendered, or forwarded.
#[derive(Debug)]
pub struct RenderedPage {
    /// The whole document.
    pub html: String,
    /// Surrogate keys of what it was made of, e.g. `product:…`, `shop:…`.
    pub tags: Vec<String>,
    /// `Link` header that lets a browser (or a CDN, as 103) fetch the hero and the style sheet early.
    pub link: Option<String>,
}

/// A page ready to be sent.
#[derive(Debug)]
pub struct Entry {
    /// The document.
    pub plain: Bytes,
    /// The document, brotli.
    pub br: Bytes,
    /// The document, gzip.
    pub gzip: Bytes,
    /// BLAKE3 of the document, 32 hex digits.
    pub hash: String,
    /// What it was made of.
    pub tags: Vec<String>,
    /// `Link` header.
    pub link: Option<String>,
}

impl Entry {
    /// Compresses a page: some milliseconds of arithmetic.
    #[must_use]
    pub fn new(page: RenderedPage) -> Self {
        let plain = Bytes::from(page.html);
        let hash = blake3::hash(&plain).to_hex().as_str()[..32].to_owned();
        Self {
            br: brotli(&plain),
            gzip: gzip(&plain),
            plain,
            hash,
            tags: page.tags,
            link: page.link,
        }
    }

    /// Memory it takes, bytes: bodies and texts; what a map adds is small beside them.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let tags: usize = self.tags.iter().map(String::len).sum();
        let link = self.link.as_ref().map_or(0, String::len);
        self.plain.len() + self.br.len() + self.gzip.len() + self.hash.len() + tags + link
    }
}

/// Brotli (RFC 7932).
#[must_use]
pub fn brotli(plain: &[u8]) -> Bytes {
    // Quality 5: a tenth of the time of 11 for a few percent more bytes; pages are filled while someone waits.
    let mut packed = brotli::CompressorWriter::new(Vec::new(), 4096, 5, 22);
    // Writing to a Vec cannot fail.
    let _ = packed.write_all(plain);
    packed.into_inner().into()
}

/// gzip (RFC 1952).
#[must_use]
pub fn gzip(plain: &[u8]) -> Bytes {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
    // Writing to a Vec cannot fail.
    let _ = packed.write_all(plain);
    packed.finish().unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_bodies_unpack_to_the_page() {
        let entry = Entry::new(RenderedPage {
            html: "<p>cup</p>".repeat(500),
            tags: vec!["product:1".to_owned()],
            link: None,
        });
        let mut plain = Vec::new();
        brotli::BrotliDecompress(&mut &entry.br[..], &mut plain).unwrap();
        assert_eq!(plain, entry.plain);
        let mut plain = Vec::new();
        std::io::copy(
            &mut flate2::read::GzDecoder::new(&entry.gzip[..]),
            &mut plain,
        )
        .unwrap();
        assert_eq!(plain, entry.plain);
        assert!(entry.br.len() < entry.plain.len() / 4);
        assert!(entry.bytes() > 5000 && entry.bytes() < 6000);
    }
}
