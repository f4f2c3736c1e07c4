//! The analysis of one session's frames: what was measured waits for what the network says, whoever says it.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use domain::{capture::Network, highlight::Moment};
use protocol::{InferenceInput, InferenceOutput, Scores};
use vision::frame::Sample;
use web_sys::MessagePort;

use super::judge::{self, Judge, Port, SILENCE_MS};
use crate::{
    browser::{listener, now_ms, sleep},
    join::Join,
};

/// See the module.
pub(super) struct Study {
    join: RefCell<Join>,
    judge: RefCell<Judge>,
    complete: RefCell<Vec<Moment>>,
    /// Time of the last frame that is complete, s.
    analysed: Cell<f64>,
    /// When a word last came, or frames went to a worker that had answered all, ms.
    heard_ms: Cell<f64>,
    /// Whether a plain detector is at work right now.
    busy: Cell<bool>,
}

impl Study {
    pub(super) fn new() -> Rc<Self> {
        Rc::new(Self {
            join: RefCell::default(),
            judge: RefCell::new(Judge::none()),
            complete: RefCell::default(),
            analysed: Cell::new(0.0),
            heard_ms: Cell::new(now_ms()),
            busy: Cell::new(false),
        })
    }

    /// Another inference worker takes over, or none.
    pub(super) fn attach(self: &Rc<Self>, port: Option<MessagePort>) {
        let Some(port) = port else {
            *self.judge.borrow_mut() = Judge::none();
            self.join.borrow_mut().resend();
            return;
        };
        let study = Rc::downgrade(self);
        let hear = listener(move |say, _| {
            if let (Some(study), Ok(word)) = (study.upgrade(), serde_json::from_str(&say)) {
                study.hear(word);
            }
        });
        let port = Port::new(port, hear);
        self.heard_ms.set(now_ms());
        self.join.borrow_mut().resend();
        *self.judge.borrow_mut() = Judge::new(port);
    }

    fn hear(&self, word: InferenceOutput) {
        self.heard_ms.set(now_ms());
        match word {
            InferenceOutput::Scores(Scores { scores }) => {
                if matches!(
                    &*self.judge.borrow(),
                    Judge::Network {
                        network: Some(_),
                        ..
                    }
                ) {
                    self.complete(&scores);
                }
            }
            InferenceOutput::Network { network: now } => {
                if let Judge::Network { network, .. } = &mut *self.judge.borrow_mut() {
                    *network = Some(now);
                }
            }
            // The port itself is dropped later: this runs within its listener.
            InferenceOutput::Gone { .. } => self.lose(),
            InferenceOutput::Done => {}
        }
    }

    fn lose(&self) {
        let before = std::mem::replace(&mut *self.judge.borrow_mut(), Judge::lost());
        self.join.borrow_mut().resend();
        wasm_bindgen_futures::spawn_local(async move { drop(before) });
    }

    fn complete(&self, scores: &[(f64, f32)]) {
        let moments = self.join.borrow_mut().answer(scores);
        if let Some(last) = moments.last() {
            self.analysed.set(last.t);
        }
        self.complete.borrow_mut().extend(moments);
    }

    /// A new session starts.
    pub(super) fn begin(&self) {
        *self.join.borrow_mut() = Join::default();
        self.complete.borrow_mut().clear();
        self.analysed.set(0.0);
        let mut judge = self.judge.borrow_mut();
        match &mut *judge {
            Judge::Network {
                port,
                network,
                finishing,
            } => {
                port.say(&InferenceInput::Begin);
                (*network, *finishing) = (None, false);
            }
            Judge::Plain(_) => *judge = Judge::none(),
            Judge::Nobody(_) => {}
        }
    }

    /// Takes in a measured frame. `certain`: a new shot starts here for sure.
    pub(super) fn push(&self, sample: &Sample, certain: bool) {
        let moment = Moment {
            t: sample.t,
            boundary: 0.0,
            motion: sample.motion,
            sharpness: sample.sharpness,
            exposure: sample.exposure,
            clipped: sample.clipped,
            colourfulness: sample.colourfulness,
            stability: sample.stability,
            layout: Some(sample.layout),
        };
        if self.behind() == 0 {
            self.heard_ms.set(now_ms());
        }
        self.join
            .borrow_mut()
            .push(moment, sample.thumb.as_bytes().as_slice().into(), certain);
    }

    /// Frames without an answer.
    pub(super) fn behind(&self) -> usize {
        self.join.borrow().behind()
    }

    /// Time of the last complete frame, s.
    pub(super) fn analysed(&self) -> f64 {
        self.analysed.get()
    }

    /// Who says where boundaries are.
    pub(super) fn network(&self) -> Network {
        self.judge.borrow().network()
    }

    /// Frames complete since the last call, in order.
    pub(super) fn taken(&self) -> Vec<Moment> {
        self.complete.take()
    }

    /// Sends what is due at presentation time `now` (s); `all`: everything.
    pub(super) async fn pump(&self, now: f64, all: bool) {
        if self.behind() > 0 && now_ms() - self.heard_ms.get() > SILENCE_MS {
            let silent = matches!(&*self.judge.borrow(), Judge::Network { .. });
            if silent {
                self.lose();
            }
        }
        self.judge.borrow_mut().settle(false);
        loop {
            if matches!(&*self.judge.borrow(), Judge::Nobody(_)) || self.busy.get() {
                return;
            }
            let Some(batch) = self.join.borrow_mut().batch(now, all) else {
                return;
            };
            if let Judge::Network { port, .. } = &*self.judge.borrow() {
                port.send(&batch);
                continue;
            }
            // The detector is away while it works, and comes back unless a worker took its place.
            let before = std::mem::replace(&mut *self.judge.borrow_mut(), Judge::lost());
            if let Judge::Plain(mut detector) = before {
                self.busy.set(true);
                let scores = judge::judge(&mut detector, &batch).await;
                self.busy.set(false);
                self.complete(&scores);
                let mut judge = self.judge.borrow_mut();
                if matches!(&*judge, Judge::Nobody(_)) {
                    *judge = Judge::Plain(detector);
                }
            }
        }
    }

    /// Waits until every frame is complete.
    pub(super) async fn finish(&self) {
        loop {
            self.pump(f64::INFINITY, true).await;
            if self.behind() == 0 {
                return;
            }
            let plain = match &mut *self.judge.borrow_mut() {
                Judge::Network {
                    port, finishing, ..
                } => {
                    if !std::mem::replace(finishing, true) {
                        port.say(&InferenceInput::Finish);
                    }
                    false
                }
                Judge::Nobody(_) => false,
                Judge::Plain(_) => true,
            };
            if plain && !self.busy.get() {
                let before = std::mem::replace(&mut *self.judge.borrow_mut(), Judge::none());
                if let Judge::Plain(mut detector) = before {
                    let scores = detector.finish().await;
                    self.complete(&scores);
                }
                // What is left was never answered by anyone: it is no boundary.
                let rest: Vec<(f64, f32)> =
                    self.join.borrow().thumbs().map(|(t, _)| (t, 0.0)).collect();
                self.complete(&rest);
                return;
            }
            sleep(10).await;
        }
    }
}
