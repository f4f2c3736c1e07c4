//! Any headers that a client can send: they are read or refused with a sentence, and nothing else happens. `server/fuzz` drives
//! [`read`] for as long as somebody likes; the tests do for a moment, and in every run alike.

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::{body, draft, field, number, parse_checksum, parse_creation};

fn is_refused_well(problem: &super::Problem) -> bool {
    problem.status() == StatusCode::BAD_REQUEST && problem.message().ends_with('.')
}

/// Reads lines of `name: value`, in whatever bytes, as the headers of an upload.
///
/// # Panics
/// When what is read of them is not what they may say.
pub fn read(lines: &[u8]) {
    let mut headers = HeaderMap::new();
    for line in lines.split(|byte| *byte == b'\n').take(64) {
        let Some(at) = line.windows(2).position(|pair| pair == b": ") else {
            continue;
        };
        let name = HeaderName::from_bytes(&line[..at]);
        let value = HeaderValue::from_bytes(&line[at + 2..]);
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    check(&headers);
}

/// Whether a creation is read of the headers.
fn check(headers: &HeaderMap) -> bool {
    let creation = parse_creation(headers, "http://localhost:3000");
    let is_read = creation.is_ok();
    match creation {
        Ok((new, partials)) => {
            assert!(partials.is_none_or(|partials| !partials.is_empty()));
            assert!(new.metadata.len() <= 4096);
            assert!(new.span.is_none_or(|(start, end)| start <= end));
        }
        Err(problem) => assert!(is_refused_well(&problem), "{}", problem.message()),
    }
    for read in [
        parse_checksum(headers).err(),
        number(headers, "upload-offset").err(),
    ] {
        assert!(read.is_none_or(|problem| is_refused_well(&problem)));
    }
    let count = field::count(headers, "upload-offset");
    assert!(count.is_none_or(|count| count < 1_000_000_000_000_000));
    let _ = field::digest(headers, "content-digest", "sha-256");
    let _ = body::has_trailing_checksum(headers);
    let _ = draft::Version::of(headers);
    is_read
}

#[cfg(test)]
mod tests {
    use proptest::{
        prelude::*,
        sample::select,
        strategy::ValueTree,
        test_runner::{Config, TestRunner},
    };

    use super::*;

    const NAMES: [&str; 12] = [
        "upload-length",
        "upload-offset",
        "upload-metadata",
        "upload-defer-length",
        "upload-concat",
        "upload-checksum",
        "upload-complete",
        "upload-draft-interop-version",
        "content-digest",
        "content-length",
        "content-type",
        "trailer",
    ];

    const PIECES: [&str; 32] = [
        "0",
        "1",
        "10",
        "007",
        "-1",
        "18446744073709551615",
        "18446744073709551616",
        "1e9",
        "?0",
        "?1",
        "partial",
        "final;",
        "/api/uploads/a",
        "http://localhost:3000/api/uploads/b",
        "//",
        "kind cGhvdG8=",
        "kind Y2xpcA==",
        "filename",
        ",",
        ";",
        " ",
        "=",
        ":",
        "sha1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=",
        "sha256 ",
        "sha-256=:YWJj:",
        "Upload-Checksum",
        "image/png",
        "AA==",
        "%00",
        "\t",
        "é",
    ];

    fn value() -> impl Strategy<Value = Vec<u8>> {
        let pieces = prop::collection::vec(select(&PIECES[..]), 0..6);
        prop_oneof![
            3 => pieces.prop_map(|pieces| pieces.concat().into_bytes()),
            1 => prop::collection::vec(any::<u8>(), 0..40),
        ]
    }

    /// Half of them begin with what a good client sends, so that what is odd beside it is reached.
    fn headers() -> impl Strategy<Value = HeaderMap> {
        let pairs = prop::collection::vec((select(&NAMES[..]), value()), 0..6);
        (any::<bool>(), pairs).prop_map(|(is_good, pairs)| {
            let mut headers = HeaderMap::new();
            if is_good {
                headers.insert("upload-length", HeaderValue::from_static("10"));
                headers.insert("upload-metadata", HeaderValue::from_static("kind cGhvdG8="));
            }
            for (name, value) in pairs {
                if let Ok(value) = HeaderValue::from_bytes(&value) {
                    headers.append(HeaderName::from_static(name), value);
                }
            }
            headers
        })
    }

    #[test]
    fn any_headers_are_read_or_refused_with_a_sentence() {
        let mut runner = TestRunner::new_with_rng(
            Config {
                failure_persistence: None,
                ..Config::with_cases(10_000)
            },
            TestRunner::deterministic().rng().clone(),
        );
        let ran = runner.run(&headers(), |headers| {
            check(&headers);
            Ok(())
        });
        assert!(ran.is_ok(), "{ran:?}");
        // The cases reach both sides.
        let (mut read, mut refused) = (0, 0);
        let mut runner = TestRunner::deterministic();
        for _ in 0..2000 {
            let headers = headers().new_tree(&mut runner).unwrap().current();
            match check(&headers) {
                true => read += 1,
                false => refused += 1,
            }
        }
        assert!(read > 200 && refused > 200, "{read} {refused}");
    }

    #[test]
    fn the_seeds_of_the_fuzzer_and_what_is_near_them_are_survived() {
        let seeds =
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds/upload_headers");
        let mut files: Vec<_> = std::fs::read_dir(seeds)
            .expect("the seeds")
            .map(|entry| std::fs::read(entry.expect("a seed").path()).expect("a seed"))
            .collect();
        files.sort();
        assert!(files.len() >= 7);
        let mut runner = TestRunner::deterministic();
        let changes =
            prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4_u8), 1..5);
        for seed in files {
            read(&seed);
            for _ in 0..1000 {
                let mut bytes = seed.clone();
                for (at, byte, kind) in changes.new_tree(&mut runner).unwrap().current() {
                    let at = at.index(bytes.len().max(1));
                    match kind {
                        0 if at < bytes.len() => bytes[at] = byte,
                        1 => bytes.truncate(at),
                        2 if at < bytes.len() => drop(bytes.remove(at)),
                        _ => bytes.insert(at.min(bytes.len()), byte),
                    }
                }
                read(&bytes);
            }
        }
    }
}
