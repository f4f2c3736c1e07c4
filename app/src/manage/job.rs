//! `/manage/jobs`: background work of the shop that failed for good.

use domain::identity::Viewer;
use leptos::prelude::*;
use services::job::Failed;

use super::parts::{Place, empty, framed};
use crate::{Site, checkout::parts::moment};

/// What failed, why, and a button that tries it again.
#[must_use]
pub fn jobs(site: &Site, viewer: &Viewer, failed: &[Failed]) -> String {
    let list = if failed.is_empty() {
        empty(
            "Nothing failed",
            "Photos and clips are prepared in the background. What cannot be prepared after several tries appears here, with the reason.",
            None,
        )
    } else {
        let rows = failed.iter().map(row).collect_view();
        view! { <ul class="failed-jobs">{rows}</ul> }.into_any()
    };
    let main = view! {
        <h1>"Failed work"</h1>
        {list}
    }
    .into_any();
    framed(site, viewer, Place::Overview, "Failed work", main)
}

fn row(job: &Failed) -> AnyView {
    let tries = match job.attempts {
        1 => "1 try".to_owned(),
        tries => format!("{tries} tries"),
    };
    view! {
        <li>
            <div>
                <h2>{job.words}</h2>
                <p>{job.error.clone()}</p>
                <p class="soft">{tries} ", the last on " {moment(job.failed_at)}</p>
            </div>
            <form method="post" action=format!("/manage/jobs/{}/retry", job.id)>
                <button class="button quiet" r#type="submit">"Try again"</button>
            </form>
        </li>
    }
    .into_any()
}
