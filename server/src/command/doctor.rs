//! `vitrine doctor`: one line a check, and 1 when one fails.

use std::process::ExitCode;

use services::{Check, Services};

use super::{Ended, site_source};
use crate::{asset::Files, cli, config::PublicUrl};

/// Checks everything and says what to do.
pub async fn run(args: &cli::Doctor) -> Ended {
    let public_url = args
        .public
        .public_url
        .clone()
        .unwrap_or_else(|| PublicUrl::localhost(3000));
    let test_payments = args.public.takes_test_payments(&public_url);
    let mut checks = vec![
        site(&args.site),
        name(&public_url),
        proxy(&public_url, &args.proxy),
    ];
    checks.extend(Services::doctor(&super::store(&args.store, &public_url, test_payments)).await);
    for check in &checks {
        println!(
            "{}  {}: {}",
            if check.ok { "ok  " } else { "FAIL" },
            check.name,
            check.message
        );
    }
    let failed = checks.iter().filter(|check| !check.ok).count();
    if failed > 0 {
        println!("{failed} of {} checks failed.", checks.len());
        return Ok(ExitCode::FAILURE);
    }
    println!("All {} checks passed.", checks.len());
    Ok(ExitCode::SUCCESS)
}

/// A passkey belongs to a name (WebAuthn, section 5.1.2: the RP ID is a domain). Encryption is checked by the services.
fn name(public_url: &PublicUrl) -> Check {
    let host = public_url.host();
    let ok = host.parse::<std::net::Ipv4Addr>().is_err() && !host.starts_with('[');
    let message = if ok {
        format!("Passkeys will belong to {host}.")
    } else {
        format!(
            "{host} is a number, and a passkey belongs to a name. Use a name, for example http://localhost:3000."
        )
    };
    Check {
        name: "passkeys",
        ok,
        message,
    }
}

/// Who is a visitor is what the limits go by, and behind a proxy only its headers say it.
fn proxy(public_url: &PublicUrl, proxy: &cli::Proxy) -> Check {
    let (ok, message) = match proxy.read() {
        Err(failure) => (false, failure.to_string()),
        Ok(proxies) => match super::missing_proxy(public_url, &proxies) {
            Some(missing) => (false, missing),
            None if proxies.networks.is_empty() => (
                true,
                "Visitors connect without a proxy in front.".to_owned(),
            ),
            None => {
                let networks: Vec<String> =
                    proxies.networks.iter().map(ToString::to_string).collect();
                (
                    true,
                    format!(
                        "Forwarded headers are believed from {}.",
                        networks.join(", ")
                    ),
                )
            }
        },
    };
    Check {
        name: "proxy",
        ok,
        message,
    }
}

fn site(site: &cli::Site) -> Check {
    let source = match site_source(site) {
        Ok(source) => source,
        Err(failure) => {
            return Check {
                name: "site files",
                ok: false,
                message: failure.to_string(),
            };
        }
    };
    let manifest = Files::new(source)
        .manifest()
        .map_err(|error| error.to_string());
    let parsed = manifest.and_then(|text| {
        app::Assets::parse(&text)
            .map_err(|error| crate::asset::Error::Manifest(error.to_string()).to_string())
    });
    let missing = |assets: &app::Assets| {
        let wanted = [
            "shop.css",
            "manage.css",
            "studio.css",
            "frontend-boot.js",
            "studio-boot.js",
            "worker-boot.js",
        ];
        let names: Vec<&str> = wanted
            .into_iter()
            .filter(|name| assets.get(name).is_none())
            .collect();
        names.join(", ")
    };
    let (ok, message) = match parsed {
        Err(message) => (false, message),
        Ok(assets) => match missing(&assets).as_str() {
            "" => (true, "Bundles and styles are there.".to_owned()),
            names => (
                false,
                format!("Missing: {names}. Build the site again with `cargo xtask serve`."),
            ),
        },
    };
    Check {
        name: "site files",
        ok,
        message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passkey_needs_a_name() {
        for (text, ok) in [
            ("https://shop.example", true),
            ("http://localhost:3000", true),
            ("https://192.168.1.4", false),
            ("http://127.0.0.1:3000", false),
            ("http://[::1]:3000", false),
        ] {
            assert_eq!(name(&text.parse().unwrap()).ok, ok, "{text}");
        }
    }

    #[test]
    fn https_without_a_trusted_proxy_is_a_fault() {
        let check = |url: &str, networks: &[&str]| {
            let networks = networks
                .iter()
                .map(|text| crate::config::parse_network(text).unwrap());
            let args = cli::Proxy {
                trusted_proxy: networks.collect(),
                trusted_hops: None,
            };
            proxy(&url.parse().unwrap(), &args)
        };
        let missing = check("https://shop.example", &[]);
        assert!(!missing.ok && missing.message.contains("--trusted-proxy 127.0.0.1"));
        assert!(check("https://shop.example", &["127.0.0.1"]).ok);
        assert!(check("http://localhost:3000", &[]).ok);
        assert!(!check("https://shop.example", &["::/0"]).ok);
    }

    #[test]
    fn an_incomplete_site_is_named() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(
            folder.path().join("manifest.json"),
            r#"{"shop.css":"/pkg/shop-1.css"}"#,
        )
        .unwrap();
        let check = site(&cli::Site {
            site: Some(folder.path().to_owned()),
        });
        assert!(
            !check.ok
                && check.message.contains("studio-boot.js")
                && !check.message.contains("shop.css"),
            "{}",
            check.message
        );
    }
}
