//! Clips and pictures of the session as files: made once, shown by address, sent as they are.

use std::{collections::HashMap, rc::Rc};

use domain::highlight::Span;
use leptos::{prelude::*, task::spawn_local};
use web_sys::{Blob, Url};

use super::studio::{Asked, Studio};
use crate::{
    browser::{photo, recorder::Recorder},
    review::session::{Clip, Picture, Source},
};

/// Which file.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    /// A clip, by the bits of its start and end.
    Clip(u64, u64),
    /// A frame, by the bits of its time.
    Frame(u64),
    /// A photo, by its name.
    Photo(String),
}

impl Key {
    /// The file of a clip.
    pub(crate) fn clip(clip: &Clip) -> Self {
        Self::Clip(clip.start.to_bits(), clip.end.to_bits())
    }

    /// The file of a clip of this span.
    pub(crate) fn span(span: Span) -> Self {
        Self::Clip(span.start.to_bits(), span.end.to_bits())
    }

    /// The file of a picture.
    pub(crate) fn picture(picture: &Picture) -> Self {
        match &picture.source {
            Source::Frame(t) => Self::Frame(t.to_bits()),
            Source::Photo(name) => Self::Photo(name.clone()),
        }
    }
}

/// A file and the address it is shown under.
pub(crate) struct File {
    /// Its bytes.
    pub(crate) blob: Blob,
    /// Its address on this page.
    pub(crate) url: String,
    /// True start, s.
    pub(crate) start: f64,
    /// True end, s.
    pub(crate) end: f64,
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = Url::revoke_object_url(&self.url);
    }
}

type Made = HashMap<Key, Result<Rc<File>, String>>;

/// The files of the session under review.
#[derive(Clone, Copy)]
pub(crate) struct Files {
    made: RwSignal<Made, LocalStorage>,
    asked: StoredValue<Asked, LocalStorage>,
}

impl Files {
    /// None yet.
    pub(crate) fn new() -> Self {
        Self {
            made: RwSignal::new_local(HashMap::new()),
            asked: StoredValue::new_local(Asked::default()),
        }
    }

    /// Forgets all, and frees their memory.
    pub(crate) fn clear(self) {
        self.asked.set_value(Asked::default());
        self.made.set(HashMap::new());
    }

    /// The file, or why there is none; `None` while it is being made, which this begins.
    pub(crate) fn show(self, studio: Studio, key: &Key) -> Option<Result<Rc<File>, String>> {
        let found = self.made.with(|made| made.get(key).cloned());
        if found.is_none()
            && self
                .asked
                .with_value(|asked| asked.borrow_mut().insert(key.clone()))
        {
            let key = key.clone();
            spawn_local(async move {
                let file = make(studio, &key).await;
                self.made.update(|made| {
                    made.insert(key, file);
                });
            });
        }
        found
    }

    /// The file, made now if need be.
    pub(crate) async fn get(self, studio: Studio, key: &Key) -> Result<Rc<File>, String> {
        if let Some(Ok(file)) = self.made.with_untracked(|made| made.get(key).cloned()) {
            return Ok(file);
        }
        let file = make(studio, key).await?;
        self.made.update(|made| {
            made.insert(key.clone(), Ok(file.clone()));
        });
        Ok(file)
    }

    /// The known length of a file, bytes. Follows the files where something listens.
    pub(crate) fn size(self, key: &Key) -> Option<u64> {
        self.made.with(|made| {
            made.get(key)?
                .as_ref()
                .ok()
                .map(|file| file.blob.size() as u64)
        })
    }
}

/// Spans of the session after one another as a file of their own, made now.
pub(crate) async fn reel(studio: Studio, spans: Vec<Span>) -> Result<File, String> {
    let made = recorder(studio)?.cut(spans).await?;
    file(made.blob, made.start, made.end)
}

fn recorder(studio: Studio) -> Result<Rc<Recorder>, &'static str> {
    studio
        .recorder()
        .ok_or("The recorder is not running. Reload the page.")
}

async fn make(studio: Studio, key: &Key) -> Result<Rc<File>, String> {
    let (blob, start, end) = match key {
        Key::Clip(start, end) => {
            let span = Span {
                start: f64::from_bits(*start),
                end: f64::from_bits(*end),
            };
            let made = recorder(studio)?.cut(vec![span]).await?;
            (made.blob, made.start, made.end)
        }
        Key::Frame(t) => {
            let made = recorder(studio)?.still(f64::from_bits(*t)).await?;
            (made.blob, made.start, made.end)
        }
        Key::Photo(name) => {
            let session = studio.session.get_untracked();
            let blob = photo::read(session.as_str(), name)
                .await
                .ok_or("This photo is no longer on the device. Drop it, or take it again.")?;
            (blob, 0.0, 0.0)
        }
    };
    file(blob, start, end).map(Rc::new)
}

fn file(blob: Blob, start: f64, end: f64) -> Result<File, String> {
    let url = Url::create_object_url_with_blob(&blob)
        .map_err(|_| "This file cannot be shown. Close other tabs, then reload the page.")?;
    Ok(File {
        blob,
        url,
        start,
        end,
    })
}
