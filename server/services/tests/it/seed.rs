use domain::media::Kind;
use services::{Error, seed::Description};

use crate::{
    film::Film,
    world::{Engine, World, on_both, png},
};

fn description() -> Description {
    serde_json::from_value(serde_json::json!({
        "shop": { "name": "Clay & Ash", "handle": "clay-ash", "currency": "EUR" },
        "products": [
            {
                "title": "Moon cup", "summary": "Glazed.", "text": "By hand.", "price_minor": 3800, "stock": 3, "state": "published",
                "media": [
                    { "file": "cup.png", "alt": "A cup" },
                    { "file": "cup.mp4", "kind": "clip", "alt": "The cup turning", "poster": "cup.png" },
                ],
            },
            {
                "title": "Bowl", "price_minor": 5250, "state": "draft",
                "media": [{ "file": "bowl.png", "alt": "A bowl" }],
            },
        ],
    }))
    .expect("a description")
}

fn read(file: &str) -> std::io::Result<Vec<u8>> {
    match file {
        "cup.png" => Ok(png(40, 30, 1)),
        "bowl.png" => Ok(png(40, 30, 2)),
        "cup.mp4" => Ok(Film::default().bytes()),
        _ => Err(std::io::ErrorKind::NotFound.into()),
    }
}

on_both! {
    async fn a_demo_shop_is_filled_once(world: World) {
        let seeded = world.services.seed(&description(), read).await.expect("seeded");
        assert_eq!(seeded.products, 2);
        let (shop, cup) = world.services.catalog().by_slug("moon-cup").await.expect("page");
        assert_eq!(shop, seeded.shop);
        assert_eq!(cup.price.expect("price").minor, 3800);
        assert_eq!(cup.media.iter().map(|media| media.kind).collect::<Vec<_>>(), [Kind::Photo, Kind::Clip]);
        assert!(cup.media[1].variants.iter().any(|variant| variant.mime == "image/jpeg"), "the clip has a poster");
        assert!(world.services.catalog().by_slug("bowl").await.is_err(), "a draft");
        let again = world.services.seed(&description(), read).await.expect("seeded again");
        assert_eq!((again.products, again.shop), (0, seeded.shop.clone()));
        let link = world.services.identity().create_owner_link(Some("clay-ash")).await.expect("its owner gets in by a link");
        assert_eq!(link.shop, Some(seeded.shop));

        let mut wrong = description();
        wrong.products[0].slug = "another".into();
        wrong.products[0].media[0].file = "gone.png".into();
        let refused = world.services.seed(&wrong, read).await;
        assert!(matches!(refused, Err(Error::NotFound(ref message)) if message.contains("gone.png")));
    }
}

#[test]
fn the_demo_shop_of_this_project_is_whole() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../seed");
    let text = std::fs::read_to_string(folder.join("seed.json")).expect("seed.json");
    let description: Description = serde_json::from_str(&text).expect("a description");
    assert!(description.products.len() >= 6);
    for piece in description.products.iter().flat_map(|item| &item.media) {
        let head = std::fs::read(folder.join(&piece.file)).expect(&piece.file);
        domain::media::Format::expect(&head, piece.kind).expect(&piece.file);
        assert!(
            !piece.alt.is_empty(),
            "{} says what can be seen",
            piece.file
        );
    }
}
