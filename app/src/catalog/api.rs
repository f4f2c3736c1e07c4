//! Server functions about products.

use domain::{
    catalog::Slug,
    wire::catalog::{Draft, ProductCreated},
};
use leptos::{
    prelude::*,
    server_fn::{ServerFn, codec::Json},
};
use services::{Error, catalog::NewProduct};

use super::waitlist::Flash;
use crate::function::{Context, Refusal};

/// The address that the waitlist's form is sent to.
pub const JOIN_WAITLIST: &str = JoinWaitlist::PATH;

/// Puts an email address on the waitlist of a sold-out product, then redirects to the page that says how it went.
#[server(prefix = "/fn", endpoint = "join-waitlist")]
pub async fn join_waitlist(
    /// The product's name in addresses.
    #[server(default)]
    slug: String,
    /// Where the shop shall write to.
    #[server(default)]
    email: String,
) -> Result<(), Refusal> {
    // Only a slug is safe in an address, and no product has a name that is none.
    let slug: Slug = slug.parse().map_err(|_| {
        Error::NotFound(
            "There is no such product here. It may have been taken off the shop.".to_owned(),
        )
    })?;
    let context = Context::current()?;
    let flash = match context
        .services()
        .catalog()
        .join_waitlist(slug.as_str(), &email, context.browser().ip)
        .await
    {
        Ok(()) => Flash::Noted,
        Err(Error::Invalid { .. }) => Flash::InvalidEmail,
        Err(other) => return Err(other.into()),
    };
    leptos_axum::redirect(&format!("/p/{slug}/waitlist?flash={}", flash.as_str()));
    Ok(())
}

/// Makes a draft product of what the studio uploaded. For whoever is signed in.
#[server(prefix = "/fn", endpoint = "create-product", input = Json)]
pub async fn create_product(
    /// What the studio made of a recording.
    draft: Draft,
) -> Result<ProductCreated, Refusal> {
    let context = Context::current()?;
    let new = NewProduct {
        id: draft.id,
        title: draft.title,
        media: draft.media,
        posters: draft.posters,
        session: draft.session,
        highlights: draft.highlights,
        contract: draft.contract,
    };
    let catalog = context.services().catalog();
    let product = catalog.create(context.viewer()?, new).await?;
    Ok(ProductCreated {
        edit_url: format!("/manage/products/{}", product.id),
        id: product.id,
    })
}
