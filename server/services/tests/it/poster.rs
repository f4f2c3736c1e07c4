//! Clips that came without a poster get one where `ffmpeg` is, and keep their placeholder elsewhere.

use std::path::PathBuf;

use domain::{identity::Viewer, media::Kind};
use services::{catalog::NewProduct, media::find_ffmpeg};

use crate::{
    film::Film,
    world::{Engine, World, on_both},
};

/// A film that browsers play, 3 s long.
const FILM: &[u8] = include_bytes!("../../../seed/jar-turn.mp4");

/// Longer than a clip is left to its device, and than the wait between two looks.
const LATER_MS: i64 = 2 * 60 * 60 * 1000;

fn ffmpeg() -> Option<PathBuf> {
    let found = std::env::var_os("PATH").and_then(|path| find_ffmpeg(&path));
    if found.is_none() {
        assert!(
            std::env::var("CI").is_err(),
            "posters are tested where a CI runs this"
        );
        eprintln!("NOT TESTED: posters by ffmpeg, which is not installed");
    }
    found
}

/// A clip on a page.
async fn shown(world: &World, viewer: &Viewer, film: Vec<u8>) -> domain::id::MediaId {
    let media = world.services.media();
    let clip = media
        .add_file(viewer, Kind::Clip, "The jar turns", film.into())
        .await
        .expect("a clip");
    let new = NewProduct {
        title: "Jar".to_owned(),
        media: vec![clip.id.clone()],
        ..NewProduct::default()
    };
    let catalog = world.services.catalog();
    catalog.create(viewer, new).await.expect("a draft");
    clip.id
}

on_both! {
    async fn an_older_clip_gets_a_poster_where_ffmpeg_is(world: World) {
        let mut world = world;
        let viewer = world.shop("clay").await;
        let clip = shown(&world, &viewer, FILM.to_vec()).await;
        world.services.drain().await.expect("drain");
        world.clock.advance_ms(LATER_MS);
        world.services.drain().await.expect("drain");
        let bare = world.services.media().media(&viewer, &clip).await.expect("the clip");
        assert_eq!((bare.variants.len(), bare.placeholder.as_str()), (1, "#808080"), "nothing made one");

        world.config.ffmpeg = ffmpeg();
        if world.config.ffmpeg.is_none() {
            return;
        }
        world.services = world.again().await;
        world.clock.advance_ms(LATER_MS);
        world.services.drain().await.expect("drain");
        let clothed = world.services.media().media(&viewer, &clip).await.expect("the clip");
        for mime in ["image/jpeg", "image/webp", "image/avif", "video/mp4"] {
            assert!(clothed.variants.iter().any(|variant| variant.mime == mime), "{mime}");
        }
        assert_ne!(clothed.placeholder, "#808080", "the colour of the poster");
        assert_eq!(world.services.jobs().all_failed().await.expect("list"), []);
        let all = world.services.media().all(&viewer).await.expect("list");
        let poster = all.iter().find(|media| media.kind == Kind::Photo).expect("the poster");
        assert_eq!((all.len(), poster.alt.as_str()), (2, "The jar turns"));
        assert!(world.events(&viewer).await.contains(&"media_changed".to_owned()), "pages are rendered anew");

        // Once is enough, and nothing of it stays on the disk beside the store.
        world.clock.advance_ms(LATER_MS);
        world.services.drain().await.expect("drain");
        assert_eq!(world.services.media().all(&viewer).await.expect("list").len(), 2);
        let scratch = std::fs::read_dir(world.folder.path().join("scratch")).expect("the folder");
        assert_eq!(scratch.count(), 0);
    }
}

on_both! {
    async fn a_clip_without_pictures_is_left_to_a_person(world: World) {
        let mut world = world;
        world.config.ffmpeg = ffmpeg();
        if world.config.ffmpeg.is_none() {
            return;
        }
        world.services = world.again().await;
        let viewer = world.shop("clay").await;
        shown(&world, &viewer, Film::default().bytes()).await;
        for _ in 0..4 {
            world.clock.advance_ms(LATER_MS);
            world.services.drain().await.expect("drain");
        }
        let failed = world.services.jobs().failed(&viewer).await.expect("list");
        assert_eq!(failed.len(), 1, "{failed:?}");
        assert_eq!((failed[0].kind.as_str(), failed[0].attempts), ("make_poster", 2));
        assert!(failed[0].error.contains("ffmpeg could not take a picture"), "{failed:?}");
    }
}

on_both! {
    async fn a_poster_of_the_device_comes_first(world: World) {
        let mut world = world;
        world.config.ffmpeg = Some("/nowhere/ffmpeg".into());
        world.services = world.again().await;
        let viewer = world.shop("clay").await;
        let clip = shown(&world, &viewer, FILM.to_vec()).await;
        // Nothing is looked for while the device may still send one.
        world.services.drain().await.expect("drain");
        let still = world.photo(&viewer, 9).await;
        world.services.media().set_poster(&viewer, &clip, &still.id).await.expect("a poster");
        world.clock.advance_ms(LATER_MS);
        world.services.drain().await.expect("drain");
        assert_eq!(world.services.jobs().all_failed().await.expect("list"), []);
        assert_eq!(world.services.media().all(&viewer).await.expect("list").len(), 2);
    }
}
