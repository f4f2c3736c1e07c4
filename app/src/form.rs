//! Parts of forms: labelled fields and error messages.

use domain::invalid::Invalid;
use leptos::prelude::*;

use crate::{flash, icon::Icon};

/// The error message of a field.
pub(crate) fn field_error(errors: &[Invalid], field: &'static str) -> Option<String> {
    errors
        .iter()
        .find(|invalid| invalid.field == field)
        .map(|invalid| invalid.message.clone())
}

/// The errors that belong to none of `fields`, in one message.
pub(crate) fn other_errors(errors: &[Invalid], fields: &[&str]) -> Option<AnyView> {
    let messages: Vec<&str> = errors
        .iter()
        .filter(|invalid| !fields.contains(&invalid.field))
        .map(|invalid| invalid.message.as_str())
        .collect();
    (!messages.is_empty()).then(|| flash::error(&messages.join(" ")))
}

/// The errors of a long form, at its head: each one links to its field, which may be far below.
pub(crate) fn error_summary(errors: &[Invalid], fields: &[&str]) -> Option<AnyView> {
    let messages = errors
        .iter()
        .map(|invalid| {
            let message = invalid.message.clone();
            if fields.contains(&invalid.field) {
                let to = format!("#{}", invalid.field);
                view! { <a href=to>{message}</a> " " }.into_any()
            } else {
                view! { {message} " " }.into_any()
            }
        })
        .collect_view();
    (!errors.is_empty()).then(|| {
        view! { <div class="notice wrong" role="alert">{Icon::Alert.svg()}<p>"Not saved. " {messages}</p></div> }
            .into_any()
    })
}

/// The content of a `<textarea>`, escaped here because Leptos writes it as it is (as it does for scripts and styles). HTML
/// drops one line feed after the start tag; the one that is added here keeps the text's own.
pub(crate) fn textarea_text(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() + 1);
    safe.push('\n');
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            c => safe.push(c),
        }
    }
    safe
}

/// A labelled control. `control` gets the values for `id`, `aria-describedby` and `aria-invalid`.
pub(crate) fn field(
    id: &'static str,
    label: &'static str,
    hint: Option<&'static str>,
    error: Option<String>,
    control: impl FnOnce(&'static str, Option<String>, Option<&'static str>) -> AnyView,
) -> AnyView {
    let hint_id = format!("{id}-hint");
    let error_id = format!("{id}-wrong");
    let mut described: Vec<&str> = Vec::new();
    if hint.is_some() {
        described.push(&hint_id);
    }
    if error.is_some() {
        described.push(&error_id);
    }
    let described = (!described.is_empty()).then(|| described.join(" "));
    let invalid = error.is_some().then_some("true");
    let control = control(id, described, invalid);
    view! {
        <div class="field">
            <label r#for=id>{label}</label>
            {hint.map(|hint| view! { <p class="hint" id=hint_id>{hint}</p> })}
            {control}
            {error.map(|error| view! { <p class="wrong" id=error_id>{error}</p> })}
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_leave_its_textarea() {
        assert_eq!(
            textarea_text("</textarea>&lt;"),
            "\n&lt;/textarea&gt;&amp;lt;"
        );
    }
}
