//! What lies on this device: whose each session is, what was decided about it, and the room there is.

use std::{collections::HashMap, rc::Rc};

use domain::{capture::Room, id::SessionId};
use leptos::{prelude::*, task::spawn_local};
use protocol::StoredSession;
use serde::{Deserialize, Serialize};

use super::capture::CaptureRow;
use crate::{
    browser::{
        room,
        rows::{Rows, Table},
    },
    review::decision::Decisions,
    upload::item::Owner,
};

/// How often the room is read while filming, s of film.
const ROOM_EVERY_S: f64 = 4.0;

/// Whose a session is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct SessionRow {
    pub(crate) id: SessionId,
    pub(crate) owner: Owner,
    /// Whether a page was made of it.
    #[serde(default)]
    pub(crate) made: bool,
    /// What it is filmed under.
    #[serde(default)]
    pub(crate) capture: Option<CaptureRow>,
}

/// What was decided about a session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ReviewRow {
    pub(crate) decisions: Decisions,
    #[serde(default)]
    pub(crate) title: String,
}

/// Rows about sessions, and the room on this device.
#[derive(Clone, Copy)]
pub(crate) struct DeviceStore {
    /// Whose each session is, where that is known.
    pub(crate) sessions: RwSignal<HashMap<String, SessionRow>>,
    /// The room there is; `None` until the browser said.
    pub(crate) room: RwSignal<Option<Room>>,
    /// Whether the browser keeps everything until the person deletes it.
    pub(crate) persistent: RwSignal<Option<bool>>,
    rows: StoredValue<Option<Rc<Rows>>, LocalStorage>,
    round: StoredValue<u64>,
}

impl DeviceStore {
    /// Nothing read yet.
    pub(crate) fn new() -> Self {
        Self {
            sessions: RwSignal::new(HashMap::new()),
            room: RwSignal::new(None),
            persistent: RwSignal::new(None),
            rows: StoredValue::new_local(None),
            round: StoredValue::new(0),
        }
    }

    /// Opens it.
    pub(crate) async fn open(self, rows: Rc<Rows>) {
        self.rows.set_value(Some(rows));
        self.refresh().await;
        self.persistent.set(Some(room::is_persistent().await));
    }

    /// Reads again whose the sessions are, and the room.
    pub(crate) async fn refresh(self) {
        if let Some(rows) = self.rows.get_value()
            && let Ok(found) = rows.all::<SessionRow>(Table::Session).await
        {
            let by_id = found.into_iter().map(|row| (row.id.to_string(), row));
            self.sessions.set(by_id.collect());
        }
        self.room.set(room::read().await);
    }

    /// Reads the room again while filming, where some seconds have passed since.
    pub(crate) fn follow_room(self, seconds: f64) {
        let round = (seconds / ROOM_EVERY_S) as u64;
        if self.round.get_value() != round {
            self.round.set_value(round);
            spawn_local(async move { self.room.set(room::read().await) });
        }
    }

    /// Asks the browser to keep everything until the person deletes it.
    pub(crate) fn persist(self) {
        spawn_local(async move { self.persistent.set(Some(room::persist().await)) });
    }

    /// Writes whose a session is, where nobody's name is on it.
    pub(crate) async fn claim(self, session: &SessionId, owner: Owner, capture: CaptureRow) {
        let Some(rows) = self.rows.get_value() else {
            return;
        };
        let known = rows
            .get::<SessionRow>(Table::Session, session.as_str())
            .await;
        if known.is_none() {
            let row = SessionRow {
                id: session.clone(),
                owner,
                made: false,
                capture: Some(capture),
            };
            let _ = rows.put(Table::Session, session.as_str(), &row).await;
        }
    }

    /// Writes down what a session is filmed under.
    pub(crate) fn put_capture(self, session: SessionId, capture: CaptureRow) {
        let Some(rows) = self.rows.get_value() else {
            return;
        };
        spawn_local(async move {
            let _ = rows
                .change(Table::Session, session.as_str(), |row: &mut SessionRow| {
                    row.capture = Some(capture);
                })
                .await;
        });
    }

    /// What a session was filmed under; `None` for one from before contracts.
    pub(crate) async fn capture(self, session: &SessionId) -> Option<CaptureRow> {
        let rows = self.rows.get_value()?;
        let row: SessionRow = rows.get(Table::Session, session.as_str()).await?;
        row.capture
    }

    /// Writes that a page was made of a session.
    pub(crate) fn set_made(self, session: SessionId) {
        let Some(rows) = self.rows.get_value() else {
            return;
        };
        spawn_local(async move {
            let _ = rows
                .change(Table::Session, session.as_str(), |row: &mut SessionRow| {
                    row.made = true;
                })
                .await;
            let _ = rows.remove(Table::Review, session.as_str()).await;
            self.refresh().await;
        });
    }

    /// What was decided about a session.
    pub(crate) async fn review(self, session: &SessionId) -> Option<ReviewRow> {
        let rows = self.rows.get_value()?;
        rows.get(Table::Review, session.as_str()).await
    }

    /// Keeps what was decided. Writes of one session come into the database in their order.
    pub(crate) fn put_review(self, session: SessionId, review: ReviewRow) {
        let Some(rows) = self.rows.get_value() else {
            return;
        };
        spawn_local(async move {
            let _ = rows.put(Table::Review, session.as_str(), &review).await;
        });
    }

    /// Forgets a session.
    pub(crate) async fn forget(self, session: &SessionId) {
        if let Some(rows) = self.rows.get_value() {
            let _ = rows.remove(Table::Review, session.as_str()).await;
            let _ = rows.remove(Table::Session, session.as_str()).await;
        }
        self.refresh().await;
    }

    /// The sessions that are this person's, or nobody's: those made before this device wrote down whose they are.
    pub(crate) fn of<'a>(
        self,
        owner: &Owner,
        stored: &'a [StoredSession],
    ) -> (Vec<&'a StoredSession>, Vec<&'a StoredSession>) {
        self.sessions.with(|rows| {
            stored.iter().partition(|one| {
                rows.get(one.session.as_str())
                    .is_none_or(|row| row.owner == *owner)
            })
        })
    }

    /// Whether a page was made of a session.
    pub(crate) fn is_made(self, session: &SessionId) -> bool {
        self.sessions
            .with(|rows| rows.get(session.as_str()).is_some_and(|row| row.made))
    }
}
