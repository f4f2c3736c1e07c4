//! Boxes of a made film changed, to make what ffmpeg does not write.

/// A box found in a file: where it begins, its whole length, and its name.
#[derive(Debug, Clone, Copy)]
struct Found {
    at: usize,
    len: usize,
}

fn children(bytes: &[u8], mut at: usize, end: usize) -> Vec<([u8; 4], Found)> {
    let mut out = Vec::new();
    while at + 8 <= end {
        let len = u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four")) as usize;
        let kind = bytes[at + 4..at + 8].try_into().expect("four");
        out.push((kind, Found { at, len }));
        at += len.max(8);
    }
    out
}

/// The boxes on the way to one, outermost first; the track is the `track`th.
fn path(bytes: &[u8], names: &[&[u8; 4]], track: usize) -> Vec<Found> {
    let mut out: Vec<Found> = Vec::new();
    let (mut at, mut end) = (0, bytes.len());
    for name in names {
        let all = children(bytes, at, end);
        let mut same = all.iter().filter(|(kind, _)| kind == *name);
        let found = if *name == b"trak" {
            same.nth(track)
        } else {
            same.next()
        };
        let (_, found) = found.unwrap_or_else(|| panic!("a box {name:?}"));
        out.push(*found);
        (at, end) = (found.at + 8, found.at + found.len);
    }
    out
}

/// The body of a box, to change.
pub(crate) fn body<'a>(bytes: &'a mut [u8], names: &[&[u8; 4]], track: usize) -> &'a mut [u8] {
    let found = *path(bytes, names, track).last().expect("a box");
    &mut bytes[found.at + 8..found.at + found.len]
}

/// Gives a track another edit list: seconds of the film, and seconds into the track or nothing. The samples of the file must
/// stand before its index.
pub(crate) fn set_edits(bytes: &mut Vec<u8>, track: usize, edits: &[(f64, Option<f64>)]) {
    let film = u32::from_be_bytes(
        body(bytes, &[b"moov", b"mvhd"], 0)[12..16]
            .try_into()
            .expect("four"),
    );
    let own = u32::from_be_bytes(
        body(bytes, &[b"moov", b"trak", b"mdia", b"mdhd"], track)[12..16]
            .try_into()
            .expect("four"),
    );
    let mut list = vec![0, 0, 0, 0];
    list.extend((edits.len() as u32).to_be_bytes());
    for (length, from) in edits {
        list.extend(((length * f64::from(film)).round() as u32).to_be_bytes());
        list.extend(
            from.map_or(-1, |from| (from * f64::from(own)).round() as i32)
                .to_be_bytes(),
        );
        list.extend([0, 1, 0, 0]);
    }
    let boxed = |kind: &[u8; 4], body: &[u8]| {
        [&(body.len() as u32 + 8).to_be_bytes()[..], kind, body].concat()
    };
    let edts = boxed(b"edts", &boxed(b"elst", &list));
    let trak = path(bytes, &[b"moov", b"trak"], track);
    let inside = children(bytes, trak[1].at + 8, trak[1].at + trak[1].len);
    let (at, gone) = match inside.iter().find(|(kind, _)| kind == b"edts") {
        Some((_, found)) => (found.at, found.len),
        None => {
            let head = inside[0].1;
            (head.at + head.len, 0)
        }
    };
    bytes.splice(at..at + gone, edts.iter().copied());
    for outer in trak {
        let len = outer.len + edts.len() - gone;
        bytes[outer.at..outer.at + 4].copy_from_slice(&(len as u32).to_be_bytes());
    }
}

/// Replaces every occurrence of some bytes by others of the same length; says how many there were.
pub(crate) fn rename(bytes: &mut [u8], from: &[u8], to: &[u8]) -> usize {
    assert_eq!(from.len(), to.len());
    let places: Vec<usize> = bytes
        .windows(from.len())
        .enumerate()
        .filter(|(_, w)| *w == from)
        .map(|(at, _)| at)
        .collect();
    for &at in &places {
        bytes[at..at + to.len()].copy_from_slice(to);
    }
    places.len()
}
