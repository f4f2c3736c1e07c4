//! One line a request in the log, without the secrets in addresses.

use std::time::Instant;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};

use super::address;
use crate::state::Vitrine;

/// First path segments after which a secret stands.
const SECRET_AFTER: [&str; 4] = ["setup", "order", "checkout", "contract"];

/// `path` in its right spelling with the secrets that some addresses carry struck out. Queries are never logged.
#[must_use]
pub fn redacted(path: &str) -> String {
    let spelled = address::spelled(path);
    let path = spelled.as_deref().unwrap_or(path);
    let mut segments = path.split('/');
    let _root = segments.next();
    let first = segments.next().unwrap_or_default();
    if !SECRET_AFTER.contains(&first) || segments.next().is_none_or(str::is_empty) {
        return path.to_owned();
    }
    let mut shown = format!("/{first}/…");
    for segment in segments {
        shown.push('/');
        shown.push_str(segment);
    }
    shown
}

/// Logs method, path, status and duration, and counts the response.
pub async fn log(State(vitrine): State<Vitrine>, request: Request, next: Next) -> Response {
    let start = Instant::now();
    let method = request.method().clone();
    let path = redacted(request.uri().path());
    let response = next.run(request).await;
    let status = response.status().as_u16();
    let duration = start.elapsed();
    vitrine.metrics.count(status, duration);
    tracing::info!(%method, path, status, ms = duration.as_millis() as u64, "response");
    response
}

#[cfg(test)]
mod tests {
    use super::redacted;

    #[test]
    fn tokens_never_reach_the_log() {
        assert_eq!(redacted("/setup/abc"), "/setup/…");
        assert_eq!(redacted("/setup/abc/more/parts"), "/setup/…/more/parts");
        assert_eq!(redacted("/order/abc"), "/order/…");
        assert_eq!(redacted("/checkout/abc/pay"), "/checkout/…/pay");
        assert_eq!(redacted("/contract/abc/take"), "/contract/…/take");
        assert_eq!(redacted("/p/cup"), "/p/cup");
        assert_eq!(redacted("/Setup/abc/"), "/setup/…");
        assert_eq!(redacted("//%73etup//abc"), "/setup/…");
        assert_eq!(redacted("/setup/"), "/setup");
        assert_eq!(redacted("/"), "/");
        assert_eq!(redacted(""), "");
    }
}
