//! The analysis of one session's frames: what was measured waits for the network's score, whoever gives it.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use domain::{capture::Network, highlight::Moment};
use protocol::{InferenceInput, InferenceOutput, Scores};
use vision::frame::Sample;
use web_sys::MessagePort;

use super::{
    backend::{self, DetectorBackend, Port},
    join::Join,
};
use crate::browser::{changed::Changed, listener, now_ms, within};

/// See the module.
pub(crate) struct Analysis {
    join: RefCell<Join>,
    backend: RefCell<DetectorBackend>,
    complete: RefCell<Vec<Moment>>,
    /// Time of the last frame that is complete, s.
    analysed: Cell<f64>,
    /// When the worker last answered, or frames went to one that had answered all, ms.
    answered_ms: Cell<f64>,
    /// Whether a plain detector is at work right now.
    busy: Cell<bool>,
    /// The backend has changed or answered.
    changed: Changed,
}

impl Analysis {
    pub(crate) fn new() -> Rc<Self> {
        Rc::new(Self {
            join: RefCell::default(),
            backend: RefCell::new(DetectorBackend::none()),
            complete: RefCell::default(),
            analysed: Cell::new(0.0),
            answered_ms: Cell::new(now_ms()),
            busy: Cell::new(false),
            changed: Changed::default(),
        })
    }

    /// Another inference worker takes over, or none.
    pub(crate) fn attach(self: &Rc<Self>, port: Option<MessagePort>) {
        let backend = port.map_or_else(DetectorBackend::none, |port| {
            let analysis = Rc::downgrade(self);
            let receive = listener(move |json, _| {
                if let (Some(analysis), Ok(output)) =
                    (analysis.upgrade(), serde_json::from_str(&json))
                {
                    analysis.receive(output);
                }
            });
            self.answered_ms.set(now_ms());
            DetectorBackend::worker(Port::new(port, receive))
        });
        self.join.borrow_mut().resend();
        *self.backend.borrow_mut() = backend;
        self.changed.notify();
    }

    fn receive(&self, output: InferenceOutput) {
        self.answered_ms.set(now_ms());
        match output {
            InferenceOutput::Scores(Scores { scores }) => {
                if self.backend.borrow().is_known() {
                    self.complete(&scores);
                }
            }
            InferenceOutput::Network { network: now } => {
                if let DetectorBackend::Worker { network, .. } = &mut *self.backend.borrow_mut() {
                    *network = Some(now);
                }
            }
            // The port itself is dropped later: this runs within its listener.
            InferenceOutput::Gone { .. } => self.lose(),
            InferenceOutput::Done => {}
        }
        self.changed.notify();
    }

    fn lose(&self) {
        let before = self.backend.replace(DetectorBackend::lost());
        self.join.borrow_mut().resend();
        wasm_bindgen_futures::spawn_local(async move { drop(before) });
    }

    fn complete(&self, scores: &[(f64, f32)]) {
        let moments = self.join.borrow_mut().answer(scores);
        if let Some(last) = moments.last() {
            self.analysed.set(last.t);
        }
        self.complete.borrow_mut().extend(moments);
        self.changed.notify();
    }

    /// A new session starts.
    pub(crate) fn begin(&self) {
        *self.join.borrow_mut() = Join::default();
        self.complete.borrow_mut().clear();
        self.analysed.set(0.0);
        self.backend.borrow_mut().begin();
    }

    /// Takes in a measured frame. `certain`: a new shot starts here for sure.
    pub(crate) fn push(&self, sample: &Sample, certain: bool) {
        if self.behind() == 0 {
            self.answered_ms.set(now_ms());
        }
        self.join.borrow_mut().push(
            sample.moment(0.0),
            sample.thumb.as_bytes().as_slice().into(),
            certain,
        );
    }

    /// Frames without a score.
    pub(crate) fn behind(&self) -> usize {
        self.join.borrow().behind()
    }

    /// Time of the last complete frame, s.
    pub(crate) fn analysed(&self) -> f64 {
        self.analysed.get()
    }

    /// Which network gives the scores.
    pub(crate) fn network(&self) -> Network {
        self.backend.borrow().network()
    }

    /// Takes the frames that are complete since the last call, in order.
    pub(crate) fn take_complete(&self) -> Vec<Moment> {
        self.complete.take()
    }

    /// Wakes those who wait for frames to be complete, so that they see that they need not wait any more.
    pub(crate) fn wake(&self) {
        self.changed.notify();
    }

    /// Sends what is due at presentation time `now` (s); `all`: everything.
    pub(crate) async fn pump(&self, now: f64, all: bool) {
        if self.behind() > 0
            && self.backend.borrow().is_worker()
            && now_ms() - self.answered_ms.get() > backend::TIMEOUT_MS
        {
            self.lose();
        }
        self.backend.borrow_mut().fall_back();
        loop {
            if self.backend.borrow().is_missing() || self.busy.get() {
                return;
            }
            let Some(batch) = self.join.borrow_mut().batch(now, all) else {
                return;
            };
            if let DetectorBackend::Worker { port, .. } = &*self.backend.borrow() {
                port.send_frames(&batch);
                continue;
            }
            // The detector is away while it works, and comes back unless a worker took its place.
            let before = self.backend.replace(DetectorBackend::lost());
            if let DetectorBackend::Plain(mut detector) = before {
                self.busy.set(true);
                let scores = backend::score(&mut detector, &batch).await;
                self.busy.set(false);
                let mut backend = self.backend.borrow_mut();
                if backend.is_missing() {
                    *backend = DetectorBackend::Plain(detector);
                }
                drop(backend);
                self.complete(&scores);
            }
        }
    }

    /// How long nothing may change before [`Self::pump`] has to look at the backend again, ms.
    fn patience_ms(&self) -> u32 {
        let left = self.backend.borrow().patience_ms(self.answered_ms.get());
        left.clamp(1.0, backend::TIMEOUT_MS).ceil() as u32
    }

    /// Waits at presentation time `now` (s) until at most `most` frames have no score, or `stopped` says that nobody needs
    /// to wait any more ([`Self::wake`]).
    pub(crate) async fn catch_up(&self, now: f64, most: usize, stopped: impl Fn() -> bool) {
        while self.behind() > most && !stopped() {
            let changed = self.changed.next();
            self.pump(now, false).await;
            if self.behind() > most {
                within(self.patience_ms(), changed).await;
            }
        }
    }

    /// Waits until every frame is complete.
    pub(crate) async fn finish(&self) {
        loop {
            let changed = self.changed.next();
            self.pump(f64::INFINITY, true).await;
            if self.behind() == 0 {
                return;
            }
            let plain = match &mut *self.backend.borrow_mut() {
                DetectorBackend::Worker {
                    port, finishing, ..
                } => {
                    if !std::mem::replace(finishing, true) {
                        port.send(&InferenceInput::Finish);
                    }
                    false
                }
                DetectorBackend::Missing { .. } => false,
                DetectorBackend::Plain(_) => true,
            };
            if plain && !self.busy.get() {
                let before = self.backend.replace(DetectorBackend::none());
                if let DetectorBackend::Plain(mut detector) = before {
                    let scores = detector.finish().await;
                    self.complete(&scores);
                }
                // What is left was never answered by anyone: it is no boundary.
                let rest: Vec<(f64, f32)> =
                    self.join.borrow().thumbs().map(|(t, _)| (t, 0.0)).collect();
                self.complete(&rest);
                return;
            }
            within(self.patience_ms(), changed).await;
        }
    }
}
