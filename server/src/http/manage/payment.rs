//! `/manage/payments…`: the shop's account at a processor, and what that reported.

use axum::{
    Form,
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use domain::{identity::device::Session, invalid::Invalid, payment::KeyForm};
use serde::Deserialize;
use services::{Error, Result as Done};

use crate::{
    http::{
        document,
        error::Problem,
        viewer::{Signed, SignedSession},
    },
    state::Vitrine,
};

/// The flash message of the page after a redirect. The address carries only its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flash {
    Keys,
    Works,
    Broken,
    Signing,
    SigningRemoved,
    Removed,
    Replayed,
}

impl Flash {
    const ALL: [Self; 7] = [
        Self::Keys,
        Self::Works,
        Self::Broken,
        Self::Signing,
        Self::SigningRemoved,
        Self::Removed,
        Self::Replayed,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Keys => "keys",
            Self::Works => "works",
            Self::Broken => "broken",
            Self::Signing => "signing",
            Self::SigningRemoved => "signing-removed",
            Self::Removed => "removed",
            Self::Replayed => "replayed",
        }
    }

    const fn message(self) -> &'static str {
        match self {
            Self::Keys => "Stripe knows these keys. New orders are paid there from now on.",
            Self::Works => "Stripe knows these keys.",
            Self::Broken => "Checked. What is wrong stands with the account below.",
            Self::Signing => "Added. Reports signed with it are believed from now on.",
            Self::SigningRemoved => "Removed. Reports signed with it are refused from now on.",
            Self::Removed => "Forgotten. The account takes no payments here any more.",
            Self::Replayed => "It is applied again within seconds.",
        }
    }
}

/// The flash message in the address.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct FlashQuery {
    flash: String,
}

/// The fields of the page's forms as posted. Shown nowhere, not even in a log.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Fields {
    secret: String,
    publishable: String,
    signing: String,
}

/// `GET /manage/payments`.
pub async fn page(
    State(vitrine): State<Vitrine>,
    SignedSession(session): SignedSession,
    Query(query): Query<FlashQuery>,
) -> Result<Response, Problem> {
    let flash = Flash::ALL
        .into_iter()
        .find(|flash| flash.name() == query.flash);
    render(&vitrine, &session, &[], flash.map(Flash::message)).await
}

/// `POST /manage/payments/stripe`: checks keys at Stripe and keeps them.
pub async fn keys(
    State(vitrine): State<Vitrine>,
    SignedSession(session): SignedSession,
    Form(fields): Form<Fields>,
) -> Result<Response, Problem> {
    let form = KeyForm {
        secret: fields.secret,
        publishable: fields.publishable,
        signing: fields.signing,
    };
    let done = vitrine.services.payment().set_keys(&session, &form).await;
    answer(&vitrine, &session, done, Flash::Keys).await
}

/// `POST /manage/payments/{id}/check`.
pub async fn check(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let works = vitrine
        .services
        .payment()
        .check_account(&viewer, &id)
        .await?;
    Ok(to_page(if works { Flash::Works } else { Flash::Broken }))
}

/// `POST /manage/payments/{id}/signing`.
pub async fn add_signing(
    State(vitrine): State<Vitrine>,
    SignedSession(session): SignedSession,
    Path(id): Path<String>,
    Form(fields): Form<Fields>,
) -> Result<Response, Problem> {
    let payment = vitrine.services.payment();
    let done = payment.add_signing(&session, &id, &fields.signing).await;
    answer(&vitrine, &session, done, Flash::Signing).await
}

/// `POST /manage/payments/{id}/signing/{secret}/remove`.
pub async fn remove_signing(
    State(vitrine): State<Vitrine>,
    SignedSession(session): SignedSession,
    Path((id, secret)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let payment = vitrine.services.payment();
    let done = payment.remove_signing(&session, &id, &secret).await;
    answer(&vitrine, &session, done, Flash::SigningRemoved).await
}

/// `POST /manage/payments/{id}/remove`.
pub async fn remove(
    State(vitrine): State<Vitrine>,
    SignedSession(session): SignedSession,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let done = vitrine
        .services
        .payment()
        .remove_account(&session, &id)
        .await;
    answer(&vitrine, &session, done, Flash::Removed).await
}

/// `POST /manage/payments/webhooks/{id}/replay`.
pub async fn replay(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    vitrine
        .services
        .payment()
        .replay_webhook(&viewer, &id)
        .await?;
    Ok(to_page(Flash::Replayed))
}

fn to_page(flash: Flash) -> Response {
    Redirect::to(&format!("/manage/payments?flash={}", flash.name())).into_response()
}

/// Where a change leads: to the page with a flash message, to the page with what is wrong, or to a new sign-in.
async fn answer(
    vitrine: &Vitrine,
    session: &Session,
    done: Done<()>,
    flash: Flash,
) -> Result<Response, Problem> {
    let (status, invalid) = match done {
        Ok(()) => return Ok(to_page(flash)),
        Err(Error::Denied(_)) => {
            return Ok(Redirect::to("/sign-in?next=/manage/payments").into_response());
        }
        Err(Error::Invalid { field, message }) => (
            StatusCode::UNPROCESSABLE_ENTITY,
            Invalid::new(field, message),
        ),
        Err(Error::Conflict(message)) => (StatusCode::CONFLICT, Invalid::new("account", message)),
        Err(Error::Unavailable(message)) => (
            StatusCode::SERVICE_UNAVAILABLE,
            Invalid::new("secret", message),
        ),
        Err(other) => return Err(other.into()),
    };
    let page = render(vitrine, session, &[invalid], None).await?;
    Ok((status, page).into_response())
}

async fn render(
    vitrine: &Vitrine,
    session: &Session,
    errors: &[Invalid],
    message: Option<&str>,
) -> Result<Response, Problem> {
    let payment = vitrine.services.payment();
    let viewer = &session.viewer;
    let payments = app::manage::page::Payments {
        accounts: &payment.accounts(viewer).await?,
        webhooks: &payment.webhooks(viewer).await?,
        errors,
        message,
        recent: session.is_recent(vitrine.clock.now()),
    };
    Ok(document::private(app::manage::page::payments(
        &vitrine.site,
        viewer,
        &payments,
    )))
}
