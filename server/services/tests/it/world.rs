//! A fresh instance per test: its own folder, its own database, a clock that stands, randomness that replays.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use domain::{
    catalog::{EditForm, Product},
    checkout::PayForm,
    id::UploadId,
    identity::{SetupForm, Viewer, device::Session},
    media::{Kind, Media, Upload, UploadState},
    time::UnixMs,
};
use services::{Clock, Config, Random, Services, catalog::NewProduct, identity::Browser};
use sqlx::{AnyConnection, Connection, Executor};
use tempfile::TempDir;

use crate::{
    fake_stripe::FakeStripe,
    round::{Round, rounds},
};

pub(crate) const IP: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));
pub(crate) const PASSWORD: &str = "four random words";
/// 22 November 2026.
pub(crate) const START: UnixMs = UnixMs(1_795_300_000_000);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

pub(crate) struct World {
    pub(crate) services: Services,
    pub(crate) clock: Clock,
    pub(crate) config: Config,
    pub(crate) folder: TempDir,
    /// Where the test draws its faults from.
    pub(crate) round: Round,
}

/// Makes `mod $name` with one test per database from one body.
macro_rules! on_both {
    ($(#[$doc:meta])* async fn $name:ident($world:ident: World) $body:block) => {
        $(#[$doc])*
        mod $name {
            use super::*;

            async fn body($world: World) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn sqlite() {
                World::each_round(Engine::Sqlite, body).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn postgres() {
                World::each_round(Engine::Postgres, body).await;
            }
        }
    };
}
pub(crate) use on_both;

static NEXT: AtomicU64 = AtomicU64::new(1);

/// The address of a fresh database, or `None` where there is no PostgreSQL to test on.
pub(crate) async fn database(engine: Engine) -> Option<Option<String>> {
    if engine == Engine::Sqlite {
        return Some(None);
    }
    let Ok(server) = std::env::var("VITRINE_TEST_POSTGRES") else {
        assert!(
            std::env::var("CI").is_err(),
            "PostgreSQL is tested where a CI runs this"
        );
        eprintln!(
            "NOT TESTED ON POSTGRESQL: set VITRINE_TEST_POSTGRES=postgres://… (cargo xtask test does)"
        );
        return None;
    };
    sqlx::any::install_default_drivers();
    let schema = format!(
        "t{}_{}",
        std::process::id(),
        NEXT.fetch_add(1, Ordering::SeqCst)
    );
    let mut connection = AnyConnection::connect(&server)
        .await
        .expect("the PostgreSQL server answers");
    for statement in [
        format!("DROP SCHEMA IF EXISTS {schema} CASCADE"),
        format!("CREATE SCHEMA {schema}"),
    ] {
        connection
            .execute(sqlx::AssertSqlSafe(statement))
            .await
            .expect("a fresh schema");
    }
    let mark = if server.contains('?') { '&' } else { '?' };
    Some(Some(format!(
        "{server}{mark}options=-c%20search_path%3D{schema}"
    )))
}

impl World {
    pub(crate) async fn new(engine: Engine) -> Option<Self> {
        // Nothing listens there, so that no test ever reaches the real one.
        Self::with(engine, Clock::set(START), "http://127.0.0.1:9").await
    }

    /// A world whose Stripe is a stand-in by the same clock.
    pub(crate) async fn with_stripe(engine: Engine) -> Option<(Self, FakeStripe)> {
        let clock = Clock::set(START);
        let fake = FakeStripe::start(clock.clone()).await;
        let world = Self::with(engine, clock, &fake.base).await?;
        Some((world, fake))
    }

    async fn with(engine: Engine, clock: Clock, stripe_api: &str) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let mut config = Config::new(folder.path(), "http://localhost:3000");
        config.database_url = database(engine).await?;
        config.test_payments = true;
        config.stripe_api = stripe_api.to_owned();
        config.stripe_timeout = Duration::from_millis(800);
        let random = Random::counted(NEXT.fetch_add(1_000_000, Ordering::SeqCst));
        let services = Services::open_with(config.clone(), clock.clone(), random)
            .await
            .expect("services open");
        Some(Self {
            services,
            clock,
            config,
            folder,
            round: rounds(1).next().expect("a round"),
        })
    }

    /// Runs a test in a fresh world for each round of it, where there is the engine.
    pub(crate) async fn each_round<F: Future<Output = ()>>(engine: Engine, body: fn(Self) -> F) {
        for round in rounds(1) {
            let Some(mut world) = Self::new(engine).await else {
                return;
            };
            world.round = round;
            body(world).await;
        }
    }

    /// A buyer's order as it stands.
    pub(crate) async fn order(&self, token: &str) -> domain::checkout::Order {
        self.services
            .checkout()
            .order(token)
            .await
            .expect("an order")
            .1
    }

    /// The same instance, as another process that starts on its folder and database.
    pub(crate) async fn again(&self) -> Services {
        Services::open_with(self.config.clone(), self.clock.clone(), Random::System)
            .await
            .expect("services open again")
    }

    /// A connection to the database beside the services.
    pub(crate) async fn connection(&self) -> AnyConnection {
        sqlx::any::install_default_drivers();
        let file = self.folder.path().join("vitrine.sqlite");
        let url = self.config.database_url.clone();
        let url = url.unwrap_or_else(|| format!("sqlite://{}", file.display()));
        AnyConnection::connect(&url)
            .await
            .expect("the database answers")
    }

    /// A shop with an owner.
    pub(crate) async fn shop(&self, handle: &str) -> Viewer {
        self.owner(handle).await.viewer
    }

    /// A shop with an owner, who has just signed in.
    pub(crate) async fn owner(&self, handle: &str) -> Session {
        let link = self
            .services
            .identity()
            .create_owner_link(None)
            .await
            .expect("link");
        let token = token(&link.path);
        let form = SetupForm {
            shop_name: format!("The {handle} shop"),
            handle: handle.to_owned(),
            currency: "EUR".to_owned(),
            ..SetupForm::default()
        };
        let signed_in = self
            .services
            .identity()
            .set_up_with_password(token, &form, PASSWORD, &browser())
            .await;
        let secret = signed_in.expect("set up").session.value;
        let session = self.services.identity().session(&secret).await;
        session.expect("a session").expect("signed in")
    }

    /// A photo of one colour.
    pub(crate) async fn photo(&self, viewer: &Viewer, shade: u8) -> Media {
        let bytes = png(40, 30, shade);
        self.services
            .media()
            .add_file(viewer, Kind::Photo, "A photo", bytes.into())
            .await
            .expect("photo")
    }

    /// A published product with `stock` pieces at 38 €.
    pub(crate) async fn product(&self, viewer: &Viewer, title: &str, stock: u32) -> Product {
        let photo = self.photo(viewer, 99).await;
        let new = NewProduct {
            title: title.to_owned(),
            media: vec![photo.id],
            ..NewProduct::default()
        };
        let catalog = self.services.catalog();
        let draft = catalog.create(viewer, new).await.expect("draft");
        let product = catalog
            .update(viewer, &draft.id, &edit(title, "38", stock))
            .await
            .expect("edit");
        catalog.publish(viewer, &product.id).await.expect("publish")
    }

    /// Kinds of the shop's events so far.
    pub(crate) async fn events(&self, viewer: &Viewer) -> Vec<String> {
        let events = self
            .services
            .events(&viewer.shop.id, 0)
            .await
            .expect("events");
        assert!(
            events.is_sorted_by(|one, next| one.position < next.position),
            "in the order of the feed"
        );
        events
            .into_iter()
            .map(|recorded| {
                let event = serde_json::to_value(recorded.event.expect("known")).expect("json");
                event["kind"].as_str().expect("a kind").to_owned()
            })
            .collect()
    }

    /// Runs jobs until the upload is ready or failed.
    pub(crate) async fn processed(&self, viewer: &Viewer, id: &UploadId) -> Upload {
        self.services.drain().await.expect("drain");
        let media = self.services.media();
        let upload = media.upload(viewer, id).await.expect("upload");
        assert!(matches!(
            upload.state,
            UploadState::Ready | UploadState::Failed
        ));
        upload
    }

    /// What is left of uploads in the store.
    pub(crate) fn parts(&self) -> Vec<std::path::PathBuf> {
        let folder = self.folder.path().join("media").join(".uploads");
        let entries = std::fs::read_dir(folder).into_iter().flatten();
        entries.map(|entry| entry.expect("entry").path()).collect()
    }
}

/// The token of an owner link's path.
pub(crate) fn token(path: &str) -> &str {
    path.strip_prefix("/setup/").expect("a set-up path")
}

/// A browser at [`IP`] that was never here before.
pub(crate) fn browser() -> Browser {
    at(IP)
}

/// A browser that was never here before.
pub(crate) fn at(ip: IpAddr) -> Browser {
    Browser {
        ip,
        device: None,
        name: "Firefox on Linux".to_owned(),
    }
}

pub(crate) fn edit(title: &str, price: &str, stock: u32) -> EditForm {
    EditForm {
        title: title.to_owned(),
        price: price.to_owned(),
        stock: stock.to_string(),
        ..EditForm::default()
    }
}

pub(crate) fn form(outcome: &str) -> PayForm {
    PayForm {
        email: "ana@example.org".to_owned(),
        name: "Ana Buyer".to_owned(),
        address: "1 Quiet Street\nLeeds".to_owned(),
        outcome: outcome.to_owned(),
        ..PayForm::default()
    }
}

pub(crate) fn png(width: u32, height: u32, shade: u8) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::RgbImage::from_pixel(width, height, image::Rgb([shade, 60, 120]))
        .write_to(&mut bytes, image::ImageFormat::Png)
        .expect("png");
    bytes.into_inner()
}
