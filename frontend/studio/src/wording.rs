//! Numbers as people read them: lengths, sizes, shares and levels.

/// Seconds as `m:ss.t`, e.g. `1:04.2`, for spots on a timeline.
#[must_use]
pub fn timecode(seconds: f64) -> String {
    let tenths = (seconds.max(0.0) * 10.0).round() as u64;
    format!("{}:{:02}.{}", tenths / 600, tenths / 10 % 60, tenths % 10)
}

/// Seconds as `m:ss` or `h:mm:ss`, for a running clock.
#[must_use]
pub fn clock(seconds: f64) -> String {
    let whole = seconds.max(0.0) as u64;
    let (hours, minutes, seconds) = (whole / 3600, whole / 60 % 60, whole % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}

/// A length in words, e.g. `3.2 s` or `1 min 4 s`.
#[must_use]
pub fn length(seconds: f64) -> String {
    let seconds = seconds.max(0.0);
    if seconds < 59.95 {
        format!("{seconds:.1} s")
    } else {
        let whole = seconds.round() as u64;
        format!("{} min {} s", whole / 60, whole % 60)
    }
}

/// A length in round words, for estimates, e.g. `40 s`, `12 min`, `3 h`.
#[must_use]
pub fn about(seconds: f64) -> String {
    match seconds.max(0.0) {
        s if s < 90.0 => format!("{} s", (s / 10.0).floor() as u64 * 10),
        s if s < 90.0 * 60.0 => format!("{} min", (s / 60.0).floor() as u64),
        s => format!("{} h", (s / 3600.0).floor() as u64),
    }
}

/// A size in decimal units, e.g. `640 B`, `12.4 MB`.
#[must_use]
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1000.0;
    let mut unit = 0;
    while value >= 999.95 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    if value >= 99.95 {
        format!("{value:.0} {}", UNITS[unit])
    } else {
        format!("{value:.1} {}", UNITS[unit])
    }
}

/// A share of a whole as whole per cent, never 100 before it is all.
#[must_use]
pub fn percent(part: u64, whole: u64) -> u32 {
    if whole == 0 || part >= whole {
        100
    } else {
        (part as f64 / whole as f64 * 100.0).floor() as u32
    }
}

/// A count with its noun, e.g. `1 clip`, `3 clips`.
#[must_use]
pub fn count(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

/// What a reel is: its clips and its length, and how many more find no room in so many seconds.
#[must_use]
pub fn reel(clips: usize, seconds: f64, left_out: usize, longest: f64) -> String {
    let what = format!(
        "{}, {}, ready to play and save.",
        count(clips, "clip", "clips"),
        length(seconds)
    );
    match left_out {
        0 => what,
        1 => format!(
            "{what} One more finds no room in {longest:.0} s; drop or shorten others to make some."
        ),
        n => format!(
            "{what} {n} more find no room in {longest:.0} s; drop or shorten others to make some."
        ),
    }
}

/// How much of a clip is shown, e.g. `4.2 s`, or `3.0 s of 4.2 s`.
#[must_use]
pub fn part(shown: f64, whole: f64) -> String {
    let (shown, whole) = (length(shown), length(whole));
    if shown == whole {
        whole
    } else {
        format!("{shown} of {whole}")
    }
}

/// The name a reel is saved under: that of the product, where it has one.
#[must_use]
pub fn reel_name(title: &str) -> String {
    let words = |text: &str| {
        let mut out = String::new();
        let parts = text.split(|c: char| !c.is_alphanumeric());
        for part in parts.filter(|part| !part.is_empty()) {
            if !out.is_empty() {
                out.push('-');
            }
            out.extend(part.chars().flat_map(char::to_lowercase));
        }
        out.chars().take(80).collect::<String>()
    };
    let title = words(title);
    if title.is_empty() {
        return "reel.mp4".to_owned();
    }
    format!("{title}-reel.mp4")
}

/// A level in dB full scale as the filled share of a meter, 0–1: −60 dB and below is empty.
#[must_use]
pub fn meter(dbfs: f32) -> f32 {
    if dbfs.is_finite() {
        ((dbfs + 60.0) / 60.0).clamp(0.0, 1.0)
    } else {
        0.0
    }
}

/// What a sound level means to somebody filming.
#[must_use]
pub fn level(dbfs: f32) -> &'static str {
    match dbfs {
        d if d < -70.0 => "silent",
        d if d < -45.0 => "very quiet",
        d if d < -6.0 => "good",
        _ => "too loud",
    }
}

/// What a mean luma of 0–1 means to somebody filming.
#[must_use]
pub fn light(exposure: f32) -> &'static str {
    match exposure {
        e if e < 0.04 => "black",
        e if e < 0.20 => "dark",
        e if e < 0.80 => "good",
        _ => "too bright",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_carry_over_instead_of_showing_sixty() {
        assert_eq!(timecode(59.96), "1:00.0");
        assert_eq!(timecode(-3.0), "0:00.0");
        assert_eq!(clock(3599.9), "59:59");
        assert_eq!(clock(3600.0), "1:00:00");
        assert_eq!(length(59.96), "1 min 0 s");
        assert_eq!(length(3.24), "3.2 s");
    }

    #[test]
    fn a_reel_says_what_it_holds_and_what_not() {
        assert_eq!(
            reel(5, 24.31, 0, 30.0),
            "5 clips, 24.3 s, ready to play and save."
        );
        assert_eq!(
            reel(1, 6.0, 2, 15.0),
            "1 clip, 6.0 s, ready to play and save. 2 more find no room in 15 s; drop or shorten others to make some."
        );
        assert_eq!(part(3.0, 4.2), "3.0 s of 4.2 s");
        assert_eq!(part(4.16, 4.2), "4.2 s");
    }

    #[test]
    fn a_saved_reel_has_a_name_that_every_disk_takes() {
        assert_eq!(
            reel_name(" Cup, ash/glaze No. 3 "),
            "cup-ash-glaze-no-3-reel.mp4"
        );
        assert_eq!(reel_name(".."), "reel.mp4");
        assert_eq!(reel_name("茶碗"), "茶碗-reel.mp4");
        assert!(reel_name(&"x".repeat(900)).len() < 100);
    }

    #[test]
    fn estimates_are_round_and_never_too_long() {
        assert_eq!(about(-1.0), "0 s");
        assert_eq!(about(47.0), "40 s");
        assert_eq!(about(91.0), "1 min");
        assert_eq!(about(3599.0), "59 min");
        assert_eq!(about(3.0 * 3600.0 - 1.0), "2 h");
    }

    #[test]
    fn sizes_change_unit_before_they_need_four_digits() {
        assert_eq!(size(999), "999 B");
        assert_eq!(size(1000), "1.0 kB");
        assert_eq!(size(99_960), "100 kB");
        assert_eq!(size(999_960), "1.0 MB");
        assert_eq!(size(12_400_000), "12.4 MB");
    }

    #[test]
    fn progress_says_all_only_when_it_is_all() {
        assert_eq!(percent(999, 1000), 99);
        assert_eq!(percent(1000, 1000), 100);
        assert_eq!(percent(0, 0), 100);
    }

    #[test]
    fn full_scale_fills_the_meter() {
        assert_eq!(meter(f32::NAN), 0.0);
        assert_eq!(meter(0.0), 1.0);
    }
}
