//! What search engines read: schema.org Product with its Offer and VideoObjects.

use domain::{
    catalog::{Availability, Product},
    identity::Shop,
    media::{Kind, Media},
};
use serde_json::{Value, json};

use crate::{
    Site,
    media::parts::{film, jpeg, largest_jpeg},
};

/// The JSON-LD of a product page.
pub(super) fn product(site: &Site, shop: &Shop, product: &Product) -> Value {
    let address = site.absolute(&format!("/p/{}", product.slug));
    let pictures: Vec<String> = product
        .media
        .iter()
        .filter(|media| media.kind == Kind::Photo)
        .filter_map(|media| largest_jpeg(media).map(|variant| site.absolute(&variant.url)))
        .collect();
    let availability = match product.availability() {
        Availability::ForSale => "InStock",
        Availability::Reserved => "OutOfStock",
        Availability::SoldOut => "SoldOut",
    };
    let offer = product.price.map(|price| {
        json!({
            "@type": "Offer",
            "url": address,
            "price": price.decimal(),
            "priceCurrency": price.currency.code(),
            "availability": format!("https://schema.org/{availability}"),
            "itemCondition": "https://schema.org/NewCondition",
            "seller": { "@type": "Organization", "name": shop.name },
        })
    });
    let films: Vec<Value> = product
        .media
        .iter()
        .filter(|media| media.kind == Kind::Clip)
        .filter_map(|media| clip(site, product, media))
        .collect();
    let mut data = json!({
        "@context": "https://schema.org",
        "@type": "Product",
        "name": product.title,
        "url": address,
        "sku": product.id.to_string(),
        "brand": { "@type": "Brand", "name": shop.name },
        "image": pictures,
    });
    let mut put = |key: &str, value: Value| {
        if let Some(fields) = data.as_object_mut() {
            fields.insert(key.to_owned(), value);
        }
    };
    let description = if product.text.is_empty() {
        &product.summary
    } else {
        &product.text
    };
    if !description.is_empty() {
        put("description", json!(description));
    }
    if let Some(offer) = offer {
        put("offers", offer);
    }
    if !films.is_empty() {
        put("subjectOf", Value::Array(films));
    }
    data
}

/// Google asks for a name, a thumbnail and an upload date; the last is the page's own change.
fn clip(site: &Site, product: &Product, media: &Media) -> Option<Value> {
    let film = film(media)?;
    let poster = jpeg(media, 1280)?;
    let seconds = f64::from(media.duration_ms) / 1000.0;
    let name = if media.alt.is_empty() {
        &product.title
    } else {
        &media.alt
    };
    Some(json!({
        "@type": "VideoObject",
        "name": name,
        "description": if product.summary.is_empty() { name } else { &product.summary },
        "contentUrl": site.absolute(&film.url),
        "thumbnailUrl": site.absolute(&poster.url),
        "uploadDate": product.updated_at.rfc3339(),
        "duration": format!("PT{seconds}S"),
        "width": media.width,
        "height": media.height,
    }))
}
