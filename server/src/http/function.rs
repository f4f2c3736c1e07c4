//! Server functions (`app::…::api`): what scripts and forms ask of the server outside tus, at stable addresses under `/fn`.
//!
//! `leptos_axum` finds the function, reads its arguments and runs it. What it leaves open is here: content type, length, rate
//! limit and viewer are checked before, for each function by its line in [`FUNCTIONS`]; what comes out is JSON, a redirect
//! (303), or a [`Problem`]. The origin is checked for everything that changes something, see [`super::csrf`].

use std::net::IpAddr;

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::{DefaultBodyLimit, FromRequest, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
    routing::post,
};
use domain::{identity::device::Session, wire::address};
use serde::de::IgnoredAny;

use super::{browser::Browser, cookie, error::Problem, viewer};
use crate::state::Vitrine;

/// Longest refusal, bytes: a status, a code and a message as JSON.
const MAX_REFUSAL_BYTES: usize = 64 * 1024;

/// What a request must be before its function runs.
struct Function {
    path: &'static str,
    arguments: Arguments,
    /// Longest arguments, bytes.
    max_bytes: usize,
    guard: Guard,
}

/// How the arguments are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Arguments {
    /// By a form without files, which works without scripts.
    Form,
    /// By a script.
    Json,
}

impl Arguments {
    const fn content_type(self) -> &'static str {
        match self {
            Self::Form => "application/x-www-form-urlencoded",
            Self::Json => "application/json",
        }
    }

    /// Whether the request has the content type of such arguments.
    fn are_in(self, headers: &HeaderMap) -> bool {
        headers
            .get(header::CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok())
            .and_then(|kind| kind.split(';').next())
            .is_some_and(|kind| kind.trim().eq_ignore_ascii_case(self.content_type()))
    }

    /// Whether the body is of that content type, whatever it says.
    fn are_well_formed(self, body: &[u8]) -> bool {
        match self {
            Self::Form => str::from_utf8(body).is_ok(),
            Self::Json => serde_json::from_slice::<IgnoredAny>(body).is_ok(),
        }
    }
}

/// Who may call a function, and how often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Guard {
    /// Whoever is signed in.
    Viewer,
    /// Anyone, as often as joining waitlists is allowed.
    WaitlistLimit,
    /// Anyone, as often as opening set-up links is allowed. What succeeds is given back.
    SetupLimit,
    /// Anyone; the services limit how often an address or a handle tries to sign in.
    SignInLimits,
}

/// Every server function.
const FUNCTIONS: [Function; 8] = [
    Function {
        path: app::catalog::api::JOIN_WAITLIST,
        arguments: Arguments::Form,
        max_bytes: 4 * 1024,
        guard: Guard::WaitlistLimit,
    },
    Function {
        path: address::CREATE_PRODUCT,
        arguments: Arguments::Json,
        // A draft carries everything that was chosen from a recording.
        max_bytes: 1024 * 1024,
        guard: Guard::Viewer,
    },
    Function {
        path: address::START_PASSKEY_SETUP,
        arguments: Arguments::Json,
        max_bytes: super::MAX_FORM_BYTES,
        guard: Guard::SetupLimit,
    },
    Function {
        path: address::FINISH_PASSKEY_SETUP,
        arguments: Arguments::Json,
        max_bytes: super::MAX_FORM_BYTES,
        guard: Guard::SetupLimit,
    },
    Function {
        path: address::START_PASSKEY_SIGN_IN,
        arguments: Arguments::Json,
        max_bytes: super::MAX_FORM_BYTES,
        guard: Guard::SignInLimits,
    },
    Function {
        path: address::FINISH_PASSKEY_SIGN_IN,
        arguments: Arguments::Json,
        max_bytes: super::MAX_FORM_BYTES,
        guard: Guard::SignInLimits,
    },
    Function {
        path: address::START_PASSKEY_ADDITION,
        arguments: Arguments::Json,
        max_bytes: super::MAX_FORM_BYTES,
        guard: Guard::Viewer,
    },
    Function {
        path: address::FINISH_PASSKEY_ADDITION,
        arguments: Arguments::Json,
        max_bytes: super::MAX_FORM_BYTES,
        guard: Guard::Viewer,
    },
];

/// `POST` for every server function.
pub fn routes() -> Router<Vitrine> {
    app::function::register();
    let mut router = Router::new();
    for function in &FUNCTIONS {
        let handler = post(
            move |State(vitrine): State<Vitrine>, browser: Browser, request: Request| {
                handle(vitrine, function, browser, request)
            },
        );
        router = router.route(
            function.path,
            handler.layer(DefaultBodyLimit::max(function.max_bytes)),
        );
    }
    router
}

async fn handle(
    vitrine: Vitrine,
    function: &'static Function,
    Browser(browser): Browser,
    request: Request,
) -> Result<Response, Problem> {
    if !function.arguments.are_in(request.headers()) {
        return Ok(StatusCode::UNSUPPORTED_MEDIA_TYPE.into_response());
    }
    let address = browser.ip;
    let session = check(&vitrine, function.guard, address, request.headers()).await?;
    let (parts, body) = request.into_parts();
    let request = Request::from_parts(parts.clone(), body);
    let body = match Bytes::from_request(request, &()).await {
        Ok(body) => body,
        Err(rejection) => return Ok(rejection.into_response()),
    };
    if !function.arguments.are_well_formed(&body) {
        return Ok(StatusCode::BAD_REQUEST.into_response());
    }
    let context = app::function::Context::new(vitrine.services.clone(), browser, session);
    let mut response = call(&context, parts, body).await?;
    if function.guard == Guard::SetupLimit {
        vitrine.limits.setup.give_back(&address);
    }
    if let Some(begun) = context.begun_session() {
        for (name, cookie) in cookie::begin(&vitrine, begun, vitrine.clock.now())? {
            response.headers_mut().append(name, cookie);
        }
    }
    Ok(response)
}

/// Lets a request pass or refuses it. Returns the session where the function asks for somebody who is signed in.
async fn check(
    vitrine: &Vitrine,
    guard: Guard,
    address: IpAddr,
    headers: &HeaderMap,
) -> Result<Option<Session>, Problem> {
    let now = vitrine.clock.now();
    match guard {
        Guard::Viewer => {
            let session = viewer::find(vitrine, headers).await?;
            return session.map(Some).ok_or_else(viewer::signed_out);
        }
        Guard::WaitlistLimit => vitrine.limits.waitlist.take(&address, now)?,
        Guard::SetupLimit => vitrine.limits.setup.take(&address, now)?,
        Guard::SignInLimits => {}
    }
    Ok(None)
}

/// Runs the server function at the request's address.
async fn call(
    context: &app::function::Context,
    mut parts: Parts,
    body: Bytes,
) -> Result<Response, Problem> {
    // With these Leptos would send a browser back to its `Referer`, with the error in the address.
    parts.headers.remove(header::ACCEPT);
    parts.headers.remove(header::REFERER);
    let provided = context.clone();
    let answer = leptos_axum::handle_server_fns_with_context(
        move || provided.provide(),
        Request::from_parts(parts, Body::from(body)),
    )
    .await
    .into_response();
    let no_store = (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(location) = answer.headers().get(header::LOCATION) {
        let headers = [(header::LOCATION, location.clone()), no_store];
        return Ok((StatusCode::SEE_OTHER, headers).into_response());
    }
    if answer.status().is_success() {
        let kind = answer.headers().get(header::CONTENT_TYPE).cloned();
        let mut response = Response::new(answer.into_body());
        let headers = response.headers_mut();
        headers.extend(kind.map(|kind| (header::CONTENT_TYPE, kind)));
        headers.extend([no_store]);
        return Ok(response);
    }
    let body = to_bytes(answer.into_body(), MAX_REFUSAL_BYTES)
        .await
        .map_err(Problem::internal)?;
    Err(app::function::Refusal::read(body.into()).into())
}

impl From<app::function::Refusal> for Problem {
    fn from(refusal: app::function::Refusal) -> Self {
        let problem = refusal.problem;
        let status = match StatusCode::from_u16(problem.status) {
            Ok(status) if status != StatusCode::INTERNAL_SERVER_ERROR => status,
            _ => return Self::internal(problem.message),
        };
        let refused = Self::new(status, problem.code, problem.message);
        match refusal.retry_after_s {
            Some(seconds) => refused.with(header::RETRY_AFTER, HeaderValue::from(seconds)),
            None => refused,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_own_content_type_is_read() {
        for (kind, is_form, is_json) in [
            ("application/x-www-form-urlencoded", true, false),
            (
                "Application/X-WWW-Form-Urlencoded ; charset=utf-8",
                true,
                false,
            ),
            ("application/x-www-form-urlencoded2", false, false),
            ("multipart/form-data; boundary=x", false, false),
            ("application/json", false, true),
            ("application/json; charset=utf-8", false, true),
            ("application/jsonp", false, false),
            ("text/plain", false, false),
            ("", false, false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
            assert_eq!(Arguments::Form.are_in(&headers), is_form, "{kind}");
            assert_eq!(Arguments::Json.are_in(&headers), is_json, "{kind}");
        }
        assert!(!Arguments::Form.are_in(&HeaderMap::new()));
        assert!(!Arguments::Json.are_in(&HeaderMap::new()));
    }

    #[test]
    fn every_function_has_an_address_and_a_limit() {
        for function in &FUNCTIONS {
            assert!(function.path.starts_with(address::FUNCTIONS));
            assert!((1..=1024 * 1024).contains(&function.max_bytes));
        }
    }
}
