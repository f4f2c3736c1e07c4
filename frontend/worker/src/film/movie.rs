//! What an index says: the boxes of `moov` and `moof` that an import needs (ISO/IEC 14496-12 §8).

use mp4_atom::{
    Co64, Ctts, Mdhd, Mvhd, Stco, Stsc, Stss, Stsz, Stts, Tfdt, Tfhd, Tkhd, Trex, Trun,
};

use super::timeline::{self, Edit};
use crate::mp4::boxes::{Boxes, leaf};

/// A film's `moov`.
#[derive(Debug)]
pub(super) struct Movie {
    /// Ticks per second of the film's own timeline.
    pub(super) timescale: u32,
    /// Its tracks.
    pub(super) traks: Vec<Trak>,
    /// What fragments inherit, one a track.
    pub(super) trex: Vec<Trex>,
}

impl Movie {
    /// Reads the body of a `moov`; `None` where something is missing or damaged.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let mut timescale = None;
        let mut traks = Vec::new();
        let mut trex = Vec::new();
        for (kind, body) in Boxes(body) {
            match &kind {
                b"mvhd" => timescale = Some(leaf::<Mvhd>(body)?.timescale),
                b"trak" => traks.push(Trak::read(body)?),
                b"mvex" => {
                    for (_, body) in Boxes(body).filter(|(kind, _)| kind == b"trex") {
                        trex.push(leaf(body)?);
                    }
                }
                _ => {}
            }
        }
        Some(Self {
            timescale: timescale?.max(1),
            traks,
            trex,
        })
    }
}

/// One track.
#[derive(Debug)]
pub(super) struct Trak {
    /// Its number and how its picture is turned.
    pub(super) tkhd: Tkhd,
    /// Its edit list (§8.6.6).
    pub(super) edits: Vec<Edit>,
    /// Ticks per second.
    pub(super) timescale: u32,
    /// `vide`, `soun` or something else.
    pub(super) handler: [u8; 4],
    /// Its first sample entry (§8.5.2): name and body.
    pub(super) entry: Option<([u8; 4], Vec<u8>)>,
    /// Its sample table.
    pub(super) table: Table,
}

impl Trak {
    fn read(body: &[u8]) -> Option<Self> {
        let mut tkhd = None;
        let mut edits = Vec::new();
        let mut timescale = None;
        let mut handler = None;
        let mut entry = None;
        let mut table = Table::default();
        for (kind, body) in Boxes(body) {
            match &kind {
                b"tkhd" => tkhd = Some(leaf(body)?),
                b"edts" => {
                    for (_, body) in Boxes(body).filter(|(kind, _)| kind == b"elst") {
                        edits = timeline::edits(body)?;
                    }
                }
                b"mdia" => {
                    for (kind, body) in Boxes(body) {
                        match &kind {
                            b"mdhd" => timescale = Some(leaf::<Mdhd>(body)?.timescale),
                            // Only the type is wanted: the name after it is Pascal's in MOV and C's in MP4.
                            b"hdlr" => handler = body.get(8..12).and_then(|b| b.try_into().ok()),
                            b"minf" => {
                                for (_, body) in Boxes(body).filter(|(kind, _)| kind == b"stbl") {
                                    entry = Table::entry(body);
                                    table = Table::read(body)?;
                                }
                            }
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
        Some(Self {
            tkhd: tkhd?,
            edits,
            timescale: timescale?.max(1),
            handler: handler?,
            entry,
            table,
        })
    }
}

/// A track's sample table (§8.5–8.7).
#[derive(Debug, Default)]
pub(super) struct Table {
    /// Durations.
    pub(super) stts: Stts,
    /// Composition offsets.
    pub(super) ctts: Option<Ctts>,
    /// Keyframes; all are without it.
    pub(super) stss: Option<Stss>,
    /// Samples per chunk.
    pub(super) stsc: Stsc,
    /// Lengths.
    pub(super) stsz: Stsz,
    /// Offsets of the chunks.
    pub(super) chunks: Vec<u64>,
}

impl Table {
    fn read(body: &[u8]) -> Option<Self> {
        let mut table = Self::default();
        for (kind, body) in Boxes(body) {
            match &kind {
                b"stts" => table.stts = leaf(body)?,
                b"ctts" => table.ctts = Some(leaf(body)?),
                b"stss" => table.stss = Some(leaf(body)?),
                b"stsc" => table.stsc = leaf(body)?,
                b"stsz" => table.stsz = leaf(body)?,
                b"stco" => {
                    table.chunks = leaf::<Stco>(body)?
                        .entries
                        .into_iter()
                        .map(u64::from)
                        .collect();
                }
                b"co64" => table.chunks = leaf::<Co64>(body)?.entries,
                _ => {}
            }
        }
        Some(table)
    }

    /// The first entry of `stsd`, a FullBox that counts its entries.
    fn entry(body: &[u8]) -> Option<([u8; 4], Vec<u8>)> {
        let (_, stsd) = Boxes(body).find(|(kind, _)| kind == b"stsd")?;
        let (kind, body) = Boxes(stsd.get(8..)?).next()?;
        Some((kind, body.to_vec()))
    }
}

/// A `moof` (§8.8).
#[derive(Debug)]
pub(super) struct Fragment {
    /// Where it begins in the file.
    pub(super) at: u64,
    /// What it adds to each track.
    pub(super) trafs: Vec<Traf>,
}

impl Fragment {
    /// Reads the body of a `moof` that begins at `at`; `None` where it is damaged.
    pub(super) fn read(at: u64, body: &[u8]) -> Option<Self> {
        let trafs = Boxes(body)
            .filter(|(kind, _)| kind == b"traf")
            .map(|(_, body)| Traf::read(body))
            .collect::<Option<_>>()?;
        Some(Self { at, trafs })
    }
}

/// What a fragment adds to a track.
#[derive(Debug)]
pub(super) struct Traf {
    /// The track, and what its samples inherit.
    pub(super) tfhd: Tfhd,
    /// When its first sample is decoded.
    pub(super) tfdt: Option<Tfdt>,
    /// Runs of samples.
    pub(super) truns: Vec<Trun>,
}

impl Traf {
    fn read(body: &[u8]) -> Option<Self> {
        let mut tfhd = None;
        let mut tfdt = None;
        let mut truns = Vec::new();
        for (kind, body) in Boxes(body) {
            match &kind {
                b"tfhd" => tfhd = Some(leaf(body)?),
                b"tfdt" => tfdt = Some(leaf(body)?),
                b"trun" => truns.push(leaf(body)?),
                _ => {}
            }
        }
        Some(Self {
            tfhd: tfhd?,
            tfdt,
            truns,
        })
    }
}
