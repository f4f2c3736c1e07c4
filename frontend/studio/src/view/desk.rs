//! The devices: what is plugged in, what is on, and how loud and bright it is.

use leptos::{prelude::*, task::spawn_local};
use web_sys::{HtmlVideoElement, MediaStream, MediaStreamTrack};

use super::studio::{self, Studio};
use crate::{
    browser::{
        device::{self, Listed},
        js,
        listener::Listener,
        meter::{Ear, Eye},
        store,
    },
    constraint::{Resolution, Wish},
    fault::Device,
};

/// Where the wishes are kept.
const WISH: &str = "vitrine.wish";
/// Milliseconds between readings of level and light before a recording.
const READING: u32 = 100;

/// The devices of the studio.
#[derive(Clone, Copy)]
pub(crate) struct Desk {
    /// What is asked for.
    pub(crate) wish: RwSignal<Wish>,
    /// The camera, when on.
    pub(crate) camera: RwSignal<Option<MediaStream>, LocalStorage>,
    /// The screen, when shared.
    pub(crate) screen: RwSignal<Option<MediaStream>, LocalStorage>,
    /// The microphone, when on.
    pub(crate) microphone: RwSignal<Option<MediaStream>, LocalStorage>,
    /// Devices that can be picked.
    pub(crate) listed: RwSignal<Vec<Listed>>,
    /// Loudness now, dB full scale.
    pub(crate) dbfs: RwSignal<f32>,
    /// Light now, 0–1.
    pub(crate) exposure: RwSignal<Option<f32>>,
    /// A device that is being asked for.
    pub(crate) asking: RwSignal<Option<Device>>,
    ear: StoredValue<Option<Ear>, LocalStorage>,
    ends: StoredValue<Vec<(Device, Listener)>, LocalStorage>,
}

impl Desk {
    /// Everything off.
    pub(crate) fn new() -> Self {
        Self {
            wish: RwSignal::new(store::load(WISH).unwrap_or_default()),
            camera: RwSignal::new_local(None),
            screen: RwSignal::new_local(None),
            microphone: RwSignal::new_local(None),
            listed: RwSignal::new(Vec::new()),
            dbfs: RwSignal::new(-120.0),
            exposure: RwSignal::new(None),
            asking: RwSignal::new(None),
            ear: StoredValue::new_local(None),
            ends: StoredValue::new_local(Vec::new()),
        }
    }

    fn stream(self, device: Device) -> RwSignal<Option<MediaStream>, LocalStorage> {
        match device {
            Device::Camera => self.camera,
            Device::Screen => self.screen,
            Device::Microphone => self.microphone,
        }
    }

    /// Whether a device is on.
    pub(crate) fn on(self, device: Device) -> bool {
        self.stream(device).with(Option::is_some)
    }

    /// Whether there is anything to film.
    pub(crate) fn has_picture(self) -> bool {
        self.on(Device::Camera) || self.on(Device::Screen)
    }

    /// The tracks of screen and camera.
    pub(crate) fn pictures(self) -> (Option<MediaStreamTrack>, Option<MediaStreamTrack>) {
        let track = |stream: &Option<MediaStream>| stream.as_ref().and_then(device::track);
        (
            self.screen.with_untracked(track),
            self.camera.with_untracked(track),
        )
    }

    /// The track of the microphone.
    pub(crate) fn sound(self) -> Option<MediaStreamTrack> {
        self.microphone
            .with_untracked(|stream| stream.as_ref().and_then(device::track))
    }

    /// Changes a wish and keeps it.
    fn wish(self, change: impl FnOnce(&mut Wish)) {
        self.wish.update(change);
        self.wish.with_untracked(|wish| store::save(WISH, wish));
    }

    /// Turns a device on. `then` is asked for after it, quietly: a camera wants a microphone, but films without one.
    pub(crate) fn open(self, studio: Studio, device: Device, then: Option<Device>) {
        if self.asking.get_untracked().is_some() {
            return;
        }
        self.asking.set(Some(device));
        spawn_local(async move {
            let opened = device::open(device, &self.wish.get_untracked()).await;
            self.asking.set(None);
            match opened {
                Ok(stream) => {
                    studio.word.set(None);
                    self.take(studio, device, stream);
                    self.listed.set(device::list().await);
                    if let Some(next) =
                        then.filter(|next| self.stream(*next).with_untracked(Option::is_none))
                    {
                        self.open(studio, next, None);
                    }
                }
                Err(sentence) => {
                    self.listed.set(device::list().await);
                    studio.wrong(sentence);
                }
            }
        });
    }

    fn take(self, studio: Studio, device: Device, stream: MediaStream) {
        self.forget(device);
        if device == Device::Microphone {
            self.ear.set_value(Ear::new(&stream).ok());
        }
        if let Some(listener) = studio::watch(studio, device, &stream) {
            self.ends.update_value(|ends| ends.push((device, listener)));
        }
        self.stream(device).set(Some(stream));
    }

    /// Turns a device off.
    pub(crate) fn forget(self, device: Device) {
        // First the listener: a track that is stopped on purpose was not lost.
        self.ends
            .update_value(|ends| ends.retain(|(of, _)| *of != device));
        if device == Device::Microphone {
            self.ear.set_value(None);
            self.dbfs.set(-120.0);
        }
        let stream = self.stream(device);
        if let Some(old) = stream.get_untracked() {
            device::release(&old);
            stream.set(None);
        }
    }

    /// Turns everything off.
    pub(crate) fn release(self) {
        for device in [Device::Camera, Device::Screen, Device::Microphone] {
            self.forget(device);
        }
        self.exposure.set(None);
    }

    /// Turns a device on or off.
    pub(crate) fn toggle(self, studio: Studio, device: Device) {
        if self.stream(device).with_untracked(Option::is_some) {
            self.forget(device);
        } else {
            let then = (device == Device::Camera).then_some(Device::Microphone);
            self.open(studio, device, then);
        }
    }

    /// Picks another camera or microphone.
    pub(crate) fn pick(self, studio: Studio, device: Device, name: String) {
        self.wish(|wish| match device {
            Device::Camera => wish.camera = Some(name),
            Device::Microphone => wish.microphone = Some(name),
            Device::Screen => {}
        });
        // A camera gives its picture to one taker at a time on some systems: let go of it first.
        self.forget(device);
        self.open(studio, device, None);
    }

    /// Sets the size of the picture.
    pub(crate) fn resize(self, studio: Studio, resolution: Resolution) {
        self.wish(|wish| wish.resolution = resolution);
        if self.camera.with_untracked(Option::is_some) {
            self.forget(Device::Camera);
            self.open(studio, Device::Camera, None);
        }
    }

    /// Sets whether the browser cleans the sound.
    pub(crate) fn clean(self, studio: Studio, clean: bool) {
        self.wish(|wish| wish.clean_sound = clean);
        if self.microphone.with_untracked(Option::is_some) {
            self.forget(Device::Microphone);
            self.open(studio, Device::Microphone, None);
        }
    }

    /// Reads level and light while `measuring` says so: before a recording the page measures, during it the worker.
    pub(crate) fn measure(
        self,
        video: NodeRef<leptos::html::Video>,
        measuring: impl Fn() -> Option<bool> + 'static,
    ) {
        spawn_local(async move {
            let eye = Eye::new();
            while let Some(now) = measuring() {
                if now {
                    if let Some(dbfs) = self.ear.with_value(|ear| ear.as_ref().map(Ear::dbfs)) {
                        self.dbfs.set(dbfs);
                    }
                    let shown: Option<HtmlVideoElement> = video.get_untracked();
                    let lit = eye
                        .as_ref()
                        .zip(shown)
                        .and_then(|(eye, video)| eye.exposure(&video));
                    if lit != self.exposure.get_untracked() {
                        self.exposure.set(lit);
                    }
                }
                js::sleep(READING).await;
            }
        });
    }
}
