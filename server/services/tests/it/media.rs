use std::sync::Arc;

use bytes::Bytes;
use domain::{
    id::UploadId,
    media::{Kind, UploadState},
};
use futures::{StreamExt, stream};
use services::{
    Error, Services,
    media::{Checksum, Form, NewUpload},
};
use sha2::Digest;
use tokio::sync::Notify;

use crate::{
    film::Film,
    world::{Engine, START, World, on_both, png},
};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

fn new(kind: Kind, length: usize) -> NewUpload {
    NewUpload {
        kind,
        length: length as u64,
        alt: "A cup".into(),
        session: None,
        span: Some((1.0, 3.5)),
        metadata: "kind cGhvdG8=".to_owned(),
        claim: None,
        form: Form::default(),
    }
}

fn pieces(
    bytes: &[u8],
) -> impl futures::Stream<Item = Result<Bytes, std::io::Error>> + Send + Unpin + use<> {
    let pieces: Vec<_> = bytes
        .chunks(1000)
        .map(|piece| Ok(Bytes::copy_from_slice(piece)))
        .collect();
    stream::iter(pieces)
}

on_both! {
    async fn an_upload_goes_on_where_it_broke(world: World) {
        let viewer = world.shop("clay").await;
        let media = world.services.media();
        let bytes = png(400, 300, 33);
        let half = 1 + world.round.below(bytes.len() - 1, 0);
        let upload = media.create_upload(&viewer, new(Kind::Photo, bytes.len())).await.expect("create");
        assert_eq!((upload.state, upload.received), (UploadState::Receiving, 0));

        let broken = stream::iter([
            Ok(Bytes::copy_from_slice(&bytes[..half])),
            Err(std::io::Error::other("the connection broke")),
        ]);
        let kept = media.append(&viewer, &upload.id, 0, None, broken).await.expect("kept");
        assert_eq!(kept.received, half as u64, "what came before the break is kept");

        let wrong = media.append(&viewer, &upload.id, 0, None, pieces(&bytes)).await;
        assert!(matches!(wrong, Err(Error::Conflict(ref message)) if message.contains(&half.to_string())));

        // Another process goes on.
        let other = world.again().await;
        let done = other.media().append(&viewer, &upload.id, half as u64, None, pieces(&bytes[half..])).await;
        assert_eq!(done.expect("appended").received, bytes.len() as u64);
        other.drain().await.expect("drain");
        let ready = other.media().upload(&viewer, &upload.id).await.expect("upload");
        let made = ready.media.expect("media");
        assert_eq!((made.kind, made.width, made.height, made.alt.as_str()), (Kind::Photo, 400, 300, "A cup"));
        let widths: Vec<u32> = made.variants.iter().map(|variant| variant.width).collect();
        assert_eq!(widths, [320, 320, 400, 400, 320, 400], "AVIF comes after the others");
        let mimes: Vec<&str> = made.variants.iter().map(|variant| variant.mime.as_str()).collect();
        assert_eq!(mimes, ["image/webp", "image/jpeg", "image/webp", "image/jpeg", "image/avif", "image/avif"]);

        // The bytes that are sent are the bytes of the address.
        for variant in &made.variants {
            let mut parts = variant.url.rsplit('/');
            let (file, hash) = (parts.next().expect("file"), parts.next().expect("hash"));
            let rendition = other.media().rendition(Some(&viewer), hash, file).await.expect("rendition");
            assert_eq!((rendition.length, rendition.mime.as_str()), (variant.bytes, variant.mime.as_str()));
            let body: Vec<Bytes> = other.media().read(&rendition, 0..rendition.length).await.expect("read")
                .map(|piece| piece.expect("piece")).collect().await;
            assert_eq!(blake3::hash(&body.concat()).to_hex().as_str(), hash);
            let part: Vec<Bytes> = other.media().read(&rendition, 5..9).await.expect("read")
                .map(|piece| piece.expect("piece")).collect().await;
            assert_eq!(part.concat(), body.concat()[5..9]);
        }
        assert!(world.parts().is_empty(), "no part is left");
        let scratch = std::fs::read_dir(world.folder.path().join("scratch")).expect("folder").next();
        assert!(scratch.is_none(), "nor what was put together of them");
    }
}

/// A body that sends what it is given and then hangs, and what says that it was asked for more.
fn hanging(
    bytes: &[u8],
) -> (
    impl futures::Stream<Item = Result<Bytes, std::io::Error>> + Send + Unpin + use<>,
    Arc<Notify>,
) {
    let asked = Arc::new(Notify::new());
    let more = Arc::clone(&asked);
    let first = stream::iter([Ok(Bytes::copy_from_slice(bytes))]);
    let hang = stream::once(async move {
        more.notify_one();
        std::future::pending().await
    });
    (Box::pin(first.chain(hang)), asked)
}

on_both! {
    async fn a_caller_that_goes_away_loses_nothing(world: World) {
        let viewer = world.shop("clay").await;
        let bytes = png(300, 300, 1);
        let upload = world.services.media().create_upload(&viewer, new(Kind::Photo, bytes.len())).await.expect("create");
        let cut = 1 + world.round.below(bytes.len() - 1, 0);
        let (body, asked) = hanging(&bytes[..cut]);
        let append = {
            let (services, viewer, id) = (world.services.clone(), viewer.clone(), upload.id.clone());
            tokio::spawn(async move { services.media().append(&viewer, &id, 0, None, body).await })
        };
        asked.notified().await;
        append.abort();
        // Closing waits for what was begun.
        world.services.close().await;
        let again = world.again().await;
        assert_eq!(again.media().upload(&viewer, &upload.id).await.expect("upload").received, cut as u64);
        let rest = again.media().append(&viewer, &upload.id, cut as u64, None, pieces(&bytes[cut..])).await;
        assert_eq!(rest.expect("appended").received, bytes.len() as u64);
        again.drain().await.expect("drain");
        assert_eq!(again.media().upload(&viewer, &upload.id).await.expect("upload").state, UploadState::Ready);
    }
}

on_both! {
    /// A half-open line, and the client that comes again: through the same process, and through another.
    async fn the_newest_append_goes_on(world: World) {
        let viewer = world.shop("clay").await;
        let bytes = png(300, 300, 1);
        let other = world.again().await;
        for newer in [&world.services, &other] {
            let upload = world.services.media().create_upload(&viewer, new(Kind::Photo, bytes.len())).await.expect("create");
            let (body, asked) = hanging(&[1; 700]);
            let older = {
                let (services, viewer, id) = (world.services.clone(), viewer.clone(), upload.id.clone());
                tokio::spawn(async move { services.media().append(&viewer, &id, 0, None, body).await })
            };
            asked.notified().await;
            let done = newer.media().append(&viewer, &upload.id, 0, None, pieces(&bytes)).await.expect("appended");
            assert_eq!(done.received, bytes.len() as u64, "what the older one did not acknowledge is sent again");
            if std::ptr::eq(newer, &raw const world.services) {
                let ended = older.await.expect("task");
                assert!(matches!(ended, Err(Error::Conflict(_))), "{ended:?}");
            } else {
                // A process that hears nothing from its client learns of it with its next byte; here it never comes.
                older.abort();
            }
            assert_eq!(world.processed(&viewer, &upload.id).await.state, UploadState::Ready);
        }
        let gone = world.services.media().create_upload(&viewer, new(Kind::Photo, 5000)).await.expect("create");
        let (body, asked) = hanging(&[1; 700]);
        let running = {
            let (services, viewer, id) = (world.services.clone(), viewer.clone(), gone.id.clone());
            tokio::spawn(async move { services.media().append(&viewer, &id, 0, None, body).await })
        };
        asked.notified().await;
        world.services.media().terminate(&viewer, &gone.id).await.expect("terminated while it runs");
        running.abort();
        assert!(matches!(world.services.media().upload(&viewer, &gone.id).await, Err(Error::NotFound(_))));
    }
}

on_both! {
    /// A half-open line holds what came; whoever asks where the upload stands goes on behind it at once.
    async fn who_asks_goes_on_where_the_line_broke(world: World) {
        let viewer = world.shop("clay").await;
        let bytes = png(300, 300, 1);
        let media = world.services.media();
        let upload = media.create_upload(&viewer, new(Kind::Photo, bytes.len())).await.expect("create");
        let (body, asked) = hanging(&bytes[..700]);
        let older = {
            let (services, viewer, id) = (world.services.clone(), viewer.clone(), upload.id.clone());
            tokio::spawn(async move { services.media().append(&viewer, &id, 0, None, body).await })
        };
        asked.notified().await;
        let stands = media.settle(&viewer, &upload.id).await.expect("upload");
        assert_eq!(stands.received, 700, "nothing is sent twice");
        assert_eq!(stands.metadata, "kind cGhvdG8=");
        assert_eq!(older.await.expect("task").expect("kept").received, 700);
        let done = media.append(&viewer, &upload.id, 700, None, pieces(&bytes[700..])).await.expect("appended");
        assert_eq!(done.received, bytes.len() as u64);
        assert_eq!(world.processed(&viewer, &upload.id).await.state, UploadState::Ready);
    }
}

on_both! {
    /// Through another process, which cannot end the append, what came counts as soon as the line is quiet.
    async fn what_came_over_a_quiet_line_counts(world: World) {
        let viewer = world.shop("clay").await;
        let bytes = png(300, 300, 1);
        let upload = world.services.media().create_upload(&viewer, new(Kind::Photo, bytes.len())).await.expect("create");
        let other = world.again().await;
        let (body, asked) = hanging(&bytes[..700]);
        let older = {
            let (services, viewer, id) = (world.services.clone(), viewer.clone(), upload.id.clone());
            tokio::spawn(async move { services.media().append(&viewer, &id, 0, None, body).await })
        };
        asked.notified().await;
        let stands = async {
            while other.media().settle(&viewer, &upload.id).await.expect("upload").received < 700 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(20), stands).await.expect("within seconds");
        let done = other.media().append(&viewer, &upload.id, 700, None, pieces(&bytes[700..])).await.expect("appended");
        assert_eq!(done.received, bytes.len() as u64);
        older.abort();
    }
}

on_both! {
    /// More slow senders than the runtime has threads for work that blocks: everything else finds one all the same.
    async fn slow_senders_hold_no_threads(world: World) {
        let viewer = world.shop("clay").await;
        let media = world.services.media();
        let mut senders = Vec::new();
        for _ in 0..520 {
            let upload = media.create_upload(&viewer, new(Kind::Photo, 5000)).await.expect("create");
            let (body, asked) = hanging(&[1; 700]);
            let (services, viewer, id) = (world.services.clone(), viewer.clone(), upload.id);
            senders.push(tokio::spawn(async move { services.media().append(&viewer, &id, 0, None, body).await }));
            asked.notified().await;
        }
        let free = tokio::task::spawn_blocking(|| ());
        tokio::time::timeout(std::time::Duration::from_secs(20), free).await.expect("a thread is free").expect("runs");
        for sender in &senders {
            sender.abort();
        }
    }
}

on_both! {
    async fn checksums_are_compared(world: World) {
        let viewer = world.shop("clay").await;
        let media = world.services.media();
        let bytes = png(100, 100, 2);
        let upload = media.create_upload(&viewer, new(Kind::Photo, bytes.len())).await.expect("create");
        let wrong = media.append(&viewer, &upload.id, 0, Some(Checksum::Sha256([0; 32])), pieces(&bytes)).await;
        assert!(matches!(wrong, Err(Error::Checksum(_))));
        assert_eq!(media.upload(&viewer, &upload.id).await.expect("upload").received, 0, "thrown away");
        let right = Checksum::Sha1(sha1::Sha1::digest(&bytes[..50]).into());
        let kept = media.append(&viewer, &upload.id, 0, Some(right), pieces(&bytes[..50])).await.expect("kept");
        assert_eq!(kept.received, 50);
        let right = Checksum::Sha256(sha2::Sha256::digest(&bytes[50..]).into());
        media.append(&viewer, &upload.id, 50, Some(right), pieces(&bytes[50..])).await.expect("kept");
        assert_eq!(world.processed(&viewer, &upload.id).await.state, UploadState::Ready);
    }
}

on_both! {
    async fn lengths_are_held_to(world: World) {
        let viewer = world.shop("clay").await;
        let media = world.services.media();
        let empty = media.create_upload(&viewer, new(Kind::Photo, 0)).await.expect("complete at once");
        let empty = world.processed(&viewer, &empty.id).await;
        assert_eq!(empty.state, UploadState::Failed);
        assert!(empty.error.is_some_and(|error| error.contains("empty")));
        assert!(matches!(media.add_file(&viewer, Kind::Photo, "", Bytes::new()).await, Err(Error::Invalid { .. })));
        let huge = media.create_upload(&viewer, new(Kind::Photo, 41 * 1024 * 1024)).await;
        assert!(matches!(huge, Err(Error::TooLarge(ref message)) if message.contains("41 MB")));
        let mut odd = new(Kind::Clip, 10);
        odd.span = Some((5.0, 1.0));
        assert!(matches!(media.create_upload(&viewer, odd.clone()).await, Err(Error::Invalid { field: "span", .. })));
        odd.span = Some((f64::NAN, 1.0));
        assert!(matches!(media.create_upload(&viewer, odd).await, Err(Error::Invalid { field: "span", .. })));
        let upload = media.create_upload(&viewer, new(Kind::Photo, 1500)).await.expect("create");
        let more = media.append(&viewer, &upload.id, 0, None, pieces(&[0; 2500])).await;
        assert!(matches!(more, Err(Error::TooLarge(_))));
        assert_eq!(media.upload(&viewer, &upload.id).await.expect("upload").received, 1000, "whole pieces before it stay");
    }
}

on_both! {
    async fn what_is_not_a_photo_or_a_film_is_refused(world: World) {
        let viewer = world.shop("clay").await;
        let film = Film::default().bytes();
        let sound = Film { handler: *b"soun", codec: *b"zzzz", ..Film::default() }.bytes();
        let text = Film { handler: *b"text", codec: *b"zzzz", ..Film::default() }.bytes();
        let long = Film { duration_ms: 200_000, ..Film::default() }.bytes();
        let still = Film { duration_ms: 0, ..Film::default() }.bytes();
        let prores = Film { codec: *b"apcn", ..Film::default() }.bytes();
        let photo = png(64, 64, 3);
        let mut damaged = photo.clone();
        damaged.truncate(damaged.len() / 2);
        let mut broken_off = Vec::new();
        image::codecs::jpeg::JpegEncoder::new(&mut broken_off)
            .encode_image(&image::RgbImage::from_fn(200, 200, |x, y| image::Rgb([(x * y % 251) as u8, 90, 9])))
            .expect("jpeg");
        broken_off.truncate(broken_off.len() * 55 / 100);
        for (kind, bytes, words) in [
            (Kind::Photo, &b"<html><script>alert(1)</script>"[..], "markup"),
            (Kind::Photo, b"GIF89a.........", "GIF"),
            (Kind::Photo, &film, "film, not a photo"),
            (Kind::Photo, &damaged, "damaged"),
            (Kind::Photo, &broken_off, "damaged"),
            (Kind::Photo, b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "Most Compatible"),
            (Kind::Photo, b"\0\0\0\x18ftypavif\0\0\0\0mif1avif", "damaged"),
            (Kind::Clip, &photo, "picture, not a clip"),
            (Kind::Clip, b"\x1a\x45\xdf\xa3 webm", "WebM"),
            (Kind::Clip, &film[..200], "damaged"),
            (Kind::Clip, b"\0\0\0\x18ftypisom\0\0\x02\0isomavc1", "damaged"),
            (Kind::Clip, &sound, "play the sound"),
            (Kind::Clip, &text, "no moving pictures"),
            (Kind::Clip, &long, "200 seconds"),
            (Kind::Clip, &still, "no length"),
            (Kind::Clip, &prores, "play the pictures"),
        ] {
            let taken = world.services.media().add_file(&viewer, kind, "", Bytes::copy_from_slice(bytes)).await;
            let Err(Error::Invalid { field: "file", message }) = taken else {
                panic!("{words}: {taken:?}");
            };
            assert!(message.contains(words), "{words}: {message}");
        }
        assert!(world.services.media().all(&viewer).await.expect("list").is_empty());
        world.services.drain().await.expect("drain");
        assert!(world.parts().is_empty());
    }
}

on_both! {
    /// None of these becomes better by trying again: each ends at its first attempt, with a reason for a person.
    async fn what_can_never_succeed_ends_at_once(world: World) {
        let viewer = world.shop("clay").await;
        let media = world.services.media();
        let tall = media.add_file(&viewer, Kind::Photo, "", png(20, 20_000, 9).into()).await.expect("taken");
        let sizes: Vec<(&str, u32, u32)> = tall.variants.iter().map(|made| (made.mime.as_str(), made.width, made.height)).collect();
        assert_eq!(sizes, [("image/webp", 16, 16_000), ("image/jpeg", 20, 20_000)], "WebP ends at 16 383");

        let bytes = png(120, 120, 77);
        let upload = media.create_upload(&viewer, new(Kind::Photo, bytes.len())).await.expect("create");
        for (start, piece) in [(0, &bytes[..100]), (100, &bytes[100..])] {
            media.append(&viewer, &upload.id, start, None, pieces(piece)).await.expect("appended");
        }
        let parts = world.folder.path().join("media/.uploads").join(upload.id.as_str());
        let part = std::fs::read_dir(&parts).expect("parts").next().expect("one").expect("entry");
        std::fs::remove_file(part.path()).expect("lost");
        world.services.drain().await.expect("drain");
        let lost = media.upload(&viewer, &upload.id).await.expect("upload");
        assert_eq!(lost.state, UploadState::Failed);
        assert!(lost.error.as_deref().is_some_and(|error| error.contains("lost a part")), "{:?}", lost.error);
        assert!(world.services.jobs().failed(&viewer).await.expect("list").is_empty(), "nobody has to look after it");
    }
}

on_both! {
    /// One shop's photo whose original is lost, and another's behind it.
    async fn a_photo_that_gets_no_avif_holds_nobody_up(world: World) {
        let (viewer, other) = (world.shop("clay").await, world.shop("other").await);
        let bad = world.photo(&viewer, 1).await;
        let store = world.folder.path().join("media").join(viewer.shop.id.as_str());
        for folder in std::fs::read_dir(store).expect("store") {
            let original = folder.expect("entry").path().join("original.png");
            if original.exists() {
                std::fs::remove_file(original).expect("lost");
            }
        }
        let good = world.photo(&other, 2).await;
        world.services.drain().await.expect("drain");
        let has_avif = |media: &domain::media::Media| media.variants.iter().any(|made| made.mime == "image/avif");
        assert!(has_avif(&world.services.media().media(&other, &good.id).await.expect("photo")));
        assert!(!has_avif(&world.services.media().media(&viewer, &bad.id).await.expect("photo")));
        assert!(world.services.jobs().failed(&viewer).await.expect("list").is_empty());
    }
}

on_both! {
    async fn a_film_is_read_and_takes_a_poster(world: World) {
        let viewer = world.shop("clay").await;
        let media = world.services.media();
        let bytes = Film::default().bytes();
        let clip = media.add_file(&viewer, Kind::Clip, "Turning", bytes.clone().into()).await.expect("clip");
        assert_eq!((clip.width, clip.height, clip.duration_ms), (640, 360, 2500));
        assert_eq!(clip.variants.len(), 1);
        assert_eq!((clip.variants[0].mime.as_str(), clip.variants[0].bytes), ("video/mp4", bytes.len() as u64));
        let turned = Film { turned: true, ..Film::default() }.bytes();
        let upright = media.add_file(&viewer, Kind::Clip, "", turned.into()).await.expect("clip");
        assert_eq!((upright.width, upright.height), (360, 640));

        let still = world.photo(&viewer, 200).await;
        for _ in 0..2 {
            let clip = media.set_poster(&viewer, &clip.id, &still.id).await.expect("poster");
            let posters: Vec<&str> = clip.variants[1..].iter().map(|variant| variant.mime.as_str()).collect();
            assert_eq!(posters, ["image/webp", "image/jpeg"]);
            assert_eq!(clip.placeholder, still.placeholder);
        }
        assert!(matches!(media.set_poster(&viewer, &still.id, &clip.id).await, Err(Error::Invalid { .. })));
        let described = media.describe(&viewer, &clip.id, " A cup\n turning ").await.expect("described");
        assert_eq!(described.alt, "A cup turning");
        assert!(media.describe(&viewer, &clip.id, &"x".repeat(301)).await.is_err());
    }
}

on_both! {
    async fn processing_is_taken_up_by_another_process(world: World) {
        let viewer = world.shop("clay").await;
        let media = world.services.media();
        let bytes = png(120, 120, 77);
        let upload = media.create_upload(&viewer, new(Kind::Photo, bytes.len())).await.expect("create");
        // In pieces, so that they are put together, and then the process ends before it has made anything of them.
        for (start, piece) in [(0, &bytes[..100]), (100, &bytes[100..150]), (150, &bytes[150..])] {
            media.append(&viewer, &upload.id, start, None, pieces(piece)).await.expect("appended");
        }
        world.services.close().await;
        let again = world.again().await;
        again.drain().await.expect("drain");
        let ready = again.media().upload(&viewer, &upload.id).await.expect("upload");
        assert_eq!(ready.state, UploadState::Ready, "{:?}", ready.error);
        assert!(world.parts().is_empty());
        again.close().await;
    }
}

on_both! {
    async fn stale_uploads_are_thrown_away(world: World) {
        let viewer = world.shop("clay").await;
        let media = world.services.media();
        let upload = media.create_upload(&viewer, new(Kind::Photo, 5000)).await.expect("create");
        let dropped = media.create_upload(&viewer, new(Kind::Photo, 5000)).await.expect("create");
        media.terminate(&viewer, &dropped.id).await.expect("terminate");
        assert!(matches!(media.upload(&viewer, &dropped.id).await, Err(Error::NotFound(_))));
        world.clock.advance_ms(DAY_MS);
        assert!(matches!(media.upload(&viewer, &upload.id).await, Err(Error::Gone(_))));
        let late = media.append(&viewer, &upload.id, 0, None, pieces(&[0; 10])).await;
        assert!(matches!(late, Err(Error::Gone(_))));
        world.services.drain().await.expect("drain");
        assert!(matches!(media.upload(&viewer, &upload.id).await, Err(Error::NotFound(_))));
        world.services.drain().await.expect("drain");
        assert!(world.parts().is_empty());
        assert!(upload.expires_at > START);
    }
}

/// What [`a_full_disk_keeps_what_was_stored`] does in a process of its own, which may not write files larger than 2 MB.
async fn inside_a_full_disk(folder: String) {
    let services = Services::open(services::Config::new(folder, "http://localhost:3000"))
        .await
        .expect("open");
    let viewer = services
        .identity()
        .sign_in("clay", crate::world::PASSWORD, &crate::world::browser())
        .await
        .expect("sign in")
        .viewer;
    let bytes = vec![7; 3 * 1024 * 1024];
    let upload = services
        .media()
        .create_upload(&viewer, new(Kind::Clip, bytes.len()))
        .await
        .expect("create");
    let full = services
        .media()
        .append(&viewer, &upload.id, 0, None, pieces(&bytes))
        .await;
    let Err(Error::Full(message)) = full else {
        panic!("{full:?}")
    };
    assert!(message.contains("full"), "{message}");
    let kept = services
        .media()
        .upload(&viewer, &upload.id)
        .await
        .expect("upload");
    assert_eq!(kept.state, UploadState::Receiving);
    assert!(
        kept.received > 2_000_000 && kept.received <= 2 * 1024 * 1024,
        "{}",
        kept.received
    );
    services.close().await;
    println!("kept {} {}", upload.id, kept.received);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_full_disk_keeps_what_was_stored() {
    if let Ok(folder) = std::env::var("VITRINE_TEST_FULL_DISK") {
        return inside_a_full_disk(folder).await;
    }
    let world = World::new(Engine::Sqlite).await.expect("world");
    let viewer = world.shop("clay").await;
    // `trap` because the signal of the limit would kill; what is wanted is the error that a full disk gives too.
    let output = tokio::process::Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 4096; exec \"$0\" --exact --nocapture media::a_full_disk_keeps_what_was_stored"])
        .arg(std::env::current_exe().expect("this test"))
        .env("VITRINE_TEST_FULL_DISK", world.folder.path())
        .output()
        .await
        .expect("sh runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{said}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let line = said
        .lines()
        .find_map(|line| line.split_once("kept "))
        .expect("the result")
        .1;
    let (id, received) = line.split_once(' ').expect("two words");
    let (id, received): (UploadId, u64) =
        (id.parse().expect("id"), received.parse().expect("number"));

    // Once there is room it goes on from there. The system's clock of that process is beyond this world's: use it here too.
    let services = Services::open(world.config.clone()).await.expect("open");
    let rest = vec![7; 3 * 1024 * 1024 - usize::try_from(received).expect("fits")];
    let upload = services
        .media()
        .append(&viewer, &id, received, None, pieces(&rest))
        .await
        .expect("appended");
    assert_eq!(upload.received, 3 * 1024 * 1024);
    services.drain().await.expect("drain");
    let upload = services.media().upload(&viewer, &id).await.expect("upload");
    assert!(
        upload
            .error
            .expect("sevens are no film")
            .contains("not known")
    );
    services.close().await;
}
