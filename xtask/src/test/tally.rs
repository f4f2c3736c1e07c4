//! How many tests passed, read from what the test runners print.

/// Counts of tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl Tally {
    /// A check without tests of its own that passed.
    pub(crate) const PASSED: Self = Self {
        passed: 1,
        failed: 0,
        skipped: 0,
    };
    /// A check that failed before it could count.
    pub(crate) const FAILED: Self = Self {
        passed: 0,
        failed: 1,
        skipped: 0,
    };

    /// The sum over the summary lines of libtest, nextest, wasm-bindgen-test and Playwright.
    pub(crate) fn of(lines: &[String]) -> Self {
        let mut tally = Self::default();
        for line in lines {
            let line = plain(line);
            // Indented, it is what a failed test printed, which nextest repeats and has counted.
            if let Some(counts) = line.strip_prefix("test result: ") {
                tally += words(counts);
                continue;
            }
            let line = line.trim();
            if let Some((_, counts)) = line
                .strip_prefix("Summary [")
                .and_then(|rest| rest.split_once(']'))
            {
                tally += words(counts);
            } else if line.starts_with(|first: char| first.is_ascii_digit()) {
                tally += playwright(line);
            }
        }
        tally
    }

    /// This tally, with a failure added when the runner's status was bad and it counted none: it broke before the end.
    pub(crate) fn with_status(mut self, ok: bool) -> Self {
        if !ok && self.failed == 0 {
            self.failed = 1;
        }
        self
    }
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

/// Each number with the word after it.
fn words(text: &str) -> Tally {
    let mut tally = Tally::default();
    let mut number: Option<u64> = None;
    for word in text
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
    {
        match (number.take(), word) {
            (Some(count), "passed") => tally.passed += count,
            (Some(count), "failed" | "timed") => tally.failed += count,
            // libtest calls a test that a filter left out "filtered out", nextest "skipped": neither ran.
            (Some(count), "skipped" | "ignored" | "filtered") => tally.skipped += count,
            _ => number = word.parse().ok(),
        }
    }
    tally
}

/// A line of Playwright's summary: a count and what happened, then perhaps the time in brackets.
fn playwright(line: &str) -> Tally {
    let Some((count, word)) = line.split_once(' ') else {
        return Tally::default();
    };
    let Ok(count) = count.parse::<u64>() else {
        return Tally::default();
    };
    let word = word.split(" (").next().unwrap_or(word);
    let mut tally = Tally::default();
    match word {
        "passed" => tally.passed = count,
        // A test that needed a second try has shown that it cannot be trusted.
        "failed" | "flaky" | "interrupted" => tally.failed = count,
        "skipped" | "did not run" => tally.skipped = count,
        _ => {}
    }
    tally
}

/// A line without its colours (ECMA-48 sequences that end in a letter).
fn plain(line: &str) -> String {
    let mut text = String::new();
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        if character == '\u{1b}' {
            for inner in characters.by_ref() {
                if inner.is_ascii_alphabetic() {
                    break;
                }
            }
        } else {
            text.push(character);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Tally {
        Tally::of(&text.lines().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn libtest() {
        let text = "test a ... ok\ntest result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.1s\n\
                    test result: FAILED. 2 passed; 3 failed; 0 ignored; 0 measured; 4 filtered out";
        assert_eq!(
            of(text),
            Tally {
                passed: 7,
                failed: 3,
                skipped: 5
            }
        );
    }

    #[test]
    fn nextest_with_colours() {
        let text = "\u{1b}[32;1m     Summary\u{1b}[0m [   0.003s] 12 tests run: 9 passed (1 slow), 2 failed, 1 timed out, 4 skipped";
        assert_eq!(
            of(text),
            Tally {
                passed: 9,
                failed: 3,
                skipped: 4
            }
        );
    }

    #[test]
    fn what_a_failed_test_printed_is_no_count_of_its_own() {
        let text = "        FAIL [   0.1s] a::b\n  stdout ───\n\n    test result: FAILED. 0 passed; 1 failed; 59 filtered out\n\
                    ────────────\n     Summary [   0.3s] 60 tests run: 59 passed, 1 failed, 0 skipped";
        assert_eq!(
            of(text),
            Tally {
                passed: 59,
                failed: 1,
                skipped: 0
            }
        );
    }

    #[test]
    fn playwright() {
        let text = "Running 6 tests using 1 worker\n  1 failed\n    [x] › a.spec.ts\n  1 flaky\n  2 did not run\n  3 passed (12.0s)";
        assert_eq!(
            of(text),
            Tally {
                passed: 3,
                failed: 2,
                skipped: 2
            }
        );
    }

    #[test]
    fn other_lines_do_not_count() {
        assert_eq!(
            of("I passed 3 of them\n3 bottles\npassed"),
            Tally::default()
        );
    }

    #[test]
    fn a_runner_that_broke_counts_as_a_failure() {
        assert_eq!(Tally::default().with_status(false), Tally::FAILED);
        assert_eq!(Tally::PASSED.with_status(true), Tally::PASSED);
    }
}
