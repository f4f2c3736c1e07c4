//! Which files of the queue are sent next.

use super::item::{Item, Owner};
use domain::media::Kind;

/// How this device reaches the network, and what its owner allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// Whether the browser believes to be online.
    pub online: bool,
    /// Whether what is sent costs money: mobile data, or a wish to save data.
    pub metered: bool,
    /// Whether clips may be sent all the same.
    pub clips_when_metered: bool,
}

impl Link {
    /// Whether a file of this kind may be sent now.
    #[must_use]
    pub const fn allows(self, kind: Kind) -> bool {
        self.online && (matches!(kind, Kind::Photo) || !self.metered || self.clips_when_metered)
    }
}

/// The files to begin with now: as many as there are free `slots`, the first in the queue first. Those of `running` are under way.
#[must_use]
pub fn next<'a>(
    items: &'a [Item],
    running: &[String],
    owner: &Owner,
    link: Link,
    slots: usize,
) -> Vec<&'a Item> {
    let mut ready: Vec<&Item> = items
        .iter()
        .filter(|item| item.owner == *owner && item.is_waiting() && link.allows(item.kind))
        .filter(|item| !running.contains(&item.id))
        .collect();
    // What was begun is ended first: its bytes at the server are of no use alone, and expire.
    ready.sort_by(|a, b| {
        let begun = |item: &Item| item.url.is_none();
        (a.rank, begun(a), a.added_ms, a.length, &a.id).cmp(&(
            b.rank,
            begun(b),
            b.added_ms,
            b.length,
            &b.id,
        ))
    });
    ready.truncate(slots);
    ready
}

/// Whether clips wait only because the connection costs money.
#[must_use]
pub fn held_by_cost(items: &[Item], owner: &Owner, link: Link) -> bool {
    link.online
        && items
            .iter()
            .any(|item| item.owner == *owner && item.is_waiting() && !link.allows(item.kind))
}

#[cfg(test)]
mod tests {
    use super::{
        super::item::{
            Rank,
            tests::{item, owner},
        },
        *,
    };

    const FREE: Link = Link {
        online: true,
        metered: false,
        clips_when_metered: false,
    };

    fn names(items: &[Item], running: &[String], link: Link, slots: usize) -> Vec<String> {
        next(items, running, &owner("p1", "s1"), link, slots)
            .into_iter()
            .map(|item| item.id.clone())
            .collect()
    }

    fn queue() -> Vec<Item> {
        vec![
            item("clip of the first page", Rank::Clip, 1),
            item("photo", Rank::Photo, 2),
            item("hero of the second page", Rank::Hero, 9),
            item("hero", Rank::Hero, 4),
            item("poster", Rank::Poster, 3),
            item("clip of the second page", Rank::Clip, 8),
        ]
    }

    #[test]
    fn pictures_of_every_page_go_before_any_clip() {
        assert_eq!(
            names(&queue(), &[], FREE, 9),
            [
                "hero",
                "hero of the second page",
                "poster",
                "photo",
                "clip of the first page",
                "clip of the second page"
            ]
        );
        let running = ["hero".to_owned()];
        assert_eq!(
            names(&queue(), &running, FREE, 2),
            ["hero of the second page", "poster"]
        );
        assert!(names(&queue(), &[], FREE, 0).is_empty());
    }

    #[test]
    fn what_was_begun_is_ended_before_another_is_begun() {
        let mut items = queue();
        items[5].url = Some("/api/uploads/u1".into());
        assert_eq!(names(&items, &[], FREE, 9)[4], "clip of the second page");
    }

    #[test]
    fn what_arrived_failed_or_is_somebody_elses_is_left_alone() {
        let mut items = queue();
        items[0].complete = true;
        items[1].failed = Some("Too large. Trim it.".into());
        items[2].owner = owner("p2", "s1");
        items[3].owner = owner("p1", "s2");
        assert_eq!(
            names(&items, &[], FREE, 9),
            ["poster", "clip of the second page"]
        );
    }

    #[test]
    fn clips_wait_while_data_costs_money_and_everything_while_there_is_no_network() {
        let me = owner("p1", "s1");
        let metered = Link {
            metered: true,
            ..FREE
        };
        let allowed = Link {
            clips_when_metered: true,
            ..metered
        };
        let offline = Link {
            online: false,
            ..FREE
        };
        assert_eq!(names(&queue(), &[], metered, 9).len(), 4);
        assert_eq!(names(&queue(), &[], allowed, 9).len(), 6);
        assert!(names(&queue(), &[], offline, 9).is_empty());
        assert!(held_by_cost(&queue(), &me, metered));
        for link in [FREE, allowed, offline] {
            assert!(!held_by_cost(&queue(), &me, link));
        }
        let pictures: Vec<Item> = queue()
            .into_iter()
            .filter(|item| item.rank != Rank::Clip)
            .collect();
        assert!(!held_by_cost(&pictures, &me, metered));
    }
}
