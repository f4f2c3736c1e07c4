//! The devices: what is plugged in, what is on, and how loud and bright it is.

use gloo::events::EventListener;
use leptos::{prelude::*, task::spawn_local};
use web_sys::{HtmlVideoElement, MediaStream, MediaStreamTrack};

use crate::browser::{
    constraint::{Preference, Resolution},
    device::{self, Listed},
    error::Device,
    js,
    meter::{AudioMeter, LightMeter},
    storage,
};

/// Where the preferences are kept.
const PREFERENCE: &str = "vitrine.device";
/// Milliseconds between readings of level and light before a recording.
const READING_MS: u32 = 100;
/// What is shown of a microphone that is off, dB full scale.
const SILENCE: f32 = -120.0;

/// The devices of the studio.
#[derive(Clone, Copy)]
pub(crate) struct Devices {
    /// What is asked for.
    pub(crate) preference: RwSignal<Preference>,
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
    /// A device that is being opened.
    pub(crate) opening: RwSignal<Option<Device>>,
    audio_meter: StoredValue<Option<AudioMeter>, LocalStorage>,
    listeners: StoredValue<Vec<(Device, EventListener)>, LocalStorage>,
}

impl Devices {
    /// Everything off.
    pub(crate) fn new() -> Self {
        Self {
            preference: RwSignal::new(storage::read(PREFERENCE).unwrap_or_default()),
            camera: RwSignal::new_local(None),
            screen: RwSignal::new_local(None),
            microphone: RwSignal::new_local(None),
            listed: RwSignal::new(Vec::new()),
            dbfs: RwSignal::new(SILENCE),
            exposure: RwSignal::new(None),
            opening: RwSignal::new(None),
            audio_meter: StoredValue::new_local(None),
            listeners: StoredValue::new_local(Vec::new()),
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
    pub(crate) fn is_on(self, device: Device) -> bool {
        self.stream(device).with(Option::is_some)
    }

    /// Whether there is anything to film.
    pub(crate) fn has_picture(self) -> bool {
        self.is_on(Device::Camera) || self.is_on(Device::Screen)
    }

    /// The browser's name of the device that is on.
    pub(crate) fn current(self, device: Device) -> Option<String> {
        self.stream(device)
            .with(|stream| stream.as_ref().and_then(device::name))
    }

    /// The devices of one kind that can be picked.
    pub(crate) fn choices(self, device: Device) -> Vec<Listed> {
        self.listed.with(|all| {
            all.iter()
                .filter(|one| one.device == device)
                .cloned()
                .collect()
        })
    }

    /// Whether the picture on show is of a camera that looks at the person: such a picture is shown mirrored.
    pub(crate) fn is_mirrored(self) -> bool {
        self.screen.with(Option::is_none)
            && self
                .camera
                .with(|camera| camera.as_ref().is_some_and(device::faces_person))
    }

    /// The tracks of screen and camera.
    pub(crate) fn video_tracks(self) -> (Option<MediaStreamTrack>, Option<MediaStreamTrack>) {
        let track = |stream: &Option<MediaStream>| stream.as_ref().and_then(device::track);
        (
            self.screen.with_untracked(track),
            self.camera.with_untracked(track),
        )
    }

    /// The track of the microphone.
    pub(crate) fn audio_track(self) -> Option<MediaStreamTrack> {
        self.microphone
            .with_untracked(|stream| stream.as_ref().and_then(device::track))
    }

    /// Changes the preferences and keeps them.
    pub(crate) fn prefer(self, change: impl FnOnce(&mut Preference)) {
        self.preference.update(change);
        self.preference
            .with_untracked(|preference| storage::write(PREFERENCE, preference));
    }

    /// Picks another camera or microphone for the next time that one is opened.
    pub(crate) fn prefer_device(self, device: Device, name: String) {
        self.prefer(|preference| match device {
            Device::Camera => preference.camera = Some(name),
            Device::Microphone => preference.microphone = Some(name),
            Device::Screen => {}
        });
    }

    /// The size of picture that is asked for.
    pub(crate) fn resolution(self) -> Resolution {
        self.preference.with(|preference| preference.resolution)
    }

    /// Whether the browser is asked to clean the sound.
    pub(crate) fn clean_sound(self) -> bool {
        self.preference.with(|preference| preference.clean_sound)
    }

    /// Turns a device on. `on_ended` is called when it ends by itself: unplugged, or the browser's own “stop sharing”. The
    /// error is a message for the person.
    pub(crate) async fn open(
        self,
        device: Device,
        on_ended: impl Fn(Device) + 'static,
    ) -> Result<(), String> {
        let opened = device::open(device, &self.preference.get_untracked()).await;
        let result = opened.map(|stream| self.attach(device, stream, on_ended));
        self.listed.set(device::list().await);
        result
    }

    fn attach(self, device: Device, stream: MediaStream, on_ended: impl Fn(Device) + 'static) {
        self.close(device);
        if device == Device::Microphone {
            self.audio_meter.set_value(AudioMeter::new(&stream).ok());
        }
        if let Some(track) = device::track(&stream) {
            let listener = EventListener::new(&track, "ended", move |_| on_ended(device));
            self.listeners
                .update_value(|listeners| listeners.push((device, listener)));
        }
        self.stream(device).set(Some(stream));
    }

    /// Turns a device off.
    pub(crate) fn close(self, device: Device) {
        // First the listener: a track that is stopped on purpose did not end by itself.
        self.listeners
            .update_value(|listeners| listeners.retain(|(of, _)| *of != device));
        if device == Device::Microphone {
            self.audio_meter.set_value(None);
            self.dbfs.set(SILENCE);
        }
        let stream = self.stream(device);
        if let Some(old) = stream.get_untracked() {
            device::release(&old);
            stream.set(None);
        }
    }

    /// Turns everything off.
    pub(crate) fn close_all(self) {
        for device in [Device::Camera, Device::Screen, Device::Microphone] {
            self.close(device);
        }
        self.exposure.set(None);
    }

    /// Reads level and light of `video` while `measuring` says so, until that is `None`: before a recording the page
    /// measures, during it the worker.
    pub(crate) fn measure(
        self,
        video: impl Fn() -> Option<HtmlVideoElement> + 'static,
        measuring: impl Fn() -> Option<bool> + 'static,
    ) {
        spawn_local(async move {
            let light_meter = LightMeter::new();
            while let Some(now) = measuring() {
                if now {
                    let dbfs = self
                        .audio_meter
                        .with_value(|meter| meter.as_ref().map(AudioMeter::dbfs));
                    if let Some(dbfs) = dbfs {
                        self.dbfs.set(dbfs);
                    }
                    let exposure = light_meter
                        .as_ref()
                        .zip(video())
                        .and_then(|(meter, video)| meter.exposure(&video));
                    if exposure != self.exposure.get_untracked() {
                        self.exposure.set(exposure);
                    }
                }
                js::sleep(READING_MS).await;
            }
        });
    }
}
