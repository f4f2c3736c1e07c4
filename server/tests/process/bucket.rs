//! A bucket of an S3-compatible store: its objects are files of a folder.

use std::path::{Path, PathBuf};

use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use s3s::{auth::SimpleAuth, service::S3ServiceBuilder};
use s3s_fs::FileSystem;

/// The bucket's name.
const NAME: &str = "vitrine-media";
/// Who may use it. Requests that are not signed with this are refused.
const KEY: (&str, &str) = ("vitrine-test", "vitrine-test-secret");

/// A running store with one bucket. It ends with the test's runtime.
pub(crate) struct Bucket {
    /// Where every object is a file.
    pub(crate) folder: PathBuf,
    port: u16,
}

impl Bucket {
    /// Starts a store that keeps its bucket below `root`.
    pub(crate) async fn start(root: &Path) -> Self {
        let folder = root.join(NAME);
        std::fs::create_dir_all(&folder).unwrap();
        let mut service = S3ServiceBuilder::new(FileSystem::new(root).unwrap());
        service.set_auth(SimpleAuth::from_single(KEY.0, KEY.1));
        let service = service.build();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let service = service.clone();
                tokio::spawn(async move {
                    let server = Builder::new(TokioExecutor::new());
                    // A connection that breaks is the client's affair.
                    drop(server.serve_connection(TokioIo::new(stream), service).await);
                });
            }
        });
        Self { folder, port }
    }

    /// What `--media-url` is given.
    pub(crate) fn url(&self) -> String {
        format!("s3://{NAME}/shops")
    }

    /// What a process must know to use it.
    pub(crate) fn variables(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_ENDPOINT", format!("http://127.0.0.1:{}", self.port)),
            ("AWS_ALLOW_HTTP", "true".to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", KEY.0.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", KEY.1.to_owned()),
        ]
    }
}
