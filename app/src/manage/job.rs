//! `/manage/jobs`: background work of the shop that failed for good.

use domain::identity::Viewer;
use leptos::prelude::*;
use services::job::Failed;

use super::parts::{Place, empty, framed};
use crate::{Site, checkout::parts::brief};

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
        view! {
            <table class="rows">
                <thead>
                    <tr>
                        <th scope="col">"Work"</th>
                        <th scope="col">"Why it failed"</th>
                        <th scope="col" class="end">"When (UTC)"</th>
                        <th scope="col" class="end"><span class="unseen">"Action"</span></th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        }
        .into_any()
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
        <tr>
            <td>{job.words} <span class="soft">{tries}</span></td>
            <td>{job.error.clone()}</td>
            <td class="end figure">{brief(job.failed_at)}</td>
            <td class="end">
                <form method="post" action=format!("/manage/jobs/{}/retry", job.id)>
                    <button class="button quiet" r#type="submit">"Try again"</button>
                </form>
            </td>
        </tr>
    }
    .into_any()
}
