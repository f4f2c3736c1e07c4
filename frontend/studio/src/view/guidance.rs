//! What a contract asks for, beside the picture while filming: time, picture, light, sound and shots.

use domain::capture::contract::{WantedShot, template, words};
use leptos::prelude::*;

use crate::{
    guidance::{Line, Standing, lines, ms},
    state::{Studio, stage::Stage},
    wording,
};

/// The guidance; nothing for a free session.
#[component]
pub(crate) fn Guidance(
    /// The studio.
    studio: Studio,
) -> impl IntoView {
    let is_free = Memo::new(move |_| {
        studio
            .capture
            .contract
            .with(|contract| contract.id.as_str() == template::FREE)
    });
    let lines = Memo::new(move |_| {
        let now = studio.now();
        studio
            .capture
            .contract
            .with(|contract| lines(contract, &now))
    });
    let shots = Memo::new(move |_| {
        studio
            .capture
            .contract
            .with(|contract| contract.shots.clone())
    });
    view! {
        <Show when=move || !is_free.get()>
            <section class="guidance wide" aria-label="What is wanted" data-test="guidance">
                <ul class="guidance-lines">
                    <For each=move || lines.get() key=|line| line.name let:line>
                        <GuidanceLine lines name=line.name />
                    </For>
                </ul>
                <Show when=move || !shots.with(Vec::is_empty)>
                    <Shots studio shots />
                </Show>
            </section>
        </Show>
    }
}

/// One line. It stays while its words change, so that a screen reader is not told of each number.
#[component]
fn GuidanceLine(
    /// All lines.
    lines: Memo<Vec<Line>>,
    /// Which of them.
    name: &'static str,
) -> impl IntoView {
    let line = move || {
        lines.with(|lines| {
            let found = lines.iter().find(|line| line.name == name);
            found.cloned()
        })
    };
    let value = move || line().map(|line| line.value);
    let advice = Memo::new(move |_| line().and_then(|line| line.advice));
    let standing = move || line().map_or(Standing::Open, |line| line.standing).as_str();
    view! {
        <li class="guidance-line" data-standing=standing data-test="guidance-line" data-name=name>
            <span class="guidance-name">{name}</span>
            <span class="guidance-value figure">{value}</span>
            {move || advice.get().map(|advice| view! { <span class="guidance-advice">{advice}</span> })}
        </li>
    }
}

/// The shots that are wanted, and the button that ends the present one.
#[component]
fn Shots(
    /// The studio.
    studio: Studio,
    /// What they are.
    shots: Memo<Vec<WantedShot>>,
) -> impl IntoView {
    let done = Memo::new(move |_| studio.shots_marked().0);
    let filming = move || studio.stage.get() == Stage::Recording;
    let present = Memo::new(move |_| shots.with(|shots| shots.get(done.get()).cloned()));
    let left_s = Memo::new(move |_| {
        let so_far = ms(studio.shots_marked().1);
        present.get().map(|shot| {
            let left = shot.least_ms.saturating_sub(so_far);
            left.div_ceil(1000)
        })
    });
    let rows = move || {
        shots
            .get()
            .into_iter()
            .enumerate()
            .collect::<Vec<(usize, WantedShot)>>()
    };
    let count = move || {
        let all = shots.with(Vec::len);
        format!(
            "{} of {}",
            done.get().min(all),
            wording::count(all, "shot", "shots")
        )
    };
    view! {
        <div class="guidance-shots">
            <p class="guidance-line" data-test="shots-done">
                <span class="guidance-name">"Shots"</span> <span class="guidance-value figure">{count}</span>
            </p>
            <ol>
                <For each=rows key=|row| (row.0, row.1.name.clone(), row.1.least_ms) let:row>
                    <li
                        class:done=move || { row.0 < done.get() }
                        aria-current=move || (filming() && row.0 == done.get()).then_some("step")
                    >
                        <bdi>{row.1.name.clone()}</bdi>
                        {(row.1.least_ms > 0).then(|| view! { <span class="small">{format!(" {}", words::length(row.1.least_ms))}</span> })}
                    </li>
                </For>
            </ol>
            <Show when=move || filming() && present.with(Option::is_some)>
                <button
                    type="button"
                    class="button wide"
                    data-test="next-shot"
                    disabled=move || left_s.get().is_some_and(|left| left > 0)
                    on:click=move |_| studio.mark_shot()
                >
                    {move || match left_s.get() {
                        Some(0) | None => "This shot is done".to_owned(),
                        Some(left) => format!("{left} s more of this shot"),
                    }}
                </button>
            </Show>
        </div>
    }
}

/// The present shot, large over the picture, to be read from two metres.
#[component]
pub(crate) fn PresentShot(
    /// The studio.
    studio: Studio,
) -> impl IntoView {
    let text = Memo::new(move |_| {
        let done = studio.shots_marked().0;
        studio.capture.contract.with(|contract| {
            let all = contract.shots.len();
            match contract.shots.get(done) {
                Some(shot) => Some((
                    Some(format!("Shot {} of {all}", done + 1)),
                    shot.name.clone(),
                )),
                None if all > 0 => Some((None, "All shots are done".to_owned())),
                None => None,
            }
        })
    });
    view! {
        {move || text.get().map(|(number, name)| view! {
            <p class="monitor-shot" role="status" data-test="present-shot">
                {number.map(|number| view! { <span class="soft">{number}</span> " " })}
                <bdi>{name}</bdi>
            </p>
        })}
    }
}
