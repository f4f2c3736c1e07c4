//! Clips and pictures of the session as files: made once, shown by address, uploaded as they are.

use std::{cell::RefCell, collections::HashMap, rc::Rc};

use domain::{highlight::Span, id::SessionId};
use futures::future::{FutureExt as _, LocalBoxFuture, Shared};
use gloo::file::{Blob, ObjectUrl};
use leptos::{prelude::*, task::spawn_local};

use super::key::Key;
use crate::browser::{
    photo,
    recorder::{EncodedFile, Recorder},
};

/// The recorder, once it was started.
pub(crate) type RecorderHandle = StoredValue<Option<Rc<Recorder>>, LocalStorage>;

/// A file and the address it is shown under.
pub(crate) struct File {
    /// Its bytes.
    pub(crate) blob: web_sys::Blob,
    /// True start, s.
    pub(crate) start: f64,
    /// True end, s.
    pub(crate) end: f64,
    address: ObjectUrl,
}

impl File {
    fn new(encoded: EncodedFile) -> Self {
        let EncodedFile { blob, start, end } = encoded;
        Self {
            address: ObjectUrl::from(Blob::from(blob.clone())),
            blob,
            start,
            end,
        }
    }

    /// Its address on this page, as long as the value lives.
    pub(crate) fn url(&self) -> &str {
        &self.address
    }

    /// Its length, bytes.
    pub(crate) fn length(&self) -> u64 {
        self.blob.size() as u64
    }
}

type Made = Result<Rc<File>, String>;

/// Files being made, so that none is made twice at once.
type Making = HashMap<Key, Shared<LocalBoxFuture<'static, Made>>>;

/// The files of the session under review.
#[derive(Clone, Copy)]
pub(crate) struct Files {
    recorder: RecorderHandle,
    session: RwSignal<SessionId>,
    made: RwSignal<HashMap<Key, Made>, LocalStorage>,
    making: StoredValue<Rc<RefCell<Making>>, LocalStorage>,
}

impl Files {
    /// None yet. They are cut by `recorder` from the session that `session` names when one is asked for.
    pub(crate) fn new(recorder: RecorderHandle, session: RwSignal<SessionId>) -> Self {
        Self {
            recorder,
            session,
            made: RwSignal::new_local(HashMap::new()),
            making: StoredValue::new_local(Rc::default()),
        }
    }

    /// Forgets all, and frees their memory.
    pub(crate) fn clear(self) {
        self.making.set_value(Rc::default());
        self.made.set(HashMap::new());
    }

    /// The file, or why there is none; `None` while it is being made, which this begins.
    pub(crate) fn show(self, key: &Key) -> Option<Made> {
        let found = self.made.with(|made| made.get(key).cloned());
        if found.is_none() {
            drop(self.make(key));
        }
        found
    }

    /// The file, made now if need be.
    pub(crate) async fn get(self, key: &Key) -> Made {
        match self.made.with_untracked(|made| made.get(key).cloned()) {
            Some(Ok(file)) => Ok(file),
            _ => self.make(key).await,
        }
    }

    /// The known length of a file, bytes. Follows the files where something listens.
    pub(crate) fn length(self, key: &Key) -> Option<u64> {
        self.made
            .with(|made| made.get(key)?.as_ref().ok().map(|file| file.length()))
    }

    /// Spans of the session after one another as a file of their own, made now.
    pub(crate) async fn reel(self, spans: Vec<Span>) -> Result<File, String> {
        Ok(File::new(self.recorder()?.cut(spans).await?))
    }

    fn recorder(self) -> Result<Rc<Recorder>, String> {
        self.recorder
            .get_value()
            .ok_or_else(|| "The recorder is not running. Reload the page.".to_owned())
    }

    /// Makes a file, whether the answer is waited for or not, or joins in where it is being made already.
    fn make(self, key: &Key) -> Shared<LocalBoxFuture<'static, Made>> {
        let making = self.making.get_value();
        if let Some(under_way) = making.borrow().get(key) {
            return under_way.clone();
        }
        let made = {
            let (key, making) = (key.clone(), Rc::downgrade(&making));
            async move {
                let file = self
                    .encode(&key)
                    .await
                    .map(|encoded| Rc::new(File::new(encoded)));
                // A file of a session that was left meanwhile belongs nowhere.
                if let Some(making) = making.upgrade() {
                    making.borrow_mut().remove(&key);
                    self.made.update(|made| {
                        made.insert(key, file.clone());
                    });
                }
                file
            }
        }
        .boxed_local()
        .shared();
        making.borrow_mut().insert(key.clone(), made.clone());
        spawn_local(made.clone().map(drop));
        made
    }

    async fn encode(self, key: &Key) -> Result<EncodedFile, String> {
        match key {
            Key::Clip(start, end) => {
                let span = Span {
                    start: f64::from_bits(*start),
                    end: f64::from_bits(*end),
                };
                self.recorder()?.cut(vec![span]).await
            }
            Key::Frame(t) => self.recorder()?.take_still(f64::from_bits(*t)).await,
            Key::Photo(name) => {
                let session = self.session.get_untracked();
                let blob = photo::read(session.as_str(), name)
                    .await
                    .ok_or("This photo is no longer on the device. Drop it, or take it again.")?;
                Ok(EncodedFile {
                    blob,
                    start: 0.0,
                    end: 0.0,
                })
            }
        }
    }
}
