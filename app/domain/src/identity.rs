//! Shops, their handles, and the people who own them.

use serde::{Deserialize, Serialize};

use crate::id::{PersonId, ShopId};

/// A creator's front.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shop {
    /// Its identifier.
    pub id: ShopId,
    /// Its name as people read it.
    pub name: String,
    /// Its name in addresses: `/@handle`.
    pub handle: String,
    /// ISO 4217 code of the currency it sells in.
    pub currency: String,
}

/// Who is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Viewer {
    /// The person.
    pub person: PersonId,
    /// The shop they own; every query of theirs is scoped by it.
    pub shop: Shop,
}
