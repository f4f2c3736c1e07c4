//! The IETF's draft of resumable uploads, versions 6 and 8 of it, on the same uploads as tus.

use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    test_app::{Creator, TestApp, TestRequest, TestResponse, photo},
    upload::{metadata, send, settled, tus},
};

const PARTIAL: &str = "application/partial-upload";
const TYPES: &str = "https://iana.org/assignments/http-problem-types#";

/// A client of one version.
struct Client<'a> {
    app: &'a TestApp,
    creator: &'a Creator,
    version: &'a str,
}

impl<'a> Client<'a> {
    fn request(&self, method: &str, path: &str) -> TestRequest<'a> {
        self.app
            .request(method, path)
            .header("authorization", &self.creator.program)
            .header("upload-draft-interop-version", self.version)
    }

    fn post(&self, complete: &str) -> TestRequest<'a> {
        self.request("POST", "/api/uploads")
            .header("content-type", "image/jpeg")
            .header("upload-complete", complete)
    }

    fn patch(&self, path: &str, offset: usize, complete: &str) -> TestRequest<'a> {
        self.request("PATCH", path)
            .header("content-type", PARTIAL)
            .header("upload-offset", &offset.to_string())
            .header("upload-complete", complete)
    }

    async fn head(&self, path: &str) -> TestResponse {
        self.request("HEAD", path).send().await
    }

    async fn created(&self, length: Option<usize>) -> String {
        let mut request = self.post("?0");
        if let Some(length) = length {
            request = request.header("upload-length", &length.to_string());
        }
        let made = request.send().await;
        assert_eq!(made.status, 201, "{}", made.text());
        made.header("location").to_owned()
    }
}

/// Runs a conversation in both versions.
macro_rules! in_both {
    ($(#[$doc:meta])* async fn $name:ident($client:ident: Client) $body:block) => {
        mod $name {
            use super::*;

            $(#[$doc])*
            async fn body(version: &str) {
                let app = TestApp::start().await;
                let creator = app.creator("Clay", "clay").await;
                let $client = Client { app: &app, creator: &creator, version };
                $body
            }

            #[tokio::test]
            async fn version_6() {
                body("6").await;
            }

            #[tokio::test]
            async fn version_8() {
                body("8").await;
            }
        }
    };
}

fn standing(answer: &TestResponse) -> (u16, &str, &str) {
    (
        answer.status.as_u16(),
        answer.header("upload-offset"),
        answer.header("upload-complete"),
    )
}

in_both! {
    async fn support_and_limits_are_announced(client: Client) {
        let answer = client.app.request("OPTIONS", "/api/uploads").send().await;
        assert!(answer.header("accept-patch").contains(PARTIAL));
        assert_eq!(answer.header("upload-limit"), "max-size=209715200");
        let path = client.created(None).await;
        let head = client.head(&path).await;
        assert!(head.header("upload-limit").starts_with("max-size=41943040, max-age=86"), "{}", head.header("upload-limit"));
        assert_eq!(head.header("cache-control"), "no-store");
        assert_eq!(head.header("upload-draft-interop-version"), client.version);
        assert_eq!(head.header("tus-resumable"), "");
    }
}

in_both! {
    async fn a_whole_file_in_one_request(client: Client) {
        let file = photo(96, 120);
        let made = client.post("?1").body(file.clone()).send().await;
        let length = file.len().to_string();
        assert_eq!(standing(&made), (201, length.as_str(), "?1"));
        let path = made.header("location").to_owned();
        let head = client.head(&path).await;
        assert_eq!(standing(&head), (204, length.as_str(), "?1"));
        assert_eq!(head.header("upload-length"), length);
        assert_eq!(settled(client.app, client.creator, &path).await["state"], "ready");
    }
}

in_both! {
    async fn a_file_in_pieces_is_complete_when_its_client_says_so(client: Client) {
        let file = photo(96, 120);
        let length = file.len().to_string();
        let path = client.created(Some(file.len())).await;
        let head = client.head(&path).await;
        assert_eq!((standing(&head), head.header("upload-length")), ((204, "0", "?0"), length.as_str()));
        let first = client.patch(&path, 0, "?0").body(&file[..1000]).send().await;
        assert_eq!(standing(&first), (204, "1000", "?0"));
        let rest = client.patch(&path, 1000, "?0").body(&file[1000..]).send().await;
        assert_eq!(standing(&rest), (204, length.as_str(), "?0"), "the last byte does not complete it");
        assert_eq!(standing(&client.head(&path).await), (204, length.as_str(), "?0"));
        let done = client.patch(&path, file.len(), "?1").send().await;
        assert_eq!(standing(&done), (201, length.as_str(), "?1"));
        assert_eq!(settled(client.app, client.creator, &path).await["state"], "ready");
    }
}

in_both! {
    async fn a_length_that_nobody_knew(client: Client) {
        let file = photo(96, 120);
        let path = client.created(None).await;
        assert_eq!(client.head(&path).await.header("upload-length"), "");
        client.patch(&path, 0, "?0").body(&file[..1000]).send().await;
        let done = client.patch(&path, 1000, "?1").body(&file[1000..]).send().await;
        assert_eq!(standing(&done), (201, file.len().to_string().as_str(), "?1"));
        assert_eq!(client.head(&path).await.header("upload-length"), file.len().to_string());
        assert_eq!(settled(client.app, client.creator, &path).await["state"], "ready");
    }
}

in_both! {
    async fn a_last_request_without_a_length(client: Client) {
        let path = client.created(None).await;
        let at = client.app.listen().await;
        let body = |path: &str, offset: usize, complete: &str, chunks: &str| format!(
            "PATCH {path} HTTP/1.1\r\nhost: localhost:3000\r\norigin: http://localhost:3000\r\nauthorization: {}\r\n\
             upload-draft-interop-version: {}\r\ncontent-type: {PARTIAL}\r\nupload-offset: {offset}\r\nupload-complete: {complete}\r\n\
             transfer-encoding: chunked\r\nconnection: close\r\n\r\n{chunks}",
            client.creator.program, client.version
        );
        // It breaks off: what came is kept, and that was not all.
        let mut line = TcpStream::connect(at).await.expect("connects");
        line.write_all(body(&path, 0, "?1", "3\r\nabc\r\n").as_bytes()).await.expect("is sent");
        line.shutdown().await.expect("is cut");
        let mut rest = Vec::new();
        let _ = line.read_to_end(&mut rest).await;
        assert_eq!(standing(&client.head(&path).await), (204, "3", "?0"));
        let mut line = TcpStream::connect(at).await.expect("connects");
        line.write_all(body(&path, 3, "?1", "2\r\nde\r\n0\r\n\r\n").as_bytes()).await.expect("is sent");
        let mut answer = Vec::new();
        line.read_to_end(&mut answer).await.expect("is answered");
        let answer = String::from_utf8_lossy(&answer).to_lowercase();
        assert!(answer.starts_with("http/1.1 201") && answer.contains("upload-complete: ?1"), "{answer}");
        assert_eq!(standing(&client.head(&path).await), (204, "5", "?1"));
    }
}

fn assert_problem(answer: &TestResponse, status: u16, kind: &str) {
    assert_eq!(answer.status.as_u16(), status, "{}", answer.text());
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let problem = answer.json();
    let expected = if kind.is_empty() {
        "about:blank".to_owned()
    } else {
        format!("{TYPES}{kind}")
    };
    assert_eq!(problem["type"], expected.as_str(), "{problem}");
    assert_eq!(problem["status"], status);
    assert!(
        problem["detail"]
            .as_str()
            .expect("a sentence")
            .ends_with('.'),
        "{problem}"
    );
}

in_both! {
    async fn offsets_must_fit(client: Client) {
        let path = client.created(Some(10)).await;
        client.patch(&path, 0, "?0").body("abc").send().await;
        for offset in [0, 2, 4, 11] {
            let refused = client.patch(&path, offset, "?0").body("x").send().await;
            assert_problem(&refused, 409, "mismatching-upload-offset");
            assert_eq!(standing(&refused), (409, "3", "?0"));
            let problem = refused.json();
            assert_eq!((problem["expected-offset"].as_u64(), problem["provided-offset"].as_u64()), (Some(3), Some(offset as u64)));
        }
    }
}

in_both! {
    async fn lengths_must_agree(client: Client) {
        for (complete, length, body) in [("?1", "4", "abc"), ("?1", "2", "abc"), ("?0", "2", "abc")] {
            let refused = client.post(complete).header("upload-length", length).body(body).send().await;
            assert_problem(&refused, 400, "inconsistent-upload-length");
        }
        let path = client.created(Some(10)).await;
        for (complete, length, body) in [("?1", "", "abc"), ("?0", "11", "abc"), ("?0", "", "abcdefghijk"), ("?1", "", "abcdefghijk")] {
            let mut request = client.patch(&path, 0, complete).body(body);
            if !length.is_empty() {
                request = request.header("upload-length", length);
            }
            assert_problem(&request.send().await, 400, "inconsistent-upload-length");
        }
        assert_eq!(standing(&client.head(&path).await), (204, "0", "?0"), "no byte was taken");
        assert_problem(&client.post("?0").header("upload-length", "999999999999").send().await, 413, "");
    }
}

in_both! {
    /// Version 8 asks that an upload does not survive that, version 6 that what fits is kept.
    async fn more_than_announced_over_a_line_without_a_length(client: Client) {
        let path = client.created(Some(3)).await;
        let request = client.patch(&path, 0, "?0").without("content-length").chunked(&[b"ab", b"cd"]).await;
        assert_problem(&request, 400, "inconsistent-upload-length");
        let head = client.head(&path).await;
        if client.version == "8" {
            assert_eq!(head.status, 404);
        } else {
            assert_eq!(standing(&head), (204, "2", "?0"));
        }
    }
}

in_both! {
    async fn a_complete_upload_takes_no_more(client: Client) {
        let file = photo(64, 64);
        let made = client.post("?1").body(file.clone()).send().await;
        let path = made.header("location").to_owned();
        assert_problem(&client.patch(&path, file.len(), "?1").send().await, 400, "completed-upload");
        assert_problem(&client.patch(&path, file.len(), "?0").body("x").send().await, 400, "inconsistent-upload-length");
        assert_eq!(settled(client.app, client.creator, &path).await["state"], "ready");
    }
}

in_both! {
    async fn what_is_missing_or_malformed_is_told(client: Client) {
        let path = client.created(Some(10)).await;
        let patch = || client.patch(&path, 0, "?0").body("abc");
        let typed = patch().header("content-type", "application/offset+octet-stream").send().await;
        assert_problem(&typed, 415, "");
        assert_eq!(typed.header("accept-patch"), PARTIAL);
        assert_problem(&patch().without("upload-offset").send().await, 400, "");
        assert_problem(&patch().without("upload-complete").send().await, 400, "");
        for value in ["-1", "1.5", "x", "", "\"3\""] {
            assert_problem(&patch().header("upload-offset", value).send().await, 400, "");
        }
        for value in ["1", "true", "?2", ""] {
            assert_problem(&patch().header("upload-complete", value).send().await, 400, "");
            assert_problem(&client.post(value).send().await, 400, "");
        }
        let untyped = client.post("?0").header("content-type", "text/plain").send().await;
        assert_problem(&untyped, 400, "");
        let named = client.post("?0").header("content-type", "text/plain").header("upload-metadata", &metadata(&[("kind", "clip")]));
        assert_eq!(named.send().await.status, 201);
        let nothing = client.head("/api/uploads/nothing").await;
        assert_eq!((nothing.status.as_u16(), nothing.header("content-type")), (404, "application/problem+json"));
        assert_eq!(standing(&client.head(&path).await), (204, "0", "?0"));
    }
}

in_both! {
    async fn what_does_not_match_its_digest_is_not_kept(client: Client) {
        let path = client.created(Some(10)).await;
        let right = format!("sha-256=:{}:", STANDARD.encode(Sha256::digest(b"abc")));
        let patch = |digest: &str| client.patch(&path, 0, "?0").header("content-digest", digest).body("abc");
        assert_problem(&patch(&right.replace('u', "v")).send().await, 400, "");
        assert_eq!(standing(&client.head(&path).await), (204, "0", "?0"));
        assert_eq!(standing(&patch(&format!("sha-512=:AAAA:, {right}")).send().await), (204, "3", "?0"));
    }
}

in_both! {
    async fn an_upload_can_be_cancelled(client: Client) {
        let path = client.created(Some(10)).await;
        assert_eq!(client.request("DELETE", &path).send().await.status, 204);
        assert_eq!(client.head(&path).await.status, 404);
        assert_problem(&client.patch(&path, 0, "?0").body("x").send().await, 404, "");
    }
}

#[tokio::test]
async fn other_versions_are_told_which_there_are() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    for version in ["3", "4", "9", "x", ""] {
        let client = Client {
            app: &app,
            creator: &clay,
            version,
        };
        let refused = client.post("?1").body("abc").send().await;
        assert_eq!(refused.status, 412, "{version}");
        assert!(refused.text().contains("5 to 8"), "{}", refused.text());
    }
}

#[tokio::test]
async fn who_is_not_signed_in_is_told_in_the_same_words() {
    let app = TestApp::start().await;
    let refused = app
        .post("/api/uploads")
        .header("upload-draft-interop-version", "8")
        .header("upload-complete", "?1")
        .send()
        .await;
    assert_problem(&refused, 401, "");
}

#[tokio::test]
async fn both_protocols_go_on_with_one_upload() {
    let app = TestApp::start().await;
    let clay = app.creator("Clay", "clay").await;
    let file = photo(240, 300);
    let client = Client {
        app: &app,
        creator: &clay,
        version: "8",
    };
    let path = client.created(Some(file.len())).await;
    assert_eq!(send(&app, &clay, &path, 0, &file[..1000]).await.status, 204);
    client
        .patch(&path, 1000, "?0")
        .body(&file[1000..2000])
        .send()
        .await;
    let last = send(&app, &clay, &path, 2000, &file[2000..]).await;
    assert_eq!(last.status, 204);
    assert_eq!(
        settled(&app, &clay, &path).await["state"],
        "ready",
        "tus ends with the last byte"
    );

    let made = tus(&app, &clay, "POST", "/api/uploads")
        .header("upload-length", "6")
        .header("upload-metadata", &metadata(&[("kind", "photo")]))
        .send()
        .await;
    let path = made.header("location");
    assert_eq!(send(&app, &clay, path, 0, b"abc").await.status, 204);
    let done = client.patch(path, 3, "?1").body("def").send().await;
    assert_eq!(standing(&done), (201, "6", "?1"));
}
