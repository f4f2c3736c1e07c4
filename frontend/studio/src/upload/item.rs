//! One file that waits on the device, or is on its way, or has arrived: a row of the queue.

use std::fmt::Write as _;

use domain::{
    id::{MediaId, PersonId, ShopId},
    media::Kind,
    wire::viewer,
};
use serde::{Deserialize, Serialize};

/// Whose something on this device is. It is sent for them alone, whoever is signed in later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// The person.
    pub person: PersonId,
    /// Their shop.
    pub shop: ShopId,
}

impl Owner {
    /// What a request for them has in [`viewer::HEADER`].
    #[must_use]
    pub fn header(&self) -> String {
        viewer::value(&self.person, &self.shop)
    }
}

/// What goes first: a page can be looked at with its pictures alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rank {
    /// The picture a page begins with.
    Hero,
    /// The still of a clip.
    Poster,
    /// Any other picture.
    Photo,
    /// A clip.
    Clip,
}

/// One file of the queue. Its bytes lie on the device under its identifier until a page has it. The service worker reads these rows
/// too (`frontend/service-worker.js`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// Whose it is and what it holds, see [`id`].
    pub id: String,
    /// Whose it is.
    pub owner: Owner,
    /// Picture or clip.
    pub kind: Kind,
    /// Where it stands in the queue.
    pub rank: Rank,
    /// Its length, bytes.
    pub length: u64,
    /// The value of `Upload-Metadata`.
    pub metadata: String,
    /// When it was put into the queue, unix ms.
    pub added_ms: u64,
    /// The upload's address, once the server has given one.
    #[serde(default)]
    pub url: Option<String>,
    /// Bytes that the server has said are safe.
    #[serde(default)]
    pub sent: u64,
    /// Whether all of them are.
    #[serde(default)]
    pub complete: bool,
    /// What the server made of it, once ready.
    #[serde(default)]
    pub media: Option<MediaId>,
    /// Why it cannot go on by itself.
    #[serde(default)]
    pub failed: Option<String>,
}

impl Item {
    /// Whether bytes of it are still to be sent, and nothing keeps it from that.
    #[must_use]
    pub const fn is_waiting(&self) -> bool {
        !self.complete && self.failed.is_none()
    }

    /// The same bytes were put into the queue once more, as `again` says.
    ///
    /// What is told of them follows what may leave the device now, unless the server was told before. Of what it refused, it is
    /// told anew.
    pub fn put_in_again(&mut self, again: &Self) {
        self.rank = self.rank.min(again.rank);
        let was_told = self.url.is_some() && self.failed.is_none();
        if self.metadata != again.metadata && !self.complete && !was_told {
            self.metadata.clone_from(&again.metadata);
            self.restart();
        }
        self.failed = None;
    }

    /// Begins anew: the server has thrown away what arrived.
    pub fn restart(&mut self) {
        self.url = None;
        self.sent = 0;
        self.complete = false;
        self.media = None;
    }
}

/// The identifier of a file, and its name on the device: the same bytes of the same person in the same shop have the same one, and
/// nothing else has. `digest` is the SHA-256 of the bytes, so a clip trimmed differently never goes on with the old one's bytes.
#[must_use]
pub fn id(owner: &Owner, kind: Kind, length: u64, digest: &[u8]) -> String {
    let mut id = format!(
        "{}.{}.{}.{length}.",
        owner.person,
        owner.shop,
        kind.as_str()
    );
    for byte in digest {
        // Writing to a String cannot fail.
        let _ = write!(id, "{byte:02x}");
    }
    id
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn owner(person: &str, shop: &str) -> Owner {
        Owner {
            person: person.parse().expect("an id"),
            shop: shop.parse().expect("an id"),
        }
    }

    pub(crate) fn item(name: &str, rank: Rank, added_ms: u64) -> Item {
        Item {
            id: name.to_owned(),
            owner: owner("p1", "s1"),
            kind: if rank == Rank::Clip {
                Kind::Clip
            } else {
                Kind::Photo
            },
            rank,
            length: 100,
            metadata: String::new(),
            added_ms,
            url: None,
            sent: 0,
            complete: false,
            media: None,
            failed: None,
        }
    }

    #[test]
    fn an_identifier_differs_by_person_shop_kind_length_and_bytes() {
        let mine = owner("p1", "s1");
        let one = id(&mine, Kind::Clip, 10, &[1, 255]);
        assert_eq!(one, "p1.s1.clip.10.01ff");
        for other in [
            id(&owner("p2", "s1"), Kind::Clip, 10, &[1, 255]),
            id(&owner("p1", "s2"), Kind::Clip, 10, &[1, 255]),
            id(&mine, Kind::Photo, 10, &[1, 255]),
            id(&mine, Kind::Clip, 11, &[1, 255]),
            id(&mine, Kind::Clip, 10, &[1, 254]),
        ] {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn what_is_told_follows_what_may_leave_now() {
        let with = |metadata: &str| Item {
            metadata: metadata.to_owned(),
            ..item("a", Rank::Clip, 1)
        };
        let again = Item {
            rank: Rank::Hero,
            ..with("kind")
        };
        let mut waiting = with("kind,start");
        waiting.put_in_again(&again);
        assert_eq!(
            (waiting.metadata.as_str(), waiting.rank),
            ("kind", Rank::Hero)
        );

        let told = Item {
            url: Some("/api/uploads/u1".to_owned()),
            sent: 50,
            ..with("kind,start")
        };
        let mut under_way = told.clone();
        under_way.put_in_again(&again);
        assert_eq!(
            (under_way.metadata.as_str(), under_way.sent),
            ("kind,start", 50)
        );
        let mut refused = Item {
            failed: Some("Choose a contract.".to_owned()),
            ..told.clone()
        };
        refused.put_in_again(&again);
        assert_eq!(
            (refused.metadata.as_str(), refused.url, refused.failed),
            ("kind", None, None)
        );
        let mut done = Item {
            complete: true,
            ..told
        };
        done.put_in_again(&again);
        assert!(done.complete && done.metadata == "kind,start");
    }

    #[test]
    fn a_row_is_read_as_the_service_worker_writes_it() {
        let row = r#"{"id":"a","owner":{"person":"p1","shop":"s1"},"kind":"clip","rank":"clip","length":100,"metadata":"kind Y2xpcA==",
            "added_ms":5,"url":"/api/uploads/u1","sent":100,"complete":true,"media":null,"failed":null}"#;
        let read: Item = serde_json::from_str(row).expect("a row");
        assert!(read.complete && !read.is_waiting());
        assert_eq!(read.owner.header(), "p1/s1");
        let mut again = read.clone();
        again.restart();
        assert!(again.is_waiting() && again.url.is_none() && again.sent == 0);
    }
}
