//! `/manage/contracts…`: what a shop films under.

use app::manage::page::{self, ContractEditor, Typed};
use axum::{
    Form,
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use domain::{
    capture::contract::{Reference, form::ContractForm},
    id::{ContractId, ContractLinkId},
    identity::Viewer,
    invalid::Invalid,
};
use serde::Deserialize;
use services::Error;

use crate::{
    http::{document, error::Problem, viewer::Signed},
    state::Vitrine,
};

/// What was just done.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct DoneQuery {
    made: Option<String>,
    saved: Option<String>,
    ended: Option<String>,
    revoked: Option<String>,
}

/// What a new contract is made from.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct From {
    from: String,
}

fn read(id: &str) -> Result<ContractId, Problem> {
    id.parse().map_err(|_| Problem::not_found())
}

/// `GET /manage/contracts`.
pub async fn list(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    Query(query): Query<DoneQuery>,
) -> Result<Response, Problem> {
    let own = vitrine.services.contracts().own(&viewer).await?;
    let message = query
        .ended
        .map(|_| "Ended. What was filmed under it goes on naming it.");
    Ok(document::private(page::contracts(
        &vitrine.site,
        &viewer,
        &own,
        message,
    )))
}

/// `POST /manage/contracts`: one of the shop's own, from a template or another one.
pub async fn make(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    Form(form): Form<From>,
) -> Result<Response, Problem> {
    let from: Reference = form
        .from
        .parse()
        .map_err(|invalid: Invalid| Problem::bad(invalid.message))?;
    let made = vitrine.services.contracts().copy(&viewer, &from).await?;
    Ok(Redirect::to(&format!("/manage/contracts/{}?made", made.id)).into_response())
}

async fn render(
    vitrine: &Vitrine,
    viewer: &Viewer,
    id: &ContractId,
    typed: &Typed<ContractForm>,
    new_link: Option<&str>,
) -> Result<Response, Problem> {
    let contracts = vitrine.services.contracts();
    let editor = ContractEditor {
        kept: &contracts.contract(viewer, id).await?,
        links: &contracts.links(viewer, id).await?,
        typed,
        new_link,
    };
    Ok(document::private(page::contract(
        &vitrine.site,
        viewer,
        &editor,
    )))
}

/// `GET /manage/contracts/{id}`: the editor.
pub async fn edit(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    Path(id): Path<String>,
    Query(query): Query<DoneQuery>,
) -> Result<Response, Problem> {
    let message = match (query.made, query.saved, query.revoked) {
        (Some(_), ..) => {
            Some("It is yours now. Change it, give it a name, and pick it in the studio.")
        }
        (_, Some(_), _) => {
            Some("Saved. The studio films under it from the next time it is opened.")
        }
        (.., Some(_)) => Some("Revoked. Whoever opens the link now is told that it does not work."),
        _ => None,
    };
    let typed = Typed {
        message,
        ..Typed::default()
    };
    render(&vitrine, &viewer, &read(&id)?, &typed, None).await
}

/// `POST /manage/contracts/{id}`: the next version.
pub async fn save(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    Path(id): Path<String>,
    Form(form): Form<ContractForm>,
) -> Result<Response, Problem> {
    let id = read(&id)?;
    let saved = vitrine.services.contracts().save(&viewer, &id, &form).await;
    let (status, error) = match saved {
        Ok(_) => {
            return Ok(Redirect::to(&format!("/manage/contracts/{id}?saved")).into_response());
        }
        Err(Error::Invalid { field, message }) => (
            StatusCode::UNPROCESSABLE_ENTITY,
            Invalid::new(field, message),
        ),
        Err(Error::Changed(message)) => (StatusCode::CONFLICT, Invalid::new("version", message)),
        Err(other) => return Err(other.into()),
    };
    let typed = Typed {
        form,
        errors: vec![error],
        message: None,
    };
    let page = render(&vitrine, &viewer, &id, &typed, None).await?;
    Ok((status, page).into_response())
}

/// `POST /manage/contracts/{id}/end`.
pub async fn end(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    vitrine
        .services
        .contracts()
        .end(&viewer, &read(&id)?)
        .await?;
    Ok(Redirect::to("/manage/contracts?ended").into_response())
}

/// `POST /manage/contracts/{id}/links`: a link, which is in this answer and nowhere else.
pub async fn share(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id = read(&id)?;
    let link = vitrine.services.contracts().share(&viewer, &id).await?;
    let address = format!("{}{}", vitrine.origin, link.path);
    render(&vitrine, &viewer, &id, &Typed::default(), Some(&address)).await
}

/// `POST /manage/contracts/{id}/links/{link}/revoke`.
pub async fn revoke(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    Path((id, link)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let id = read(&id)?;
    let link: ContractLinkId = link.parse().map_err(|_| Problem::not_found())?;
    vitrine
        .services
        .contracts()
        .revoke(&viewer, &id, &link)
        .await?;
    Ok(Redirect::to(&format!("/manage/contracts/{id}?revoked")).into_response())
}
