//! `/manage/uploads`: which browsers and programs may upload to the shop, and how to end that.

use domain::{
    id::DeviceId,
    identity::{
        Viewer,
        device::{Device, RECENT_MS},
    },
    invalid::Invalid,
};
use leptos::prelude::*;
use services::identity::upload_token::{MAX_DAYS, NewUploadToken, UploadToken};

use super::{
    parts::{Place, framed},
    settings::{Part, parts},
};
use crate::{
    Site,
    checkout::parts::brief,
    flash,
    form::{error_summary, field, field_error},
};

const FIELDS: [&str; 2] = ["name", "days"];

/// What the page shows.
#[derive(Clone, Copy)]
pub struct Access<'a> {
    /// Where the owner is signed in.
    pub devices: &'a [Device],
    /// The browser that looks.
    pub device: &'a DeviceId,
    /// The tokens of programs that work.
    pub tokens: &'a [UploadToken],
    /// The one that was just made; it is shown only now.
    pub made: Option<&'a NewUploadToken>,
    /// Whether the sign-in is recent, so that a token can be made.
    pub recent: bool,
    /// What was typed and could not be used: a name, and how many days.
    pub typed: (&'a str, &'a str),
    /// What was wrong with it.
    pub errors: &'a [Invalid],
    /// A flash message about what was just done.
    pub message: Option<&'static str>,
}

/// The page.
#[must_use]
pub fn access(site: &Site, viewer: &Viewer, access: &Access<'_>) -> String {
    let main = view! {
        <h1>"Uploads"</h1>
        {parts(Part::Uploads)}
        {access.message.map(flash::success)}
        {error_summary("Not made", access.errors, &FIELDS)}
        {access.made.map(new_token)}
        <div class="terms">
            {devices(access)}
            {programs(site, access)}
        </div>
    }
    .into_any();
    framed(site, viewer, Place::Settings, "Uploads", main)
}

fn devices(access: &Access<'_>) -> AnyView {
    let mut uploading: Vec<&Device> = access
        .devices
        .iter()
        .filter(|device| device.signed_in && device.uploads.is_some())
        .collect();
    // This one first; the others as they come, last used first.
    uploading.sort_by_key(|device| device.id != *access.device);
    let list = if uploading.is_empty() {
        view! { <p class="soft">"No browser has uploaded anything since it was signed in."</p> }
            .into_any()
    } else {
        let rows = uploading
            .into_iter()
            .map(|device| device_row(device, device.id == *access.device))
            .collect_view();
        view! { <ul class="listing" aria-label="Devices">{rows}</ul> }.into_any()
    };
    view! {
        <section aria-labelledby="devices-title">
            <h2 id="devices-title">"Devices"</h2>
            <p class="soft">
                "A browser signs what it uploads with a key that never leaves it. Lost a device? Revoke it: it is signed out, and what it sends is refused from that moment on."
            </p>
            {list}
        </section>
    }
    .into_any()
}

fn device_row(device: &Device, this: bool) -> AnyView {
    let (key, at) = device
        .uploads
        .as_ref()
        .map(|uploads| (uploads.short_key().to_owned(), brief(uploads.granted_at)))
        .unzip();
    let this = this.then(|| view! { <span class="state done">"This one"</span> });
    view! {
        <li>
            <div>
                <h3>{device.name.clone()}</h3>
                <p class="soft small">"Key " <code>{key}</code> ", last used " {at}</p>
                {this}
            </div>
            <form method="post" action=format!("/manage/uploads/devices/{}/revoke", device.id)>
                <button class="button quiet" r#type="submit" aria-label=format!("Revoke {}", device.name)>"Revoke"</button>
            </form>
        </li>
    }
    .into_any()
}

fn new_token(made: &NewUploadToken) -> AnyView {
    view! {
        <section class="notice" role="status" aria-labelledby="made-title">
            <div class="made-token">
                <h2 id="made-title"><bdi>{made.token.name.clone()}</bdi> " has a token"</h2>
                <p>"Copy it now: it is not shown again. The program sends it as " <code>"Authorization: Bearer"</code> "."</p>
                <code id="made-token">{made.value.clone()}</code>
            </div>
        </section>
    }
    .into_any()
}

fn programs(site: &Site, access: &Access<'_>) -> AnyView {
    let rows = access.tokens.iter().map(token_row).collect_view();
    let list = if access.tokens.is_empty() {
        view! { <p class="soft">"No program may upload."</p> }.into_any()
    } else {
        view! { <ul class="listing" aria-label="Programs">{rows}</ul> }.into_any()
    };
    let address = site.absolute(domain::wire::address::UPLOADS);
    view! {
        <section aria-labelledby="programs-title">
            <h2 id="programs-title">"Programs"</h2>
            <p class="soft">
                "A program without a browser, such as a camera’s helper or a script, uploads by tus to " <code>{address}</code>
                " with a token. It can do nothing else."
            </p>
            {list}
            {new(access)}
        </section>
    }
    .into_any()
}

fn token_row(token: &UploadToken) -> AnyView {
    view! {
        <li>
            <div>
                <h3 dir="auto">{token.name.clone()}</h3>
                <p class="soft small">"Made " {brief(token.created_at)} ", works until " {brief(token.expires_at)}</p>
            </div>
            <form method="post" action=format!("/manage/uploads/tokens/{}/revoke", token.id)>
                <button class="button quiet" r#type="submit" aria-label=format!("Revoke {}", token.name)>"Revoke"</button>
            </form>
        </li>
    }
    .into_any()
}

fn new(access: &Access<'_>) -> AnyView {
    if !access.recent {
        return view! {
            <p class="hint soft">
                {format!("You signed in more than {} minutes ago. To make a token, ", RECENT_MS / 60_000)}
                <a href="/sign-in?next=/manage/uploads">"sign in again"</a> "."
            </p>
        }
        .into_any();
    }
    let (name, days) = (access.typed.0.to_owned(), access.typed.1.to_owned());
    let name_error = field_error(access.errors, "name");
    let days_error = field_error(access.errors, "days");
    view! {
        <form class="setting" method="post" action="/manage/uploads/tokens">
            {field("name", "Name of the program", Some("To know it again in this list"), name_error, |id, described, invalid| {
                view! { <input class="input" id=id name="name" dir="auto" required maxlength="60" autocomplete="off" aria-describedby=described aria-invalid=invalid value=name /> }.into_any()
            })}
            {field("days", "Works for, in days", None, days_error, |id, described, invalid| {
                view! { <input class="input" id=id name="days" r#type="number" inputmode="numeric" required min="1" max=MAX_DAYS aria-describedby=described aria-invalid=invalid value=days /> }.into_any()
            })}
            <button class="button quiet" r#type="submit">"Make a token"</button>
        </form>
    }
    .into_any()
}
