//! A line between a client and a server that does what lines do: it is cut, it crawls, it goes dead without a word, and it says
//! things twice.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// What the line does to what a client sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is cut after so many bytes, on both sides.
    Cut(usize),
    /// It passes so many bytes and nothing after them; neither side is told.
    Dead(usize),
    /// It passes so many bytes a millisecond.
    Slow(usize),
    /// The server hears everything a second time, at the same moment, on a line of its own.
    Twice,
}

/// A line on a port of its own, for one connection.
pub(crate) struct Line {
    pub(crate) port: u16,
    passing: JoinHandle<usize>,
}

impl Line {
    /// Opens it to a server.
    pub(crate) async fn open(server: u16, fault: Fault) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let passing = tokio::spawn(async move {
            let (client, _) = listener.accept().await.unwrap();
            pass(client, server, fault).await
        });
        Self { port, passing }
    }

    /// How many bytes of the client have passed, once the line is done. A dead one is hung up.
    pub(crate) async fn passed(self) -> usize {
        self.passing.await.unwrap()
    }
}

/// Passes both ways until either side is done. Answers with how many bytes of the client reached the server.
async fn pass(mut client: TcpStream, server: u16, fault: Fault) -> usize {
    let Ok(mut there) = TcpStream::connect(("127.0.0.1", server)).await else {
        return 0;
    };
    let mut again = match fault {
        Fault::Twice => TcpStream::connect(("127.0.0.1", server)).await.ok(),
        _ => None,
    };
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = there.split();
    let mut passed = 0;
    let mut up = vec![0; 16 * 1024];
    let mut down = vec![0; 16 * 1024];
    loop {
        let room = match fault {
            Fault::Cut(after) if passed >= after => break,
            Fault::Cut(after) | Fault::Dead(after) => after.saturating_sub(passed).min(up.len()),
            Fault::Slow(bytes) => bytes.min(up.len()),
            Fault::Twice => up.len(),
        };
        // What is said after the line went dead reaches nobody; it is drained, so that the client does not hear of it.
        let is_dead = room == 0;
        let room = if is_dead { up.len() } else { room };
        tokio::select! {
            read = from_client.read(&mut up[..room]) => match read {
                Ok(0) | Err(_) => break,
                Ok(_) if is_dead => {}
                Ok(length) => {
                    if to_server.write_all(&up[..length]).await.is_err() {
                        break;
                    }
                    if let Some(again) = &mut again {
                        // It may be refused in the middle, which is its own affair.
                        let _ = again.write_all(&up[..length]).await;
                    }
                    passed += length;
                    if let Fault::Slow(_) = fault {
                        tokio::time::sleep(Duration::from_millis(1)).await;
                    }
                }
            },
            read = from_server.read(&mut down) => match read {
                Ok(0) | Err(_) => break,
                Ok(_) if is_dead => {}
                Ok(length) => {
                    if to_client.write_all(&down[..length]).await.is_err() {
                        break;
                    }
                }
            },
        }
    }
    passed
}
