//! One picture out of a film, by the program `ffmpeg`: bounded in time, memory and output, for it is fed with anybody's bytes.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use bytes::Bytes;
use domain::invalid::Invalid;
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::Command,
};

use crate::{Error, Result};

/// How long the program may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// The most address space that it may take, kB: 2 GiB, where the system has such a bound.
const MEMORY_KB: u32 = 2 * 1024 * 1024;

/// The most processor time that it may take, s: should this process end first, it does not go on for ever.
const PROCESSOR_S: u64 = PATIENCE.as_secs();

/// The widest still: as wide as the widest rendition of a photo.
const WIDTH: u32 = 1920;

/// The longest PNG that is read: 1920 pixels wide and four times as high, packed not at all.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// The most that is kept of what the program complains about, bytes.
const MAX_COMPLAINT: u64 = 2000;

/// Sets the bounds and becomes the program: `$0` is the program and `"$@"` its arguments, which the shell does not read.
const BOUNDED: &str = r#"ulimit -v "$VITRINE_MEMORY_KB" 2>/dev/null; ulimit -t "$VITRINE_PROCESSOR_S" 2>/dev/null; exec "$0" "$@""#;

/// The program `ffmpeg` in one of the folders of a `PATH`.
#[must_use]
pub fn find_ffmpeg(path: &OsStr) -> Option<PathBuf> {
    std::env::split_paths(path)
        // A name without a folder would be looked for where the process happens to stand.
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join("ffmpeg"))
        .find(|file| is_program(file))
}

fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(file)
        .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

/// The picture `at_ms` into a film, as a PNG of at most 1920 pixels across. `film` is an absolute path.
///
/// # Errors
/// `Invalid` when the program makes none of it, or not in time; it has ended when this returns.
pub(super) async fn take(
    ffmpeg: &Path,
    film: &Path,
    at_ms: u32,
    patience: Duration,
) -> Result<Bytes> {
    let mut child = Command::new("/bin/sh")
        .args(["-c", BOUNDED])
        .arg(ffmpeg)
        .args(["-nostdin", "-hide_banner", "-loglevel", "error"])
        // A film that names another file or an address is not followed.
        .args([
            "-protocol_whitelist",
            "file",
            "-format_whitelist",
            "mov",
            "-f",
            "mov",
        ])
        .args(["-threads", "1"])
        .args(["-ss", &format!("{}.{:03}", at_ms / 1000, at_ms % 1000)])
        .arg("-i")
        .arg(film)
        .args(["-map", "0:v:0", "-frames:v", "1", "-filter_threads", "1"])
        .args(["-vf", &format!("scale='min({WIDTH},iw)':-2,format=rgb24")])
        .args(["-threads", "1", "-f", "image2pipe", "-c:v", "png", "pipe:1"])
        .env_clear()
        .env("VITRINE_MEMORY_KB", MEMORY_KB.to_string())
        .env("VITRINE_PROCESSOR_S", PROCESSOR_S.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(Error::internal)?;
    let (Some(picture), Some(complaint)) = (child.stdout.take(), child.stderr.take()) else {
        return Err(Error::internal("a program without pipes"));
    };
    let work = async {
        let (picture, complaint) =
            tokio::try_join!(read(picture, MAX_BYTES), read(complaint, MAX_COMPLAINT))?;
        Ok::<_, std::io::Error>((picture, complaint, child.wait().await?))
    };
    let ended = tokio::time::timeout(patience, work).await;
    let (picture, complaint, status) = match ended {
        Ok(ended) => ended.map_err(Error::internal)?,
        Err(_) => {
            // Waits until it is gone.
            child.kill().await.map_err(Error::internal)?;
            return Err(refused("it took too long"));
        }
    };
    if picture.len() as u64 > MAX_BYTES {
        return Err(refused("the picture is too large"));
    }
    if !status.success() || picture.is_empty() {
        let complaint = String::from_utf8_lossy(&complaint);
        return Err(refused(complaint.lines().next().unwrap_or("no picture")));
    }
    Ok(picture.into())
}

/// Reads a pipe to its end; of what is beyond `most`, only one byte is kept.
async fn read(mut pipe: impl AsyncRead + Unpin, most: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    (&mut pipe).take(most + 1).read_to_end(&mut bytes).await?;
    tokio::io::copy(&mut pipe, &mut tokio::io::sink()).await?;
    Ok(bytes)
}

fn refused(why: &str) -> Error {
    tracing::warn!(why, "no still could be taken from a clip");
    Invalid::new("file", "ffmpeg could not take a picture out of this clip.").into()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// A program in the place of `ffmpeg`.
    fn program(folder: &Path, script: &str) -> PathBuf {
        let file = folder.join("ffmpeg");
        std::fs::write(&file, format!("#!/bin/sh\n{script}\n")).expect("written");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).expect("rights");
        file
    }

    #[test]
    fn only_a_program_in_a_named_folder_is_found() {
        let folder = tempfile::tempdir().expect("folder");
        let empty = tempfile::tempdir().expect("folder");
        let path = std::env::join_paths([empty.path(), folder.path()]).expect("a path");
        assert_eq!(find_ffmpeg(&path), None);
        std::fs::write(folder.path().join("ffmpeg"), "a text").expect("written");
        assert_eq!(find_ffmpeg(&path), None, "it cannot be run");
        let file = program(folder.path(), "exit 0");
        assert_eq!(find_ffmpeg(&path), Some(file));
        assert_eq!(find_ffmpeg(OsStr::new("")), None);
        assert_eq!(find_ffmpeg(OsStr::new(".")), None);
    }

    #[tokio::test]
    async fn a_program_that_does_not_end_is_killed() {
        let folder = tempfile::tempdir().expect("folder");
        let id = folder.path().join("id");
        let script = format!("echo $$ > {}; exec sleep 1000", id.display());
        let file = program(folder.path(), &script);
        let film = folder.path().join("film.mp4");
        let taken = take(&file, &film, 0, Duration::from_secs(2)).await;
        assert!(matches!(taken, Err(Error::Invalid { .. })));
        let id = std::fs::read_to_string(id).expect("it ran");
        assert!(!Path::new("/proc").join(id.trim()).exists(), "it is gone");
    }

    #[tokio::test]
    async fn what_it_is_told_is_bounded_and_read_by_nobody_else() {
        let folder = tempfile::tempdir().expect("folder");
        let film = folder.path().join("$(touch broken) 'film'; exit.mp4");
        let file = program(
            folder.path(),
            r#"ulimit -v; ulimit -t; env | grep -c SECRET; for last; do case "$last" in *film*) echo "$last";; esac; done"#,
        );
        let said = take(&file, &film, 1234, PATIENCE).await.expect("a text");
        let said = String::from_utf8(said.to_vec()).expect("a text");
        let lines: Vec<&str> = said.lines().collect();
        assert_eq!(
            lines,
            ["2097152", "60", "0", film.to_str().expect("a text")],
            "memory, time, variables, the name as it is"
        );
    }

    #[tokio::test]
    async fn more_than_a_picture_is_refused_and_so_is_a_complaint() {
        let folder = tempfile::tempdir().expect("folder");
        for script in [
            "head -c 70000000 /dev/zero",
            "echo No such stream >&2; exit 1",
            "exit 0",
            "head -c 3000000 /dev/zero >&2; exit 1",
        ] {
            let file = program(folder.path(), script);
            let taken = take(&file, Path::new("/film.mp4"), 0, PATIENCE).await;
            assert!(matches!(taken, Err(Error::Invalid { .. })), "{script}");
        }
    }
}
