//! `/studio`: a shell for the creator's bundle.

use domain::identity::Viewer;
use leptos::prelude::*;

use crate::{
    Site,
    document::{Head, Surface, data_script, document},
};

/// The shell. `config` is the JSON the bundle reads from `#studio-config`.
///
/// The bundle mounts `.studio` into `#studio`; the line that says it is loading hides by style as soon as it stands.
#[must_use]
pub fn studio(site: &Site, viewer: &Viewer, config: &str) -> String {
    let head = Head::new(Surface::Studio, format!("Studio · {}", viewer.shop.name))
        .booting("studio-boot.js");
    document(site, head, || {
        view! {
            <main id="main">
                <h1 class="unseen">"Studio"</h1>
                <div id="studio">
                    <div class="studio-empty studio-loading">
                        <p class="studio-name" dir="auto">{viewer.shop.name.clone()}</p>
                        <p class="soft" role="status">"Opening the studio"</p>
                        <noscript>
                            <div class="notice warn">
                                <p>
                                    "The studio films in this tab and needs JavaScript. Turn it on and load the page again, or add photos by hand under "
                                    <a href="/manage/products">"Products"</a> "."
                                </p>
                            </div>
                        </noscript>
                    </div>
                </div>
            </main>
            {data_script("application/json", Some("studio-config"), config)}
        }
    })
}
