//! `/manage/products…`: the list and the editor.

use app::manage::page::Editor;
use axum::{
    Form,
    extract::{Path, Query, State, rejection::FormRejection},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use domain::{
    catalog::{EditForm, Product},
    id::ProductId,
    identity::Viewer,
    invalid::Invalid,
    time::UnixMs,
};
use serde::Deserialize;
use services::{Error, catalog::NewProduct};

use super::Filter;
use crate::{
    http::{document, error::Problem, viewer::Signed},
    state::Vitrine,
};

/// The flash message of the editor after a redirect. The address carries only its name, so that nobody can put a text of their
/// own into a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flash {
    Saved,
    Published,
    Unpublished,
    Added,
    Moved,
    Replaced,
    Removed,
    Notified,
}

impl Flash {
    const ALL: [Self; 8] = [
        Self::Saved,
        Self::Published,
        Self::Unpublished,
        Self::Added,
        Self::Moved,
        Self::Replaced,
        Self::Removed,
        Self::Notified,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Saved => "saved",
            Self::Published => "published",
            Self::Unpublished => "unpublished",
            Self::Added => "added",
            Self::Moved => "moved",
            Self::Replaced => "replaced",
            Self::Removed => "removed",
            Self::Notified => "notified",
        }
    }

    const fn message(self) -> &'static str {
        match self {
            Self::Saved => "Saved.",
            Self::Published => "Published. Shoppers can see and buy it now.",
            Self::Unpublished => "Taken off the shop. It is a draft again; its orders stay.",
            Self::Added => "Added to the end. Move a photo up to make it the first.",
            Self::Moved => "Moved.",
            Self::Replaced => "Replaced.",
            Self::Removed => "Taken off this product.",
            Self::Notified => {
                "Their addresses are forgotten. Whoever asks from now on stands here again."
            }
        }
    }
}

fn contracts(vitrine: &Vitrine) -> services::capture::Contracts<'_> {
    vitrine.services.contracts()
}

/// The flash message in the address.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct FlashQuery {
    flash: String,
}

/// `GET /manage/products`.
pub async fn list(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    Query(filter): Query<Filter>,
) -> Result<Response, Problem> {
    let products = vitrine.services.catalog().products(&viewer).await?;
    let show = app::manage::page::ShowProducts::read(&filter.show);
    Ok(document::private(app::manage::page::products(
        &vitrine.site,
        &viewer,
        &products,
        show,
        vitrine.services.media().usage(&viewer).await?,
    )))
}

/// `POST /manage/products`: a new empty draft.
pub async fn create(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
) -> Result<Response, Problem> {
    let product = vitrine
        .services
        .catalog()
        .create(&viewer, NewProduct::default())
        .await?;
    Ok(Redirect::to(&format!("/manage/products/{}", product.id)).into_response())
}

/// `GET /manage/products/{id}`: the editor.
pub async fn edit(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    Path(id): Path<String>,
    Query(query): Query<FlashQuery>,
) -> Result<Response, Problem> {
    let (id, catalog) = (read(&id)?, vitrine.services.catalog());
    let product = catalog.product(&viewer, &id).await?;
    let waitlist = catalog.waitlist(&viewer, &id).await?;
    let contract = contracts(&vitrine).of_product(&viewer, &id).await?;
    let flash = Flash::ALL
        .into_iter()
        .find(|flash| flash.name() == query.flash);
    let editor = Editor {
        product: &product,
        waitlist: &waitlist,
        contract: contract.as_ref(),
        form: None,
        errors: &[],
        message: flash.map(Flash::message),
        form_key: &vitrine.services.token()?,
        changed: false,
    };
    let page = app::manage::page::product(&vitrine.site, &viewer, &editor);
    Ok(document::private(page))
}

/// `POST /manage/products/{id}`: saves the fields.
pub async fn save(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    Path(id): Path<String>,
    Form(form): Form<EditForm>,
) -> Result<Response, Problem> {
    let id = read(&id)?;
    match vitrine.services.catalog().update(&viewer, &id, &form).await {
        Ok(product) => Ok(redirect_to_editor(&product.id, Flash::Saved)),
        Err(error) => editor_with_error(&vitrine, &viewer, &id, Some(&form), error).await,
    }
}

/// `POST …/publish`.
pub async fn publish(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    Path(id): Path<String>,
    form: Result<Form<EditForm>, FormRejection>,
) -> Result<Response, Problem> {
    let (id, typed) = (read(&id)?, typed(form));
    let result = vitrine.services.catalog().publish(&viewer, &id).await;
    finish(&vitrine, &viewer, &id, result, Flash::Published, &typed).await
}

/// `POST …/unpublish`.
pub async fn unpublish(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    Path(id): Path<String>,
    form: Result<Form<EditForm>, FormRejection>,
) -> Result<Response, Problem> {
    let (id, typed) = (read(&id)?, typed(form));
    let result = vitrine.services.catalog().unpublish(&viewer, &id).await;
    finish(&vitrine, &viewer, &id, result, Flash::Unpublished, &typed).await
}

/// `POST …/delete`.
pub async fn delete(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id = read(&id)?;
    match vitrine.services.catalog().delete(&viewer, &id).await {
        Ok(()) => Ok(Redirect::to("/manage/products").into_response()),
        Err(error) => editor_with_error(&vitrine, &viewer, &id, None, error).await,
    }
}

/// Up to when those on the waitlist were notified, unix ms.
#[derive(Debug, Deserialize)]
pub struct Notified {
    until: i64,
    #[serde(flatten)]
    typed: EditForm,
}

/// `POST …/waitlist/notified`: deletes the requests that were on the waitlist when the editor was rendered.
pub async fn waitlist_notified(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    Path(id): Path<String>,
    Form(form): Form<Notified>,
) -> Result<Response, Problem> {
    let id = read(&id)?;
    let (catalog, until) = (vitrine.services.catalog(), UnixMs(form.until));
    catalog.notified_waitlist(&viewer, &id, until).await?;
    let result = catalog.product(&viewer, &id).await;
    finish(&vitrine, &viewer, &id, result, Flash::Notified, &form.typed).await
}

/// Stands in the place of a field where the fields were changed elsewhere.
const CHANGED: &str = "changed";

pub(super) fn read(id: &str) -> Result<ProductId, Problem> {
    id.parse().map_err(|_| Problem::not_found())
}

/// The fields that came along with a button that does not save them; nothing where a program sent none.
pub(super) fn typed(form: Result<Form<EditForm>, FormRejection>) -> EditForm {
    form.map(|Form(form)| form).unwrap_or_default()
}

/// What was typed, where it came from the editor's page.
pub(super) fn of_a_page(typed: &EditForm) -> Option<&EditForm> {
    Some(typed).filter(|typed| !typed.form_key.is_empty())
}

/// Back to the editor: with a flash message when it went well, with the error when not. What was typed and is not saved stands
/// there again.
pub(super) async fn finish(
    vitrine: &Vitrine,
    viewer: &Viewer,
    id: &ProductId,
    result: Result<Product, Error>,
    flash: Flash,
    typed: &EditForm,
) -> Result<Response, Problem> {
    let typed = of_a_page(typed);
    let product = match result {
        Ok(product) => product,
        Err(error) => return editor_with_error(vitrine, viewer, id, typed, error).await,
    };
    let Some(form) = typed.filter(|form| Editor::is_unsaved(&product, form)) else {
        return Ok(redirect_to_editor(&product.id, flash));
    };
    let waitlist = vitrine.services.catalog().waitlist(viewer, id).await?;
    let contract = contracts(vitrine).of_product(viewer, id).await?;
    let message = format!(
        "{} What you typed stands below and is not saved yet.",
        flash.message()
    );
    let editor = Editor {
        product: &product,
        waitlist: &waitlist,
        contract: contract.as_ref(),
        form: Some(form),
        errors: &[],
        message: Some(&message),
        form_key: &form.form_key,
        changed: false,
    };
    let page = app::manage::page::product(&vitrine.site, viewer, &editor);
    Ok(document::private(page))
}

fn redirect_to_editor(id: &ProductId, flash: Flash) -> Response {
    Redirect::to(&format!("/manage/products/{id}?flash={}", flash.name())).into_response()
}

/// The editor again, with what was typed and what is wrong with it.
async fn editor_with_error(
    vitrine: &Vitrine,
    viewer: &Viewer,
    id: &ProductId,
    form: Option<&EditForm>,
    error: Error,
) -> Result<Response, Problem> {
    let (status, invalid) = match error {
        Error::Invalid { field, message } => {
            let first = Invalid::new(field, message);
            let errors = all_errors(viewer, form, first);
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            return editor_with_errors(vitrine, viewer, id, form, status, &errors).await;
        }
        Error::Conflict(message) => (StatusCode::CONFLICT, Invalid::new("", message)),
        Error::Changed(message) => (StatusCode::CONFLICT, Invalid::new(CHANGED, message)),
        Error::TooLarge(message) => (StatusCode::PAYLOAD_TOO_LARGE, Invalid::new("", message)),
        other => return Err(other.into()),
    };
    editor_with_errors(vitrine, viewer, id, form, status, &[invalid]).await
}

/// Everything that is wrong with what was typed, where saving stopped at `first`.
fn all_errors(viewer: &Viewer, form: Option<&EditForm>, first: Invalid) -> Vec<Invalid> {
    let currency = viewer.shop.currency.parse().ok();
    let mut errors = form
        .zip(currency)
        .map(|(form, currency)| form.errors(currency))
        .unwrap_or_default();
    // What only shows on saving stands alone.
    if !errors.iter().any(|error| error.field == first.field) {
        errors.push(first);
    }
    errors
}

/// The editor with errors.
pub(super) async fn editor_with_errors(
    vitrine: &Vitrine,
    viewer: &Viewer,
    id: &ProductId,
    form: Option<&EditForm>,
    status: StatusCode,
    errors: &[Invalid],
) -> Result<Response, Problem> {
    let catalog = vitrine.services.catalog();
    let product = catalog.product(viewer, id).await?;
    let waitlist = catalog.waitlist(viewer, id).await?;
    let contract = contracts(vitrine).of_product(viewer, id).await?;
    let editor = Editor {
        product: &product,
        waitlist: &waitlist,
        contract: contract.as_ref(),
        form,
        errors,
        message: None,
        form_key: &vitrine.services.token()?,
        changed: errors.iter().any(|error| error.field == CHANGED),
    };
    let page = app::manage::page::product(&vitrine.site, viewer, &editor);
    Ok((status, document::private(page)).into_response())
}
