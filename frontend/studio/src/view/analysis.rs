//! Quick or precise: whether TransNetV2 judges beside the project's own network, on a graphics chip.

use domain::capture::{Engine, Network};
use leptos::prelude::*;

use super::{controls::segment, studio::Studio};
use crate::browser::{engine::Precise, store};

/// Where the wish for precise analysis is kept.
const PRECISE: &str = "vitrine.precise";

/// Whether precise analysis was wished the last time.
pub(super) fn wished() -> bool {
    store::read(PRECISE).is_some()
}

impl Studio {
    /// Whether precise analysis can be wished: the server has the larger network, and the graphics chip works.
    pub(super) fn may_be_precise(self) -> bool {
        self.config.with_value(|config| config.precise.is_some())
            && matches!(self.engine.get(), Some(Engine::Gpu | Engine::Precise))
    }

    /// Wishes for precise analysis, or no longer.
    pub(super) fn be_precise(self, precise: bool) {
        if self.precise.get_untracked() == precise {
            return;
        }
        self.keep_precise(precise);
        if let Some(inference) = self.inference.get_value() {
            inference.wish(precise);
        }
    }

    /// Takes what is said of the network.
    pub(super) fn hear_engine(self, engine: Engine, precise: Precise, lacks: Option<String>) {
        self.engine.set(Some(engine));
        if let Some(sentence) = lacks {
            self.note(&sentence);
        }
        if precise == Precise::Denied {
            self.keep_precise(false);
            self.note("The larger network does not run on this graphics chip. The analysis goes on without it.");
        }
    }

    /// Takes who judged a session to its end.
    pub(super) fn judged_by(self, network: Option<Network>) {
        if let Some(network) = network {
            self.engine.set(Some(network.engine));
            self.ended.update(|ended| {
                if let Some(ended) = ended {
                    ended.network = network;
                }
            });
        }
    }

    fn keep_precise(self, precise: bool) {
        self.precise.set(precise);
        if precise {
            store::write(PRECISE, "1");
        } else {
            store::forget(PRECISE);
        }
    }
}

/// Whether a second, larger network judges as well.
#[component]
pub(super) fn Analysis(
    /// The studio.
    studio: Studio,
) -> impl IntoView {
    let choice = move |precise: bool, name: &'static str, test: &'static str| {
        let on = move || studio.precise.get() == precise;
        segment(on, name, Some(test), move || studio.be_precise(precise))
    };
    let state = move || match (studio.precise.get(), studio.engine.get()) {
        (false, _) => "One small network looks for cuts and dissolves.",
        (true, Some(Engine::Precise)) => "A second, larger network looks too.",
        (true, _) => "Loading the larger network…",
    };
    view! {
        <div class="picker wide">
            <span class="picker-label" id="analysis">"Analysis"</span>
            <div class="segments" role="group" aria-labelledby="analysis" aria-describedby="analysis-state">
                {choice(false, "Quick", "analysis-quick")}
                {choice(true, "Precise", "analysis-precise")}
            </div>
            <p class="small" id="analysis-state" role="status">{state}</p>
        </div>
    }
}
