//! Writes every page in every state as HTML files, with the style sheets beside them, to be looked at.
//!
//! `cargo run -p app --example preview -- OUT_DIR [PHOTO_DIR]`, then serve `OUT_DIR` (any static file server) and open
//! `index.html`. `PHOTO_DIR` (default `server/seed`) gives the pictures: JPEG files, taken by name in order.

#[path = "preview/files.rs"]
mod files;
#[path = "../tests/fixture/mod.rs"]
mod fixture;
#[path = "preview/terms.rs"]
mod terms;
#[path = "preview/variant.rs"]
mod variant;

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

use app::{
    Site,
    catalog::{self, page::WaitlistFlash},
    checkout, error, identity, manage, shop, studio,
};
use domain::{
    catalog::{EditForm, Product, State as Shown},
    checkout::{Filter, PayForm, State},
    identity::SetupForm,
    invalid::Invalid,
    media::Media,
    payment::Provider,
    terms::Terms,
};
use fixture::{
    LONG, clip, editor, euro, order, order_page, product, refunding, refunds, viewer, waitlist,
};
use services::checkout::OrderPage;

fn main() -> io::Result<()> {
    let mut arguments = env::args_os().skip(1).map(PathBuf::from);
    let Some(out) = arguments.next() else {
        eprintln!("Say where to write: preview OUT_DIR [PHOTO_DIR]");
        std::process::exit(2);
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let photos = arguments.next().unwrap_or_else(|| root.join("server/seed"));
    let media = files::pictures(&photos, &out)?;
    files::styles(&root, &out)?;
    let pages = pages(&media);
    let mut index = String::from("<!doctype html><meta charset=utf-8><title>Pages</title><ul>");
    for (name, html) in &pages {
        fs::write(out.join(format!("{name}.html")), html)?;
        index.push_str(&format!("<li><a href=\"{name}.html\">{name}</a>"));
    }
    fs::write(out.join("index.html"), index)?;
    println!("{} pages in {}", pages.len(), out.display());
    Ok(())
}

fn pages(media: &[Media]) -> Vec<(String, String)> {
    let site = fixture::site(true);
    let mut pages = shopper(&site, media);
    pages.extend(seller(&site, media));
    let cup = product("Espresso cup, iron glaze", media.to_vec());
    pages.extend(terms::pages(&site, &fixture::shop(), &cup));
    pages.extend(variant::pages(&site, &fixture::shop(), &cup));
    pages
        .into_iter()
        .map(|(name, html)| (name.to_owned(), html))
        .collect()
}

fn named(title: &str, media: Vec<Media>) -> Product {
    Product {
        slug: title.to_lowercase().replace(' ', "-"),
        ..product(title, media)
    }
}

fn some(media: &[Media], from: usize, count: usize) -> Vec<Media> {
    media
        .iter()
        .cycle()
        .skip(from)
        .take(count)
        .cloned()
        .collect()
}

fn shopper(site: &Site, media: &[Media]) -> Vec<(&'static str, String)> {
    let shop = fixture::shop();
    let mut shown = some(media, 6, 4);
    shown.insert(2, clip(&media[7 % media.len()], "/media/clip.mp4"));
    let cup = named("Espresso cup, iron glaze", shown.clone());
    let mut long = named(LONG, some(media, 2, 3));
    long.price = Some(euro(123_456_789));
    let mut japanese = named("茶碗", some(media, 8, 2));
    japanese.summary = "手びねりの茶碗。".to_owned();
    japanese.text = "ひとつずつ手でつくっています。\n\n電子レンジは使えません。".to_owned();
    let mut out = cup.clone();
    out.available = 0;
    let mut twelve = named("Dinner set for six", some(media, 0, 12));
    twelve.media.insert(3, clip(&media[1], "/media/clip.mp4"));
    let lying: Vec<Media> = media
        .iter()
        .rev()
        .take(1)
        .chain(media.iter().skip(2).take(3))
        .cloned()
        .collect();
    let wide = named("The whole family", lying);
    let bare = Product {
        media: Vec::new(),
        ..named("Without a picture", Vec::new())
    };
    let one = named("Moon jar", some(media, 11, 1));
    let mut many: Vec<Product> = (0..9)
        .map(|index| {
            named(
                [
                    "Espresso cup",
                    "Bud vase",
                    "Moon jar",
                    "Pitcher, half a litre",
                    "Plate",
                ][index % 5],
                some(media, index * 2 + 8, 2),
            )
        })
        .collect();
    many[3].available = 0;
    many[4] = long.clone();
    many[5] = japanese.clone();
    let held = order(128, State::Held, &cup, 1);
    let typed = PayForm {
        email: "ana@example".to_owned(),
        name: "Ana".to_owned(),
        address: "Torstraße 1".to_owned(),
        outcome: "decline".to_owned(),
        ..PayForm::default()
    };
    let state =
        |state| checkout::page::order(site, &shop, &order(128, state, &cup, 2), &refunds(0));
    vec![
        (
            "product",
            catalog::page::product(site, &shop, &Terms::default(), &cup),
        ),
        (
            "product-long",
            catalog::page::product(site, &shop, &Terms::default(), &long),
        ),
        (
            "product-japanese",
            catalog::page::product(site, &shop, &Terms::default(), &japanese),
        ),
        (
            "product-sold-out",
            catalog::page::product(site, &shop, &Terms::default(), &out),
        ),
        (
            "product-twelve",
            catalog::page::product(site, &shop, &Terms::default(), &twelve),
        ),
        (
            "product-wide",
            catalog::page::product(site, &shop, &Terms::default(), &wide),
        ),
        (
            "product-one",
            catalog::page::product(site, &shop, &Terms::default(), &one),
        ),
        (
            "product-bare",
            catalog::page::product(site, &shop, &Terms::default(), &bare),
        ),
        ("front", shop::page::front(site, &shop, &many)),
        ("front-one", shop::page::front(site, &shop, &many[..1])),
        ("front-empty", shop::page::front(site, &shop, &[])),
        (
            "shops",
            shop::page::shops(site, &[shop.clone(), shop.clone()]),
        ),
        ("welcome", shop::page::welcome(site)),
        (
            "checkout",
            checkout::page::checkout(
                site,
                &shop,
                &Terms::default(),
                &held,
                &PayForm::default(),
                None,
                Provider::Test,
            ),
        ),
        (
            "checkout-wrong",
            checkout::page::checkout(
                site,
                &shop,
                &Terms::default(),
                &order(128, State::Declined, &long, 3),
                &typed,
                Some(&Invalid::new(
                    "email",
                    "Write your email address, for example ana@example.org.",
                )),
                Provider::Test,
            ),
        ),
        (
            "checkout-expired",
            checkout::page::checkout(
                site,
                &shop,
                &Terms::default(),
                &order(128, State::Expired, &cup, 1),
                &PayForm::default(),
                None,
                Provider::Stripe,
            ),
        ),
        (
            "checkout-stripe",
            checkout::page::checkout(
                site,
                &shop,
                &Terms::default(),
                &order(128, State::Redirected, &cup, 1),
                &PayForm::default(),
                None,
                Provider::Stripe,
            ),
        ),
        (
            "order-refunded",
            checkout::page::order(
                site,
                &shop,
                &order(128, State::Refunded, &cup, 2),
                &refunds(4),
            ),
        ),
        ("order-paid", state(State::Paid)),
        ("order-pending", state(State::Pending)),
        ("order-sent", state(State::Sent)),
        ("order-declined", state(State::Declined)),
        ("order-refund", state(State::RefundDue)),
        (
            "price-changed",
            checkout::page::price_changed(
                site,
                &shop,
                &cup,
                euro(3400),
                checkout::page::Press {
                    variant: None,
                    quantity: 1,
                    price: euro(3400),
                    key: None,
                },
            ),
        ),
        ("sold-out", checkout::page::sold_out(site, &shop, &out)),
        (
            "waitlist",
            catalog::page::waitlist(site, &shop, &out, WaitlistFlash::None),
        ),
        (
            "waitlist-noted",
            catalog::page::waitlist(site, &shop, &out, WaitlistFlash::Noted),
        ),
        (
            "waitlist-wrong",
            catalog::page::waitlist(site, &shop, &out, WaitlistFlash::InvalidEmail),
        ),
        (
            "waitlist-back",
            catalog::page::waitlist(site, &shop, &cup, WaitlistFlash::None),
        ),
        (
            "error",
            error::page::error(
                site,
                404,
                "There is no such page",
                "The address may be mistyped, or the product is no longer shown.",
                ("Back to the shop", "/"),
            ),
        ),
    ]
}

fn seller(site: &Site, media: &[Media]) -> Vec<(&'static str, String)> {
    let viewer = viewer();
    let [ledger, explained] = fixture::ledgers(site, &viewer);
    let mut cup = named("Espresso cup, iron glaze", some(media, 6, 5));
    cup.media
        .insert(2, clip(&media[7 % media.len()], "/media/clip.mp4"));
    let mut long = named(LONG, some(media, 2, 3));
    long.price = Some(euro(123_456_789));
    let draft = Product {
        state: Shown::Draft,
        title: String::new(),
        summary: String::new(),
        text: String::new(),
        price: None,
        stock: 0,
        available: 0,
        ..named("", Vec::new())
    };
    let ready = Product {
        state: Shown::Draft,
        ..cup.clone()
    };
    let mut out = named("Moon jar", some(media, 11, 1));
    out.available = 0;
    let products = [
        cup.clone(),
        long.clone(),
        named("茶碗", some(media, 8, 2)),
        draft.clone(),
        out.clone(),
    ];
    let states = [
        State::Paid,
        State::Paid,
        State::Pending,
        State::Sent,
        State::Held,
        State::Paid,
        State::RefundDue,
        State::Sent,
        State::Declined,
        State::Expired,
        State::Sent,
        State::Paid,
    ];
    let orders: Vec<_> = states
        .into_iter()
        .zip((89..=100).rev())
        .map(|(state, number)| {
            order(
                number,
                state,
                if number % 5 == 0 { &long } else { &cup },
                1 + number % 3,
            )
        })
        .collect();
    let cheap: Vec<_> = orders
        .iter()
        .filter(|order| order.total.minor < 1_000_000)
        .cloned()
        .collect();
    let form = EditForm {
        title: "Espresso cup".to_owned(),
        price: "-3".to_owned(),
        stock: "many".to_owned(),
        ..EditForm::default()
    };
    let wrong = [
        Invalid::new(
            "price",
            "A price cannot be below zero. Write for example 38 or 38,50.",
        ),
        Invalid::new(
            "stock",
            "Write the stock as a whole number, for example 12.",
        ),
    ];
    let older = EditForm {
        title: "Espresso cup".to_owned(),
        summary: cup.summary.clone(),
        text: "Every cup is thrown on the wheel.".to_owned(),
        price: "42".to_owned(),
        stock: "8".to_owned(),
        stock_seen: "9".to_owned(),
        slug: cup.slug.clone(),
        ..EditForm::default()
    };
    let changed = [Invalid::new(
        "changed",
        "This product was saved elsewhere after you opened it, so nothing was written yet. What you typed stands below, and what is saved now beside each field that differs. Save again to keep yours.",
    )];
    let sales = fixture::sales(14);
    let overview = |orders, products, sales| {
        manage::page::overview(site, &viewer, &fixture::overview(orders, sales, products))
    };
    let plain = Site {
        public_url: "http://192.168.0.7:3000".to_owned(),
        ..site.clone()
    };
    let setup = SetupForm::default();
    vec![
        ("manage", overview(&cheap, &products, &sales)),
        ("manage-empty", overview(&[], &[], &[])),
        (
            "manage-products",
            manage::page::products(
                site,
                &viewer,
                &products,
                manage::page::ShowProducts::All,
                fixture::USAGE,
            ),
        ),
        (
            "manage-products-empty",
            manage::page::products(
                site,
                &viewer,
                &[],
                manage::page::ShowProducts::All,
                fixture::USAGE,
            ),
        ),
        (
            "manage-product",
            manage::page::product(
                site,
                &viewer,
                &manage::page::Editor {
                    message: Some("Saved. Shoppers see it now."),
                    ..editor(&cup, &[])
                },
            ),
        ),
        (
            "manage-product-waiting",
            manage::page::product(site, &viewer, &editor(&out, &waitlist(3))),
        ),
        (
            "manage-product-waited-for",
            manage::page::product(site, &viewer, &editor(&cup, &waitlist(120))),
        ),
        (
            "manage-product-draft",
            manage::page::product(site, &viewer, &editor(&draft, &[])),
        ),
        (
            "manage-product-ready",
            manage::page::product(site, &viewer, &editor(&ready, &[])),
        ),
        (
            "manage-product-wrong",
            manage::page::product(
                site,
                &viewer,
                &manage::page::Editor {
                    form: Some(&form),
                    errors: &wrong,
                    ..editor(&ready, &[])
                },
            ),
        ),
        (
            "manage-product-changed",
            manage::page::product(
                site,
                &viewer,
                &manage::page::Editor {
                    form: Some(&older),
                    errors: &changed,
                    changed: true,
                    ..editor(&cup, &[])
                },
            ),
        ),
        (
            "manage-orders",
            manage::page::orders(
                site,
                &viewer,
                &OrderPage {
                    next: Some(3),
                    ..order_page(&orders)
                },
                Filter::All,
                false,
            ),
        ),
        (
            "manage-orders-empty",
            manage::page::orders(site, &viewer, &order_page(&[]), Filter::All, true),
        ),
        (
            "manage-order",
            manage::page::order(
                site,
                &viewer,
                &order(99, State::Paid, &cup, 2),
                &refunding(&refunds(0)),
            ),
        ),
        (
            "manage-order-refunds",
            manage::page::order(
                site,
                &viewer,
                &order(97, State::Sent, &cup, 2),
                &manage::page::Refunding {
                    errors: &[Invalid::new(
                        "amount",
                        "At most 51 € can still go back. Write that much or less.",
                    )],
                    typed: "70",
                    ..refunding(&refunds(4))
                },
            ),
        ),
        (
            "manage-payments",
            fixture::payments(site, &viewer, true, &[]),
        ),
        (
            "manage-order-held",
            manage::page::order(
                site,
                &viewer,
                &order(98, State::Held, &long, 2),
                &refunding(&refunds(0)),
            ),
        ),
        (
            "setup",
            identity::page::setup(site, "t0ken", None, &setup, &[]),
        ),
        (
            "setup-wrong",
            identity::page::setup(
                &plain,
                "t0ken",
                None,
                &setup,
                &SetupForm::default().errors(),
            ),
        ),
        (
            "setup-recovery",
            identity::page::setup(site, "t0ken", Some(&viewer.shop), &setup, &[]),
        ),
        (
            "sign-in",
            identity::page::sign_in(
                site,
                "lorna",
                Some("/manage/orders"),
                Some("Handle and password do not belong together. Try again, or use a passkey."),
                false,
            ),
        ),
        ("settings", fixture::settings(site, &viewer, true)),
        ("settings-later", fixture::settings(site, &viewer, false)),
        ("uploads", fixture::access::page(site, &viewer, true)),
        ("uploads-later", fixture::access::page(site, &viewer, false)),
        ("studio", studio::page::studio(site, &viewer, "{}")),
        ("manage-ledger", ledger),
        ("manage-ledger-explained", explained),
    ]
}
