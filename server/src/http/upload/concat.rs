//! `Upload-Concat` (tus 1.0, concatenation extension): `partial`, or `final;` and the addresses of partial uploads with
//! spaces between, in the order in which they are joined.

use domain::{id::UploadId, wire::address};

/// The most uploads that are joined to one.
const MOST: usize = 128;

/// What an upload is to others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Concat {
    /// One part of a file.
    Partial,
    /// Joined of these.
    Final(Vec<UploadId>),
}

/// Why the header cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unusable {
    /// Neither of the two.
    #[error(
        "Upload-Concat must be `partial`, or `final;` and the addresses of partial uploads with spaces between."
    )]
    Form,
    /// More than 128 addresses.
    #[error("Upload-Concat names more than 128 partial uploads. Send the file in fewer parts.")]
    TooMany,
    /// Not the address of an upload of this server.
    #[error(
        "Upload-Concat names an address that is no upload of this server. Use what Location said when each was created."
    )]
    Address,
}

/// Reads the header. Addresses may be absolute at `origin`, or begin with the path.
///
/// # Errors
/// See [`Unusable`].
pub(super) fn parse(header: &str, origin: &str) -> Result<Concat, Unusable> {
    let header = header.trim();
    if header == "partial" {
        return Ok(Concat::Partial);
    }
    let addresses = header.strip_prefix("final;").ok_or(Unusable::Form)?;
    let mut uploads = Vec::new();
    for address in addresses.split(' ').filter(|address| !address.is_empty()) {
        if uploads.len() == MOST {
            return Err(Unusable::TooMany);
        }
        let path = match address.strip_prefix(origin) {
            Some(path) => path,
            None => address,
        };
        let id = path
            .strip_prefix(address::UPLOADS)
            .and_then(|rest| rest.strip_prefix('/'))
            .ok_or(Unusable::Address)?;
        uploads.push(id.parse().map_err(|_| Unusable::Address)?);
    }
    if uploads.is_empty() {
        return Err(Unusable::Form);
    }
    Ok(Concat::Final(uploads))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOME: &str = "http://localhost:3000";

    fn ids(ids: &[&str]) -> Concat {
        Concat::Final(ids.iter().map(|id| id.parse().unwrap()).collect())
    }

    #[test]
    fn addresses_are_absolute_or_paths() {
        assert_eq!(parse("partial", HOME), Ok(Concat::Partial));
        let both = "final;/api/uploads/a1 http://localhost:3000/api/uploads/b2";
        assert_eq!(parse(both, HOME), Ok(ids(&["a1", "b2"])));
        assert_eq!(
            parse("final; /api/uploads/a1  /api/uploads/a1", HOME),
            Ok(ids(&["a1", "a1"]))
        );
    }

    #[test]
    fn what_cannot_be_joined_is_refused() {
        for (header, expected) in [
            ("", Unusable::Form),
            ("Partial", Unusable::Form),
            ("final", Unusable::Form),
            ("final;", Unusable::Form),
            ("final; ", Unusable::Form),
            ("final;a1", Unusable::Address),
            ("final;/files/a1", Unusable::Address),
            ("final;/api/uploadsa1", Unusable::Address),
            ("final;/api/uploads/", Unusable::Address),
            ("final;/api/uploads/../a", Unusable::Address),
            ("final;https://evil.test/api/uploads/a1", Unusable::Address),
            (
                "final;http://localhost:30001/api/uploads/a1",
                Unusable::Address,
            ),
        ] {
            assert_eq!(parse(header, HOME), Err(expected), "{header}");
        }
        let many = format!("final;{}", "/api/uploads/a ".repeat(129));
        assert_eq!(parse(&many, HOME), Err(Unusable::TooMany));
    }

    proptest! {
        #[test]
        fn any_text_is_survived(header in "(final;)?[ -~]*") {
            let _ = parse(&header, HOME);
        }
    }
}
