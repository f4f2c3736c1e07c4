//! How far files are, and how that reads.

use super::{
    item::Item,
    product::{PendingProduct, Step},
};
use crate::wording;

/// What happens to an item in the tab that sends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activity {
    /// Bytes leave; so many of them have.
    Sending(u64),
    /// A request failed, and the next one waits a moment.
    Pausing,
    /// The server makes its variants.
    Preparing,
}

/// How far one file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// Its turn has not come.
    Waiting,
    /// On its way, with so many bytes sent.
    Sending(u64),
    /// The connection is cut; it is tried again by itself.
    Pausing,
    /// With the server, which makes its variants.
    Preparing,
    /// Done.
    Ready,
    /// It cannot go on by itself: why, and what to do.
    Failed(String),
}

impl Status {
    /// The status of an item, which is `None` where its row is gone.
    #[must_use]
    pub fn of(item: Option<&Item>, activity: Option<Activity>) -> Self {
        let Some(item) = item else {
            return Self::Failed(
                "This file is no longer on the device. Leave it out, or make the page again from its session.".to_owned(),
            );
        };
        match (&item.failed, activity) {
            (Some(message), _) => Self::Failed(message.clone()),
            _ if item.media.is_some() => Self::Ready,
            (None, _) if item.complete => Self::Preparing,
            (None, Some(Activity::Sending(sent))) => Self::Sending(sent.max(item.sent)),
            (None, Some(Activity::Pausing)) => Self::Pausing,
            (None, Some(Activity::Preparing)) => Self::Preparing,
            (None, None) => Self::Waiting,
        }
    }

    /// Bytes that have left, of `length`.
    #[must_use]
    pub fn sent(&self, item: Option<&Item>) -> u64 {
        match (self, item) {
            (Self::Preparing | Self::Ready, Some(item)) => item.length,
            (Self::Sending(sent), Some(item)) => (*sent).min(item.length),
            (_, Some(item)) => item.sent.min(item.length),
            (_, None) => 0,
        }
    }

    /// How far it is, as people read it: bytes while it is on its way, else what happens to it.
    #[must_use]
    pub fn text(&self, length: u64) -> String {
        match self {
            Self::Waiting => "waiting".to_owned(),
            Self::Sending(sent) => format!(
                "{} of {}",
                wording::size((*sent).min(length)),
                wording::size(length)
            ),
            Self::Pausing => "the connection is cut, trying again".to_owned(),
            Self::Preparing => "the shop prepares it".to_owned(),
            Self::Ready => "done".to_owned(),
            Self::Failed(message) => message.clone(),
        }
    }
}

/// Why the queue of a person stands still.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// The browser is offline.
    Offline,
    /// The shop does not answer.
    Unreachable,
    /// Nobody is signed in.
    SignedOut,
    /// Somebody else is signed in.
    OtherPerson,
}

impl Hold {
    /// What happened and what to do next.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Offline => {
                "You are offline. You can film and review; what you publish waits here and goes up by itself when the network is back."
            }
            Self::Unreachable => {
                "The shop does not answer. You can film and review; what you publish waits here and goes up by itself when it answers again."
            }
            Self::SignedOut => {
                "You are signed out, so nothing is sent. Sign in again, and the queue goes on by itself."
            }
            Self::OtherPerson => {
                "Somebody else is signed in here now, so nothing of yours is sent. It waits until you sign in again."
            }
        }
    }
}

/// How far a product is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// Bytes that have left.
    pub sent: u64,
    /// Bytes in all.
    pub length: u64,
    /// Files that are done.
    pub done: usize,
    /// Files in all.
    pub files: usize,
    /// What happens now, in one line.
    pub what: String,
}

/// How far a product is. `activity` tells of an item what this tab does with it.
#[must_use]
pub fn of(
    product: &PendingProduct,
    items: &[Item],
    hold: Option<Hold>,
    activity: impl Fn(&str) -> Option<Activity>,
) -> Progress {
    let (mut sent, mut length, mut done) = (0, 0, 0);
    let mut moving = None;
    for file in &product.files {
        let item = product.item(file, items);
        let status = Status::of(item, item.and_then(|item| activity(&item.id)));
        let whole = item.map_or(0, |item| item.length);
        sent += status.sent(item);
        length += whole;
        match status {
            Status::Ready => done += 1,
            Status::Sending(_) | Status::Pausing => {
                moving.get_or_insert((file.name.as_str(), status.text(whole)));
            }
            _ => {}
        }
    }
    let files = product.files.len();
    let what = match (product.step(items), hold) {
        (Step::Made, _) => "The page is made".to_owned(),
        (Step::Stopped, _) => "Waits for you".to_owned(),
        (Step::Making | Step::Sending, Some(Hold::Offline)) => "Waits for the network".to_owned(),
        (Step::Making | Step::Sending, Some(Hold::Unreachable)) => {
            "Waits for the shop to answer".to_owned()
        }
        (Step::Making | Step::Sending, Some(Hold::SignedOut | Hold::OtherPerson)) => {
            "Waits for you to sign in".to_owned()
        }
        (Step::Making, None) => "Writing the draft".to_owned(),
        (Step::Sending, None) => match moving {
            Some((name, text)) => format!("{name}: {text}"),
            None if length > 0 && sent == length => "The shop prepares the files".to_owned(),
            None => "Waiting".to_owned(),
        },
    };
    Progress {
        sent,
        length,
        done,
        files,
        what,
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            item::{
                Rank,
                tests::{item, owner},
            },
            product::PendingProduct,
        },
        *,
    };
    use crate::review::{decision::Decisions, key::Key};
    use domain::{capture::Metadata, media::Kind};

    fn product(names: &[&str]) -> PendingProduct {
        let file = |name: &&str| super::super::file::PageFile {
            key: Key::Photo((*name).to_owned()),
            kind: Kind::Photo,
            name: (*name).to_owned(),
            span: None,
            score: None,
            reasons: Vec::new(),
            poster: None,
            on_page: true,
            item: Some((*name).to_owned()),
        };
        PendingProduct {
            id: "d-1".parse().expect("an id"),
            owner: owner("p1", "s1"),
            session: "s-1".parse().expect("an id"),
            title: "Cup".into(),
            files: names.iter().map(file).collect(),
            network: None,
            review: Decisions::default(),
            may_leave: Metadata::default(),
            contract: None,
            location: None,
            devices: Vec::new(),
            added_ms: 1,
            edit_url: None,
            refused: None,
        }
    }

    #[test]
    fn the_line_says_what_moves_and_the_numbers_say_how_far() {
        let page = product(&["First photo", "Photo 2"]);
        let mut items = vec![
            item("First photo", Rank::Hero, 1),
            item("Photo 2", Rank::Photo, 1),
        ];
        let still = |items: &[Item]| of(&page, items, None, |_| None);
        assert_eq!(
            (still(&items).what.as_str(), still(&items).length),
            ("Waiting", 200)
        );
        let moving = of(&page, &items, None, |id| {
            (id == "Photo 2").then_some(Activity::Sending(40))
        });
        assert_eq!(
            (moving.what.as_str(), moving.sent),
            ("Photo 2: 40 B of 100 B", 40)
        );
        for (hold, what) in [
            (Hold::Offline, "Waits for the network"),
            (Hold::SignedOut, "Waits for you to sign in"),
        ] {
            assert_eq!(of(&page, &items, Some(hold), |_| None).what, what);
        }
        for item in &mut items {
            item.complete = true;
        }
        assert_eq!(
            (still(&items).what.as_str(), still(&items).sent),
            ("The shop prepares the files", 200)
        );
        for item in &mut items {
            item.media = "m1".parse().ok();
        }
        assert_eq!(
            (still(&items).what.as_str(), still(&items).done),
            ("Writing the draft", 2)
        );
        items[1].media = None;
        items[1].failed = Some("Too long. Trim it.".into());
        assert_eq!(still(&items).what, "Waits for you");
    }

    #[test]
    fn a_status_follows_from_the_row_wherever_the_file_is_sent() {
        let mut one = item("a", Rank::Clip, 1);
        assert_eq!(Status::of(Some(&one), None), Status::Waiting);
        // Another tab sends it: this one knows what the server acknowledged.
        one.sent = 30;
        assert_eq!(Status::of(Some(&one), None).sent(Some(&one)), 30);
        assert_eq!(
            Status::of(Some(&one), Some(Activity::Sending(20))),
            Status::Sending(30)
        );
        assert_eq!(
            Status::of(Some(&one), Some(Activity::Pausing)),
            Status::Pausing
        );
        one.complete = true;
        assert_eq!(
            Status::of(Some(&one), Some(Activity::Sending(100))),
            Status::Preparing
        );
        one.media = "m1".parse().ok();
        assert_eq!(Status::of(Some(&one), None), Status::Ready);
        one.failed = Some("No.".into());
        assert_eq!(Status::of(Some(&one), None), Status::Failed("No.".into()));
        assert!(
            matches!(Status::of(None, None), Status::Failed(message) if message.ends_with('.'))
        );
    }

    #[test]
    fn every_hold_says_what_happened_in_whole_sentences() {
        for hold in [
            Hold::Offline,
            Hold::Unreachable,
            Hold::SignedOut,
            Hold::OtherPerson,
        ] {
            assert!(hold.text().ends_with('.') && hold.text().contains(". "));
        }
    }
}
