//! What every server function shares: the services it works on, and how it refuses.
//!
//! A server function is a few lines in the `api.rs` of its domain: it calls one service method and redirects to the page
//! that says how it went. The server finds it through `leptos_axum`, at an address that stays the same from build to build.

use leptos::{
    prelude::{provide_context, use_context},
    server_fn::{
        axum::register_explicit,
        codec::JsonEncoding,
        error::{FromServerFnError, ServerFnErrorErr},
    },
};
use serde::{Deserialize, Serialize};
use services::{Error, Services};

use crate::catalog::api::TellMe;

/// Makes the server functions known to `leptos_axum`. They say it themselves before `main` runs, but a linker may drop
/// what nothing names.
pub fn register() {
    register_explicit::<TellMe>();
}

/// Gives a server function what it works on; to be called in its context.
pub fn provide(services: &Services) {
    provide_context(services.clone());
}

/// The services of the context.
pub(crate) fn services() -> Result<Services, Refused> {
    use_context().ok_or_else(|| Refused {
        status: 500,
        said: "a server function was called without services".to_owned(),
    })
}

/// Why a server function did not do what it was asked. Its only reader is the server, which makes a page of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// The HTTP status that says the same.
    pub status: u16,
    /// A whole sentence for whoever asked; with 500 the cause, for the log only.
    pub said: String,
}

impl Refused {
    /// There is no such thing.
    pub(crate) fn missing() -> Self {
        Self {
            status: 404,
            said: "There is no such product here. It may have been taken off the shop.".to_owned(),
        }
    }

    /// Reads the body of an answer that `leptos_axum` made of a refusal.
    #[must_use]
    pub fn read(body: Vec<u8>) -> Self {
        Self::de(body.into())
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self {
            status: error.status(),
            said: error.to_string(),
        }
    }
}

impl FromServerFnError for Refused {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Args(_)
            | ServerFnErrorErr::MissingArg(_)
            | ServerFnErrorErr::Deserialization(_) => Self {
                status: 400,
                said: "The shop could not read this form. Go back, load its page again and send it once more.".to_owned(),
            },
            other => Self {
                status: 500,
                said: other.to_string(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_survives_the_way_to_the_server() {
        let refused: Refused = Error::NotFound("There is no such product here.".to_owned()).into();
        assert_eq!(refused.status, 404);
        assert_eq!(Refused::read(refused.ser().to_vec()), refused);
        let odd = Refused::from_server_fn_error(ServerFnErrorErr::Args("odd".to_owned()));
        assert!(
            odd.status == 400 && !odd.said.contains("odd"),
            "no words of a parser"
        );
    }
}
