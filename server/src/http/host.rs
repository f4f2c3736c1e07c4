//! One host name for the shop. Passkeys and cookies belong to a name, so a request under another one (127.0.0.1, say) is
//! redirected.

use axum::{
    body::Body,
    extract::State,
    http::{HeaderValue, Method, Request, StatusCode, Version, header, uri::Authority},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::{error::Problem, forwarded};
use crate::state::Vitrine;

/// Addresses that monitoring and edges ask under whatever name they know.
const ANY_NAME: [&str; 3] = ["/healthz", "/metrics", crate::edge::feed::PATH];

/// Redirects reads to the public address (308) and refuses writes under another name (421): their cookie is not here.
pub async fn canonical(
    State(vitrine): State<Vitrine>,
    request: Request<Body>,
    next: Next,
) -> Response {
    let asked = match asked_host(&request) {
        Ok(asked) => asked,
        Err(problem) => return problem.into_response(),
    };
    let public = &vitrine.config.public_url;
    let peer = forwarded::peer(request.extensions());
    let asked = forwarded::read(&vitrine.config.proxies, peer, request.headers())
        .host
        .or(asked);
    let is_public = |host: &String| public.is_named_by(host);
    if asked.as_ref().is_some_and(is_public) || ANY_NAME.contains(&request.uri().path()) {
        return next.run(request).await;
    }
    if forwarded::hosts(request.headers()).iter().any(is_public) {
        // The browser did ask under the public name: sent there again, it would come back the same way for ever.
        return Problem::new(
            StatusCode::MISDIRECTED_REQUEST,
            "wrong_proxy",
            format!("The proxy in front of this shop was asked for {public} and did not pass that on so that it can be believed. Let it send Host as it came, or start the shop with --trusted-proxy."),
        )
        .into_response();
    }
    let is_reading = matches!(*request.method(), Method::GET | Method::HEAD);
    let onward = request.uri().path_and_query().map_or("/", |p| p.as_str());
    if is_reading
        && onward.starts_with('/')
        && let Ok(onward) = HeaderValue::from_str(&public.link(onward))
    {
        return (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, onward)]).into_response();
    }
    Problem::new(
        StatusCode::MISDIRECTED_REQUEST,
        "wrong_host",
        format!("This shop lives at {public}. Open that address and do it again there; nothing was changed."),
    )
    .into_response()
}

/// Whether a request names the public address in so many letters, in the one place where its version of HTTP does. `false` says
/// nothing: [`canonical`] looks closer.
pub fn is_public<B>(vitrine: &Vitrine, request: &Request<B>) -> bool {
    let mut lines = request.headers().get_all(header::HOST).iter();
    let host = match (lines.next(), lines.next(), request.uri().authority()) {
        (Some(host), None, None) => host.as_bytes(),
        (None, None, Some(target)) if request.version() >= Version::HTTP_2 => {
            target.as_str().as_bytes()
        }
        _ => return false,
    };
    host == vitrine.authority.as_bytes()
}

/// The host that was asked for. A target that names one counts more than `Host` (RFC 9112, section 3.2.2), which HTTP/1.1
/// must send, once and well formed, all the same.
fn asked_host(request: &Request<Body>) -> Result<Option<String>, Problem> {
    let bad = |message: &str| Err(Problem::bad(message));
    let mut lines = request.headers().get_all(header::HOST).iter();
    let host = match (lines.next(), lines.next()) {
        (Some(_), Some(_)) => return bad("A request names its host once; this one has two."),
        (Some(line), None) => {
            let host = line.to_str().ok().map(str::trim);
            match host.filter(|host| is_well_formed(host)) {
                Some(host) => Some(host.to_owned()),
                None => return bad("The host of this request is not the name of one."),
            }
        }
        (None, _) => None,
    };
    let target = request.uri().authority();
    if target.is_some_and(|target| target.as_str().contains('@')) {
        return bad("The host of this request is not the name of one.");
    }
    let needs_host = match request.version() {
        Version::HTTP_11 => host.is_none(),
        Version::HTTP_2 | Version::HTTP_3 => host.is_none() && target.is_none(),
        _ => false,
    };
    if needs_host {
        return bad("A request must name the host it is for. Send the header Host.");
    }
    Ok(target.map(|target| target.as_str().to_owned()).or(host))
}

fn is_well_formed(host: &str) -> bool {
    !host.contains('@') && host.parse::<Authority>().is_ok()
}
