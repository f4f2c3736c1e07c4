//! What is filmed under, how much of it is there, and what may leave the device.

use domain::{
    capture::{
        Contract, Metadata, MetadataItem, Selection,
        contract::{Recorded, Unmet, template},
    },
    id::SessionId,
};
use leptos::{prelude::*, task::spawn_local};
use serde::{Deserialize, Serialize};

use super::{Studio, stage::Stage};
use crate::{
    browser::{error::Device, location, storage},
    guidance::{self, Now, ms},
    upload::item::Owner,
};

/// What is kept with a session, so that it is still filmed under the same when it is opened again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct CaptureRow {
    /// The contract, whole: it may have another version by then.
    pub(crate) contract: Contract,
    /// What its person lets go.
    pub(crate) consent: Metadata,
    /// Where shots end, s.
    #[serde(default)]
    pub(crate) marks: Vec<f64>,
    /// What the devices are called.
    #[serde(default)]
    pub(crate) devices: Vec<String>,
}

/// The contract of the session that is, or would be, recorded or reviewed.
#[derive(Clone, Copy)]
pub(crate) struct Capture {
    /// What can be filmed under, the free one first.
    pub(crate) offered: StoredValue<Vec<Contract>>,
    /// What is filmed under.
    pub(crate) contract: RwSignal<Contract>,
    /// What its person lets go. The contract may keep some of it.
    pub(crate) consent: RwSignal<Metadata>,
    /// Whether that is what they chose for all sessions.
    pub(crate) consent_is_kept: RwSignal<bool>,
    /// Where shots end, s, as marked while filming.
    pub(crate) marks: RwSignal<Vec<f64>>,
    /// What the devices are called that it is filmed with.
    pub(crate) devices: RwSignal<Vec<String>>,
    /// Width and height of the picture on show, in pixels.
    pub(crate) size: RwSignal<Option<(u32, u32)>>,
}

fn contract_key(owner: &Owner) -> String {
    format!("vitrine.contract.{}.{}", owner.person, owner.shop)
}

fn consent_key(owner: &Owner) -> String {
    format!("vitrine.may-leave.{}.{}", owner.person, owner.shop)
}

impl Capture {
    /// What its person chose last.
    pub(crate) fn new(mut offered: Vec<Contract>, owner: &Owner) -> Self {
        if offered.is_empty() {
            offered = template::all().into();
        }
        let capture = Self {
            contract: RwSignal::new(offered[0].clone()),
            offered: StoredValue::new(offered),
            consent: RwSignal::new(Metadata::default()),
            consent_is_kept: RwSignal::new(true),
            marks: RwSignal::new(Vec::new()),
            devices: RwSignal::new(Vec::new()),
            size: RwSignal::new(None),
        };
        capture.prefer(owner);
        capture
    }

    /// Goes back to what its person chose last, for the next session.
    pub(super) fn prefer(self, owner: &Owner) {
        let id: Option<String> = storage::read(&contract_key(owner));
        let preferred = self.offered.with_value(|offered| {
            let found = offered
                .iter()
                .find(|contract| Some(contract.id.as_str()) == id.as_deref());
            found.or(offered.first()).cloned()
        });
        if let Some(preferred) = preferred {
            self.contract.set(preferred);
        }
        self.consent
            .set(storage::read(&consent_key(owner)).unwrap_or_default());
        self.consent_is_kept.set(true);
        self.marks.set(Vec::new());
        self.devices.set(Vec::new());
    }

    /// What is kept with the session.
    pub(super) fn row(self) -> CaptureRow {
        CaptureRow {
            contract: self.contract.get_untracked(),
            consent: self.consent.get_untracked(),
            marks: self.marks.get_untracked(),
            devices: self.devices.get_untracked(),
        }
    }

    /// Takes what was kept with a session; one from before contracts is free.
    pub(super) fn open(self, row: Option<CaptureRow>) {
        let Some(row) = row else {
            self.contract.set(template::free());
            return;
        };
        self.contract.set(row.contract);
        self.consent_is_kept
            .set(row.consent == self.consent.get_untracked());
        self.consent.set(row.consent);
        self.marks.set(row.marks);
        self.devices.set(row.devices);
    }

    /// What may leave the device: what its person lets go and the contract does not keep.
    pub(crate) fn may_leave(self) -> Metadata {
        self.contract.with(|contract| {
            self.consent
                .with(|consent| consent.within(&contract.metadata))
        })
    }
}

impl Studio {
    /// What is chosen of a recording here.
    pub(crate) fn selection(self) -> Selection {
        self.capture.contract.with(Contract::selection)
    }

    /// Films under another contract from now on.
    pub(crate) fn pick_contract(self, id: &str) {
        let found = self.capture.offered.with_value(|offered| {
            let mut offered = offered.iter();
            offered.find(|contract| contract.id.as_str() == id).cloned()
        });
        if let Some(contract) = found {
            storage::write(&contract_key(&self.uploads.owner()), &contract.id);
            self.capture.contract.set(contract);
        }
    }

    /// Lets a kind of metadata of this session leave the device, or keeps it.
    pub(crate) fn set_may_leave(self, item: MetadataItem, may_leave: bool) {
        self.capture
            .consent
            .update(|consent| consent.set(item, may_leave));
        let kept: Metadata = storage::read(&consent_key(&self.uploads.owner())).unwrap_or_default();
        self.capture
            .consent_is_kept
            .set(kept == self.capture.consent.get_untracked());
        self.keep_capture();
    }

    /// Makes what is let go of this session the choice for all.
    pub(crate) fn keep_consent(self) {
        let consent = self.capture.consent.get_untracked();
        storage::write(&consent_key(&self.uploads.owner()), &consent);
        self.capture.consent_is_kept.set(true);
    }

    /// Writes down what the session is filmed under.
    pub(super) fn keep_capture(self) {
        let session: SessionId = self.session.get_untracked();
        self.store.put_capture(session, self.capture.row());
    }

    /// The devices that are on, as people call them.
    pub(super) fn device_names(self) -> Vec<String> {
        let label = |device| {
            let current = untrack(|| self.devices.current(device))?;
            let listed = untrack(|| self.devices.choices(device));
            let found = listed.into_iter().find(|one| one.name == current);
            found.map(|one| one.label)
        };
        [Device::Camera, Device::Microphone]
            .into_iter()
            .filter_map(label)
            .collect()
    }

    /// What is seen and heard now.
    pub(crate) fn now(self) -> Now {
        let filming = self.stage.get() == Stage::Recording;
        Now {
            seconds: filming.then(|| self.progress.with(|progress| progress.seconds)),
            size: self
                .capture
                .size
                .get()
                .filter(|_| self.devices.has_picture()),
            exposure: self.devices.exposure.get(),
            dbfs: self
                .devices
                .is_on(Device::Microphone)
                .then(|| self.devices.dbfs.get()),
        }
    }

    /// How many of the wanted shots were marked as filmed, and for how long the present one has been, s.
    pub(crate) fn shots_marked(self) -> (usize, f64) {
        let seconds = self.progress.with(|progress| progress.seconds);
        self.capture.marks.with(|marks| {
            let begin = marks.last().copied().unwrap_or_default();
            (marks.len(), (seconds - begin).max(0.0))
        })
    }

    /// The present shot ends here.
    pub(crate) fn mark_shot(self) {
        if self.stage.get_untracked() == Stage::Recording {
            let now = self.progress.with_untracked(|progress| progress.seconds);
            self.capture.marks.update(|marks| marks.push(now));
            self.keep_capture();
        }
    }

    /// What was recorded and kept, as a contract sees it.
    pub(crate) fn recorded(self) -> Recorded {
        let mut recorded = self.recording.with(|recording| {
            recording
                .as_ref()
                .map(|recording| Recorded {
                    length_ms: ms(recording.duration),
                    size: Some(recording.size),
                    light: self.signals.with(|signals| guidance::light(signals)),
                    sound: guidance::sound(&recording.loudness),
                    ..Recorded::default()
                })
                .unwrap_or_default()
        });
        self.review.with(|review| {
            // What was marked while filming counts; of a film that came as a file, what the network saw.
            recorded.shots = self.capture.marks.with(|marks| {
                if marks.is_empty() {
                    review
                        .shots
                        .iter()
                        .map(|shot| ms(shot.end - shot.start))
                        .collect()
                } else {
                    guidance::marked(marks, f64::from(recorded.length_ms) / 1000.0)
                }
            });
            recorded.clips = review
                .kept_clips()
                .iter()
                .map(|clip| ms(clip.end - clip.start))
                .collect();
            recorded.photos = u32::try_from(review.kept_pictures().len()).unwrap_or(u32::MAX);
        });
        recorded
    }

    /// What is missing, each in a sentence and with whether it must be mended before a page can be made.
    pub(crate) fn missing(self) -> Vec<(String, bool)> {
        let recorded = self.recorded();
        self.capture.contract.with(|contract| {
            let unmet = contract.unmet(&recorded);
            let say = |unmet: &Unmet| {
                (
                    guidance::sentence(contract, &recorded, unmet),
                    unmet.is_refused(),
                )
            };
            unmet.iter().map(say).collect()
        })
    }

    /// Asks where this is, where its person lets that go.
    pub(super) async fn place(self) -> Option<domain::highlight::document::Location> {
        if !untrack(|| self.capture.may_leave()).location {
            return None;
        }
        let place = location::ask().await;
        if place.is_none() {
            self.show_notice("The browser did not say where this is. The page is made without it.");
        }
        place
    }

    /// Reads what a session that is opened again was filmed under.
    pub(super) fn open_capture(self, session: SessionId) {
        spawn_local(async move {
            let row = self.store.capture(&session).await;
            if self.session.get_untracked() == session {
                self.capture.open(row);
            }
        });
    }
}
