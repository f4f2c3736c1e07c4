//! Sessions: a new one, one kept on the device, and what a person decided about it.

use domain::id::SessionId;
use leptos::{prelude::*, task::spawn_local};
use protocol::Request;

use super::{
    Studio,
    device_store::ReviewRow,
    stage::{Progress, Stage},
};
use crate::{
    browser::{
        photo,
        session_lock::{self, SessionLock},
        storage,
    },
    review::decision::Decisions,
    upload::item::Owner,
};

/// Where the name of a person's next session is kept, so that photos taken before a reload stay with it, and with them.
fn next_key(owner: &Owner) -> String {
    format!("vitrine.next.{}.{}", owner.person, owner.shop)
}

fn generate() -> SessionId {
    let at = js_sys::Date::now() as u64;
    let chance = (js_sys::Math::random() * f64::from(u32::MAX)) as u32;
    format!("s{at}-{chance:08x}")
        .parse()
        .expect("digits and a hyphen are an identifier")
}

/// The session that would be recorded next.
pub(super) fn next(owner: &Owner) -> SessionId {
    let key = next_key(owner);
    storage::read(&key).unwrap_or_else(|| {
        let session = generate();
        storage::write(&key, &session);
        session
    })
}

impl Studio {
    /// Claims the next session for this tab. Two tabs may have the same one in mind: whoever comes second gets a new one,
    /// and nothing when the first still has it.
    pub(super) async fn claim_session(self) -> Option<(SessionId, SessionLock)> {
        let wanted = self.session.get_untracked();
        let lock = session_lock::acquire(wanted.as_str()).await;
        // The name is no longer the next one where another tab has used it since this one read it.
        let owner = self.uploads.owner();
        let key = next_key(&owner);
        let used = storage::works() && storage::read::<SessionId>(&key).as_ref() != Some(&wanted);
        if lock.is_some() && !used {
            return lock.map(|lock| (wanted, lock));
        }
        if lock.is_none() {
            storage::remove(&key);
        }
        let new = next(&owner);
        self.session.set(new.clone());
        self.read_photos();
        lock?;
        session_lock::acquire(new.as_str())
            .await
            .map(|lock| (new, lock))
    }

    /// Forgets what the screen showed of the session before.
    pub(super) fn begin_session(self, session: &SessionId) {
        storage::remove(&next_key(&self.uploads.owner()));
        self.session.set(session.clone());
        self.progress.set(Progress::default());
        self.choice.set(Default::default());
        self.recording.set(None);
        self.notes.set(Vec::new());
        self.signals.set(Vec::new());
        self.review.set(Decisions::default());
        self.selected.set(None);
        self.playhead.set(None);
        self.files.clear();
        self.title.set(String::new());
        self.current.set(None);
        self.capture.marks.set(Vec::new());
        self.capture.devices.set(self.device_names());
        let (session, owner) = (session.clone(), self.uploads.owner());
        let capture = self.capture.row();
        spawn_local(async move { self.store.claim(&session, owner, capture).await });
        // A request: a browser that says no may clear the film when the disk is full, and no sooner.
        self.store.persist();
    }

    /// Opens a session kept earlier.
    pub(crate) fn open_session(self, session: SessionId) {
        self.message.set(None);
        self.devices.close_all();
        spawn_local(async move {
            let Some(lock) = session_lock::acquire(session.as_str()).await else {
                self.show_error("This session is open in another tab. Go on there, or close that tab and open it here.");
                return;
            };
            self.session_lock.set_value(Some(lock));
            self.begin_session(&session);
            self.open_capture(session.clone());
            self.read_photos();
            self.stage.set(Stage::Opening);
            self.send(&Request::Open { session }, Vec::new());
        });
    }

    /// Deletes a kept session with its photos and decisions.
    pub(crate) fn delete_session(self, session: SessionId) {
        spawn_local(async move {
            let Some(_lock) = session_lock::acquire(session.as_str()).await else {
                self.show_error(
                    "This session is open in another tab. Close that tab, then delete it.",
                );
                return;
            };
            photo::delete(session.as_str()).await;
            self.store.forget(&session).await;
            self.send(&Request::Delete { session }, Vec::new());
        });
    }

    /// Reviews photos alone, without a film.
    pub(crate) fn review_photos(self) {
        self.devices.close_all();
        self.begin_session(&self.session.get_untracked());
        self.open_review();
    }

    pub(super) fn open_review(self) {
        spawn_local(async move {
            let session = self.session.get_untracked();
            let photos = photo::list(session.as_str()).await;
            let choice = self.choice.get_untracked();
            let saved = self.store.review(&session).await;
            if let Some(saved) = &saved {
                self.title.set(saved.title.clone());
            }
            let review = saved
                .and_then(|saved| Decisions::resume(saved.decisions, &choice, &photos))
                .unwrap_or_else(|| Decisions::new(&choice, &photos));
            self.selected.set(review.clips.first().map(|clip| clip.id));
            self.photos.set(photos);
            self.review.set(review);
            self.stage.set(Stage::Review);
        });
    }

    /// Changes what the person decided, and keeps it.
    pub(crate) fn decide<T>(self, change: impl FnOnce(&mut Decisions) -> T) -> Option<T> {
        let result = self.review.try_update(change);
        self.keep_review();
        result
    }

    /// Names the product, and keeps that too.
    pub(crate) fn set_title(self, title: String) {
        self.title.set(title);
        self.keep_review();
    }

    fn keep_review(self) {
        let row = ReviewRow {
            decisions: self.review.get_untracked(),
            title: self.title.get_untracked(),
        };
        self.store.put_review(self.session.get_untracked(), row);
    }

    /// Has clips chosen again, after the person said what they like.
    pub(crate) fn choose_again(self) {
        let taste = self.review.with_untracked(Decisions::taste);
        self.send(&Request::Choose { taste }, Vec::new());
    }

    /// Back to filming, with a new session.
    pub(crate) fn film_again(self) {
        self.message.set(None);
        self.back_to_setup();
    }

    pub(super) fn back_to_setup(self) {
        self.session_lock.set_value(None);
        self.session.set(next(&self.uploads.owner()));
        self.capture.prefer(&self.uploads.owner());
        self.photos.set(Vec::new());
        self.read_photos();
        self.stage.set(Stage::Setup);
        self.analysis.show_current();
        self.send(&Request::List, Vec::new());
    }

    /// The page is made: what was decided has served its purpose, the recording stays.
    pub(super) fn finish_session(self, session: &SessionId) {
        self.store.set_made(session.clone());
        if *session == self.session.get_untracked() {
            self.session_lock.set_value(None);
        }
    }

    pub(super) fn read_photos(self) {
        let session = self.session.get_untracked();
        spawn_local(async move { self.photos.set(photo::list(session.as_str()).await) });
    }

    /// The keyframes of the recording, s; none without one. Follows the recording where something listens.
    pub(crate) fn keyframes(self) -> Vec<f64> {
        self.recording.with(|recording| {
            recording
                .as_ref()
                .map(|recording| recording.keyframes.clone())
                .unwrap_or_default()
        })
    }

    /// Makes a clip of a shot the choice left out, and selects it. Says so where the shot is too short.
    pub(crate) fn add_clip_of(self, shot: usize) {
        let keyframes = untrack(|| self.keyframes());
        let longest = self.selection().max_length;
        let added = self.decide(|review| review.add_shot(shot, &keyframes, longest));
        match added.flatten() {
            Some(id) => self.selected.set(Some(id)),
            None => self.show_notice(
                "This shot is too short for a clip of its own. Take the frame as a photo instead.",
            ),
        }
    }

    /// Takes the frame under the playhead as a photo.
    pub(crate) fn add_still(self) {
        if let Some(t) = self.playhead.get_untracked() {
            self.decide(|review| review.add_still(t));
        }
    }
}
