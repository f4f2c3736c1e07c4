//! Jobs: tried again, left for a person, taken over, fair.

use bytes::Bytes;
use domain::{
    event::Event,
    identity::Viewer,
    media::{Kind, UploadState},
};
use futures::stream;
use services::{
    Error,
    media::{Form, NewUpload},
};
use sqlx::Row;

use crate::{
    feed::Following,
    world::{Engine, World, on_both, png},
};

const HOUR_MS: i64 = 60 * 60 * 1000;

/// A photo whose bytes are there and whose processing waits.
async fn uploaded(world: &World, viewer: &Viewer) -> domain::id::UploadId {
    let bytes = png(40, 30, 9);
    let new = NewUpload {
        kind: Kind::Photo,
        length: bytes.len() as u64,
        alt: String::new(),
        session: None,
        span: None,
        metadata: String::new(),
        claim: None,
        form: Form::default(),
    };
    let media = world.services.media();
    let upload = media.create_upload(viewer, new).await.expect("create");
    let body = stream::iter([Ok::<_, std::io::Error>(Bytes::from(bytes))]);
    media
        .append(viewer, &upload.id, 0, None, body)
        .await
        .expect("append");
    upload.id
}

async fn jobs(world: &World, kind: &str) -> Vec<(String, i64, i64)> {
    let rows =
        sqlx::query("SELECT state, attempts, due_at FROM job WHERE kind = $1 ORDER BY turn, key")
            .bind(kind)
            .fetch_all(&mut world.connection().await)
            .await
            .expect("rows");
    rows.iter()
        .map(|row| (row.get("state"), row.get("attempts"), row.get("due_at")))
        .collect()
}

async fn execute(world: &World, statement: &'static str) {
    sqlx::query(statement)
        .execute(&mut world.connection().await)
        .await
        .expect(statement);
}

on_both! {
    async fn what_fails_waits_longer_each_time_and_is_left_for_a_person(world: World) {
        let (viewer, stranger) = (world.shop("clay").await, world.shop("other").await);
        let upload = uploaded(&world, &viewer).await;
        let store = world.folder.path().join("media");
        let parts = store.join(".uploads").join(upload.as_str());
        let away = world.folder.path().join("away");
        std::fs::rename(&parts, &away).expect("the parts are away");
        let mut waits = Vec::new();
        for attempt in 1..5 {
            world.services.drain().await.expect("drain");
            let rows = jobs(&world, "process_upload").await;
            let [(state, attempts, due)] = rows.as_slice() else { panic!("{rows:?}") };
            assert_eq!((state.as_str(), *attempts), ("ready", attempt));
            waits.push(due - world.clock.now().0);
            world.clock.advance_ms(HOUR_MS);
        }
        assert!(waits[0] >= 7_500 && waits[3] > 2 * waits[0] && waits[3] <= HOUR_MS, "{waits:?}");
        let waiting = world.services.media().upload(&viewer, &upload).await.expect("upload");
        assert_eq!(waiting.state, UploadState::Processing);
        world.services.drain().await.expect("drain");
        assert_eq!(jobs(&world, "process_upload").await[0].0, "dead");
        let ended = world.services.media().upload(&viewer, &upload).await.expect("upload");
        assert_eq!(ended.state, UploadState::Failed, "whoever waits learns so");

        let failed = world.services.jobs().failed(&viewer).await.expect("list");
        assert_eq!(failed.len(), 1);
        assert_eq!((failed[0].kind.as_str(), failed[0].attempts), ("process_upload", 5));
        assert!(!failed[0].error.is_empty() && !failed[0].error.contains("internal"), "{}", failed[0].error);
        assert!(world.services.jobs().failed(&stranger).await.expect("list").is_empty());
        let all = world.services.jobs().all_failed().await.expect("list");
        assert!(all[0].error.contains("No such file"), "the operator sees why: {}", all[0].error);
        let other = world.services.jobs().retry(&stranger, &failed[0].id).await;
        assert!(matches!(other, Err(Error::NotFound(_))));

        std::fs::rename(&away, &parts).expect("the parts are back");
        world.services.jobs().retry(&viewer, &failed[0].id).await.expect("retry");
        let again = world.services.jobs().retry(&viewer, &failed[0].id).await;
        assert!(matches!(again, Err(Error::NotFound(_))), "it does not wait for a person any more");
        world.services.drain().await.expect("drain");
        let ready = world.services.media().upload(&viewer, &upload).await.expect("upload");
        assert_eq!(ready.state, UploadState::Ready);
        assert!(jobs(&world, "process_upload").await.is_empty());
    }
}

on_both! {
    async fn a_job_whose_process_died_is_taken_over(world: World) {
        let viewer = world.shop("clay").await;
        let upload = uploaded(&world, &viewer).await;
        // As a process leaves it that dies at work, twice: claimed, its lease running.
        execute(&world, "UPDATE job SET state = 'running', attempts = 2, claim = 7, lease_until = 9000000000000000 WHERE kind = 'process_upload'").await;
        world.services.drain().await.expect("drain");
        let stands = world.services.media().upload(&viewer, &upload).await.expect("upload");
        assert_eq!(stands.state, UploadState::Processing, "left to whoever has the lease");
        execute(&world, "UPDATE job SET lease_until = 0").await;
        world.services.drain().await.expect("drain");
        let ready = world.services.media().upload(&viewer, &upload).await.expect("upload");
        assert_eq!(ready.state, UploadState::Ready);
    }
}

on_both! {
    async fn a_shop_with_much_work_does_not_hold_up_another(world: World) {
        let (busy, small) = (world.shop("busy").await, world.shop("small").await);
        for _ in 0..5 {
            uploaded(&world, &busy).await;
        }
        let one = uploaded(&world, &small).await;
        let rows = sqlx::query("SELECT shop_id, key FROM job WHERE kind = 'process_upload' ORDER BY turn, due_at, id")
            .fetch_all(&mut world.connection().await)
            .await
            .expect("rows");
        let order: Vec<String> = rows.iter().map(|row| row.get("key")).collect();
        let place = order.iter().position(|key| key == one.as_str()).expect("it waits");
        assert!(place <= 1, "after at most one of the other shop's six: {place}");
        world.services.drain().await.expect("drain");
        assert!(jobs(&world, "process_upload").await.is_empty());
    }
}

on_both! {
    /// Many jobs that end close together, beside everything else that writes.
    async fn a_worker_runs_many_jobs_while_others_write(world: World) {
        let viewer = world.shop("clay").await;
        let mut following = Following::begin(&world.services).await;
        for _ in 0..20 {
            uploaded(&world, &viewer).await;
        }
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let worker = {
            let services = world.services.clone();
            tokio::spawn(async move { services.run_jobs(async { drop(stopped.await) }).await })
        };
        let mut ready = 0;
        while ready < 20 {
            let events = following.events().await;
            ready += events.iter().filter(|recorded| matches!(recorded.event, Some(Event::MediaReady { .. }))).count();
            world.services.identity().create_owner_link(None).await.expect("others write");
        }
        drop(stop);
        worker.await.expect("it ends in order");
        assert!(world.services.loops().iter().all(|one| one.alive && one.restarts == 0));
    }
}

on_both! {
    /// A decoder that takes its process along is not tried for ever.
    async fn work_that_ends_its_process_each_time_is_given_up(world: World) {
        let viewer = world.shop("clay").await;
        let upload = uploaded(&world, &viewer).await;
        execute(&world, "UPDATE job SET state = 'running', attempts = 5, claim = 5, lease_until = 0 WHERE kind = 'process_upload'").await;
        world.services.drain().await.expect("drain");
        let ended = world.services.media().upload(&viewer, &upload).await.expect("upload");
        assert_eq!(ended.state, UploadState::Failed);
        let failed = world.services.jobs().failed(&viewer).await.expect("list");
        assert!(failed[0].error.contains("program ended"), "{}", failed[0].error);
    }
}

on_both! {
    async fn one_bad_row_stops_no_other(world: World) {
        let viewer = world.shop("clay").await;
        world.product(&viewer, "Cup", 5).await;
        let checkout = world.services.checkout();
        let mut orders = Vec::new();
        for _ in 0..3 {
            let services::checkout::Bought::Held(token) = checkout.buy("cup", 1, None, None, None).await.expect("buy") else {
                panic!("sold out");
            };
            orders.push(world.order(&token).await);
        }
        let mut connection = world.connection().await;
        sqlx::query("UPDATE orders SET buyer = 'not json' WHERE id = $1")
            .bind(orders[0].id.as_str())
            .execute(&mut connection)
            .await
            .expect("damage");
        sqlx::query("INSERT INTO job (id, kind, key, payload, state, due_at, turn, created_at, changed_at) \
                     VALUES ('odd', 'encode_avif', 'odd', 'not json', 'ready', 0, 0, 0, 0)")
            .execute(&mut connection)
            .await
            .expect("an odd job");
        world.clock.advance_ms(domain::checkout::HOLD_MS);
        world.services.drain().await.expect("drain");
        for order in &orders[1..] {
            let state = checkout.order(&order.token).await.expect("order").1.state;
            assert_eq!(state, domain::checkout::State::Expired);
        }
        assert!(jobs(&world, "encode_avif").await.iter().any(|(state, ..)| state == "dead"));
        let (state, attempts, due) = jobs(&world, "expire_holds").await.remove(0);
        assert_eq!((state.as_str(), attempts), ("ready", 0), "looked at again as soon as ever");
        assert!(due > world.clock.now().0);
    }
}
