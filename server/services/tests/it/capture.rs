use domain::{
    capture::{
        Engine as JudgedOn, Metadata, Network,
        contract::{Reference, form::ContractForm, template},
    },
    highlight::document::{Document, KnownSession, Location},
    media::{Kind, UploadState},
};
use services::{
    Error,
    capture::Claim,
    catalog::NewProduct,
    media::{Form, NewUpload},
};

use crate::{
    film::Film,
    world::{Engine, START, World, on_both, png},
};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
const MB: u64 = 1024 * 1024;

fn demo() -> Reference {
    "demo-30/1".parse().expect("a reference")
}

fn form(world_contract: &domain::capture::Contract) -> ContractForm {
    ContractForm {
        name: "Mugs, turned".into(),
        shots: "The glaze, close up | 3\nIn the hand".into(),
        ..ContractForm::of(world_contract)
    }
}

fn clip(length: u64, contract: Option<Reference>) -> NewUpload {
    NewUpload {
        kind: Kind::Clip,
        length,
        alt: String::new(),
        session: None,
        span: None,
        metadata: String::new(),
        claim: contract.map(|contract| Claim {
            contract,
            keys: ["kind", "contract"].map(str::to_owned).into(),
        }),
        form: Form::default(),
    }
}

on_both! {
    async fn a_contract_is_made_from_a_template_and_every_change_is_a_version(world: World) {
        let viewer = world.shop("clay").await;
        let contracts = world.services.contracts();
        assert_eq!(contracts.offered(&viewer).await.expect("offered"), template::all());

        let own = contracts.copy(&viewer, &demo()).await.expect("copied");
        assert_eq!((own.version, own.name.as_str()), (1, "30 s demo"));
        let saved = contracts.save(&viewer, &own.id, &form(&own)).await.expect("saved");
        assert_eq!((saved.version, saved.name.as_str(), saved.shots.len()), (2, "Mugs, turned", 2));
        // Saved again as it is, it stays that version; from the page of the first one, nothing is overwritten.
        assert_eq!(contracts.save(&viewer, &own.id, &ContractForm::of(&saved)).await.expect("the same"), saved);
        let stale = contracts.save(&viewer, &own.id, &form(&own)).await;
        assert!(matches!(stale, Err(Error::Changed(message)) if message.contains("Version 2")));
        let wrong = ContractForm { film_most: "0".into(), ..ContractForm::of(&saved) };
        assert!(matches!(contracts.save(&viewer, &own.id, &wrong).await, Err(Error::Invalid { field: "film_most", .. })));
        assert_eq!(contracts.offered(&viewer).await.expect("offered").last(), Some(&saved));

        // What was made under the first version still finds it.
        let first = contracts.copy(&viewer, &own.reference()).await.expect("an old version is there");
        assert_eq!(first.name, "30 s demo");

        contracts.end(&viewer, &own.id).await.expect("ended");
        assert!(!contracts.offered(&viewer).await.expect("offered").contains(&saved));
        assert!(contracts.own(&viewer).await.expect("own").iter().any(|kept| kept.contract == saved && kept.ended_at == Some(START)));
        assert!(matches!(contracts.save(&viewer, &own.id, &ContractForm::of(&saved)).await, Err(Error::Gone(_))));
    }
}

on_both! {
    async fn another_shop_sees_and_changes_nothing(world: World) {
        let (clay, wool) = (world.shop("clay").await, world.shop("wool").await);
        let contracts = world.services.contracts();
        let own = contracts.copy(&clay, &demo()).await.expect("copied");
        assert!(contracts.own(&wool).await.expect("own").is_empty());
        assert!(matches!(contracts.contract(&wool, &own.id).await, Err(Error::NotFound(_))));
        assert!(matches!(contracts.save(&wool, &own.id, &form(&own)).await, Err(Error::NotFound(_))));
        assert!(matches!(contracts.end(&wool, &own.id).await, Err(Error::NotFound(_))));
        assert!(matches!(contracts.share(&wool, &own.id).await, Err(Error::NotFound(_))));
        assert!(matches!(contracts.copy(&wool, &own.reference()).await, Err(Error::NotFound(_))));
        let refused = world.services.media().create_upload(&wool, clip(10, Some(own.reference()))).await;
        assert!(matches!(refused, Err(Error::Invalid { field: "contract", .. })));
        let refused = world.services.catalog().create(&wool, NewProduct { contract: Some(own.reference()), ..NewProduct::default() }).await;
        assert!(matches!(refused, Err(Error::Invalid { field: "contract", .. })));
        contracts.share(&clay, &own.id).await.expect("shared");
        let link = contracts.links(&clay, &own.id).await.expect("links").remove(0);
        assert!(matches!(contracts.revoke(&wool, &own.id, &link.id).await, Err(Error::NotFound(_))));
        assert!(contracts.links(&wool, &own.id).await.expect("links").is_empty());
    }
}

on_both! {
    async fn a_link_shows_the_newest_version_until_it_is_revoked_or_expires(world: World) {
        let (clay, wool) = (world.shop("clay").await, world.shop("wool").await);
        let contracts = world.services.contracts();
        let own = contracts.copy(&clay, &demo()).await.expect("copied");
        let link = contracts.share(&clay, &own.id).await.expect("shared");
        let token = link.path.strip_prefix("/contract/").expect("a path").to_owned();
        assert_eq!(token.len(), 43, "256 bits that nobody guesses");
        assert_eq!(contracts.shared(&token).await.expect("shown").contract, own);
        let saved = contracts.save(&clay, &own.id, &form(&own)).await.expect("saved");
        let shared = contracts.shared(&token).await.expect("shown");
        assert_eq!((&shared.contract, shared.shop.handle.as_str()), (&saved, "clay"));
        // Somebody else films under it in their own shop.
        let taken = contracts.adopt(&wool, shared.contract).await.expect("taken");
        assert_eq!((taken.version, taken.name.as_str()), (1, "Mugs, turned"));
        assert_ne!(taken.id, own.id);
        assert!(contracts.offered(&wool).await.expect("offered").contains(&taken));

        let unknown = |shown: Result<services::capture::Shared, Error>| matches!(shown, Err(Error::NotFound(_)));
        assert!(unknown(contracts.shared("").await));
        assert!(unknown(contracts.shared(&token.to_lowercase()).await));
        let second = contracts.share(&clay, &own.id).await.expect("shared").path;
        let second = second.strip_prefix("/contract/").expect("a path").to_owned();
        world.clock.advance_ms(1);
        let links = contracts.links(&clay, &own.id).await.expect("links");
        assert_eq!(links.len(), 2);
        for link in &links {
            contracts.revoke(&clay, &own.id, &link.id).await.expect("revoked");
        }
        assert!(unknown(contracts.shared(&token).await) && unknown(contracts.shared(&second).await));

        let path = contracts.share(&clay, &own.id).await.expect("shared").path;
        let token = path.strip_prefix("/contract/").expect("a path");
        world.clock.advance_ms(30 * DAY_MS - 1);
        assert!(contracts.shared(token).await.is_ok());
        world.clock.advance_ms(1);
        assert!(unknown(contracts.shared(token).await), "thirty days are over");

        let path = contracts.share(&clay, &own.id).await.expect("shared").path;
        contracts.end(&clay, &own.id).await.expect("ended");
        assert!(unknown(contracts.shared(path.strip_prefix("/contract/").expect("a path")).await));
        assert!(matches!(contracts.share(&clay, &own.id).await, Err(Error::NotFound(_))));
    }
}

on_both! {
    async fn what_a_contract_does_not_take_is_refused_before_its_bytes(world: World) {
        let viewer = world.shop("clay").await;
        let media = world.services.media();
        let refused = media.create_upload(&viewer, clip(64 * MB + 1, Some(demo()))).await;
        assert!(matches!(refused, Err(Error::TooLarge(message)) if message.contains("30 s demo") && message.contains("64 MB")));
        assert!(media.create_upload(&viewer, clip(64 * MB + 1, None)).await.is_ok(), "the shop itself takes it");
        assert!(media.create_upload(&viewer, clip(64 * MB, Some(demo()))).await.is_ok());
        let mut long = clip(10, Some(demo()));
        long.span = Some((0.0, 17.0));
        assert!(matches!(media.create_upload(&viewer, long).await, Err(Error::TooLarge(message)) if message.contains("15 s")));
        let mut told = clip(10, Some(demo()));
        if let Some(claim) = &mut told.claim {
            claim.keys.insert("gps".into());
        }
        assert!(matches!(media.create_upload(&viewer, told).await, Err(Error::Invalid { message, .. }) if message.contains("gps")));
        let unknown = media.create_upload(&viewer, clip(10, "demo-30/2".parse().ok())).await;
        assert!(matches!(unknown, Err(Error::Invalid { field: "contract", .. })));

        // A length that comes later is bounded all the same, and so is what is sent until then.
        let mut later = clip(0, Some(demo()));
        later.form.is_deferred = true;
        let upload = media.create_upload(&viewer, later).await.expect("begun");
        assert_eq!(upload.length, 64 * MB);
        let announced = media.announce_length(&viewer, &upload.id, 0, 64 * MB + 1).await;
        assert!(matches!(announced, Err(Error::TooLarge(_))));
        media.announce_length(&viewer, &upload.id, 0, 64 * MB).await.expect("fits");
    }
}

on_both! {
    async fn a_clip_that_lied_about_its_length_is_no_clip(world: World) {
        let viewer = world.shop("clay").await;
        for (duration_ms, state) in [(16_000, UploadState::Ready), (40_000, UploadState::Failed)] {
            let bytes = Film { duration_ms, ..Film::default() }.bytes();
            let media = world.services.media();
            let upload = media.create_upload(&viewer, clip(bytes.len() as u64, Some(demo()))).await.expect("begun");
            let body = futures::stream::iter([Ok::<_, std::io::Error>(bytes.into())]);
            media.append(&viewer, &upload.id, 0, None, body).await.expect("sent");
            let upload = world.processed(&viewer, &upload.id).await;
            assert_eq!(upload.state, state, "{:?}", upload.error);
            if state == UploadState::Failed {
                assert!(upload.error.is_some_and(|error| error.contains("at most 15 s")));
            }
        }
    }
}

on_both! {
    async fn a_product_and_its_media_remember_what_they_were_filmed_under(world: World) {
        let viewer = world.shop("clay").await;
        let contracts = world.services.contracts();
        let own = contracts.copy(&viewer, &demo()).await.expect("copied");
        let bytes = png(40, 30, 9);
        let media = world.services.media();
        let mut new = clip(bytes.len() as u64, Some(own.reference()));
        new.kind = Kind::Photo;
        let upload = media.create_upload(&viewer, new).await.expect("begun");
        let body = futures::stream::iter([Ok::<_, std::io::Error>(bytes.into())]);
        media.append(&viewer, &upload.id, 0, None, body).await.expect("sent");
        let photo = world.processed(&viewer, &upload.id).await.media.expect("ready");

        let known = KnownSession {
            session: "s-1".parse().expect("an id"),
            network: Network { engine: JudgedOn::Cpu, weights: None },
            frames: Default::default(),
            kept: Vec::new(),
            histograms: Default::default(),
            shots: Vec::new(),
            location: Location::from_degrees(51.5, -0.1),
            devices: Vec::new(),
        };
        let told = Document::assemble(known, &Metadata::ALL);
        let new = NewProduct {
            title: "Mug".into(),
            media: vec![photo.id.clone()],
            contract: Some(own.reference()),
            highlights: Some(told.clone()),
            ..NewProduct::default()
        };
        // The demo keeps the place on the device.
        let refused = world.services.catalog().create(&viewer, new.clone()).await;
        assert!(matches!(refused, Err(Error::Invalid { field: "highlights", .. })));
        let new = NewProduct { highlights: Some(told.filtered(&own.metadata)), ..new };
        let product = world.services.catalog().create(&viewer, new).await.expect("made");

        // It names the version it was filmed under, whatever becomes of the contract.
        contracts.save(&viewer, &own.id, &form(&own)).await.expect("saved");
        contracts.end(&viewer, &own.id).await.expect("ended");
        assert_eq!(contracts.of_product(&viewer, &product.id).await.expect("asked"), Some(own.clone()));
        let row: (String, i64) = sqlx::query_as("SELECT contract_id, contract_version FROM media WHERE id = $1")
            .bind(photo.id.as_str())
            .fetch_one(&mut world.connection().await)
            .await
            .expect("a row");
        assert_eq!(row, (own.id.to_string(), 1));
        let plain = world.product(&viewer, "Cup", 1).await;
        assert_eq!(contracts.of_product(&viewer, &plain.id).await.expect("asked"), None);
    }
}

on_both! {
    async fn of_two_who_save_at_once_one_is_told(world: World) {
        let viewer = world.shop("clay").await;
        let contracts = world.services.contracts();
        let own = contracts.copy(&viewer, &demo()).await.expect("copied");
        let saves = (0..6).map(|number| {
            let (services, viewer, own) = (world.services.clone(), viewer.clone(), own.clone());
            tokio::spawn(async move {
                let form = ContractForm { name: format!("Name {number}"), ..ContractForm::of(&own) };
                services.contracts().save(&viewer, &own.id, &form).await
            })
        });
        let saved = futures::future::join_all(saves).await;
        let (saved, refused): (Vec<_>, Vec<_>) = saved.into_iter().map(|task| task.expect("task")).partition(Result::is_ok);
        assert_eq!((saved.len(), refused.len()), (1, 5));
        assert!(refused.iter().all(|refused| matches!(refused, Err(Error::Changed(_)))));
        assert_eq!(contracts.contract(&viewer, &own.id).await.expect("there").contract.version, 2);
    }
}
