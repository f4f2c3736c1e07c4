//! What every server function shares: the context it runs in, and how it refuses.
//!
//! A server function is a few lines in the `api.rs` of its domain: it calls one service method and returns what
//! [`domain::wire`] declares, or redirects to a page where a form called it. The server finds it through `leptos_axum`, at
//! an address that stays the same from build to build.

use std::sync::{Arc, OnceLock};

use domain::{
    identity::{Viewer, device::Session},
    wire::Problem,
};
use leptos::{
    prelude::{provide_context, use_context},
    server_fn::{
        axum::register_explicit,
        codec::JsonEncoding,
        error::{FromServerFnError, ServerFnErrorErr},
    },
};
use serde::{Deserialize, Serialize};
use services::{
    Error, Services,
    identity::{Browser, SignedIn},
};

use crate::{
    catalog::api::{CreateProduct, JoinWaitlist},
    identity::api::{
        FinishPasskeyAddition, FinishPasskeySetup, FinishPasskeySignIn, StartPasskeyAddition,
        StartPasskeySetup, StartPasskeySignIn,
    },
};

/// Makes the server functions known to `leptos_axum`. They register themselves before `main` runs, but a linker may drop
/// what nothing names.
pub fn register() {
    register_explicit::<CreateProduct>();
    register_explicit::<JoinWaitlist>();
    register_explicit::<StartPasskeySetup>();
    register_explicit::<FinishPasskeySetup>();
    register_explicit::<StartPasskeySignIn>();
    register_explicit::<FinishPasskeySignIn>();
    register_explicit::<StartPasskeyAddition>();
    register_explicit::<FinishPasskeyAddition>();
}

/// What a server function works on, and for whom.
#[derive(Clone)]
pub struct Context {
    services: Services,
    browser: Browser,
    session: Option<Session>,
    begun: Arc<OnceLock<SignedIn>>,
}

impl Context {
    /// A call by `browser`. `session` is known where the function asks for one.
    #[must_use]
    pub fn new(services: Services, browser: Browser, session: Option<Session>) -> Self {
        Self {
            services,
            browser,
            session,
            begun: Arc::default(),
        }
    }

    /// Gives the context to the server function that is about to run.
    pub fn provide(&self) {
        provide_context(self.clone());
    }

    /// The session that the function began, whose cookies the response must set.
    #[must_use]
    pub fn begun_session(&self) -> Option<&SignedIn> {
        self.begun.get()
    }

    /// The context of the server function that runs.
    pub(crate) fn current() -> Result<Self, Refusal> {
        use_context().ok_or_else(|| {
            Error::Internal("a server function was called without a context".to_owned()).into()
        })
    }

    /// The services.
    pub(crate) fn services(&self) -> &Services {
        &self.services
    }

    /// The browser that calls.
    pub(crate) fn browser(&self) -> &Browser {
        &self.browser
    }

    /// The session of who is signed in.
    pub(crate) fn session(&self) -> Result<&Session, Refusal> {
        self.session.as_ref().ok_or_else(|| {
            Error::Internal("a server function needs a session and was given none".to_owned())
                .into()
        })
    }

    /// Who is signed in.
    pub(crate) fn viewer(&self) -> Result<&Viewer, Refusal> {
        self.session().map(|session| &session.viewer)
    }

    /// Has the response set the cookies of a new session. A call begins one session at most.
    pub(crate) fn begin_session(&self, session: SignedIn) {
        let _ = self.begun.set(session);
    }
}

/// Why a server function did not do what it was asked. The server reads it from the answer of `leptos_axum` and makes a
/// response of it: JSON for scripts, a page for forms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Status, code and message. With the status 500 the message is the cause and for the log only.
    #[serde(flatten)]
    pub problem: Problem,
    /// Seconds after which it may be tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<u64>,
}

impl Refusal {
    fn new(status: u16, code: &str, message: &str) -> Self {
        Self {
            problem: Problem {
                status,
                code: code.to_owned(),
                message: message.to_owned(),
            },
            retry_after_s: None,
        }
    }

    /// Reads the body of an answer that `leptos_axum` made of a refusal.
    #[must_use]
    pub fn read(body: Vec<u8>) -> Self {
        Self::de(body.into())
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self {
            retry_after_s: match &error {
                Error::Limited { retry_after_s, .. } => Some(*retry_after_s),
                Error::Unavailable(_) => Some(1),
                _ => None,
            },
            ..Self::new(error.status(), error.code(), &error.to_string())
        }
    }
}

impl FromServerFnError for Refusal {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Args(_) | ServerFnErrorErr::MissingArg(_) => Self::new(
                400,
                "bad_request",
                "The shop could not read this form. Go back, load its page again and send it once more.",
            ),
            ServerFnErrorErr::Deserialization(_) => Self::new(
                422,
                "invalid",
                "The shop could not read this request. Load the page again and try once more; if it stays, the page and the shop are of different versions.",
            ),
            other => Error::Internal(other.to_string()).into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::wire::{self, address};
    use leptos::server_fn::ServerFn;

    use super::*;

    #[test]
    fn a_refusal_survives_the_way_to_the_server() {
        let refusal: Refusal = Error::NotFound("There is no such product here.".to_owned()).into();
        assert_eq!(refusal.problem.status, 404);
        assert_eq!(Refusal::read(refusal.ser().to_vec()), refusal);
        let limited: Refusal = Error::Limited {
            message: "Wait.".to_owned(),
            retry_after_s: 7,
        }
        .into();
        assert_eq!(Refusal::read(limited.ser().to_vec()).retry_after_s, Some(7));
    }

    #[test]
    fn a_refusal_is_the_problem_of_the_wire_and_repeats_no_parser() {
        for (error, status) in [
            (ServerFnErrorErr::Args("odd".to_owned()), 400),
            (ServerFnErrorErr::MissingArg("odd".to_owned()), 400),
            (ServerFnErrorErr::Deserialization("odd".to_owned()), 422),
        ] {
            let refusal = Refusal::from_server_fn_error(error);
            let problem: Problem = serde_json::from_slice(&refusal.ser()).expect("a problem");
            assert_eq!(problem, refusal.problem);
            assert!(problem.status == status && !problem.message.contains("odd"));
        }
    }

    #[test]
    fn addresses_and_arguments_are_those_of_the_wire() {
        for (path, declared) in [
            (CreateProduct::PATH, address::CREATE_PRODUCT),
            (StartPasskeySetup::PATH, address::START_PASSKEY_SETUP),
            (FinishPasskeySetup::PATH, address::FINISH_PASSKEY_SETUP),
            (StartPasskeySignIn::PATH, address::START_PASSKEY_SIGN_IN),
            (FinishPasskeySignIn::PATH, address::FINISH_PASSKEY_SIGN_IN),
            (StartPasskeyAddition::PATH, address::START_PASSKEY_ADDITION),
            (
                FinishPasskeyAddition::PATH,
                address::FINISH_PASSKEY_ADDITION,
            ),
        ] {
            assert_eq!(path, declared);
        }
        assert!(JoinWaitlist::PATH.starts_with(address::FUNCTIONS));
        let json = |value: serde_json::Result<serde_json::Value>| value.expect("json");
        let sent = wire::catalog::CreateProduct {
            draft: wire::catalog::Draft::default(),
        };
        let read = CreateProduct {
            draft: wire::catalog::Draft::default(),
        };
        assert_eq!(
            json(serde_json::to_value(&read)),
            json(serde_json::to_value(&sent))
        );
    }
}
