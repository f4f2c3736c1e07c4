//! `/manage/settings…`: the shop's name, handle and currency; ways in; browsers.

use axum::{
    Form,
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use domain::{
    identity::{SetupForm, device::Session},
    invalid::Invalid,
};
use serde::Deserialize;
use services::{Error, Result as Done};

use crate::{
    http::{document, error::Problem, viewer::SignedSession},
    state::Vitrine,
};

/// The flash message of the page after a redirect. The address carries only its name, so that nobody can put a text of their
/// own into a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flash {
    Name,
    Handle,
    Currency,
    Passkey,
    Removed,
    Password,
    Ended,
    EndedOthers,
}

impl Flash {
    const ALL: [Self; 8] = [
        Self::Name,
        Self::Handle,
        Self::Currency,
        Self::Passkey,
        Self::Removed,
        Self::Password,
        Self::Ended,
        Self::EndedOthers,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Handle => "handle",
            Self::Currency => "currency",
            Self::Passkey => "passkey",
            Self::Removed => "removed",
            Self::Password => "password",
            Self::Ended => "ended",
            Self::EndedOthers => "ended-others",
        }
    }

    const fn message(self) -> &'static str {
        match self {
            Self::Name => "Saved. Every page of the shop shows the new name.",
            Self::Handle => "Changed. Links with the old handle lead to the new one.",
            Self::Currency => "Changed. Look through your prices before you sell.",
            Self::Passkey => "Added. It signs you in from now on.",
            Self::Removed => "Removed. It signs nobody in any more.",
            Self::Password => "Set. It signs you in from now on.",
            Self::Ended => "That browser is signed out and forgotten.",
            Self::EndedOthers => "Every other browser is signed out and forgotten.",
        }
    }
}

/// The flash message in the address.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct FlashQuery {
    flash: String,
}

/// The fields of the page's forms as posted.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Fields {
    #[serde(flatten)]
    form: SetupForm,
    password: String,
}

/// `GET /manage/settings`.
pub async fn page(
    State(vitrine): State<Vitrine>,
    SignedSession(session): SignedSession,
    Query(query): Query<FlashQuery>,
) -> Result<Response, Problem> {
    let flash = Flash::ALL
        .into_iter()
        .find(|flash| flash.name() == query.flash);
    let message = flash.map(Flash::message);
    render(&vitrine, &session, &SetupForm::default(), &[], message).await
}

/// `POST /manage/settings/name`.
pub async fn name(
    State(vitrine): State<Vitrine>,
    SignedSession(session): SignedSession,
    Form(fields): Form<Fields>,
) -> Result<Response, Problem> {
    let identity = vitrine.services.identity();
    let done = identity
        .rename(&session.viewer, &fields.form.shop_name)
        .await;
    answer(&vitrine, &session, done, Flash::Name, "shop_name", &fields).await
}

/// `POST /manage/settings/handle`.
pub async fn handle(
    State(vitrine): State<Vitrine>,
    SignedSession(session): SignedSession,
    Form(fields): Form<Fields>,
) -> Result<Response, Problem> {
    let identity = vitrine.services.identity();
    let done = identity.change_handle(&session, &fields.form.handle).await;
    answer(&vitrine, &session, done, Flash::Handle, "handle", &fields).await
}

/// `POST /manage/settings/currency`.
pub async fn currency(
    State(vitrine): State<Vitrine>,
    SignedSession(session): SignedSession,
    Form(fields): Form<Fields>,
) -> Result<Response, Problem> {
    let identity = vitrine.services.identity();
    let done = identity
        .change_currency(&session.viewer, &fields.form.currency)
        .await;
    answer(
        &vitrine,
        &session,
        done,
        Flash::Currency,
        "currency",
        &fields,
    )
    .await
}

/// `POST /manage/settings/password`.
pub async fn password(
    State(vitrine): State<Vitrine>,
    SignedSession(session): SignedSession,
    Form(fields): Form<Fields>,
) -> Result<Response, Problem> {
    let identity = vitrine.services.identity();
    let done = identity.set_password(&session, &fields.password).await;
    answer(
        &vitrine,
        &session,
        done,
        Flash::Password,
        "password",
        &fields,
    )
    .await
}

/// `POST /manage/settings/password/remove`.
pub async fn remove_password(
    State(vitrine): State<Vitrine>,
    SignedSession(session): SignedSession,
) -> Result<Response, Problem> {
    let done = vitrine.services.identity().remove_password(&session).await;
    let fields = Fields::default();
    answer(&vitrine, &session, done, Flash::Removed, "ways", &fields).await
}

/// `POST /manage/settings/passkeys/{id}/remove`.
pub async fn remove_passkey(
    State(vitrine): State<Vitrine>,
    SignedSession(session): SignedSession,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let identity = vitrine.services.identity();
    let done = identity.remove_passkey(&session, &id).await;
    let fields = Fields::default();
    answer(&vitrine, &session, done, Flash::Removed, "ways", &fields).await
}

/// `POST /manage/settings/browsers/{id}/end`.
pub async fn end_browser(
    State(vitrine): State<Vitrine>,
    SignedSession(session): SignedSession,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let identity = vitrine.services.identity();
    let done = identity.end_device(&session.viewer, &id).await;
    let fields = Fields::default();
    answer(&vitrine, &session, done, Flash::Ended, "browsers", &fields).await
}

/// `POST /manage/settings/browsers/end-others`.
pub async fn end_other_browsers(
    State(vitrine): State<Vitrine>,
    SignedSession(session): SignedSession,
) -> Result<Response, Problem> {
    vitrine
        .services
        .identity()
        .end_other_devices(&session)
        .await?;
    Ok(to_page(Flash::EndedOthers))
}

fn to_page(flash: Flash) -> Response {
    Redirect::to(&format!("/manage/settings?flash={}", flash.name())).into_response()
}

/// Where a change leads: to the page with a flash message, to the page with what is wrong, or to a new sign-in.
async fn answer(
    vitrine: &Vitrine,
    session: &Session,
    done: Done<()>,
    flash: Flash,
    field: &'static str,
    fields: &Fields,
) -> Result<Response, Problem> {
    let (status, invalid) = match done {
        Ok(()) => return Ok(to_page(flash)),
        Err(Error::Denied(_)) => {
            return Ok(Redirect::to("/sign-in?next=/manage/settings").into_response());
        }
        Err(Error::Invalid { field, message }) => (
            StatusCode::UNPROCESSABLE_ENTITY,
            Invalid::new(field, message),
        ),
        Err(Error::Conflict(message)) => (StatusCode::CONFLICT, Invalid::new(field, message)),
        Err(other) => return Err(other.into()),
    };
    let page = render(vitrine, session, &fields.form, &[invalid], None).await?;
    Ok((status, page).into_response())
}

async fn render(
    vitrine: &Vitrine,
    session: &Session,
    form: &SetupForm,
    errors: &[Invalid],
    message: Option<&str>,
) -> Result<Response, Problem> {
    let identity = vitrine.services.identity();
    let viewer = &session.viewer;
    let settings = app::manage::page::Settings {
        form,
        errors,
        message,
        ways: &identity.ways_in(viewer).await?,
        devices: &identity.devices(viewer).await?,
        device: &session.device,
        recent: session.is_recent(vitrine.clock.now()),
        currency_is_free: identity.can_change_currency(viewer).await?,
    };
    Ok(document::private(app::manage::page::settings(
        &vitrine.site,
        viewer,
        &settings,
    )))
}
