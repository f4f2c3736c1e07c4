//! `/setup/{token}` and `/sign-in`.
//!
//! The password form works without scripts. Passkey buttons are `hidden` until `passkey.js` finds them.

use domain::{
    identity::{SetupForm, Shop},
    invalid::Invalid,
    money::Currency,
};
use leptos::prelude::*;

use super::parts::{PASSKEY_SCRIPT, Purpose, is_secure_context, passkey_button};
use crate::{
    Site,
    document::{Head, Surface, document},
    flash,
    form::{error_summary, field, field_error},
};

/// Opens a shop with a one-time owner link, or (when the link recovers `shop`) sets a new way in.
///
/// `form` is what was typed before and `errors` everything that was wrong with it.
#[must_use]
pub fn setup(
    site: &Site,
    token: &str,
    shop: Option<&Shop>,
    form: &SetupForm,
    errors: &[Invalid],
) -> String {
    let title = shop.map_or_else(
        || "Open your shop".to_owned(),
        |shop| format!("A new way into {}", shop.name),
    );
    let heading = shop.map_or_else(
        || "Open your shop".into_any(),
        |shop| view! { "A new way into " <bdi>{shop.name.clone()}</bdi> }.into_any(),
    );
    let head = Head::new(Surface::Manage, title).booting(PASSKEY_SCRIPT);
    let known: &[&str] = if shop.is_some() {
        &["password"]
    } else {
        &["shop_name", "handle", "currency", "password"]
    };
    let outcome = if shop.is_some() {
        "Not set"
    } else {
        "Not opened"
    };
    let fields = match shop {
        Some(_) => end_others_field(form),
        None => shop_fields(site, form, errors),
    };
    let lead = if shop.is_some() {
        "This link works once and gives you one more way in. A new password takes the place of the old one; everything else stays, unless you tick the box."
    } else {
        "This link works once and makes you the owner. All of this can be changed later, the currency until something is sold."
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
                {error_summary(outcome, errors, known)}
                // The shop checks all fields at once; a browser would stop at the first.
                <form class="stack" method="post" novalidate action=path>
                    {fields}
                    {sign_in_methods(site, Purpose::Register(token.to_owned()), submit_label, "new-password", Some("At least 10 characters; four random words make a good one"), field_error(errors, "password"))}
                </form>
            </main>
        }
    })
}

/// The choice to end every other way in, with what it is for.
fn end_others_field(form: &SetupForm) -> AnyView {
    view! {
        <div class="field">
            <label class="choice" r#for="end-others">
                <input id="end-others" r#type="checkbox" name="end_others" value="yes" checked=form.ends_others() aria-describedby="end-others-hint" />
                "End every other way in"
            </label>
            <p class="hint" id="end-others-hint">
                "Tick this if somebody else may have a passkey, the password or a browser that is signed in: all of them stop working, yours as well."
            </p>
        </div>
    }
    .into_any()
}

fn shop_fields(site: &Site, form: &SetupForm, errors: &[Invalid]) -> AnyView {
    let host = site
        .public_url
        .trim_start_matches("https://")
        .trim_start_matches("http://")
        .trim_end_matches('/')
        .to_owned();
    let currencies = currency_options(&form.currency);
    view! {
        {field("shop_name", "Name of the shop", None, field_error(errors, "shop_name"), |id, described, invalid| {
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

/// The currencies as options of a `<select>`.
pub(crate) fn currency_options(chosen: &str) -> AnyView {
    Currency::ALL
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
        .collect_view()
        .into_any()
}

/// The two ways to sign in: a passkey where scripts run, and a password. Neither is offered over plain http away from this
/// machine: browsers give such a page no passkey and no camera, and they would drop our cookie, which is Secure.
fn sign_in_methods(
    site: &Site,
    purpose: Purpose,
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
    view! {
        <div class="passkey">
            {passkey_button(purpose)}
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

/// Signs in. `next` is the local path to go to afterwards; `error` the message about the last try; `again`: whoever looks is
/// signed in and shall show once more that it is them.
#[must_use]
pub fn sign_in(
    site: &Site,
    handle: &str,
    next: Option<&str>,
    error: Option<&str>,
    again: bool,
) -> String {
    let (title, lead) = if again {
        (
            "Sign in again",
            "You are signed in. To change what matters, show once more that it is you.",
        )
    } else {
        ("Sign in", "To film, to edit products and to pack orders.")
    };
    let head = Head::new(Surface::Manage, title).booting(PASSKEY_SCRIPT);
    let next =
        next.map(|next| view! { <input r#type="hidden" name="next" value=next.to_owned() /> });
    let handle = handle.to_owned();
    document(site, head, || {
        view! {
            <main id="main" class="sign-in">
                <h1>{title}</h1>
                <p class="lead">{lead}</p>
                {error.map(flash::error)}
                <form class="stack" method="post" action="/sign-in">
                    {next}
                    {field("handle", "Handle of the shop", None, None, |id, described, _| {
                        view! {
                            <input class="input" id=id name="handle" dir="auto" required maxlength="31" autocapitalize="none" autocomplete="username webauthn" spellcheck="false" aria-describedby=described value=handle />
                        }.into_any()
                    })}
                    {sign_in_methods(site, Purpose::SignIn, "Sign in with the password", "current-password", None, None)}
                </form>
                <p class="soft small">
                    "Lost your way in? Run " <code>"vitrine owner-link"</code> " on the machine where Vitrine runs; it prints a link that sets a new one."
                </p>
            </main>
        }
    })
}
