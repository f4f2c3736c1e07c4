//! What `vitrine doctor` looks at.

use crate::{
    Check, Config, Result,
    clock::Clock,
    db::{
        Db,
        transport::{self, Transport},
    },
    disk,
    media::{self, Store},
    migration,
};

/// Less than this and uploads will soon be refused, bytes.
const LITTLE_BYTES: u64 = 1024 * 1024 * 1024;

fn check(name: &'static str, found: Result<String>) -> Check {
    match found {
        Ok(message) => Check {
            name,
            ok: true,
            message,
        },
        Err(error) => Check {
            name,
            ok: false,
            message: match error {
                crate::Error::Internal(detail) => format!("Unexpected: {detail}."),
                other => other.message(),
            },
        },
    }
}

fn wrong(message: String) -> crate::Error {
    crate::Error::Unavailable(message)
}

/// Looks at everything; a fault is a check that is not ok.
pub(crate) async fn look(config: &Config) -> Vec<Check> {
    let mut checks = vec![check("data folder", data(config))];
    match Db::open(&config.database()).await {
        Ok(db) => {
            checks.push(check("database", Ok("The database answers.".to_owned())));
            let current = check("migrations", migrations(&db).await);
            // Without the tables nothing can be asked.
            if current.ok {
                checks.push(check("media files", files(&db, config).await));
            }
            checks.push(current);
            db.close().await;
        }
        Err(error) => checks.push(check("database", Err(error))),
    }
    if let Some(transport) = transport::of(&config.database()) {
        checks.push(check("database connection", Ok(connection(transport))));
    }
    checks.push(check("media store", store(config).await));
    checks.push(check("free space", space(config)));
    checks.push(check("posters", Ok(posters(config))));
    checks.push(check("payments", payments(config)));
    checks.push(check("public address", address(config)));
    checks
}

fn data(config: &Config) -> Result<String> {
    let folder = config.data.display();
    let file = config.data.join(".doctor");
    std::fs::create_dir_all(&config.data)
        .and_then(|()| std::fs::write(&file, Clock::System.now().0.to_string()))
        .and_then(|()| std::fs::remove_file(&file))
        .map_err(|error| wrong(format!("The data folder {folder} cannot be written: {error}. Correct its rights or choose another.")))?;
    Ok(format!("The data folder {folder} can be written."))
}

async fn migrations(db: &Db) -> Result<String> {
    let (has, wants) = (migration::version(db).await?, migration::newest());
    if has < wants {
        return Err(wrong(format!(
            "The database is at version {has} and this program needs {wants}. Run `vitrine migrate`, or start the shop, which does it."
        )));
    }
    Ok(format!(
        "The database is at version {has}, as this program needs."
    ))
}

fn connection(transport: Transport) -> String {
    match transport {
        Transport::Local => "The database is on this machine.",
        Transport::Verified => {
            "The connection to the database must be encrypted, and the server must prove its name."
        }
        Transport::Unverified => {
            "The connection to the database may be read and changed on its way, as its address says. Use sslmode=verify-full wherever that network is not yours alone."
        }
    }
    .to_owned()
}

async fn store(config: &Config) -> Result<String> {
    Store::open(&config.media())?.try_out().await?;
    Ok("The media store can be written.".to_owned())
}

/// Counts what the next run of the clearing work deletes.
async fn files(db: &Db, config: &Config) -> Result<String> {
    let store = Store::open(&config.media())?;
    let orphans = media::orphan::find(db, &store, Clock::System.now()).await?;
    if orphans.is_empty() {
        return Ok("Every file of the media store belongs to something.".to_owned());
    }
    let bytes = orphans.iter().map(|orphan| orphan.bytes).sum();
    Ok(format!(
        "{} files of the media store ({}) belong to nothing. A running shop deletes them within six hours.",
        orphans.len(),
        domain::media::size(bytes)
    ))
}

fn space(config: &Config) -> Result<String> {
    let free = disk::free_bytes(&config.data).map_err(|error| disk::failed(&error))?;
    let mb = free / (1024 * 1024);
    if free < LITTLE_BYTES {
        return Err(wrong(format!(
            "Only {mb} MB are left on the disk. Free some space before uploads are refused."
        )));
    }
    Ok(format!("{mb} MB are left on the disk."))
}

/// Nothing is wrong without it.
fn posters(config: &Config) -> String {
    match &config.ffmpeg {
        Some(ffmpeg) => format!(
            "Clips that came without a poster get one by {}.",
            ffmpeg.display()
        ),
        None => "ffmpeg is not installed: clips that came without a poster show a placeholder. Install it, and they get one within two hours."
            .to_owned(),
    }
}

fn payments(config: &Config) -> Result<String> {
    match (config.test_payments, config.is_local()) {
        (true, false) => Err(wrong(
            "Test payments are on under a public address: orders look paid though no money moves. Start without --test-payments."
                .to_owned(),
        )),
        (true, true) => Ok("Test payments are on, and the shop is only reached on this machine.".to_owned()),
        (false, _) => Ok("Test payments are off.".to_owned()),
    }
}

fn address(config: &Config) -> Result<String> {
    let url = &config.public_url;
    if !config.is_local() && !url.starts_with("https://") {
        return Err(wrong(format!(
            "The public address {url} is not https: browsers will give neither camera nor passkeys. Put TLS in front and use --public-url https://…"
        )));
    }
    Ok(format!("Browsers reach the shop under {url}."))
}
