//! The sample table of a whole file (ISO/IEC 14496-12 §8.5–8.7).

use mp4_atom::StszSamples;

use super::{
    FilmError, MAX_SAMPLES, Sample,
    movie::{Table, Trak},
};

/// The samples a track's table lists, in decoding order.
///
/// # Errors
/// [`FilmError::Damaged`] where the tables contradict each other or count absurdly many samples.
pub(super) fn samples(trak: &Trak, movie_timescale: u32) -> Result<Vec<Sample>, FilmError> {
    let table = &trak.table;
    let count = match &table.stsz.samples {
        StszSamples::Identical { count, .. } => *count as usize,
        StszSamples::Different { sizes } => sizes.len(),
    };
    if count > MAX_SAMPLES {
        return Err(FilmError::Damaged);
    }
    let size = |i: usize| match &table.stsz.samples {
        StszSamples::Identical { size, .. } => Some(*size),
        StszSamples::Different { sizes } => sizes.get(i).copied(),
    };
    let timeline = Timeline::new(trak, movie_timescale);
    let mut lengths = table
        .stts
        .entries
        .iter()
        .flat_map(|e| (0..e.sample_count).map(|_| e.sample_delta));
    let mut shifts = table
        .ctts
        .iter()
        .flat_map(|ctts| &ctts.entries)
        .flat_map(|e| (0..e.sample_count).map(|_| e.sample_offset));
    let mut keys = table
        .stss
        .as_ref()
        .map(|stss| stss.entries.iter().copied().peekable());
    let mut out = Vec::with_capacity(count);
    let mut decode_time = 0_i64;
    for (i, at) in offsets(table, count, size)?.into_iter().enumerate() {
        let delta = lengths.next().unwrap_or(0);
        let number = i as u32 + 1;
        let key = match &mut keys {
            None => true,
            Some(keys) => {
                while keys.next_if(|key| *key < number).is_some() {}
                keys.next_if_eq(&number).is_some()
            }
        };
        out.push(Sample {
            at,
            len: size(i).ok_or(FilmError::Damaged)?,
            t_us: timeline.present(decode_time.saturating_add(shifts.next().unwrap_or(0))),
            duration_us: timeline.length(delta),
            key,
        });
        decode_time = decode_time.saturating_add(i64::from(delta));
    }
    Ok(out)
}

/// Where each sample lies.
fn offsets(
    table: &Table,
    count: usize,
    size: impl Fn(usize) -> Option<u32>,
) -> Result<Vec<u64>, FilmError> {
    let mut out = Vec::with_capacity(count);
    let mut entries = table.stsc.entries.iter().peekable();
    let mut per_chunk = 0;
    for (chunk, mut at) in table.chunks.iter().copied().enumerate() {
        while let Some(entry) = entries.next_if(|entry| entry.first_chunk as usize <= chunk + 1) {
            per_chunk = entry.samples_per_chunk;
        }
        for _ in 0..per_chunk {
            if out.len() == count {
                return Ok(out);
            }
            let len = size(out.len()).ok_or(FilmError::Damaged)?;
            out.push(at);
            at = at.checked_add(u64::from(len)).ok_or(FilmError::Damaged)?;
        }
    }
    if out.len() == count {
        Ok(out)
    } else {
        Err(FilmError::Damaged)
    }
}

/// From a track's own time to the film's: its timescale and its edit list (§8.6.6), of which a leading gap and the
/// start of the first real edit are honoured.
pub(super) struct Timeline {
    timescale: i128,
    shift_us: i128,
    skip: i128,
}

impl Timeline {
    pub(super) fn new(trak: &Trak, movie_timescale: u32) -> Self {
        let mut shift_us = 0;
        let mut skip = 0;
        for entry in &trak.edits {
            match entry.media_time {
                None => {
                    shift_us +=
                        i128::from(entry.segment_duration) * 1_000_000 / i128::from(movie_timescale)
                }
                Some(start) => {
                    skip = i128::from(start);
                    break;
                }
            }
        }
        Self {
            timescale: i128::from(trak.timescale),
            shift_us,
            skip,
        }
    }

    /// Presentation time of a composition time, µs.
    pub(super) fn present(&self, ticks: i64) -> i64 {
        let us = (i128::from(ticks) - self.skip) * 1_000_000 / self.timescale + self.shift_us;
        i64::try_from(us)
            .unwrap_or(i64::MAX / 4)
            .clamp(i64::MIN / 4, i64::MAX / 4)
    }

    /// A duration, µs.
    pub(super) fn length(&self, ticks: u32) -> u32 {
        u32::try_from(i128::from(ticks) * 1_000_000 / self.timescale).unwrap_or(u32::MAX)
    }
}
