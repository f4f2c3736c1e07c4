//! Payloads of what was measured: analysed frames and loudness.

use domain::highlight::{COEFFICIENTS, ColourLayout, Loudness, Moment};

use super::{Kind, array};

/// Bytes of an analysed frame: as first written, then with stability, then with its layout. Each only adds to the one before.
const MOMENTS: [usize; 3] = [32, 36, 36 + COEFFICIENTS];
/// First byte of a layout that is not known; one that is known has no such number.
const NO_LAYOUT: i8 = i8::MIN;
/// Bytes of a loudness: as first written, then with what was clipped.
const LOUDNESS: [usize; 2] = [12, 16];

/// Analysed frames as a payload: per frame time (f64), boundary, motion, sharpness, exposure, clipped, colourfulness,
/// stability (f32; not a number where it is not known) and the layout's coefficients (i8; the first is −128 where it is not
/// known).
#[must_use]
pub fn moments_to_bytes(moments: &[Moment]) -> Vec<u8> {
    let mut out = Vec::with_capacity(moments.len() * MOMENTS[2]);
    for m in moments {
        out.extend_from_slice(&m.t.to_le_bytes());
        for value in [
            m.boundary,
            m.motion,
            m.sharpness,
            m.exposure,
            m.clipped,
            m.colourfulness,
            m.stability.unwrap_or(f32::NAN),
        ] {
            out.extend_from_slice(&value.to_le_bytes());
        }
        let layout = m.layout.map_or([NO_LAYOUT; COEFFICIENTS], |l| l.0);
        out.extend(layout.map(i8::cast_unsigned));
    }
    out
}

/// The inverse of [`moments_to_bytes`]; a torn last entry is left out. Of a record that holds none there are none.
pub fn moments_from_bytes(kind: Kind, bytes: &[u8]) -> impl Iterator<Item = Moment> + '_ {
    let (bytes, entry) = match kind {
        Kind::EarlyMoments => (bytes, MOMENTS[0]),
        Kind::SteadyMoments => (bytes, MOMENTS[1]),
        Kind::Moments => (bytes, MOMENTS[2]),
        _ => (&[][..], MOMENTS[2]),
    };
    bytes.chunks_exact(entry).filter_map(moment)
}

fn moment(b: &[u8]) -> Option<Moment> {
    Some(Moment {
        t: f64_at(b, 0)?,
        boundary: f32_at(b, 8)?,
        motion: f32_at(b, 12)?,
        sharpness: f32_at(b, 16)?,
        exposure: f32_at(b, 20)?,
        clipped: f32_at(b, 24)?,
        colourfulness: f32_at(b, 28)?,
        stability: f32_at(b, MOMENTS[0]).filter(|x| x.is_finite()),
        layout: b
            .get(MOMENTS[1]..)
            .and_then(|rest| <[u8; COEFFICIENTS]>::try_from(rest).ok())
            .map(|rest| ColourLayout(rest.map(u8::cast_signed)))
            .filter(|layout| layout.0[0] != NO_LAYOUT),
    })
}

/// Loudness as a payload: per stretch its start (f64), dBFS and the share that was clipped (f32).
#[must_use]
pub fn loudness_to_bytes(loudness: &[Loudness]) -> Vec<u8> {
    let mut out = Vec::with_capacity(loudness.len() * LOUDNESS[1]);
    for l in loudness {
        out.extend_from_slice(&l.t.to_le_bytes());
        out.extend_from_slice(&l.dbfs.to_le_bytes());
        out.extend_from_slice(&l.clipped.to_le_bytes());
    }
    out
}

/// The inverse of [`loudness_to_bytes`]; a torn last entry is left out. Of a record that holds none there are none.
pub fn loudness_from_bytes(kind: Kind, bytes: &[u8]) -> impl Iterator<Item = Loudness> + '_ {
    let (bytes, entry) = match kind {
        Kind::EarlyLoudness => (bytes, LOUDNESS[0]),
        Kind::Loudness => (bytes, LOUDNESS[1]),
        _ => (&[][..], LOUDNESS[1]),
    };
    bytes.chunks_exact(entry).filter_map(|b| {
        Some(Loudness {
            t: f64_at(b, 0)?,
            dbfs: f32_at(b, 8)?,
            clipped: f32_at(b, LOUDNESS[0]).unwrap_or(0.0),
        })
    })
}

fn f32_at(bytes: &[u8], at: usize) -> Option<f32> {
    array(bytes, at).map(f32::from_le_bytes)
}

fn f64_at(bytes: &[u8], at: usize) -> Option<f64> {
    array(bytes, at).map(f64::from_le_bytes)
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;

    #[test]
    fn signals_survive_the_trip() {
        let moments = vec![
            Moment {
                t: 1.0 / 3.0,
                boundary: 0.25,
                motion: 0.5,
                sharpness: 12.5,
                exposure: 0.75,
                clipped: 0.125,
                colourfulness: 33.0,
                stability: Some(0.875),
                layout: Some(ColourLayout([-127, 127, 0, 1, -1, 2, -2, 3, -3, 4, -4, 5,])),
            };
            3
        ];
        let flat = Moment {
            layout: None,
            ..moments[0]
        };
        let unknown = Moment {
            stability: None,
            ..flat
        };
        let moments = [moments, vec![flat, unknown]].concat();
        let bytes = moments_to_bytes(&moments);
        let read = |kind, bytes: &[u8]| moments_from_bytes(kind, bytes).collect::<Vec<_>>();
        assert_eq!(read(Kind::Moments, &bytes), moments);
        assert_eq!(read(Kind::Moments, &bytes[..bytes.len() - 1]), moments[..4]);
        assert!(read(Kind::Video, &bytes).is_empty());
        let older = |entry: usize| -> Vec<u8> {
            let entries = bytes.chunks(MOMENTS[2]);
            entries.flat_map(|one| &one[..entry]).copied().collect()
        };
        assert_eq!(
            read(Kind::SteadyMoments, &older(MOMENTS[1])),
            [flat, flat, flat, flat, unknown],
            "sessions filmed before layouts were measured"
        );
        assert_eq!(
            read(Kind::EarlyMoments, &older(MOMENTS[0])),
            [unknown; 5],
            "sessions filmed before stability was measured"
        );
        let loudness = vec![
            Loudness {
                t: 0.1,
                dbfs: -1.5,
                clipped: 0.25,
            },
            Loudness {
                t: 0.2,
                dbfs: -120.0,
                clipped: 0.0,
            },
        ];
        let bytes = loudness_to_bytes(&loudness);
        let read = |kind, bytes: &[u8]| loudness_from_bytes(kind, bytes).collect::<Vec<_>>();
        assert_eq!(read(Kind::Loudness, &bytes), loudness);
        assert_eq!(read(Kind::Loudness, &bytes[..30]), loudness[..1]);
        assert!(read(Kind::Moments, &bytes).is_empty());
        let older: Vec<u8> = bytes
            .chunks(LOUDNESS[1])
            .flat_map(|one| &one[..LOUDNESS[0]])
            .copied()
            .collect();
        let unknown: Vec<Loudness> = loudness
            .iter()
            .map(|l| Loudness { clipped: 0.0, ..*l })
            .collect();
        assert_eq!(
            read(Kind::EarlyLoudness, &older),
            unknown,
            "sessions filmed before clipping was measured"
        );
    }
}
