//! Films by tus 1.0, as the studio sends them: pieces of 5 MiB, each on the disk before it is acknowledged.

use std::time::Instant;

use anyhow::{Result, ensure};

use super::super::Figure;
use super::instance::Instance;
use super::{Kind, ROUNDS, Turn, Turns, alone, beside_old, process};

const MIB: usize = 1024 * 1024;

/// What one film weighs.
const FILM: usize = 64 * MIB;

/// What the studio sends at once (`frontend/studio`).
const PIECE: usize = 5 * MIB;

/// Films of a turn, one after another: enough for a hundredth of a second, in which Linux counts, to be little.
const FILMS: usize = 4;

const KIND: Kind = Kind {
    rate: ("upload_rate", "MiB/s"),
    cpu: ("upload_cpu", "ms/MiB"),
};

/// Measures both servers, turn by turn.
///
/// # Errors
/// When a server answers otherwise than tus says.
pub(super) fn measure(new: &mut Instance, old: Option<&mut Instance>) -> Result<Vec<Figure>> {
    let film: Vec<u8> = (0..FILM).map(|at| (at % 251) as u8).collect();
    let (mut ours, mut theirs) = (Turns::default(), Turns::default());
    // The first turn makes files and caches warm.
    turn(new, &film)?;
    if let Some(old) = &old {
        turn(old, &film)?;
    }
    for _ in 0..ROUNDS {
        ours.0.push(turn(new, &film)?);
        if let Some(old) = &old {
            theirs.0.push(turn(old, &film)?);
        }
    }
    Ok(match old {
        Some(_) => beside_old(KIND, &ours, &theirs),
        None => alone(KIND, &ours),
    })
}

/// Sends films. Each is announced as one byte longer, so that the server does not go on to look at it while it is measured.
fn turn(instance: &Instance, film: &[u8]) -> Result<Turn> {
    let token = instance.program();
    let version = ("tus-resumable", "1.0.0");
    let length = (FILM + 1).to_string();
    // `kind` is `clip`, in base64.
    let new = [
        token,
        version,
        ("upload-length", &length),
        ("upload-metadata", "kind Y2xpcA=="),
    ];
    let mut connection = instance.connect()?;
    let (mut seconds, mut cpu_us) = (0.0, 0.0);
    for _ in 0..FILMS {
        let made = connection
            .ask("POST", "/api/uploads", &new, &[])?
            .with(201)?;
        let place = made.header("location").to_owned();
        let before = process::cpu_us(instance.server.id())?;
        let began = Instant::now();
        let mut sent = 0;
        for piece in film.chunks(PIECE) {
            let offset = sent.to_string();
            let headers = [
                token,
                version,
                ("content-type", "application/offset+octet-stream"),
                ("upload-offset", &offset),
            ];
            let kept = connection
                .ask("PATCH", &place, &headers, piece)?
                .with(204)?;
            sent += piece.len();
            ensure!(
                kept.header("upload-offset") == sent.to_string(),
                "A piece was not kept whole: {} of {sent} bytes.",
                kept.header("upload-offset")
            );
        }
        seconds += began.elapsed().as_secs_f64();
        cpu_us += process::cpu_us(instance.server.id())? - before;
        connection
            .ask("DELETE", &place, &[token, version], &[])?
            .with(204)?;
    }
    let mib = (FILMS * FILM / MIB) as f64;
    Ok(Turn {
        rate: mib / seconds,
        cpu: cpu_us / 1000.0 / mib,
    })
}
