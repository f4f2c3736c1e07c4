//! The recording at a glance: its sound, its shots, the chosen spans, and handles to trim them.

use leptos::{html::Div, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, KeyboardEvent, PointerEvent};

use crate::{
    review::{
        decision::{Clip, because},
        lane::{self, Lane},
        trim, wave,
    },
    state::Studio,
    wording,
};

/// Seconds an arrow key moves the playhead.
const NUDGE: f64 = 0.5;
/// A press that moves less than this is none of a drag, px.
const SLACK: f64 = 4.0;

/// The timeline.
#[component]
pub(crate) fn Timeline(
    /// The studio.
    studio: Studio,
) -> impl IntoView {
    let frame: NodeRef<Div> = NodeRef::new();
    let duration = Memo::new(move |_| {
        studio.recording.with(|recording| {
            recording
                .as_ref()
                .map_or(0.0, |recording| recording.duration)
        })
    });
    let share = move |t: f64| {
        let whole = duration.get();
        if whole > 0.0 {
            (t / whole).clamp(0.0, 1.0).to_string()
        } else {
            "0".to_owned()
        }
    };
    let pointed = RwSignal::new(None::<u32>);
    let outline = Memo::new(move |_| {
        studio.recording.with(|recording| {
            wave::outline(
                recording
                    .as_ref()
                    .map_or(&[], |recording| &recording.loudness),
            )
        })
    });
    let shots = move || {
        studio.review.with(|review| {
            review
                .shots
                .iter()
                .map(|shot| shot.start)
                .collect::<Vec<_>>()
        })
    };
    let clips = move || {
        studio
            .review
            .with(|review| review.clips.iter().map(|clip| clip.id).collect::<Vec<_>>())
    };
    let marks = move || wave::marks(duration.get(), 6.0);
    let head = move || studio.playhead.get().unwrap_or(0.0);
    let at = move |event: &PointerEvent| time_at(frame, event, duration.get_untracked());
    let place = move |event: PointerEvent| {
        let on_part = event
            .target()
            .and_then(|target| target.dyn_into::<HtmlElement>().ok())
            .is_some_and(|target| target.matches("button").unwrap_or(false));
        if !on_part && let Some(t) = at(&event) {
            studio.playhead.set(Some(t));
            pointed.set(None);
        }
    };
    let key = move |event: KeyboardEvent| {
        if event.target() != event.current_target() {
            return;
        }
        let to = match event.key().as_str() {
            "ArrowLeft" => head() - NUDGE,
            "ArrowRight" => head() + NUDGE,
            "Home" => 0.0,
            "End" => duration.get_untracked(),
            _ => return,
        };
        event.prevent_default();
        studio
            .playhead
            .set(Some(to.clamp(0.0, duration.get_untracked())));
    };
    view! {
        <section aria-label="Timeline">
            <div
                class="timeline"
                node_ref=frame
                data-test="timeline"
                role="slider"
                tabindex="0"
                aria-label="Place in the recording"
                aria-valuemin="0"
                aria-valuemax=move || duration.get().to_string()
                aria-valuenow=move || head().to_string()
                aria-valuetext=move || wording::timecode(head())
                on:pointerdown=place
                on:keydown=key
            >
                <svg
                    class="timeline-wave"
                    preserveAspectRatio="none"
                    aria-hidden="true"
                    viewBox=move || format!("0 0 {} 2", outline.with(|o| o.0))
                >
                    <path class="wave" d=move || outline.with(|o| o.1.clone())></path>
                </svg>
                <For each=shots key=|t| t.to_bits() let:t>
                    <span class="timeline-shot" style=("--at", move || share(t)) data-test="shot" data-start=format!("{t:.3}")></span>
                </For>
                <For each=clips key=|id| *id let:id>
                    <Span studio id pointed frame duration share=Callback::new(share) />
                </For>
                {move || studio.selected.get().map(|id| view! { <Handles studio id frame duration share=Callback::new(share) /> })}
                <Show when=move || studio.playhead.get().is_some()>
                    <span class="timeline-head" style=("--at", move || share(head()))></span>
                </Show>
                <div class="timeline-scale" aria-hidden="true">
                    <For each=marks key=|t| t.to_bits() let:t>
                        <span class="timeline-mark" style=("--at", move || share(t))>{wording::clock(t)}</span>
                    </For>
                </div>
            </div>
            <Lanes studio duration share=Callback::new(share) />
            <Described studio pointed />
        </section>
    }
}

/// The time under a pointer.
fn time_at(frame: NodeRef<Div>, event: &PointerEvent, duration: f64) -> Option<f64> {
    let frame = frame.get_untracked()?.get_bounding_client_rect();
    let share = (event.client_x() - frame.left()) / frame.width().max(1.0);
    Some(share.clamp(0.0, 1.0) * duration)
}

/// The signals under the timeline, on its scale of time: what each second was like, and the measure at the playhead in words.
#[component]
fn Lanes(
    /// The studio.
    studio: Studio,
    /// Length of the recording, s.
    duration: Memo<f64>,
    /// Time as a share of the recording.
    share: Callback<f64, String>,
) -> impl IntoView {
    let clips = move || {
        studio.review.with(|review| {
            let kept = review.clips.iter().filter(|clip| clip.kept);
            kept.map(|clip| (clip.start, clip.end)).collect::<Vec<_>>()
        })
    };
    let row = move |lane: Lane| {
        let area = Memo::new(move |_| {
            studio
                .signals
                .with(|seconds| lane::area(lane, seconds, duration.get()))
        });
        let measured = move || area.with(|area| !area.is_empty());
        let now = move || {
            // Nothing is played or pointed at yet: the playhead stands at the beginning.
            let head = studio.playhead.get().unwrap_or(0.0);
            studio
                .signals
                .with(|seconds| lane.text(seconds.get(head as usize)?))
        };
        view! {
            <div class="lane" data-test="lane" data-lane=lane.name()>
                <svg class="lane-area" preserveAspectRatio="none" aria-hidden="true" viewBox=move || format!("0 0 {} 1", duration.get().max(0.1))>
                    <path d=move || area.get()></path>
                </svg>
                <span class="lane-name">{lane.name()}</span>
                <span class="lane-value figure" data-test="lane-value">
                    {move || if measured() { now().unwrap_or_default() } else { "not measured".to_owned() }}
                </span>
            </div>
        }
    };
    view! {
        <Show when=move || studio.signals.with(|seconds| !seconds.is_empty())>
            <div class="lanes" role="group" aria-label="Second by second">
                <For each=clips key=|(start, end)| (start.to_bits(), end.to_bits()) let:span>
                    <span class="lane-clip" style=("--start", move || share.run(span.0)) style=("--end", move || share.run(span.1))></span>
                </For>
                {Lane::ALL.map(row).collect_view()}
                <Show when=move || studio.playhead.get().is_some()>
                    <span class="timeline-head" style=("--at", move || share.run(studio.playhead.get().unwrap_or(0.0)))></span>
                </Show>
            </div>
        </Show>
    }
}

fn keyframes(studio: Studio) -> Vec<f64> {
    untrack(|| studio.keyframes())
}

fn find(studio: Studio, id: u32) -> Option<Clip> {
    studio
        .review
        .with(|review| review.clips.iter().find(|clip| clip.id == id).cloned())
}

/// A chosen span: it is dragged to another place of its shot as a whole, or moved by the arrow keys.
#[component]
fn Span(
    /// The studio.
    studio: Studio,
    /// Which clip.
    id: u32,
    /// The clip whose reasons are shown.
    pointed: RwSignal<Option<u32>>,
    /// The timeline's element.
    frame: NodeRef<Div>,
    /// Length of the recording, s.
    duration: Memo<f64>,
    /// Time as a share of the recording.
    share: Callback<f64, String>,
) -> impl IntoView {
    let clip = Memo::new(move |_| find(studio, id));
    let of =
        move |part: fn(&Clip) -> f64| share.run(clip.with(|clip| clip.as_ref().map_or(0.0, part)));
    let kept = move || clip.with(|clip| clip.as_ref().is_some_and(|clip| clip.kept));
    let number = move || {
        studio.review.with(|review| {
            review
                .clips
                .iter()
                .position(|c| c.id == id)
                .map_or(0, |i| i + 1)
        })
    };
    // From the clip's start to where it was taken, s, and where on the screen that was.
    let held = RwSignal::new(None::<(f64, f64)>);
    let shift = move |t: f64| {
        let keyframes = keyframes(studio);
        studio.decide(|review| review.shift(id, t, &keyframes));
    };
    let grab = move |event: PointerEvent| {
        if event.button() != 0 {
            return;
        }
        let (Some(t), Some(clip)) = (
            time_at(frame, &event, duration.get_untracked()),
            clip.get_untracked(),
        ) else {
            return;
        };
        if let Some(span) = event
            .target()
            .and_then(|target| target.dyn_into::<HtmlElement>().ok())
        {
            let _ = span.set_pointer_capture(event.pointer_id());
        }
        held.set(Some((t - clip.start, event.client_x())));
    };
    let drag = move |event: PointerEvent| {
        let Some((into, from)) = held.get_untracked() else {
            return;
        };
        let t = time_at(frame, &event, duration.get_untracked());
        if let Some(t) = t.filter(|_| (event.client_x() - from).abs() >= SLACK) {
            studio.selected.set(Some(id));
            shift(t - into);
        }
    };
    let key = move |event: KeyboardEvent| {
        let steps = match event.key().as_str() {
            "ArrowLeft" => -1,
            "ArrowRight" => 1,
            _ => return,
        };
        event.prevent_default();
        let Some(clip) = clip.get_untracked() else {
            return;
        };
        let moves = studio.review.with_untracked(|review| {
            review
                .cut_points(&clip, &keyframes(studio))
                .moves((clip.start, clip.end))
        });
        studio.selected.set(Some(id));
        shift(trim::step(&moves, clip.start, steps));
    };
    view! {
        <button
            type="button"
            class="timeline-span"
            class:chosen=move || studio.selected.get() == Some(id)
            class:dropped=move || !kept()
            style=("--start", move || of(|clip| clip.start))
            style=("--end", move || of(|clip| clip.end))
            data-test="span"
            title=move || clip.with(|clip| clip.as_ref().map(|clip| because(&clip.reasons)))
            aria-label=move || format!("Clip {}, {}. Arrow keys move it", number(), if kept() { "kept" } else { "dropped" })
            on:pointerdown=grab
            on:pointermove=drag
            on:pointerup=move |_| held.set(None)
            on:pointercancel=move |_| held.set(None)
            on:keydown=key
            on:pointerenter=move |_| pointed.set(Some(id))
            on:pointerleave=move |_| pointed.set(None)
            on:click=move |_| {
                studio.selected.set(Some(id));
                studio.playhead.set(clip.with_untracked(|clip| clip.as_ref().map(|clip| clip.start)));
                pointed.set(Some(id));
            }
        >
            {number}
        </button>
    }
}

/// The handles of the clip that is being trimmed.
#[component]
fn Handles(
    /// The studio.
    studio: Studio,
    /// Which clip.
    id: u32,
    /// The timeline's element.
    frame: NodeRef<Div>,
    /// Length of the recording, s.
    duration: Memo<f64>,
    /// Time as a share of the recording.
    share: Callback<f64, String>,
) -> impl IntoView {
    let clip = Memo::new(move |_| find(studio, id));
    let handle = move |start: bool| {
        let at = move || {
            clip.with(|clip| {
                clip.as_ref()
                    .map_or(0.0, |clip| if start { clip.start } else { clip.end })
            })
        };
        let go = move |t: f64| {
            let keyframes = keyframes(studio);
            studio.decide(|review| {
                if start {
                    review.trim_start(id, t, &keyframes)
                } else {
                    review.trim_end(id, t, &keyframes)
                }
            });
        };
        let key = move |event: KeyboardEvent| {
            let Some(clip) = clip.get_untracked() else {
                return;
            };
            let keyframes = keyframes(studio);
            let points = studio
                .review
                .with_untracked(|review| review.cut_points(&clip, &keyframes));
            let points = if start {
                points.starts(clip.end)
            } else {
                points.ends(clip.start)
            };
            let from = if start { clip.start } else { clip.end };
            let to = match event.key().as_str() {
                "ArrowLeft" | "ArrowDown" => trim::step(&points, from, -1),
                "ArrowRight" | "ArrowUp" => trim::step(&points, from, 1),
                "Home" => points.first().copied().unwrap_or(from),
                "End" => points.last().copied().unwrap_or(from),
                _ => return,
            };
            event.prevent_default();
            go(to);
        };
        let grab = move |event: PointerEvent| {
            event.prevent_default();
            event.stop_propagation();
            if let Some(handle) = event
                .target()
                .and_then(|target| target.dyn_into::<HtmlElement>().ok())
            {
                let _ = handle.set_pointer_capture(event.pointer_id());
                let _ = handle.focus();
            }
        };
        let drag = move |event: PointerEvent| {
            let held = event
                .target()
                .and_then(|target| target.dyn_into::<HtmlElement>().ok())
                .is_some_and(|handle| handle.has_pointer_capture(event.pointer_id()));
            if held && let Some(t) = time_at(frame, &event, duration.get_untracked()) {
                go(t);
            }
        };
        view! {
            <button
                type="button"
                class="timeline-handle"
                class:start=start
                class:end=!start
                style=("--start", move || share.run(clip.with(|clip| clip.as_ref().map_or(0.0, |c| c.start))))
                style=("--end", move || share.run(clip.with(|clip| clip.as_ref().map_or(1.0, |c| c.end))))
                role="slider"
                aria-label=if start { "Start of the clip" } else { "End of the clip" }
                aria-valuemin="0"
                aria-valuemax=move || duration.get().to_string()
                aria-valuenow=move || at().to_string()
                aria-valuetext=move || wording::timecode(at())
                data-test=if start { "handle-start" } else { "handle-end" }
                on:keydown=key
                on:pointerdown=grab
                on:pointermove=drag
            ></button>
        }
    };
    view! {
        {handle(true)}
        {handle(false)}
    }
}

/// What is under the pointer or the playhead, and what can be made of it.
#[component]
fn Described(
    /// The studio.
    studio: Studio,
    /// The clip pointed at.
    pointed: RwSignal<Option<u32>>,
) -> impl IntoView {
    let about = move |id: u32| {
        find(studio, id).map(|clip| {
            format!(
                "{} – {}: {}",
                wording::timecode(clip.start),
                wording::timecode(clip.end),
                because(&clip.reasons)
            )
        })
    };
    // The shot under the playhead, if no clip is pointed at.
    let shot = move || {
        let head = studio.playhead.get()?;
        studio.review.with(|review| {
            let at = review
                .shots
                .iter()
                .position(|shot| head >= shot.start && head < shot.end)?;
            let taken = review
                .clips
                .iter()
                .any(|clip| head >= clip.start && head < clip.end);
            Some((at, taken))
        })
    };
    let text = move || {
        match (pointed.get().and_then(about), studio.playhead.get()) {
        (Some(text), _) => text,
        (None, Some(head)) => match shot() {
            Some((at, _)) => format!("{}, shot {}", wording::timecode(head), at + 1),
            None => wording::timecode(head),
        },
        (None, None) => {
            "Point at a lit span to see why it was chosen, drag it to move it, or its ends to trim it. Point anywhere else to take that moment."
                .to_owned()
        }
    }
    };
    let add = move |_| {
        if let Some((at, _)) = untrack(shot) {
            studio.add_clip_of(at);
        }
    };
    view! {
        <div class="timeline-reason" aria-live="polite">
            <span>{text}</span>
            " "
            <Show when=move || shot().is_some_and(|(_, taken)| !taken)>
                <button type="button" class="link" data-test="add-clip" on:click=add>"Make a clip of this shot"</button>
            </Show>
            " "
            <Show when=move || studio.playhead.get().is_some()>
                <button type="button" class="link" data-test="add-still" on:click=move |_| studio.add_still()>"Take this frame as a photo"</button>
            </Show>
        </div>
    }
}
