//! What search engines read: schema.org Product with its Offer and VideoObjects.

use domain::{
    catalog::{Availability, Product, Variant},
    country::Country,
    identity::Shop,
    media::{Kind, Media},
    money::Money,
    terms::Terms,
};
use serde_json::{Value, json};

use crate::{
    Site,
    media::parts::{film, jpeg, largest_jpeg},
    shop::parts::legal,
};

/// The JSON-LD of a product page.
pub(super) fn product(site: &Site, shop: &Shop, terms: &Terms, product: &Product) -> Value {
    let address = site.absolute(&format!("/p/{}", product.slug));
    let pictures: Vec<String> = product
        .media
        .iter()
        .filter(|media| media.kind == Kind::Photo)
        .filter_map(|media| largest_jpeg(media).map(|variant| site.absolute(&variant.url)))
        .collect();
    let make = |price: Money, availability: Availability, variant: Option<&Variant>| {
        let availability = match availability {
            Availability::ForSale => "InStock",
            Availability::Reserved => "OutOfStock",
            Availability::SoldOut => "SoldOut",
        };
        let mut offer = json!({
            "@type": "Offer",
            "url": address,
            "price": price.decimal(),
            "priceCurrency": price.currency.code(),
            "availability": format!("https://schema.org/{availability}"),
            "itemCondition": "https://schema.org/NewCondition",
            "seller": { "@type": "Organization", "name": shop.name },
        });
        if let Some(fields) = offer.as_object_mut() {
            if let Some(variant) = variant {
                let own = Some(variant.sku.as_str()).filter(|sku| !sku.is_empty());
                let sku = own.unwrap_or(variant.id.as_str());
                fields.insert("name".to_owned(), json!(variant.name()));
                fields.insert("sku".to_owned(), json!(sku));
            }
            if let Some(deliveries) = deliveries(terms, price) {
                fields.insert("shippingDetails".to_owned(), deliveries);
            }
            if let Some(returns) = returns(site, shop, terms) {
                fields.insert("hasMerchantReturnPolicy".to_owned(), returns);
            }
        }
        offer
    };
    let offer = if product.options.is_empty() {
        let price = product.prices().map(|(price, _)| price);
        price.map(|price| make(price, product.availability(), None))
    } else {
        // One for each variant, as its own page would have it.
        let of_variant = |variant: &Variant| {
            let price = product.price_of(variant)?;
            Some(make(price, variant.availability(), Some(variant)))
        };
        let offers: Vec<Value> = product.variants.iter().filter_map(of_variant).collect();
        (!offers.is_empty()).then_some(Value::Array(offers))
    };
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

/// What sending one piece costs (schema.org OfferShippingDetails): the first way to each zone whose countries are named.
fn deliveries(terms: &Terms, price: Money) -> Option<Value> {
    let zones = terms.zones.iter().filter(|zone| !zone.countries.is_empty());
    let details: Vec<Value> = zones
        .map(|zone| {
            let cost = zone.methods.first().map_or(0, |method| method.cost(price.minor));
            let cost = Money { minor: cost, currency: price.currency };
            let countries: Vec<&str> = zone.countries.iter().map(Country::code).collect();
            json!({
                "@type": "OfferShippingDetails",
                "shippingRate": { "@type": "MonetaryAmount", "value": cost.decimal(), "currency": cost.currency.code() },
                "shippingDestination": { "@type": "DefinedRegion", "addressCountry": countries },
            })
        })
        .collect();
    (!details.is_empty()).then_some(Value::Array(details))
}

/// Until when what was bought can be sent back (schema.org MerchantReturnPolicy).
fn returns(site: &Site, shop: &Shop, terms: &Terms) -> Option<Value> {
    let days = terms.returns_days?;
    let home = terms.seller.as_ref()?.home.country;
    Some(json!({
        "@type": "MerchantReturnPolicy",
        "applicableCountry": home.code(),
        "returnPolicyCategory": "https://schema.org/MerchantReturnFiniteReturnWindow",
        "merchantReturnDays": days,
        "merchantReturnLink": site.absolute(&legal(shop)),
    }))
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
