//! Leave to upload: tokens of some minutes, proofs that count once, and what ends either.

use bytes::Bytes;
use domain::{
    identity::{Viewer, proof::Refusal},
    media::{Kind, UploadState},
};
use services::{
    Error,
    identity::{
        SignedIn,
        access::{Failure, Right, Signed},
    },
    media::{Form, NewUpload},
};
use tokio::sync::mpsc;

use crate::{
    signer::Signer,
    world::{Engine, PASSWORD, World, browser, on_both, png},
};

const HOME: &str = "http://localhost:3000";
const GRANT: &str = "/api/access-token";
const PATH: &str = "/api/uploads/u1";

/// Somebody who has just signed in, and the key of their browser.
struct Phone {
    key: Signer,
    cookie: String,
    viewer: Viewer,
}

async fn sign_in(world: &World, seed: u8) -> Phone {
    let identity = world.services.identity();
    let signed_in = identity.sign_in("clay", PASSWORD, &browser()).await;
    let SignedIn {
        session, viewer, ..
    } = signed_in.expect("signed in");
    Phone {
        key: Signer::new(seed),
        cookie: session.value,
        viewer,
    }
}

fn signed<'a>(proof: &'a str, method: &'a str, path: &'a str) -> Signed<'a> {
    Signed {
        proof,
        method,
        path,
    }
}

impl Phone {
    /// Asks for a token by a clock that is `ahead_ms` of the server's.
    async fn ask(&self, world: &World, ahead_ms: i64) -> Result<String, Failure> {
        let url = format!("{HOME}{GRANT}");
        let now = world.clock.now().0 + ahead_ms;
        let proof = self.key.proof("POST", &url, now, None);
        let identity = world.services.identity();
        let request = signed(&proof, "POST", GRANT);
        let granted = identity.grant_access(&self.cookie, &request).await;
        granted.map(|token| token.value)
    }

    async fn token(&self, world: &World) -> String {
        self.ask(world, 0).await.expect("granted")
    }

    /// A proof of a PATCH to [`PATH`].
    fn proof(&self, world: &World, token: &str) -> String {
        let url = format!("{HOME}{PATH}");
        let now = world.clock.now().0;
        self.key.proof("PATCH", &url, now, Some(token))
    }
}

async fn enter(world: &World, token: &str, proof: &str) -> Result<(Viewer, Right), Failure> {
    let request = signed(proof, "PATCH", PATH);
    let identity = world.services.identity();
    identity.uploader_by_proof(token, &request).await
}

fn refusal<T>(failure: Result<T, Failure>) -> Refusal {
    match failure {
        Err(Failure::Proof(refusal)) => refusal,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it was let in"),
    }
}

on_both! {
    async fn a_token_and_a_proof_let_in_once(world: World) {
        world.shop("clay").await;
        let phone = sign_in(&world, 1).await;
        let token = phone.token(&world).await;
        assert!(token.starts_with("vitrine_access_"));
        let proof = phone.proof(&world, &token);
        let (viewer, _) = enter(&world, &token, &proof).await.expect("let in");
        assert_eq!(viewer, phone.viewer);
        assert_eq!(refusal(enter(&world, &token, &proof).await), Refusal::Replayed);
        // The rows are there for every process.
        let again = world.again().await;
        let request = signed(&proof, "PATCH", PATH);
        let elsewhere = again.identity().uploader_by_proof(&token, &request).await;
        assert_eq!(refusal(elsewhere), Refusal::Replayed);
        enter(&world, &token, &phone.proof(&world, &token)).await.expect("the next one is let in");
    }
}

on_both! {
    async fn one_proof_at_many_places_lets_in_once(world: World) {
        world.shop("clay").await;
        let phone = sign_in(&world, 1).await;
        let token = phone.token(&world).await;
        let proof = phone.proof(&world, &token);
        let tries = (0..12).map(|_| {
            let (services, token, proof) = (world.services.clone(), token.clone(), proof.clone());
            tokio::spawn(async move {
                let request = signed(&proof, "PATCH", PATH);
                services.identity().uploader_by_proof(&token, &request).await
            })
        });
        let mut let_in = 0;
        for tried in tries.collect::<Vec<_>>() {
            match tried.await.expect("ended") {
                Ok(_) => let_in += 1,
                Err(Failure::Proof(Refusal::Replayed)) => {}
                Err(other) => panic!("{other}"),
            }
        }
        assert_eq!(let_in, 1);
    }
}

on_both! {
    async fn a_stolen_token_or_cookie_is_useless(world: World) {
        world.shop("clay").await;
        let phone = sign_in(&world, 1).await;
        let token = phone.token(&world).await;
        let thief = Phone { key: Signer::new(2), cookie: phone.cookie.clone(), viewer: phone.viewer.clone() };
        assert!(matches!(enter(&world, &token, &thief.proof(&world, &token)).await, Err(Failure::Key)));
        assert!(matches!(thief.ask(&world, 0).await, Err(Failure::Key)), "the session has a key");
        let url = format!("{HOME}{PATH}");
        let now = world.clock.now().0;
        let cases = [
            (phone.key.proof("POST", &url, now, Some(&token)), Refusal::Method),
            (phone.key.proof("PATCH", "http://localhost:3000/api/uploads/u2", now, Some(&token)), Refusal::Target),
            (phone.key.proof("PATCH", "http://localhost:3001/api/uploads/u1", now, Some(&token)), Refusal::Target),
            (phone.key.proof("PATCH", &url, now, None), Refusal::Token),
            (phone.key.proof("PATCH", &url, now, Some("another")), Refusal::Token),
            ("a.b.c".to_owned(), Refusal::Malformed),
            (String::new(), Refusal::Malformed),
        ];
        for (proof, expected) in cases {
            assert_eq!(refusal(enter(&world, &token, &proof).await), expected);
        }
        // A recorded request for a token is good once, and its proof is good for nothing else.
        let granted = phone.key.proof("POST", &format!("{HOME}{GRANT}"), now, None);
        let identity = world.services.identity();
        let request = signed(&granted, "POST", GRANT);
        identity.grant_access(&phone.cookie, &request).await.expect("granted");
        assert_eq!(refusal(identity.grant_access(&phone.cookie, &request).await), Refusal::Replayed);
        assert!(matches!(identity.grant_access("nobody", &request).await, Err(Failure::SignedOut)));
        // Nor is a program's token one of a device, or the other way round.
        let program = identity.create_upload_token("clay", "Script", 1).await.expect("made");
        assert!(matches!(enter(&world, &program.value, &phone.proof(&world, &program.value)).await, Err(Failure::Token)));
        assert!(identity.uploader(&token).await.expect("asked").is_none());
    }
}

on_both! {
    async fn a_minute_of_difference_is_borne(world: World) {
        world.shop("clay").await;
        let phone = sign_in(&world, 1).await;
        for ahead in [-60_000, -59_000, 0, 59_000, 60_000] {
            phone.ask(&world, ahead).await.unwrap_or_else(|error| panic!("{ahead} ms: {error}"));
        }
        for ahead in [-62_000, 61_000, -3_600_000, 86_400_000] {
            assert_eq!(refusal(phone.ask(&world, ahead).await), Refusal::Time, "{ahead} ms");
        }
        // A proof that was made ahead of time is remembered until its time is over.
        let token = phone.token(&world).await;
        let early = phone.key.proof("PATCH", &format!("{HOME}{PATH}"), world.clock.now().0 + 60_000, Some(&token));
        enter(&world, &token, &early).await.expect("let in");
        for _ in 0..4 {
            world.clock.advance_ms(30_000);
            world.services.drain().await.expect("swept");
            let again = enter(&world, &token, &early).await;
            assert!(matches!(refusal(again), Refusal::Replayed | Refusal::Time));
        }
        let now = world.clock.now().0;
        let mut connection = world.connection().await;
        world.clock.advance_ms(3_600_000);
        world.services.drain().await.expect("swept");
        let left = sqlx::query("SELECT jti FROM proof WHERE expires_at <= $1").bind(now).fetch_all(&mut connection).await;
        assert!(left.expect("asked").is_empty(), "names that nobody can use again are forgotten");
    }
}

on_both! {
    async fn five_minutes_another_address_and_signing_out_end_a_token(world: World) {
        world.shop("clay").await;
        let phone = sign_in(&world, 1).await;
        let token = phone.token(&world).await;
        world.clock.advance_ms(5 * 60_000 - 1);
        enter(&world, &token, &phone.proof(&world, &token)).await.expect("still good");
        world.clock.advance_ms(1);
        assert!(matches!(enter(&world, &token, &phone.proof(&world, &token)).await, Err(Failure::Token)));

        // The shop has moved: what was granted at its old address is over.
        let token = phone.token(&world).await;
        let mut moved = world.config.clone();
        moved.public_url = "https://clay.shop".to_owned();
        let elsewhere = services::Services::open_with(moved, world.clock.clone(), services::Random::System).await.expect("opens");
        let proof = phone.key.proof("PATCH", "https://clay.shop/api/uploads/u1", world.clock.now().0, Some(&token));
        let request = signed(&proof, "PATCH", PATH);
        assert!(matches!(elsewhere.identity().uploader_by_proof(&token, &request).await, Err(Failure::Token)));

        world.services.identity().sign_out(&phone.cookie).await.expect("signed out");
        assert!(matches!(enter(&world, &token, &phone.proof(&world, &token)).await, Err(Failure::Token)));
        assert!(matches!(phone.ask(&world, 0).await, Err(Failure::SignedOut)));
    }
}

on_both! {
    async fn a_revoked_device_is_refused_at_once(world: World) {
        world.shop("clay").await;
        let (phone, laptop) = (sign_in(&world, 1).await, sign_in(&world, 2).await);
        let identity = world.services.identity();
        let (first, second) = (phone.token(&world).await, laptop.token(&world).await);
        let session = identity.session(&phone.cookie).await.expect("asked").expect("signed in");
        let listed = identity.devices(&phone.viewer).await.expect("list");
        let own = listed.iter().find(|device| device.id == session.device).expect("listed");
        let uploads = own.uploads.as_ref().expect("it has a key");
        assert_eq!(uploads.granted_at, world.clock.now());
        assert_eq!(uploads.key.len(), 43);
        assert_eq!(uploads.short_key().len(), 8);
        assert_eq!(listed.iter().filter(|device| device.uploads.is_some()).count(), 2);

        identity.end_device(&phone.viewer, session.device.as_str()).await.expect("revoked");
        assert!(matches!(enter(&world, &first, &phone.proof(&world, &first)).await, Err(Failure::Token)));
        enter(&world, &second, &laptop.proof(&world, &second)).await.expect("the other one goes on");
    }
}

fn new_photo(length: u64) -> NewUpload {
    NewUpload {
        kind: Kind::Photo,
        length,
        alt: String::new(),
        session: None,
        span: None,
        metadata: String::new(),
        claim: None,
        form: Form::default(),
    }
}

/// What ends the right of somebody who is in the middle of an append.
async fn is_stopped_by(world: &World, viewer: &Viewer, right: &Right, end: impl AsyncFnOnce()) {
    let bytes = png(64, 64, 7);
    let media = world.services.media().by(right);
    let upload = media
        .create_upload(viewer, new_photo(bytes.len() as u64))
        .await
        .expect("made");
    let (half, rest) = (bytes.len() / 2, bytes.clone());
    let first: Result<Bytes, String> = Ok(Bytes::copy_from_slice(&rest[..half]));
    let stream = futures::stream::iter([first]);
    let kept = media
        .append(viewer, &upload.id, 0, None, stream)
        .await
        .expect("kept");
    assert_eq!(kept.received, half as u64);
    // The last bytes are on their way when the right ends.
    let (send, mut receive) = mpsc::channel::<Result<Bytes, String>>(1);
    let stream = Box::pin(futures::stream::poll_fn(move |context| {
        receive.poll_recv(context)
    }));
    let (services, right_then, viewer_then, id) = (
        world.services.clone(),
        right.clone(),
        viewer.clone(),
        upload.id.clone(),
    );
    let last = tokio::spawn(async move {
        let media = services.media().by(&right_then);
        media
            .append(&viewer_then, &id, half as u64, None, stream)
            .await
    });
    send.send(Ok(Bytes::copy_from_slice(&rest[half..])))
        .await
        .expect("taken");
    end().await;
    drop(send);
    let refused = last.await.expect("ended");
    assert!(matches!(refused, Err(Error::Revoked(_))), "{refused:?}");
    let stands = world
        .services
        .media()
        .upload(viewer, &upload.id)
        .await
        .expect("asked");
    assert_eq!(
        (stands.state, stands.received),
        (UploadState::Receiving, half as u64),
        "what was acknowledged stays"
    );
    assert!(matches!(
        media.create_upload(viewer, new_photo(9)).await,
        Err(Error::Revoked(_))
    ));
    assert!(matches!(
        media.terminate(viewer, &upload.id).await,
        Err(Error::Revoked(_))
    ));
    // Somebody who may goes on where it stands.
    let remaining: Result<Bytes, String> = Ok(Bytes::copy_from_slice(&rest[half..]));
    let whole = world
        .services
        .media()
        .append(
            viewer,
            &upload.id,
            half as u64,
            None,
            futures::stream::iter([remaining]),
        )
        .await;
    assert_eq!(whole.expect("kept").received, bytes.len() as u64);
    assert_eq!(
        world.processed(viewer, &upload.id).await.state,
        UploadState::Ready
    );
}

on_both! {
    async fn rights_are_looked_at_again_when_bytes_are_acknowledged(world: World) {
        world.shop("clay").await;
        let identity = world.services.identity();
        let phone = sign_in(&world, 1).await;
        let token = phone.token(&world).await;
        let (viewer, right) = enter(&world, &token, &phone.proof(&world, &token)).await.expect("let in");
        is_stopped_by(&world, &viewer, &right, async || {
            identity.sign_out(&phone.cookie).await.expect("signed out");
        }).await;
        let made = identity.create_upload_token("clay", "Script", 1).await.expect("made");
        let (viewer, right) = identity.uploader(&made.value).await.expect("asked").expect("works");
        is_stopped_by(&world, &viewer, &right, async || {
            identity.revoke_upload_token(&made.token.id).await.expect("revoked");
        }).await;
    }
}

on_both! {
    async fn a_proof_stands_in_the_transaction_that_moves_the_offset(world: World) {
        world.shop("clay").await;
        let phone = sign_in(&world, 1).await;
        let token = phone.token(&world).await;
        let proof = phone.proof(&world, &token);
        let (viewer, right) = enter(&world, &token, &proof).await.expect("let in");
        // The database lost what it had not made durable.
        let mut connection = world.connection().await;
        sqlx::query("DELETE FROM proof").execute(&mut connection).await.expect("lost");
        let media = world.services.media().by(&right);
        let upload = media.create_upload(&viewer, new_photo(9)).await.expect("made");
        sqlx::query("DELETE FROM proof").execute(&mut connection).await.expect("lost");
        let piece: Result<Bytes, String> = Ok(Bytes::from_static(b"123"));
        media.append(&viewer, &upload.id, 0, None, futures::stream::iter([piece])).await.expect("kept");
        assert_eq!(refusal(enter(&world, &token, &proof).await), Refusal::Replayed);
    }
}

on_both! {
    async fn tokens_of_programs_are_the_shop_s_own(world: World) {
        let clay = world.owner("clay").await;
        let glas = world.owner("glas").await;
        let identity = world.services.identity();
        let made = identity.create_upload_token_of(&clay, "Camera", 30).await.expect("made");
        let listed = identity.upload_tokens_of(&clay.viewer).await.expect("list");
        assert_eq!(listed, std::slice::from_ref(&made.token));
        assert!(identity.upload_tokens_of(&glas.viewer).await.expect("list").is_empty());
        let foreign = identity.revoke_upload_token_of(&glas.viewer, &made.token.id).await;
        assert!(matches!(foreign, Err(Error::NotFound(_))));
        assert!(identity.uploader(&made.value).await.expect("asked").is_some());
        identity.revoke_upload_token_of(&clay.viewer, &made.token.id).await.expect("revoked");
        assert!(identity.uploader(&made.value).await.expect("asked").is_none());
        world.clock.advance_ms(16 * 60_000);
        let late = identity.create_upload_token_of(&clay, "Camera", 30).await;
        assert!(matches!(late, Err(Error::Denied(_))), "a sign-in that is not recent makes none");
    }
}
