//! WebM and Matroska (RFC 9559), which browsers record and screen recorders save.
//!
//! There is no table of samples in such a file, so it is walked from end to end once, some megabytes at a time, and only the
//! heads of blocks are looked at. Clusters are never taken as a whole: those of a live recording have no size.

mod block;
mod ebml;
mod track;

use super::{
    Film, FilmError, Look, MAX_SAMPLES, Sample, Track, pcm,
    timeline::{self, Medium},
};
use block::Block;
use ebml::Head;
use track::{Entry, Kind};

/// What a file of this kind begins with.
pub(super) const MAGIC: [u8; 4] = [0x1a, 0x45, 0xdf, 0xa3];

/// Bytes asked for at once.
const PIECE: u64 = 2 << 20;
/// The longest head of an element, and of a block with the sizes of its laces. Fewer bytes are believed only at the end.
const MOST_HEAD: u64 = 12;
const MOST_BLOCK: u64 = 1 << 10;
/// The longest description that is read whole: tracks carry parameter sets, and now and then a font table.
const MOST_WHOLE: u64 = 4 << 20;

/// Element numbers (RFC 9559 §5.1), with their length markers.
mod id {
    pub(super) const EBML: u32 = 0x1a45_dfa3;
    pub(super) const SEGMENT: u32 = 0x1853_8067;
    pub(super) const INFO: u32 = 0x1549_a966;
    pub(super) const TIMESTAMP_SCALE: u32 = 0x2a_d7b1;
    pub(super) const TRACKS: u32 = 0x1654_ae6b;
    pub(super) const TRACK_ENTRY: u32 = 0xae;
    pub(super) const CLUSTER: u32 = 0x1f43_b675;
    pub(super) const TIMESTAMP: u32 = 0xe7;
    pub(super) const SIMPLE_BLOCK: u32 = 0xa3;
    pub(super) const BLOCK_GROUP: u32 = 0xa0;
    pub(super) const BLOCK: u32 = 0xa1;
    pub(super) const BLOCK_DURATION: u32 = 0x9b;
    pub(super) const REFERENCE_BLOCK: u32 = 0xfb;
}

/// Most tracks of a file that are looked at.
const MOST_TRACKS: usize = 64;

/// A track and what was found of it.
#[derive(Debug)]
struct Found {
    entry: Entry,
    samples: Vec<Sample>,
}

/// Walks the elements of a file: says what to read, takes it, and ends with the [`Film`].
#[derive(Debug)]
pub(super) struct Reader {
    size: u64,
    at: u64,
    /// Bytes the next element needs to be understood.
    need: u64,
    /// Nanoseconds of a tick.
    scale: u64,
    cluster_ticks: u64,
    tracks: Vec<Found>,
    /// Where it ends is damage, not the end.
    cut_short: bool,
    /// The track of the last block in a group, and how many samples it had.
    last: Option<(usize, usize)>,
}

impl Reader {
    pub(super) fn new(size: u64) -> Self {
        Self {
            size,
            at: 0,
            need: MOST_HEAD,
            scale: 1_000_000,
            cluster_ticks: 0,
            tracks: Vec::new(),
            cut_short: false,
            last: None,
        }
    }

    /// The next bytes to read: offset and length; `None` at the end of the file.
    pub(super) fn wants(&self) -> Option<(u64, u64)> {
        let left = self.size.checked_sub(self.at).filter(|&left| left > 1)?;
        Some((self.at, left.min(PIECE.max(self.need))))
    }

    /// Takes the bytes that were wanted. What stands before damage is kept.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<(), FilmError> {
        let walked = self.walk(bytes);
        let found = self.tracks.iter().any(|track| !track.samples.is_empty());
        if walked == Err(FilmError::Damaged) && found {
            self.cut_short = true;
            self.at = self.size;
            return Ok(());
        }
        walked
    }

    fn walk(&mut self, bytes: &[u8]) -> Result<(), FilmError> {
        let from = self.at;
        self.need = MOST_HEAD;
        loop {
            let Some(rest) = self
                .at
                .checked_sub(from)
                .and_then(|n| bytes.get(n as usize..))
            else {
                return Ok(());
            };
            // Enough to understand the next element, or all there is.
            let left = self.size - self.at.min(self.size);
            let have = |need: u64| rest.len() as u64 >= need.min(left);
            if rest.is_empty() || !have(MOST_HEAD) {
                return Ok(());
            }
            let Some(head) = Head::read(rest) else {
                // A file that was cut off ends within an element; elsewhere it is damage.
                if left >= MOST_HEAD {
                    return Err(FilmError::Damaged);
                }
                self.at = self.size;
                return Ok(());
            };
            let need = head.own + self.of_interest(&head)?;
            if !have(need) {
                self.need = need;
                return Ok(());
            }
            let body = rest.get(head.own as usize..).unwrap_or_default();
            self.element(&head, body)?;
        }
    }

    /// How much of an element's body is looked at.
    fn of_interest(&self, head: &Head) -> Result<u64, FilmError> {
        let len = head.len.unwrap_or(0);
        match head.id {
            id::EBML | id::INFO | id::TRACKS | id::TIMESTAMP | id::BLOCK_DURATION => {
                if head.len.is_none() || len > MOST_WHOLE {
                    return Err(FilmError::Damaged);
                }
                Ok(len)
            }
            id::SIMPLE_BLOCK | id::BLOCK => Ok(len.min(MOST_BLOCK)),
            _ => Ok(0),
        }
    }

    fn element(&mut self, head: &Head, body: &[u8]) -> Result<(), FilmError> {
        let inside = self.at + head.own;
        if matches!(head.id, id::SEGMENT | id::CLUSTER | id::BLOCK_GROUP) {
            self.at = inside;
            self.last = None;
            return Ok(());
        }
        let len = head.len.ok_or(FilmError::Damaged)?;
        let whole = || body.get(..len as usize);
        match head.id {
            id::EBML => {
                let kind = whole().and_then(ebml::doc_type);
                if !matches!(kind, Some(b"webm" | b"matroska")) {
                    return Err(FilmError::NotFilm(None));
                }
            }
            id::INFO => {
                let scale = whole().and_then(|info| ebml::number(info, id::TIMESTAMP_SCALE));
                self.scale = scale.filter(|&s| s > 0).unwrap_or(1_000_000);
            }
            // A second list says the same (§6).
            id::TRACKS if self.tracks.is_empty() => self.choose(whole().unwrap_or_default()),
            id::TIMESTAMP => self.cluster_ticks = whole().map_or(0, ebml::unsigned),
            id::SIMPLE_BLOCK | id::BLOCK => self.block(head, inside, len, body)?,
            id::REFERENCE_BLOCK => {
                for sample in self.last_samples() {
                    sample.key = false;
                }
            }
            id::BLOCK_DURATION => {
                let us = self.microseconds(whole().map_or(0, ebml::unsigned) as i64);
                for sample in self.last_samples() {
                    sample.duration_us = u32::try_from(us).unwrap_or(0);
                }
            }
            _ => {}
        }
        self.at = inside.checked_add(len).ok_or(FilmError::Damaged)?;
        Ok(())
    }

    /// All pictures and sounds; which of them are brought in is known once their samples are.
    fn choose(&mut self, tracks: &[u8]) {
        let entries = ebml::children(tracks).filter(|&(id, _)| id == id::TRACK_ENTRY);
        self.tracks = entries
            .filter_map(|(_, body)| Entry::read(body))
            .take(MOST_TRACKS)
            .map(|entry| Found {
                entry,
                samples: Vec::new(),
            })
            .collect();
    }

    fn block(&mut self, head: &Head, inside: u64, len: u64, body: &[u8]) -> Result<(), FilmError> {
        self.last = None;
        let seen = body.get(..body.len().min(len as usize)).unwrap_or_default();
        let block = Block::read(seen, len).ok_or(FilmError::Damaged)?;
        let end = inside.checked_add(len).ok_or(FilmError::Damaged)?;
        let Some(at) = self
            .tracks
            .iter()
            .position(|t| t.entry.number == block.track)
        else {
            return Ok(());
        };
        if end > self.size {
            // The file was cut off within it.
            return Ok(());
        }
        let ticks = (self.cluster_ticks as i64).saturating_add(i64::from(block.ticks));
        let scale = self.scale;
        let found = &mut self.tracks[at];
        let began = microseconds(ticks, scale).saturating_sub(found.entry.delay_us);
        if found.entry.in_stream {
            found
                .entry
                .look_into(seen.get(block.own as usize..).unwrap_or_default());
        }
        let packets = seen.get(block.own as usize..).unwrap_or_default();
        let each = match &found.entry.kind {
            // Tracks that are not brought in cost no memory.
            None => return Ok(()),
            Some(Kind::Audio(config)) if config.codec == "opus" => {
                opus_us(packets).unwrap_or(found.entry.frame_us)
            }
            Some(Kind::Audio(config)) => match pcm::Format::of(&config.codec) {
                Some(format) => {
                    let frames = block.laces.first().copied().unwrap_or(0)
                        / (format.bytes() * config.channels);
                    u32::try_from(u64::from(frames) * 1_000_000 / u64::from(config.rate))
                        .unwrap_or(0)
                }
                None => found.entry.frame_us,
            },
            Some(Kind::Video(_)) => found.entry.frame_us,
        };
        if found.samples.len() + block.laces.len() > MAX_SAMPLES {
            return Err(FilmError::Damaged);
        }
        let mut offset = inside + block.own;
        for (i, &lace) in block.laces.iter().enumerate() {
            found.samples.push(Sample {
                at: offset,
                len: lace,
                t_us: began.saturating_add(i64::from(each) * i as i64),
                duration_us: each,
                key: head.id == id::BLOCK || block.key || !found.entry.is_video,
            });
            offset += u64::from(lace);
        }
        self.last = (head.id == id::BLOCK).then_some((at, block.laces.len()));
        Ok(())
    }

    /// Those of the last block in a group.
    fn last_samples(&mut self) -> impl Iterator<Item = &mut Sample> {
        let (at, n) = self.last.unwrap_or((0, 0));
        let samples = self.tracks.get_mut(at).map(|found| &mut found.samples);
        samples
            .into_iter()
            .flat_map(move |s| s.iter_mut().rev().take(n))
    }

    fn microseconds(&self, ticks: i64) -> i64 {
        microseconds(ticks, self.scale)
    }

    /// What the file holds.
    pub(super) fn finish(self) -> Result<Film, FilmError> {
        let count = |video: bool| {
            self.tracks
                .iter()
                .filter(|t| t.entry.is_video == video)
                .count()
        };
        let mut film = Film {
            video: None,
            audio: None,
            look: Look::default(),
            duration: 0.0,
            sound_lost: None,
            tracks: (count(true), count(false)),
            cut_short: self.cut_short,
        };
        let mut picture_lost = None;
        let mut tracks = self.tracks;
        tracks.sort_by_key(|found| !found.entry.is_main);
        for Found { entry, samples } in tracks {
            match entry.kind {
                None if entry.is_video => picture_lost = picture_lost.or(Some(entry.name)),
                None => film.sound_lost = film.sound_lost.or(Some(entry.name)),
                Some(_) if samples.is_empty() => {}
                Some(Kind::Video(config)) if film.video.is_none() => {
                    film.look = entry.look;
                    film.video = Track::new(config, timeline::whole(samples, Medium::Picture));
                }
                Some(Kind::Audio(config)) if film.audio.is_none() => {
                    let mut samples = samples;
                    fill_durations(&mut samples);
                    film.audio = Track::new(config, timeline::whole(samples, Medium::Sound));
                }
                Some(_) => {}
            }
        }
        if film.audio.is_some() {
            film.sound_lost = None;
        }
        film.measured(picture_lost)
    }
}

/// How long a packet of Opus is, µs, from its first byte and the one after (RFC 6716 §3.1).
fn opus_us(packet: &[u8]) -> Option<u32> {
    let head = *packet.first()?;
    let frame = match head >> 3 {
        n @ 0..12 => [10_000, 20_000, 40_000, 60_000][usize::from(n % 4)],
        n @ 12..16 => [10_000, 20_000][usize::from(n % 2)],
        n => [2_500, 5_000, 10_000, 20_000][usize::from(n % 4)],
    };
    let frames = match head & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => u32::from(packet.get(1)? & 0x3f),
    };
    Some((frame * frames).min(120_000))
}

/// Ticks as microseconds; absurd ones at the ends of what can be told.
fn microseconds(ticks: i64, scale: u64) -> i64 {
    let us = i128::from(ticks) * i128::from(scale) / 1000;
    us.clamp(i128::from(i64::MIN / 4), i128::from(i64::MAX / 4)) as i64
}

/// A sample without a duration lasts until the next one is shown, the last as long as the one before it.
fn fill_durations(samples: &mut [Sample]) {
    let mut shown: Vec<usize> = (0..samples.len()).collect();
    shown.sort_by_key(|&i| samples[i].t_us);
    let mut before = 0;
    for k in 0..shown.len() {
        let i = shown[k];
        if samples[i].duration_us == 0 {
            let next = shown.get(k + 1).map(|&n| samples[n].t_us - samples[i].t_us);
            samples[i].duration_us = next.map_or(before, |d| u32::try_from(d).unwrap_or(0));
        }
        before = samples[i].duration_us;
    }
}
