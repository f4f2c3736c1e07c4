//! The calls of the API that the stand-in answers.

use std::collections::BTreeMap;

use axum::{
    Json,
    body::Body,
    extract::{Path, RawQuery, State},
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::{Asked, FakeStripe, Fault, object};

type Fields = BTreeMap<String, String>;

/// What a call answers before faults: a status and an object.
type Done = (u16, Value);

fn fields(text: &str) -> Fields {
    form_urlencoded::parse(text.as_bytes())
        .into_owned()
        .collect()
}

fn refused(status: u16, kind: &str, code: &str, param: &str) -> Done {
    // The message repeats what was sent, as Stripe's does at times.
    let message = format!("Refused: {param} {code}");
    (
        status,
        json!({ "error": { "type": kind, "code": code, "param": param, "message": message } }),
    )
}

fn missing() -> Done {
    refused(404, "invalid_request_error", "resource_missing", "id")
}

fn list(data: Vec<Value>) -> Done {
    (
        200,
        json!({ "object": "list", "data": data, "has_more": false }),
    )
}

/// Notes a request, checks its key, does its work unless it was done before under its idempotency key, and answers with whatever
/// fault is due.
async fn call(
    fake: FakeStripe,
    method: &str,
    uri: &Uri,
    headers: &HeaderMap,
    body: &str,
    work: impl FnOnce(&FakeStripe, &str) -> Done,
) -> Response {
    let text = |name: &str| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned)
    };
    let path = uri.path().to_owned();
    let key = text("idempotency-key");
    let fault = {
        let mut state = fake.lock();
        state.asked.push(Asked {
            method: method.to_owned(),
            path: path.clone(),
            body: body.to_owned(),
            key: key.clone(),
            version: text("stripe-version"),
        });
        let at = state
            .faults
            .iter()
            .position(|(start, _)| path.starts_with(start));
        at.and_then(|at| state.faults.remove(at))
            .map(|(_, fault)| fault)
    };
    if fault == Some(Fault::Down) {
        return (StatusCode::SERVICE_UNAVAILABLE, "upstream is away").into_response();
    }
    if let Some(Fault::Status(status)) = fault {
        let (status, value) = refused(status, "invalid_request_error", "made_up", "");
        return answer(status, value);
    }
    let secret =
        text("authorization").and_then(|value| value.strip_prefix("Bearer ").map(str::to_owned));
    let account = secret.and_then(|secret| fake.lock().accounts.get(&secret).cloned());
    let (status, value) = match account {
        None => refused(401, "invalid_request_error", "api_key_invalid", ""),
        Some(account) => once(&fake, &path, key, body, |fake| work(fake, &account)),
    };
    match fault {
        Some(Fault::Lose) => {
            let broken = futures::stream::iter([
                Ok(axum::body::Bytes::from_static(b"{")),
                Err(std::io::Error::other("the connection broke")),
            ]);
            (StatusCode::OK, Body::from_stream(broken)).into_response()
        }
        Some(Fault::Silent) => std::future::pending().await,
        Some(Fault::Nonsense) => (StatusCode::OK, "<html>hello</html>").into_response(),
        _ => answer(status, value),
    }
}

fn answer(status: u16, value: Value) -> Response {
    let status = StatusCode::from_u16(status).expect("a status");
    (status, Json(value)).into_response()
}

/// Work under a key is done once; another body under the same key is refused (docs.stripe.com/api/idempotent_requests).
fn once(
    fake: &FakeStripe,
    path: &str,
    key: Option<String>,
    body: &str,
    work: impl FnOnce(&FakeStripe) -> Done,
) -> Done {
    let Some(key) = key else { return work(fake) };
    let sent = format!("{path} {body}");
    if let Some((first, status, value)) = fake.lock().answers.get(&key) {
        return if *first == sent {
            (*status, value.clone())
        } else {
            refused(400, "idempotency_error", "", "")
        };
    }
    let (status, value) = work(fake);
    // What never began to run keeps no key.
    if status < 500 && status != 429 {
        fake.lock()
            .answers
            .insert(key, (sent, status, value.clone()));
    }
    (status, value)
}

pub(super) async fn account(
    State(fake): State<FakeStripe>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    call(fake, "GET", &uri, &headers, "", |_, account| {
        (200, json!({ "id": account, "object": "account" }))
    })
    .await
}

pub(super) async fn create_session(
    State(fake): State<FakeStripe>,
    uri: Uri,
    headers: HeaderMap,
    body: String,
) -> Response {
    let is_form = headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind == "application/x-www-form-urlencoded");
    assert!(is_form, "Stripe reads forms");
    call(fake, "POST", &uri, &headers, &body, |fake, _| {
        session(fake, &fields(&body))
    })
    .await
}

/// Makes a session of the fields of a form.
fn session(fake: &FakeStripe, fields: &Fields) -> Done {
    let invalid = |param: &str| refused(400, "invalid_request_error", "parameter_invalid", param);
    let field = |name: &str| fields.get(name).cloned().unwrap_or_default();
    if field("mode") != "payment" {
        return invalid("mode");
    }
    for name in ["success_url", "cancel_url"] {
        if !field(name).starts_with("http") {
            return invalid(name);
        }
    }
    let now = fake.now_s();
    let Ok(expires) = field("expires_at").parse::<i64>() else {
        return invalid("expires_at");
    };
    if !(now + 30 * 60..=now + 24 * 60 * 60).contains(&expires) {
        return invalid("expires_at");
    }
    let mut total: i64 = 0;
    let mut currency = String::new();
    for at in 0.. {
        let item = |rest: &str| field(&format!("line_items[{at}]{rest}"));
        if item("[quantity]").is_empty() {
            break;
        }
        let amounts = (
            item("[quantity]").parse::<i64>(),
            item("[price_data][unit_amount]").parse::<i64>(),
        );
        let (Ok(quantity), Ok(unit)) = amounts else {
            return invalid("line_items");
        };
        if item("[price_data][product_data][name]").is_empty() {
            return invalid("line_items");
        }
        currency = item("[price_data][currency]");
        total += quantity * unit;
    }
    let least = if currency == "gbp" { 30 } else { 50 };
    if total < least || currency.len() != 3 || currency != currency.to_lowercase() {
        return refused(
            400,
            "invalid_request_error",
            "amount_too_small",
            "line_items",
        );
    }
    let named = |start: &str| -> BTreeMap<String, String> {
        let found = fields.iter().filter_map(|(name, value)| {
            let name = name.strip_prefix(start)?.strip_suffix(']')?;
            Some((name.to_owned(), value.clone()))
        });
        found.collect()
    };
    let mut state = fake.lock();
    let id = object::name(&mut state, "cs");
    let session = json!({
        "id": id, "object": "checkout.session", "livemode": false, "mode": "payment", "status": "open", "payment_status": "unpaid",
        "amount_total": total, "currency": currency, "expires_at": expires, "payment_intent": null,
        "url": format!("{}/c/pay/{id}", fake.base), "success_url": field("success_url"), "cancel_url": field("cancel_url"),
        "metadata": named("metadata["), "payment_metadata": named("payment_intent_data[metadata]["),
    });
    state.sessions.insert(id, session.clone());
    (200, session)
}

/// A session with its payment in its place.
fn expanded(fake: &FakeStripe, id: &str) -> Option<Value> {
    let now = fake.now_s();
    let mut state = fake.lock();
    object::is_open(&mut state, id, now);
    let mut session = state.sessions.get(id)?.clone();
    if let Some(payment) = state
        .payments
        .get(&object::text(&session["payment_intent"]))
    {
        session["payment_intent"] = payment.clone();
    }
    Some(session)
}

pub(super) async fn retrieve_session(
    State(fake): State<FakeStripe>,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    call(fake, "GET", &uri, &headers, "", |fake, _| {
        expanded(fake, &id).map_or_else(missing, |session| (200, session))
    })
    .await
}

pub(super) async fn expire_session(
    State(fake): State<FakeStripe>,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    call(fake, "POST", &uri, &headers, "", |fake, _| {
        let now = fake.now_s();
        let mut state = fake.lock();
        if !object::is_open(&mut state, &id, now) {
            return refused(400, "invalid_request_error", "", "");
        }
        let session = state.sessions.get_mut(&id).expect("a session");
        session["status"] = json!("expired");
        (200, session.clone())
    })
    .await
}

pub(super) async fn list_sessions(
    State(fake): State<FakeStripe>,
    RawQuery(query): RawQuery,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let wanted = fields(&query.unwrap_or_default()).remove("payment_intent");
    call(fake, "GET", &uri, &headers, "", |fake, _| {
        let ids: Vec<String> = {
            let state = fake.lock();
            let sessions = state.sessions.iter();
            sessions
                .filter(|(_, session)| {
                    wanted
                        .as_deref()
                        .is_none_or(|payment| session["payment_intent"] == payment)
                })
                .map(|(id, _)| id.clone())
                .collect()
        };
        list(ids.iter().filter_map(|id| expanded(fake, id)).collect())
    })
    .await
}

pub(super) async fn search_payments(
    State(fake): State<FakeStripe>,
    RawQuery(query): RawQuery,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let query = fields(&query.unwrap_or_default())
        .remove("query")
        .unwrap_or_default();
    let wanted = query
        .strip_prefix("metadata['attempt']:'")
        .and_then(|rest| rest.strip_suffix('\''))
        .map(str::to_owned);
    call(fake, "GET", &uri, &headers, "", |fake, _| {
        let state = fake.lock();
        let payments = state.payments.values();
        list(
            payments
                .filter(|payment| payment["metadata"]["attempt"].as_str() == wanted.as_deref())
                .cloned()
                .collect(),
        )
    })
    .await
}

pub(super) async fn create_refund(
    State(fake): State<FakeStripe>,
    uri: Uri,
    headers: HeaderMap,
    body: String,
) -> Response {
    call(fake, "POST", &uri, &headers, &body, |fake, _| {
        let fields = fields(&body);
        let amount = fields.get("amount").and_then(|amount| amount.parse().ok());
        let payment = fields.get("payment_intent").cloned().unwrap_or_default();
        let metadata = fields
            .get("metadata[refund]")
            .map(|key| BTreeMap::from([("refund".to_owned(), key.clone())]));
        let mut state = fake.lock();
        match object::refund(&mut state, &payment, amount, metadata.unwrap_or_default()) {
            Some(id) => (200, state.refunds[&id].clone()),
            None => refused(
                400,
                "invalid_request_error",
                "charge_already_refunded",
                "amount",
            ),
        }
    })
    .await
}

pub(super) async fn list_refunds(
    State(fake): State<FakeStripe>,
    RawQuery(query): RawQuery,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let payment = fields(&query.unwrap_or_default())
        .remove("payment_intent")
        .unwrap_or_default();
    call(fake, "GET", &uri, &headers, "", |fake, _| {
        let state = fake.lock();
        let refunds = state.refunds.values();
        list(
            refunds
                .filter(|refund| refund["payment_intent"] == payment.as_str())
                .cloned()
                .collect(),
        )
    })
    .await
}

pub(super) async fn retrieve_dispute(
    State(fake): State<FakeStripe>,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    call(fake, "GET", &uri, &headers, "", |fake, _| {
        fake.lock()
            .disputes
            .get(&id)
            .cloned()
            .map_or_else(missing, |dispute| (200, dispute))
    })
    .await
}
