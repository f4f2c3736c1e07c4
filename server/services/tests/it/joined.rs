//! Partial uploads that become one, and uploads that end by a request: in a folder, and in a store of objects.

use domain::{
    id::UploadId,
    identity::Viewer,
    media::{Kind, UploadState},
};
use futures::stream;
use services::{
    Error, Services,
    media::{Form, NewUpload},
};

use crate::world::{Engine, World, on_both, png};

fn new(length: usize, form: Form) -> NewUpload {
    NewUpload {
        kind: Kind::Photo,
        length: length as u64,
        alt: String::new(),
        session: None,
        span: None,
        metadata: String::new(),
        claim: None,
        form,
    }
}

fn partial() -> Form {
    Form {
        is_partial: true,
        concat: "partial".to_owned(),
        ..Form::default()
    }
}

/// The world's services, and others of the same shop whose store has no folder.
async fn stores(world: &World) -> [Services; 2] {
    let mut config = world.config.clone();
    config.media_url = Some("memory:///uploads".to_owned());
    let objects = Services::open_with(config, world.clock.clone(), services::Random::System);
    [
        world.services.clone(),
        objects.await.expect("opens on objects"),
    ]
}

async fn send(services: &Services, viewer: &Viewer, id: &UploadId, offset: usize, bytes: &[u8]) {
    let body = stream::iter([Ok::<_, std::io::Error>(bytes::Bytes::copy_from_slice(
        bytes,
    ))]);
    let media = services.media();
    let sent = media.append(viewer, id, offset as u64, None, body);
    assert_eq!(
        sent.await.expect("appended").received,
        (offset + bytes.len()) as u64
    );
}

on_both! {
    async fn parts_in_any_order_become_the_file(world: World) {
        let viewer = world.shop("clay").await;
        for services in stores(&world).await {
            let media = services.media();
            let bytes = png(300, 200, 5);
            let (first, second) = bytes.split_at(bytes.len() / 3);
            let mut ids = Vec::new();
            for half in [second, first] {
                let upload = media.create_upload(&viewer, new(half.len(), partial())).await.expect("create");
                send(&services, &viewer, &upload.id, 0, &half[..10]).await;
                send(&services, &viewer, &upload.id, 10, &half[10..]).await;
                ids.insert(0, upload.id);
            }
            let used = media.usage(&viewer).await.expect("usage").used_bytes;
            let concat = format!("final;{} {}", ids[0], ids[1]);
            let form = Form { concat, ..Form::default() };
            let joined = media.join(&viewer, new(0, form.clone()), &ids).await.expect("joined");
            assert_eq!((joined.state, joined.received), (UploadState::Processing, bytes.len() as u64));
            assert_eq!(media.usage(&viewer).await.expect("usage").used_bytes, used, "every byte counts once");
            let again = media.join(&viewer, new(0, form), &ids).await.expect("the same");
            assert_eq!(again.id, joined.id);
            services.drain().await.expect("drain");
            let ready = media.upload(&viewer, &joined.id).await.expect("upload");
            let made = ready.media.unwrap_or_else(|| panic!("{:?}", ready.error));
            assert_eq!((made.width, made.height), (300, 200));
            for id in &ids {
                assert!(matches!(media.upload(&viewer, id).await, Err(Error::NotFound(_))));
            }
        }
        assert!(world.parts().is_empty());
    }
}

on_both! {
    async fn an_upload_ends_when_it_is_said(world: World) {
        let viewer = world.shop("clay").await;
        for services in stores(&world).await {
            let media = services.media();
            let bytes = png(200, 100, 6);
            let form = Form { is_deferred: true, is_explicit: true, ..Form::default() };
            let upload = media.create_upload(&viewer, new(0, form)).await.expect("create");
            assert!(!upload.is_length_known && upload.is_open);
            send(&services, &viewer, &upload.id, 0, &bytes).await;
            media.announce_length(&viewer, &upload.id, bytes.len() as u64, bytes.len() as u64).await.expect("told");
            let stands = media.upload(&viewer, &upload.id).await.expect("upload");
            assert_eq!((stands.state, stands.is_length_known), (UploadState::Receiving, true));
            let early = media.complete(&viewer, &upload.id, 5).await;
            assert!(matches!(early, Err(Error::Conflict(_))), "{early:?}");
            let done = media.complete(&viewer, &upload.id, bytes.len() as u64).await.expect("complete");
            assert_eq!((done.state, done.is_open), (UploadState::Processing, false));
            // Said again, it is the same.
            media.complete(&viewer, &upload.id, bytes.len() as u64).await.expect("complete");
            services.drain().await.expect("drain");
            assert_eq!(media.upload(&viewer, &upload.id).await.expect("upload").state, UploadState::Ready);
        }
    }
}

on_both! {
    /// The room that an upload without a length might need is kept for it, and given back once it is told.
    async fn room_is_kept_for_what_may_come(world: World) {
        let viewer = world.shop("clay").await;
        let mut config = world.config.clone();
        config.shop_quota_bytes = 50 * 1024 * 1024;
        let services = Services::open_with(config, world.clock.clone(), services::Random::System).await.expect("open");
        let media = services.media();
        let deferred = || new(0, Form { is_deferred: true, ..Form::default() });
        let first = media.create_upload(&viewer, deferred()).await.expect("room for 40 MB");
        let second = media.create_upload(&viewer, deferred()).await;
        assert!(matches!(second, Err(Error::Full(_))), "{second:?}");
        media.announce_length(&viewer, &first.id, 0, 1000).await.expect("told");
        media.create_upload(&viewer, deferred()).await.expect("room again");
    }
}
