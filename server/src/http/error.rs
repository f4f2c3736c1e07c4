//! What went wrong, as a status, a code and a message; the one place that turns it into a response and logs it.
//!
//! Handlers return [`Problem`]; it travels in the response's extensions to [`render`], which answers a script with JSON
//! ([`wire::Problem`]) and a person with a page. Rejections by axum itself (a body too large, a method that is not there) take
//! the same way.

use std::borrow::Cow;

use axum::{
    body::{Body, Bytes},
    extract::{Request, State},
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use domain::wire::{self, address};
use services::rate_limit;

use super::{encoding, trace};
use crate::state::Vitrine;

/// Something that went wrong.
#[derive(Debug, Clone)]
pub struct Problem {
    status: StatusCode,
    code: Cow<'static, str>,
    message: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// What only the log may say.
    cause: Option<String>,
}

impl Problem {
    /// A problem with a message: a whole sentence that says what to do next.
    #[must_use]
    pub fn new(
        status: StatusCode,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            status,
            code: code.into(),
            message: message.into(),
            headers: Vec::new(),
            cause: None,
        }
    }

    /// There is nothing here for whoever asks; also the answer about what belongs to another shop.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            "There is nothing at this address. It may have moved, or the link may be cut short.",
        )
    }

    /// The request cannot be read.
    #[must_use]
    pub fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }

    /// Adds a header to the answer.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Something broke on our side; the cause goes to the log only.
    #[must_use]
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        let mut problem = Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "The shop made a mistake. Nothing was lost; try again, and if it stays, look into the server's log.",
        );
        problem.cause = Some(cause.to_string());
        problem
    }

    /// The status of the answer.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// The word for programs.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The message of the answer.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The problem of a response without one, from axum or a layer.
    fn of_status(status: StatusCode) -> Self {
        let (code, message) = match status {
            StatusCode::NOT_FOUND => return Self::not_found(),
            StatusCode::METHOD_NOT_ALLOWED => (
                "method_not_allowed",
                "This address cannot be asked that way. Go back and use the page's own buttons.",
            ),
            StatusCode::PAYLOAD_TOO_LARGE => (
                "too_large",
                "That is larger than this address takes. Send something smaller, or fewer files at once.",
            ),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => (
                "unsupported_media_type",
                "The content type of this request is not one that this address reads.",
            ),
            StatusCode::REQUEST_TIMEOUT => {
                ("timeout", "This took too long and was given up. Try again.")
            }
            StatusCode::SERVICE_UNAVAILABLE => (
                "unavailable",
                "The shop cannot answer just now. Try again in a minute.",
            ),
            status if status.is_server_error() => return Self::internal(status),
            _ => (
                "bad_request",
                "The shop could not read this request. Go back, check what you entered, and try again.",
            ),
        };
        Self::new(status, code, message)
    }
}

impl From<services::Error> for Problem {
    fn from(error: services::Error) -> Self {
        let status =
            StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut problem = Self::new(status, error.code(), error.message());
        match &error {
            services::Error::Internal(cause) => problem.cause = Some(cause.clone()),
            services::Error::Limited { retry_after_s, .. } => {
                return problem.with(header::RETRY_AFTER, HeaderValue::from(*retry_after_s));
            }
            services::Error::Unavailable(_) => {
                return problem.with(header::RETRY_AFTER, HeaderValue::from(1_u64));
            }
            _ => {}
        }
        problem
    }
}

impl From<rate_limit::Wait> for Problem {
    fn from(wait: rate_limit::Wait) -> Self {
        services::Error::from(wait).into()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        for (name, value) in &self.headers {
            response.headers_mut().append(name.clone(), value.clone());
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// Whether a script asked, whose answer is JSON. Server functions are called by scripts and by forms; only a browser that
/// shows what comes back, as it does after a form, asks for HTML.
fn wants_json(request: &Request) -> bool {
    let path = request.uri().path();
    let is_function = path
        .strip_prefix(address::FUNCTIONS)
        .is_some_and(|rest| rest.starts_with('/'));
    let accepts_html = || {
        let accept = request.headers().get_all(header::ACCEPT);
        accept
            .iter()
            .filter_map(|line| line.to_str().ok())
            .any(|line| line.contains("text/html"))
    };
    path.starts_with("/api/") || (is_function && !accepts_html())
}

fn title(status: StatusCode) -> &'static str {
    match status {
        StatusCode::NOT_FOUND => "Nothing here",
        StatusCode::GONE => "This link is used up",
        StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED => "Not allowed",
        StatusCode::CONFLICT => "That has changed",
        StatusCode::PAYLOAD_TOO_LARGE => "Too large",
        StatusCode::TOO_MANY_REQUESTS => "Too many tries",
        StatusCode::MISDIRECTED_REQUEST => "Wrong address",
        status if status.is_server_error() => "Something broke",
        _ => "That did not work",
    }
}

/// Label and address of the link on an error page for `path`.
fn next_link(path: &str) -> (&'static str, &'static str) {
    if path.starts_with("/manage") || path.starts_with("/studio") {
        ("Back to your shop", "/manage")
    } else if path.starts_with("/sign-in") {
        ("Sign in", "/sign-in")
    } else {
        ("To the shop", "/")
    }
}

/// Gives every problem its body, JSON or a page, and logs it once.
pub async fn render(State(vitrine): State<Vitrine>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let is_head = request.method() == Method::HEAD;
    let wants_json = wants_json(&request);
    let coding = encoding::negotiate(request.headers());
    let mut response = next.run(request).await;
    let status = response.status();
    let problem = match response.extensions_mut().remove::<Problem>() {
        Some(problem) => problem,
        None if is_bare_error(&response) => Problem::of_status(status),
        None => return response,
    };
    if problem.status.is_server_error() {
        tracing::error!(
            status = status.as_u16(),
            path = %trace::redacted(&path),
            cause = problem.cause.as_deref().unwrap_or(&problem.message),
            "a request failed"
        );
    } else {
        tracing::debug!(
            status = status.as_u16(),
            code = &*problem.code,
            "a request was refused"
        );
    }
    let (kind, text) = if wants_json {
        let problem = wire::Problem {
            status: status.as_u16(),
            code: problem.code.into_owned(),
            message: problem.message,
        };
        // Two strings and a number always are JSON.
        let json = serde_json::to_string(&problem).unwrap_or_default();
        ("application/json", json)
    } else {
        let next = next_link(&path);
        let (status, title) = (status.as_u16(), title(status));
        let page = app::error::page::error(&vitrine.site, status, title, &problem.message, next);
        ("text/html; charset=utf-8", page)
    };
    let (coding, body) = encoding::pack(coding, Bytes::from(text));
    let length = HeaderValue::from(body.len());
    let body = if is_head {
        Body::empty()
    } else {
        Body::from(body)
    };
    let mut rendered = (status, body).into_response();
    for (name, value) in response.headers() {
        if *name != header::CONTENT_TYPE && *name != header::CONTENT_LENGTH {
            rendered.headers_mut().append(name.clone(), value.clone());
        }
    }
    let headers = rendered.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CONTENT_LENGTH, length);
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(name) = coding.name() {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
    }
    rendered
}

/// An error without a page or JSON of its own.
fn is_bare_error(response: &Response) -> bool {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return false;
    }
    response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"))
}
