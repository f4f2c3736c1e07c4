//! A session on disk and in memory: every record goes to both, so that what is known and what is kept never differ.

use domain::{
    capture::Network,
    highlight::{self, Choice, Loudness, Moment},
    id::SessionId,
};
use protocol::{Report, StoredSession};
use wasm_bindgen::JsValue;

use crate::{
    browser::{file::LogFile, now_ms},
    log::{
        index::Index,
        record::{self, AudioConfig, Checkpoint, HEADER, Kind, Meta, RecordHeader, VideoConfig},
    },
};

/// Records are handed to the disk when they are this many bytes,
const BATCH: usize = 256 << 10;
/// or this old, ms. With what an encoder holds back it is what a tab that is killed loses: less than a second.
const AGE_MS: f64 = 400.0;

/// A session that is recorded, or open to be cut.
pub(super) struct Session {
    pub(super) id: SessionId,
    pub(super) index: Index,
    log: LogFile,
    /// Records not handed to the disk yet.
    buffer: Vec<u8>,
    written_ms: f64,
}

impl Session {
    /// Makes a new session.
    ///
    /// # Errors
    /// What the storage says.
    pub(super) async fn create(meta: Meta) -> Result<Self, JsValue> {
        let id = meta.session.clone();
        let log = LogFile::open(&id, true).await?;
        if log.len() > 0 {
            let error = js_sys::Error::new("a session of this name is there already");
            error.set_name("InvalidModificationError");
            return Err(error.into());
        }
        let mut session = Self {
            id,
            index: Index::default(),
            log,
            buffer: Vec::new(),
            written_ms: now_ms(),
        };
        let json = serde_json::to_vec(&meta).map_err(|e| JsValue::from(e.to_string()))?;
        session.put(Kind::Meta, false, 0, 0, &json)?;
        session.write(true)?;
        Ok(session)
    }

    /// Opens a kept session, up to its last sound record; what follows that is cut off.
    ///
    /// # Errors
    /// What the storage says.
    pub(super) async fn open(id: SessionId) -> Result<Self, JsValue> {
        let mut log = LogFile::open(&id, false).await?;
        let mut index = Index::default();
        let good = record::scan(
            log.len(),
            |at, buffer| log.read(at, buffer),
            |header, at, payload| index.apply(header, at, payload),
        )?;
        if good < log.len() {
            log.truncate(good)?;
            // A torn end is not a good end, whatever was said before it.
            index.checkpoint = index.checkpoint.map(|checkpoint| Checkpoint {
                complete: false,
                ..checkpoint
            });
        }
        Ok(Self {
            id,
            index,
            log,
            buffer: Vec::new(),
            written_ms: now_ms(),
        })
    }

    /// Appends a record.
    ///
    /// # Errors
    /// What the storage says; the record is then neither kept nor known, and all before it are.
    pub(super) fn put(
        &mut self,
        kind: Kind,
        key: bool,
        t_us: i64,
        duration_us: u32,
        payload: &[u8],
    ) -> Result<(), JsValue> {
        let at = self.bytes() + HEADER as u64;
        let header = RecordHeader {
            kind,
            key,
            t_us,
            duration_us,
            len: 0,
        };
        let Some(header) = record::append(&mut self.buffer, header, payload) else {
            return Err(JsValue::from("an encoded picture is too large to keep"));
        };
        self.index.apply(header, at, payload);
        if self.buffer.len() >= BATCH || now_ms() - self.written_ms >= AGE_MS {
            self.write(false)?;
        }
        Ok(())
    }

    /// Takes in a decoder configuration, where it is new.
    ///
    /// # Errors
    /// What the storage says.
    pub(super) fn put_video_config(&mut self, config: &VideoConfig) -> Result<(), JsValue> {
        if self.index.video_configs.last() == Some(config) {
            return Ok(());
        }
        self.put(
            Kind::VideoConfig,
            false,
            0,
            0,
            &serde_json::to_vec(config).unwrap_or_default(),
        )
    }

    /// Takes in a decoder configuration, where it is new.
    ///
    /// # Errors
    /// What the storage says.
    pub(super) fn put_audio_config(&mut self, config: &AudioConfig) -> Result<(), JsValue> {
        if self.index.audio_configs.last() == Some(config) {
            return Ok(());
        }
        self.put(
            Kind::AudioConfig,
            false,
            0,
            0,
            &serde_json::to_vec(config).unwrap_or_default(),
        )
    }

    /// Takes in analysed frames.
    ///
    /// # Errors
    /// What the storage says.
    pub(super) fn put_moments(&mut self, moments: &[Moment]) -> Result<(), JsValue> {
        if moments.is_empty() {
            return Ok(());
        }
        self.put(
            Kind::Moments,
            false,
            0,
            0,
            &record::moments_to_bytes(moments),
        )
    }

    /// Takes in loudness.
    ///
    /// # Errors
    /// What the storage says.
    pub(super) fn put_loudness(&mut self, loudness: &[Loudness]) -> Result<(), JsValue> {
        if loudness.is_empty() {
            return Ok(());
        }
        self.put(
            Kind::Loudness,
            false,
            0,
            0,
            &record::loudness_to_bytes(loudness),
        )
    }

    /// Writes how far the session has come, durably.
    ///
    /// # Errors
    /// What the storage says.
    pub(super) fn checkpoint(&mut self, complete: bool, network: Network) -> Result<(), JsValue> {
        let duration_us = (self.index.measurements.duration * 1e6) as u64;
        self.put(
            Kind::Checkpoint,
            false,
            0,
            0,
            &Checkpoint {
                duration_us,
                complete,
                network,
            }
            .to_bytes(),
        )?;
        self.write(true)
    }

    /// Hands the buffered records to the file, and makes them durable if asked.
    ///
    /// # Errors
    /// What the storage says. As many whole records as fit are kept; the others are forgotten in memory too.
    pub(super) fn write(&mut self, durable: bool) -> Result<(), JsValue> {
        self.written_ms = now_ms();
        let buffer = std::mem::take(&mut self.buffer);
        if !buffer.is_empty()
            && let Err(error) = self.log.append(&buffer)
        {
            let mut rest = buffer.as_slice();
            while let Some((header, _)) = record::read(rest) {
                let (one, later) = rest.split_at(HEADER + header.len as usize);
                if self.log.append(one).is_err() {
                    break;
                }
                rest = later;
            }
            self.index.forget_from(self.log.len());
            let _ = self.log.flush();
            return Err(error);
        }
        if durable { self.log.flush() } else { Ok(()) }
    }

    /// Fills a buffer from the log.
    ///
    /// # Errors
    /// What the storage says.
    pub(super) fn read(&self, at: u64, buffer: &mut [u8]) -> Result<(), JsValue> {
        self.log.read_exact(at, buffer)
    }

    /// Bytes on the device, with those on the way there.
    pub(super) fn bytes(&self) -> u64 {
        self.log.len() + self.buffer.len() as u64
    }

    /// As it stands in the list.
    pub(super) fn summary(&self) -> StoredSession {
        StoredSession {
            session: self.id.clone(),
            duration: self.index.measurements.duration,
            bytes: self.bytes(),
            started_at: self.index.meta.as_ref().map_or(0, |meta| meta.started_at),
            complete: self.index.complete(),
        }
    }

    /// The report of what was chosen for good.
    pub(super) fn chosen(&self, choice: Choice) -> Report {
        Report::Chosen {
            choice,
            last: true,
            signals: highlight::seconds(&self.index.measurements),
            network: Some(self.index.network()),
        }
    }

    /// The report that it is closed on disk.
    pub(super) fn stopped(&self, network: Network) -> Report {
        let (width, height) = self.index.size();
        Report::Stopped {
            session: self.id.clone(),
            duration: self.index.measurements.duration,
            bytes: self.bytes(),
            width,
            height,
            keyframes: self.index.measurements.keyframes.clone(),
            loudness: self.index.waveform(),
            network,
        }
    }
}
