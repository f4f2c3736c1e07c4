//! What is kept: a document with everything that is computed once.

use std::io::Write;

use axum::http::{HeaderMap, HeaderValue, header};
use bytes::Bytes;

/// A content coding we have ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// Brotli.
    Br,
    /// Gzip.
    Gzip,
    /// None.
    Identity,
}

impl Coding {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Br, Self::Gzip, Self::Identity];

    /// The value of `Content-Encoding`; `None` without one.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::Br => Some("br"),
            Self::Gzip => Some("gzip"),
            Self::Identity => None,
        }
    }
}

/// A page just rendered, or forwarded.
#[derive(Debug)]
pub struct RenderedPage {
    /// The whole document.
    pub html: String,
    /// Surrogate keys of what it was made of, e.g. `product:…`, `shop:…`.
    pub tags: Vec<String>,
    /// What is sent with it in every coding.
    pub headers: HeaderMap,
}

/// A page ready to be sent.
#[derive(Debug)]
pub struct Entry {
    /// In the order of [`Coding::ALL`].
    representations: [Representation; 3],
    /// The head of a 304, with the `ETag` of some coding.
    unchanged: HeaderMap,
    /// What it was made of.
    pub tags: Vec<String>,
    /// Brotli is as good as it gets.
    pub(super) is_packed: bool,
    /// The `ETag` that the page in brotli had before that.
    former: Option<HeaderValue>,
    bytes: usize,
}

/// A page in one coding.
#[derive(Debug, Clone)]
pub struct Representation {
    /// All headers but those that depend on who asks and when.
    pub head: HeaderMap,
    /// What follows them.
    pub body: Bytes,
    /// Strong, and so of this coding alone.
    pub etag: HeaderValue,
}

/// Memory that a header takes beside its text, bytes: an entry of the map and its place in the index.
const HEADER_BYTES: usize = 112;

impl Entry {
    /// Compresses a page: some milliseconds of arithmetic.
    #[must_use]
    pub fn new(page: RenderedPage) -> Self {
        let plain = Bytes::from(page.html);
        let hash = blake3::hash(&plain).to_hex();
        let hash = &hash.as_str()[..32];
        let representations = Coding::ALL.map(|coding| {
            let body = match coding {
                Coding::Br => brotli(&plain),
                Coding::Gzip => gzip(&plain),
                Coding::Identity => plain.clone(),
            };
            // Each coding is a representation of its own, so a strong ETag names it too.
            let etag = match coding.name() {
                Some(name) => format!("\"{hash}-{name}\""),
                None => format!("\"{hash}\""),
            };
            // Hexadecimal digits and letters make a header.
            let etag = HeaderValue::try_from(etag).unwrap_or(HeaderValue::from_static("\"\""));
            let mut head = page.headers.clone();
            head.insert(header::ETAG, etag.clone());
            if let Some(name) = coding.name() {
                head.insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
            }
            Representation { head, body, etag }
        });
        Self::of(representations, page.tags)
    }

    fn of(representations: [Representation; 3], tags: Vec<String>) -> Self {
        // RFC 9110, section 15.4.5: what would only repeat what the browser has is left out.
        let mut unchanged = representations[0].head.clone();
        unchanged.remove(header::CONTENT_TYPE);
        unchanged.remove(header::CONTENT_ENCODING);
        let heads = representations.iter().map(|one| head_bytes(&one.head));
        let bodies: usize = representations.iter().map(|one| one.body.len()).sum();
        let named: usize = tags.iter().map(String::len).sum();
        Self {
            bytes: heads.sum::<usize>() + head_bytes(&unchanged) + bodies + named,
            representations,
            unchanged,
            tags,
            is_packed: false,
            former: None,
        }
    }

    /// The same page with brotli as good as it gets: a tenth of a second of arithmetic. Other bytes are another
    /// representation, so its `ETag` is new; who has the one before has the page all the same.
    #[must_use]
    pub(super) fn packed(&self) -> Self {
        let [br, gzip, identity] = &self.representations;
        let body = brotli_at(BEST, &identity.body);
        let mut better = br.clone();
        if body.len() < br.body.len() {
            let plain = identity.etag.to_str().unwrap_or_default();
            let etag = format!("\"{}-br{BEST}\"", plain.trim_matches('"'));
            better.etag = HeaderValue::try_from(etag).unwrap_or(HeaderValue::from_static("\"\""));
            better.head.insert(header::ETAG, better.etag.clone());
            better.body = body;
        }
        let mut entry = Self::of([better, gzip.clone(), identity.clone()], self.tags.clone());
        entry.is_packed = true;
        entry.former = Some(br.etag.clone());
        entry
    }

    /// The page in a coding.
    #[must_use]
    pub const fn representation(&self, coding: Coding) -> &Representation {
        let [br, gzip, identity] = &self.representations;
        match coding {
            Coding::Br => br,
            Coding::Gzip => gzip,
            Coding::Identity => identity,
        }
    }

    /// The `ETag` of each coding: whichever a browser kept, it is this page.
    pub fn etags(&self) -> impl Iterator<Item = &HeaderValue> {
        let present = self.representations.iter().map(|one| &one.etag);
        present.chain(&self.former)
    }

    /// The head of a 304 for who would be sent `coding`.
    #[must_use]
    pub fn unchanged(&self, coding: Coding) -> HeaderMap {
        let mut head = self.unchanged.clone();
        head.insert(header::ETAG, self.representation(coding).etag.clone());
        head
    }

    /// Memory it takes, bytes: heads, bodies and tags; what a map adds is small beside them.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes
    }
}

fn head_bytes(head: &HeaderMap) -> usize {
    head.values().map(|value| value.len() + HEADER_BYTES).sum()
}

/// The best quality of brotli.
const BEST: u32 = 11;

/// Brotli (RFC 7932).
#[must_use]
pub fn brotli(plain: &[u8]) -> Bytes {
    // Quality 5: a tenth of the time of 11 for a few percent more bytes; pages are filled while someone waits.
    brotli_at(5, plain)
}

fn brotli_at(quality: u32, plain: &[u8]) -> Bytes {
    let mut packed = brotli::CompressorWriter::new(Vec::new(), 4096, quality, 22);
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

    fn entry() -> Entry {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html"));
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        Entry::new(RenderedPage {
            html: "<p>cup</p>".repeat(500),
            tags: vec!["product:1".to_owned()],
            headers,
        })
    }

    #[test]
    fn packed_bodies_unpack_to_the_page() {
        let entry = entry();
        let body = |coding| &entry.representation(coding).body;
        let mut plain = Vec::new();
        brotli::BrotliDecompress(&mut &body(Coding::Br)[..], &mut plain).unwrap();
        assert_eq!(plain[..], body(Coding::Identity)[..]);
        let mut plain = Vec::new();
        std::io::copy(
            &mut flate2::read::GzDecoder::new(&body(Coding::Gzip)[..]),
            &mut plain,
        )
        .unwrap();
        assert_eq!(plain[..], body(Coding::Identity)[..]);
        assert!(body(Coding::Br).len() < plain.len() / 4);
        assert!(entry.bytes() > 5000 && entry.bytes() < 8000);
    }

    #[test]
    fn the_best_brotli_is_the_same_page_under_a_new_name() {
        let text: String = (0..400)
            .map(|n| format!("<p>cup {}</p>", n * 7919))
            .collect();
        let entry = Entry::new(RenderedPage {
            html: text.clone(),
            tags: vec!["product:1".to_owned()],
            headers: HeaderMap::new(),
        });
        let best = entry.packed();
        let (before, after) = (
            entry.representation(Coding::Br),
            best.representation(Coding::Br),
        );
        assert!(after.body.len() < before.body.len());
        assert!(after.etag != before.etag && after.head[header::ETAG] == after.etag);
        assert!(best.etags().any(|etag| *etag == before.etag), "still known");
        assert_eq!(best.unchanged(Coding::Br)[header::ETAG], after.etag);
        let mut plain = Vec::new();
        brotli::BrotliDecompress(&mut &after.body[..], &mut plain).unwrap();
        assert_eq!(plain, text.as_bytes());
        assert!(best.is_packed && best.tags == entry.tags && best.bytes() < entry.bytes());
    }

    #[test]
    fn heads_say_what_they_belong_to() {
        let entry = entry();
        for coding in Coding::ALL {
            let one = entry.representation(coding);
            let encoding = one.head.get(header::CONTENT_ENCODING);
            assert_eq!(encoding.map(|name| name.to_str().unwrap()), coding.name());
            assert_eq!(one.head[header::ETAG], one.etag);
            assert_eq!(one.head[header::VARY], "accept-encoding");
            let unchanged = entry.unchanged(coding);
            assert_eq!(unchanged[header::ETAG], one.etag);
            assert_eq!(unchanged[header::VARY], "accept-encoding");
            assert!(!unchanged.contains_key(header::CONTENT_TYPE));
            assert!(!unchanged.contains_key(header::CONTENT_ENCODING));
        }
        let etags: std::collections::HashSet<_> = entry.etags().collect();
        assert_eq!(etags.len(), 3);
    }
}
