//! What machines ask: health, metrics, robots, sitemap.

use axum::{
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use super::error::Problem;
use crate::state::Vitrine;

/// `GET /healthz`: 200 when the shop can serve, 503 when the database is away or a background loop stays dead.
pub async fn health(State(vitrine): State<Vitrine>) -> Result<Response, Problem> {
    vitrine.services.healthy().await?;
    let loops = vitrine.services.loops();
    if let Some(dead) = loops.iter().find(|one| !one.alive) {
        return Ok(plain(
            StatusCode::SERVICE_UNAVAILABLE,
            format!("the background loop \"{}\" does not run\n", dead.name),
        ));
    }
    Ok(plain(StatusCode::OK, "ok\n".to_owned()))
}

/// `GET /metrics`.
pub async fn metrics(State(vitrine): State<Vitrine>) -> Response {
    let mut response = plain(
        StatusCode::OK,
        vitrine
            .metrics
            .text(&vitrine.pages, &vitrine.services.loops()),
    );
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// `GET /robots.txt`: the shop may be found, what is private may not.
pub async fn robots(State(vitrine): State<Vitrine>) -> Response {
    plain(
        StatusCode::OK,
        format!(
            "User-agent: *\nDisallow: /manage\nDisallow: /studio\nDisallow: /api/\nDisallow: /fn/\nDisallow: /checkout/\nDisallow: /order/\n\
             Disallow: /setup/\nDisallow: /sign-in\n\nSitemap: {}\n",
            vitrine.config.public_url.link("/sitemap.xml")
        ),
    )
}

/// Most addresses of one sitemap (sitemaps.org protocol).
const MAX_ADDRESSES: usize = 50_000;

/// `GET /sitemap.xml`.
pub async fn sitemap(State(vitrine): State<Vitrine>) -> Result<Response, Problem> {
    let mut xml = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n",
    );
    let link = |path: &str| vitrine.config.public_url.link(path);
    // Handles and slugs hold only a-z, 0-9 and hyphens, so nothing needs escaping.
    for shop in vitrine.services.identity().shops().await? {
        xml.push_str(&format!(
            "<url><loc>{}</loc></url>\n",
            link(&format!("/@{}", shop.handle))
        ));
    }
    for (slug, changed) in vitrine
        .services
        .catalog()
        .published()
        .await?
        .into_iter()
        .take(MAX_ADDRESSES)
    {
        xml.push_str(&format!(
            "<url><loc>{}</loc><lastmod>{}</lastmod></url>\n",
            link(&format!("/p/{slug}")),
            changed.rfc3339()
        ));
    }
    xml.push_str("</urlset>\n");
    let mut response = xml.into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/xml"),
    );
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=300"),
    );
    Ok(response)
}

fn plain(status: StatusCode, text: String) -> Response {
    let mut response = (status, text).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
