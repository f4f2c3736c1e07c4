//! Sentences that stand out: what happened and the next step.

use domain::invalid::Invalid;
use leptos::prelude::*;

use crate::icon::Icon;

/// Something went wrong; announced at once.
pub(crate) fn wrong(sentence: &str) -> AnyView {
    view! { <div class="notice wrong" role="alert">{Icon::Alert.svg()}<p>{sentence.to_owned()}</p></div> }.into_any()
}

/// Something worth knowing before going on.
pub(crate) fn warning(sentence: &str) -> AnyView {
    view! { <div class="notice warn">{Icon::Alert.svg()}<p>{sentence.to_owned()}</p></div> }
        .into_any()
}

/// Something went well.
pub(crate) fn done(sentence: &str) -> AnyView {
    view! { <div class="notice" role="status">{Icon::Check.svg()}<p>{sentence.to_owned()}</p></div> }.into_any()
}

/// The sentence under a field, when something is wrong with it.
pub(crate) fn about(errors: &[Invalid], field: &'static str) -> Option<String> {
    errors
        .iter()
        .find(|invalid| invalid.field == field)
        .map(|invalid| invalid.sentence.clone())
}

/// The errors that belong to none of `fields`, in one notice.
pub(crate) fn others(errors: &[Invalid], fields: &[&str]) -> Option<AnyView> {
    let sentences: Vec<&str> = errors
        .iter()
        .filter(|invalid| !fields.contains(&invalid.field))
        .map(|invalid| invalid.sentence.as_str())
        .collect();
    (!sentences.is_empty()).then(|| wrong(&sentences.join(" ")))
}

/// What is wrong with a long form, at its head: each sentence leads to its field, which may be far below.
pub(crate) fn unsaved(errors: &[Invalid], fields: &[&str]) -> Option<AnyView> {
    let sentences = errors
        .iter()
        .map(|invalid| {
            let sentence = invalid.sentence.clone();
            if fields.contains(&invalid.field) {
                let to = format!("#{}", invalid.field);
                view! { <a href=to>{sentence}</a> " " }.into_any()
            } else {
                view! { {sentence} " " }.into_any()
            }
        })
        .collect_view();
    (!errors.is_empty()).then(|| {
        view! { <div class="notice wrong" role="alert">{Icon::Alert.svg()}<p>"Not saved. " {sentences}</p></div> }
            .into_any()
    })
}

/// Text for the inside of a `<textarea>`, which Leptos writes as it is (as it does for scripts and styles), so that it must
/// be escaped here. HTML drops one line feed after the start tag; the one put there keeps the text's own.
pub(crate) fn inside(text: &str) -> String {
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
        assert_eq!(inside("</textarea>&lt;"), "\n&lt;/textarea&gt;&amp;lt;");
    }
}
