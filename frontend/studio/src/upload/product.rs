//! A draft product whose files are on their way: a row of the queue.

use domain::{
    capture::{Metadata, Network, contract::Reference},
    highlight::document::Location,
    id::{MediaId, ProductId, SessionId},
    wire::catalog::Draft,
};
use serde::{Deserialize, Serialize};

use super::{
    draft,
    file::{self, PageFile},
    item::{Item, Owner},
};
use crate::review::decision::Decisions;

/// A product that is made once its files are with the server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PendingProduct {
    /// Its identifier, which the device chose: a draft that is sent again is made once.
    pub id: ProductId,
    /// Whose it is.
    pub owner: Owner,
    /// The recording it comes from.
    pub session: SessionId,
    /// Its name, as typed.
    pub title: String,
    /// What is on its page, in that order, and the posters behind.
    pub files: Vec<PageFile>,
    /// Who judged the recording; `None` without one.
    pub network: Option<Network>,
    /// What the person decided.
    pub review: Decisions,
    /// What may leave the device beside the files.
    pub may_leave: Metadata,
    /// What it was filmed under.
    #[serde(default)]
    pub contract: Option<Reference>,
    /// Where it was filmed, where somebody let that be asked.
    #[serde(default)]
    pub location: Option<Location>,
    /// What the devices are called that it was filmed with.
    #[serde(default)]
    pub devices: Vec<String>,
    /// When it was put into the queue, unix ms.
    pub added_ms: u64,
    /// The path of its editor, once it is made.
    #[serde(default)]
    pub edit_url: Option<String>,
    /// Why it was not made, when all files are with the server.
    #[serde(default)]
    pub refused: Option<String>,
}

/// What a product waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Files are on their way.
    Sending,
    /// The person: a file or the draft was refused.
    Stopped,
    /// Nothing: the draft can be made now.
    Making,
    /// Nothing: it is made.
    Made,
}

impl PendingProduct {
    /// Its file's item, once there is one.
    #[must_use]
    pub fn item<'a>(&self, file: &PageFile, items: &'a [Item]) -> Option<&'a Item> {
        let id = file.item.as_ref()?;
        items.iter().find(|item| item.id == *id)
    }

    /// What it waits for. A poster that was refused is not waited for: a page without a poster is still a page.
    #[must_use]
    pub fn step(&self, items: &[Item]) -> Step {
        if self.edit_url.is_some() {
            return Step::Made;
        }
        if self.refused.is_some() {
            return Step::Stopped;
        }
        let mut step = Step::Making;
        for file in &self.files {
            match self.item(file, items) {
                Some(item) if item.media.is_some() => {}
                Some(item) if item.failed.is_some() && !file.on_page => {}
                Some(item) if item.failed.is_none() => step = Step::Sending,
                _ => return Step::Stopped,
            }
        }
        step
    }

    /// Leaves a file out, and what was its poster only.
    pub fn leave_out(&mut self, item: &str) {
        self.files.retain(|file| file.item.as_deref() != Some(item));
        let posters: Vec<_> = self
            .files
            .iter()
            .filter_map(|file| file.poster.clone())
            .collect();
        self.files
            .retain(|file| file.on_page || posters.contains(&file.key));
    }

    /// The draft, of what is with the server.
    #[must_use]
    pub fn draft(&self, items: &[Item]) -> Draft {
        let media = |file: &PageFile| -> Option<MediaId> { self.item(file, items)?.media.clone() };
        let known = self
            .files
            .iter()
            .filter_map(|file| file.known(media(file)?))
            .collect();
        let posters = file::posters(&self.files, media);
        Draft {
            id: Some(self.id.clone()),
            ..draft::assemble(
                &self.title,
                draft::Session {
                    id: &self.session,
                    network: self.network,
                    review: &self.review,
                    contract: self.contract.as_ref(),
                    location: self.location,
                    devices: &self.devices,
                },
                known,
                posters,
                &self.may_leave,
            )
        }
    }
}

/// The items that no product of the list needs, of those that `owner` has: what is left when a page was made, or given up. Younger
/// ones than `before_ms` may belong to a page that another tab is putting into the queue.
#[must_use]
pub fn left_over<'a>(
    items: &'a [Item],
    products: &[PendingProduct],
    owner: &Owner,
    before_ms: u64,
) -> Vec<&'a Item> {
    let needed = |item: &Item| {
        products.iter().any(|product| {
            product.edit_url.is_none()
                && product
                    .files
                    .iter()
                    .any(|file| file.item.as_ref() == Some(&item.id))
        })
    };
    items
        .iter()
        .filter(|item| item.owner == *owner && item.added_ms < before_ms && !needed(item))
        .collect()
}

#[cfg(test)]
mod tests {
    use domain::highlight::{Choice, Highlight};

    use super::{
        super::item::{
            Rank,
            tests::{item, owner},
        },
        *,
    };

    /// A page of one clip and its poster, with their items.
    fn product() -> (PendingProduct, Vec<Item>) {
        let choice = Choice {
            highlights: vec![Highlight {
                start: 1.0,
                end: 3.0,
                shot: 0,
                score: 0.5,
                reasons: Vec::new(),
            }],
            ..Choice::default()
        };
        let review = Decisions::new(&choice, &[]);
        let mut files = file::kept(&review);
        let items = vec![item("clip", Rank::Clip, 1), item("poster", Rank::Poster, 1)];
        for (file, item) in files.iter_mut().zip(&items) {
            file.item = Some(item.id.clone());
        }
        let product = PendingProduct {
            id: "d-1".parse().expect("an id"),
            owner: owner("p1", "s1"),
            session: "s-1".parse().expect("an id"),
            title: "Cup".into(),
            files,
            network: None,
            review,
            may_leave: Metadata::default(),
            contract: None,
            location: None,
            devices: Vec::new(),
            added_ms: 1,
            edit_url: None,
            refused: None,
        };
        (product, items)
    }

    #[test]
    fn a_product_is_made_once_its_files_are_ready_or_given_up() {
        let (mut product, mut items) = product();
        assert_eq!(product.step(&items), Step::Sending);
        items[0].media = "m1".parse().ok();
        assert_eq!(product.step(&items), Step::Sending);
        items[1].media = "m2".parse().ok();
        assert_eq!(product.step(&items), Step::Making);
        let draft = product.draft(&items);
        assert_eq!(
            (draft.id.as_ref(), draft.media.len(), draft.posters.len()),
            (Some(&product.id), 1, 1)
        );

        // A poster that was refused holds nothing up, a clip that was does.
        items[1].media = None;
        items[1].failed = Some("Not a picture. Film again.".into());
        assert_eq!(product.step(&items), Step::Making);
        assert!(product.draft(&items).posters.is_empty());
        items[0].media = None;
        items[0].failed = Some("Too long. Trim it.".into());
        assert_eq!(product.step(&items), Step::Stopped);

        product.leave_out("clip");
        assert!(product.files.is_empty(), "its poster goes with it");
        product.edit_url = Some("/manage/products/d-1".into());
        assert_eq!(product.step(&items), Step::Made);
    }

    #[test]
    fn a_file_whose_bytes_are_gone_is_asked_for_again() {
        let (product, mut items) = product();
        items.remove(0);
        assert_eq!(product.step(&items), Step::Stopped);
    }

    #[test]
    fn only_what_no_page_needs_is_left_over() {
        let (mut product, mut items) = product();
        items.push(item("alone", Rank::Photo, 5));
        items.push(Item {
            owner: owner("p2", "s1"),
            ..item("theirs", Rank::Photo, 5)
        });
        let me = owner("p1", "s1");
        let names = |products: &[PendingProduct], before_ms| -> Vec<String> {
            left_over(&items, products, &me, before_ms)
                .iter()
                .map(|item| item.id.clone())
                .collect()
        };
        assert_eq!(names(&[product.clone()], 9), ["alone"]);
        assert!(names(&[product.clone()], 5).is_empty(), "too young to tell");
        product.edit_url = Some("/manage/products/d-1".into());
        assert_eq!(names(&[product], 9), ["clip", "poster", "alone"]);
    }

    #[test]
    fn a_row_comes_back_as_it_was() {
        let (product, _) = product();
        let text = serde_json::to_string(&product).expect("json");
        assert_eq!(
            serde_json::from_str::<PendingProduct>(&text).expect("back"),
            product
        );
    }
}
