//! Work in the background: rows that any process takes, tries and tries again.
//!
//! [`queue::enqueue`] puts a [`Job`] into the caller's transaction; [`worker`] runs it in a `serve`; [`Services::drain`]
//! runs everything that is due, for tests. Work may run twice, so every job can.

mod list;
pub(crate) mod queue;
mod run;
pub(crate) mod worker;

use domain::id::{MediaId, ShopId, UploadId};
use serde::{Deserialize, Serialize};

pub use self::list::{Failed, Jobs};
use crate::{Error, Result, Services};

/// Work to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Job {
    /// Makes media of a complete upload.
    ProcessUpload { shop: ShopId, upload: UploadId },
    /// Makes the AVIF renditions of a photo.
    EncodeAvif { shop: ShopId, media: MediaId },
    /// Makes the poster of a clip that came without one.
    MakePoster { shop: ShopId, media: MediaId },
    /// Deletes the parts of an upload that is done or thrown away.
    DeleteUploadParts { shop: ShopId, upload: UploadId },
    /// Deletes a picture or clip that nothing shows, with its files.
    DeleteMedia { shop: ShopId, media: MediaId },
    /// Applies what a payment processor reported.
    ApplyWebhook { shop: ShopId, webhook: String },
    /// Gives the stock of orders back that nobody paid in time.
    ExpireHolds,
    /// Asks processors about payments whose end is not known.
    ReconcilePayments,
    /// Throws uploads away that nobody continued.
    SweepUploads,
    /// Deletes pictures and clips that nothing ever showed, and files of the media store that belong to nothing.
    SweepMedia,
    /// Finds clips that pages show without a poster.
    FindPosterless,
    /// Forgets sessions, links, ceremonies and rate limits that are over.
    SweepIdentity,
    /// Forgets waitlist addresses that were kept long enough.
    SweepWaitlist,
    /// Holds payments and ledger against each other.
    CheckLedger,
    /// Forgets what processors reported long ago.
    SweepWebhooks,
}

/// A kind of work and how it is treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    ProcessUpload,
    EncodeAvif,
    MakePoster,
    DeleteUploadParts,
    DeleteMedia,
    ApplyWebhook,
    ExpireHolds,
    ReconcilePayments,
    SweepUploads,
    SweepMedia,
    FindPosterless,
    SweepIdentity,
    SweepWaitlist,
    CheckLedger,
    SweepWebhooks,
}

const SECOND_MS: i64 = 1000;
const MINUTE_MS: i64 = 60 * SECOND_MS;

impl Kind {
    pub(crate) const ALL: [Self; 15] = [
        Self::ProcessUpload,
        Self::EncodeAvif,
        Self::MakePoster,
        Self::DeleteUploadParts,
        Self::DeleteMedia,
        Self::ApplyWebhook,
        Self::ExpireHolds,
        Self::ReconcilePayments,
        Self::SweepUploads,
        Self::SweepMedia,
        Self::FindPosterless,
        Self::SweepIdentity,
        Self::SweepWaitlist,
        Self::CheckLedger,
        Self::SweepWebhooks,
    ];

    /// The word in the database.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::ProcessUpload => "process_upload",
            Self::EncodeAvif => "encode_avif",
            Self::MakePoster => "make_poster",
            Self::DeleteUploadParts => "delete_upload_parts",
            Self::DeleteMedia => "delete_media",
            Self::ApplyWebhook => "apply_webhook",
            Self::ExpireHolds => "expire_holds",
            Self::ReconcilePayments => "reconcile_payments",
            Self::SweepUploads => "sweep_uploads",
            Self::SweepMedia => "sweep_media",
            Self::FindPosterless => "find_posterless",
            Self::SweepIdentity => "sweep_identity",
            Self::SweepWaitlist => "sweep_waitlist",
            Self::CheckLedger => "check_ledger",
            Self::SweepWebhooks => "sweep_webhooks",
        }
    }

    /// The words a person reads in a list of what failed.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::ProcessUpload => "Prepare an uploaded picture or clip",
            Self::EncodeAvif => "Make a photo smaller to load",
            Self::MakePoster => "Make a still of a clip",
            Self::DeleteUploadParts => "Delete what is left of an upload",
            Self::DeleteMedia => "Delete a picture or clip",
            Self::ApplyWebhook => "Apply what the payment processor reported",
            Self::ExpireHolds => "Put unpaid pieces back on sale",
            Self::ReconcilePayments => "Ask the bank about open payments",
            Self::SweepUploads => "Throw away unfinished uploads",
            Self::SweepMedia => "Delete files that nothing shows",
            Self::FindPosterless => "Find clips without a still",
            Self::SweepIdentity => "Forget old sessions and links",
            Self::SweepWaitlist => "Forget old waitlist addresses",
            Self::CheckLedger => "Hold payments and ledger against each other",
            Self::SweepWebhooks => "Forget old reports of the payment processor",
        }
    }

    /// How often it is tried before it is left for a person. Recurring work is tried for ever.
    pub(crate) const fn most_attempts(self) -> i64 {
        match self {
            Self::ProcessUpload => 5,
            Self::EncodeAvif => 4,
            // The same program on the same film.
            Self::MakePoster => 2,
            Self::DeleteUploadParts | Self::DeleteMedia => 10,
            // Half a day: the processor itself is away then, and reconciliation finds what it would have said.
            Self::ApplyWebhook => 20,
            _ => i64::MAX,
        }
    }

    /// How many of a kind one process runs at once.
    pub(crate) const fn concurrency(self) -> usize {
        match self {
            // Each decodes a photo of up to 100 megapixels; a second one would wait for its memory.
            Self::ProcessUpload => 2,
            Self::DeleteUploadParts | Self::ApplyWebhook => 4,
            _ => 1,
        }
    }

    /// The wait after the first failure, ms; it doubles with each further one.
    pub(crate) const fn first_wait_ms(self) -> i64 {
        match self {
            Self::ExpireHolds | Self::ReconcilePayments | Self::ApplyWebhook => 5 * SECOND_MS,
            _ => 15 * SECOND_MS,
        }
    }

    /// Recurring work: the wait between two runs, ms.
    pub(crate) const fn every_ms(self) -> Option<i64> {
        match self {
            Self::ProcessUpload
            | Self::EncodeAvif
            | Self::MakePoster
            | Self::DeleteUploadParts
            | Self::DeleteMedia
            | Self::ApplyWebhook => None,
            // Reads all of the books.
            Self::CheckLedger | Self::SweepWebhooks => Some(6 * 60 * MINUTE_MS),
            // Lists the whole store.
            Self::SweepMedia => Some(6 * 60 * MINUTE_MS),
            Self::FindPosterless => Some(60 * MINUTE_MS),
            Self::ExpireHolds | Self::ReconcilePayments => Some(5 * SECOND_MS),
            Self::SweepUploads | Self::SweepIdentity | Self::SweepWaitlist => Some(5 * MINUTE_MS),
        }
    }
}

impl std::str::FromStr for Kind {
    type Err = ();

    fn from_str(text: &str) -> std::result::Result<Self, ()> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or(())
    }
}

impl Job {
    pub(crate) const fn kind(&self) -> Kind {
        match self {
            Self::ProcessUpload { .. } => Kind::ProcessUpload,
            Self::EncodeAvif { .. } => Kind::EncodeAvif,
            Self::MakePoster { .. } => Kind::MakePoster,
            Self::DeleteUploadParts { .. } => Kind::DeleteUploadParts,
            Self::DeleteMedia { .. } => Kind::DeleteMedia,
            Self::ApplyWebhook { .. } => Kind::ApplyWebhook,
            Self::ExpireHolds => Kind::ExpireHolds,
            Self::ReconcilePayments => Kind::ReconcilePayments,
            Self::SweepUploads => Kind::SweepUploads,
            Self::SweepMedia => Kind::SweepMedia,
            Self::FindPosterless => Kind::FindPosterless,
            Self::SweepIdentity => Kind::SweepIdentity,
            Self::SweepWaitlist => Kind::SweepWaitlist,
            Self::CheckLedger => Kind::CheckLedger,
            Self::SweepWebhooks => Kind::SweepWebhooks,
        }
    }

    /// What it works on; two jobs of one kind and key are one.
    pub(crate) fn key(&self) -> &str {
        match self {
            Self::ProcessUpload { upload, .. } | Self::DeleteUploadParts { upload, .. } => {
                upload.as_str()
            }
            Self::EncodeAvif { media, .. }
            | Self::MakePoster { media, .. }
            | Self::DeleteMedia { media, .. } => media.as_str(),
            Self::ApplyWebhook { webhook, .. } => webhook,
            _ => "",
        }
    }

    pub(crate) const fn shop(&self) -> Option<&ShopId> {
        match self {
            Self::ProcessUpload { shop, .. }
            | Self::EncodeAvif { shop, .. }
            | Self::MakePoster { shop, .. }
            | Self::DeleteMedia { shop, .. }
            | Self::ApplyWebhook { shop, .. }
            | Self::DeleteUploadParts { shop, .. } => Some(shop),
            _ => None,
        }
    }

    /// The recurring work of an instance.
    const fn recurring() -> [Self; 9] {
        [
            Self::ExpireHolds,
            Self::ReconcilePayments,
            Self::SweepUploads,
            Self::SweepMedia,
            Self::FindPosterless,
            Self::SweepIdentity,
            Self::SweepWaitlist,
            Self::CheckLedger,
            Self::SweepWebhooks,
        ]
    }
}

/// The wait before the next attempt, ms: doubling, at most an hour, spread over its half (`jitter` in 0..1000), so that what
/// failed together is not tried together. Recurring work serves all shops, so one bad row must not put it off for longer than
/// a minute, or its usual wait.
fn wait_ms(kind: Kind, attempts: i64, jitter: u64) -> i64 {
    let doublings = u32::try_from(attempts.saturating_sub(1).clamp(0, 16)).unwrap_or(16);
    let whole = kind
        .first_wait_ms()
        .saturating_mul(2_i64.saturating_pow(doublings))
        .min(
            kind.every_ms()
                .map_or(60 * MINUTE_MS, |every| every.max(MINUTE_MS)),
        );
    let jitter = i64::try_from(jitter % 1000).unwrap_or(0);
    whole / 2 + whole / 2 * jitter / 1000
}

impl Services {
    /// Runs every job that is due, one after the other, and says how many ran: for tests, which then need not wait.
    ///
    /// # Errors
    /// When the database does not answer; a job that fails is put off as it is by a worker.
    pub async fn drain(&self) -> Result<usize> {
        queue::ensure_recurring(self).await?;
        let mut ran = 0;
        for kind in Kind::ALL {
            while let Some(claimed) = queue::claim(self, kind).await? {
                run::attempt(self, claimed).await?;
                ran += 1;
            }
        }
        // Work may enqueue more work.
        if queue::due(self).await?.is_empty() {
            return Ok(ran);
        }
        Ok(ran + Box::pin(self.drain()).await?)
    }

    /// What failed for good, and how to try it again.
    #[must_use]
    pub fn jobs(&self) -> Jobs<'_> {
        Jobs { services: self }
    }
}

/// A job whose row is not well formed.
fn malformed(detail: impl std::fmt::Display) -> Error {
    Error::internal(format!("a job that cannot be read: {detail}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn kinds_read_back_and_payloads_name_them() {
        for kind in Kind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(kind));
        }
        for job in Job::recurring() {
            let json = serde_json::to_string(&job).expect("json");
            assert_eq!(json, format!(r#"{{"kind":"{}"}}"#, job.kind().as_str()));
            assert!(job.kind().every_ms().is_some());
        }
    }

    proptest! {
        #[test]
        fn waits_grow_and_are_bounded(attempts in 1_i64..100, jitter: u64) {
            let wait = wait_ms(Kind::EncodeAvif, attempts, jitter);
            prop_assert!(wait >= Kind::EncodeAvif.first_wait_ms() / 2);
            prop_assert!(wait <= 60 * MINUTE_MS);
            prop_assert!(wait_ms(Kind::EncodeAvif, attempts + 2, 0) >= wait_ms(Kind::EncodeAvif, attempts, 0));
        }
    }
}
