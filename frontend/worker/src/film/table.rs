//! The sample table of a whole file (ISO/IEC 14496-12 §8.5–8.7).

use mp4_atom::StszSamples;

use super::{FilmError, MAX_SAMPLES, movie::Table, timeline::Raw};

/// The samples a track's table lists, in decoding order.
///
/// # Errors
/// [`FilmError::Damaged`] where the tables contradict each other or count absurdly many samples.
pub(super) fn samples(table: &Table) -> Result<Vec<Raw>, FilmError> {
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
    let mut lengths = table
        .stts
        .entries
        .iter()
        .flat_map(|e| (0..e.sample_count).map(|_| e.sample_delta));
    let mut shifts = table
        .ctts
        .iter()
        .flat_map(|ctts| &ctts.entries)
        .flat_map(|e| (0..e.sample_count).map(|_| signed(e.sample_offset)));
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
        out.push(Raw {
            at,
            len: size(i).ok_or(FilmError::Damaged)?,
            t: decode_time.saturating_add(shifts.next().unwrap_or(0)),
            length: delta,
            key,
        });
        decode_time = decode_time.saturating_add(i64::from(delta));
    }
    Ok(out)
}

/// A composition offset. Files of QuickTime and of many cameras write negative ones under the version whose numbers have no
/// sign; an offset of weeks, which such a number would be, has no use.
pub(super) fn signed(offset: i64) -> i64 {
    match u32::try_from(offset) {
        Ok(bits) => i64::from(bits.cast_signed()),
        Err(_) => offset,
    }
}

/// The stretches of uncompressed sound, whose samples are single frames: as many as lie together are one, up to `most` frames.
/// `bytes` is the length of a frame; what the table says of lengths is not asked, because QuickTime writes 1 there.
///
/// # Errors
/// [`FilmError::Damaged`] where the tables contradict each other or count absurdly many stretches.
pub(super) fn stretches(table: &Table, bytes: u32, most: u32) -> Result<Vec<Raw>, FilmError> {
    let mut left = match &table.stsz.samples {
        StszSamples::Identical { count, .. } => *count,
        StszSamples::Different { sizes } => u32::try_from(sizes.len()).unwrap_or(u32::MAX),
    };
    let mut out = Vec::new();
    let mut entries = table.stsc.entries.iter().peekable();
    let (mut per_chunk, mut t) = (0, 0_i64);
    for (chunk, at) in table.chunks.iter().copied().enumerate() {
        while let Some(entry) = entries.next_if(|entry| entry.first_chunk as usize <= chunk + 1) {
            per_chunk = entry.samples_per_chunk;
        }
        let mut at = at;
        let mut frames = per_chunk.min(left);
        left -= frames;
        while frames > 0 {
            let length = frames.min(most);
            let len = length.checked_mul(bytes).ok_or(FilmError::Damaged)?;
            if out.len() >= MAX_SAMPLES {
                return Err(FilmError::Damaged);
            }
            out.push(Raw {
                at,
                len,
                t,
                length,
                key: true,
            });
            at = at.checked_add(u64::from(len)).ok_or(FilmError::Damaged)?;
            t += i64::from(length);
            frames -= length;
        }
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
