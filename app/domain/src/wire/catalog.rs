//! The draft product that a session becomes.

use serde::{Deserialize, Serialize};

use crate::{
    capture::contract::Reference,
    highlight::document::Document,
    id::{MediaId, ProductId, SessionId},
};

/// A draft as the studio sends it. Everything but the title and the media may be absent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Draft {
    /// What the device calls the product. A draft that is sent again, because its answer was lost, is made once.
    pub id: Option<ProductId>,
    /// The product's name.
    pub title: String,
    /// Its pictures and clips, the hero first.
    pub media: Vec<MediaId>,
    /// Which uploaded still stands for which of the clips until it plays.
    pub posters: Vec<Poster>,
    /// The recording they come from.
    pub session: Option<SessionId>,
    /// What may leave the device beside them: what was chosen and why.
    pub highlights: Option<Document>,
    /// The capture contract it was made under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contract: Option<Reference>,
}

/// The still of a clip.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Poster {
    /// The clip.
    pub clip: MediaId,
    /// A photo; it need not be on the page itself.
    pub still: MediaId,
}

/// The arguments of [`CREATE_PRODUCT`](super::address::CREATE_PRODUCT).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CreateProduct {
    /// The draft.
    pub draft: Draft,
}

/// The draft product that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductCreated {
    /// Its identifier.
    pub id: ProductId,
    /// The path of its editor.
    pub edit_url: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_is_one_argument_and_its_members_may_be_absent() {
        let body = r#"{"draft":{"title":"Cup","media":["m1"]}}"#;
        let read: CreateProduct = serde_json::from_str(body).expect("a draft");
        assert_eq!(read.draft.title, "Cup");
        assert_eq!(read.draft.session, None);
        let written = serde_json::to_string(&read).expect("json");
        assert_eq!(
            serde_json::from_str::<CreateProduct>(&written).expect("back"),
            read
        );
    }
}
