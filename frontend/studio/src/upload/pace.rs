//! How many files are sent at once. One more is tried as long as that makes the whole faster, and a cut connection halves them: a
//! fast line with a long way to the server is filled by several, a slow one is only shared out.

/// The most that are sent at once. A browser has six connections to one server, and the page needs some.
pub const MOST: usize = 4;
/// How much faster one more must make the whole to stay.
const GAIN: f64 = 1.15;
/// How long a number is measured before it is judged, ms.
const WINDOW_MS: f64 = 2_000.0;
/// How long a number that did not help is not tried again, ms.
const REST_MS: f64 = 30_000.0;

/// How many are sent at once, and how fast that was.
#[derive(Debug, Clone, PartialEq)]
pub struct Pace {
    lines: usize,
    /// Bytes since the window began, and when that was, ms.
    bytes: u64,
    since_ms: Option<f64>,
    /// Bytes a second with one line fewer.
    before: f64,
    rest_until_ms: f64,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            lines: 1,
            bytes: 0,
            since_ms: None,
            before: 0.0,
            rest_until_ms: 0.0,
        }
    }
}

impl Pace {
    /// How many may be sent at once now.
    #[must_use]
    pub const fn lines(&self) -> usize {
        self.lines
    }

    /// Counts bytes that the server has said are safe. `busy`: how many files are being sent.
    pub fn sent(&mut self, bytes: u64, busy: usize, now_ms: f64) {
        self.bytes += bytes;
        let since = *self.since_ms.get_or_insert(now_ms);
        let elapsed = now_ms - since;
        // A number that was not used tells nothing of it.
        if busy < self.lines {
            self.measure_anew(now_ms);
            return;
        }
        if elapsed < WINDOW_MS {
            return;
        }
        let speed = self.bytes as f64 / elapsed * 1000.0;
        self.measure_anew(now_ms);
        if self.lines > 1 && speed < self.before * GAIN {
            self.lines -= 1;
            self.before = 0.0;
            self.rest_until_ms = now_ms + REST_MS;
        } else if self.lines < MOST && now_ms >= self.rest_until_ms {
            self.lines += 1;
            self.before = speed;
        }
    }

    /// A connection was cut, or the server asked for patience.
    pub fn cut(&mut self, now_ms: f64) {
        self.lines = (self.lines / 2).max(1);
        self.before = 0.0;
        self.rest_until_ms = now_ms + REST_MS;
        self.measure_anew(now_ms);
    }

    fn measure_anew(&mut self, now_ms: f64) {
        self.bytes = 0;
        self.since_ms = Some(now_ms);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends for so long over a line that carries `each` bytes a second per file and `all` in sum. Returns how many files were sent
    /// at once on average in the second half.
    fn run(pace: &mut Pace, each: f64, all: f64, seconds: usize) -> f64 {
        let mut sum = 0;
        for tick in 0..seconds * 4 {
            let lines = pace.lines();
            let speed = (each * lines as f64).min(all);
            pace.sent((speed / 4.0) as u64, lines, tick as f64 * 250.0);
            if tick >= seconds * 2 {
                sum += lines;
            }
        }
        sum as f64 / (seconds * 2) as f64
    }

    #[test]
    fn a_long_fast_line_is_filled_and_a_slow_one_is_not_shared_out() {
        let mut pace = Pace::default();
        assert_eq!(pace.lines(), 1);
        assert_eq!(run(&mut pace, 1e6, 1e9, 60), MOST as f64);
        // Where one file fills the line, a second one is tried now and then and given up.
        let mut slow = Pace::default();
        let average = run(&mut slow, 1e5, 1e5, 600);
        assert!(average < 1.2, "{average} at once");
        // Two fill it.
        let mut two = Pace::default();
        let average = run(&mut two, 1e6, 2e6, 600);
        assert!((1.7..2.3).contains(&average), "{average} at once");
    }

    #[test]
    fn a_cut_halves_them_and_they_come_back() {
        let mut pace = Pace::default();
        run(&mut pace, 1e6, 1e9, 60);
        pace.cut(60_000.0);
        assert_eq!(pace.lines(), MOST / 2);
        for _ in 0..9 {
            pace.cut(60_000.0);
        }
        assert_eq!(pace.lines(), 1, "one is always tried");
        pace.sent(1, 1, 61_000.0);
        pace.sent(9_000_000, 1, 70_000.0);
        assert_eq!(pace.lines(), 1, "not at once");
        pace.sent(9_000_000, 1, 91_000.0);
        assert_eq!(pace.lines(), 2);
    }

    #[test]
    fn a_queue_that_runs_out_of_files_is_no_measure() {
        let mut pace = Pace::default();
        for tick in 0..100 {
            pace.sent(1_000_000, 0, f64::from(tick) * 250.0);
        }
        assert_eq!(pace.lines(), 1);
    }
}
