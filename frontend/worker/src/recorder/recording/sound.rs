//! The sound of a recording: encoded, measured, and placed on the session's clock once that knows where sound lies.

use std::rc::Rc;

use domain::highlight::Loudness;
use web_sys::{AudioData, AudioDataCopyToOptions, AudioSampleFormat};

use super::{FLUSH_MS, Recording, State};
use crate::{
    browser::{Owned, encode::SoundEncoder, settled, within},
    log::{
        index::{micros, seconds},
        record::Kind,
    },
};

/// Sound before the first picture that is kept, µs: enough to warm a decoder up.
const SOUND_BEFORE_US: i64 = 100_000;

/// Stretches of sound an audio encoder may hold: two seconds of 10 ms.
const SOUND_QUEUE: u32 = 200;

impl Recording {
    /// One stretch of sound; `arrival_ms` for a recording.
    pub(in crate::recorder) async fn add_sound(
        self: &Rc<Self>,
        data: Owned<AudioData>,
        arrival_ms: f64,
    ) {
        self.awaits_sound.set(false);
        let ts = data.timestamp() as i64;
        let (rate, channels) = (data.sample_rate() as u32, data.number_of_channels());
        self.measure(&data, ts);
        let ready = {
            let mut state = self.state.borrow_mut();
            if let Some(clock) = &mut state.clock {
                clock.sound(ts, data.duration() as i64, arrival_ms);
            }
            if state.no_sound {
                return;
            }
            state
                .sound
                .as_ref()
                .is_some_and(|sound| sound.alive() && sound.format == (rate, channels))
        };
        if !ready {
            let before = self.state.borrow_mut().sound.take();
            if let Some(before) = before.filter(SoundEncoder::alive) {
                let _ = within(FLUSH_MS, settled(before.flush())).await;
            }
            match SoundEncoder::start(rate, channels, &self.sound_output()).await {
                Ok(sound) => self.state.borrow_mut().sound = Some(sound),
                Err(message) => {
                    self.state.borrow_mut().no_sound = true;
                    self.report_problem(message);
                    return;
                }
            }
        }
        // A file can wait; a microphone cannot.
        let room = |sound: &SoundEncoder| !sound.alive() || sound.queue() <= SOUND_QUEUE / 2;
        self.wait_for(|state| state.clock.is_some() || state.sound.as_ref().is_none_or(room))
            .await;
        let mut state = self.state.borrow_mut();
        let Some(sound) = &state.sound else { return };
        if sound.queue() > SOUND_QUEUE || sound.encode(&data).is_err() {
            state.dropped += 1;
        }
    }

    fn measure(&self, data: &AudioData, ts: i64) {
        let mut state = self.state.borrow_mut();
        let State {
            meter,
            mono,
            plane,
            loudness_waits,
            ..
        } = &mut *state;
        let samples = data.number_of_frames() as usize;
        mono.clear();
        mono.resize(samples, 0.0);
        plane.resize(samples * 4, 0);
        let channels = data.number_of_channels();
        for channel in 0..channels {
            let options = AudioDataCopyToOptions::new(channel);
            options.set_format(AudioSampleFormat::F32Planar);
            if data.copy_to_with_u8_slice(plane, &options).is_err() {
                return;
            }
            for (sum, sample) in mono.iter_mut().zip(plane.chunks_exact(4)) {
                if let Ok(sample) = sample.try_into() {
                    *sum += f32::from_le_bytes(sample) / channels as f32;
                }
            }
        }
        // On the sound's own time; placed with it.
        for loudness in meter.push(seconds(ts), mono, f64::from(data.sample_rate())) {
            loudness_waits.push(loudness);
        }
        drop(state);
        self.place_sound();
    }

    /// Writes sound and loudness that the clock can place.
    pub(super) fn place_sound(&self) {
        let mut state = self.state.borrow_mut();
        let State {
            clock,
            sound_waits,
            loudness_waits,
            loudness,
            dbfs,
            ..
        } = &mut *state;
        let clock = clock.as_ref();
        let place = |ts: i64| match clock {
            Some(clock) => clock.audio(ts),
            None => Some(ts),
        };
        let mut chunks = Vec::new();
        while let Some(t_us) = sound_waits.front().and_then(|chunk| place(chunk.timestamp)) {
            if let Some(chunk) = sound_waits.pop_front() {
                chunks.push((t_us, chunk));
            }
        }
        loudness_waits.retain(|waits| {
            let Some(t_us) = place(micros(waits.t)) else {
                return true;
            };
            *dbfs = waits.dbfs;
            if t_us >= 0 {
                loudness.push(Loudness {
                    t: seconds(t_us),
                    ..*waits
                });
            }
            false
        });
        drop(state);
        for (t_us, chunk) in chunks {
            self.with_session(|session| {
                // A configuration goes in even where its first chunk lies too early to be kept.
                if let Some(config) = &chunk.config {
                    session.put_audio_config(config)?;
                }
                if t_us < -SOUND_BEFORE_US {
                    return Ok(());
                }
                session.put(Kind::Audio, true, t_us, chunk.duration_us, &chunk.bytes)
            });
        }
    }
}
