//! A film file as if it had been filmed: decoded, then on the path of a recording.

use std::rc::Rc;

use js_sys::Uint8Array;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{File, VideoFrame};

use super::{
    playback::{self, PlaybackError, Sink, Source, Track},
    recording::Recording,
};
use crate::{
    browser::{
        Owned,
        decode::{PictureDecoder, SoundDecoder},
        describe,
        drawn::Drawer,
        sampler::FrameSampler,
        settled, sound,
    },
    film::{Film, FilmError, Reader, Sample, encoding, sound::Stretch},
};

/// Bytes read from the file at once.
const BLOCK: u64 = 4 << 20;

/// The file, read in blocks.
struct FileSource {
    file: File,
    at: u64,
    block: Vec<u8>,
}

impl FileSource {
    fn new(file: File) -> Self {
        Self {
            file,
            at: 0,
            block: Vec::new(),
        }
    }

    async fn read_bytes(&self, at: u64, len: u64) -> Result<Vec<u8>, JsValue> {
        let slice = self
            .file
            .slice_with_f64_and_f64(at as f64, (at + len) as f64)?;
        Ok(Uint8Array::new(&settled(slice.array_buffer().unchecked_into()).await?).to_vec())
    }
}

impl Source for FileSource {
    async fn read(&mut self, sample: &Sample) -> Result<&[u8], JsValue> {
        let len = u64::from(sample.len);
        let inside = sample.at >= self.at && sample.at + len <= self.at + self.block.len() as u64;
        if !inside {
            self.block = self.read_bytes(sample.at, len.max(BLOCK)).await?;
            self.at = sample.at;
        }
        let from = (sample.at - self.at) as usize;
        self.block
            .get(from..from + sample.len as usize)
            .ok_or_else(|| JsValue::from("the file ended early"))
    }
}

/// Reads a file's index.
///
/// # Errors
/// A message for the creator.
pub(super) async fn open(file: &File) -> Result<Film, String> {
    let source = FileSource::new(file.clone());
    let unreadable = |error: JsValue| {
        format!(
            "This file could not be read ({}); choose it again, or copy it to this device first.",
            describe(&error)
        )
    };
    let refused = |error: FilmError| error.message();
    let mut reader = Reader::new(file.size() as u64);
    while let Some((at, len)) = reader.wants() {
        let bytes = source.read_bytes(at, len).await.map_err(unreadable)?;
        if bytes.len() as u64 != len {
            return Err(refused(FilmError::Damaged));
        }
        reader.take(&bytes).map_err(refused)?;
    }
    reader.finish().map_err(refused)
}

/// Plays a film into a recording.
///
/// # Errors
/// A message for the creator; what came before is in the recording.
pub(super) async fn run(recording: &Rc<Recording>, file: File, film: Film) -> Result<(), String> {
    let name = film
        .video
        .as_ref()
        .map(|track| encoding::of_codec(&track.config.codec));
    let name = name.unwrap_or_default();
    // Two readers, because picture and sound may lie far apart in the file.
    let (pictures, heard) = (FileSource::new(file.clone()), FileSource::new(file));
    let mut video = None;
    let mut lengths = Vec::new();
    let mut drawer = None;
    if let Some(track) = &film.video {
        recording.set_rotation(track.config.rotation);
        recording.set_frames_per_s(film.frames_per_s());
        lengths = track.shown().map(|s| (s.t_us, s.duration_us)).collect();
        lengths.sort_unstable();
        drawer = Some(Drawer::new(&track.config, film.look));
        let decoder = PictureDecoder::start(&track.config).await;
        let decoder = decoder.map_err(|_| format!(
            "The picture of this film is encoded as {name}, which this browser does not decode; export it as MP4 with H.264 and choose that."
        ))?;
        video = Some(Track::of_runs(
            decoder,
            &track.samples,
            &track.runs,
            pictures,
        ));
    }
    for note in film.notes() {
        recording.note(note);
    }
    let mut audio = None;
    if let Some(track) = &film.audio {
        let sound = encoding::of_codec(&track.config.codec);
        match SoundDecoder::start(&track.config).await {
            Ok(decoder) => audio = Some(Track::of_runs(decoder, &track.samples, &track.runs, heard)),
            Err(_) if film.video.is_some() => recording.note(format!("The film's sound is encoded as {sound}, which this browser does not decode; it is brought in without sound. To keep the sound, export the film with AAC.")),
            Err(_) => return Err(format!("This file holds no picture, and its sound is encoded as {sound}, which this browser does not decode; export it with AAC and choose that.")),
        }
    }
    let mut sink = RecordingSink {
        recording,
        duration: film.duration,
        sampler: FrameSampler::new(),
        lengths,
        drawer,
        failed: None,
    };
    let played = playback::play(video, audio, &mut sink).await;
    if let Some(error) = sink.failed {
        return Err(format!(
            "This film's pictures could not be drawn in this browser ({}); export it as MP4 with H.264 and choose that.",
            describe(&error)
        ));
    }
    played.map_err(|error| match error {
        PlaybackError::Decoder(reason) if recording.state.borrow().frames == 0 => format!(
            "The picture of this film, which is encoded as {name}, could not be decoded ({reason}); export it as MP4 with H.264 and choose that."
        ),
        PlaybackError::Decoder(reason) => format!(
            "The picture of this film, which is encoded as {name}, could not be decoded to its end ({reason}); what came before is kept. To bring in all of it, export it as MP4 with H.264 and choose that."
        ),
        PlaybackError::Source(error) => format!(
            "The film could not be read to its end ({}); what came before is kept.",
            describe(&error)
        ),
    })
}

/// Records what a film shows.
struct RecordingSink<'a> {
    recording: &'a Rc<Recording>,
    /// Length of the film, s.
    duration: f64,
    sampler: FrameSampler,
    /// When pictures are shown and for how long, µs, by time.
    lengths: Vec<(i64, u32)>,
    drawer: Option<Drawer>,
    /// Why a picture could not be drawn, which ends the film.
    failed: Option<JsValue>,
}

impl Sink for RecordingSink<'_> {
    fn stopped(&self) -> bool {
        self.failed.is_some() || self.recording.stopping.get()
    }

    async fn picture(&mut self, frame: Owned<VideoFrame>) {
        let t_us = frame.timestamp() as i64;
        if self.duration > 0.0 {
            let share = t_us as f64 / 1e6 / self.duration;
            self.recording.state.borrow_mut().share = Some(share.clamp(0.0, 1.0) as f32);
        }
        let found = self.lengths.binary_search_by_key(&t_us, |length| length.0);
        let length = found
            .ok()
            .and_then(|at| self.lengths.get(at))
            .map_or(0, |length| length.1);
        let frame = match &mut self.drawer {
            Some(drawer) => drawer.draw(frame, t_us, length),
            None => return,
        };
        match frame {
            Ok(frame) => {
                self.recording.set_length(t_us, length);
                self.recording
                    .add_frame(frame, t_us, true, &mut self.sampler)
                    .await;
            }
            Err(error) => self.failed = Some(error),
        }
    }

    async fn sound(&mut self, t_us: i64, stretch: Stretch) {
        if let Ok(data) = sound::buffer(&stretch, t_us) {
            self.recording.add_sound(data, 0.0).await;
        }
    }
}
