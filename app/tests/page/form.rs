//! What a form says when it was not filled in, and the marks that rendering leaves.

use app::{checkout::page::checkout, identity::page::setup};
use domain::{
    checkout::{PayForm, State},
    identity::{Password, SetupForm},
    invalid::Invalid,
    terms::Terms,
};

use crate::{
    fixture::{order, shop, site},
    markup::{names, tags, value},
    pages_of, product_of,
};

#[test]
fn an_empty_checkout_names_every_field_at_once() {
    let order = order(1, State::Held, &product_of("Cup"), 1);
    let form = PayForm::default();
    let terms = Terms::default();
    let errors = form.errors(&terms);
    let html = checkout(
        &site(true),
        &shop(),
        &terms,
        &order,
        &form,
        Some(&errors[0]),
        domain::payment::Provider::Test,
    );
    let tags = tags(&html);
    for field in ["email", "name", "address"] {
        let (_, control) = tags
            .iter()
            .find(|(_, attributes)| value(attributes, "name") == Some(field))
            .expect("the field");
        assert_eq!(value(control, "aria-invalid"), Some("true"), "{control}");
        let described = value(control, "aria-describedby").unwrap_or_default();
        assert!(described.contains(&format!("{field}-wrong")), "{control}");
        let link = format!("#{}", value(control, "id").unwrap_or_default());
        assert!(
            tags.iter()
                .any(|(name, link_to)| *name == "a" && value(link_to, "href") == Some(&link)),
            "the summary leads to {field}"
        );
    }
    let (_, summary) = tags
        .iter()
        .find(|(_, attributes)| names(attributes).iter().any(|name| name == "autofocus"))
        .expect("a place that has the focus");
    assert_eq!(value(summary, "role"), Some("alert"));
    assert_eq!(value(summary, "tabindex"), Some("-1"));
    // A browser's own check would stop at the first field.
    let (_, form) = tags
        .iter()
        .find(|(_, attributes)| value(attributes, "action").is_some_and(|to| to.ends_with("/pay")))
        .expect("the form");
    assert!(
        names(form).iter().any(|name| name == "novalidate"),
        "{form}"
    );
}

#[test]
fn an_empty_setup_form_names_every_field_at_once() {
    let form = SetupForm::default();
    let mut errors = form.errors();
    errors.extend("".parse::<Password>().err());
    let html = setup(&site(false), "t0k", None, &form, &errors);
    let tags = tags(&html);
    for field in ["shop_name", "handle", "currency", "password"] {
        let (_, control) = tags
            .iter()
            .find(|(_, attributes)| value(attributes, "name") == Some(field))
            .expect("the field");
        assert_eq!(value(control, "aria-invalid"), Some("true"), "{control}");
        assert_eq!(value(control, "id"), Some(field));
        assert!(html.contains(&format!("href=\"#{field}\"")), "{field}");
    }
    assert!(html.contains("4 things need to be put right"));
    let (_, form) = tags
        .iter()
        .find(|(name, _)| *name == "form")
        .expect("the form");
    assert!(names(form).iter().any(|name| name == "novalidate"));
}

#[test]
fn a_decline_is_no_error_of_a_field() {
    let order = order(1, State::Declined, &product_of("Cup"), 1);
    let form = PayForm::default();
    let html = checkout(
        &site(true),
        &shop(),
        &Terms::default(),
        &order,
        &form,
        Some(&Invalid::new("", "The card was declined.")),
        domain::payment::Provider::Test,
    );
    assert!(html.contains("The card was declined.") && !html.contains("aria-invalid"));
    // Nothing was tried yet.
    let html = checkout(
        &site(true),
        &shop(),
        &Terms::default(),
        &order,
        &form,
        None,
        domain::payment::Provider::Test,
    );
    assert!(!html.contains("aria-invalid"));
}

#[test]
fn rendering_leaves_no_marks_that_are_not_html() {
    for (page, html) in pages_of(&site(true), "Cup", "Something is not right.") {
        assert!(!html.contains("<!>"), "{page}");
        let is_hydrated = html.contains("<leptos-island");
        assert!(is_hydrated || !html.contains("<!--"), "{page}: {html}");
    }
}
