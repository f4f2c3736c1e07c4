//! Flash messages: boxes that say what happened and what to do next.

use leptos::prelude::*;

use crate::{form::sentence, icon::Icon};

/// Something went wrong. Screen readers announce it at once, and the keyboard goes on from it.
pub(crate) fn error(message: &str) -> AnyView {
    view! {
        <div class="notice wrong" role="alert" tabindex="-1" autofocus>
            {Icon::Alert.svg()}
            <p>{sentence(message)}</p>
        </div>
    }
    .into_any()
}

/// Something worth knowing before going on.
pub(crate) fn warning(message: &str) -> AnyView {
    view! { <div class="notice warn">{Icon::Alert.svg()}<p>{message.to_owned()}</p></div> }
        .into_any()
}

/// Something went well.
pub(crate) fn success(message: &str) -> AnyView {
    view! { <div class="notice" role="status">{Icon::Check.svg()}<p>{message.to_owned()}</p></div> }
        .into_any()
}
