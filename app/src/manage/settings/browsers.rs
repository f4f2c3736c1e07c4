//! Where the owner is signed in, and how to end it.

use domain::identity::device::Device;
use leptos::prelude::*;

use super::Settings;
use crate::checkout::parts::brief;

pub(super) fn section(settings: &Settings<'_>) -> AnyView {
    // This one first; the others as they come, last used first.
    let (this, others): (Vec<&Device>, Vec<&Device>) = settings
        .devices
        .iter()
        .partition(|device| device.id == *settings.device);
    let rows = this
        .into_iter()
        .map(|device| row(device, true))
        .chain(others.iter().map(|device| row(device, false)))
        .collect_view();
    let end_others = (!others.is_empty()).then(|| {
        view! {
            <form method="post" action="/manage/settings/browsers/end-others">
                <button class="button quiet" r#type="submit">"Sign out everywhere else"</button>
            </form>
        }
    });
    view! {
        <section aria-labelledby="browsers-title">
            <h2 id="browsers-title">"Where you are signed in"</h2>
            <p class="soft">
                "Signing in lasts for 30 days without use and for 90 days at most. A browser you signed in with stays known for half a year: tries of strangers to guess the password never make it wait."
            </p>
            <ul class="listing" aria-label="Browsers">{rows}</ul>
            {end_others}
        </section>
    }
    .into_any()
}

fn row(device: &Device, this: bool) -> AnyView {
    let state = match (this, device.signed_in) {
        (true, _) => view! { <span class="state done">"This one"</span> }.into_any(),
        (false, true) => view! { <span class="state open">"Signed in"</span> }.into_any(),
        (false, false) => view! { <span class="state">"Signed out, known"</span> }.into_any(),
    };
    let used =
        (device.signed_in && !this).then(|| view! { ", last used " {brief(device.used_at)} });
    let end = (!this).then(|| {
        let (text, label) = if device.signed_in {
            ("Sign out", format!("Sign out {}", device.name))
        } else {
            ("Forget", format!("Forget {}", device.name))
        };
        view! {
            <form method="post" action=format!("/manage/settings/browsers/{}/end", device.id)>
                <button class="button quiet" r#type="submit" aria-label=label>{text}</button>
            </form>
        }
    });
    view! {
        <li>
            <div>
                <h3>{device.name.clone()}</h3>
                <p class="soft small">"Signed in " {brief(device.signed_in_at)} {used}</p>
                {state}
            </div>
            {end}
        </li>
    }
    .into_any()
}
