//! Setting up, signing in, signing out.

use axum::{
    Form, Json,
    extract::{Path, Query, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use domain::{identity::SetupForm, invalid::Invalid};
use serde::Deserialize;
use services::{Error, identity::SignedIn};
use tokio::time::Instant;

use super::{client::Client, document, error::Problem, viewer};
use crate::state::Vitrine;

/// The set-up form as posted.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Setup {
    #[serde(flatten)]
    form: SetupForm,
    password: String,
}

/// `GET /setup/{token}`: shows the form and uses nothing up.
pub async fn setup_page(
    State(vitrine): State<Vitrine>,
    client: Client,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    knock(&vitrine, client)?;
    let shop = vitrine
        .services
        .identity()
        .look_at_link(&token)
        .await
        .map_err(gone)?;
    vitrine.limits.door.give_back(&client);
    let form = SetupForm::default();
    Ok(document::private(app::identity::page::setup(
        &vitrine.site,
        &token,
        shop.as_ref(),
        &form,
        None,
    )))
}

/// `POST /setup/{token}`: opens the shop with a password, or gives its owner a new one.
pub async fn set_up(
    State(vitrine): State<Vitrine>,
    client: Client,
    Path(token): Path<String>,
    Form(setup): Form<Setup>,
) -> Result<Response, Problem> {
    knock(&vitrine, client)?;
    let identity = vitrine.services.identity();
    match identity
        .set_up_with_password(&token, &setup.form, &setup.password)
        .await
    {
        Ok(signed) => {
            vitrine.limits.door.give_back(&client);
            vitrine.purger.catch_up().await;
            enter(&vitrine, &signed, "/studio")
        }
        Err(error) => {
            let (status, invalid) = about_form(error)?;
            vitrine.limits.door.give_back(&client);
            let shop = identity.look_at_link(&token).await.map_err(gone)?;
            let page = app::identity::page::setup(
                &vitrine.site,
                &token,
                shop.as_ref(),
                &setup.form,
                Some(&invalid),
            );
            Ok((status, document::private(page)).into_response())
        }
    }
}

/// `POST /setup/{token}/passkey/start`: the browser's task for a new passkey.
pub async fn start_passkey(
    State(vitrine): State<Vitrine>,
    client: Client,
    Path(token): Path<String>,
    Json(form): Json<SetupForm>,
) -> Result<Response, Problem> {
    knock(&vitrine, client)?;
    let task = vitrine
        .services
        .identity()
        .start_passkey_setup(&token, &form)
        .await
        .map_err(gone)?;
    vitrine.limits.door.give_back(&client);
    Ok(secret(Json(task)))
}

/// `POST /setup/{token}/passkey/finish`: what the browser made of it.
pub async fn finish_passkey(
    State(vitrine): State<Vitrine>,
    client: Client,
    Path(token): Path<String>,
    Json(credential): Json<serde_json::Value>,
) -> Result<Response, Problem> {
    knock(&vitrine, client)?;
    let identity = vitrine.services.identity();
    let signed = identity
        .finish_passkey_setup(&token, &credential)
        .await
        .map_err(gone)?;
    vitrine.limits.door.give_back(&client);
    vitrine.purger.catch_up().await;
    entered(&vitrine, &signed, "/studio")
}

/// Where to go after signing in.
#[derive(Debug, Deserialize)]
pub struct Next {
    next: Option<String>,
}

/// `GET /sign-in`.
pub async fn sign_in_page(State(vitrine): State<Vitrine>, Query(query): Query<Next>) -> Response {
    let next = query
        .next
        .as_deref()
        .map(|next| viewer::local_path(Some(next)));
    document::private(app::identity::page::sign_in(&vitrine.site, "", next, None))
}

/// The sign-in form as posted.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct SignIn {
    handle: String,
    password: String,
    next: Option<String>,
}

/// `POST /sign-in`: with a password.
pub async fn sign_in(
    State(vitrine): State<Vitrine>,
    client: Client,
    Form(form): Form<SignIn>,
) -> Result<Response, Problem> {
    let next = viewer::local_path(form.next.as_deref());
    match vitrine
        .services
        .identity()
        .sign_in(&form.handle, &form.password, client.0)
        .await
    {
        Ok(signed) => enter(&vitrine, &signed, next),
        Err(error @ (Error::Denied(_) | Error::Invalid { .. })) => {
            let sentence = error.sentence();
            let page = app::identity::page::sign_in(
                &vitrine.site,
                &form.handle,
                Some(next),
                Some(&sentence),
            );
            Ok((StatusCode::FORBIDDEN, document::private(page)).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

/// Whose passkey.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Whose {
    handle: String,
}

/// `POST /sign-in/passkey/start`.
pub async fn start_sign_in(
    State(vitrine): State<Vitrine>,
    client: Client,
    Json(whose): Json<Whose>,
) -> Result<Response, Problem> {
    let task = vitrine
        .services
        .identity()
        .start_passkey_sign_in(&whose.handle, client.0)
        .await?;
    Ok(secret(Json(task)))
}

/// `POST /sign-in/passkey/finish`.
pub async fn finish_sign_in(
    State(vitrine): State<Vitrine>,
    client: Client,
    Query(query): Query<Next>,
    Json(credential): Json<serde_json::Value>,
) -> Result<Response, Problem> {
    let signed = vitrine
        .services
        .identity()
        .finish_passkey_sign_in(&credential, client.0)
        .await?;
    entered(&vitrine, &signed, viewer::local_path(query.next.as_deref()))
}

/// `POST /sign-out`.
pub async fn sign_out(
    State(vitrine): State<Vitrine>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if let Some(token) = viewer::token(&vitrine, &headers) {
        vitrine.services.identity().sign_out(&token).await?;
    }
    let ended = viewer::end(&vitrine)?;
    Ok(([(header::SET_COOKIE, ended)], Redirect::to("/")).into_response())
}

/// Takes one try at the set-up door; tokens are long, but nobody needs to try many.
fn knock(vitrine: &Vitrine, client: Client) -> Result<(), Problem> {
    vitrine
        .limits
        .door
        .take(client, Instant::now())
        .map_err(Problem::too_many)
}

/// A used, expired or unknown link: what to run for a new one.
fn gone(error: Error) -> Problem {
    match error {
        Error::Gone(_) | Error::NotFound(_) => Problem::new(
            StatusCode::GONE,
            "gone",
            "This link was used, has expired, or is cut short. Run `vitrine owner-link` on the machine of the shop; it prints a new one.",
        ),
        other => other.into(),
    }
}

/// What is wrong with the form, to be shown beside it; anything else is a problem of its own.
fn about_form(error: Error) -> Result<(StatusCode, Invalid), Problem> {
    match error {
        Error::Invalid { field, sentence } => Ok((
            StatusCode::UNPROCESSABLE_ENTITY,
            Invalid::new(field, sentence),
        )),
        Error::Conflict(sentence) => Ok((StatusCode::CONFLICT, Invalid::new("handle", sentence))),
        other => Err(gone(other)),
    }
}

fn enter(vitrine: &Vitrine, signed: &SignedIn, next: &str) -> Result<Response, Problem> {
    let cookie = viewer::begin(vitrine, signed, vitrine.clock.now())?;
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to(next)).into_response())
}

fn entered(vitrine: &Vitrine, signed: &SignedIn, next: &str) -> Result<Response, Problem> {
    let cookie = viewer::begin(vitrine, signed, vitrine.clock.now())?;
    let told = secret(Json(serde_json::json!({ "next": next })));
    Ok(([(header::SET_COOKIE, cookie)], told).into_response())
}

fn secret(told: impl IntoResponse) -> Response {
    let mut response = told.into_response();
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
