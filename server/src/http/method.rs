//! Methods that nothing here answers.

use axum::{
    extract::Request,
    http::{HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::error::Problem;

/// Refuses `TRACE` and `CONNECT` (405) and what no standard that this server knows calls a method (501), before anything
/// asks where a request comes from.
pub async fn known(request: Request, next: Next) -> Response {
    match *request.method() {
        Method::GET
        | Method::HEAD
        | Method::OPTIONS
        | Method::POST
        | Method::PUT
        | Method::PATCH
        | Method::DELETE => next.run(request).await,
        Method::TRACE | Method::CONNECT => Problem::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            "This shop neither echoes requests nor passes them on.",
        )
        .with(
            header::ALLOW,
            HeaderValue::from_static("GET, HEAD, OPTIONS, POST"),
        )
        .into_response(),
        _ => Problem::new(
            StatusCode::NOT_IMPLEMENTED,
            "not_implemented",
            "This shop does not know that method.",
        )
        .into_response(),
    }
}
