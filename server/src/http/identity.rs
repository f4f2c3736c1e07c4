//! Setting up, signing in, signing out.

use app::identity::link::{gone, local_path};
use axum::{
    Form,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{AppendHeaders, IntoResponse, Redirect, Response},
};
use domain::{
    identity::{Password, SetupForm},
    invalid::Invalid,
};
use serde::Deserialize;
use services::{Error, identity::SignedIn};

use super::{browser::Browser, client::Client, cookie, document, error::Problem, viewer::Anyone};
use crate::state::Vitrine;

/// The field of the password in forms and errors.
const PASSWORD: &str = "password";

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
    take_setup(&vitrine, client)?;
    let shop = vitrine
        .services
        .identity()
        .check_link(&token)
        .await
        .map_err(gone)?;
    vitrine.limits.setup.give_back(&client.0);
    let form = SetupForm::default();
    Ok(document::private(app::identity::page::setup(
        &vitrine.site,
        &token,
        shop.as_ref(),
        &form,
        &[],
    )))
}

/// `POST /setup/{token}`: opens the shop with a password, or gives its owner a new one.
pub async fn set_up(
    State(vitrine): State<Vitrine>,
    client: Client,
    Browser(browser): Browser,
    Path(token): Path<String>,
    Form(setup): Form<Setup>,
) -> Result<Response, Problem> {
    take_setup(&vitrine, client)?;
    let identity = vitrine.services.identity();
    match identity
        .set_up_with_password(&token, &setup.form, &setup.password, &browser)
        .await
    {
        Ok(signed) => {
            vitrine.limits.setup.give_back(&client.0);
            redirect_signed_in(&vitrine, &signed, "/studio")
        }
        Err(error) => {
            let (status, invalid) = field_error(error)?;
            vitrine.limits.setup.give_back(&client.0);
            let shop = identity.check_link(&token).await.map_err(gone)?;
            let errors = all_errors(&setup, shop.is_some(), invalid);
            let page = app::identity::page::setup(
                &vitrine.site,
                &token,
                shop.as_ref(),
                &setup.form,
                &errors,
            );
            Ok((status, document::private(page)).into_response())
        }
    }
}

/// Where to go after signing in.
#[derive(Debug, Deserialize)]
pub struct Next {
    next: Option<String>,
}

/// `GET /sign-in`. Whoever is signed in comes here to show once more that it is them, and finds the handle filled in.
pub async fn sign_in_page(
    State(vitrine): State<Vitrine>,
    Anyone(viewer): Anyone,
    Query(query): Query<Next>,
) -> Response {
    let next = query.next.as_deref().map(|next| local_path(Some(next)));
    let handle = viewer
        .as_ref()
        .map_or("", |viewer| viewer.shop.handle.as_str());
    document::private(app::identity::page::sign_in(
        &vitrine.site,
        handle,
        next,
        None,
        viewer.is_some(),
    ))
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
    Anyone(viewer): Anyone,
    Browser(browser): Browser,
    Form(form): Form<SignIn>,
) -> Result<Response, Problem> {
    let next = local_path(form.next.as_deref());
    match vitrine
        .services
        .identity()
        .sign_in(&form.handle, &form.password, &browser)
        .await
    {
        Ok(signed) => redirect_signed_in(&vitrine, &signed, next),
        Err(error @ (Error::Denied(_) | Error::Invalid { .. })) => {
            let message = error.message();
            let page = app::identity::page::sign_in(
                &vitrine.site,
                &form.handle,
                Some(next),
                Some(&message),
                viewer.is_some(),
            );
            Ok((StatusCode::FORBIDDEN, document::private(page)).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /sign-out`.
pub async fn sign_out(
    State(vitrine): State<Vitrine>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if let Some(token) = cookie::Kind::Session.read(&vitrine, &headers) {
        vitrine.services.identity().sign_out(&token).await?;
    }
    let ended = cookie::end(&vitrine)?;
    Ok(([(header::SET_COOKIE, ended)], Redirect::to("/")).into_response())
}

/// Takes one request from the limit of set-up links: tokens are long, but nobody needs to try many.
fn take_setup(vitrine: &Vitrine, client: Client) -> Result<(), Problem> {
    let now = vitrine.clock.now();
    Ok(vitrine.limits.setup.take(&client.0, now)?)
}

/// The error of a field, to be shown beside it; anything else is a problem of its own.
fn field_error(error: Error) -> Result<(StatusCode, Invalid), Problem> {
    match error {
        Error::Invalid { field, message } => Ok((
            StatusCode::UNPROCESSABLE_ENTITY,
            Invalid::new(field, message),
        )),
        Error::Conflict(message) => Ok((StatusCode::CONFLICT, Invalid::new("handle", message))),
        other => Err(gone(other).into()),
    }
}

/// Everything that is wrong with a set-up form, where setting up stopped at `first`. A link that recovers a shop reads only the
/// password.
fn all_errors(setup: &Setup, recovers: bool, first: Invalid) -> Vec<Invalid> {
    let mut errors = if recovers {
        Vec::new()
    } else {
        setup.form.errors()
    };
    // That a handle is taken is not seen in the form.
    if first.field != PASSWORD && !errors.iter().any(|error| error.field == first.field) {
        errors.push(first);
    }
    errors.extend(setup.password.parse::<Password>().err());
    errors
}

fn redirect_signed_in(
    vitrine: &Vitrine,
    signed: &SignedIn,
    next: &str,
) -> Result<Response, Problem> {
    let cookies = cookie::begin(vitrine, signed, vitrine.clock.now())?;
    Ok((AppendHeaders(cookies), Redirect::to(next)).into_response())
}
