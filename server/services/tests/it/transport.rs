//! What a database on another machine gets to hear before it has proved who it is.

use services::{Config, Error, Services};
use sqlx::{AnyConnection, Connection, Executor};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

/// The code of PostgreSQL's SSLRequest (protocol, section 54.2.10).
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// A cluster that has a certificate: its address, and the files of its authority and of another one.
fn cluster() -> Option<(String, String, String)> {
    let variable = |name| std::env::var(name).ok();
    let found = variable("VITRINE_TEST_POSTGRES")
        .zip(variable("VITRINE_TEST_POSTGRES_AUTHORITY"))
        .zip(variable("VITRINE_TEST_POSTGRES_OTHER_AUTHORITY"));
    if found.is_none() {
        assert!(
            variable("CI").is_none(),
            "PostgreSQL is tested where a CI runs this"
        );
        eprintln!(
            "NOT TESTED WITH TLS: PostgreSQL is missing, or is not the one that `cargo xtask test` starts"
        );
    }
    found.map(|((server, authority), other)| (server, authority, other))
}

/// Opens an instance on the cluster under another name, with more in the address.
async fn open(server: &str, host: &str, more: &str) -> Result<Services, Error> {
    let data = tempfile::tempdir().expect("a folder");
    let mut config = Config::new(data.path(), "http://localhost:3000");
    let address = server.replacen("127.0.0.1", host, 1);
    let schema = format!("tls_{}", std::process::id());
    config.database_url = Some(format!(
        "{address}?options=-c%20search_path%3D{schema}&{more}"
    ));
    Services::open(config).await
}

#[tokio::test]
async fn postgres_proves_its_name_by_a_certificate_of_the_right_authority() {
    let Some((server, authority, other)) = cluster() else {
        return;
    };
    sqlx::any::install_default_drivers();
    let mut beside = AnyConnection::connect(&format!("{server}?sslmode=disable"))
        .await
        .expect("it answers");
    let schema = format!("tls_{}", std::process::id());
    for statement in [
        format!("DROP SCHEMA IF EXISTS {schema} CASCADE"),
        format!("CREATE SCHEMA {schema}"),
    ] {
        let statement = sqlx::AssertSqlSafe(statement);
        beside.execute(statement).await.expect("a fresh schema");
    }
    // Not an address of this machine as far as anybody can tell: it is encrypted without a word about it.
    let believed = format!("sslrootcert={authority}");
    let services = open(&server, "0.0.0.0", &believed)
        .await
        .expect("the right authority");
    let encrypted: i64 = sqlx::query_scalar(
        "SELECT COUNT(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE ssl AND usename = 'postgres'",
    )
    .fetch_one(&mut beside)
    .await
    .expect("a number");
    assert!(encrypted > 0, "nothing is encrypted");
    services.close().await;
    let full = format!("sslmode=verify-full&{believed}");
    let named = open(&server, "127.0.0.1", &full).await;
    named.expect("its own address").close().await;

    for (host, more, why) in [
        ("0.0.0.0", String::new(), "an authority that nobody named"),
        (
            "0.0.0.0",
            format!("sslrootcert={other}"),
            "another authority",
        ),
        ("localhost", full, "another name"),
    ] {
        let refused = open(&server, host, &more).await.err();
        assert!(
            matches!(refused, Some(Error::Unavailable(_))),
            "{why}: {refused:?}"
        );
    }
}

#[tokio::test]
async fn a_server_without_tls_hears_no_name_and_no_password() {
    let listener = TcpListener::bind("0.0.0.0:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let heard = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let mut heard = vec![0; 8];
        stream.read_exact(&mut heard).await.expect("a request");
        // It does not speak TLS.
        stream.write_all(b"N").await.expect("written");
        stream.read_to_end(&mut heard).await.expect("closed");
        heard
    });
    let data = tempfile::tempdir().expect("a folder");
    let mut config = Config::new(data.path(), "http://localhost:3000");
    // No address of this machine as far as anybody can tell, and yet one that reaches it.
    config.database_url = Some(format!("postgres://shop:secret@0.0.0.0:{port}/shop"));
    let refused = Services::open(config).await.err();
    assert!(
        matches!(&refused, Some(Error::Unavailable(message)) if message.contains("sslmode=disable")),
        "{refused:?}"
    );
    assert_eq!(heard.await.expect("ends"), SSL_REQUEST);
}
