//! `/setup/{token}` and `/sign-in`.
//!
//! The password form works without scripts. Passkey buttons are `hidden` until the studio's bundle finds them by
//! `data-passkey` (`register`, with the token of the owner link in `data-token`, or `sign-in`). The fields of the form
//! around the button have the names of the arguments in [`domain::wire::identity`].

use domain::{
    identity::{SetupForm, Shop},
    invalid::Invalid,
    money::Currency,
};
use leptos::prelude::*;

use crate::{
    Site,
    document::{Head, Surface, document},
    flash,
    form::{field, field_error, other_errors},
    icon::Icon,
};

/// Whether the pages are a secure context (W3C Secure Contexts), in which browsers offer passkeys and cameras: https, or this
/// machine itself.
fn is_secure_context(site: &Site) -> bool {
    let host = site.public_url.strip_prefix("http://");
    host.is_none_or(|rest| {
        let host = rest.split(['/', ':']).next().unwrap_or_default();
        host == "localhost" || host.ends_with(".localhost")
    })
}

/// Opens a shop with a one-time owner link, or (when the link recovers `shop`) sets a new way in.
///
/// `form` is what was typed before and `error` what was wrong with it.
#[must_use]
pub fn setup(
    site: &Site,
    token: &str,
    shop: Option<&Shop>,
    form: &SetupForm,
    error: Option<&Invalid>,
) -> String {
    let title = shop.map_or_else(
        || "Open your shop".to_owned(),
        |shop| format!("A new way into {}", shop.name),
    );
    let heading = shop.map_or_else(
        || "Open your shop".into_any(),
        |shop| view! { "A new way into " <bdi>{shop.name.clone()}</bdi> }.into_any(),
    );
    let head = Head::new(Surface::Manage, title).booting("studio-boot.js");
    let errors: Vec<Invalid> = error.cloned().into_iter().collect();
    let known: &[&str] = if shop.is_some() {
        &["password"]
    } else {
        &["shop_name", "handle", "currency", "password"]
    };
    let fields = shop.is_none().then(|| shop_fields(site, form, &errors));
    let lead = if shop.is_some() {
        "This link works once. Choose how you will sign in from now on; the old ways in stop working."
    } else {
        "This link works once and makes you the owner. The rest can be changed later."
    };
    let submit_label = if shop.is_some() {
        "Set this password"
    } else {
        "Open the shop with a password"
    };
    let path = format!("/setup/{token}");
    document(site, head, || {
        view! {
            <main id="main" class="sign-in">
                <h1>{heading}</h1>
                <p class="lead">{lead}</p>
                {other_errors(&errors, known)}
                <form class="stack" method="post" action=path>
                    {fields}
                    {sign_in_methods(site, "register", Some(token.to_owned()), submit_label, "new-password", Some("At least 10 characters; four random words make a good one"), field_error(&errors, "password"))}
                </form>
            </main>
        }
    })
}

fn shop_fields(site: &Site, form: &SetupForm, errors: &[Invalid]) -> AnyView {
    let host = site
        .public_url
        .trim_start_matches("https://")
        .trim_start_matches("http://")
        .trim_end_matches('/')
        .to_owned();
    let chosen = form.currency.clone();
    let currencies = Currency::ALL
        .into_iter()
        .map(|currency| {
            let label = match currency {
                Currency::EUR => "Euro (EUR)",
                Currency::USD => "US dollar (USD)",
                Currency::GBP => "Pound sterling (GBP)",
                Currency::CHF => "Swiss franc (CHF)",
                Currency::JPY => "Yen (JPY)",
            };
            view! { <option value=currency.code() selected=chosen == currency.code()>{label}</option> }
        })
        .collect_view();
    view! {
        {field("shop-name", "Name of the shop", None, field_error(errors, "shop_name"), |id, described, invalid| {
            view! {
                <input class="input" id=id name="shop_name" required maxlength="60" dir="auto" autocomplete="organization" aria-describedby=described aria-invalid=invalid value=form.shop_name.clone() />
            }.into_any()
        })}
        {field("handle", "Handle", Some("The shop’s name in its address: small letters, digits and hyphens"), field_error(errors, "handle"), |id, described, invalid| {
            view! {
                <div class="joined">
                    <span class="unit">{format!("{host}/@")}</span>
                    <input class="input" id=id name="handle" dir="auto" required minlength="3" maxlength="31" autocapitalize="none" autocomplete="username" spellcheck="false" aria-describedby=described aria-invalid=invalid value=form.handle.clone() />
                </div>
            }.into_any()
        })}
        {field("currency", "Sells in", None, field_error(errors, "currency"), |id, described, invalid| {
            view! {
                <select class="input" id=id name="currency" aria-describedby=described aria-invalid=invalid>{currencies}</select>
            }.into_any()
        })}
    }
    .into_any()
}

/// The two ways to sign in: a passkey where scripts run, and a password. Neither is offered over plain http away from this
/// machine: browsers give such a page no passkey and no camera, and they would drop our cookie, which is Secure.
fn sign_in_methods(
    site: &Site,
    action: &'static str,
    token: Option<String>,
    submit_label: &'static str,
    autocomplete: &'static str,
    hint: Option<&'static str>,
    error: Option<String>,
) -> AnyView {
    if !is_secure_context(site) {
        return view! {
            <p class="wrong" role="alert">
                "This page came over plain http. Browsers give it no camera and no passkey, and keep nobody signed in. Put the shop behind https and start it with --public-url https://…; or start it without --public-url and open http://localhost on the computer that runs it."
            </p>
        }
        .into_any();
    }
    let label = if action == "register" {
        "Use a passkey"
    } else {
        "Sign in with a passkey"
    };
    view! {
        <div class="passkey">
            <button
                class="button large whole"
                r#type="button"
                hidden
                data-passkey=action
                data-token=token
            >
                {Icon::Key.svg()}
                {label}
            </button>
            <p class="hint soft">"Your phone or computer keeps it and asks for your finger, face or PIN."</p>
            <p class="wrong" role="alert" data-passkey-error=""></p>
            <p class="or"><span>"or"</span></p>
        </div>
        {field("password", "Password", hint, error, |id, described, invalid| {
            view! {
                <input class="input" id=id name="password" r#type="password" required maxlength="200" autocomplete=autocomplete aria-describedby=described aria-invalid=invalid />
            }.into_any()
        })}
        <button class="button large whole with-password" r#type="submit">{submit_label}</button>
    }
    .into_any()
}

/// Signs in. `next` is the local path to go to afterwards; `error` the message about the last try.
#[must_use]
pub fn sign_in(site: &Site, handle: &str, next: Option<&str>, error: Option<&str>) -> String {
    let head = Head::new(Surface::Manage, "Sign in").booting("studio-boot.js");
    let next =
        next.map(|next| view! { <input r#type="hidden" name="next" value=next.to_owned() /> });
    let handle = handle.to_owned();
    document(site, head, || {
        view! {
            <main id="main" class="sign-in">
                <h1>"Sign in"</h1>
                <p class="lead">"To film, to edit products and to pack orders."</p>
                {error.map(flash::error)}
                <form class="stack" method="post" action="/sign-in">
                    {next}
                    {field("handle", "Handle of the shop", None, None, |id, described, _| {
                        view! {
                            <input class="input" id=id name="handle" dir="auto" required maxlength="31" autocapitalize="none" autocomplete="username webauthn" spellcheck="false" aria-describedby=described value=handle />
                        }.into_any()
                    })}
                    {sign_in_methods(site, "sign-in", None, "Sign in with the password", "current-password", None, None)}
                </form>
                <p class="soft small">
                    "Lost your way in? Run " <code>"vitrine owner-link"</code> " on the machine where Vitrine runs; it prints a link that sets a new one."
                </p>
            </main>
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passkeys_are_offered_where_browsers_allow_them() {
        let at = |url: &str| {
            is_secure_context(&Site {
                public_url: url.to_owned(),
                assets: crate::Assets::default(),
                test_payments: false,
            })
        };
        assert!(at("https://shop.example"));
        assert!(at("http://localhost:3000"));
        assert!(!at("http://192.168.0.7:3000"));
        assert!(!at("http://localhost.example"));
    }
}
