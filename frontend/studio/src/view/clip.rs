//! One clip: it plays from the device, says why it was chosen, and is kept, dropped or trimmed.

use std::rc::Rc;

use leptos::{html::Video, prelude::*};
use web_sys::HtmlVideoElement;

use super::icon;
use crate::{
    review::{
        decision::{Clip, short},
        file::File,
        key::Key,
        trim,
    },
    state::Studio,
    wording,
};

/// The id of a clip's player.
pub(crate) fn element(id: u32) -> String {
    format!("clip-{id}")
}

/// Plays, or pauses.
pub(crate) fn toggle(video: &HtmlVideoElement) {
    if video.paused() {
        let _ = video.play();
    } else {
        let _ = video.pause();
    }
}

/// A clip's card.
#[component]
pub(crate) fn ClipCard(
    /// The studio.
    studio: Studio,
    /// Which clip.
    id: u32,
) -> impl IntoView {
    let clip = Memo::new(move |_| {
        studio
            .review
            .with(|review| review.clips.iter().find(|clip| clip.id == id).cloned())
    });
    let number = move || {
        studio.review.with(|review| {
            review
                .clips
                .iter()
                .position(|clip| clip.id == id)
                .unwrap_or(0)
                + 1
        })
    };
    let with = move |part: fn(&Clip) -> String| {
        clip.with(|clip| clip.as_ref().map(part).unwrap_or_default())
    };
    let kept = move || clip.with(|clip| clip.as_ref().is_some_and(|clip| clip.kept));
    let reasons = move || {
        clip.with(|clip| {
            clip.as_ref()
                .map(|clip| clip.reasons.clone())
                .unwrap_or_default()
        })
    };
    let select = move || studio.selected.set(Some(id));
    let liked = move || clip.with(|clip| clip.as_ref().is_some_and(|clip| clip.liked));
    let like = move || {
        select();
        studio.decide(|review| review.like(id));
        studio.choose_again();
    };
    let never = move || {
        studio.selected.set(None);
        studio.decide(|review| review.never(id));
        studio.choose_again();
    };
    let keep = move |kept: bool| {
        select();
        studio.decide(|review| review.keep(id, kept));
    };
    view! {
        <article
            class="clip"
            class:chosen=move || studio.selected.get() == Some(id)
            data-test="clip-card"
            data-kept=move || kept().to_string()
            data-start=move || with(|clip| format!("{:.6}", clip.start))
            data-end=move || with(|clip| format!("{:.6}", clip.end))
            aria-label=move || format!("Clip {}", number())
            on:focusin=move |_| select()
        >
            <Player studio id clip number=Signal::derive(number) />
            <div class="clip-text">
                <p class="clip-time">
                    {move || with(|clip| format!("{} – {}", wording::timecode(clip.start), wording::timecode(clip.end)))}
                </p>
                <p class="reasons">
                    <For each=reasons key=|reason| reason.words.clone() let:reason>
                        <span class="reason" data-test="reason" title=reason.words.clone()>{short(&reason.words).to_owned()}</span>
                    </For>
                </p>
                <Trim studio id clip />
                <div class="clip-actions">
                    <div class="segments" role="group" aria-label="Keep or drop">
                        <button type="button" data-test="keep" aria-pressed=move || kept().to_string() on:click=move |_| keep(true)>"Keep"</button>
                        <button type="button" data-test="drop" aria-pressed=move || (!kept()).to_string() on:click=move |_| keep(false)>"Drop"</button>
                    </div>
                    <button type="button" class="link" data-test="more" aria-pressed=move || liked().to_string() on:click=move |_| like()>
                        "More like this"
                    </button>
                    <button type="button" class="link" data-test="never" on:click=move |_| never()>"Never this"</button>
                </div>
            </div>
        </article>
    }
}

#[component]
fn Player(
    /// The studio.
    studio: Studio,
    /// Which clip.
    id: u32,
    /// The clip.
    clip: Memo<Option<Clip>>,
    /// Its place among the clips, from 1.
    number: Signal<usize>,
) -> impl IntoView {
    let video: NodeRef<Video> = NodeRef::new();
    let playing = RwSignal::new(false);
    // Kept beside the element, so that the address stays good while a new cut is being made.
    let shown: RwSignal<Option<Rc<File>>, LocalStorage> = RwSignal::new_local(None);
    let error = RwSignal::new(None::<String>);
    let key = Memo::new(move |_| clip.with(|clip| clip.as_ref().map(Key::clip)));
    Effect::new(move |_| {
        let Some(key) = key.get() else { return };
        match studio.files.show(&key) {
            Some(Ok(file)) => {
                error.set(None);
                shown.set(Some(file));
            }
            Some(Err(message)) => error.set(Some(message)),
            None => {}
        }
    });
    let element_of = move || -> Option<HtmlVideoElement> { video.get_untracked() };
    let length = move || {
        clip.with(|clip| {
            clip.as_ref()
                .map(|c| wording::length(c.end - c.start))
                .unwrap_or_default()
        })
    };
    let moved = move || {
        if let Some(video) = element_of()
            && !video.paused()
        {
            let start = shown.with_untracked(|file| file.as_ref().map_or(0.0, |file| file.start));
            studio.playhead.set(Some(start + video.current_time()));
        }
    };
    let hover = move |over: bool| {
        let Some(video) = element_of() else { return };
        if over && video.paused() {
            // A page that begins to sound because a mouse passes is rude.
            video.set_muted(true);
            let _ = video.play();
        } else if !over && video.muted() {
            let _ = video.pause();
        }
    };
    let press = move || {
        studio.selected.set(Some(id));
        let Some(video) = element_of() else { return };
        if !video.paused() && video.muted() {
            video.set_muted(false);
        } else {
            video.set_muted(false);
            toggle(&video);
        }
    };
    view! {
        <div
            class="clip-frame"
            on:pointerenter=move |event| if event.pointer_type() == "mouse" { hover(true) }
            on:pointerleave=move |event| if event.pointer_type() == "mouse" { hover(false) }
        >
            <video
                class="clip-picture"
                id=element(id)
                node_ref=video
                playsinline
                loop
                preload="auto"
                data-test="clip-video"
                src=move || shown.with(|file| file.as_ref().map(|file| file.url().to_owned()))
                on:play=move |_| playing.set(true)
                on:pause=move |_| playing.set(false)
                on:timeupdate=move |_| moved()
            ></video>
            <button
                type="button"
                class="clip-play"
                class:playing=move || playing.get()
                aria-label=move || {
                    if playing.get() { format!("Pause clip {}", number.get()) } else { format!("Play clip {}", number.get()) }
                }
                on:click=move |_| press()
            >
                <Show when=move || !playing.get()>{icon::play()}</Show>
            </button>
            <span class="clip-length">{length}</span>
        </div>
        {move || error.get().map(|message| view! { <p class="notice wrong" role="alert">{message}</p> })}
    }
}

/// Start and end, each a slider over the points a clip can have; arrow keys go from keyframe to keyframe.
#[component]
fn Trim(
    /// The studio.
    studio: Studio,
    /// Which clip.
    id: u32,
    /// The clip.
    clip: Memo<Option<Clip>>,
) -> impl IntoView {
    let points = Memo::new(move |_| {
        let keyframes = studio.keyframes();
        clip.with(|clip| {
            clip.as_ref().map(|clip| {
                let points = studio
                    .review
                    .with(|review| review.cut_points(clip, &keyframes));
                (points.starts(clip.end), points.ends(clip.start))
            })
        })
        .unwrap_or_default()
    });
    let slider = move |start: bool| {
        let all = move || {
            points.with(|points| {
                if start {
                    points.0.clone()
                } else {
                    points.1.clone()
                }
            })
        };
        let at = move || {
            clip.with(|clip| {
                clip.as_ref()
                    .map_or(0.0, |clip| if start { clip.start } else { clip.end })
            })
        };
        let index = move || trim::nearest(&all(), at()).unwrap_or(0);
        let slide = move |event: web_sys::Event| {
            let picked = event_target_value(&event)
                .parse::<usize>()
                .ok()
                .and_then(|i| all().get(i).copied());
            if let Some(t) = picked {
                let keyframes = untrack(|| studio.keyframes());
                studio.decide(|review| {
                    if start {
                        review.trim_start(id, t, &keyframes)
                    } else {
                        review.trim_end(id, t, &keyframes)
                    }
                });
            }
        };
        view! {
            <label class="trim">
                <span class="trim-name">{if start { "Start" } else { "End" }}</span>
                <input
                    type="range"
                    class="trim-bar"
                    min="0"
                    step="1"
                    max=move || all().len().saturating_sub(1).to_string()
                    prop:value=move || index().to_string()
                    disabled=move || all().len() < 2
                    aria-valuetext=move || wording::timecode(at())
                    data-test=if start { "trim-start" } else { "trim-end" }
                    on:change=slide
                />
                <span class="trim-value figure">{move || wording::timecode(at())}</span>
            </label>
        }
    };
    view! { <div class="clip-trim">{slider(true)} {slider(false)}</div> }
}
