//! Deleting pictures and clips: with their files, but for those that others need; what a crash left; and how much a shop may keep.

use std::path::{Path, PathBuf};

use domain::{id::MediaId, identity::Viewer, media::Kind};
use services::{
    Error, Services,
    catalog::NewProduct,
    media::{Form, NewUpload},
};

use crate::{
    film::Film,
    world::{Engine, World, on_both, png},
};

/// Beyond the age at which a file of another program's clock counts as old.
const LONG_MS: i64 = 400 * 24 * 60 * 60 * 1000;

/// The names of all files of a shop in the store.
fn files(world: &World, viewer: &Viewer) -> Vec<PathBuf> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.expect("entry").path();
            if path.is_dir() {
                walk(&path, found);
            } else {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(
        &world
            .folder
            .path()
            .join("media")
            .join(viewer.shop.id.as_str()),
        &mut found,
    );
    found.sort();
    found
}

async fn draft(world: &World, viewer: &Viewer, media: Vec<MediaId>) -> domain::catalog::Product {
    let new = NewProduct {
        title: "Cup".to_owned(),
        media,
        ..NewProduct::default()
    };
    world
        .services
        .catalog()
        .create(viewer, new)
        .await
        .expect("draft")
}

async fn drain(world: &World) {
    world.services.drain().await.expect("drain");
}

on_both! {
    async fn a_removed_photo_is_gone_with_its_files(world: World) {
        let viewer = world.shop("clay").await;
        let (one, other) = (world.photo(&viewer, 1).await, world.photo(&viewer, 200).await);
        drain(&world).await;
        let before = files(&world, &viewer);
        let product = draft(&world, &viewer, vec![one.id.clone(), other.id.clone()]).await;
        let catalog = world.services.catalog();
        catalog.remove_media(&viewer, &product.id, &other.id).await.expect("removed");
        drain(&world).await;
        assert!(matches!(world.services.media().media(&viewer, &other.id).await, Err(Error::NotFound(_))));
        let left = files(&world, &viewer);
        assert_eq!(left.len() * 2, before.len(), "{left:?}");
        for variant in &other.variants {
            assert!(!left.iter().any(|file| variant.url.contains(&file.parent().expect("folder").file_name().expect("name").to_string_lossy().into_owned())));
        }
        assert!(world.events(&viewer).await.contains(&"media_deleted".to_owned()));
        catalog.delete(&viewer, &product.id).await.expect("deleted");
        drain(&world).await;
        assert_eq!(files(&world, &viewer), Vec::<PathBuf>::new());
        assert!(world.services.media().all(&viewer).await.expect("list").is_empty());
        assert_eq!(world.services.media().usage(&viewer).await.expect("usage").used_bytes, 0);
    }
}

on_both! {
    /// Two uploads of one photo are one file; a photo on two pages is one photo.
    async fn what_others_need_stays(world: World) {
        let viewer = world.shop("clay").await;
        let (one, same) = (world.photo(&viewer, 1).await, world.photo(&viewer, 1).await);
        let shared = world.photo(&viewer, 3).await;
        drain(&world).await;
        assert_eq!(one.variants, same.variants);
        let first = draft(&world, &viewer, vec![one.id.clone(), shared.id.clone()]).await;
        draft(&world, &viewer, vec![same.id.clone(), shared.id.clone()]).await;
        let before = files(&world, &viewer);
        world.services.catalog().delete(&viewer, &first.id).await.expect("deleted");
        drain(&world).await;
        let media = world.services.media();
        assert!(matches!(media.media(&viewer, &one.id).await, Err(Error::NotFound(_))));
        assert!(media.media(&viewer, &same.id).await.is_ok() && media.media(&viewer, &shared.id).await.is_ok());
        assert_eq!(files(&world, &viewer), before, "every file is still needed");
        // Work that runs twice does no harm.
        sqlx::query("INSERT INTO job (id, kind, key, shop_id, payload, state, due_at, turn, created_at, changed_at) \
            SELECT 'again', 'delete_media', $1, $2, $3, 'ready', 0, 0, 0, 0")
            .bind(same.id.as_str())
            .bind(viewer.shop.id.as_str())
            .bind(format!(r#"{{"kind":"delete_media","shop":"{}","media":"{}"}}"#, viewer.shop.id, same.id))
            .execute(&mut world.connection().await)
            .await
            .expect("a job");
        drain(&world).await;
        assert!(media.media(&viewer, &same.id).await.is_ok(), "it is shown");
        assert_eq!(files(&world, &viewer), before);
    }
}

on_both! {
    async fn a_poster_goes_with_its_clip(world: World) {
        let viewer = world.shop("clay").await;
        let media = world.services.media();
        let photo = world.photo(&viewer, 1).await;
        let still = world.photo(&viewer, 9).await;
        let clip = media.add_file(&viewer, Kind::Clip, "", Film::default().bytes().into()).await.expect("clip");
        let new = NewProduct {
            media: vec![photo.id.clone(), clip.id.clone()],
            posters: vec![domain::wire::catalog::Poster { clip: clip.id.clone(), still: still.id.clone() }],
            ..NewProduct::default()
        };
        let product = world.services.catalog().create(&viewer, new).await.expect("draft");
        let poster = |product: &domain::catalog::Product| -> Vec<String> {
            product.media[1].variants.iter().skip(1).map(|variant| variant.mime.clone()).collect()
        };
        assert_eq!(poster(&product), ["image/webp", "image/jpeg"]);
        drain(&world).await;
        let product = world.services.catalog().product(&viewer, &product.id).await.expect("product");
        assert_eq!(poster(&product), ["image/webp", "image/jpeg", "image/avif"], "its AVIF comes later, as a photo's");
        assert!(media.media(&viewer, &still.id).await.is_ok(), "the clip needs it");
        world.services.catalog().remove_media(&viewer, &product.id, &clip.id).await.expect("removed");
        drain(&world).await;
        for gone in [&clip.id, &still.id] {
            assert!(matches!(media.media(&viewer, gone).await, Err(Error::NotFound(_))));
        }
        assert!(media.media(&viewer, &photo.id).await.is_ok());

        // Another shop's still is none.
        let stranger = world.shop("other").await;
        let theirs = world.photo(&stranger, 9).await;
        let clip = media.add_file(&viewer, Kind::Clip, "", Film::default().bytes().into()).await.expect("clip");
        let new = NewProduct {
            media: vec![photo.id.clone(), clip.id.clone()],
            posters: vec![domain::wire::catalog::Poster { clip: clip.id, still: theirs.id }],
            ..NewProduct::default()
        };
        assert!(matches!(world.services.catalog().create(&viewer, new).await, Err(Error::NotFound(_))));
    }
}

on_both! {
    async fn what_a_crash_left_is_found_and_deleted(world: World) {
        let viewer = world.shop("clay").await;
        let photo = world.photo(&viewer, 1).await;
        draft(&world, &viewer, vec![photo.id.clone()]).await;
        let never_used = world.photo(&viewer, 2).await;
        drain(&world).await;
        let store = world.folder.path().join("media");
        let hash = "a".repeat(64);
        let orphan = store.join(viewer.shop.id.as_str()).join(&hash);
        let part = store.join(".uploads").join("gone");
        for folder in [&orphan, &part] {
            std::fs::create_dir_all(folder).expect("folder");
        }
        std::fs::write(orphan.join("320.jpg"), b"left").expect("written");
        std::fs::write(part.join("0-1"), b"left").expect("written");
        std::fs::write(store.join("README"), b"not ours").expect("written");

        // Young files may belong to work that is not committed yet. The clock of this world is behind that of the files.
        world.clock.advance_ms(7 * 60 * 60 * 1000);
        drain(&world).await;
        assert!(orphan.join("320.jpg").exists());
        world.clock.advance_ms(LONG_MS);
        drain(&world).await;
        drain(&world).await;
        assert!(!orphan.exists() && !part.join("0-1").exists());
        assert!(store.join("README").exists());
        let media = world.services.media();
        assert!(media.media(&viewer, &photo.id).await.is_ok());
        assert!(matches!(media.media(&viewer, &never_used.id).await, Err(Error::NotFound(_))));
        let kept = media.media(&viewer, &photo.id).await.expect("photo");
        for variant in &kept.variants {
            let mut address = variant.url.rsplit('/');
            let (file, hash) = (address.next().expect("file"), address.next().expect("hash"));
            assert!(store.join(viewer.shop.id.as_str()).join(hash).join(file).exists(), "{}", variant.url);
        }
    }
}

on_both! {
    async fn a_shop_keeps_no_more_than_it_may(world: World) {
        let viewer = world.shop("clay").await;
        let mut config = world.config.clone();
        config.shop_quota_bytes = 2 * 1024 * 1024;
        let services = Services::open_with(config, world.clock.clone(), services::Random::System).await.expect("open");
        let media = services.media();
        let new = |length| NewUpload {
            kind: Kind::Clip,
            length,
            alt: String::new(),
            session: None,
            span: None,
            metadata: String::new(), claim: None,
            form: Form::default(),
        };
        let first = media.create_upload(&viewer, new(1_500_000)).await.expect("room");
        let usage = media.usage(&viewer).await.expect("usage");
        assert_eq!((usage.used_bytes, usage.allowed_bytes), (1_500_000, 2 * 1024 * 1024));
        let refused = media.create_upload(&viewer, new(1_500_000)).await;
        assert!(matches!(refused, Err(Error::Full(ref message)) if message.contains("1 MB of the 2 MB")), "{refused:?}");
        let refused = media.add_file(&viewer, Kind::Photo, "", vec![0; 800_000].into()).await;
        assert!(matches!(refused, Err(Error::Full(_))), "{refused:?}");
        assert_eq!(world.parts().len(), 1, "a refused upload leaves nothing");
        let other = world.shop("other").await;
        assert!(media.create_upload(&other, new(1_500_000)).await.is_ok(), "each shop has its own share");
        media.terminate(&viewer, &first.id).await.expect("terminated");
        assert!(media.create_upload(&viewer, new(1_500_000)).await.is_ok());
        let bytes = png(40, 30, 7);
        let photo = media.add_file(&viewer, Kind::Photo, "", bytes.clone().into()).await.expect("photo");
        let made: u64 = photo.variants.iter().map(|variant| variant.bytes).sum();
        assert_eq!(media.usage(&viewer).await.expect("usage").used_bytes, 1_500_000 + bytes.len() as u64 + made);
        services.close().await;
    }
}
