//! What the form on a sold-out product's page does.

use domain::catalog::Slug;
use leptos::{prelude::*, server_fn::ServerFn};
use services::Error;

use super::page::Answer;
use crate::function::{Refused, services};

/// Where the form is sent to.
pub const TELL_ME: &str = TellMe::PATH;

/// Notes who wants to know when a product is back, then goes to the page that says so.
#[server(prefix = "/fn", endpoint = "tell-me")]
pub async fn tell_me(
    /// The product's name in addresses.
    #[server(default)]
    slug: String,
    /// Where the shop shall write to.
    #[server(default)]
    email: String,
) -> Result<(), Refused> {
    // Only a slug is safe in an address; what it is not, no product has.
    let slug: Slug = slug.parse().map_err(|_| Refused::missing())?;
    let answer = match services()?.catalog().wait(slug.as_str(), &email).await {
        Ok(()) => Answer::Noted,
        Err(Error::Invalid { .. }) => Answer::WrongEmail,
        Err(other) => return Err(other.into()),
    };
    leptos_axum::redirect(&format!("/p/{slug}/tell?said={}", answer.as_str()));
    Ok(())
}
