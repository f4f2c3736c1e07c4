//! Setting up and signing in.

use app::{Site, identity};
use domain::identity::SetupForm;

use crate::{
    fixture::site,
    markup::{names, tags, value},
};

#[test]
fn passkey_buttons_carry_the_token_of_the_link() {
    let html = identity::page::setup(&site(false), "t0k", None, &SetupForm::default(), &[]);
    let (_, button) = tags(&html)
        .into_iter()
        .find(|(name, attributes)| *name == "button" && attributes.contains("data-passkey"))
        .expect("a passkey button");
    assert_eq!(value(button, "data-passkey"), Some("register"));
    assert_eq!(value(button, "data-token"), Some("t0k"));
    assert_eq!(value(button, "type"), Some("button"));
    assert!(names(button).iter().any(|name| name == "hidden"));
    let plain = Site {
        public_url: "http://192.168.0.7:3000".to_owned(),
        ..site(false)
    };
    let html = identity::page::sign_in(&plain, "", None, None, false);
    assert!(!html.contains("data-passkey=") && html.contains("behind https"));
    // A password would lead nowhere either: the cookie is Secure.
    assert!(!html.contains("type=\"password\"") && !html.contains("type=\"submit\""));
}
