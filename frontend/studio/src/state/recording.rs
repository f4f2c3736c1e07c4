//! Devices on and off, filming, importing a film, and photos on the way.

use leptos::{prelude::*, task::spawn_local};
use protocol::Request;
use web_sys::HtmlVideoElement;

use super::{Studio, stage::Stage};
use crate::browser::{
    compose,
    constraint::Resolution,
    error::{self, Device},
    js, photo,
    recorder::Attachment,
    source,
    wake_lock::WakeLock,
};

/// Milliseconds within which the recorder says what it kept of a recording it ended.
const STOPPED_LIMIT_MS: u32 = 5_000;

impl Studio {
    /// Turns a device on. `then` is opened after it: a camera wants a microphone, but films without one.
    pub(crate) fn open_device(self, device: Device, then: Option<Device>) {
        if self.devices.opening.get_untracked().is_some() {
            return;
        }
        self.devices.opening.set(Some(device));
        spawn_local(async move {
            let mut then = then;
            let mut next = Some(device);
            // Between the two nothing counts as open, so that nobody films without the sound that is about to come.
            while let Some(device) = next {
                self.devices.opening.set(Some(device));
                let on_ended = move |device| self.device_ended(device);
                next = match self.devices.open(device, on_ended).await {
                    Ok(()) => {
                        self.message.set(None);
                        let off = |device: &Device| !untrack(|| self.devices.is_on(*device));
                        then.take().filter(off)
                    }
                    Err(message) => {
                        self.show_error(message);
                        None
                    }
                };
            }
            self.devices.opening.set(None);
        });
    }

    /// Turns a device on or off.
    pub(crate) fn toggle_device(self, device: Device) {
        if untrack(|| self.devices.is_on(device)) {
            self.devices.close(device);
        } else {
            let then = (device == Device::Camera).then_some(Device::Microphone);
            self.open_device(device, then);
        }
    }

    /// Picks another camera or microphone.
    pub(crate) fn pick_device(self, device: Device, name: String) {
        self.devices.prefer_device(device, name);
        // A camera gives its picture to one taker at a time on some systems: let go of it first.
        self.devices.close(device);
        self.open_device(device, None);
    }

    /// Sets the size of the picture.
    pub(crate) fn set_resolution(self, resolution: Resolution) {
        self.devices
            .prefer(|preference| preference.resolution = resolution);
        self.reopen_device(Device::Camera);
    }

    /// Sets whether the browser cleans the sound.
    pub(crate) fn set_clean_sound(self, clean: bool) {
        self.devices
            .prefer(|preference| preference.clean_sound = clean);
        self.reopen_device(Device::Microphone);
    }

    fn reopen_device(self, device: Device) {
        if untrack(|| self.devices.is_on(device)) {
            self.devices.close(device);
            self.open_device(device, None);
        }
    }

    /// A device ended by itself.
    fn device_ended(self, device: Device) {
        let filming = self.stage.get_untracked() == Stage::Recording;
        self.devices.close(device);
        let picture_left = untrack(|| self.devices.has_picture());
        if filming {
            self.show_error(error::unplugged(device, picture_left));
            if !picture_left {
                self.stop();
            }
        } else if device != Device::Screen {
            self.show_notice(format!(
                "The {device} was unplugged. Plug it in, or pick another."
            ));
        }
    }

    /// Lets go of devices and the screen.
    pub(super) fn release_devices(self) {
        self.devices.close_all();
        self.wake_lock.set_value(None);
    }

    /// Begins to film.
    pub(crate) fn record(self) {
        if self.stage.get_untracked() != Stage::Setup || !self.ready.get_untracked() {
            return;
        }
        spawn_local(async move {
            self.message.set(None);
            if let Err(message) = self.try_record().await {
                self.session_lock.set_value(None);
                self.show_error(message);
            }
        });
    }

    async fn try_record(self) -> Result<(), String> {
        let (session, lock) = self.claim_session().await.ok_or(
            "Another tab is recording this session. Stop it there, or press again to start a new one here.",
        )?;
        let (screen, camera) = self.devices.video_tracks();
        let video = compose::picture(screen.as_ref(), camera.as_ref())
            .await
            .map_err(|error| {
                format!(
                    "The picture could not be recorded ({}). Pick the camera again.",
                    js::error_text(&error)
                )
            })?
            .ok_or("There is no picture to record. Pick a camera or a screen first.")?;
        let mut attachments = vec![Attachment::Video(video)];
        if let Some(track) = self.devices.audio_track() {
            match source::samples(&track) {
                Ok(stream) => attachments.push(Attachment::Audio(stream)),
                Err(_) => self.show_notice("The sound of this microphone cannot be recorded here, so this film will be silent."),
            }
        }
        self.session_lock.set_value(Some(lock));
        self.begin_session(&session);
        self.send(
            &Request::Start {
                session,
                selection: self.selection(),
            },
            attachments,
        );
        self.stage.set(Stage::Recording);
        self.wake_lock.set_value(WakeLock::acquire().await);
        Ok(())
    }

    /// Ends filming, or an import with what is in.
    pub(crate) fn stop(self) {
        if matches!(
            self.stage.get_untracked(),
            Stage::Recording | Stage::Importing
        ) {
            self.stage.set(Stage::Finishing);
            self.send(&Request::Stop, Vec::new());
        }
    }

    /// The recorder ended the recording: what it kept is announced in a moment; without that, back to the start.
    pub(super) fn wait_for_recording(self) {
        self.release_devices();
        self.stage.set(Stage::Finishing);
        spawn_local(async move {
            js::sleep(STOPPED_LIMIT_MS).await;
            let nothing = self.recording.with_untracked(Option::is_none);
            if nothing && self.stage.get_untracked() == Stage::Finishing {
                self.back_to_setup();
            }
        });
    }

    /// Imports a film file.
    pub(crate) fn import(self, file: web_sys::File) {
        if self.stage.get_untracked() != Stage::Setup || !self.ready.get_untracked() {
            return;
        }
        self.message.set(None);
        self.devices.close_all();
        spawn_local(async move {
            let Some((session, lock)) = self.claim_session().await else {
                self.show_error("Another tab is using this session. Choose the film again to bring it into a new one.");
                return;
            };
            self.session_lock.set_value(Some(lock));
            self.begin_session(&session);
            self.stage.set(Stage::Importing);
            self.send(
                &Request::Import {
                    session,
                    selection: self.selection(),
                },
                vec![Attachment::File(file)],
            );
        });
    }

    /// Takes a photo of what the camera sees, or of the picture on show.
    pub(crate) fn take_photo(self, shown: HtmlVideoElement) {
        let session = self.session.get_untracked();
        let camera = self.devices.video_tracks().1;
        spawn_local(async move {
            let taken = photo::take(camera.as_ref(), &shown).await;
            match taken {
                Ok(blob) => {
                    let name = format!("{:013}.jpg", js_sys::Date::now() as u64);
                    if photo::save(session.as_str(), &name, &blob).await {
                        self.photos.update(|photos| photos.push(name));
                    } else {
                        self.show_error("The photo could not be kept: this device is full. Delete an earlier session below, then press again.");
                    }
                }
                Err(message) => self.show_error(message),
            }
        });
    }
}
