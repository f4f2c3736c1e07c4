//! A stand-in for Stripe, written from its public documentation (docs.stripe.com/api): Checkout Sessions with their hosted page,
//! payments, refunds, disputes and signed events, with idempotency keys that replay their first answer, and faults on demand.
//!
//! It knows nothing of the code that it tests.

mod api;
mod object;
mod page;

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Router,
    routing::{get, post},
};
use ring::hmac;
use serde_json::{Value, json};
use services::Clock;
use tokio::net::TcpListener;

/// A secret key that works, and the account that it belongs to.
pub(crate) const KEY: &str = "sk_test_0123456789abcdef";
pub(crate) const SIGNING: &str = "whsec_0123456789abcdef";

/// What goes wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It never arrives: 503 from something in between.
    Down,
    /// It is done, and the connection breaks before the answer.
    Lose,
    /// It is done, and no answer ever comes.
    Silent,
    /// It is done, and what comes back is no JSON.
    Nonsense,
    /// It is refused with this status.
    Status(u16),
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) body: String,
    pub(crate) key: Option<String>,
    pub(crate) version: Option<String>,
}

#[derive(Default)]
struct State {
    /// Account by secret key.
    accounts: BTreeMap<String, String>,
    /// Body and first answer by idempotency key.
    answers: BTreeMap<String, (String, u16, Value)>,
    sessions: BTreeMap<String, Value>,
    payments: BTreeMap<String, Value>,
    refunds: BTreeMap<String, Value>,
    disputes: BTreeMap<String, Value>,
    /// Faults of requests whose path begins so, the next first.
    faults: VecDeque<(String, Fault)>,
    asked: Vec<Asked>,
    count: u64,
    /// Whether refunds wait for a bank.
    slow_refunds: bool,
    /// Whether what it keeps of a payment is known only later.
    late_fees: bool,
}

/// The running stand-in.
#[derive(Clone)]
pub(crate) struct FakeStripe {
    pub(crate) base: String,
    state: Arc<Mutex<State>>,
    clock: Clock,
}

impl FakeStripe {
    /// Starts it on a port of its own, by the clock of the test.
    pub(crate) async fn start(clock: Clock) -> Self {
        Self::start_at("127.0.0.1:0", clock).await
    }

    pub(crate) async fn start_at(address: &str, clock: Clock) -> Self {
        let listener = TcpListener::bind(address).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let fake = Self {
            base: format!("http://{address}"),
            state: Arc::default(),
            clock,
        };
        fake.lock()
            .accounts
            .insert(KEY.to_owned(), "acct_1".to_owned());
        let router = fake.router();
        tokio::spawn(async move { axum::serve(listener, router).await });
        fake
    }

    fn router(&self) -> Router {
        Router::new()
            .route("/v1/account", get(api::account))
            .route(
                "/v1/checkout/sessions",
                post(api::create_session).get(api::list_sessions),
            )
            .route("/v1/checkout/sessions/{id}", get(api::retrieve_session))
            .route(
                "/v1/checkout/sessions/{id}/expire",
                post(api::expire_session),
            )
            .route("/v1/payment_intents/search", get(api::search_payments))
            .route(
                "/v1/refunds",
                post(api::create_refund).get(api::list_refunds),
            )
            .route("/v1/disputes/{id}", get(api::retrieve_dispute))
            .route("/c/pay/{id}", get(page::show).post(page::submit))
            .with_state(self.clone())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now_s(&self) -> i64 {
        self.clock.now().0.div_euclid(1000)
    }

    /// Lets another key in, of an account.
    pub(crate) fn add_account(&self, key: &str, account: &str) {
        self.lock()
            .accounts
            .insert(key.to_owned(), account.to_owned());
    }

    /// Lets a key in no longer.
    pub(crate) fn revoke(&self, key: &str) {
        self.lock().accounts.remove(key);
    }

    /// Lets the next request whose path begins so go wrong.
    pub(crate) fn fail_next(&self, path: &str, fault: Fault) {
        self.lock().faults.push_back((path.to_owned(), fault));
    }

    /// Forgets every idempotency key, as Stripe does after a day.
    pub(crate) fn forget_keys(&self) {
        self.lock().answers.clear();
    }

    /// Lets refunds wait for a bank from now on.
    pub(crate) fn slow_refunds(&self) {
        self.lock().slow_refunds = true;
    }

    /// Does not know at first what it keeps of a payment from now on.
    pub(crate) fn late_fees(&self) {
        self.lock().late_fees = true;
    }

    /// Knows what it keeps of a payment.
    pub(crate) fn book_fee(&self, payment: &str) {
        let mut state = self.lock();
        let payment = state.payments.get_mut(payment).expect("a payment");
        payment["latest_charge"] = object::charged(payment);
    }

    /// The requests so far whose path begins so.
    pub(crate) fn asked(&self, method: &str, path: &str) -> Vec<Asked> {
        let state = self.lock();
        let asked = state.asked.iter();
        asked
            .filter(|asked| asked.method == method && asked.path.starts_with(path))
            .cloned()
            .collect()
    }

    /// The names of all sessions, in the order they were made.
    pub(crate) fn sessions(&self) -> Vec<String> {
        self.lock().sessions.keys().cloned().collect()
    }

    /// The only session.
    pub(crate) fn session(&self) -> String {
        let sessions = self.sessions();
        assert_eq!(sessions.len(), 1, "{sessions:?}");
        sessions.into_iter().next().expect("a session")
    }

    pub(crate) fn session_status(&self, id: &str) -> String {
        object::text(&self.lock().sessions[id]["status"])
    }

    /// What all payments took and refunds gave back, in the smallest unit.
    pub(crate) fn balance(&self) -> i64 {
        let state = self.lock();
        let sum = |objects: &BTreeMap<String, Value>, name: &str| -> i64 {
            let counted = objects.values().filter(|object| {
                matches!(object["status"].as_str(), Some("succeeded" | "pending"))
            });
            counted.filter_map(|object| object[name].as_i64()).sum()
        };
        sum(&state.payments, "amount_received") - sum(&state.refunds, "amount")
    }

    /// How many payments took money.
    pub(crate) fn charges(&self) -> usize {
        let state = self.lock();
        let payments = state.payments.values();
        payments
            .filter(|payment| payment["status"] == "succeeded")
            .count()
    }

    /// The payment of a session.
    pub(crate) fn payment_of(&self, session: &str) -> String {
        object::text(&self.lock().sessions[session]["payment_intent"])
    }

    /// The buyer pays on the page of a session. `false`: it takes no payment any more.
    pub(crate) fn pay(&self, session: &str) -> bool {
        let now = self.now_s();
        let mut state = self.lock();
        if !object::is_open(&mut state, session, now) {
            return false;
        }
        object::charge(&mut state, session, "succeeded");
        true
    }

    /// The buyer tries a card on the page of a session, which the bank refuses.
    pub(crate) fn decline(&self, session: &str, code: &str) {
        let mut state = self.lock();
        let payment = object::charge(&mut state, session, "requires_payment_method");
        let error = json!({ "type": "card_error", "code": "card_declined", "decline_code": code });
        state.payments.get_mut(&payment).expect("a payment")["last_payment_error"] = error;
    }

    /// The buyer is asked to confirm with the bank.
    pub(crate) fn challenge(&self, session: &str) {
        object::charge(&mut self.lock(), session, "requires_action");
    }

    /// A session says another amount from now on.
    pub(crate) fn tamper(&self, session: &str, name: &str, value: Value) {
        self.lock().sessions.get_mut(session).expect("a session")[name] = value;
    }

    /// The buyer pays by something that takes days.
    pub(crate) fn pay_later(&self, session: &str) {
        object::charge(&mut self.lock(), session, "processing");
    }

    /// What takes days has come, or has not.
    pub(crate) fn settle_later(&self, session: &str, is_paid: bool) {
        let mut state = self.lock();
        if is_paid {
            object::charge(&mut state, session, "succeeded");
        } else {
            let payment = object::charge(&mut state, session, "requires_payment_method");
            let error = json!({ "type": "card_error", "code": "insufficient_funds" });
            state.payments.get_mut(&payment).expect("a payment")["last_payment_error"] = error;
            state.sessions.get_mut(session).expect("a session")["status"] = json!("complete");
        }
    }

    /// Somebody refunds at Stripe's own page.
    pub(crate) fn refund_here(&self, payment: &str, amount: i64) -> String {
        let mut state = self.lock();
        object::refund(&mut state, payment, Some(amount), BTreeMap::new()).expect("a refund")
    }

    /// A bank sends refunds back.
    pub(crate) fn fail_refunds(&self) {
        for refund in self.lock().refunds.values_mut() {
            refund["status"] = json!("failed");
            refund["failure_reason"] = json!("expired_or_canceled_card");
        }
    }

    /// What waited for a bank went back.
    pub(crate) fn settle_refunds(&self) {
        for refund in self.lock().refunds.values_mut() {
            refund["status"] = json!("succeeded");
        }
    }

    /// A buyer's bank takes a payment back.
    pub(crate) fn dispute(&self, payment: &str) -> String {
        let mut state = self.lock();
        let id = object::name(&mut state, "dp");
        let taken = state.payments[payment].clone();
        let dispute = json!({
            "id": id, "object": "dispute", "status": "needs_response", "reason": "product_not_received",
            "amount": taken["amount_received"], "currency": taken["currency"], "payment_intent": payment, "livemode": false,
        });
        state.disputes.insert(id.clone(), dispute);
        id
    }

    /// The bank has decided.
    pub(crate) fn decide(&self, dispute: &str, won: bool) {
        let status = if won { "won" } else { "lost" };
        self.lock().disputes.get_mut(dispute).expect("a dispute")["status"] = json!(status);
    }

    /// An event about an object, as it would be sent.
    pub(crate) fn event(&self, kind: &str, object: &str) -> String {
        let created = self.now_s();
        let mut state = self.lock();
        let id = object::name(&mut state, "evt");
        let found = [
            &state.sessions,
            &state.payments,
            &state.refunds,
            &state.disputes,
        ]
        .into_iter()
        .find_map(|objects| objects.get(object))
        .cloned()
        .expect("an object");
        json!({
            "id": id, "object": "event", "api_version": "2025-06-30.basil", "created": created, "livemode": false,
            "type": kind, "data": { "object": found },
        })
        .to_string()
    }

    /// The header that signs a body now.
    pub(crate) fn sign(&self, body: &str, secret: &str) -> String {
        sign(body, secret, self.now_s())
    }
}

/// The header that signs a body at a time (docs.stripe.com/webhooks/signature).
pub(crate) fn sign(body: &str, secret: &str, seconds: i64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let signature = hmac::sign(&key, format!("{seconds}.{body}").as_bytes());
    let hex: String = signature
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("t={seconds},v1={hex}")
}
