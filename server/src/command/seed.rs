//! `vitrine seed`: a demo shop that looks like a shop. Its photos and clips are inside the binary.

use std::{io, process::ExitCode};

use rust_embed::RustEmbed;
use services::{Services, seed::Description};

use super::{Ended, Failure};
use crate::cli;

/// `server/seed`: `seed.json` and the files it names.
#[derive(RustEmbed)]
#[folder = "seed/"]
struct Files;

/// Fills the demo shop and prints a link into it.
pub async fn run(args: &cli::Seed) -> Ended {
    let description = description()?;
    let services = Services::open_beside(super::store(&args.store, &args.public_url, false))
        .await
        .map_err(|error| super::failure(&error))?;
    let ended = fill(args, &services, &description).await;
    services.close().await;
    ended
}

async fn fill(args: &cli::Seed, services: &Services, description: &Description) -> Ended {
    println!("Filling the demo shop; this takes a moment.");
    let seeded = services
        .seed(description, read)
        .await
        .map_err(|error| super::failure(&error))?;
    let shop = &seeded.shop;
    if seeded.products == 0 {
        println!(
            "The demo shop {} is there already; nothing was changed.",
            shop.name
        );
    } else {
        println!(
            "The demo shop {} has {} new products.",
            shop.name, seeded.products
        );
    }
    println!(
        "Shoppers see it at {}",
        args.public_url.link(&format!("/@{}", shop.handle))
    );
    let link = services
        .identity()
        .create_owner_link(Some(&shop.handle))
        .await
        .map_err(|error| super::failure(&error))?;
    println!("To get in as its owner, start `vitrine serve` and open this link once:");
    println!("{}", args.public_url.link(&link.path));
    Ok(ExitCode::SUCCESS)
}

fn description() -> Result<Description, Failure> {
    let text = read("seed.json")
        .map_err(|error| Failure::new(format!("This binary holds no demo shop: {error}.")))?;
    serde_json::from_slice(&text).map_err(|error| {
        Failure::new(format!(
            "The demo shop's seed.json cannot be read: {error}."
        ))
    })
}

fn read(name: &str) -> io::Result<Vec<u8>> {
    Files::get(name)
        .map(|file| file.data.into_owned())
        .ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::NotFound,
                format!("{name} is not inside this binary"),
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_shop_is_whole() {
        let description = description().unwrap();
        assert!(description.products.len() >= 5);
        for item in &description.products {
            for piece in &item.media {
                assert!(
                    read(&piece.file).is_ok(),
                    "{} of {}",
                    piece.file,
                    item.title
                );
                if let Some(poster) = &piece.poster {
                    assert!(read(poster).is_ok(), "{poster} of {}", item.title);
                }
            }
        }
    }
}
