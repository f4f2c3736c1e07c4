//! Movie fragments (ISO/IEC 14496-12 §8.8): how browsers and some cameras write while they film.

use mp4_atom::Trex;

use super::{
    FilmError, MAX_SAMPLES,
    movie::{Fragment, Movie, Traf, Trak},
    table,
    timeline::Raw,
};

/// `sample_is_non_sync_sample` in sample flags (§8.8.3.1).
const NON_SYNC: u32 = 1 << 16;

/// Most frames of sound in fragments: two hours at 192 kHz.
const MOST_FRAMES: u64 = 1_400_000_000;

/// Appends the samples that fragments add to a track. Single frames of uncompressed sound that lie together become stretches
/// of up to `most`; 0 leaves samples as they are.
///
/// # Errors
/// [`FilmError::Damaged`] where they count absurdly many.
pub(super) fn extend(
    samples: &mut Vec<Raw>,
    trak: &Trak,
    movie: &Movie,
    fragments: &[Fragment],
    most: u32,
) -> Result<(), FilmError> {
    let track_id = trak.tkhd.track_id;
    let trex = movie.trex.iter().find(|trex| trex.track_id == track_id);
    // Without a time of their own, fragments go on from the table.
    let mut decode_time: u64 = samples.iter().map(|raw| u64::from(raw.length)).sum();
    let mut count = 0_u64;
    for fragment in fragments {
        // Without a base of its own, a track's data follows that of the track before it in the same fragment.
        let mut next = fragment.at;
        for traf in &fragment.trafs {
            let base = match traf.tfhd.base_data_offset {
                Some(base) => base,
                None if traf.tfhd.default_base_is_moof => fragment.at,
                None => next,
            };
            let ours = traf.tfhd.track_id == track_id;
            if ours && let Some(tfdt) = &traf.tfdt {
                decode_time = tfdt.base_media_decode_time;
            }
            next = runs(traf, trex, base, |at, len, delta, flags, shift| {
                if !ours {
                    return Ok(());
                }
                count += 1;
                if samples.len() >= MAX_SAMPLES || count > MOST_FRAMES {
                    return Err(FilmError::Damaged);
                }
                let at_ticks = i64::try_from(decode_time)
                    .unwrap_or(i64::MAX / 4)
                    .saturating_add(shift);
                decode_time = decode_time.saturating_add(u64::from(delta));
                if let Some(last) = samples.last_mut()
                    && last.length.saturating_add(delta) <= most
                    && last.at + u64::from(last.len) == at
                    && last.t.saturating_add(i64::from(last.length)) == at_ticks
                {
                    last.len = last.len.saturating_add(len);
                    last.length += delta;
                    return Ok(());
                }
                samples.push(Raw {
                    at,
                    len,
                    t: at_ticks,
                    length: delta,
                    key: flags & NON_SYNC == 0,
                });
                Ok(())
            })?;
        }
    }
    Ok(())
}

/// Gives each sample of a fragment's track to `sink` (offset, length, duration, flags, composition offset) and returns
/// where its data ends.
fn runs(
    traf: &Traf,
    trex: Option<&Trex>,
    base: u64,
    mut sink: impl FnMut(u64, u32, u32, u32, i64) -> Result<(), FilmError>,
) -> Result<u64, FilmError> {
    let tfhd = &traf.tfhd;
    let duration = tfhd
        .default_sample_duration
        .or(trex.map(|trex| trex.default_sample_duration))
        .unwrap_or(0);
    let size = tfhd
        .default_sample_size
        .or(trex.map(|trex| trex.default_sample_size))
        .unwrap_or(0);
    let flags = tfhd
        .default_sample_flags
        .or(trex.map(|trex| trex.default_sample_flags))
        .unwrap_or(0);
    let mut at = base;
    for trun in &traf.truns {
        if let Some(offset) = trun.data_offset {
            at = base
                .checked_add_signed(i64::from(offset))
                .ok_or(FilmError::Damaged)?;
        }
        if trun.samples.len() > MAX_SAMPLES {
            return Err(FilmError::Damaged);
        }
        for entry in trun.samples.iter() {
            let len = entry.size.unwrap_or(size);
            sink(
                at,
                len,
                entry.duration.unwrap_or(duration),
                entry.flags.unwrap_or(flags),
                table::signed(entry.cts.unwrap_or(0)),
            )?;
            at = at.checked_add(u64::from(len)).ok_or(FilmError::Damaged)?;
        }
    }
    Ok(at)
}
