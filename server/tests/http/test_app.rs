//! An instance for a test, requests to it and its responses.

#![expect(
    clippy::unwrap_used,
    reason = "a harness that does not work fails its test"
)]

use std::{net::SocketAddr, path::Path};

use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use bytes::Bytes;
use domain::identity::Viewer;
use http_body_util::BodyExt;
use server::{
    asset::Files,
    config::{Config, Proxies, PublicUrl, SiteSource},
    http,
    listen::{self, Admission},
    state::Vitrine,
};
use services::{Clock, Random, Services};
use tokio::net::TcpListener;
use tower::ServiceExt;

/// A password that is long enough.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// What an edge knows the shop by.
pub(crate) const EDGE_KEY: &str = "a key of more than thirty-two characters";

/// Where nothing listens, so that no test ever reaches the real Stripe.
const NO_STRIPE: &str = "http://127.0.0.1:9";

/// A running instance with a database, a media store and a site of its own.
pub(crate) struct TestApp {
    pub(crate) router: Router,
    pub(crate) vitrine: Vitrine,
    pub(crate) origin: String,
    data: tempfile::TempDir,
}

/// A creator who is signed in.
pub(crate) struct Creator {
    pub(crate) cookie: String,
    pub(crate) handle: String,
}

impl TestApp {
    /// A fresh instance at `http://localhost:3000`.
    pub(crate) async fn start() -> Self {
        Self::at("http://localhost:3000").await
    }

    /// A fresh instance at `public_url`; test payments are on.
    pub(crate) async fn at(public_url: &str) -> Self {
        Self::with(public_url, Clock::System).await
    }

    /// A fresh instance behind proxies.
    pub(crate) async fn behind(public_url: &str, proxies: Proxies) -> Self {
        Self::build(public_url, Clock::System, proxies, NO_STRIPE).await
    }

    /// A fresh instance whose Stripe is a stand-in at this address.
    pub(crate) async fn with_stripe(clock: Clock, stripe_api: &str) -> Self {
        let proxies = Proxies::default();
        Self::build("http://localhost:3000", clock, proxies, stripe_api).await
    }

    /// A fresh instance whose clock is moved by the test.
    pub(crate) async fn with(public_url: &str, clock: Clock) -> Self {
        Self::build(public_url, clock, Proxies::default(), NO_STRIPE).await
    }

    async fn build(public_url: &str, clock: Clock, proxies: Proxies, stripe_api: &str) -> Self {
        let data = tempfile::tempdir().unwrap();
        let site = data.path().join("site");
        build_site(&site);
        let public_url: PublicUrl = public_url.parse().unwrap();
        let mut stored = services::Config::new(data.path().join("data"), public_url.origin());
        stored.test_payments = true;
        stored.stripe_api = stripe_api.to_owned();
        let services = Services::open_with(stored, clock.clone(), Random::System)
            .await
            .unwrap();
        let files = Files::new(SiteSource::Folder(site));
        let assets = app::Assets::parse(&files.manifest().unwrap()).unwrap();
        let config = Config {
            listen: "127.0.0.1:3000".parse().unwrap(),
            public_url: public_url.clone(),
            test_payments: true,
            proxies,
            edge_key: Some(EDGE_KEY.parse().unwrap()),
        };
        let vitrine = Vitrine::new(services, clock, assets, files, config);
        Self {
            router: http::router(vitrine.clone()),
            vitrine,
            origin: public_url.origin(),
            data,
        }
    }

    /// Serves it on a port of its own, until the test ends.
    pub(crate) async fn listen(&self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let (service, admission) = (http::service(self.vitrine.clone()), Admission::default());
        tokio::spawn(async move {
            listen::serve(listener, service, admission, std::future::pending()).await
        });
        at
    }

    /// Who a creator is to the services.
    pub(crate) async fn viewer(&self, creator: &Creator) -> Viewer {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, creator.cookie.parse().unwrap());
        let token = http::cookie::Kind::Session
            .read(&self.vitrine, &headers)
            .unwrap();
        let identity = self.vitrine.services.identity();
        identity.session(&token).await.unwrap().unwrap().viewer
    }

    /// The uploads that have a folder of parts.
    pub(crate) fn parts(&self) -> Vec<String> {
        let folder = self.data.path().join("data/media/.uploads");
        let entries = std::fs::read_dir(folder).into_iter().flatten();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    /// The value of a metric.
    pub(crate) async fn metric(&self, name: &str) -> u64 {
        let metrics = self.get("/metrics").send().await.text();
        let mut lines = metrics.lines();
        lines
            .find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
            .unwrap_or_else(|| panic!("no {name} in {metrics}"))
    }

    pub(crate) fn get(&self, path: &str) -> TestRequest<'_> {
        TestRequest::new(self, Method::GET, path)
    }

    pub(crate) fn request(&self, method: &str, path: &str) -> TestRequest<'_> {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        TestRequest::new(self, method, path).header("origin", &self.origin)
    }

    pub(crate) fn post(&self, path: &str) -> TestRequest<'_> {
        self.request("POST", path)
    }

    /// Path of a link that opens a new shop.
    pub(crate) async fn link(&self) -> String {
        self.vitrine
            .services
            .identity()
            .create_owner_link(None)
            .await
            .unwrap()
            .path
    }

    /// A new shop by password, through the set-up form.
    pub(crate) async fn creator(&self, name: &str, handle: &str) -> Creator {
        let response = self
            .post(&self.link().await)
            .form(&[
                ("shop_name", name),
                ("handle", handle),
                ("currency", "EUR"),
                ("password", PASSWORD),
            ])
            .await;
        assert_eq!(response.status, 303, "{}", response.text());
        assert_eq!(response.header("location"), "/studio");
        Creator {
            cookie: response.cookie(),
            handle: handle.to_owned(),
        }
    }

    /// A draft with one photo, a title, a price and a stock, ready to be published. Answers its path in `/manage`.
    pub(crate) async fn draft(
        &self,
        creator: &Creator,
        title: &str,
        price: &str,
        stock: &str,
    ) -> String {
        let made = self
            .post("/manage/products")
            .cookie(&creator.cookie)
            .form(&[])
            .await;
        assert_eq!(made.status, 303, "{}", made.text());
        let path = made.header("location").to_owned();
        let added = self
            .post(&format!("{path}/photos"))
            .cookie(&creator.cookie)
            .files("photos", &[("cup.jpg", &photo(96, 120))])
            .await;
        assert_eq!(added.status, 303, "{}", added.text());
        let saved = self
            .post(&path)
            .cookie(&creator.cookie)
            .form(&[("title", title), ("price", price), ("stock", stock)])
            .await;
        assert_eq!(saved.status, 303, "{}", saved.text());
        path
    }

    /// A product with a page. Answers its path in `/manage` and its public path.
    pub(crate) async fn product(
        &self,
        creator: &Creator,
        title: &str,
        price: &str,
        stock: &str,
    ) -> (String, String) {
        let path = self.draft(creator, title, price, stock).await;
        let published = self
            .post(&format!("{path}/publish"))
            .cookie(&creator.cookie)
            .form(&[])
            .await;
        assert_eq!(published.status, 303, "{}", published.text());
        let editor = self.get(&path).cookie(&creator.cookie).send().await;
        let page = editor.between("href=\"/p/", "\"");
        (path, format!("/p/{page}"))
    }
}

impl TestApp {
    /// Presses buy as a browser without JavaScript that was not here before: it sends the form again with the cookie it gets.
    pub(crate) async fn buy(&self, page: &str, fields: &[(&str, &str)]) -> TestResponse {
        let path = format!("{page}/buy");
        let first = self.post(&path).form(fields).await;
        if first.status != StatusCode::TEMPORARY_REDIRECT {
            return first;
        }
        let again = format!("{path}{}", first.header("location"));
        self.post(&again).cookie(&first.cookie()).form(fields).await
    }
}

/// The least site that pages can be served from.
fn build_site(site: &Path) {
    std::fs::create_dir_all(site.join("pkg")).unwrap();
    std::fs::create_dir_all(site.join("static")).unwrap();
    let manifest = r#"{"shop.css":"/pkg/shop-1.css","studio-boot.js":"/pkg/studio-boot-1.js","service-worker.js":"/pkg/service-worker-1.js","passkey.js":"/pkg/passkey-1.js","heic.js":"/pkg/heic-1.js","checkout.js":"/pkg/checkout-1.js"}"#;
    std::fs::write(site.join("manifest.json"), manifest).unwrap();
    std::fs::write(site.join("pkg/shop-1.css"), "body{}").unwrap();
    std::fs::write(site.join("pkg/shop-1.css.br"), "packed").unwrap();
    std::fs::write(site.join("pkg/service-worker-1.js"), "self").unwrap();
    std::fs::write(site.join("pkg/studio-boot-1.js"), "export {}").unwrap();
    std::fs::write(site.join("static/favicon.svg"), "<svg/>").unwrap();
    std::fs::write(site.join("static/favicon.svg.br"), "packed").unwrap();
    std::fs::write(site.join("static/favicon.ico"), "icon").unwrap();
}

/// A JPEG with something in it.
pub(crate) fn photo(width: u32, height: u32) -> Vec<u8> {
    let picture = image::RgbImage::from_fn(width, height, |x, y| {
        image::Rgb([(x % 256) as u8, (y % 256) as u8, 90])
    });
    let mut file = std::io::Cursor::new(Vec::new());
    picture
        .write_to(&mut file, image::ImageFormat::Jpeg)
        .unwrap();
    file.into_inner()
}

/// A request being put together.
pub(crate) struct TestRequest<'a> {
    app: &'a TestApp,
    method: Method,
    path: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

impl<'a> TestRequest<'a> {
    fn new(app: &'a TestApp, method: Method, path: &str) -> Self {
        let host = app.origin.split_once("://").unwrap().1.to_owned();
        Self {
            app,
            method,
            path: path.to_owned(),
            headers: vec![("host".to_owned(), host.into_bytes())],
            body: Vec::new(),
        }
    }

    /// Sets a header, in the place of one of that name.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self.headers
            .push((name.to_owned(), value.as_bytes().to_vec()));
        self
    }

    pub(crate) fn raw(mut self, name: &str, value: &[u8]) -> Self {
        self.headers.push((name.to_owned(), value.to_vec()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self
    }

    pub(crate) fn cookie(self, cookie: &str) -> Self {
        self.header("cookie", cookie)
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    pub(crate) async fn form(self, fields: &[(&str, &str)]) -> TestResponse {
        let encoded = |text: &str| {
            text.bytes()
                .map(|b| format!("%{b:02X}"))
                .collect::<String>()
        };
        let pairs: Vec<String> = fields
            .iter()
            .map(|(key, value)| format!("{key}={}", encoded(value)))
            .collect();
        self.header("content-type", "application/x-www-form-urlencoded")
            .body(pairs.join("&"))
            .send()
            .await
    }

    pub(crate) async fn json(self, value: &serde_json::Value) -> TestResponse {
        self.header("content-type", "application/json")
            .body(value.to_string())
            .send()
            .await
    }

    pub(crate) async fn files(self, field: &str, files: &[(&str, &[u8])]) -> TestResponse {
        let mut body = Vec::new();
        for (name, file) in files {
            body.extend_from_slice(
                format!("--edge\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"{name}\"\r\nContent-Type: image/jpeg\r\n\r\n").as_bytes(),
            );
            body.extend_from_slice(file);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"--edge--\r\n");
        self.header("content-type", "multipart/form-data; boundary=edge")
            .body(body)
            .send()
            .await
    }

    pub(crate) async fn send(mut self) -> TestResponse {
        let is_given = |(name, _): &(String, Vec<u8>)| name == "content-length";
        if !self.body.is_empty() && !self.headers.iter().any(is_given) {
            self = self.with_length();
        }
        let body = Body::from(std::mem::take(&mut self.body));
        self.send_body(body).await
    }

    fn with_length(self) -> Self {
        let length = self.body.len().to_string();
        self.header("content-length", &length)
    }

    /// Sends pieces as a body whose length nobody says.
    pub(crate) async fn chunked(self, pieces: &[&'static [u8]]) -> TestResponse {
        let pieces: Vec<Result<&'static [u8], std::io::Error>> =
            pieces.iter().copied().map(Ok).collect();
        let body = Body::from_stream(futures::stream::iter(pieces));
        self.send_body(body).await
    }

    async fn send_body(self, body: Body) -> TestResponse {
        let mut request = Request::builder().method(self.method).uri(self.path);
        for (name, value) in &self.headers {
            request = request.header(name, value.as_slice());
        }
        let at: std::net::SocketAddr = "127.0.0.1:50000".parse().unwrap();
        let request = request.extension(ConnectInfo(at)).body(body).unwrap();
        let response = self.app.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        TestResponse {
            status: parts.status,
            headers: parts.headers,
            body: body.collect().await.unwrap().to_bytes(),
        }
    }
}

/// A response with its whole body.
#[derive(Debug)]
pub(crate) struct TestResponse {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl TestResponse {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// A header's value; empty when it is not there.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The cookie that was set, as it is sent back.
    pub(crate) fn cookie(&self) -> String {
        self.header("set-cookie")
            .split(';')
            .next()
            .unwrap()
            .to_owned()
    }

    /// What stands between the first `start` and the next `end`.
    pub(crate) fn between(&self, start: &str, end: &str) -> String {
        let text = self.text();
        let rest = text
            .split_once(start)
            .unwrap_or_else(|| panic!("no {start} in {text}"))
            .1;
        rest.split_once(end).unwrap().0.to_owned()
    }
}
