//! `/manage/delivery…`, `/manage/taxes…` and `/manage/texts`.

use app::manage::page::{self, Typed};
use axum::{
    Form,
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use domain::{
    identity::Viewer,
    invalid::Invalid,
    terms::{
        Texts,
        form::{MethodForm, RateForm, SellerForm, ZoneForm},
    },
};
use serde::Deserialize;
use services::{Error, terms::Change};

use crate::{
    http::{document, error::Problem, viewer::Signed},
    state::Vitrine,
};

/// Whether something was just saved.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct SavedQuery {
    saved: Option<String>,
}

impl SavedQuery {
    fn message(&self) -> Option<&'static str> {
        self.saved
            .is_some()
            .then_some("Saved. It holds for every order from now on.")
    }
}

/// What is wrong with a form; other errors are answered as they are.
fn invalid(error: Error) -> Result<Invalid, Problem> {
    match error {
        Error::Invalid { field, message } => Ok(Invalid::new(field, message)),
        other => Err(other.into()),
    }
}

type Zones = Typed<(ZoneForm, String, MethodForm)>;

async fn delivery_page(
    vitrine: &Vitrine,
    viewer: &Viewer,
    typed: &Zones,
) -> Result<Response, Problem> {
    let terms = vitrine.services.terms().terms(viewer).await?;
    Ok(document::private(page::delivery(
        &vitrine.site,
        viewer,
        &terms,
        typed,
    )))
}

/// `GET /manage/delivery`.
pub async fn delivery(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    Query(query): Query<SavedQuery>,
) -> Result<Response, Problem> {
    let typed = Typed {
        message: query.message(),
        ..Typed::default()
    };
    delivery_page(&vitrine, &viewer, &typed).await
}

async fn change_delivery(
    vitrine: &Vitrine,
    viewer: &Viewer,
    change: Change<'_>,
    form: (ZoneForm, String, MethodForm),
) -> Result<Response, Problem> {
    match vitrine.services.terms().change(viewer, change).await {
        Ok(()) => Ok(Redirect::to("/manage/delivery?saved").into_response()),
        Err(error) => {
            let typed = Typed {
                form,
                errors: vec![invalid(error)?],
                message: None,
            };
            let page = delivery_page(vitrine, viewer, &typed).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
    }
}

/// `POST /manage/delivery/zones`.
pub async fn add_zone(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    Form(form): Form<ZoneForm>,
) -> Result<Response, Problem> {
    let shown = (form.clone(), String::new(), MethodForm::default());
    change_delivery(&vitrine, &viewer, Change::Zone(&form), shown).await
}

/// `POST /manage/delivery/zones/{zone}/remove`.
pub async fn remove_zone(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    Path(zone): Path<String>,
) -> Result<Response, Problem> {
    let change = Change::RemoveZone(&zone);
    change_delivery(&vitrine, &viewer, change, Default::default()).await
}

/// `POST /manage/delivery/zones/{zone}/methods`.
pub async fn add_method(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    Path(zone): Path<String>,
    Form(form): Form<MethodForm>,
) -> Result<Response, Problem> {
    let shown = (ZoneForm::default(), zone.clone(), form.clone());
    change_delivery(&vitrine, &viewer, Change::Method(&zone, &form), shown).await
}

/// `POST /manage/delivery/zones/{zone}/methods/{method}/remove`.
pub async fn remove_method(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    Path((zone, method)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let change = Change::RemoveMethod(&zone, &method);
    change_delivery(&vitrine, &viewer, change, Default::default()).await
}

async fn taxes_page(
    vitrine: &Vitrine,
    viewer: &Viewer,
    typed: Typed<(Option<SellerForm>, RateForm)>,
) -> Result<Response, Problem> {
    let terms = vitrine.services.terms().terms(viewer).await?;
    let (seller, rate) = typed.form;
    let typed = Typed {
        form: (seller.unwrap_or_else(|| SellerForm::of(&terms)), rate),
        errors: typed.errors,
        message: typed.message,
    };
    Ok(document::private(page::taxes(
        &vitrine.site,
        viewer,
        &terms,
        &typed,
    )))
}

/// `GET /manage/taxes`.
pub async fn taxes(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    Query(query): Query<SavedQuery>,
) -> Result<Response, Problem> {
    let typed = Typed {
        message: query.message(),
        ..Typed::default()
    };
    taxes_page(&vitrine, &viewer, typed).await
}

async fn change_taxes(
    vitrine: &Vitrine,
    viewer: &Viewer,
    change: Change<'_>,
    form: (Option<SellerForm>, RateForm),
) -> Result<Response, Problem> {
    match vitrine.services.terms().change(viewer, change).await {
        Ok(()) => Ok(Redirect::to("/manage/taxes?saved").into_response()),
        Err(error) => {
            let typed = Typed {
                form,
                errors: vec![invalid(error)?],
                message: None,
            };
            let page = taxes_page(vitrine, viewer, typed).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
    }
}

/// `POST /manage/taxes/seller`.
pub async fn seller(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    Form(form): Form<SellerForm>,
) -> Result<Response, Problem> {
    let shown = (Some(form.clone()), RateForm::default());
    change_taxes(&vitrine, &viewer, Change::Seller(&form), shown).await
}

/// `POST /manage/taxes/rates`.
pub async fn add_rate(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    Form(form): Form<RateForm>,
) -> Result<Response, Problem> {
    change_taxes(&vitrine, &viewer, Change::Rate(&form), (None, form.clone())).await
}

/// `POST /manage/taxes/rates/remove`.
pub async fn remove_rate(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    Form(form): Form<RateForm>,
) -> Result<Response, Problem> {
    let change = Change::RemoveRate(&form);
    change_taxes(&vitrine, &viewer, change, Default::default()).await
}

/// `POST /manage/taxes/rates/usual`.
pub async fn usual_rates(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
) -> Result<Response, Problem> {
    change_taxes(&vitrine, &viewer, Change::UsualRates, Default::default()).await
}

/// `GET /manage/texts`.
pub async fn texts(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    Query(query): Query<SavedQuery>,
) -> Result<Response, Problem> {
    let typed = Typed {
        form: vitrine.services.terms().terms(&viewer).await?.texts,
        errors: Vec::new(),
        message: query
            .saved
            .is_some()
            .then_some("Saved. The page shows it now."),
    };
    Ok(document::private(page::texts(
        &vitrine.site,
        &viewer,
        &typed,
    )))
}

/// `POST /manage/texts`.
pub async fn save_texts(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    Form(form): Form<Texts>,
) -> Result<Response, Problem> {
    let change = Change::Texts(&form);
    match vitrine.services.terms().change(&viewer, change).await {
        Ok(()) => Ok(Redirect::to("/manage/texts?saved").into_response()),
        Err(error) => {
            let typed = Typed {
                errors: vec![invalid(error)?],
                form,
                message: None,
            };
            let page = document::private(page::texts(&vitrine.site, &viewer, &typed));
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
    }
}
