//! How much memory the machine, or the group of processes that a container is, has left.

use std::path::{Path, PathBuf};

/// Where control groups are mounted (v2).
const GROUPS: &str = "/sys/fs/cgroup";

/// Bytes that can be taken without anything being put out of memory; `None` where the system does not tell.
pub(crate) fn available_bytes() -> Option<u64> {
    let machine = std::fs::read_to_string("/proc/meminfo")
        .ok()
        .and_then(|text| of_machine(&text));
    let groups = own_groups();
    groups
        .iter()
        .filter_map(|folder| of_group(folder))
        .chain(machine)
        .min()
}

/// The line `MemAvailable`, in kB.
fn of_machine(meminfo: &str) -> Option<u64> {
    let line = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kb: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kb.checked_mul(1024)
}

/// The folders of this process's group and of those that it is in.
fn own_groups() -> Vec<PathBuf> {
    let own = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let path = own
        .lines()
        .find_map(|line| line.strip_prefix("0::/"))
        .unwrap_or_default();
    let root = Path::new(GROUPS);
    root.join(path)
        .ancestors()
        .take_while(|folder| folder.starts_with(root))
        .map(Path::to_owned)
        .collect()
}

/// What a group may still take; file pages that it can drop count as free.
fn of_group(folder: &Path) -> Option<u64> {
    let number = |file: &str| -> Option<u64> {
        std::fs::read_to_string(folder.join(file))
            .ok()?
            .trim()
            .parse()
            .ok()
    };
    // `max` where there is no limit.
    let limit = number("memory.max")?;
    let used = number("memory.current")?;
    let droppable = std::fs::read_to_string(folder.join("memory.stat"))
        .ok()
        .and_then(|text| {
            let line = text
                .lines()
                .find_map(|line| line.strip_prefix("inactive_file "))?;
            line.parse().ok()
        })
        .unwrap_or(0);
    Some(limit.saturating_sub(used.saturating_sub(droppable)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_tells_is_read() {
        let meminfo = "MemTotal:       16384 kB\nMemFree:  1 kB\nMemAvailable:    2048 kB\n";
        assert_eq!(of_machine(meminfo), Some(2048 * 1024));
        assert_eq!(of_machine("MemTotal: 1 kB\n"), None);
        let folder = tempfile::tempdir().expect("folder");
        let write = |file: &str, text: &str| {
            std::fs::write(folder.path().join(file), text).expect("written")
        };
        assert_eq!(of_group(folder.path()), None);
        write("memory.max", "max\n");
        write("memory.current", "600\n");
        assert_eq!(of_group(folder.path()), None);
        write("memory.max", "1000\n");
        assert_eq!(of_group(folder.path()), Some(400));
        write("memory.stat", "anon 5\ninactive_file 100\n");
        assert_eq!(of_group(folder.path()), Some(500));
    }
}
