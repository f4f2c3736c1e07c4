//! Pictures and clips: what kinds there are and what a page needs to show one.

use serde::{Deserialize, Serialize};

use crate::{
    id::{MediaId, UploadId},
    invalid::{Invalid, one_line},
    time::UnixMs,
};

/// What an upload says it is; the bytes decide whether that is true.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A picture: a still of a session, a shutter photo or a file.
    Photo,
    /// A short video: a highlight.
    Clip,
}

/// One encoded rendition that a browser can be offered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variant {
    /// Path below the site's root, e.g. `/media/<blake3>/640.avif`: content-addressed, never changes.
    pub url: String,
    /// MIME type, e.g. `image/avif`.
    pub mime: String,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Length in bytes.
    pub bytes: u64,
}

/// A picture or clip as pages show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Media {
    /// Its identifier.
    pub id: MediaId,
    /// Picture or clip.
    pub kind: Kind,
    /// What can be seen, for those who cannot see it.
    pub alt: String,
    /// Width of the original in pixels, as displayed (rotation applied).
    pub width: u32,
    /// Height of the original in pixels, as displayed.
    pub height: u32,
    /// Clips: length in milliseconds. Pictures: 0.
    pub duration_ms: u32,
    /// CSS colour (`#rrggbb`) that stands in until the pixels come: the picture's mean.
    pub placeholder: String,
    /// Renditions. Pictures: AVIF, WebP and JPEG at several widths. Clips: the MP4, and those of their poster.
    pub variants: Vec<Variant>,
}

/// The largest photo that is taken, in bytes.
pub const MAX_PHOTO_BYTES: u64 = 40 * 1024 * 1024;
/// The largest clip that is taken, in bytes.
pub const MAX_CLIP_BYTES: u64 = 200 * 1024 * 1024;
/// The most pixels of a photo: 100 megapixels, some 400 MB once decoded.
pub const MAX_PHOTO_PIXELS: u64 = 100_000_000;
/// The longest side of a photo, in pixels.
pub const MAX_PHOTO_SIDE: u32 = 30_000;
/// The longest clip, in milliseconds.
pub const MAX_CLIP_MS: u64 = 120_000;

impl Kind {
    /// The word in forms and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Photo => "photo",
            Self::Clip => "clip",
        }
    }

    /// The most bytes of this kind.
    #[must_use]
    pub const fn max_bytes(self) -> u64 {
        match self {
            Self::Photo => MAX_PHOTO_BYTES,
            Self::Clip => MAX_CLIP_BYTES,
        }
    }

    /// Checks an announced length.
    ///
    /// # Errors
    /// A sentence about the field `file`.
    pub fn check_length(self, length: u64) -> Result<(), Invalid> {
        let most = self.max_bytes();
        if length == 0 {
            return Err(Invalid::new(
                "file",
                "The file is empty. Choose another one.",
            ));
        }
        if length > most {
            let (name, advice) = match self {
                Self::Photo => (
                    "photo",
                    "Choose a smaller one or save it at a lower quality.",
                ),
                Self::Clip => ("clip", "Cut it shorter."),
            };
            return Err(Invalid::new(
                "file",
                format!(
                    "This {name} has {} MB; the most is {} MB. {advice}",
                    length.div_ceil(1024 * 1024),
                    most / (1024 * 1024)
                ),
            ));
        }
        Ok(())
    }
}

impl std::str::FromStr for Kind {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        match text {
            "photo" => Ok(Self::Photo),
            "clip" => Ok(Self::Clip),
            _ => Err(Invalid::new("kind", "An upload is a photo or a clip.")),
        }
    }
}

/// A file format that is taken, known by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// JPEG (ISO/IEC 10918-1): `FF D8 FF`.
    Jpeg,
    /// PNG (RFC 2083 §3.1).
    Png,
    /// WebP (RFC 9649 §2.4).
    Webp,
    /// AVIF (AV1 Image File Format §6): an `ftyp` box with the brand `avif`.
    Avif,
    /// MP4 (ISO/IEC 14496-12 §4.3): an `ftyp` box first, of a brand that is not a picture.
    Mp4,
}

/// How many bytes [`Format::sniff`] needs at most.
pub const SNIFF_BYTES: usize = 32;

impl Format {
    /// Whether it is a picture or a clip.
    #[must_use]
    pub const fn kind(self) -> Kind {
        match self {
            Self::Jpeg | Self::Png | Self::Webp | Self::Avif => Kind::Photo,
            Self::Mp4 => Kind::Clip,
        }
    }

    /// Its MIME type.
    #[must_use]
    pub const fn mime(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
            Self::Avif => "image/avif",
            Self::Mp4 => "video/mp4",
        }
    }

    /// The end of its file names.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Webp => "webp",
            Self::Avif => "avif",
            Self::Mp4 => "mp4",
        }
    }

    /// The format of a file name's end, as [`Format::extension`] gives it.
    #[must_use]
    pub fn from_extension(extension: &str) -> Option<Self> {
        [Self::Jpeg, Self::Png, Self::Webp, Self::Avif, Self::Mp4]
            .into_iter()
            .find(|format| format.extension() == extension)
    }

    /// Tells the format from the first bytes of a file; names and announced types are never asked.
    ///
    /// # Errors
    /// A sentence that names what was found and what to do instead.
    pub fn sniff(head: &[u8]) -> Result<Self, Invalid> {
        if head.starts_with(b"\xff\xd8\xff") {
            return Ok(Self::Jpeg);
        }
        if head.starts_with(b"\x89PNG\r\n\x1a\n") {
            return Ok(Self::Png);
        }
        if head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WEBP") {
            return Ok(Self::Webp);
        }
        let brand = (head.get(4..8) == Some(b"ftyp"))
            .then(|| head.get(8..12))
            .flatten();
        // A general brand may come first, and the brand of the coding behind it.
        let is_avif = |brand: &[u8]| brand == b"avif" || brand == b"avis";
        let mut others = head.get(16..).unwrap_or_default().chunks_exact(4);
        match brand {
            Some(b"avif" | b"avis") => Ok(Self::Avif),
            Some(b"mif1" | b"msf1" | b"miaf") if others.any(is_avif) => Ok(Self::Avif),
            Some(b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"mif1" | b"msf1") => {
                Err(heic())
            }
            Some(b"qt  ") => Err(unknown("a QuickTime film")),
            Some(_) => Ok(Self::Mp4),
            None => Err(unknown(foreign(head))),
        }
    }

    /// Like [`Format::sniff`], and it must be of `kind`.
    ///
    /// # Errors
    /// A sentence that names what was found and what was expected.
    pub fn expect(head: &[u8], kind: Kind) -> Result<Self, Invalid> {
        let format = Self::sniff(head)?;
        match (kind, format.kind()) {
            (Kind::Photo, Kind::Clip) => Err(Invalid::new(
                "file",
                "This is a film, not a photo. Choose a JPEG, PNG, WebP or AVIF picture.",
            )),
            (Kind::Clip, Kind::Photo) => Err(Invalid::new(
                "file",
                "This is a picture, not a clip. Choose an MP4 film.",
            )),
            _ => Ok(format),
        }
    }
}

fn unknown(found: &str) -> Invalid {
    Invalid::new(
        "file",
        format!(
            "This file is {found}. Save it as JPEG, PNG, WebP or AVIF for a photo, or as MP4 for a clip, and try again."
        ),
    )
}

/// Few browsers can open it, and nothing here can.
fn heic() -> Invalid {
    Invalid::new(
        "file",
        "This is an HEIC picture, as iPhones take them. Save it as JPEG and try again; or choose Settings, Camera, Formats, \
         “Most Compatible” on the iPhone, and take it once more.",
    )
}

fn foreign(head: &[u8]) -> &'static str {
    let starts = |magic: &[u8]| head.starts_with(magic);
    if head.is_empty() {
        "empty"
    } else if starts(b"GIF8") {
        "a GIF picture"
    } else if starts(b"\x1a\x45\xdf\xa3") {
        "a WebM or Matroska film"
    } else if starts(b"RIFF") && head.get(8..12) == Some(b"AVI ") {
        "an AVI film"
    } else if starts(b"RIFF") && head.get(8..12) == Some(b"WAVE") {
        "a WAV sound"
    } else if starts(b"%PDF") {
        "a PDF document"
    } else if starts(b"PK\x03\x04") {
        "a ZIP archive"
    } else if starts(b"II*\0") || starts(b"MM\0*") {
        "a TIFF or raw picture"
    } else if starts(b"BM") {
        "a BMP picture"
    } else if starts(b"\x7fELF") || starts(b"MZ") {
        "a program"
    } else if head.trim_ascii_start().starts_with(b"<") {
        "a text with markup (HTML, SVG or XML)"
    } else if head
        .iter()
        .all(|b| b.is_ascii_graphic() || b.is_ascii_whitespace())
    {
        "a text"
    } else {
        "of a kind that is not known here"
    }
}

/// What can be seen, as typed: one line of at most 300 characters.
///
/// # Errors
/// A sentence about the field `alt`.
pub fn alt(text: &str) -> Result<String, Invalid> {
    let text = one_line(text);
    if text.chars().count() > 300 {
        return Err(Invalid::new(
            "alt",
            "The description of a picture has at most 300 characters. Shorten it.",
        ));
    }
    Ok(text)
}

/// How much of the media store a shop takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Bytes that its photos and clips take, with those announced by uploads under way.
    pub used_bytes: u64,
    /// Bytes that they may take.
    pub allowed_bytes: u64,
}

/// A length in bytes as people read it: `12 MB`, `1.5 GB`.
#[must_use]
pub fn size(bytes: u64) -> String {
    const MB: u64 = 1024 * 1024;
    match bytes {
        0 => "0 MB".to_owned(),
        1..MB => "less than 1 MB".to_owned(),
        _ if bytes < 1000 * MB => format!("{} MB", bytes / MB),
        _ => {
            let tenths = bytes * 10 / (1024 * MB);
            match tenths % 10 {
                0 => format!("{} GB", tenths / 10),
                rest => format!("{}.{rest} GB", tenths / 10),
            }
        }
    }
}

/// Where an upload stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UploadState {
    /// Bytes are still missing.
    Receiving,
    /// Complete; being checked and made into variants.
    Processing,
    /// The media can be used.
    Ready,
    /// It could not be used; `error` says why.
    Failed,
}

/// A resumable upload as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upload {
    /// Its identifier.
    pub id: UploadId,
    /// What it says it is.
    pub kind: Kind,
    /// Where it stands.
    pub state: UploadState,
    /// Bytes that are durable on the server.
    pub received: u64,
    /// Bytes in all; while the length is not known, the most that its kind may have.
    pub length: u64,
    /// Whether its sender has said how long it is.
    pub is_length_known: bool,
    /// Whether reaching the length does not complete it: the length comes later, it is one part of a file (tus' concatenation),
    /// or its sender completes it by a request of its own (IETF).
    pub is_open: bool,
    /// tus' `Upload-Concat` as it came: `partial`, `final;…`, or empty.
    pub concat: String,
    /// When an unfinished upload is thrown away.
    pub expires_at: UnixMs,
    /// What became of it, once ready.
    pub media: Option<Media>,
    /// Why it failed: a sentence.
    pub error: Option<String>,
    /// What its sender said of it, as it came.
    pub metadata: String,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn formats_are_known_by_their_bytes() {
        assert_eq!(Format::sniff(b"\xff\xd8\xff\xe0rest"), Ok(Format::Jpeg));
        assert_eq!(Format::sniff(b"\x89PNG\r\n\x1a\nrest"), Ok(Format::Png));
        assert_eq!(Format::sniff(b"RIFF\0\0\0\0WEBPVP8 "), Ok(Format::Webp));
        assert_eq!(Format::sniff(b"\0\0\0\x18ftypisom"), Ok(Format::Mp4));
        assert_eq!(Format::sniff(b"\0\0\0\x18ftypavif"), Ok(Format::Avif));
        assert_eq!(
            Format::sniff(b"\0\0\0\x1cftypmif1\0\0\0\0mif1avif"),
            Ok(Format::Avif)
        );
    }

    #[test]
    fn what_is_not_taken_is_named() {
        for (head, words) in [
            (&b""[..], "empty"),
            (b"GIF89a", "GIF"),
            (b"\x1a\x45\xdf\xa3...", "WebM"),
            (b"%PDF-1.7", "PDF"),
            (b"PK\x03\x04", "ZIP"),
            (b"  <svg>", "markup"),
            (b"hello there", "a text"),
            (b"\0\0\0\x18ftypheic", "HEIC"),
            (b"\0\0\0\x1cftypmif1\0\0\0\0mif1heic", "HEIC"),
            (b"\x01\x02\x03", "not known"),
        ] {
            let error = Format::sniff(head).expect_err("refused").message;
            assert!(error.contains(words), "{error}");
        }
        assert!(
            Format::expect(b"\xff\xd8\xff", Kind::Clip)
                .expect_err("kind")
                .message
                .contains("picture")
        );
        assert!(
            Format::expect(b"\0\0\0\x18ftypisom", Kind::Photo)
                .expect_err("kind")
                .message
                .contains("film")
        );
    }

    #[test]
    fn lengths_are_bounded() {
        assert!(Kind::Photo.check_length(0).is_err());
        assert!(Kind::Photo.check_length(MAX_PHOTO_BYTES).is_ok());
        assert!(
            Kind::Photo
                .check_length(MAX_PHOTO_BYTES + 1)
                .expect_err("size")
                .message
                .contains("41 MB")
        );
        assert!(Kind::Clip.check_length(u64::MAX).is_err());
    }

    #[test]
    fn sizes_are_read_at_a_glance() {
        for (bytes, text) in [
            (0, "0 MB"),
            (5, "less than 1 MB"),
            (12 * 1024 * 1024, "12 MB"),
            (20 * 1024 * 1024 * 1024, "20 GB"),
            (1_610_612_736, "1.5 GB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_judged(head in proptest::collection::vec(any::<u8>(), 0..64)) {
            if let Err(error) = Format::sniff(&head) {
                prop_assert!(error.message.ends_with('.'));
            }
        }
    }
}
