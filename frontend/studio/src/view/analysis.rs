//! Quick or precise: whether a second, larger network judges as well.

use domain::capture::Engine;
use leptos::prelude::*;

use super::controls::segment;
use crate::state::analysis;

/// The choice between the two.
#[component]
pub(super) fn Analysis(
    /// The analysis.
    analysis: analysis::Analysis,
) -> impl IntoView {
    let choice = move |precise: bool, name: &'static str, test: &'static str| {
        let on = move || analysis.precise.get() == precise;
        segment(on, name, Some(test), move || analysis.set_precise(precise))
    };
    let state = move || match (analysis.precise.get(), analysis.engine.get()) {
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
