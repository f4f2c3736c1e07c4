//! A recording (or an import) in progress: frames and sound come in, encoded chunks and measurements go out.

mod measure;
mod sound;

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    rc::{Rc, Weak},
};

use domain::{
    capture::{Keyframes, Selection},
    highlight::Loudness,
    id::SessionId,
};
use futures::channel::mpsc::UnboundedSender;
use js_sys::Array;
use protocol::Report;
use vision::loudness::Meter;
use wasm_bindgen::JsValue;
use web_sys::{ReadableStreamDefaultReader, VideoFrame};

use super::{
    message::{self, StorageOperation},
    requests::RecorderInput,
    session::Session,
};
use crate::{
    analysis::Analysis,
    browser::{
        Owned, Recipient,
        changed::Changed,
        describe,
        encode::{EncodedChunk, EncoderOutput, FRAMES_PER_S, PictureEncoder, SoundEncoder},
        name_of, now_ms, post,
        sampler::{FrameSampler, rotation, visible},
        settled, within,
    },
    capture::{
        clock::Clock,
        codec,
        rate::{AnalysisRate, QUEUE_LIMIT},
    },
    log::{
        index::seconds,
        record::{AudioConfig, Kind, VideoConfig},
    },
};

/// Frames without a score from which on a film that can wait does.
pub(super) const FRAMES_BEHIND: usize = 256;

/// Encoders that fail this often within [`FAILURES_MS`] end the recording.
const FAILURES: usize = 4;
const FAILURES_MS: f64 = 10_000.0;

/// Longest that encoders may take to give out the rest, ms.
const FLUSH_MS: u32 = 10_000;

/// A recording in progress; see the module.
pub(super) struct Recording {
    pub(super) id: SessionId,
    pub(super) selection: Selection,
    pub(super) analysis: Rc<Analysis>,
    pub(super) state: RefCell<State>,
    inputs: UnboundedSender<RecorderInput>,
    /// No more frames are taken.
    pub(super) stopping: Cell<bool>,
    /// The end was asked for.
    ended: Cell<bool>,
    /// A microphone was given and nothing has come from it.
    pub(super) awaits_sound: Cell<bool>,
    /// It is the import of a film with pictures.
    pub(super) expects_pictures: Cell<bool>,
    /// Readers and importers under way.
    pub(super) tasks: Cell<usize>,
    /// An encoder has taken something from its queue or failed, a task has ended, or no more frames are taken.
    pub(super) changed: Changed,
}

/// What changes with every frame.
pub(super) struct State {
    /// Taken out when the recording is over.
    pub(super) session: Option<Session>,
    /// `None` for an import, whose timestamps are presentation times.
    clock: Option<Clock>,
    keyframes: Keyframes,
    rate: AnalysisRate,
    pictures: Option<PictureEncoder>,
    /// How the frames that `pictures` encodes are turned.
    rotation: u16,
    frames_per_s: f64,
    /// How long frames of an import are shown, µs, by their time; those that are not out of the encoder yet.
    lengths: VecDeque<(i64, u32)>,
    sound: Option<SoundEncoder>,
    /// This browser encodes no sound; said once.
    no_sound: bool,
    no_analysis: bool,
    /// Encoded sound and loudness that the clock cannot place yet.
    sound_waits: VecDeque<EncodedChunk<AudioConfig>>,
    loudness_waits: Vec<Loudness>,
    loudness: Vec<Loudness>,
    meter: Meter,
    mono: Vec<f32>,
    plane: Vec<u8>,
    last_t_us: Option<i64>,
    failures: VecDeque<f64>,
    pub(super) readers: Vec<ReadableStreamDefaultReader>,
    pub(super) frames: u64,
    pub(super) dropped: u64,
    pub(super) dbfs: f32,
    pub(super) exposure: f32,
    pub(super) share: Option<f32>,
}

impl Recording {
    pub(super) fn new(
        session: Session,
        selection: Selection,
        clock: Option<Clock>,
        analysis: Rc<Analysis>,
        inputs: UnboundedSender<RecorderInput>,
    ) -> Rc<Self> {
        Rc::new(Self {
            id: session.id.clone(),
            selection,
            analysis,
            state: RefCell::new(State {
                session: Some(session),
                clock,
                keyframes: Keyframes::default(),
                rate: AnalysisRate::default(),
                pictures: None,
                rotation: 0,
                frames_per_s: FRAMES_PER_S,
                lengths: VecDeque::new(),
                sound: None,
                no_sound: false,
                no_analysis: false,
                sound_waits: VecDeque::new(),
                loudness_waits: Vec::new(),
                loudness: Vec::new(),
                meter: Meter::new(),
                mono: Vec::new(),
                plane: Vec::new(),
                last_t_us: None,
                failures: VecDeque::new(),
                readers: Vec::new(),
                frames: 0,
                dropped: 0,
                dbfs: vision::loudness::SILENCE_DBFS,
                exposure: 0.0,
                share: None,
            }),
            inputs,
            stopping: Cell::new(false),
            ended: Cell::new(false),
            awaits_sound: Cell::new(false),
            expects_pictures: Cell::new(false),
            tasks: Cell::new(0),
            changed: Changed::default(),
        })
    }

    /// Asks for the end, once; `message` says why when the page did not ask for it.
    pub(super) fn end(&self, message: Option<String>) {
        if !self.ended.replace(true) {
            let _ = self.inputs.unbounded_send(RecorderInput::Ended {
                session: self.id.clone(),
                message,
            });
        }
    }

    fn storage_failed(&self, error: &JsValue) {
        self.end(Some(message::storage(
            StorageOperation::Writing,
            &name_of(error),
            &describe(error),
        )));
    }

    /// Tells the creator of a problem that does not end the recording.
    pub(super) fn report_problem(&self, message: String) {
        post(
            &Recipient::Page,
            &Report::Failed {
                request: None,
                message,
                ended: false,
            },
            &[],
            &Array::new(),
        );
    }

    /// Tells the creator of something that was lost or left out, and keeps it with the session, so that it is told whenever that
    /// is opened.
    pub(super) fn note(&self, message: String) {
        self.with_session(|session| session.put(Kind::Note, false, 0, 0, message.as_bytes()));
        let notes = self
            .state
            .borrow()
            .session
            .as_ref()
            .map(|session| session.index.notes.clone());
        let notes = notes.unwrap_or_else(|| vec![message]);
        post(
            &Recipient::Page,
            &Report::Notes { notes },
            &[],
            &Array::new(),
        );
    }

    /// Runs something with the session, and ends the recording where the disk refuses it.
    pub(super) fn with_session(&self, change: impl FnOnce(&mut Session) -> Result<(), JsValue>) {
        let result = match &mut self.state.borrow_mut().session {
            Some(session) => change(session),
            None => Ok(()),
        };
        if let Err(error) = result {
            self.storage_failed(&error);
        }
    }

    /// One frame from the camera, at the moment it arrived (ms).
    pub(super) async fn add_camera_frame(
        self: &Rc<Self>,
        frame: Owned<VideoFrame>,
        arrival_ms: f64,
        sampler: &mut FrameSampler,
    ) {
        let ts = frame.timestamp() as i64;
        let t_us = match &mut self.state.borrow_mut().clock {
            Some(clock) => clock.video(ts, arrival_ms),
            None => ts,
        };
        self.add_frame(frame, t_us, false, sampler).await;
    }

    /// One frame at a presentation time. `patient`: waits for the encoder rather than giving the frame up.
    pub(super) async fn add_frame(
        self: &Rc<Self>,
        frame: Owned<VideoFrame>,
        t_us: i64,
        patient: bool,
        sampler: &mut FrameSampler,
    ) {
        {
            let mut state = self.state.borrow_mut();
            if state.last_t_us.is_some_and(|last| t_us <= last) {
                state.dropped += 1; // time went back: no player could show it
                return;
            }
            state.last_t_us = Some(t_us);
        }
        let Some(new_shot) = self.ready_for(&frame).await else {
            return;
        };
        if patient {
            let room =
                |encoder: &PictureEncoder| !encoder.alive() || encoder.queue() < QUEUE_LIMIT / 2;
            self.wait_for(|state| state.pictures.as_ref().is_none_or(room))
                .await;
        }
        let length_us = self.held_for(t_us);
        self.encode(&frame, t_us);
        let behind = self.analysis.behind();
        if patient {
            let stopping = || self.stopping.get();
            self.analysis
                .catch_up(seconds(t_us), FRAMES_BEHIND, stopping)
                .await;
        }
        let due = new_shot || patient || self.state.borrow_mut().rate.due(t_us, behind);
        if due {
            self.measure_frame(&frame, t_us, new_shot, sampler).await;
        }
        if patient {
            self.measure_held(&frame, t_us, length_us, sampler).await;
        }
    }

    /// Waits until the state is as wanted, or no more frames are taken.
    async fn wait_for(&self, ready: impl Fn(&State) -> bool) {
        loop {
            let changed = self.changed.next();
            if self.stopping.get() || ready(&self.state.borrow()) {
                return;
            }
            changed.await;
        }
    }

    fn encode(&self, frame: &VideoFrame, t_us: i64) {
        let mut state = self.state.borrow_mut();
        let State {
            pictures,
            keyframes,
            ..
        } = &mut *state;
        let Some(encoder) = pictures else { return };
        if encoder.queue() >= QUEUE_LIMIT {
            state.dropped += 1;
            return;
        }
        let key = keyframes.due(t_us);
        if encoder.encode(frame, key).is_ok() {
            state.frames += 1;
        } else {
            // Closed by an error between two frames; the next frame starts another.
            state.dropped += 1;
            state.keyframes.force();
        }
    }

    /// Sees to it that an encoder for this frame's size runs. Returns whether a new shot starts here because the size
    /// changed; `None` where no encoder can be had, which ends the recording.
    async fn ready_for(self: &Rc<Self>, frame: &VideoFrame) -> Option<bool> {
        let (width, height) = visible(frame);
        // An import keeps its file's turn; a camera tells its own with each frame.
        let turn = if self.state.borrow().clock.is_some() {
            rotation(frame)
        } else {
            self.state.borrow().rotation
        };
        let (fits, changed) = {
            let state = self.state.borrow();
            match &state.pictures {
                Some(p) => {
                    let same = p.size == codec::even(width, height) && state.rotation == turn;
                    (same && p.alive(), !same)
                }
                None => (false, false),
            }
        };
        if fits {
            return Some(false);
        }
        let frames_per_s = self.state.borrow().frames_per_s;
        let before = self.state.borrow_mut().pictures.take();
        if let Some(before) = before.filter(PictureEncoder::alive) {
            let _ = within(FLUSH_MS, settled(before.flush())).await;
        }
        match PictureEncoder::start(width, height, turn, frames_per_s, &self.picture_output()).await
        {
            Ok(pictures) => {
                let mut state = self.state.borrow_mut();
                state.pictures = Some(pictures);
                state.rotation = turn;
                state.keyframes.force();
                Some(changed)
            }
            Err(message) => {
                self.end(Some(message));
                None
            }
        }
    }

    /// Sets the turn of every frame of an import.
    pub(super) fn set_rotation(&self, rotation: u16) {
        self.state.borrow_mut().rotation = rotation;
    }

    /// Sets how many frames of an import come a second.
    pub(super) fn set_frames_per_s(&self, rate: Option<f64>) {
        let known = rate.filter(|rate| rate.is_finite() && *rate > 0.0);
        // A film of slides is encoded as well as one that moves.
        self.state.borrow_mut().frames_per_s = known.unwrap_or(FRAMES_PER_S).clamp(10.0, 240.0);
    }

    /// Sets how long the frame of an import at `t_us` is shown, µs.
    pub(super) fn set_length(&self, t_us: i64, length_us: u32) {
        self.state.borrow_mut().lengths.push_back((t_us, length_us));
    }

    /// How long the frame at `t_us`, which is not encoded yet, is shown, µs; 0 where no file said so.
    fn held_for(&self, t_us: i64) -> i64 {
        let state = self.state.borrow();
        let last = state.lengths.back().filter(|length| length.0 == t_us);
        last.map_or(0, |length| i64::from(length.1))
    }

    /// How long the frame at `t_us` is shown, µs, where a file said so; forgets those before it.
    fn length_of(&self, t_us: i64) -> Option<u32> {
        let lengths = &mut self.state.borrow_mut().lengths;
        while lengths.front().is_some_and(|length| length.0 < t_us) {
            lengths.pop_front();
        }
        lengths
            .front()
            .filter(|length| length.0 == t_us)
            .map(|length| length.1)
    }

    fn picture_output(self: &Rc<Self>) -> EncoderOutput<VideoConfig> {
        let (chunk, error) = (Rc::downgrade(self), Rc::downgrade(self));
        let dequeue = self.on_dequeue();
        EncoderOutput {
            chunk: Rc::new(move |encoded| {
                if let Some(recording) = Weak::upgrade(&chunk) {
                    recording.add_picture(encoded);
                }
            }),
            error: Rc::new(move |reason| {
                if let Some(recording) = Weak::upgrade(&error) {
                    recording.encoder_failed("pictures", &reason);
                }
            }),
            dequeue,
        }
    }

    fn sound_output(self: &Rc<Self>) -> EncoderOutput<AudioConfig> {
        let (chunk, error) = (Rc::downgrade(self), Rc::downgrade(self));
        let dequeue = self.on_dequeue();
        EncoderOutput {
            chunk: Rc::new(move |encoded| {
                if let Some(recording) = Weak::upgrade(&chunk) {
                    recording.state.borrow_mut().sound_waits.push_back(encoded);
                    recording.place_sound();
                }
            }),
            error: Rc::new(move |reason| {
                if let Some(recording) = Weak::upgrade(&error) {
                    recording.encoder_failed("sound", &reason);
                }
            }),
            dequeue,
        }
    }

    fn on_dequeue(self: &Rc<Self>) -> Rc<dyn Fn()> {
        let recording = Rc::downgrade(self);
        Rc::new(move || {
            if let Some(recording) = recording.upgrade() {
                recording.changed.notify();
            }
        })
    }

    /// An encoder stopped. One that the browser took back (idle in the background) is replaced with the next frame;
    /// one that fails again and again ends the recording.
    fn encoder_failed(&self, what: &str, reason: &JsValue) {
        self.changed.notify();
        let now = now_ms();
        let mut state = self.state.borrow_mut();
        // A frame that was to be a keyframe may be lost.
        state.keyframes.force();
        if name_of(reason) == "QuotaExceededError" {
            return;
        }
        state.failures.push_back(now);
        while state
            .failures
            .front()
            .is_some_and(|at| now - at > FAILURES_MS)
        {
            state.failures.pop_front();
        }
        let often = state.failures.len() >= FAILURES;
        drop(state);
        if often {
            self.end(Some(format!(
                "The encoder for {what} failed again and again ({}), so the recording ended here; everything up to now is kept. Close other tabs and record again.",
                describe(reason)
            )));
        }
    }

    fn add_picture(&self, chunk: EncodedChunk<VideoConfig>) {
        let t_us = match &self.state.borrow().clock {
            Some(clock) => clock.shown(chunk.timestamp),
            None => Some(chunk.timestamp),
        };
        let Some(t_us) = t_us else { return };
        let length_us = self.length_of(t_us).unwrap_or(chunk.duration_us);
        self.with_session(|session| {
            if let Some(config) = &chunk.config {
                session.put_video_config(config)?;
            }
            session.put(Kind::Video, chunk.key, t_us, length_us, &chunk.bytes)
        });
    }

    /// Writes what was measured since the last call.
    pub(super) fn write_signals(&self) {
        let moments = self.analysis.take_complete();
        let loudness = std::mem::take(&mut self.state.borrow_mut().loudness);
        self.with_session(|session| {
            session.put_moments(&moments)?;
            session.put_loudness(&loudness)
        });
    }

    /// How much is recorded, s.
    pub(super) fn recorded(&self) -> f64 {
        let state = self.state.borrow();
        let session = state.session.as_ref();
        session.map_or(0.0, |session| session.index.measurements.duration)
    }

    /// How far it has come.
    pub(super) fn progress(&self) -> Report {
        let state = self.state.borrow();
        Report::Progress {
            seconds: self.recorded(),
            bytes: state.session.as_ref().map_or(0, Session::bytes),
            frames: state.frames,
            dropped: state.dropped,
            analysed: self.analysis.analysed(),
            dbfs: state.dbfs,
            exposure: state.exposure,
            engine: self.analysis.network().engine,
            share: state.share,
        }
    }

    async fn tasks_ended(&self) {
        loop {
            let changed = self.changed.next();
            if self.tasks.get() == 0 {
                return;
            }
            changed.await;
        }
    }

    /// Ends: no more frames, everything out of the encoders and into the log. Gives the session out, once.
    pub(super) async fn stop(&self) -> Option<Session> {
        self.stopping.set(true);
        self.ended.set(true);
        self.changed.notify();
        self.analysis.wake();
        let readers = std::mem::take(&mut self.state.borrow_mut().readers);
        for reader in readers {
            // Answered by the read that waits; what the source thinks of it does not matter.
            let _ = reader.cancel();
        }
        within(FLUSH_MS, self.tasks_ended()).await;
        let (pictures, sound) = {
            let mut state = self.state.borrow_mut();
            (state.pictures.take(), state.sound.take())
        };
        if let Some(pictures) = pictures.filter(PictureEncoder::alive) {
            let _ = within(FLUSH_MS, settled(pictures.flush())).await;
        }
        if let Some(sound) = sound.filter(SoundEncoder::alive) {
            let _ = within(FLUSH_MS, settled(sound.flush())).await;
        }
        {
            let mut state = self.state.borrow_mut();
            if let Some(clock) = &mut state.clock {
                clock.settle();
            }
            if let Some(last) = state.meter.finish() {
                state.loudness_waits.push(last);
            }
        }
        self.place_sound();
        self.write_signals();
        self.with_session(|session| session.write(true));
        self.state.borrow_mut().session.take()
    }
}
