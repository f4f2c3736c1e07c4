//! From what was kept to a product in the queue.

use domain::{capture::Contract, id::ProductId};
use leptos::{prelude::*, task::spawn_local};

use super::{Studio, stage::Stage};
use crate::{
    browser::{digest, js},
    review::{file::File, key::Key},
    upload::{
        draft,
        file::{self, PageFile},
        item::{self, Item, Rank},
        product::PendingProduct,
        tus,
    },
    wording,
};

/// What is being put into the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Preparing {
    /// What it is called on the page.
    pub(crate) name: String,
    /// Files that are in it.
    pub(crate) done: usize,
    /// Files in all.
    pub(crate) files: usize,
}

/// An identifier that no other device gives.
fn product_id() -> ProductId {
    let mut bytes = [0_u8; 16];
    let random = js::window()
        .crypto()
        .and_then(|crypto| crypto.get_random_values_with_u8_array(&mut bytes).map(drop));
    let mut text = match random {
        Ok(()) => String::from("d"),
        // Without chance from the browser, the moment must do.
        Err(_) => format!("d{}-", js_sys::Date::now() as u64),
    };
    for byte in bytes {
        text.push_str(&format!("{byte:02x}"));
    }
    text.parse()
        .expect("digits, letters and a hyphen are an identifier")
}

impl Studio {
    /// Puts what is kept into the queue; from then on it goes by itself.
    pub(crate) fn make_page(self) {
        let files = self.review.with_untracked(file::kept);
        if files.is_empty() {
            self.show_error(
                "Nothing is kept. Keep at least one clip or photo, then make the page.",
            );
            return;
        }
        // Said before anything is copied: the server would refuse it.
        let missing = untrack(|| self.missing());
        if let Some((sentence, _)) = missing.into_iter().find(|(_, is_refused)| *is_refused) {
            self.show_error(sentence);
            return;
        }
        self.message.set(None);
        self.current.set(None);
        self.stage.set(Stage::Uploading);
        spawn_local(async move {
            let put = self.put_into_queue(files).await;
            self.preparing.set(None);
            match put {
                Ok(product) => self.current.set(Some(product)),
                Err(message) => {
                    self.stage.set(Stage::Review);
                    self.show_error(message);
                }
            }
        });
    }

    /// Copies the files into the queue, what is sent first first, and then the product.
    async fn put_into_queue(self, mut files: Vec<PageFile>) -> Result<ProductId, String> {
        let ranks = file::ranks(&files);
        let mut order: Vec<usize> = (0..files.len()).collect();
        order.sort_by_key(|at| ranks[*at]);
        for (done, at) in order.into_iter().enumerate() {
            self.preparing.set(Some(Preparing {
                name: files[at].name.clone(),
                done,
                files: files.len(),
            }));
            let made = self.files.get(&files[at].key).await?;
            if files[at].kind == domain::media::Kind::Clip {
                // A cut may begin later than asked for: what the file really holds is what the server is told.
                files[at].span = Some((made.start, made.end));
            }
            let item = self.keep_file(&files[at], ranks[at], &made).await?;
            files[at].item = Some(item);
        }
        let location = self.place().await;
        let product = PendingProduct {
            id: product_id(),
            owner: self.uploads.owner(),
            session: self.session.get_untracked(),
            title: self.title.get_untracked(),
            files,
            network: self
                .recording
                .with_untracked(|recording| recording.as_ref().map(|recording| recording.network)),
            review: self.review.get_untracked(),
            may_leave: untrack(|| self.capture.may_leave()),
            contract: Some(self.capture.contract.with_untracked(Contract::reference)),
            location,
            devices: self.capture.devices.get_untracked(),
            added_ms: js_sys::Date::now() as u64,
            edit_url: None,
            refused: None,
        };
        self.uploads.add_product(&product).await?;
        Ok(product.id)
    }

    /// Copies one file into the queue. Returns the name of its item.
    async fn keep_file(
        self,
        planned: &PageFile,
        rank: Rank,
        made: &File,
    ) -> Result<String, String> {
        let length = made.length();
        let max_bytes = self.config.with_value(|config| config.max_upload_bytes);
        let contract = self.capture.contract.get_untracked();
        let max_bytes = max_bytes.min(contract.most_bytes(planned.kind));
        if length > max_bytes {
            return Err(format!(
                "{} has {} and at most {} is taken. Trim it or drop it, then make the page.",
                planned.name,
                wording::size(length),
                wording::size(max_bytes)
            ));
        }
        let title = self.title.with_untracked(|title| draft::title(title));
        let alt = title
            .as_deref()
            .filter(|_| planned.kind == domain::media::Kind::Clip || !planned.on_page);
        let pairs = draft::file_metadata(
            planned.kind,
            &self.session.get_untracked(),
            planned.span,
            alt,
            Some(&contract.reference()),
            &untrack(|| self.capture.may_leave()),
        );
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(k, v)| (*k, v.as_str())).collect();
        let owner = self.uploads.owner();
        let id = item::id(
            &owner,
            planned.kind,
            length,
            &digest::sha256(&made.blob).await,
        );
        self.keep_bytes(&id, &made.blob).await?;
        let item = Item {
            id: id.clone(),
            owner,
            kind: planned.kind,
            rank,
            length,
            metadata: tus::metadata(&pairs),
            added_ms: js_sys::Date::now() as u64,
            url: None,
            sent: 0,
            complete: false,
            media: None,
            failed: None,
        };
        self.uploads.add_item(item).await?;
        Ok(id)
    }

    /// The product that was just put into the queue here, as it is now.
    pub(crate) fn current_product(self) -> Option<PendingProduct> {
        let id = self.current.get()?;
        self.uploads
            .products
            .with(|products| products.iter().find(|product| product.id == id).cloned())
    }

    /// Goes to the editor of the page that is made while its person waits for it; others stand in the queue with a link.
    pub(super) fn follow_current(self) {
        Effect::new(move |_| {
            let made = self
                .current_product()
                .filter(|_| self.stage.get() == Stage::Uploading);
            let Some((product, url)) = made.and_then(|product| {
                let url = product.edit_url.clone()?;
                Some((product, url))
            }) else {
                return;
            };
            self.current.set(None);
            self.close_made(product);
            if js::window().location().assign(&url).is_err() {
                self.show_notice("The page was made. Find it under Products.");
            }
        });
    }

    /// Forgets a product that is made: what was decided has served its purpose, the recording stays until it is deleted.
    pub(crate) fn close_made(self, product: PendingProduct) {
        self.finish_session(&product.session);
        self.uploads.remove(product);
    }

    /// Leaves what was put into the queue to the queue, and films the next one.
    pub(crate) fn leave_to_queue(self) {
        self.current.set(None);
        self.message.set(None);
        self.back_to_setup();
    }

    /// Leaves a file out of a product in the queue.
    pub(crate) fn leave_out(self, product: PendingProduct, key: &Key) {
        let item = product
            .files
            .iter()
            .find(|file| file.key == *key)
            .and_then(|file| file.item.clone());
        if let Some(item) = item {
            self.uploads.leave_out(product, item);
        }
    }
}
