//! How the owner signs in: passkeys and the password.

use domain::identity::credential::Passkey;
use leptos::prelude::*;

use super::{Settings, sign_in_again};
use crate::{
    Site,
    checkout::parts::brief,
    form::{field, field_error},
    identity::parts::{Purpose, is_secure_context, passkey_button},
};

pub(super) fn section(site: &Site, settings: &Settings<'_>) -> AnyView {
    let ways = settings.ways;
    // The last one stays.
    let removable = settings.recent && ways.count() > 1;
    let passkeys = ways
        .passkeys
        .iter()
        .map(|passkey| row(passkey, removable))
        .collect_view();
    let passkeys = (!ways.passkeys.is_empty())
        .then(|| view! { <ul class="listing" aria-label="Passkeys">{passkeys}</ul> });
    let none = ways
        .passkeys
        .is_empty()
        .then(|| view! { <p class="soft">"There is no passkey yet."</p> });
    let last = (settings.recent && ways.count() == 1).then(|| {
        view! { <p class="hint soft">"There is one way in, so it cannot be removed. A second one helps when the first is lost."</p> }
    });
    let change = if settings.recent {
        view! {
            {add_passkey(site, settings)}
            {password(settings, removable)}
        }
        .into_any()
    } else {
        sign_in_again("add or remove a way in")
    };
    view! {
        <section aria-labelledby="ways-title">
            <h2 id="ways-title">"How you sign in"</h2>
            {passkeys}
            {none}
            {ways.password_set_at.map(|at| view! { <p class="soft">"The password was set on " {brief(at)} "."</p> })}
            {last}
            {change}
        </section>
    }
    .into_any()
}

fn row(passkey: &Passkey, removable: bool) -> AnyView {
    let used = match passkey.used_at {
        Some(at) => view! { ", last used " {brief(at)} }.into_any(),
        None => ", not used to sign in yet".into_any(),
    };
    let remove = removable.then(|| {
        let label = format!("Remove the passkey {}", passkey.name);
        view! {
            <form method="post" action=format!("/manage/settings/passkeys/{}/remove", passkey.id)>
                <button class="button quiet" r#type="submit" aria-label=label>"Remove"</button>
            </form>
        }
    });
    view! {
        <li>
            <div>
                <h3><bdi>{passkey.name.clone()}</bdi></h3>
                <p class="soft small">"Made " {brief(passkey.created_at)} {used}</p>
            </div>
            {remove}
        </li>
    }
    .into_any()
}

fn add_passkey(site: &Site, settings: &Settings<'_>) -> Option<AnyView> {
    is_secure_context(site).then(|| {
        view! {
            // Only the script sends it: without one there is no passkey to be had, and the part hides with its button.
            <form class="setting passkey" method="post" action="/manage/settings">
                {field("passkey_name", "Name of the new passkey", Some("Such as the device that keeps it. Empty: this browser."), field_error(settings.errors, "passkey_name"), |id, described, invalid| {
                    view! { <input class="input" id=id name="passkey_name" dir="auto" maxlength="40" autocomplete="off" aria-describedby=described aria-invalid=invalid /> }.into_any()
                })}
                {passkey_button(Purpose::Add)}
            </form>
            <noscript><p class="soft">"Adding a passkey needs JavaScript."</p></noscript>
        }
        .into_any()
    })
}

fn password(settings: &Settings<'_>, removable: bool) -> AnyView {
    let there = settings.ways.password_set_at.is_some();
    let (label, submit) = if there {
        ("New password", "Change the password")
    } else {
        ("Password", "Set a password")
    };
    let remove = (there && removable).then(|| {
        view! {
            <form method="post" action="/manage/settings/password/remove">
                <button class="link" r#type="submit">"Remove the password"</button>
            </form>
        }
    });
    view! {
        <form class="setting" method="post" action="/manage/settings/password">
            {field("password", label, Some("At least 10 characters; four random words make a good one"), field_error(settings.errors, "password"), |id, described, invalid| {
                view! { <input class="input" id=id name="password" r#type="password" required maxlength="200" autocomplete="new-password" aria-describedby=described aria-invalid=invalid /> }.into_any()
            })}
            <button class="button quiet" r#type="submit">{submit}</button>
        </form>
        {remove}
    }
    .into_any()
}
