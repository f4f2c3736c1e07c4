//! The reel: the kept clips as one film, in the order the person wants. Cut here on the device when somebody first wants to
//! see it, and again when its clips change; it is saved by hand and never uploaded.

use std::rc::Rc;

use domain::highlight::Span;
use leptos::{prelude::*, task::spawn_local};

use super::Studio;
use crate::{
    browser::js,
    review::{
        file::File,
        key::Key,
        reel::{self, Entry},
    },
    wording,
};

/// Milliseconds a change must stand before the reel is cut anew: somebody who drags an end passes many.
const SETTLED_MS: u32 = 150;

/// A reel that was cut.
pub(crate) struct ReelFile {
    /// The film.
    pub(crate) file: File,
    /// What it shows.
    spans: Vec<Span>,
}

/// What to do as soon as the film is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Play,
    Save,
}

/// The reel on its way from clips to a film.
#[derive(Clone, Copy)]
pub(crate) struct Reel {
    studio: Studio,
    /// The kept clips, in order.
    pub(crate) entries: Memo<Vec<Entry>>,
    /// What is shown, in order.
    spans: Memo<Vec<Span>>,
    /// The film that was cut last.
    pub(crate) film: RwSignal<Option<Rc<ReelFile>>, LocalStorage>,
    /// Why there is none.
    pub(crate) error: RwSignal<Option<String>>,
    /// Whether somebody wanted to see it.
    pub(crate) requested: RwSignal<bool>,
    next: RwSignal<Option<Next>>,
    /// The start of the clip that is playing, s of the session.
    pub(crate) playing: RwSignal<Option<f64>>,
}

impl Reel {
    /// The reel of what is kept. `on_save` gets a film to save and the name of its file.
    pub(crate) fn new(studio: Studio, on_save: impl Fn(&File, &str) + Copy + 'static) -> Self {
        let entries = Memo::new(move |_| {
            studio
                .review
                .with(|review| review.reel(&studio.selection()))
        });
        let spans = Memo::new(move |_| {
            entries.with(|entries| entries.iter().filter_map(|entry| entry.shown).collect())
        });
        let reel = Self {
            studio,
            entries,
            spans,
            film: RwSignal::new_local(None),
            error: RwSignal::new(None),
            requested: RwSignal::new(false),
            next: RwSignal::new(None),
            playing: RwSignal::new(None),
        };
        Effect::new(move |_| {
            let spans = reel.spans.get();
            if reel.requested.get() && !spans.is_empty() && !reel.is_current() {
                spawn_local(reel.cut(spans));
            }
        });
        Effect::new(move |_| {
            if reel.next.get() == Some(Next::Save) && reel.is_current() {
                reel.next.set(None);
                reel.film.with_untracked(|film| {
                    if let Some(film) = film {
                        on_save(&film.file, &reel.name());
                    }
                });
            }
        });
        reel
    }

    /// Whether the film shows what it should.
    pub(crate) fn is_current(self) -> bool {
        self.film.with(|film| {
            film.as_ref()
                .is_some_and(|film| self.spans.with(|spans| film.spans == *spans))
        })
    }

    /// Whether it is being cut.
    pub(crate) fn is_cutting(self) -> bool {
        self.requested.get() && !self.is_current()
    }

    async fn cut(self, spans: Vec<Span>) {
        // The first one is waited for; a later one is of a change, and another may follow.
        if self.film.try_with_untracked(Option::is_some) == Some(true) {
            js::sleep(SETTLED_MS).await;
        }
        let still_wanted = || self.spans.try_with_untracked(|now| *now == spans) == Some(true);
        if !still_wanted() {
            return;
        }
        let result = self.studio.files.reel(spans.clone()).await;
        if !still_wanted() {
            return;
        }
        match result {
            Ok(file) => {
                self.error.set(None);
                self.film.set(Some(Rc::new(ReelFile { file, spans })));
            }
            Err(message) => {
                self.error.set(Some(message));
                self.film.set(None);
                self.next.set(None);
                self.requested.set(false);
            }
        }
    }

    /// Asks for the film, to be played from the start as soon as it is there.
    pub(crate) fn play(self) {
        self.next.set(Some(Next::Play));
        self.requested.set(true);
    }

    /// Whether the film at this address is to be played now, for it was asked for and is loaded. True once.
    pub(crate) fn take_play(self, loaded: &str) -> bool {
        let ours = self
            .film
            .with_untracked(|film| film.as_ref().is_some_and(|film| film.file.url() == loaded));
        let play = ours && self.next.get_untracked() == Some(Next::Play);
        if play {
            self.next.set(None);
        }
        play
    }

    /// Asks for the film, to be saved as a file as soon as it is there.
    pub(crate) fn save(self) {
        self.requested.set(true);
        self.next.set(Some(Next::Save));
    }

    /// The film has been played up to `seconds`.
    pub(crate) fn played(self, seconds: f64) {
        let place = self.film.with_untracked(|film| {
            let spans = &film.as_ref()?.spans;
            let (n, t) = reel::at(spans, seconds)?;
            Some((spans.get(n).map(|span| span.start), t))
        });
        if let Some((clip, t)) = place {
            self.studio.playhead.set(Some(t));
            self.playing.set(clip);
        }
    }

    /// The address of what is shown: the film; before that the clip it begins with, whose first picture is the same.
    pub(crate) fn url(self) -> Option<String> {
        if let Some(film) = self.film.get() {
            return Some(film.file.url().to_owned());
        }
        let first = self.entries.with(|entries| {
            let first = entries.iter().find(|entry| entry.shown.is_some());
            first.map(|entry| Key::span(entry.whole))
        })?;
        let file = self.studio.files.show(&first)?.ok()?;
        Some(file.url().to_owned())
    }

    /// What it holds, in words.
    pub(crate) fn summary(self) -> String {
        let longest = self.studio.selection().reel_length;
        self.entries.with(|entries| {
            let shown = entries.iter().filter_map(|entry| entry.shown.as_ref());
            let count = shown.clone().count();
            wording::reel(count, reel::total(shown), entries.len() - count, longest)
        })
    }

    /// Moves a clip to this place. Returns whether that changed the reel.
    pub(crate) fn place(self, id: u32, to: usize) -> bool {
        self.studio.decide(|review| review.place(id, to)) == Some(true)
    }

    fn name(self) -> String {
        let title = self.studio.title.get_untracked();
        wording::reel_name(&title)
    }
}
