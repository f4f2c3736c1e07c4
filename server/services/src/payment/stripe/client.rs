//! Requests to Stripe: form-encoded, timed, and judged by what their failure leaves known.

use std::{sync::OnceLock, time::Duration};

use form_urlencoded::byte_serialize;
use reqwest::{
    Method,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue},
};
use serde_json::Value;

use crate::{
    Error, Result,
    payment::{gateway::Failure, vault::Secret},
};

/// The version of the API that this program was written against; Stripe keeps answering as it did then.
const VERSION: &str = "2025-06-30.basil";
/// The longest answer that is read, bytes.
const MOST: usize = 2 * 1024 * 1024;
const CONNECT: Duration = Duration::from_secs(5);

/// A body or a query as Stripe reads it.
#[derive(Debug, Default)]
pub(crate) struct Form(String);

impl Form {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn with(mut self, name: &str, value: impl AsRef<str>) -> Self {
        if !self.0.is_empty() {
            self.0.push('&');
        }
        self.0.extend(byte_serialize(name.as_bytes()));
        self.0.push('=');
        self.0.extend(byte_serialize(value.as_ref().as_bytes()));
        self
    }

    pub(crate) fn finish(self) -> String {
        self.0
    }
}

/// The connections to processors, which all accounts share; made when they are first needed.
#[derive(Default)]
pub(crate) struct HttpClient(OnceLock<reqwest::Client>);

impl HttpClient {
    /// # Errors
    /// When no TLS can be had.
    pub(crate) fn get(&self) -> Result<reqwest::Client> {
        if let Some(client) = self.0.get() {
            return Ok(client.clone());
        }
        // An error says that one was chosen already, which is as good.
        drop(rustls::crypto::ring::default_provider().install_default());
        let client = reqwest::Client::builder()
            .connect_timeout(CONNECT)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("Vitrine/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| Error::internal(format!("no connections to processors: {error}")))?;
        Ok(self.0.get_or_init(|| client).clone())
    }
}

/// An account's way to Stripe.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) http: reqwest::Client,
    /// Where the API is, without a slash at its end.
    pub(crate) base: String,
    pub(crate) key: Secret,
    /// The origin of the pages to which buyers are sent.
    pub(crate) pages: String,
    pub(crate) timeout: Duration,
    /// Real money moves.
    pub(crate) live: bool,
}

/// What a refusal of Stripe's says, without its message, which may repeat what was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: String,
    /// For the log.
    pub(crate) detail: String,
}

/// A refusal, or no answer.
#[derive(Debug)]
pub(crate) enum Unanswered {
    Refused(Refusal),
    Unknown(String),
}

impl From<Unanswered> for Failure {
    fn from(unanswered: Unanswered) -> Self {
        match unanswered {
            Unanswered::Refused(refusal) => Self::Refused(refusal.detail),
            Unanswered::Unknown(detail) => Self::Unknown(detail),
        }
    }
}

impl Client {
    pub(crate) async fn get(
        &self,
        path: &str,
        query: Form,
    ) -> std::result::Result<Value, Unanswered> {
        let query = query.finish();
        let path = if query.is_empty() {
            path.to_owned()
        } else {
            format!("{path}?{query}")
        };
        self.send(Method::GET, &path, None, None).await
    }

    /// Sends a body as it is, under an idempotency key.
    pub(crate) async fn post(
        &self,
        path: &str,
        body: &str,
        key: Option<&str>,
    ) -> std::result::Result<Value, Unanswered> {
        self.send(Method::POST, path, Some(body), key).await
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&str>,
        key: Option<&str>,
    ) -> std::result::Result<Value, Unanswered> {
        let unknown = |detail: &str| {
            Unanswered::Unknown(format!(
                "{path_only}: {detail}",
                path_only = path.split('?').next().unwrap_or(path)
            ))
        };
        let mut bearer = HeaderValue::from_str(&format!("Bearer {}", self.key.reveal()))
            .map_err(|_| unknown("the key has letters that no header takes"))?;
        bearer.set_sensitive(true);
        let mut request = self
            .http
            .request(method, format!("{}{path}", self.base))
            .timeout(self.timeout)
            .header(AUTHORIZATION, bearer)
            .header("Stripe-Version", VERSION);
        if let Some(body) = body {
            request = request
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(body.to_owned());
        }
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        let mut response = request
            .send()
            .await
            .map_err(|error| unknown(&error.without_url().to_string()))?;
        let status = response.status().as_u16();
        let mut bytes = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| unknown(&error.without_url().to_string()))?
        {
            if bytes.len() + chunk.len() > MOST {
                return Err(unknown("the answer is too long"));
            }
            bytes.extend_from_slice(&chunk);
        }
        let value: Option<Value> = serde_json::from_slice(&bytes).ok();
        match status {
            200..=299 => value
                .filter(Value::is_object)
                .ok_or_else(|| unknown("the answer cannot be read")),
            // What is not the request's fault, or may still be under way under the same key.
            409 | 429 | 500.. => Err(unknown(&format!("status {status}"))),
            _ => {
                let text = |name: &str| {
                    let text = value
                        .as_ref()
                        .and_then(|value| value["error"][name].as_str());
                    // Words of Stripe's own, never of a person.
                    text.filter(|text| text.len() <= 100)
                        .unwrap_or_default()
                        .to_owned()
                };
                let (kind, code, param) = (text("type"), text("code"), text("param"));
                Err(Unanswered::Refused(Refusal {
                    status,
                    detail: format!(
                        "{} refused with {status} {kind} {code} {param}",
                        path.split('?').next().unwrap_or(path)
                    ),
                    code,
                }))
            }
        }
    }
}
