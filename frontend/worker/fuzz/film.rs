//! What must hold whatever a file says that is brought in as a film: MP4, MOV, fragmented MP4, WebM and Matroska.

use worker::film::{MAX_INDEX, Reader, Sample};

/// Reads bytes as a film. The reader asks for bytes of the file only, comes to an end, and names nothing outside of the file.
///
/// # Panics
/// When one of these does not hold.
pub(crate) fn read(bytes: &[u8]) {
    let size = bytes.len() as u64;
    let mut reader = Reader::new(size);
    // Each header is of 2 bytes at least, and is asked for twice at most.
    let mut left = size + 16;
    while let Some((at, len)) = reader.wants() {
        let end = at.checked_add(len).expect("within a file");
        assert!(end <= size, "{at} and {len} of {size} bytes");
        assert!(len <= MAX_INDEX, "{len} bytes at once");
        assert!(left > 0, "it does not come to an end");
        left -= 1;
        let (from, to) = (at as usize, end as usize);
        if reader.take(&bytes[from..to]).is_err() {
            return;
        }
    }
    match reader.finish() {
        Ok(film) => {
            let pictures = film.video.iter().flat_map(|track| &track.samples);
            let sounds = film.audio.iter().flat_map(|track| &track.samples);
            pictures
                .chain(sounds)
                .for_each(|sample| check(sample, size));
            assert!(film.duration.is_finite() && film.duration >= 0.0);
            assert!(film.notes().iter().all(|note| note.ends_with('.')));
            assert!(film.frames_per_s().is_none_or(|rate| rate > 0.0));
        }
        Err(error) => assert!(error.message().ends_with('.')),
    }
}

fn check(sample: &Sample, size: u64) {
    let end = sample.at.checked_add(u64::from(sample.len));
    assert!(end.is_some_and(|end| end <= size), "{sample:?} of {size}");
}
