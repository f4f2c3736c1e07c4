//! `/manage/products/{id}/variants`: options and variants of a product.

use app::manage::page::VariantsEditor;
use axum::{
    Form,
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use domain::{
    catalog::variant::{MOST_VARIANTS, OptionsForm, VariantForm},
    id::{ProductId, VariantId},
    identity::Viewer,
    invalid::Invalid,
};
use serde::Deserialize;
use services::{Error, catalog::NotSaved};

use super::product::read;
use crate::{
    http::{document, error::Problem, viewer::Signed},
    state::Vitrine,
};

/// The flash message in the address.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct FlashQuery {
    flash: String,
}

/// What was typed and could not be saved.
#[derive(Debug, Default)]
struct Typed {
    options: Option<OptionsForm>,
    rows: Vec<VariantForm>,
    /// What the page was that it was typed on: a correction of it counts once, and what others saved meanwhile is not overwritten.
    version: String,
    form_key: String,
    errors: Vec<Invalid>,
    wrong: Vec<(VariantId, Invalid)>,
}

/// `GET /manage/products/{id}/variants`.
pub async fn page(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    Path(id): Path<String>,
    Query(query): Query<FlashQuery>,
) -> Result<Response, Problem> {
    let message = (query.flash == "saved").then_some("Saved.");
    render(&vitrine, &viewer, &read(&id)?, &Typed::default(), message).await
}

async fn render(
    vitrine: &Vitrine,
    viewer: &Viewer,
    id: &ProductId,
    typed: &Typed,
    message: Option<&str>,
) -> Result<Response, Problem> {
    let product = vitrine.services.catalog().product(viewer, id).await?;
    let form_key = match typed.form_key.as_str() {
        "" => vitrine.services.token()?,
        key => key.to_owned(),
    };
    let editor = VariantsEditor {
        product: &product,
        options: typed.options.as_ref(),
        rows: &typed.rows,
        errors: &typed.errors,
        wrong: &typed.wrong,
        message,
        version: (!typed.version.is_empty()).then_some(typed.version.as_str()),
        form_key: &form_key,
    };
    let page = app::manage::page::variants(&vitrine.site, viewer, &editor);
    Ok(document::private(page))
}

/// The page again, with what is wrong.
async fn refused(
    vitrine: &Vitrine,
    viewer: &Viewer,
    id: &ProductId,
    mut typed: Typed,
    error: Error,
) -> Result<Response, Problem> {
    let (status, invalid) = match error {
        Error::Invalid { field, message } => (
            StatusCode::UNPROCESSABLE_ENTITY,
            Invalid::new(field, message),
        ),
        Error::Conflict(message) | Error::Changed(message) => {
            (StatusCode::CONFLICT, Invalid::new("", message))
        }
        other => return Err(other.into()),
    };
    typed.errors.push(invalid);
    let page = render(vitrine, viewer, id, &typed, None).await?;
    Ok((status, page).into_response())
}

fn saved(id: &ProductId) -> Response {
    Redirect::to(&format!("/manage/products/{id}/variants?flash=saved")).into_response()
}

/// `POST /manage/products/{id}/options`.
pub async fn options(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    Path(id): Path<String>,
    Form(form): Form<OptionsForm>,
) -> Result<Response, Problem> {
    let (id, catalog) = (read(&id)?, vitrine.services.catalog());
    match catalog.set_options(&viewer, &id, &form).await {
        Ok(product) => Ok(saved(&product.id)),
        Err(error) => {
            let typed = Typed {
                options: Some(form),
                ..Typed::default()
            };
            refused(&vitrine, &viewer, &id, typed, error).await
        }
    }
}

/// `POST /manage/products/{id}/variants`: price, SKU and stock of each.
pub async fn save(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    Path(id): Path<String>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let (id, catalog) = (read(&id)?, vitrine.services.catalog());
    let rows = rows(&fields);
    let value = |name: &str| {
        let found = fields.iter().find(|(field, _)| field == name);
        found.map_or("", |(_, value)| value.as_str())
    };
    let (version, key) = (value("version"), value("form_key"));
    let result = catalog
        .save_variants(&viewer, &id, &rows, version, key)
        .await;
    let mut typed = Typed {
        version: version.to_owned(),
        form_key: key.to_owned(),
        rows,
        ..Typed::default()
    };
    match result {
        Ok(product) => Ok(saved(&product.id)),
        Err(NotSaved::Rows(wrong)) => {
            typed.wrong = wrong;
            let page = render(&vitrine, &viewer, &id, &typed, None).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(NotSaved::Other(error)) => refused(&vitrine, &viewer, &id, typed, error).await,
    }
}

/// The rows of a form whose fields are called `price.{variant}`, `sku.`, `stock.` and `stock_seen.`; others are left out.
fn rows(fields: &[(String, String)]) -> Vec<VariantForm> {
    let mut rows: Vec<VariantForm> = Vec::new();
    for (field, value) in fields {
        let Some((field, Ok(variant))) = field
            .split_once('.')
            .map(|(field, variant)| (field, variant.parse::<VariantId>()))
        else {
            continue;
        };
        let at = rows.iter().position(|row| row.variant == variant);
        let at = match at {
            Some(at) => at,
            None if rows.len() >= MOST_VARIANTS => continue,
            None => {
                rows.push(VariantForm {
                    variant,
                    price: String::new(),
                    sku: String::new(),
                    stock: String::new(),
                    stock_seen: String::new(),
                });
                rows.len() - 1
            }
        };
        let place = match field {
            "price" => &mut rows[at].price,
            "sku" => &mut rows[at].sku,
            "stock" => &mut rows[at].stock,
            "stock_seen" => &mut rows[at].stock_seen,
            _ => continue,
        };
        place.clone_from(value);
    }
    rows
}
