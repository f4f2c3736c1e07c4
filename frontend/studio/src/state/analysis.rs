//! Where the network runs, and whether TransNetV2 judges beside the project's own network, on a graphics chip.

use std::rc::Rc;

use domain::{capture::Engine, wire::studio::Config};
use leptos::prelude::*;

use crate::browser::{
    inference::{Inference, Precise},
    recorder::Recorder,
    storage,
};

/// Where the choice of precise analysis is kept.
const PRECISE: &str = "vitrine.precise";

/// What is shown when the larger network cannot be had.
const DENIED: &str =
    "The larger network does not run on this graphics chip. The analysis goes on without it.";

/// The analysis of a recording.
#[derive(Clone, Copy)]
pub(crate) struct Analysis {
    /// Where the network runs; `None` until that is known.
    pub(crate) engine: RwSignal<Option<Engine>>,
    /// Whether precise analysis is chosen.
    pub(crate) precise: RwSignal<bool>,
    /// Whether the server has the larger network.
    has_precise: bool,
    inference: StoredValue<Option<Rc<Inference>>, LocalStorage>,
}

impl Analysis {
    /// Not started. What was chosen the last time stands.
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            engine: RwSignal::new(None),
            precise: RwSignal::new(storage::read(PRECISE).unwrap_or(false)),
            has_precise: config.precise.is_some(),
            inference: StoredValue::new_local(None),
        }
    }

    /// Starts the inference worker for a recorder. `on_notice` gets what the person should know.
    pub(crate) fn start(
        self,
        config: &Config,
        recorder: &Rc<Recorder>,
        on_notice: impl Fn(&str) + 'static,
    ) {
        let precise = self.precise.get_untracked() && self.has_precise;
        let on_change = move |engine, precise, no_network: Option<String>| {
            self.engine.set(Some(engine));
            if let Some(message) = no_network {
                on_notice(&message);
            }
            if precise == Precise::Denied {
                self.save_precise(false);
                on_notice(DENIED);
            }
        };
        let inference = Inference::start(config, recorder, precise, on_change);
        self.inference.set_value(Some(inference));
    }

    /// Whether precise analysis can be chosen: the server has the larger network, and the graphics chip works.
    pub(crate) fn can_be_precise(self) -> bool {
        self.has_precise && matches!(self.engine.get(), Some(Engine::Gpu | Engine::Precise))
    }

    /// Turns precise analysis on or off.
    pub(crate) fn set_precise(self, precise: bool) {
        if self.precise.get_untracked() == precise {
            return;
        }
        self.save_precise(precise);
        if let Some(inference) = self.inference.get_value() {
            inference.set_precise(precise);
        }
    }

    /// Shows again where the network runs now, after a session that was judged elsewhere.
    pub(crate) fn show_current(self) {
        if let Some(inference) = self.inference.get_value() {
            self.engine.set(inference.engine());
        }
    }

    fn save_precise(self, precise: bool) {
        self.precise.set(precise);
        storage::write(PRECISE, &precise);
    }
}
