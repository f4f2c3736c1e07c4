//! Options and variants: edited, bought, and never sold twice.

use domain::{
    catalog::{
        Product,
        variant::{OptionsForm, VariantForm},
    },
    checkout::State,
    id::VariantId,
    identity::Viewer,
};
use services::{
    Error,
    catalog::NotSaved,
    checkout::{Bought, Item, Paid},
};
use sqlx::Row;

use crate::world::{Engine, World, edit, form, on_both};

pub(crate) fn options(rows: &[(&str, &str)]) -> OptionsForm {
    let at = |index: usize| rows.get(index).map_or(("", ""), |row| *row);
    OptionsForm {
        option_1: at(0).0.to_owned(),
        values_1: at(0).1.to_owned(),
        option_2: at(1).0.to_owned(),
        values_2: at(1).1.to_owned(),
        ..OptionsForm::default()
    }
}

pub(crate) fn row(variant: &VariantId, price: &str, stock: &str, seen: &str) -> VariantForm {
    VariantForm {
        variant: variant.clone(),
        price: price.to_owned(),
        sku: format!("SKU-{stock}"),
        stock: stock.to_owned(),
        stock_seen: seen.to_owned(),
    }
}

pub(crate) fn item(variant: &VariantId, quantity: u32, price_seen_minor: Option<i64>) -> Item {
    Item {
        variant: Some(variant.clone()),
        quantity,
        price_seen_minor,
    }
}

/// A cup in two sizes: 3 small ones at 38 €, `large` large ones at 46 €.
pub(crate) async fn cups(world: &World, viewer: &Viewer, large: u32) -> Product {
    let product = world.product(viewer, "Cup", 3).await;
    let catalog = world.services.catalog();
    let product = catalog
        .set_options(viewer, &product.id, &options(&[("Size", "Small, Large")]))
        .await
        .expect("options");
    let rows = [row(&product.variants[1].id, "46", &large.to_string(), "0")];
    catalog
        .save_variants(viewer, &product.id, &rows, "", "")
        .await
        .expect("rows")
}

fn names(product: &Product) -> Vec<(String, u32)> {
    let variants = product.variants.iter();
    variants
        .map(|variant| (variant.name(), variant.stock))
        .collect()
}

fn pairs(pairs: &[(&str, u32)]) -> Vec<(String, u32)> {
    pairs
        .iter()
        .map(|(name, stock)| ((*name).to_owned(), *stock))
        .collect()
}

/// The law of stock, read from the tables: what is held is what open orders have, and the history sums to what can be sold.
pub(crate) async fn check_stock(world: &World) {
    let mut connection = world.connection().await;
    let rows = sqlx::query(
        "SELECT stock.on_hand, stock.reserved, stock.committed, \
         (SELECT CAST(COALESCE(SUM(delta), 0) AS BIGINT) FROM stock_move WHERE stock_move.variant_id = stock.variant_id) AS moved, \
         (SELECT CAST(COALESCE(SUM(quantity), 0) AS BIGINT) FROM reservation WHERE reservation.variant_id = stock.variant_id AND state = 'held') AS held, \
         (SELECT CAST(COALESCE(SUM(quantity), 0) AS BIGINT) FROM reservation WHERE reservation.variant_id = stock.variant_id AND state = 'committed') AS sold \
         FROM stock",
    )
    .fetch_all(&mut connection)
    .await
    .expect("rows");
    for row in rows {
        let read = |column: &str| row.get::<i64, _>(column);
        assert_eq!(read("reserved"), read("held"));
        assert_eq!(read("committed"), read("sold"));
        assert_eq!(read("on_hand") - read("committed"), read("moved"));
        assert!(read("reserved") >= 0 && read("committed") >= 0);
        assert!(read("on_hand") >= read("reserved") + read("committed"));
    }
}

on_both! {
    async fn variants_keep_what_they_have_while_options_change(world: World) {
        let viewer = world.shop("clay").await;
        let product = world.product(&viewer, "Cup", 5).await;
        let catalog = world.services.catalog();
        let only = product.variants[0].id.clone();
        let set = async |rows: &[(&str, &str)]| catalog.set_options(&viewer, &product.id, &options(rows)).await;

        let sizes = set(&[("Size", "Small, Large")]).await.expect("options");
        assert_eq!(names(&sizes), pairs(&[("Small", 5), ("Large", 0)]));
        assert_eq!(sizes.variants[0].id, only, "what was there is the first of them");
        assert_eq!((sizes.stock, sizes.version), (5, product.version + 1));
        let same = set(&[("Size", "Small, Large")]).await.expect("the same again");
        assert_eq!(same.version, sizes.version);

        let both = set(&[("Glaze", "Ash, Iron"), ("Size", "S, Large")]).await.expect("two");
        assert_eq!(names(&both), pairs(&[("Ash · S", 5), ("Ash · Large", 0), ("Iron · S", 0), ("Iron · Large", 0)]));
        assert_eq!(both.variants[0].id, only, "it was renamed");
        let fewer = set(&[("Glaze", "Iron"), ("Size", "S, Large")]).await.expect("fewer");
        assert_eq!(names(&fewer), pairs(&[("Iron · S", 0), ("Iron · Large", 0)]));
        assert!(fewer.variant(&only).is_none());
        let mut connection = world.connection().await;
        let moves = sqlx::query("SELECT CAST(SUM(delta) AS BIGINT) AS left_over FROM stock_move WHERE variant_id = $1")
            .bind(only.as_str())
            .fetch_one(&mut connection)
            .await
            .expect("moves");
        assert_eq!(moves.get::<i64, _>("left_over"), 0, "what went with it is written down");
        drop(connection);
        let none = set(&[]).await.expect("none");
        assert_eq!((none.options.len(), names(&none)), (0, pairs(&[("", 0)])));
        assert_eq!(none.version, product.version + 4);
        check_stock(&world).await;
    }
}

on_both! {
    async fn a_price_that_nobody_could_change_becomes_the_products(world: World) {
        let viewer = world.shop("clay").await;
        let product = cups(&world, &viewer, 2).await;
        let catalog = world.services.catalog();
        let [small, large] = [&product.variants[0], &product.variants[1]];
        let rows = [row(&small.id, "46", "3", "3"), row(&large.id, "", "2", "2")];
        catalog.save_variants(&viewer, &product.id, &rows, "", "").await.expect("saved");
        let bare = catalog.set_options(&viewer, &product.id, &options(&[])).await.expect("none");
        assert_eq!(bare.price.map(|price| price.minor), Some(4600), "what it was sold for");
        assert_eq!(bare.variants[0].price, None);
        assert_eq!(bare.narrowed(None).price, bare.price);
    }
}

on_both! {
    async fn rows_are_saved_together_or_not_at_all(world: World) {
        let viewer = world.shop("clay").await;
        let product = cups(&world, &viewer, 2).await;
        let catalog = world.services.catalog();
        let [small, large] = [&product.variants[0], &product.variants[1]];
        assert_eq!((small.stock, large.stock, large.price.map(|price| price.minor)), (3, 2, Some(4600)));
        assert_eq!(product.prices().map(|(least, most)| (least.minor, most.minor)), Some((3800, 4600)));

        let wrong = [row(&small.id, "39", "4", "3"), row(&large.id, "0", "-1", "2")];
        let refused = catalog.save_variants(&viewer, &product.id, &wrong, "", "").await;
        assert!(matches!(refused, Err(NotSaved::Rows(ref rows)) if rows.len() == 1 && rows[0].0 == large.id && rows[0].1.field == "price"));
        assert_eq!(catalog.product(&viewer, &product.id).await.expect("product"), product, "nothing was written");

        // Sent twice, from one page: counted once.
        let rows = [row(&small.id, "39", "4", "3"), row(&large.id, "46", "5", "2")];
        for _ in 0..2 {
            catalog.save_variants(&viewer, &product.id, &rows, "", "a-page").await.expect("saved");
        }
        let saved = catalog.product(&viewer, &product.id).await.expect("product");
        assert_eq!(names(&saved), pairs(&[("Small", 4), ("Large", 5)]));
        let (price, sku) = (saved.variants[0].price.map(|price| price.minor), saved.variants[0].sku.as_str());
        assert_eq!((price, sku), (Some(3900), "SKU-4"));
        let old = [row(&small.id, "40", "4", "4")];
        let late = catalog.save_variants(&viewer, &product.id, &old, &product.version.to_string(), "b").await;
        assert!(matches!(late, Err(NotSaved::Other(Error::Changed(_)))));
        let elsewhere = [row(&"v-of-nobody".parse().expect("an id"), "1", "1", "0")];
        assert!(matches!(catalog.save_variants(&viewer, &product.id, &elsewhere, "", "").await, Err(NotSaved::Other(Error::Changed(_)))));
        let whole = catalog.update(&viewer, &product.id, &edit("Cup", "38", 9)).await;
        assert!(matches!(whole, Err(Error::Invalid { field: "stock", .. })), "which variant's?");
        let other = world.shop("ash").await;
        assert!(matches!(catalog.set_options(&other, &product.id, &options(&[("Size", "XL")])).await, Err(Error::NotFound(_))));
        assert!(matches!(catalog.save_variants(&other, &product.id, &rows, "", "").await, Err(NotSaved::Other(Error::NotFound(_)))));
        check_stock(&world).await;
    }
}

on_both! {
    async fn a_variant_is_bought_at_its_price_and_named(world: World) {
        let viewer = world.shop("clay").await;
        let product = cups(&world, &viewer, 2).await;
        let checkout = world.services.checkout();
        let [small, large] = [&product.variants[0].id, &product.variants[1].id];
        assert!(matches!(checkout.buy("cup", 1, None, None, None).await, Err(Error::Invalid { field: "variant", .. })));
        let nobody: VariantId = "nobody".parse().expect("an id");
        assert!(matches!(checkout.buy_variant("cup", &item(&nobody, 1, None), None, None).await, Err(Error::Conflict(_))));
        let bowl = world.product(&viewer, "Bowl", 1).await;
        let of_bowl = item(&bowl.variants[0].id, 1, None);
        assert!(matches!(checkout.buy_variant("cup", &of_bowl, None, None).await, Err(Error::Conflict(_))), "another product's");
        assert!(matches!(checkout.buy_variant("cup", &item(large, 1, Some(3800)), None, None).await, Ok(Bought::PriceChanged(..))));
        assert!(matches!(checkout.buy_variant("cup", &item(large, 3, Some(4600)), None, None).await, Ok(Bought::SoldOut(..))), "3 small ones do not help");

        let key = "a-key-0123456789-abc";
        let Ok(Bought::Held(token)) = checkout.buy_variant("cup", &item(large, 2, Some(4600)), Some(key), None).await else {
            panic!("held");
        };
        let again = checkout.buy_variant("cup", &item(large, 2, Some(4600)), Some(key), None).await;
        assert!(matches!(again, Ok(Bought::Held(ref same)) if *same == token));
        assert!(matches!(checkout.buy_variant("cup", &item(small, 2, None), Some(key), None).await, Err(Error::Conflict(_))));
        let order = world.order(&token).await;
        let line = &order.lines[0];
        assert_eq!((line.name().as_str(), line.sku.as_str(), line.total.minor), ("Cup, Large", "SKU-2", 9200));
        let left = world.services.catalog().product(&viewer, &product.id).await.expect("product");
        let stands = |product: &Product| product.variants.iter().map(|variant| variant.available).collect::<Vec<_>>();
        assert_eq!((stands(&left), left.sold_out()), (vec![3, 0], false));

        // What is promised cannot be taken out of the options, nor below what is promised.
        let catalog = world.services.catalog();
        let gone = catalog.set_options(&viewer, &product.id, &options(&[("Size", "Small")])).await;
        assert!(matches!(gone, Err(Error::Conflict(ref message)) if message.contains("Large")));
        let fewer = catalog.save_variants(&viewer, &product.id, &[row(large, "46", "1", "2")], "", "").await;
        assert!(matches!(fewer, Err(NotSaved::Rows(ref rows)) if rows[0].1.field == "stock"));
        check_stock(&world).await;

        assert_eq!(checkout.pay(&token, &form("success")).await.expect("paid"), Paid::Done);
        catalog.set_options(&viewer, &product.id, &options(&[("Size", "Small")])).await.expect("what was paid is in its order");
        let kept = world.order(&token).await;
        assert_eq!((kept.state, kept.lines[0].name().as_str()), (State::Paid, "Cup, Large"));
        checkout.mark_sent(&viewer, &kept.id).await.expect("sent");
        check_stock(&world).await;
    }
}

on_both! {
    /// A hundred buyers of two variants, one piece each: exactly two are sold.
    async fn variants_are_not_oversold(world: World) {
        let viewer = world.shop("clay").await;
        let product = cups(&world, &viewer, 1).await;
        let catalog = world.services.catalog();
        catalog.save_variants(&viewer, &product.id, &[row(&product.variants[0].id, "", "1", "3")], "", "").await.expect("one each");
        let buyers = (0..100).map(|at: usize| {
            let (services, variant) = (world.services.clone(), product.variants[at % 2].id.clone());
            tokio::spawn(async move {
                let bought = services.checkout().buy_variant("cup", &item(&variant, 1, None), None, None).await;
                match bought.expect("an answer") {
                    Bought::Held(token) => {
                        let paid = services.checkout().pay(&token, &form("success")).await;
                        assert_eq!(paid.expect("paid"), Paid::Done);
                        1
                    }
                    Bought::SoldOut(..) => 0,
                    Bought::PriceChanged(..) => panic!("no price changed"),
                }
            })
        });
        let sold = futures::future::join_all(buyers).await;
        assert_eq!(sold.into_iter().map(|sold| sold.expect("task")).sum::<u32>(), 2);
        check_stock(&world).await;
    }
}
