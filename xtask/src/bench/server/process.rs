//! What Linux says of a process: the processor's time it took, the memory it holds.

use std::fs;

use anyhow::{Context, Result};

/// Microseconds of a tick of `/proc`: Linux counts hundredths of a second there on every machine (`USER_HZ`, proc(5)).
const TICK_US: f64 = 10_000.0;

/// Microseconds of processor's time, user and system, that a process, the children it waited for and its descendants took.
///
/// # Errors
/// When the process is gone.
pub(super) fn cpu_us(id: u32) -> Result<f64> {
    let mut ticks = 0;
    let mut left = vec![id];
    while let Some(next) = left.pop() {
        match fs::read_to_string(format!("/proc/{next}/stat")) {
            Ok(stat) => {
                ticks += ticks_of(&stat).context("/proc has a line that cannot be read.")?
            }
            Err(error) if next == id => {
                return Err(error).context("The server is gone. Its log says why.");
            }
            // A child that ended meanwhile is counted by its parent.
            Err(_) => continue,
        }
        let children = fs::read_to_string(format!("/proc/{next}/task/{next}/children"));
        left.extend(
            children
                .unwrap_or_default()
                .split_whitespace()
                .filter_map(|child| child.parse::<u32>().ok()),
        );
    }
    Ok(ticks as f64 * TICK_US)
}

/// Ticks of a line of `/proc/PID/stat`: utime, stime, cutime and cstime, the 14th to the 17th word. The second is the program's
/// name in brackets and may hold spaces.
fn ticks_of(stat: &str) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(") ")?;
    let words: Vec<&str> = rest.split(' ').collect();
    words
        .get(11..15)?
        .iter()
        .map(|word| word.parse::<u64>().ok())
        .sum()
}

/// Megabytes a process holds in memory now.
///
/// # Errors
/// When the process is gone.
pub(super) fn resident_mb(id: u32) -> Result<f64> {
    status_mb(id, "VmRSS:")
}

/// The most megabytes a process has held in memory since it began.
///
/// # Errors
/// When the process is gone.
pub(super) fn peak_mb(id: u32) -> Result<f64> {
    status_mb(id, "VmHWM:")
}

fn status_mb(id: u32, name: &str) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{id}/status"))
        .context("The server is gone. Its log says why.")?;
    let kib: f64 = status
        .lines()
        .find_map(|line| line.strip_prefix(name))
        .and_then(|rest| rest.trim().strip_suffix(" kB"))
        .and_then(|count| count.trim().parse().ok())
        .context("/proc does not say how much memory the server holds.")?;
    Ok(kib * 1024.0 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_hold_spaces_and_brackets() {
        let stat = "7 (a b) c) S 1 7 7 0 -1 4194560 1 0 0 0 30 20 2 1 20 0 1 0 9 0 0";
        assert_eq!(ticks_of(stat), Some(53));
        assert_eq!(ticks_of("7 (a) S 1"), None);
    }

    #[test]
    fn this_process_takes_time_and_memory() {
        assert!(cpu_us(std::process::id()).expect("is here") >= 0.0);
        let now = resident_mb(std::process::id()).expect("is here");
        assert!(now > 1.0 && peak_mb(std::process::id()).expect("is here") >= now);
        assert!(cpu_us(u32::MAX).is_err());
    }
}
