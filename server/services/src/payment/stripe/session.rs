//! Checkout Sessions: a page of Stripe's on which a buyer pays, without a script or a card field of ours.

use domain::{
    checkout::Order,
    payment::{Provider, from_stripe, reason, to_stripe},
};
use serde_json::Value;

use super::{Client, Form, client::Unanswered};
use crate::{
    Result,
    payment::{
        gateway::{Ask, Failure, Fee, Intent, Status},
        sql::Attempt,
    },
};

type Found<T> = std::result::Result<T, Failure>;

/// What is asked to come with a session: how its last card fared, and what Stripe kept.
const EXPAND: &str = "payment_intent.latest_charge.balance_transaction";

/// The longest name of a line, characters.
const NAME: usize = 200;

/// The body that creates a session for all of an order.
///
/// # Errors
/// `Invalid` when Stripe takes no such amount.
pub(crate) fn request(public_url: &str, ask: &Ask<'_>) -> Result<String> {
    let order = ask.order;
    let total = to_stripe(order.total)?;
    let mut form = Form::new()
        .with("mode", "payment")
        .with("client_reference_id", order.id.as_str())
        .with(
            "success_url",
            format!("{public_url}/order/{}?returned=1", order.token),
        )
        .with(
            "cancel_url",
            format!("{public_url}/checkout/{}", order.token),
        )
        .with("expires_at", ask.expires_s.to_string())
        .with("submit_type", "pay");
    if let Some(buyer) = &order.buyer {
        form = form.with("customer_email", &buyer.email);
    }
    for (name, value) in [("order", order.id.as_str()), ("attempt", ask.attempt)] {
        form = form
            .with(&format!("metadata[{name}]"), value)
            .with(&format!("payment_intent_data[metadata][{name}]"), value);
    }
    for (at, (name, quantity, units)) in items(order, total).into_iter().enumerate() {
        let field = |rest: &str| format!("line_items[{at}]{rest}");
        form = form
            .with(&field("[quantity]"), quantity.to_string())
            .with(
                &field("[price_data][currency]"),
                order.total.currency.code().to_ascii_lowercase(),
            )
            .with(&field("[price_data][unit_amount]"), units.to_string())
            .with(&field("[price_data][product_data][name]"), name);
    }
    Ok(form.finish())
}

/// Name, quantity and unit amount of each line; one line of the whole where they do not sum to what is charged.
fn items(order: &Order, total: i64) -> Vec<(String, u32, i64)> {
    let lines: Vec<(String, u32, i64)> = order
        .lines
        .iter()
        .filter_map(|line| {
            let units = domain::payment::units(line.price.minor, line.price.currency.digits())?;
            let name: String = line.name().trim().chars().take(NAME).collect();
            let name = if name.is_empty() {
                "Untitled".to_owned()
            } else {
                name
            };
            Some((name, line.quantity, units))
        })
        .collect();
    let sum: i128 = lines
        .iter()
        .map(|(_, quantity, units)| i128::from(*quantity) * i128::from(*units))
        .sum();
    if sum == i128::from(total) && lines.len() == order.lines.len() && lines.len() <= 100 {
        return lines;
    }
    vec![(format!("Order {}", order.number), 1, total)]
}

/// Sends the stored request under its key.
pub(crate) async fn create(client: &Client, attempt: &Attempt) -> Found<Intent> {
    let value = client
        .post(
            "/v1/checkout/sessions",
            &attempt.request,
            Some(&attempt.key),
        )
        .await?;
    read(client, attempt, &value)
}

/// Asks where a session stands.
pub(crate) async fn retrieve(client: &Client, attempt: &Attempt, id: &str) -> Found<Intent> {
    let query = Form::new().with("expand[]", EXPAND);
    let value = client
        .get(&format!("/v1/checkout/sessions/{}", segment(id)?), query)
        .await?;
    read(client, attempt, &value)
}

/// Closes a session that nobody has paid, and answers with where it stands then.
pub(crate) async fn expire(client: &Client, attempt: &Attempt, id: &str) -> Found<Intent> {
    let path = format!("/v1/checkout/sessions/{}/expire", segment(id)?);
    match client.post(&path, "", None).await {
        Ok(value) => read(client, attempt, &value),
        // It is paid or closed already: it says which.
        Err(Unanswered::Refused(_)) => retrieve(client, attempt, id).await,
        Err(other) => Err(other.into()),
    }
}

/// Looks for an attempt by what it carries as metadata; nothing is created. A session is over long before its key is forgotten,
/// so only one that was paid can still matter.
pub(crate) async fn search(client: &Client, attempt: &Attempt) -> Found<Option<Intent>> {
    let query = Form::new()
        .with("query", format!("metadata['attempt']:'{}'", attempt.id))
        .with("limit", "10");
    let payments = client.get("/v1/payment_intents/search", query).await?;
    let Some(payment) = payments["data"].as_array().and_then(|data| data.first()) else {
        return Ok(None);
    };
    let payment = payment["id"]
        .as_str()
        .ok_or_else(|| nonsense("a payment without a name"))?;
    let query = Form::new()
        .with("payment_intent", payment)
        .with("limit", "1")
        .with("expand[]", format!("data.{EXPAND}"));
    let sessions = client.get("/v1/checkout/sessions", query).await?;
    match sessions["data"].as_array().and_then(|data| data.first()) {
        Some(session) => read(client, attempt, session).map(Some),
        None => Err(nonsense("a payment without its session")),
    }
}

fn nonsense(detail: &str) -> Failure {
    Failure::Unknown(format!("the answer makes no sense: {detail}"))
}

/// A name of Stripe's as a part of a path.
pub(super) fn segment(id: &str) -> Found<&str> {
    let is_name =
        (1..=255).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if is_name {
        Ok(id)
    } else {
        Err(nonsense("a name that is none"))
    }
}

/// Whether an address is one of the processor's pages, and can be sent to a browser as it is.
fn is_page(pages: &str, url: &str) -> bool {
    let path = url.strip_prefix(pages).unwrap_or_default();
    path.starts_with('/') && url.len() <= 4000 && url.bytes().all(|b| b.is_ascii_graphic())
}

/// A session as Stripe describes it, held against what was asked for.
fn read(client: &Client, attempt: &Attempt, value: &Value) -> Found<Intent> {
    let text = |name: &str| value[name].as_str();
    if value["object"] != "checkout.session" {
        return Err(nonsense("not a session"));
    }
    if value["livemode"].as_bool() != Some(client.live) {
        return Err(nonsense("a session of the other mode"));
    }
    if value["metadata"]["attempt"].as_str() != Some(attempt.id.as_str()) {
        return Err(nonsense("a session of another payment"));
    }
    let id = segment(text("id").unwrap_or_default())?.to_owned();
    let amount = value["amount_total"]
        .as_i64()
        .and_then(|units| from_stripe(units, text("currency")?))
        .ok_or_else(|| nonsense("an amount that is none"))?;
    let payment = &value["payment_intent"];
    let payment_id = payment
        .as_str()
        .or_else(|| payment["id"].as_str())
        .map(str::to_owned);
    let refusal = refusal(payment);
    let status = match (text("status"), text("payment_status")) {
        (Some("complete"), Some("paid")) => Status::Succeeded,
        (Some("complete"), Some("unpaid")) => match refusal {
            // A bank transfer or debit that failed days later.
            Some(reason) if payment["status"] == "requires_payment_method" => {
                Status::Declined(reason)
            }
            _ => Status::Processing,
        },
        (Some("expired"), _) => Status::Cancelled,
        (Some("open"), _) => Status::Redirect {
            url: text("url")
                .filter(|url| is_page(&client.pages, url))
                .ok_or_else(|| nonsense("a page elsewhere"))?
                .to_owned(),
            reason: refusal,
        },
        _ => return Err(nonsense("a state that is none")),
    };
    let fee = fee(&payment["latest_charge"]["balance_transaction"]);
    Ok(Intent {
        id,
        payment: payment_id,
        amount,
        status,
        fee,
    })
}

/// Why the last card was refused, in words.
fn refusal(payment: &Value) -> Option<String> {
    let error = payment["last_payment_error"].as_object()?;
    let text = |name: &str| error.get(name).and_then(Value::as_str);
    let code = text("decline_code")
        .or_else(|| text("code"))
        .unwrap_or_default();
    Some(reason(Provider::Stripe, code).words.to_owned())
}

/// What Stripe kept, where the balance transaction is there.
fn fee(transaction: &Value) -> Option<Fee> {
    let currency = transaction["currency"].as_str()?;
    Some(Fee {
        fee: from_stripe(transaction["fee"].as_i64()?, currency)?,
        gross: from_stripe(transaction["amount"].as_i64()?, currency)?,
    })
}
