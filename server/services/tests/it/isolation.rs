//! Nobody reaches another's drafts, media or orders: every method that takes a viewer, with another shop's ids.

use domain::{
    catalog::Direction,
    media::{Kind, UploadState},
};
use services::{
    Error,
    catalog::NewProduct,
    checkout::Bought,
    media::{Form, NewUpload},
};

use crate::world::{Engine, START, World, edit, form, on_both};

fn is_missing<T>(result: Result<T, Error>, what: &str) {
    assert!(
        matches!(result, Err(Error::NotFound(_))),
        "{what} must not be found"
    );
}

on_both! {
    async fn shops_do_not_see_each_other(world: World) {
        let owner = world.shop("clay").await;
        let stranger = world.shop("thief").await;
        let product = world.product(&owner, "Cup", 3).await;
        let spare = world.photo(&owner, 5).await;
        let own = world.photo(&stranger, 6).await;
        let (catalog, media, checkout) =
            (world.services.catalog(), world.services.media(), world.services.checkout());

        assert!(catalog.products(&stranger).await.expect("list").is_empty());
        assert!(catalog.front(&stranger.shop.id).await.expect("front").is_empty());
        is_missing(catalog.product(&stranger, &product.id).await, "product");
        is_missing(catalog.update(&stranger, &product.id, &edit("Mine", "1", 9)).await, "update");
        is_missing(catalog.publish(&stranger, &product.id).await, "publish");
        is_missing(catalog.unpublish(&stranger, &product.id).await, "unpublish");
        is_missing(catalog.delete(&stranger, &product.id).await, "delete");
        is_missing(catalog.add_media(&stranger, &product.id, std::slice::from_ref(&own.id)).await, "add_media");
        let hero = &product.media[0].id;
        is_missing(catalog.move_media(&stranger, &product.id, hero, Direction::First).await, "move_media");
        is_missing(catalog.remove_media(&stranger, &product.id, hero).await, "remove_media");
        is_missing(catalog.replace_media(&stranger, &product.id, hero, &own.id).await, "replace_media");
        let stolen = NewProduct { media: vec![spare.id.clone()], ..NewProduct::default() };
        is_missing(catalog.create(&stranger, stolen).await, "create with another's media");
        let theirs = catalog.create(&stranger, NewProduct::default()).await.expect("draft");
        is_missing(catalog.add_media(&stranger, &theirs.id, std::slice::from_ref(&spare.id)).await, "another's media");

        assert_eq!(media.all(&stranger).await.expect("list").len(), 1);
        is_missing(media.media(&stranger, &spare.id).await, "media");
        is_missing(media.describe(&stranger, &spare.id, "mine").await, "describe");
        is_missing(media.set_poster(&stranger, &spare.id, &own.id).await, "set_poster");
        let new = NewUpload { kind: Kind::Photo, length: 10, alt: String::new(), session: None, span: None, metadata: String::new(), claim: None, form: Form::default() };
        let upload = media.create_upload(&owner, new).await.expect("upload");
        is_missing(media.upload(&stranger, &upload.id).await, "upload");
        let piece = futures::stream::iter([Ok::<_, std::io::Error>(bytes::Bytes::from_static(b"x"))]);
        is_missing(media.append(&stranger, &upload.id, 0, None, piece).await, "append");
        is_missing(media.terminate(&stranger, &upload.id).await, "terminate");
        assert_eq!(media.upload(&owner, &upload.id).await.expect("there").state, UploadState::Receiving);

        let address = |media: &domain::media::Media| {
            let mut parts = media.variants[0].url.rsplit('/').map(str::to_owned);
            let (file, hash) = (parts.next().expect("file"), parts.next().expect("hash"));
            (hash, file)
        };
        let (hash, file) = address(&spare);
        is_missing(media.rendition(None, &hash, &file).await, "a draft's rendition for everybody");
        is_missing(media.rendition(Some(&stranger), &hash, &file).await, "a draft's rendition for a stranger");
        assert!(!media.rendition(Some(&owner), &hash, &file).await.expect("own").public);
        let (hash, file) = address(&product.media[0]);
        assert!(media.rendition(None, &hash, &file).await.expect("published").public);
        catalog.unpublish(&owner, &product.id).await.expect("unpublish");
        is_missing(media.rendition(None, &hash, &file).await, "an unpublished rendition");
        catalog.publish(&owner, &product.id).await.expect("publish");

        let Bought::Held(token) = checkout.buy(&product.slug, 1, None, None, None).await.expect("buy") else {
            panic!("in stock");
        };
        let order = world.order(&token).await;
        checkout.pay(&order.token, &form("success")).await.expect("pay");
        assert_eq!(checkout.orders(&owner, domain::checkout::Filter::All, None).await.expect("orders").orders.len(), 1);
        assert!(checkout.orders(&stranger, domain::checkout::Filter::All, None).await.expect("orders").orders.is_empty());
        is_missing(checkout.order_of(&stranger, &order.id).await, "order_of");
        is_missing(checkout.mark_sent(&stranger, &order.id).await, "mark_sent");
        is_missing(checkout.order("made-up").await, "a made-up token");

        let rare = world.product(&owner, "Rare cup", 0).await;
        catalog.join_waitlist(&rare.slug, "ana@example.org", crate::world::IP).await.expect("noted");
        is_missing(catalog.waitlist(&stranger, &rare.id).await, "who waits");
        is_missing(catalog.notified_waitlist(&stranger, &rare.id, START.plus_ms(1_000)).await, "notified");
        assert_eq!(catalog.waitlist(&owner, &rare.id).await.expect("own").len(), 1);

        assert_eq!(catalog.product(&owner, &product.id).await.expect("own").title, "Cup");
        let seen = world.events(&stranger).await;
        assert_eq!(seen, ["shop_created", "media_ready", "product_created"]);
    }
}

on_both! {
    /// The same photo in two shops: publishing one does not show the other's.
    async fn equal_files_stay_apart(world: World) {
        let (one, two) = (world.shop("one").await, world.shop("two").await);
        let (a, b) = (world.photo(&one, 9).await, world.photo(&two, 9).await);
        assert_eq!(a.variants, b.variants, "the same content has the same address");
        let mut parts = a.variants[0].url.rsplit('/');
        let (file, hash) = (parts.next().expect("file"), parts.next().expect("hash"));
        let media = world.services.media();
        assert!(media.rendition(None, hash, file).await.is_err());
        for viewer in [&one, &two] {
            let rendition = media.rendition(Some(viewer), hash, file).await.expect("own");
            assert!(!rendition.public);
            assert!(media.read(&rendition, 0..rendition.length).await.is_ok());
        }
    }
}
