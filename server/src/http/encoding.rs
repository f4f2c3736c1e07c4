//! Which compression a browser takes (RFC 9110, section 12.5.3).

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, header},
    middleware::Next,
    response::Response,
};
use bytes::Bytes;

use crate::cache;
pub use crate::cache::Coding;

/// What is shorter is sent as it is, bytes: compressing saves nothing.
const SHORT: usize = 256;

/// `bytes` in a coding; short ones are left as they are. Answers which coding they have.
#[must_use]
pub fn pack(coding: Coding, bytes: Bytes) -> (Coding, Bytes) {
    if bytes.len() < SHORT {
        return (Coding::Identity, bytes);
    }
    let packed = match coding {
        Coding::Br => cache::brotli(&bytes),
        Coding::Gzip => cache::gzip(&bytes),
        Coding::Identity => bytes,
    };
    (coding, packed)
}

/// The coding that `Accept-Encoding` weighs highest; of equal ones brotli, then gzip. None where neither is wanted: to send a
/// page as it is serves everyone better than a refusal, even where `identity` is refused.
#[must_use]
pub fn negotiate(headers: &HeaderMap) -> Coding {
    let lines = headers.get_all(header::ACCEPT_ENCODING);
    let (mut br, mut gzip, mut identity, mut any) = (None, None, None, None);
    for entry in lines
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
    {
        let (name, weight) = weighed(entry);
        let is = |coding: &str| name.eq_ignore_ascii_case(coding);
        if is("br") {
            br = Some(weight);
        } else if is("gzip") || is("x-gzip") {
            gzip = Some(weight);
        } else if is("identity") {
            identity = Some(weight);
        } else if is("*") {
            any = Some(weight);
        }
    }
    let weight = |own: Option<u16>| own.or(any).unwrap_or(0);
    let (br, gzip) = (weight(br), weight(gzip));
    // Where it is not named it is acceptable, and less so than whatever is.
    let identity = identity.unwrap_or(0);
    if br > 0 && br >= gzip && br >= identity {
        Coding::Br
    } else if gzip > 0 && gzip >= identity {
        Coding::Gzip
    } else {
        Coding::Identity
    }
}

/// Names the coding that the answer will have, in the place of what the browser wrote. What is negotiated after a handler ran
/// must not fail, because the handler may have changed something: whoever refuses every coding there is gets none, which RFC
/// 9110 (section 12.5.3) allows.
pub async fn settle(mut request: Request, next: Next) -> Response {
    let name = negotiate(request.headers()).name().unwrap_or("identity");
    request
        .headers_mut()
        .insert(header::ACCEPT_ENCODING, HeaderValue::from_static(name));
    next.run(request).await
}

/// A coding's name and its weight in thousandths (RFC 9110, section 12.4.2): 1000 where none is given, or none that can be read.
fn weighed(entry: &str) -> (&str, u16) {
    let mut parts = entry.split(';');
    let name = parts.next().unwrap_or_default().trim();
    let weight = parts.find_map(|parameter| {
        let (key, value) = parameter.split_once('=')?;
        let is_weight = key.trim().eq_ignore_ascii_case("q");
        is_weight.then(|| thousandths(value.trim())).flatten()
    });
    (name, weight.unwrap_or(1000))
}

fn thousandths(value: &str) -> Option<u16> {
    let weight = value.parse::<f32>().ok().filter(|q| q.is_finite())?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it lies between 0 and 1000"
    )]
    let thousandths = (weight.clamp(0.0, 1.0) * 1000.0).round() as u16;
    Some(thousandths)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn chosen(accept: &str) -> Coding {
        let mut headers = HeaderMap::new();
        if let Ok(value) = HeaderValue::from_str(accept) {
            headers.insert(header::ACCEPT_ENCODING, value);
        }
        negotiate(&headers)
    }

    #[test]
    fn the_highest_weight_wins() {
        for (accept, coding) in [
            ("br;q=0.2, gzip;q=0.8", Coding::Gzip),
            ("br;q=0.8, gzip;q=0.2", Coding::Br),
            ("gzip;q=0.5, br;q=0.5", Coding::Br),
            ("gzip;q=0.001", Coding::Gzip),
            ("identity, gzip;q=0.5", Coding::Identity),
            ("identity;q=0.5, gzip;q=0.5", Coding::Gzip),
            ("identity;q=0.5, *;q=0.4", Coding::Identity),
            ("gzip;q=0.4, *;q=0.6", Coding::Br),
            ("gzip, *;q=0", Coding::Gzip),
            ("identity;q=0", Coding::Identity),
            ("identity;q=0, gzip;q=0.1", Coding::Gzip),
            ("*;q=0, identity;q=0", Coding::Identity),
            ("br;q=0.000, gzip;q=0", Coding::Identity),
            ("br; Q=0", Coding::Identity),
            ("br;q=", Coding::Br),
            ("br;q=NaN", Coding::Br),
            ("br;q=-1", Coding::Identity),
            ("GZIP;q=1.5", Coding::Gzip),
        ] {
            assert_eq!(chosen(accept), coding, "{accept}");
        }
    }

    #[test]
    fn what_is_packed_says_so() {
        let long = Bytes::from("<p>cup</p>".repeat(100));
        for coding in [Coding::Br, Coding::Gzip] {
            let (packed, bytes) = pack(coding, long.clone());
            assert!(packed == coding && bytes.len() < long.len() / 4);
        }
        assert_eq!(
            pack(Coding::Identity, long.clone()),
            (Coding::Identity, long)
        );
        let short = Bytes::from_static(b"short");
        assert_eq!(pack(Coding::Br, short.clone()), (Coding::Identity, short));
    }

    #[test]
    fn brotli_first_and_refusals_are_kept() {
        assert_eq!(chosen("gzip, deflate, br, zstd"), Coding::Br);
        assert_eq!(chosen("gzip"), Coding::Gzip);
        assert_eq!(chosen("br;q=0, gzip;q=0.5"), Coding::Gzip);
        assert_eq!(chosen("*"), Coding::Br);
        assert_eq!(chosen("*;q=0"), Coding::Identity);
        assert_eq!(chosen("*, br;q=0"), Coding::Gzip);
        assert_eq!(chosen(""), Coding::Identity);
        assert_eq!(negotiate(&HeaderMap::new()), Coding::Identity);
    }

    proptest! {
        #[test]
        fn any_text_is_survived(accept in ".*") {
            let _ = chosen(&accept);
        }
    }
}
