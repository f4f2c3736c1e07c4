//! The hosted page of the stand-in: no card is typed, its buttons say what the card does.

use axum::{
    Form,
    extract::{Path, State},
    http::StatusCode,
    response::{Html, IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use super::{FakeStripe, object};

/// What was pressed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Pressed {
    card: String,
}

fn html(fake: &FakeStripe, id: &str, message: &str, buttons: &[(&str, &str)]) -> Response {
    let session = fake.lock().sessions[id].clone();
    let buttons: String = buttons
        .iter()
        .map(|(card, label)| format!("<button name=\"card\" value=\"{card}\">{label}</button>"))
        .collect();
    Html(format!(
        "<!doctype html><html lang=\"en\"><title>Hosted page</title><h1>Pay {} {}</h1><p>{message}</p>\
         <form method=\"post\">{buttons}</form><p><a href=\"{}\">Back to the shop</a></p></html>",
        session["amount_total"],
        object::text(&session["currency"]),
        object::text(&session["cancel_url"]),
    ))
    .into_response()
}

const CARDS: [(&str, &str); 3] = [
    ("pay", "A card that pays"),
    ("decline", "A card that is refused"),
    ("challenge", "A card that asks back"),
];

/// `GET /c/pay/{id}`.
pub(super) async fn show(State(fake): State<FakeStripe>, Path(id): Path<String>) -> Response {
    let now = fake.now_s();
    if object::is_open(&mut fake.lock(), &id, now) {
        return html(&fake, &id, "", &CARDS);
    }
    (StatusCode::GONE, "This page takes no payment any more.").into_response()
}

/// `POST /c/pay/{id}`.
pub(super) async fn submit(
    State(fake): State<FakeStripe>,
    Path(id): Path<String>,
    Form(pressed): Form<Pressed>,
) -> Response {
    match pressed.card.as_str() {
        "decline" => {
            fake.decline(&id, "insufficient_funds");
            html(&fake, &id, "The card was refused.", &CARDS)
        }
        "challenge" => {
            fake.challenge(&id);
            html(
                &fake,
                &id,
                "The bank asks: is it you?",
                &[("pay", "It is me"), ("decline", "It is not")],
            )
        }
        _ if fake.pay(&id) => {
            let to = object::text(&fake.lock().sessions[&id]["success_url"]);
            Redirect::to(&to).into_response()
        }
        _ => (StatusCode::GONE, "This page takes no payment any more.").into_response(),
    }
}
