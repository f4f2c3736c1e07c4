//! The command line.

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};
use ipnet::IpNet;

use crate::{
    command,
    config::{Proxies, PublicUrl, parse_network},
};

/// Vitrine: film something, and sell it. One binary, one data folder.
#[derive(Debug, Parser)]
#[command(name = "vitrine", version, about, long_about = None, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the shop. The first start prints a one-time link that makes you its owner.
    Serve(Serve),
    /// Run a cache in front of a shop that runs elsewhere: a region's copy of it.
    Edge(Edge),
    /// Bring the database up to this version, then stop. `serve` does this by itself.
    Migrate(Store),
    /// Fill a demo shop with products, photos and clips. Running it again changes nothing.
    Seed(Seed),
    /// Check that the shop can run: folders, database, site files, addresses, payments. Exits with 1 when a check fails.
    Doctor(Doctor),
    /// Print a one-time link: for a lost passkey or password (--shop HANDLE), or for a further creator (--new).
    OwnerLink(OwnerLink),
    /// List background work that failed for good, with its reasons; try it again with `--retry ID` or `--retry-all`.
    Jobs(Jobs),
    /// Tokens for programs without a browser, which upload by tus: make one, list them, revoke one.
    Token(Token),
}

/// Where the shop keeps what it must not lose.
#[derive(Debug, Clone, Args)]
pub struct Store {
    /// Folder for the database, media and uploads in progress.
    #[arg(
        long,
        env = "VITRINE_DATA",
        default_value = "./data",
        value_name = "DIR"
    )]
    pub data: PathBuf,
    /// Database: sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME. Without it, an SQLite file in the data folder.
    #[arg(
        long,
        env = "VITRINE_DATABASE_URL",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub database_url: Option<String>,
    /// Media store: file:///PATH or s3://BUCKET. Without it, a folder in the data folder.
    #[arg(
        long,
        env = "VITRINE_MEDIA_URL",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub media_url: Option<String>,
    /// What the keys of payment processors are encrypted with: at least 32 characters, the same for every process. Without it, a
    /// file in the data folder that only its owner may read.
    #[arg(
        long,
        env = "VITRINE_SECRET_KEY",
        hide_env_values = true,
        value_name = "TEXT"
    )]
    pub secret_key: Option<services::payment::Secret>,
    /// Where Stripe's API is; something else than Stripe only to try things out.
    #[arg(
        long,
        env = "VITRINE_STRIPE_API",
        default_value = "https://api.stripe.com",
        value_name = "URL",
        value_parser = stripe_api
    )]
    pub stripe_api: String,
    /// The most that the photos and clips of one shop may take, GB.
    #[arg(
        long,
        env = "VITRINE_SHOP_QUOTA_GB",
        default_value_t = 20,
        value_parser = clap::value_parser!(u64).range(1..=1_000_000),
        value_name = "GB"
    )]
    pub shop_quota_gb: u64,
}

/// Keys travel there, so it is encrypted unless it is on this machine.
fn stripe_api(text: &str) -> Result<String, String> {
    let url: PublicUrl = text
        .parse()
        .map_err(|error: crate::config::NotPublic| error.to_string())?;
    if url.is_https() || url.is_loopback() {
        Ok(url.origin())
    } else {
        Err("it must begin with https:// unless it is on this machine".to_owned())
    }
}

/// The address people type.
#[derive(Debug, Clone, Args)]
pub struct Public {
    /// The address people type, e.g. https://shop.example. Passkeys, cookies and links belong to it. The proxy in
    /// front must pass the Host header on. [default: http://localhost with the port listened on]
    #[arg(long, env = "VITRINE_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<PublicUrl>,
    /// Take payments from the test gateway, which moves no money. On by itself only when the public address is localhost.
    #[arg(long, env = "VITRINE_TEST_PAYMENTS", value_parser = clap::builder::FalseyValueParser::new())]
    pub test_payments: bool,
}

impl Public {
    /// Whether the test gateway is on at `url`.
    #[must_use]
    pub fn takes_test_payments(&self, url: &PublicUrl) -> bool {
        self.test_payments || url.is_loopback()
    }
}

/// The proxies in front.
#[derive(Debug, Clone, Default, Args)]
pub struct Proxy {
    /// Address or network of the proxy in front, whose X-Forwarded-… (or Forwarded) headers are believed, e.g. 127.0.0.1
    /// or 10.0.0.0/8. Several with commas. Without it, everyone behind a proxy counts as one visitor.
    #[arg(
        long,
        env = "VITRINE_TRUSTED_PROXY",
        value_delimiter = ',',
        value_name = "CIDR",
        value_parser = parse_network
    )]
    pub trusted_proxy: Vec<IpNet>,
    /// How many proxies a request passes, where the addresses of the outer ones are not known: 2 for a CDN before the
    /// trusted proxy.
    #[arg(
        long,
        env = "VITRINE_TRUSTED_HOPS",
        value_name = "N",
        value_parser = clap::value_parser!(u8).range(1..=16)
    )]
    pub trusted_hops: Option<u8>,
}

impl Proxy {
    /// As the server uses it.
    ///
    /// # Errors
    /// A sentence when what was said lets a client pass for a proxy, or says nothing.
    pub fn read(&self) -> Result<Proxies, command::Failure> {
        let proxies = Proxies {
            networks: self.trusted_proxy.clone(),
            hops: self.trusted_hops.map(usize::from),
        };
        if proxies.hops.is_some() && proxies.networks.is_empty() {
            return Err(command::Failure::new(
                "--trusted-hops counts proxies, and none is trusted. Name the one that connects with --trusted-proxy.",
            ));
        }
        if proxies.trusts_everyone() {
            return Err(command::Failure::new(
                "--trusted-proxy with a network of every address lets anyone write any address. Say with --trusted-hops how many proxies there are, or name a smaller network.",
            ));
        }
        Ok(proxies)
    }
}

/// The built site.
#[derive(Debug, Clone, Args)]
pub struct Site {
    /// Folder with the built site (manifest.json, pkg/, static/). A binary made by `cargo xtask dist` holds its own.
    #[arg(long, env = "VITRINE_SITE", value_name = "DIR")]
    pub site: Option<PathBuf>,
}

/// `vitrine serve`.
#[derive(Debug, Clone, Args)]
pub struct Serve {
    /// Address and port to listen on. Keep 127.0.0.1 when a proxy on this machine stands in front.
    #[arg(
        long,
        env = "VITRINE_LISTEN",
        default_value = "127.0.0.1:3000",
        value_name = "IP:PORT"
    )]
    pub listen: std::net::SocketAddr,
    /// How people reach it.
    #[command(flatten)]
    pub public: Public,
    /// Where its data is.
    #[command(flatten)]
    pub store: Store,
    /// Where its files are.
    #[command(flatten)]
    pub site: Site,
    /// Whose forwarded headers are believed.
    #[command(flatten)]
    pub proxy: Proxy,
    /// What its edges know it by.
    #[command(flatten)]
    pub edge_key: EdgeKey,
}

/// What an edge and its origin know each other by.
#[derive(Debug, Clone, Default, Args)]
pub struct EdgeKey {
    /// What an edge opens the origin's feed of changes with: at least 32 characters, the same for both. Without it, an edge keeps
    /// pages as long as their headers say.
    #[arg(
        id = "edge_key",
        long = "edge-key",
        env = "VITRINE_EDGE_KEY",
        hide_env_values = true,
        value_name = "TEXT"
    )]
    pub key: Option<crate::edge::Key>,
}

/// `vitrine edge`.
#[derive(Debug, Clone, Args)]
pub struct Edge {
    /// Address and port to listen on. Keep 127.0.0.1 when a proxy on this machine stands in front.
    #[arg(
        long,
        env = "VITRINE_LISTEN",
        default_value = "127.0.0.1:3000",
        value_name = "IP:PORT"
    )]
    pub listen: std::net::SocketAddr,
    /// The shop: http://10.0.0.1:3000 or https://shop.example. Start it with --trusted-proxy and this machine's address.
    #[arg(long, env = "VITRINE_ORIGIN", value_name = "URL")]
    pub origin: crate::edge::Origin,
    /// What this edge is called in its answers.
    #[arg(
        long,
        env = "VITRINE_REGION",
        default_value = "edge",
        value_name = "NAME",
        value_parser = crate::edge::parse_region
    )]
    pub region: String,
    /// What the origin knows it by.
    #[command(flatten)]
    pub key: EdgeKey,
    /// Megabytes of memory for what it keeps.
    #[arg(
        long,
        env = "VITRINE_EDGE_MEMORY",
        default_value_t = 128,
        value_name = "MB"
    )]
    pub memory: usize,
    /// Whose forwarded headers are believed.
    #[command(flatten)]
    pub proxy: Proxy,
}

/// `vitrine seed`.
#[derive(Debug, Clone, Args)]
pub struct Seed {
    /// Where its data is.
    #[command(flatten)]
    pub store: Store,
    /// The address people type, for the link that is printed.
    #[arg(
        long,
        env = "VITRINE_PUBLIC_URL",
        default_value = "http://localhost:3000",
        value_name = "URL"
    )]
    pub public_url: PublicUrl,
}

/// `vitrine doctor`.
#[derive(Debug, Clone, Args)]
pub struct Doctor {
    /// Whose forwarded headers are believed.
    #[command(flatten)]
    pub proxy: Proxy,
    /// How people reach it.
    #[command(flatten)]
    pub public: Public,
    /// Where its data is.
    #[command(flatten)]
    pub store: Store,
    /// Where its files are.
    #[command(flatten)]
    pub site: Site,
}

/// `vitrine owner-link`.
#[derive(Debug, Clone, Args)]
pub struct OwnerLink {
    /// Where its data is.
    #[command(flatten)]
    pub store: Store,
    /// The address people type, for the link that is printed.
    #[arg(
        long,
        env = "VITRINE_PUBLIC_URL",
        default_value = "http://localhost:3000",
        value_name = "URL"
    )]
    pub public_url: PublicUrl,
    /// The shop whose owner lost the key, by its handle. Not needed when there is only one.
    #[arg(long, value_name = "HANDLE", conflicts_with = "new")]
    pub shop: Option<String>,
    /// A link for a further creator, who opens a shop of their own.
    #[arg(long)]
    pub new: bool,
}

/// `vitrine jobs`.
#[derive(Debug, Clone, Args)]
pub struct Jobs {
    /// Where its data is.
    #[command(flatten)]
    pub store: Store,
    /// Try this one again.
    #[arg(long, value_name = "ID", conflicts_with = "retry_all")]
    pub retry: Option<String>,
    /// Try all of them again.
    #[arg(long)]
    pub retry_all: bool,
}

/// `vitrine token`.
#[derive(Debug, Clone, Args)]
pub struct Token {
    /// What to do.
    #[command(subcommand)]
    pub action: TokenAction,
    /// Where its data is.
    #[command(flatten)]
    pub store: Store,
}

/// What `vitrine token` does.
#[derive(Debug, Clone, Subcommand)]
pub enum TokenAction {
    /// Make a token that uploads to one shop, and print it once.
    Upload {
        /// The shop, by its handle. Not needed when there is only one.
        #[arg(long, value_name = "HANDLE")]
        shop: Option<String>,
        /// What you call it, to know it again in the list.
        #[arg(long, value_name = "NAME")]
        name: String,
        /// How long it works, days.
        #[arg(
            long,
            value_name = "DAYS",
            default_value_t = 30,
            value_parser = clap::value_parser!(u32).range(1..=i64::from(services::identity::upload_token::MAX_DAYS))
        )]
        days: u32,
    },
    /// List the tokens that work, of every shop.
    List,
    /// Revoke a token, by what the list calls it first.
    Revoke {
        /// Its identifier.
        #[arg(value_name = "ID")]
        id: String,
    },
}

/// Reads the command line and does what it says.
#[must_use]
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!(
                "vitrine could not start its threads: {error}. Close other programs, then try again."
            );
            return ExitCode::FAILURE;
        }
    };
    let ended = runtime.block_on(async {
        match cli.command {
            Command::Serve(args) => command::serve::run(args).await,
            Command::Edge(args) => command::edge::run(args).await,
            Command::Migrate(store) => command::migrate::run(&store).await,
            Command::Seed(args) => command::seed::run(&args).await,
            Command::Doctor(args) => command::doctor::run(&args).await,
            Command::OwnerLink(args) => command::owner_link::run(&args).await,
            Command::Jobs(args) => command::jobs::run(&args).await,
            Command::Token(args) => command::token::run(&args).await,
        }
    });
    // Whatever must end well was waited for; a picture that is being encoded is begun anew by the next start.
    runtime.shutdown_background();
    match ended {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_says_what_it_does() {
        let help = Cli::command().render_long_help().to_string();
        for command in ["serve", "migrate", "seed", "doctor", "owner-link", "jobs"] {
            assert!(help.contains(command), "{command} is missing in {help}");
        }
    }

    #[test]
    fn test_payments_are_on_by_themselves_only_at_home() {
        let public = Public {
            public_url: None,
            test_payments: false,
        };
        assert!(public.takes_test_payments(&PublicUrl::localhost(3000)));
        let shop: PublicUrl = "https://shop.example".parse().unwrap();
        assert!(!public.takes_test_payments(&shop));
        let insisting = Public {
            public_url: None,
            test_payments: true,
        };
        assert!(insisting.takes_test_payments(&shop));
    }

    #[test]
    fn a_proxy_that_could_be_anyone_is_refused() {
        let read = |arguments: &[&str]| {
            let words = [&["vitrine", "serve"], arguments].concat();
            match Cli::try_parse_from(words).unwrap().command {
                Command::Serve(serve) => serve.proxy.read(),
                _ => panic!("serve was asked for"),
            }
        };
        let known = read(&["--trusted-proxy", "127.0.0.1,10.0.0.0/8"]).unwrap();
        assert_eq!((known.networks.len(), known.hops), (2, None));
        assert!(read(&["--trusted-proxy", "0.0.0.0/0"]).is_err());
        assert!(read(&["--trusted-proxy", "0.0.0.0/0", "--trusted-hops", "1"]).is_ok());
        assert!(read(&["--trusted-hops", "2"]).is_err());
        let wrong = ["vitrine", "serve", "--trusted-proxy", "proxy.example"];
        assert!(Cli::try_parse_from(wrong).is_err());
    }

    #[test]
    fn a_link_is_for_a_shop_or_for_a_new_one() {
        assert!(Cli::try_parse_from(["vitrine", "owner-link", "--shop", "ton", "--new"]).is_err());
        assert!(Cli::try_parse_from(["vitrine", "owner-link", "--new"]).is_ok());
        assert!(Cli::try_parse_from(["vitrine", "serve", "--public-url", "shop.example"]).is_err());
        assert!(Cli::try_parse_from(["vitrine"]).is_err());
    }
}
