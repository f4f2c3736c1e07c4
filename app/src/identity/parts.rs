//! The button of passkeys, and where it makes sense.

use leptos::prelude::*;

use crate::{Site, icon::Icon};

/// The script of the pages with a passkey button, by its name in the manifest.
pub(crate) const PASSKEY_SCRIPT: &str = "passkey.js";

/// Whether the pages are a secure context (W3C Secure Contexts), in which browsers offer passkeys and cameras: https, or this
/// machine itself.
pub(crate) fn is_secure_context(site: &Site) -> bool {
    let host = site.public_url.strip_prefix("http://");
    host.is_none_or(|rest| {
        let host = rest.split(['/', ':']).next().unwrap_or_default();
        host == "localhost" || host.ends_with(".localhost")
    })
}

/// What a passkey button is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To make a passkey through the owner link with this token.
    Register(String),
    SignIn,
    /// To make a further passkey while signed in.
    Add,
}

/// The button, hidden until the script finds it, and the place for what goes wrong. It stands inside the form whose fields
/// travel along.
pub(crate) fn passkey_button(purpose: Purpose) -> AnyView {
    let (name, label) = match purpose {
        Purpose::Register(_) => ("register", "Use a passkey"),
        Purpose::SignIn => ("sign-in", "Sign in with a passkey"),
        Purpose::Add => ("add", "Add a passkey"),
    };
    let class = match &purpose {
        Purpose::Add => "button quiet",
        _ => "button large whole",
    };
    let token = match purpose {
        Purpose::Register(token) => Some(token),
        Purpose::SignIn | Purpose::Add => None,
    };
    view! {
        <button class=class r#type="button" hidden data-passkey=name data-token=token>
            {Icon::Key.svg()}
            {label}
        </button>
        <p class="hint soft">"Your phone or computer keeps it and asks for your finger, face or PIN."</p>
        <p class="wrong" role="alert" data-passkey-error=""></p>
    }
    .into_any()
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
