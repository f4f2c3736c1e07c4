//! `/manage/ledger…`.

use axum::{
    extract::{Path, Query, State},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use domain::{ledger::Account, money::Currency};
use serde::Deserialize;

use crate::{
    http::{document, error::Problem, viewer::Signed},
    state::Vitrine,
};

/// Which books, and what of them.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct LedgerQuery {
    /// `test`, or real money for anything else.
    books: String,
    currency: String,
    /// Where it is taxed.
    place: String,
    skip: String,
    month: String,
}

impl LedgerQuery {
    fn live(&self) -> bool {
        self.books != "test"
    }
}

/// `GET /manage/ledger`: real money, or tests where there is nothing else.
pub async fn list(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    Query(query): Query<LedgerQuery>,
) -> Result<Response, Problem> {
    let ledger = vitrine.services.ledger();
    let mut live = query.live();
    let mut balances = ledger.balances(&viewer, live).await?;
    if query.books.is_empty() && balances.is_empty() {
        live = false;
        balances = ledger.balances(&viewer, live).await?;
    }
    let (year, month, _) = vitrine.clock.now().date();
    let books = app::manage::page::Books {
        live,
        balances: &balances,
        month: &format!("{year:04}-{month:02}"),
    };
    Ok(document::private(app::manage::page::ledger(
        &vitrine.site,
        &viewer,
        &books,
    )))
}

/// `GET /manage/ledger/{account}`: the entries that make a balance.
pub async fn explain(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    Path(account): Path<String>,
    Query(query): Query<LedgerQuery>,
) -> Result<Response, Problem> {
    let account: Account = account.parse().map_err(|()| Problem::not_found())?;
    let currency: Currency = query.currency.parse().map_err(|_| Problem::not_found())?;
    let skip: u32 = query.skip.parse().unwrap_or(0);
    let ledger = vitrine.services.ledger();
    let explained = ledger
        .explain(
            &viewer,
            query.live(),
            (account, &query.place, currency),
            skip.min(1_000_000),
        )
        .await?;
    Ok(document::private(app::manage::page::explained(
        &vitrine.site,
        &viewer,
        query.live(),
        &explained,
        skip,
    )))
}

/// `GET /manage/ledger/month.csv?month=2026-11`.
pub async fn month(
    State(vitrine): State<Vitrine>,
    Signed(viewer): Signed,
    Query(query): Query<LedgerQuery>,
) -> Result<Response, Problem> {
    let live = query.live();
    let csv = vitrine
        .services
        .ledger()
        .month_csv(&viewer, live, &query.month)
        .await?;
    let mut response = csv.into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/csv; charset=utf-8; header=present"),
    );
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-store"),
    );
    // The month was read, so it holds digits and a hyphen.
    let name = format!(
        "attachment; filename=\"ledger-{}-{}.csv\"",
        query.month,
        if live { "live" } else { "test" }
    );
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}
