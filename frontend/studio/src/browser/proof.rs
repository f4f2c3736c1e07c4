//! Requests that this browser signs (`frontend/proof.js`): with each goes a token of some minutes and a proof by a key that never
//! leaves the browser (DPoP, RFC 9449).

use domain::wire::access::{PROOF, SCHEME};
use wasm_bindgen::prelude::*;

use super::{http::Response, js};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = vitrineProof, catch)]
    async fn credential(owner: &str, method: &str, address: &str) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(js_namespace = vitrineProof)]
    fn refused(owner: &str, date: Option<String>);
}

/// What goes with one request.
pub(crate) struct Credential {
    authorization: String,
    proof: String,
}

impl Credential {
    /// As headers.
    pub(crate) fn headers(&self) -> [(&str, &str); 2] {
        [("Authorization", &self.authorization), (PROOF, &self.proof)]
    }

    /// Makes one for somebody, as `Vitrine-Viewer` names them; where the shop grants no token, its answer.
    async fn of(owner: &str, method: &str, address: &str) -> Result<Self, Response> {
        let made = credential(owner, method, address).await;
        let made = made.unwrap_or(JsValue::UNDEFINED);
        let text = |name: &str| js::get(&made, name).as_string();
        match (text("authorization"), text("proof")) {
            (Some(authorization), Some(proof)) => Ok(Self {
                authorization,
                proof,
            }),
            _ => {
                let status = js::get(&made, "status").as_f64().unwrap_or_default();
                let retry_after = text("retryAfter");
                Err(Response::refused(
                    status as u16,
                    text("body").unwrap_or_default(),
                    retry_after,
                ))
            }
        }
    }
}

/// Sends a request with a credential; anew where the shop does not take it, once: the token may be over, or the clock be wrong.
pub(crate) async fn signed(
    owner: &str,
    method: &str,
    address: &str,
    send: impl AsyncFn(Credential) -> Response,
) -> Response {
    let mut is_last = false;
    loop {
        let credential = match Credential::of(owner, method, address).await {
            Ok(credential) => credential,
            Err(response) => return response,
        };
        let response = send(credential).await;
        let challenge = response.header("WWW-Authenticate");
        let is_refused = response.status == 401
            && challenge.is_some_and(|challenge| challenge.starts_with(SCHEME));
        if is_last || !is_refused {
            return response;
        }
        refused(owner, response.header("Date"));
        is_last = true;
    }
}
