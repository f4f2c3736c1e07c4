//! For whom a script sends something that it has kept: a browser outlives its sign-ins, and what one person left on a device must not
//! be sent by the cookie of the next.

use crate::id::{PersonId, ShopId};

/// The header that names the person and the shop a request is meant for. A server refuses the request where somebody else is
/// signed in; a request without it is meant for whoever is.
pub const HEADER: &str = "vitrine-viewer";

/// The code of that refusal.
pub const OTHER_VIEWER: &str = "other_viewer";

/// The header's value.
#[must_use]
pub fn value(person: &PersonId, shop: &ShopId) -> String {
    format!("{person}/{shop}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_of_one_person_in_one_shop() {
        let of = |person: &str, shop: &str| {
            value(
                &person.parse().expect("an id"),
                &shop.parse().expect("an id"),
            )
        };
        assert_eq!(of("p1", "s1"), "p1/s1");
        assert_ne!(of("p1", "s1"), of("p1", "s2"));
        assert_ne!(of("p1", "s1"), of("p2", "s1"));
    }
}
