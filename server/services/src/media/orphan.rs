//! Files of the media store that belong to nothing, and media that nothing shows: what a crash, or an upload whose page was
//! never made, leaves behind. Found by listing the store and asking the database.

use domain::{id::ShopId, time::UnixMs};
use futures::TryStreamExt;

use super::{
    delete,
    part::FOLDER,
    process,
    sql::{self, Object},
    store::{Key, Store},
};
use crate::{Result, Services, db::Db};

/// A file younger than this may belong to work that is not committed yet, ms: an hour.
const GRACE_MS: i64 = 60 * 60 * 1000;
/// Media that nothing shows is kept for as long, ms: two days, a day longer than the answer of its upload.
const UNSHOWN_MS: i64 = 2 * 24 * 60 * 60 * 1000;
/// Most files that one run deletes.
const MOST: usize = 2000;

/// A file that belongs to nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Orphan {
    place: Place,
    /// Its length.
    pub(crate) bytes: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    Media(ShopId, Object),
    /// A part of an upload, by its name in the store.
    Part(String),
}

/// What a name in the store says; `None` for what is not ours.
fn read(name: &str) -> Option<Place> {
    let mut parts = name.split('/');
    let (first, second, third) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    if first == FOLDER {
        return Some(Place::Part(name.to_owned()));
    }
    let shop: ShopId = first.parse().ok()?;
    Key::new(&shop, second, third)?;
    let object = Object {
        hash: second.to_owned(),
        file: third.to_owned(),
    };
    Some(Place::Media(shop, object))
}

/// The files of the store that belong to nothing and are older than an hour.
pub(crate) async fn find(db: &Db, store: &Store, now: UnixMs) -> Result<Vec<Orphan>> {
    // Listed first: what is written and committed meanwhile is known to the database then.
    let listed: Vec<_> = store.list().try_collect().await?;
    let mut connection = db.read().await?;
    let needed = sql::all_needed(&mut connection).await?;
    let uploads = sql::all_uploads(&mut connection).await?;
    drop(connection);
    let orphans = listed.into_iter().filter_map(|file| {
        if file.modified_at.plus_ms(GRACE_MS) > now {
            return None;
        }
        let place = read(&file.name)?;
        let belongs = match &place {
            Place::Media(shop, object) => {
                needed.get(shop).is_some_and(|shop| shop.contains(object))
            }
            Place::Part(name) => name
                .split('/')
                .nth(1)
                .is_some_and(|upload| uploads.contains(upload)),
        };
        (!belongs).then_some(Orphan {
            place,
            bytes: file.bytes,
        })
    });
    Ok(orphans.collect())
}

/// Deletes what belongs to nothing.
pub(crate) async fn sweep(services: &Services) -> Result<()> {
    let now = services.now();
    let inner = &services.inner;
    let unshown = sql::unshown(&mut *inner.db.read().await?, now.plus_ms(-UNSHOWN_MS)).await?;
    for (shop, media) in unshown {
        let mut write = inner.db.write().await?;
        delete::enqueue(services, &mut write, &shop, &media).await?;
        write.commit().await?;
    }
    let orphans = find(&inner.db, &inner.store, now).await?;
    for orphan in orphans.into_iter().take(MOST) {
        match orphan.place {
            // The upload is gone, and no identifier comes twice.
            Place::Part(name) => inner.store.delete_at(&name).await?,
            Place::Media(shop, object) => {
                let mut write = inner.db.write().await?;
                sql::lock_shop(&mut write, &shop).await?;
                if !sql::is_needed(&mut write, &shop, &object).await? {
                    let key = process::key(&shop, &object.hash, &object.file)?;
                    inner.store.delete(&key).await?;
                }
                write.commit().await?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_names_are_read() {
        let hash = "a".repeat(64);
        assert!(matches!(
            read(&format!("shop/{hash}/320.jpg")),
            Some(Place::Media(_, _))
        ));
        assert!(matches!(read(".uploads/u1/0-1"), Some(Place::Part(_))));
        for other in [
            "doctor",
            "shop/x/320.jpg",
            "lost+found/a/b",
            "a/b/c/d",
            ".uploads/u1",
        ] {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
