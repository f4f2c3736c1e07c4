//! What a database on another machine gets to hear before it has proved who it is.

use services::{Config, Error, Services};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

/// The code of PostgreSQL's SSLRequest (protocol, section 54.2.10).
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

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
