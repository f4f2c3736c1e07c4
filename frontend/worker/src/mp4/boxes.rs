//! Boxes of an MP4 (ISO/IEC 14496-12 §4.2): containers are walked and built here, and mp4_atom reads and writes what is
//! in the leaves.
//!
//! Its own containers know every box there is. That is right for a server and wrong for a worker, which a creator
//! downloads before the first frame: only what is named here is linked.

use mp4_atom::{Atom, Encode};

/// A box's first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BoxHeader {
    /// Its name.
    pub(crate) kind: [u8; 4],
    /// Its length with these first bytes; `None` where it goes on to the end of what holds it.
    pub(crate) len: Option<u64>,
    /// Length of these first bytes: 8, or 16 with a 64-bit length.
    pub(crate) own: u64,
}

impl BoxHeader {
    /// Reads one; `None` where the bytes end before it does, or it says to be shorter than itself.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let (size, rest) = bytes.split_first_chunk()?;
        let (kind, rest) = rest.split_first_chunk()?;
        let (len, own) = match u32::from_be_bytes(*size) {
            0 => (None, 8),
            1 => (Some(u64::from_be_bytes(*rest.first_chunk()?)), 16),
            size => (Some(u64::from(size)), 8),
        };
        if len.is_some_and(|len| len < own) {
            return None;
        }
        Some(Self {
            kind: *kind,
            len,
            own,
        })
    }
}

/// The boxes in a container, with their bodies. Ends at what is no whole box: padding that some cameras write there, or damage.
#[derive(Debug, Clone)]
pub(crate) struct Boxes<'a>(pub(crate) &'a [u8]);

impl<'a> Iterator for Boxes<'a> {
    type Item = ([u8; 4], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let header = BoxHeader::read(self.0)?;
        let len = match header.len {
            Some(len) => usize::try_from(len).ok()?,
            None => self.0.len(),
        };
        let (whole, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some((header.kind, whole.get(header.own as usize..)?))
    }
}

/// A leaf from its body; `None` where it is damaged.
pub(crate) fn leaf<T: Atom>(mut body: &[u8]) -> Option<T> {
    T::decode_body(&mut body).ok()
}

/// Appends a box whose body `fill` writes; `None` where `fill` could not, or it is longer than 4 GB.
pub(crate) fn put(
    out: &mut Vec<u8>,
    kind: &[u8; 4],
    fill: impl FnOnce(&mut Vec<u8>) -> Option<()>,
) -> Option<()> {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(kind);
    fill(out)?;
    let len = u32::try_from(out.len() - start).ok()?;
    out.get_mut(start..start + 4)?
        .copy_from_slice(&len.to_be_bytes());
    Some(())
}

/// Appends a leaf.
pub(crate) fn put_leaf(out: &mut Vec<u8>, leaf: &impl Encode) -> Option<()> {
    leaf.encode(out).ok()
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_length_of_64_bits_is_whole_on_every_machine() {
        let mut head = 1_u32.to_be_bytes().to_vec();
        head.extend_from_slice(b"mdat");
        head.extend_from_slice(&0x1_0000_0020_u64.to_be_bytes());
        let expected = BoxHeader {
            kind: *b"mdat",
            len: Some(0x1_0000_0020),
            own: 16,
        };
        assert_eq!(BoxHeader::read(&head), Some(expected));
        assert_eq!(BoxHeader::read(&head[..15]), None);
        assert_eq!(BoxHeader::read(&[0, 0, 0, 7, b'f', b'r', b'e', b'e']), None);
    }

    proptest! {
        /// What was put is walked again, whatever pads its end.
        #[test]
        fn what_is_put_is_found(bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..6), padding in 0..8_usize) {
            let mut out = Vec::new();
            for body in &bodies {
                put(&mut out, b"free", |out| { out.extend_from_slice(body); Some(()) }).expect("short");
            }
            out.resize(out.len() + padding, 0);
            let found: Vec<Vec<u8>> = Boxes(&out).map(|(_, body)| body.to_vec()).collect();
            prop_assert_eq!(found, bodies);
        }

        /// No bytes make the walk panic or run on.
        #[test]
        fn any_bytes_end(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(Boxes(&bytes).count() <= bytes.len() / 8 + 1);
        }
    }
}
