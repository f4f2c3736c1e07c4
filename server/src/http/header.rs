//! Headers that every answer carries.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};

use crate::state::Vitrine;

/// What a page may load and do. No inline script and no inline style anywhere; WebAssembly is compiled from our own files.
/// `blob:` pictures and films are what the studio plays from the device before anything is uploaded.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
    img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self'; connect-src 'self'; worker-src 'self'; \
    form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'";

const NOTHING_ALLOWED: &str =
    "camera=(), microphone=(), display-capture=(), geolocation=(), payment=(), usb=()";
const STUDIO_ALLOWED: &str = "camera=(self), microphone=(self), display-capture=(self), geolocation=(self), payment=(), usb=()";

/// The security headers of an answer, but for what the studio and the checkout need.
pub fn security(is_https: bool) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let mut set = |name: HeaderName, value: &'static str| {
        headers.insert(name, HeaderValue::from_static(value))
    };
    set(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY);
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    // Order and setup links are secrets; a foreign site must not learn them from a referrer. `same-origin` keeps `Origin` on our own forms.
    set(header::REFERRER_POLICY, "same-origin");
    set(
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    );
    set(
        HeaderName::from_static("permissions-policy"),
        NOTHING_ALLOWED,
    );
    if is_https {
        set(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
    headers
}

/// Sets the security headers.
pub async fn secure(State(vitrine): State<Vitrine>, request: Request, next: Next) -> Response {
    let is_studio = request.uri().path() == "/studio";
    let is_checkout = request.uri().path().starts_with("/checkout/");
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in &vitrine.security {
        headers.insert(name, value.clone());
    }
    if is_studio {
        headers.insert(
            HeaderName::from_static("permissions-policy"),
            HeaderValue::from_static(STUDIO_ALLOWED),
        );
    }
    // A form that pays is answered with the way to the processor's page, and browsers hold that against the form's page.
    if is_checkout && let Ok(policy) = HeaderValue::from_str(&vitrine.checkout_policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}
