//! One attempt at one job.

use std::time::Duration;

use super::{
    Job,
    queue::{self, Claimed},
};
use crate::{Result, Services, media};

/// Between two renewals of a lease.
const RENEW_EVERY: Duration = Duration::from_secs(20);

/// Does the work and writes what came of it. A panic is a failed attempt. A job that another process took over meanwhile is
/// left to it.
pub(super) async fn attempt(services: &Services, claimed: Claimed) -> Result<()> {
    let Some(job) = claimed.job.clone() else {
        return failed(services, &claimed, "The row does not read as work.").await;
    };
    if claimed.attempts > claimed.kind.most_attempts() {
        // Each attempt was counted and none came to an end of its own: the work takes its process along.
        return failed(
            services,
            &claimed,
            "The program ended each time it did this work.",
        )
        .await;
    }
    let mut work = tokio::spawn({
        let services = services.clone();
        async move { work(&services, &job).await }
    });
    let abort = Abort(work.abort_handle());
    let ended = loop {
        tokio::select! {
            ended = &mut work => break ended,
            () = tokio::time::sleep(RENEW_EVERY) => {
                match queue::renew(&services.inner.db, &claimed).await {
                    Ok(true) => {}
                    Ok(false) => return Ok(()),
                    // The lease lasts for two more tries, and every write of ours names the claim.
                    Err(error) => tracing::warn!(%error, "a lease could not be renewed"),
                }
            }
        }
    };
    drop(abort);
    match ended {
        Ok(Ok(())) => queue::complete(services, &claimed).await,
        Ok(Err(error)) => {
            tracing::warn!(%error, kind = claimed.kind.as_str(), attempts = claimed.attempts, "a job failed");
            // With the detail of an internal error: only the shop's owner and the operator read the list of failed work.
            failed(services, &claimed, &error.to_string()).await
        }
        Err(error) if error.is_panic() => {
            tracing::error!(kind = claimed.kind.as_str(), "a job panicked");
            failed(
                services,
                &claimed,
                "The work stopped with a fault of the program.",
            )
            .await
        }
        Err(_) => queue::give_back(services, &claimed).await,
    }
}

/// Ends the work with its attempt, when the attempt is dropped.
struct Abort(tokio::task::AbortHandle);

impl Drop for Abort {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn failed(services: &Services, claimed: &Claimed, reason: &str) -> Result<()> {
    let mut write = services.inner.db.write().await?;
    let last = queue::fail(services, &mut write, claimed, reason).await?;
    if last && let Some(Job::ProcessUpload { upload, .. }) = &claimed.job {
        media::process::give_up(services, &mut write, upload).await?;
    }
    write.commit().await
}

async fn work(services: &Services, job: &Job) -> Result<()> {
    match job {
        Job::ProcessUpload { shop, upload } => media::process::run(services, shop, upload).await,
        Job::EncodeAvif { shop, media } => media::avif::run(services, shop, media).await,
        Job::MakePoster { shop, media } => media::poster::run(services, shop, media).await,
        Job::DeleteUploadParts { upload, .. } => services.inner.parts.delete(upload).await,
        Job::DeleteMedia { shop, media } => media::delete::run(services, shop, media).await,
        Job::ExpireHolds => services.checkout().expire_holds().await.map(|_| ()),
        Job::ReconcilePayments => services.payment().reconcile().await.map(|_| ()),
        Job::ApplyWebhook { shop, webhook } => {
            services.payment().apply_webhook(shop, webhook).await
        }
        Job::SweepUploads => services.media().sweep().await,
        Job::SweepMedia => media::orphan::sweep(services).await,
        Job::FindPosterless => media::poster::find(services).await,
        Job::SweepIdentity => services.identity().sweep().await,
        Job::SweepWebhooks => services.payment().sweep_webhooks().await,
        Job::CheckLedger => services.ledger().check().await,
        Job::SweepWaitlist => services.catalog().sweep_waitlist().await,
    }
}
