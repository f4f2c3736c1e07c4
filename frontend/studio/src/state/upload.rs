//! From what was kept to a draft page.

use domain::wire::{
    address,
    catalog::{CreateProduct, Draft, ProductCreated},
};
use leptos::{prelude::*, task::spawn_local};

use super::{Studio, stage::Stage};
use crate::{
    browser::{
        http::{self, CallError},
        js,
    },
    review::key::Key,
    upload::{draft, file, queue::Batch},
};

impl Studio {
    /// Uploads what is kept, then makes the draft.
    pub(crate) fn make_page(self) {
        let mut files = self.review.with_untracked(file::kept);
        if files.is_empty() {
            self.show_error(
                "Nothing is kept. Keep at least one clip or photo, then make the page.",
            );
            return;
        }
        // Most files were made for the review, so the whole is known from the start.
        for file in &mut files {
            file.length = untrack(|| self.files.length(&file.key)).unwrap_or(0);
        }
        self.message.set(None);
        self.uploads.files.set(files);
        self.stage.set(Stage::Uploading);
        self.continue_upload();
    }

    /// Goes on after a failure, with everything that is not ready.
    pub(crate) fn continue_upload(self) {
        if !self.uploads.begin() {
            return;
        }
        spawn_local(async move {
            if self.uploads.run(&self.batch()).await
                && let Err(message) = self.create_product().await
            {
                self.uploads.refused.set(Some(message));
            }
            self.uploads.running.set(false);
        });
    }

    /// Leaves a file out and goes on.
    pub(crate) fn leave_out(self, key: &Key) {
        self.uploads.leave_out(key);
        self.continue_upload();
    }

    fn batch(self) -> Batch {
        let (max_bytes, shop) = self
            .config
            .with_value(|config| (config.max_upload_bytes, config.shop.handle.clone()));
        Batch {
            shop,
            max_bytes,
            alt: self.title.with_untracked(|title| draft::title(title)),
            session: self.session.get_untracked(),
            may_leave: self.contract().metadata,
            files: self.files,
        }
    }

    fn draft(self) -> Draft {
        let network = self
            .recording
            .with_untracked(|recording| recording.as_ref().map(|recording| recording.network));
        let (known, posters) = self.uploads.files.with_untracked(|files| {
            let known = files.iter().filter_map(file::FileUpload::known).collect();
            (known, file::posters(files))
        });
        self.review.with_untracked(|review| {
            draft::assemble(
                &self.title.get_untracked(),
                &self.session.get_untracked(),
                known,
                posters,
                network,
                review,
                &self.contract().metadata,
            )
        })
    }

    /// Makes the draft and goes to its editor.
    async fn create_product(self) -> Result<(), String> {
        let arguments = CreateProduct {
            draft: self.draft(),
        };
        let created: ProductCreated = http::call(address::CREATE_PRODUCT, &arguments)
            .await
            .map_err(|error| match error {
                CallError::Unreadable => {
                    "The page was made, but not where. Find it under Products.".to_owned()
                }
                CallError::Refused(message) => message,
            })?;
        self.uploads.finish();
        self.finish_session();
        js::window()
            .location()
            .assign(&created.edit_url)
            .map_err(|_| "The page was made. Find it under Products.".to_owned())
    }
}
