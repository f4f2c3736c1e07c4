//! Routes and the layers around them.
//!
//! | file | routes |
//! | --- | --- |
//! | [`shop`], [`catalog`] | public pages, from the page cache |
//! | [`checkout`] | buy, pay, order |
//! | [`capture`] | capture contracts by link |
//! | [`function`] | server functions: what scripts and forms ask |
//! | [`identity`] | set-up, sign-in, sign-out |
//! | [`manage`], [`studio`] | for whoever is signed in |
//! | [`access`], [`upload`] | leave to upload, and uploads |
//! | [`media`], [`asset`] | files |
//! | [`edge`] | what edges follow |
//! | [`payment`] | what payment processors report |
//! | [`operation`] | health, metrics, robots, sitemap |
//!
//! A page that is in the cache and fresh is answered before all of this by [`public::ready`]. From the outside in, every other
//! request passes: [`trace`], [`header`], [`error`], the layer that catches panics, [`forwarded`],
//! [`method`], [`host`], [`address`], [`csrf`], then limits on time and length, then its handler.

pub mod access;
pub mod address;
pub mod asset;
pub mod browser;
pub mod buyer;
pub mod capture;
pub mod catalog;
pub mod checkout;
pub mod client;
pub mod cookie;
pub mod csrf;
pub mod document;
pub mod edge;
pub mod encoding;
pub mod error;
pub mod forwarded;
pub mod fresh;
pub mod function;
pub mod header;
pub mod host;
pub mod identity;
pub mod manage;
pub mod media;
pub mod method;
pub mod operation;
pub mod payment;
pub mod public;
pub mod range;
pub mod shop;
pub mod studio;
pub mod trace;
pub mod upload;
pub mod viewer;

use std::{any::Any, time::Duration};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::StatusCode,
    middleware::{from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::{get, options, post},
};
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::CompressionLayer,
    timeout::{RequestBodyTimeoutLayer, TimeoutLayer},
};

use self::error::Problem;
use crate::{listen::Service, state::Vitrine};

/// Longest body of a form, bytes.
const MAX_FORM_BYTES: usize = 64 * 1024;

/// How long a handler may take that reads no large body.
const TIMEOUT: Duration = Duration::from_secs(30);

/// How long a form with photos may take: 480 MB on a slow line, then a variant for each width.
const PHOTO_TIMEOUT: Duration = Duration::from_secs(1800);

/// How long a client may send nothing in the middle of such a form.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// Everything the shop answers, as it is served: pages that are ready come before the router.
pub fn service(vitrine: Vitrine) -> Service {
    let cached = vitrine.clone();
    Service::from(router(vitrine))
        .with_ready(move |request, peer| public::ready(&cached, peer.ip(), request))
}

/// Everything the shop answers.
pub fn router(vitrine: Vitrine) -> Router {
    let quick = Router::new()
        .merge(public_pages())
        .merge(private_pages())
        .merge(hooks())
        .merge(function::routes())
        .layer(CompressionLayer::new().br(true).gzip(true))
        .layer(from_fn(encoding::settle))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::SERVICE_UNAVAILABLE,
            TIMEOUT,
        ));
    let photos = Router::new()
        .route("/manage/products/{id}/photos", post(manage::photo::add))
        .route(
            "/manage/products/{id}/media/{media}/replace",
            post(manage::photo::replace),
        )
        .layer(DefaultBodyLimit::max(manage::photo::MAX_FORM_BYTES))
        .layer(RequestBodyTimeoutLayer::new(IDLE_TIMEOUT))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::REQUEST_TIMEOUT,
            PHOTO_TIMEOUT,
        ));
    Router::new()
        .merge(quick)
        .merge(photos)
        .merge(uploads())
        .merge(files())
        .route(crate::edge::feed::PATH, get(edge::feed))
        .fallback(async || Problem::not_found())
        .method_not_allowed_fallback(address::other_method)
        .layer(from_fn_with_state(vitrine.clone(), csrf::guard))
        .layer(from_fn(address::canonical))
        .layer(from_fn_with_state(vitrine.clone(), host::canonical))
        .layer(from_fn(method::known))
        .layer(from_fn_with_state(vitrine.clone(), forwarded::watch))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(vitrine.clone(), error::render))
        .layer(from_fn(upload::name_version))
        .layer(from_fn_with_state(vitrine.clone(), header::secure))
        .layer(from_fn_with_state(vitrine.clone(), trace::log))
        .with_state(vitrine)
}

/// Pages for everyone; none of their handlers takes a viewer.
fn public_pages() -> Router<Vitrine> {
    Router::new()
        .route("/", get(shop::root))
        .route("/@{handle}", get(shop::by_handle))
        .route("/@{handle}/terms", get(shop::terms))
        .route(
            "/@{handle}/cart",
            get(checkout::cart::page).post(checkout::cart::change),
        )
        .route("/@{handle}/cart/checkout", post(checkout::cart::check_out))
        .route("/p/{slug}/cart", post(checkout::cart::add))
        .route("/p/{slug}", get(catalog::product))
        .route("/p/{slug}/waitlist", get(catalog::waitlist))
        .route("/p/{slug}/buy", post(checkout::buy))
        .route("/checkout/{token}", get(checkout::page))
        .route("/checkout/{token}/quote", post(checkout::quote))
        .route("/checkout/{token}/pay", post(checkout::pay))
        .route("/checkout/{token}/cancel", post(checkout::cancel))
        .route("/order/{token}", get(checkout::order))
        .route("/healthz", get(operation::health))
        .route("/metrics", get(operation::metrics))
        .route("/robots.txt", get(operation::robots))
        .route("/sitemap.xml", get(operation::sitemap))
        .layer(DefaultBodyLimit::max(MAX_FORM_BYTES))
}

fn private_pages() -> Router<Vitrine> {
    Router::new()
        .route(
            "/setup/{token}",
            get(identity::setup_page).post(identity::set_up),
        )
        .route(
            "/sign-in",
            get(identity::sign_in_page).post(identity::sign_in),
        )
        .route("/sign-out", post(identity::sign_out))
        .route("/studio", get(studio::page))
        .route("/api/access-token", post(access::grant))
        .route("/manage", get(manage::overview))
        .route(
            "/manage/products",
            get(manage::product::list).post(manage::product::create),
        )
        .route(
            "/manage/products/{id}",
            get(manage::product::edit).post(manage::product::save),
        )
        .route(
            "/manage/products/{id}/variants",
            get(manage::variant::page).post(manage::variant::save),
        )
        .route(
            "/manage/products/{id}/options",
            post(manage::variant::options),
        )
        .route(
            "/manage/products/{id}/publish",
            post(manage::product::publish),
        )
        .route(
            "/manage/products/{id}/unpublish",
            post(manage::product::unpublish),
        )
        .route(
            "/manage/products/{id}/delete",
            post(manage::product::delete),
        )
        .route(
            "/manage/products/{id}/waitlist/notified",
            post(manage::product::waitlist_notified),
        )
        .route(
            "/manage/products/{id}/media/{media}/move",
            post(manage::photo::reorder),
        )
        .route(
            "/manage/products/{id}/media/{media}/remove",
            post(manage::photo::remove),
        )
        .route("/manage/settings", get(manage::settings::page))
        .route("/manage/settings/name", post(manage::settings::name))
        .route("/manage/settings/handle", post(manage::settings::handle))
        .route(
            "/manage/settings/currency",
            post(manage::settings::currency),
        )
        .route(
            "/manage/settings/password",
            post(manage::settings::password),
        )
        .route(
            "/manage/settings/password/remove",
            post(manage::settings::remove_password),
        )
        .route(
            "/manage/settings/passkeys/{id}/remove",
            post(manage::settings::remove_passkey),
        )
        .route(
            "/manage/settings/browsers/{id}/end",
            post(manage::settings::end_browser),
        )
        .route(
            "/manage/settings/browsers/end-others",
            post(manage::settings::end_other_browsers),
        )
        .route("/manage/delivery", get(manage::terms::delivery))
        .route("/manage/delivery/zones", post(manage::terms::add_zone))
        .route(
            "/manage/delivery/zones/{zone}/remove",
            post(manage::terms::remove_zone),
        )
        .route(
            "/manage/delivery/zones/{zone}/methods",
            post(manage::terms::add_method),
        )
        .route(
            "/manage/delivery/zones/{zone}/methods/{method}/remove",
            post(manage::terms::remove_method),
        )
        .route("/manage/taxes", get(manage::terms::taxes))
        .route("/manage/taxes/seller", post(manage::terms::seller))
        .route("/manage/taxes/rates", post(manage::terms::add_rate))
        .route(
            "/manage/taxes/rates/remove",
            post(manage::terms::remove_rate),
        )
        .route(
            "/manage/taxes/rates/usual",
            post(manage::terms::usual_rates),
        )
        .route(
            "/manage/texts",
            get(manage::terms::texts).post(manage::terms::save_texts),
        )
        .route(
            "/manage/codes",
            get(manage::discount::list).post(manage::discount::make),
        )
        .route("/manage/codes/end", post(manage::discount::end))
        .route("/manage/codes/{file}", get(manage::discount::download))
        .route("/manage/uploads", get(manage::access::page))
        .route("/manage/uploads/tokens", post(manage::access::make))
        .route(
            "/manage/uploads/tokens/{id}/revoke",
            post(manage::access::revoke_token),
        )
        .route(
            "/manage/uploads/devices/{id}/revoke",
            post(manage::access::revoke_device),
        )
        .route(
            "/manage/contracts",
            get(manage::capture::list).post(manage::capture::make),
        )
        .route(
            "/manage/contracts/{id}",
            get(manage::capture::edit).post(manage::capture::save),
        )
        .route("/manage/contracts/{id}/end", post(manage::capture::end))
        .route("/manage/contracts/{id}/links", post(manage::capture::share))
        .route(
            "/manage/contracts/{id}/links/{link}/revoke",
            post(manage::capture::revoke),
        )
        .route("/contract/{token}", get(capture::page))
        .route("/contract/{token}/contract.json", get(capture::json))
        .route("/contract/{token}/take", post(capture::take))
        .route("/manage/jobs", get(manage::job::list))
        .route("/manage/jobs/{id}/retry", post(manage::job::retry))
        .route("/manage/orders", get(manage::order::list))
        .route("/manage/orders/{id}", get(manage::order::one))
        .route("/manage/orders/{id}/send", post(manage::order::send))
        .route("/manage/orders/{id}/refund", post(manage::order::refund))
        .route("/manage/ledger", get(manage::ledger::list))
        .route("/manage/ledger/month.csv", get(manage::ledger::month))
        .route("/manage/ledger/{account}", get(manage::ledger::explain))
        .route("/manage/payments", get(manage::payment::page))
        .route("/manage/payments/stripe", post(manage::payment::keys))
        .route(
            "/manage/payments/webhooks/{id}/replay",
            post(manage::payment::replay),
        )
        .route("/manage/payments/{id}/check", post(manage::payment::check))
        .route(
            "/manage/payments/{id}/signing",
            post(manage::payment::add_signing),
        )
        .route(
            "/manage/payments/{id}/signing/{secret}/remove",
            post(manage::payment::remove_signing),
        )
        .route(
            "/manage/payments/{id}/remove",
            post(manage::payment::remove),
        )
        .layer(DefaultBodyLimit::max(MAX_FORM_BYTES))
}

fn hooks() -> Router<Vitrine> {
    Router::new()
        .route("/hooks/stripe/{account}", post(payment::stripe))
        .layer(DefaultBodyLimit::max(payment::MAX_BYTES))
}

/// No limit on time or length here: the services stop at the announced length, and a sender that sends nothing is timed out.
fn uploads() -> Router<Vitrine> {
    Router::new()
        .route(
            "/api/uploads",
            options(upload::options).post(upload::create),
        )
        .route(
            "/api/uploads/{id}",
            options(upload::options)
                .get(upload::status)
                .head(upload::head)
                .post(upload::other)
                .patch(upload::patch)
                .delete(upload::terminate),
        )
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn(upload::check_version))
        .layer(from_fn(access::name_scheme))
}

fn files() -> Router<Vitrine> {
    Router::new()
        .route("/media/{hash}/{file}", get(media::rendition))
        .route("/pkg/{*path}", get(asset::hashed))
        .route("/static/{*path}", get(asset::plain))
        .route("/favicon.ico", get(asset::favicon))
        .route("/service-worker.js", get(asset::service_worker))
}

/// The last resort: no panic may be reachable, so one that is reached is logged and answered as an internal error.
fn panicked(panic: Box<dyn Any + Send + 'static>) -> Response {
    let message = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("without a message");
    Problem::internal(format!("a handler panicked: {message}")).into_response()
}
