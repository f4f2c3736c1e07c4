//! Blocks and the samples laced into them (RFC 9559 §10).

use super::ebml::vint;

/// The head of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    /// Number of the track.
    pub(super) track: u64,
    /// Ticks after the cluster's.
    pub(super) ticks: i16,
    /// Decodes on its own; told by simple blocks only.
    pub(super) key: bool,
    /// Lengths of its samples, bytes.
    pub(super) laces: Vec<u32>,
    /// Bytes before the first sample.
    pub(super) own: u64,
}

impl Block {
    /// From the first bytes of a block's body of `len` bytes; `None` where it contradicts itself.
    pub(super) fn read(bytes: &[u8], len: u64) -> Option<Self> {
        let (track, mut own) = vint(bytes)?;
        let &[high, low, flags] = bytes.get(own..own + 3)? else {
            return None;
        };
        own += 3;
        let laces = match (flags >> 1) & 3 {
            0 => vec![len.checked_sub(own as u64)?],
            kind => {
                let others = usize::from(*bytes.get(own)?);
                own += 1;
                laces(kind, bytes, &mut own, others, len)?
            }
        };
        let laces: Option<Vec<u32>> = laces.into_iter().map(|n| u32::try_from(n).ok()).collect();
        Some(Self {
            track: track?,
            ticks: i16::from_be_bytes([high, low]),
            key: flags & 0x80 != 0,
            laces: laces?,
            own: own as u64,
        })
    }
}

/// The lengths of `others` + 1 samples; the last has what is left.
fn laces(kind: u8, bytes: &[u8], own: &mut usize, others: usize, len: u64) -> Option<Vec<u64>> {
    let mut out: Vec<u64> = Vec::with_capacity(others + 1);
    match kind {
        // Xiph: bytes are added up to the first below 255.
        1 => {
            for _ in 0..others {
                let mut sum = 0;
                loop {
                    let byte = *bytes.get(*own)?;
                    *own += 1;
                    sum += u64::from(byte);
                    if byte < 255 {
                        break;
                    }
                }
                out.push(sum);
            }
        }
        // All of one length.
        2 => {
            let rest = len.checked_sub(*own as u64)?;
            let each = rest / (others as u64 + 1);
            return (each * (others as u64 + 1) == rest).then(|| vec![each; others + 1]);
        }
        // EBML: the first length, then differences.
        _ => {
            for _ in 0..others {
                let (value, width) = vint(bytes.get(*own..)?)?;
                *own += width;
                let value = i64::try_from(value?).ok()?;
                let next = match out.last() {
                    None => value,
                    Some(&before) => {
                        let zero = (1_i64 << (7 * width - 1)) - 1;
                        i64::try_from(before).ok()?.checked_add(value - zero)?
                    }
                };
                out.push(u64::try_from(next).ok()?);
            }
        }
    }
    let mut rest = len.checked_sub(*own as u64)?;
    for &lace in &out {
        rest = rest.checked_sub(lace)?;
    }
    out.push(rest);
    Some(out)
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;

    #[test]
    fn samples_are_told_apart_in_every_lacing() {
        let read = |head: &[u8], len: u64| Block::read(head, len).map(|b| (b.laces, b.own));
        assert_eq!(read(&[0x81, 0, 5, 0x80], 104), Some((vec![100], 4)));
        // The example of §10.3.2: 800, 500 and 1000 bytes.
        let xiph = [0x81, 0, 0, 2, 2, 255, 255, 255, 35, 255, 245];
        assert_eq!(read(&xiph, 11 + 2300), Some((vec![800, 500, 1000], 11)));
        // That of §10.3.3: the same.
        let ebml = [0x81, 0, 0, 6, 2, 0x43, 0x20, 0x5e, 0xd3];
        assert_eq!(read(&ebml, 9 + 2300), Some((vec![800, 500, 1000], 9)));
        // That of §10.3.4: three of 800.
        assert_eq!(read(&[0x81, 0, 0, 4, 2], 5 + 2400), Some((vec![800; 3], 5)));
        assert_eq!(read(&[0x81, 0, 0, 4, 2], 5 + 2401), None);
        assert_eq!(read(&xiph, 500), None, "longer than the block");
        let block = Block::read(&[0x82, 0xff, 0xfe, 0x80], 4).expect("whole");
        assert_eq!((block.track, block.ticks, block.key), (2, -2, true));
    }
}
