use domain::{
    catalog::{Direction, EditForm, Product, State},
    highlight::{
        Shot,
        document::{Document, Schema},
    },
};
use services::{Error, catalog::NewProduct, checkout::Bought};

use crate::{
    film::Film,
    world::{Engine, World, edit, on_both},
};

on_both! {
    async fn a_draft_becomes_a_page(world: World) {
        let viewer = world.shop("clay").await;
        let catalog = world.services.catalog();
        let draft = catalog.create(&viewer, NewProduct::default()).await.expect("draft");
        assert_eq!(draft.state, State::Draft);
        let Err(Error::Invalid { field: "publish", message }) = catalog.publish(&viewer, &draft.id).await else {
            panic!("must not publish");
        };
        for words in ["title", "price", "photo"] {
            assert!(message.contains(words), "{message}");
        }
        assert!(matches!(catalog.by_slug(&draft.slug).await, Err(Error::NotFound(_))), "drafts have no page");

        let photo = world.photo(&viewer, 1).await;
        catalog.add_media(&viewer, &draft.id, std::slice::from_ref(&photo.id)).await.expect("add");
        let form = EditForm {
            title: " Grüne  Schale ".into(),
            summary: "For soup.".into(),
            text: "One.\r\n\r\nTwo.".into(),
            price: "38,50".into(),
            stock: "4".into(),
            ..EditForm::default()
        };
        let product = catalog.update(&viewer, &draft.id, &form).await.expect("edit");
        assert_eq!((product.title.as_str(), product.slug.as_str(), product.text.as_str()), ("Grüne Schale", "grune-schale", "One.\n\nTwo."));
        assert_eq!(product.price.expect("price").minor, 3850);
        assert_eq!((product.stock, product.available), (4, 4));
        catalog.publish(&viewer, &draft.id).await.expect("publish");
        let (shop, page) = catalog.by_slug("grune-schale").await.expect("page");
        assert_eq!(shop, viewer.shop);
        assert_eq!(page.media[0].id, photo.id);
        assert_eq!(catalog.front(&viewer.shop.id).await.expect("front").len(), 1);
        assert_eq!(catalog.published().await.expect("sitemap")[0].0, "grune-schale");
        catalog.publish(&viewer, &draft.id).await.expect("twice is fine");

        assert!(matches!(catalog.delete(&viewer, &draft.id).await, Err(Error::Conflict(_))), "published");
        catalog.unpublish(&viewer, &draft.id).await.expect("unpublish");
        assert!(catalog.by_slug("grune-schale").await.is_err());
        catalog.delete(&viewer, &draft.id).await.expect("delete");
        assert!(matches!(catalog.product(&viewer, &draft.id).await, Err(Error::NotFound(_))));
        let events = world.events(&viewer).await;
        assert_eq!(
            events,
            [
                "shop_created", "product_created", "media_ready", "product_changed", "product_changed",
                "product_published", "product_unpublished", "product_deleted"
            ]
        );
    }
}

on_both! {
    async fn wrong_fields_are_named_and_change_nothing(world: World) {
        let viewer = world.shop("clay").await;
        let catalog = world.services.catalog();
        let product = world.product(&viewer, "Cup", 3).await;
        for (field, form) in [
            ("price", edit("Cup", "-1", 3)),
            ("price", edit("Cup", "999999999999", 3)),
            ("price", edit("Cup", "1,234", 3)),
            ("title", edit(&"x".repeat(121), "38", 3)),
            ("stock", EditForm { stock: "-2".into(), ..edit("Cup", "38", 3) }),
            ("slug", EditForm { slug: "No Slug".into(), ..edit("Cup", "38", 3) }),
            ("publish", edit("", "38", 3)),
            ("publish", edit("Cup", "", 3)),
            ("publish", edit("Cup", "0", 3)),
        ] {
            let result = catalog.update(&viewer, &product.id, &form).await;
            assert!(matches!(result, Err(Error::Invalid { field: named, .. }) if named == field), "{field}: {result:?}");
        }
        assert_eq!(catalog.product(&viewer, &product.id).await.expect("unchanged"), product);
    }
}

on_both! {
    async fn slugs_are_unique_on_the_instance(world: World) {
        let (one, two) = (world.shop("one").await, world.shop("two").await);
        let catalog = world.services.catalog();
        let a = world.product(&one, "Cup", 1).await;
        let b = world.product(&two, "Cup", 1).await;
        let c = world.product(&two, "Cup", 1).await;
        assert_eq!([a.slug.as_str(), b.slug.as_str(), c.slug.as_str()], ["cup", "cup-2", "cup-3"]);
        let taken = EditForm { slug: "cup".into(), ..edit("Cup", "38", 1) };
        assert!(matches!(catalog.update(&two, &b.id, &taken).await, Err(Error::Conflict(_))));
        let kept = EditForm { slug: "cup".into(), ..edit("Cup", "40", 1) };
        assert_eq!(catalog.update(&one, &a.id, &kept).await.expect("own slug").slug, "cup");
        let unfolded = catalog.create(&one, NewProduct { title: "茶碗".into(), ..NewProduct::default() }).await.expect("draft");
        assert!(unfolded.slug.starts_with("item-"), "{}", unfolded.slug);
    }
}

on_both! {
    async fn the_page_keeps_its_order(world: World) {
        let viewer = world.shop("clay").await;
        let catalog = world.services.catalog();
        let product = world.product(&viewer, "Cup", 1).await;
        let hero = product.media[0].id.clone();
        let second = world.photo(&viewer, 2).await.id;
        let clip = world.services.media()
            .add_file(&viewer, domain::media::Kind::Clip, "", Film::default().bytes().into())
            .await
            .expect("clip")
            .id;
        let page = |product: &domain::catalog::Product| {
            product.media.iter().map(|media| media.id.clone()).collect::<Vec<_>>()
        };
        let added = catalog.add_media(&viewer, &product.id, &[clip.clone(), second.clone(), clip.clone()]).await.expect("add");
        assert_eq!(page(&added), [hero.clone(), clip.clone(), second.clone()]);
        let moved = catalog.move_media(&viewer, &product.id, &second, Direction::First).await.expect("move");
        assert_eq!(page(&moved), [second.clone(), hero.clone(), clip.clone()]);
        let refused = catalog.move_media(&viewer, &product.id, &clip, Direction::First).await;
        assert!(matches!(refused, Err(Error::Invalid { field: "publish", .. })), "a published page begins with a photo");
        let third = world.photo(&viewer, 3).await.id;
        let replaced = catalog.replace_media(&viewer, &product.id, &hero, &third).await.expect("replace");
        assert_eq!(page(&replaced), [second.clone(), third.clone(), clip.clone()]);
        catalog.remove_media(&viewer, &product.id, &second).await.expect("remove");
        let last = catalog.remove_media(&viewer, &product.id, &third).await;
        assert!(matches!(last, Err(Error::Invalid { field: "publish", .. })));
        assert_eq!(page(&catalog.product(&viewer, &product.id).await.expect("product")), [third, clip]);
        assert!(matches!(catalog.remove_media(&viewer, &product.id, &hero).await, Err(Error::NotFound(_))));
        let many: Vec<_> = {
            let mut many = Vec::new();
            for shade in 100..125 {
                many.push(world.photo(&viewer, shade).await.id);
            }
            many
        };
        assert!(matches!(catalog.add_media(&viewer, &product.id, &many).await, Err(Error::Conflict(_))));
    }
}

on_both! {
    async fn stock_cannot_be_counted_below_what_is_promised(world: World) {
        let viewer = world.shop("clay").await;
        let catalog = world.services.catalog();
        let product = world.product(&viewer, "Cup", 5).await;
        let bought = world.services.checkout().buy("cup", 3, None, None, None).await.expect("buy");
        assert!(matches!(bought, Bought::Held(_)));
        let held = catalog.product(&viewer, &product.id).await.expect("product");
        assert_eq!((held.stock, held.available), (5, 2));
        assert!(matches!(catalog.update(&viewer, &product.id, &edit("Cup", "38", 2)).await, Err(Error::Conflict(_))));
        let fewer = catalog.update(&viewer, &product.id, &edit("Cup", "38", 3)).await.expect("three");
        assert_eq!((fewer.stock, fewer.available), (3, 0));
        catalog.unpublish(&viewer, &product.id).await.expect("unpublish");
        assert!(matches!(catalog.delete(&viewer, &product.id).await, Err(Error::Conflict(_))), "an order is open");
    }
}

on_both! {
    async fn what_is_told_of_a_recording_is_kept_with_the_draft(world: World) {
        use sqlx::Row;
        let viewer = world.shop("clay").await;
        let document = |shots| Document {
            schema: Schema::First,
            session: "session-1".parse().expect("id"),
            model: None,
            frames: None,
            items: Vec::new(),
            histograms: None,
            shots: Some(vec![Shot { start: 0.0, end: 2.5 }; shots]),
            location: None,
            devices: None,
        };
        let told = document(1);
        let new = NewProduct {
            title: "Cup".into(),
            session: Some("session-1".parse().expect("id")),
            highlights: Some(told.clone()),
            ..NewProduct::default()
        };
        world.services.catalog().create(&viewer, new).await.expect("draft");
        let mut connection = world.connection().await;
        let row = sqlx::query("SELECT session_id, highlights FROM product").fetch_one(&mut connection).await.expect("row");
        assert_eq!(row.get::<String, _>("session_id"), "session-1");
        let kept: Document = serde_json::from_str(&row.get::<String, _>("highlights")).expect("json");
        assert_eq!(kept, told);
        let huge = document(40_000);
        let refused = world.services.catalog().create(&viewer, NewProduct { highlights: Some(huge), ..NewProduct::default() }).await;
        assert!(matches!(refused, Err(Error::Invalid { field: "highlights", .. })));
    }
}

/// The editor's form as a page shows it.
fn opened(product: &Product, key: &str) -> EditForm {
    EditForm {
        title: product.title.clone(),
        summary: product.summary.clone(),
        text: product.text.clone(),
        price: product
            .price
            .map(|price| price.number())
            .unwrap_or_default(),
        stock: product.stock.to_string(),
        stock_seen: product.stock.to_string(),
        version: product.version.to_string(),
        form_key: key.to_owned(),
        slug: product.slug.clone(),
        tax_class: product.class.as_str().to_owned(),
    }
}

on_both! {
    async fn what_is_sold_while_the_editor_is_open_stays_sold(world: World) {
        let viewer = world.shop("clay").await;
        let (catalog, checkout) = (world.services.catalog(), world.services.checkout());
        let product = world.product(&viewer, "Cup", 5).await;
        let form = opened(&product, "tab-1");
        let order = crate::checkout::held(&world, 3).await;
        checkout.pay(&order.token, &crate::world::form("success")).await.expect("pay");
        let saved = catalog.update(&viewer, &product.id, &EditForm { summary: "For soup.".into(), ..form.clone() }).await.expect("save");
        assert_eq!((saved.stock, saved.available, saved.summary.as_str()), (2, 2, "For soup."));
        // A correction against five: one more was found.
        let saved = catalog.update(&viewer, &product.id, &EditForm { stock: "６".into(), ..opened(&saved, "tab-2") }).await.expect("save");
        assert_eq!(saved.stock, 6);
        let found = EditForm { stock: "6".into(), stock_seen: "5".into(), ..opened(&saved, "tab-3") };
        assert_eq!(catalog.update(&viewer, &product.id, &found).await.expect("save").stock, 7);
        let empty = EditForm { stock: " ".into(), ..opened(&saved, "tab-4") };
        assert_eq!(catalog.update(&viewer, &product.id, &empty).await.expect("save").stock, 7, "an empty field changes nothing");
        let gone = EditForm { stock: "0".into(), stock_seen: "8".into(), ..opened(&saved, "tab-5") };
        let refused = catalog.update(&viewer, &product.id, &gone).await;
        assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
    }
}

on_both! {
    async fn a_correction_that_is_sent_twice_counts_once(world: World) {
        let viewer = world.shop("clay").await;
        let catalog = world.services.catalog();
        let product = world.product(&viewer, "Cup", 5).await;
        let eight = EditForm { stock: "8".into(), ..opened(&product, "tab-1") };
        let presses = (0..4).map(|_| {
            let (services, viewer, id, form) = (world.services.clone(), viewer.clone(), product.id.clone(), eight.clone());
            tokio::spawn(async move { services.catalog().update(&viewer, &id, &form).await })
        });
        for press in futures::future::join_all(presses).await {
            assert_eq!(press.expect("task").expect("saved").stock, 8);
        }
        // Back in the browser, and another number: it is a correction of the same page.
        let seven = EditForm { stock: "7".into(), ..eight.clone() };
        assert_eq!(catalog.update(&viewer, &product.id, &seven).await.expect("save").stock, 7);
        // Two tabs that each found something add up.
        let other = EditForm { stock: "6".into(), ..opened(&product, "tab-2") };
        assert_eq!(catalog.update(&viewer, &product.id, &other).await.expect("save").stock, 8);
    }
}

on_both! {
    async fn two_tabs_do_not_overwrite_each_other(world: World) {
        let viewer = world.shop("clay").await;
        let catalog = world.services.catalog();
        let product = world.product(&viewer, "Cup", 5).await;
        let (one, two) = (opened(&product, "tab-1"), opened(&product, "tab-2"));
        let first = EditForm { title: "Blue cup".into(), ..one };
        let saved = catalog.update(&viewer, &product.id, &first).await.expect("the first tab");
        catalog.update(&viewer, &product.id, &first).await.expect("pressed twice");
        let second = EditForm { price: "40".into(), stock: "9".into(), ..two };
        let refused = catalog.update(&viewer, &product.id, &second).await;
        assert!(matches!(refused, Err(Error::Changed(_))), "{refused:?}");
        let stands = catalog.product(&viewer, &product.id).await.expect("product");
        assert_eq!((stands.title.as_str(), stands.price, stands.stock), ("Blue cup", saved.price, 5), "nothing of it was written");
        let again = EditForm { version: stands.version.to_string(), ..second };
        let saved = catalog.update(&viewer, &product.id, &again).await.expect("seen and saved again");
        assert_eq!((saved.title.as_str(), saved.stock), ("Cup", 9));
    }
}

on_both! {
    async fn products_of_one_title_made_at_once_get_a_slug_each(world: World) {
        let viewer = world.shop("clay").await;
        let makers = (0..10).map(|_| {
            let (services, viewer) = (world.services.clone(), viewer.clone());
            tokio::spawn(async move {
                let new = NewProduct { title: "Cup".into(), ..NewProduct::default() };
                let made = services.catalog().create(&viewer, new).await?;
                let form = EditForm { title: "Bowl".into(), ..EditForm::default() };
                Ok::<_, Error>((made.slug, services.catalog().update(&viewer, &made.id, &form).await?.slug))
            })
        });
        let mut slugs = std::collections::BTreeSet::new();
        for made in futures::future::join_all(makers).await {
            let (cup, bowl) = made.expect("task").expect("made");
            assert!(cup.starts_with("cup") && bowl.starts_with("bowl"), "{cup} {bowl}");
            slugs.insert(bowl);
        }
        assert_eq!(slugs.len(), 10);
    }
}

on_both! {
    async fn a_product_that_cannot_be_read_hides_no_other(world: World) {
        let viewer = world.shop("clay").await;
        let catalog = world.services.catalog();
        let (good, bad) = (world.product(&viewer, "Cup", 5).await, world.product(&viewer, "Bowl", 5).await);
        let mut connection = world.connection().await;
        sqlx::query("UPDATE product SET currency = 'XXX' WHERE id = $1").bind(bad.id.as_str()).execute(&mut connection).await.expect("damage");
        for list in [catalog.products(&viewer).await, catalog.front(&viewer.shop.id).await] {
            assert_eq!(list.expect("a list").iter().map(|product| &product.id).collect::<Vec<_>>(), [&good.id]);
        }
    }
}

on_both! {
    async fn a_draft_sent_twice_at_once_is_one_product(world: World) {
        let (viewer, other) = (world.shop("clay").await, world.shop("glass").await);
        let draft = || NewProduct { id: "d-1".parse().ok(), title: "Cup".into(), ..NewProduct::default() };
        let senders = (0..4).map(|_| {
            let (services, viewer, new) = (world.services.clone(), viewer.clone(), draft());
            tokio::spawn(async move { services.catalog().create(&viewer, new).await })
        });
        for made in futures::future::join_all(senders).await {
            assert_eq!(made.expect("task").expect("made").slug, "cup");
        }
        let catalog = world.services.catalog();
        assert_eq!(catalog.products(&viewer).await.expect("a list").len(), 1);
        assert!(matches!(catalog.create(&other, draft()).await, Err(Error::Conflict(_))));
    }
}
