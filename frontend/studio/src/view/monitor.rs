//! The picture, and over it what must be seen from across the room.

use domain::capture::Engine;
use leptos::{html::Video, prelude::*};
use web_sys::{HtmlVideoElement, MediaStream};

use super::{guidance::PresentShot, room::RoomWhileFilming};
use crate::{
    browser::error::Device,
    state::{Studio, stage::Stage},
    wording,
};

/// Shows a stream in an element and keeps it playing.
fn show(element: NodeRef<Video>, stream: impl Fn() -> Option<MediaStream> + 'static) {
    Effect::new(move |_| {
        let stream = stream();
        if let Some(video) = element.get() {
            let video: HtmlVideoElement = video;
            video.set_muted(true);
            video.set_src_object(stream.as_ref());
            if stream.is_some() {
                // Refused when the stream was replaced meanwhile; the next one plays itself.
                let _ = video.play();
            }
        }
    });
}

/// The monitor.
#[component]
pub(crate) fn Monitor(
    /// The studio.
    studio: Studio,
    /// The element of the picture.
    video: NodeRef<Video>,
) -> impl IntoView {
    let devices = studio.devices;
    let inset = NodeRef::new();
    show(video, move || {
        devices.screen.get().or_else(|| devices.camera.get())
    });
    show(inset, move || {
        devices.screen.get().and_then(|_| devices.camera.get())
    });
    let live = move || studio.stage.get() == Stage::Recording;
    let mirrored = move || devices.is_mirrored();
    let shape = RwSignal::new(16.0 / 9.0);
    let measure = move || {
        let shown: Option<HtmlVideoElement> = video.get_untracked();
        if let Some(shown) = shown.filter(|shown| shown.video_height() > 0) {
            let size = (shown.video_width(), shown.video_height());
            shape.set(f64::from(size.0) / f64::from(size.1));
            studio.capture.size.set(Some(size));
        }
    };
    let both = move || devices.is_on(Device::Screen) && devices.is_on(Device::Camera);
    view! {
        <section class="monitor" class:live=live class:mirrored=mirrored aria-label="Picture">
            <video
                class="monitor-picture"
                node_ref=video
                autoplay
                playsinline
                muted
                data-test="preview"
                on:resize=move |_| measure()
                on:loadedmetadata=move |_| measure()
            ></video>
            // As large as the screen's picture, so that the camera is previewed where it will be recorded.
            <div class="monitor-layer" hidden=move || !both()>
                <div class="monitor-overlay" style=("--shape", move || shape.get().to_string())>
                    <video class="monitor-inset" node_ref=inset autoplay playsinline muted></video>
                </div>
            </div>
            {move || match studio.stage.get() {
                Stage::Setup if !devices.has_picture() => view! { <Empty studio /> }.into_any(),
                Stage::Recording => view! { <Running studio /> }.into_any(),
                Stage::Importing | Stage::Finishing | Stage::Opening => view! { <Working studio /> }.into_any(),
                _ => ().into_any(),
            }}
        </section>
    }
}

/// Before there is a picture.
#[component]
fn Empty(
    /// The studio.
    studio: Studio,
) -> impl IntoView {
    let devices = studio.devices;
    let asking = move || devices.opening.get().is_some();
    view! {
        <div class="monitor-empty">
            <h2>"Show your product"</h2>
            <p>
                "Film it from all sides, close up, in use. The best moments are found while you film, and only those leave this device."
            </p>
            <button
                type="button"
                class="button large"
                data-test="use-camera"
                disabled=asking
                on:click=move |_| studio.open_device(Device::Camera, Some(Device::Microphone))
            >
                {move || if asking() { "Answer the browser’s question…" } else { "Use the camera" }}
            </button>
        </div>
    }
}

/// Where the network runs, in words.
pub(crate) fn engine_words(engine: Option<Engine>) -> &'static str {
    match engine {
        None => "Analysis: starting",
        Some(Engine::Precise) => "Precise analysis on the graphics chip",
        Some(Engine::Gpu) => "Analysis on the graphics chip",
        Some(Engine::Cpu) => "Analysis on the processor",
        Some(Engine::Plain) => "Analysis without the network",
    }
}

/// While recording: it runs, how long, how much.
#[component]
fn Running(
    /// The studio.
    studio: Studio,
) -> impl IntoView {
    let progress = studio.progress;
    let behind = move || {
        let behind = progress.with(|p| p.seconds - p.analysed);
        (behind > 5.0).then(|| view! { <span class="figure">{format!("analysis {} behind", wording::length(behind))}</span> })
    };
    let dropped = move || {
        let dropped = progress.with(|p| p.dropped);
        (dropped > 0).then(|| view! { <span class="figure" data-test="dropped">{format!("{dropped} frames dropped")}</span> })
    };
    view! {
        <div class="monitor-top">
            <span class="tally" role="status">"Recording"</span>
            <span
                class="timecode"
                data-test="elapsed"
                data-seconds=move || progress.with(|p| format!("{:.2}", p.seconds))
            >
                {move || wording::clock(progress.with(|p| p.seconds))}
            </span>
            <span class="engine" data-test="engine" data-engine=move || engine_name(studio.analysis.engine.get())>
                {move || engine_words(studio.analysis.engine.get())}
            </span>
            <PresentShot studio />
        </div>
        <div class="monitor-foot">
            <span class="figure" data-test="bytes">
                {move || format!("{} on this device", wording::size(progress.with(|p| p.bytes)))}
            </span>
            {dropped}
            {behind}
            <RoomWhileFilming studio />
        </div>
    }
}

/// The engine as tests and style sheets name it.
pub(crate) fn engine_name(engine: Option<Engine>) -> &'static str {
    match engine {
        None => "starting",
        Some(Engine::Precise) => "precise",
        Some(Engine::Gpu) => "gpu",
        Some(Engine::Cpu) => "cpu",
        Some(Engine::Plain) => "plain",
    }
}

/// Importing, finishing or opening: a bar with what is happening.
#[component]
fn Working(
    /// The studio.
    studio: Studio,
) -> impl IntoView {
    let share = move || {
        let progress = studio.progress.get();
        match (studio.stage.get(), progress.share) {
            (Stage::Importing, Some(share)) => Some(f64::from(share)),
            (Stage::Finishing, _) => {
                let whole = studio
                    .recording
                    .with(|done| done.as_ref().map_or(progress.seconds, |done| done.duration));
                (whole > 0.0).then(|| (progress.analysed / whole).clamp(0.0, 1.0))
            }
            _ => None,
        }
    };
    let what = move || match studio.stage.get() {
        Stage::Importing => format!(
            "Bringing in the film: {} read, {} on this device",
            wording::length(studio.progress.get().seconds),
            wording::size(studio.progress.get().bytes)
        ),
        Stage::Opening => "Reading the session from this device".to_owned(),
        // Only what the recorder has announced is known to be kept.
        _ if studio.recording.with(Option::is_none) => "Closing the film".to_owned(),
        _ => "The film is safe on this device. Looking at the last frames".to_owned(),
    };
    view! {
        <div class="monitor-empty" role="status">
            <div class="progress" data-test="working">
                <span class="progress-what">{what}</span>
                <span class="progress-number">
                    {move || share().map(|share| format!("{} %", (share * 100.0).floor()))}
                </span>
                {move || match share() {
                    Some(share) => view! { <progress class="progress-bar" max="1" value=share.to_string()></progress> }.into_any(),
                    None => view! { <progress class="progress-bar"></progress> }.into_any(),
                }}
            </div>
        </div>
    }
}
