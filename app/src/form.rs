//! Parts of forms: labelled fields and error messages.

use domain::invalid::{Invalid, parts};
use leptos::prelude::*;

use crate::icon::Icon;

/// The error message of a field.
pub(crate) fn field_error(errors: &[Invalid], field: &'static str) -> Option<String> {
    errors
        .iter()
        .find(|invalid| invalid.field == field)
        .map(|invalid| invalid.message.clone())
}

/// A message whose names have a direction of their own.
pub(crate) fn sentence(message: &str) -> AnyView {
    parts(message)
        .map(|(part, is_name)| match is_name {
            true => view! { <bdi>{part.to_owned()}</bdi> }.into_any(),
            false => part.to_owned().into_any(),
        })
        .collect_view()
        .into_any()
}

/// All errors of a form, at its head: each one links to its field. `outcome` says what did not happen ("Not saved"), `fields`
/// are the fields whose id is their name. It has the focus when the page comes, also without scripts.
pub(crate) fn error_summary(
    outcome: &'static str,
    errors: &[Invalid],
    fields: &[&str],
) -> Option<AnyView> {
    let messages = errors
        .iter()
        .map(|invalid| {
            let message = sentence(&invalid.message);
            let to = fields
                .contains(&invalid.field)
                .then(|| format!("#{}", invalid.field));
            match to {
                Some(to) => view! { <li><a href=to>{message}</a></li> }.into_any(),
                None => view! { <li>{message}</li> }.into_any(),
            }
        })
        .collect_view();
    let what = match errors.len() {
        0 => return None,
        1 => format!("{outcome}. One thing needs to be put right:"),
        count => format!("{outcome}. {count} things need to be put right:"),
    };
    Some(
        view! {
            <div class="notice wrong" role="alert" tabindex="-1" autofocus>
                {Icon::Alert.svg()}
                <div><p>{what}</p> <ul class="errors">{messages}</ul></div>
            </div>
        }
        .into_any(),
    )
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

/// A box to tick, with its label behind it.
pub(crate) fn tick(id: &'static str, label: &'static str, ticked: bool) -> AnyView {
    view! {
        <div class="choice">
            <input r#type="checkbox" id=id name=id checked=ticked />
            <label r#for=id>{label}</label>
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
