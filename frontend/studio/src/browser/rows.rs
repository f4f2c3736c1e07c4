//! Rows kept on the device (IndexedDB), each as JSON under its identifier. The service worker opens the same database
//! (`frontend/service-worker.js`).

use idb::{
    Database, DatabaseEvent as _, Error, Factory, KeyPath, ObjectStoreParams, Query,
    TransactionMode,
};
use serde::{Serialize, de::DeserializeOwned};
use wasm_bindgen::JsValue;

use super::js;

const DATABASE: &str = "vitrine";
const VERSION: u32 = 1;

/// A kind of row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Table {
    /// Files that are sent.
    Upload,
    /// Products that are made of them.
    Product,
    /// Recordings, and whose they are.
    Session,
    /// What was decided about them.
    Review,
}

impl Table {
    const ALL: [Self; 4] = [Self::Upload, Self::Product, Self::Session, Self::Review];

    const fn name(self) -> &'static str {
        match self {
            Self::Upload => "upload",
            Self::Product => "product",
            Self::Session => "session",
            Self::Review => "review",
        }
    }
}

/// The database, open.
pub(crate) struct Rows {
    database: Database,
}

impl Rows {
    /// Opens it, and makes its tables where they are missing.
    pub(crate) async fn open() -> Result<Self, Error> {
        let mut request = Factory::new()?.open(DATABASE, Some(VERSION))?;
        request.on_upgrade_needed(|event| {
            let Ok(database) = event.database() else {
                return;
            };
            for table in Table::ALL {
                let mut parameters = ObjectStoreParams::new();
                parameters.key_path(Some(KeyPath::new_single("id")));
                // Fails where it is there already, which is as well.
                let _ = database.create_object_store(table.name(), parameters);
            }
        });
        let mut database = request.await?;
        // A newer build of the page, in another tab, would otherwise wait for this one to close.
        database.on_version_change(|event| {
            if let Ok(database) = event.database() {
                database.close();
            }
        });
        Ok(Self { database })
    }

    /// All rows that can be read.
    pub(crate) async fn all<T: DeserializeOwned>(&self, table: Table) -> Result<Vec<T>, Error> {
        let transaction = self
            .database
            .transaction(&[table.name()], TransactionMode::ReadOnly)?;
        let found = transaction
            .object_store(table.name())?
            .get_all(None, None)?
            .await?;
        Ok(found.iter().filter_map(read).collect())
    }

    /// One row.
    pub(crate) async fn get<T: DeserializeOwned>(&self, table: Table, id: &str) -> Option<T> {
        let transaction = self
            .database
            .transaction(&[table.name()], TransactionMode::ReadOnly)
            .ok()?;
        let store = transaction.object_store(table.name()).ok()?;
        let found = store.get(key(id)).ok()?.await.ok()?;
        read(&found?)
    }

    /// Writes a row, whether it is there or not.
    pub(crate) async fn put<T: Serialize>(
        &self,
        table: Table,
        id: &str,
        row: &T,
    ) -> Result<(), Error> {
        let transaction = self
            .database
            .transaction(&[table.name()], TransactionMode::ReadWrite)?;
        transaction
            .object_store(table.name())?
            .put(&written(id, row), None)?
            .await?;
        transaction.commit()?.await?;
        Ok(())
    }

    /// Changes a row that is there, in one transaction: no other tab's change is lost. Returns the row as it is then; `None` where it
    /// is gone.
    pub(crate) async fn change<T: Serialize + DeserializeOwned>(
        &self,
        table: Table,
        id: &str,
        change: impl FnOnce(&mut T),
    ) -> Result<Option<T>, Error> {
        let transaction = self
            .database
            .transaction(&[table.name()], TransactionMode::ReadWrite)?;
        let store = transaction.object_store(table.name())?;
        let Some(mut row) = store
            .get(key(id))?
            .await?
            .and_then(|found| read::<T>(&found))
        else {
            return Ok(None);
        };
        change(&mut row);
        store.put(&written(id, &row), None)?.await?;
        transaction.commit()?.await?;
        Ok(Some(row))
    }

    /// Removes a row.
    pub(crate) async fn remove(&self, table: Table, id: &str) -> Result<(), Error> {
        let transaction = self
            .database
            .transaction(&[table.name()], TransactionMode::ReadWrite)?;
        transaction
            .object_store(table.name())?
            .delete(key(id))?
            .await?;
        transaction.commit()?.await?;
        Ok(())
    }
}

fn key(id: &str) -> Query {
    Query::Key(JsValue::from_str(id))
}

/// JSON as text: a number of JavaScript does not hold the bits of a time.
fn written<T: Serialize>(id: &str, row: &T) -> JsValue {
    let value = js_sys::Object::new();
    js::set(&value, "id", &id.into());
    let text = serde_json::to_string(row).unwrap_or_default();
    js::set(&value, "text", &text.into());
    value.into()
}

fn read<T: DeserializeOwned>(value: &JsValue) -> Option<T> {
    serde_json::from_str(&js::get(value, "text").as_string()?).ok()
}
