//! Which compression a browser takes (RFC 9110, section 12.5.3).

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, header},
    middleware::Next,
    response::Response,
};

/// A content coding we have ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// Brotli.
    Br,
    /// Gzip.
    Gzip,
    /// None.
    Identity,
}

impl Coding {
    /// The value of `Content-Encoding`; `None` without one.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::Br => Some("br"),
            Self::Gzip => Some("gzip"),
            Self::Identity => None,
        }
    }
}

/// The best coding that `Accept-Encoding` allows: brotli, else gzip, else none.
#[must_use]
pub fn negotiate(headers: &HeaderMap) -> Coding {
    let lines = headers.get_all(header::ACCEPT_ENCODING);
    let (mut br, mut gzip, mut any) = (None, None, None);
    for entry in lines
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
    {
        let (name, weight) = weighed(entry);
        let slot = match name.to_ascii_lowercase().as_str() {
            "br" => &mut br,
            "gzip" | "x-gzip" => &mut gzip,
            "*" => &mut any,
            _ => continue,
        };
        *slot = Some(weight);
    }
    let wanted = |own: Option<bool>| own.or(any).unwrap_or(false);
    if wanted(br) {
        Coding::Br
    } else if wanted(gzip) {
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

/// A coding's name and whether it is wanted at all (`q` above 0).
fn weighed(entry: &str) -> (&str, bool) {
    let mut parts = entry.split(';');
    let name = parts.next().unwrap_or_default().trim();
    let refused = parts.any(|parameter| {
        let Some((key, value)) = parameter.split_once('=') else {
            return false;
        };
        key.trim().eq_ignore_ascii_case("q") && value.trim().parse::<f32>().is_ok_and(|q| q <= 0.0)
    });
    (name, !refused)
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
