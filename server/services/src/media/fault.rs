//! Durable before acknowledged: a file system whose power is cut forgets what was not synced, and no byte that was acknowledged
//! may be among that. The database is taken at its word: it syncs each commit itself.

use std::{
    collections::HashMap,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use domain::{
    id::UploadId,
    identity::{SetupForm, Viewer},
    media::{Kind, Upload},
};
use futures::stream;
use sha2::{Digest, Sha256};
use sqlx::Row;

use super::{
    Checksum, Form, NewUpload, UploadDisk,
    file::{Files, PartWrite},
    sql,
};
use crate::{Config, Services, identity::Browser};

/// One thing that was asked of the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Op {
    MakeFolder,
    Create,
    Link,
    Write,
    Cut,
    SyncData,
    SyncFolder,
}

/// The bytes of a file, as they are read now and as they are found after a power cut.
#[derive(Default)]
struct Inode {
    now: Vec<u8>,
    durable: Vec<u8>,
}

/// A name: of a file, or of a folder.
type Named = Option<usize>;

#[derive(Default)]
struct Model {
    inodes: Vec<Inode>,
    names: HashMap<PathBuf, Named>,
    durable_names: HashMap<PathBuf, Named>,
    log: Vec<Op>,
    /// How many more things it does; `None`: any number.
    left: Option<usize>,
    /// A disk that says of data that it is durable when it is not, to see that the test would notice.
    lies: bool,
}

impl Model {
    fn step(&mut self, op: Op) -> io::Result<()> {
        if let Some(left) = &mut self.left {
            *left = left
                .checked_sub(1)
                .ok_or_else(|| io::Error::other("the power is off"))?;
        }
        self.log.push(op);
        Ok(())
    }

    fn name(&mut self, path: &Path, named: Named) -> io::Result<()> {
        let parent = path.parent().unwrap_or(path);
        if !self.names.contains_key(parent) {
            return Err(io::ErrorKind::NotFound.into());
        }
        self.names.insert(path.to_owned(), named);
        Ok(())
    }
}

/// A file system in memory.
#[derive(Clone)]
struct FaultDisk {
    root: PathBuf,
    model: Arc<Mutex<Model>>,
}

impl FaultDisk {
    /// One where `root` is there for good.
    fn new(root: PathBuf) -> Self {
        let mut model = Model::default();
        model.names.insert(root.clone(), None);
        Self {
            root,
            model: Arc::new(Mutex::new(model)),
        }
    }

    fn model(&self) -> MutexGuard<'_, Model> {
        self.model.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_off(&self) -> bool {
        self.model().left == Some(0)
    }

    /// What was asked of it since this was asked last.
    fn log(&self) -> Vec<Op> {
        std::mem::take(&mut self.model().log)
    }

    /// Writes what a power cut leaves into the real folder: behind what is durable of a file there may be anything.
    fn leave(&self, garbage: usize) {
        let model = self.model();
        for (path, named) in &model.durable_names {
            let Some(inode) = named else { continue };
            let mut around = path
                .ancestors()
                .skip(1)
                .take_while(|folder| *folder != self.root);
            if !around.all(|folder| model.durable_names.contains_key(folder)) {
                continue;
            }
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            let mut bytes = model.inodes[*inode].durable.clone();
            bytes.resize(bytes.len() + garbage, 0);
            std::fs::write(path, bytes).expect("written");
        }
    }
}

impl Files for FaultDisk {
    fn make_folder(&self, folder: &Path) -> io::Result<()> {
        let mut model = self.model();
        model.step(Op::MakeFolder)?;
        let mut missing: Vec<&Path> = folder
            .ancestors()
            .take_while(|folder| !model.names.contains_key(*folder))
            .collect();
        while let Some(folder) = missing.pop() {
            model.name(folder, None)?;
        }
        Ok(())
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn PartWrite>> {
        let mut model = self.model();
        model.step(Op::Create)?;
        if model.names.contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let inode = model.inodes.len();
        model.name(path, Some(inode))?;
        model.inodes.push(Inode::default());
        Ok(Box::new(FaultFile {
            disk: self.clone(),
            inode,
        }))
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut model = self.model();
        model.step(Op::Link)?;
        let Some(Some(inode)) = model.names.get(from).copied() else {
            return Err(io::ErrorKind::NotFound.into());
        };
        model.name(to, Some(inode))
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        let mut model = self.model();
        model.step(Op::SyncFolder)?;
        let inside: Vec<_> = model
            .names
            .iter()
            .filter(|(path, _)| path.parent() == Some(folder))
            .map(|(path, named)| (path.clone(), *named))
            .collect();
        model.durable_names.extend(inside);
        Ok(())
    }
}

struct FaultFile {
    disk: FaultDisk,
    inode: usize,
}

impl PartWrite for FaultFile {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut model = self.disk.model();
        model.step(Op::Write)?;
        model.inodes[self.inode].now.extend_from_slice(bytes);
        Ok(())
    }

    fn sync_data(&mut self) -> io::Result<()> {
        let mut model = self.disk.model();
        model.step(Op::SyncData)?;
        if !model.lies {
            let inode = &mut model.inodes[self.inode];
            inode.durable.clone_from(&inode.now);
        }
        Ok(())
    }

    fn set_len(&mut self, length: u64) -> io::Result<()> {
        let mut model = self.disk.model();
        model.step(Op::Cut)?;
        let length = usize::try_from(length).map_err(io::Error::other)?;
        model.inodes[self.inode].now.resize(length, 0);
        Ok(())
    }
}

/// Numbers that come again with their seed (xorshift64*).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(high % below).expect("small")
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(length + 4);
        while bytes.len() < length {
            bytes.extend_from_slice(&(self.roll(1 << 31) as u32).to_le_bytes());
        }
        bytes.truncate(length);
        bytes
    }
}

/// A shop on a disk whose power can be cut.
struct World {
    services: Services,
    config: Config,
    disk: FaultDisk,
    viewer: Viewer,
    _folder: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let config = Config::new(folder.path(), "http://localhost:3000");
        let disk = FaultDisk::new(folder.path().join("media"));
        let uploads = UploadDisk::of(Arc::new(disk.clone()), 4);
        let services = Services::open_on(config.clone(), uploads)
            .await
            .expect("opens");
        let identity = services.identity();
        let link = identity.create_owner_link(None).await.expect("link");
        let token = link.path.strip_prefix("/setup/").expect("a path");
        let form = SetupForm {
            shop_name: "Clay".to_owned(),
            handle: "clay".to_owned(),
            currency: "EUR".to_owned(),
            ..SetupForm::default()
        };
        let browser = Browser {
            ip: std::net::Ipv4Addr::LOCALHOST.into(),
            device: None,
            name: "Firefox".to_owned(),
        };
        let viewer = identity
            .set_up_with_password(token, &form, "four random words", &browser)
            .await
            .expect("set up")
            .viewer;
        Self {
            services,
            config,
            disk,
            viewer,
            _folder: folder,
        }
    }

    async fn create(&self, length: usize, is_partial: bool) -> crate::Result<Upload> {
        let new = NewUpload {
            kind: Kind::Clip,
            length: length as u64,
            alt: String::new(),
            session: None,
            span: None,
            metadata: String::new(),
            claim: None,
            form: Form {
                is_partial,
                concat: if is_partial { "partial" } else { "" }.to_owned(),
                ..Form::default()
            },
        };
        self.services.media().create_upload(&self.viewer, new).await
    }

    async fn append(
        &self,
        id: &UploadId,
        offset: usize,
        bytes: &[u8],
        checksum: Option<Checksum>,
        is_broken: bool,
    ) -> crate::Result<Upload> {
        let mut pieces: Vec<Result<Bytes, String>> = bytes
            .chunks(64 * 1024)
            .map(|piece| Ok(Bytes::copy_from_slice(piece)))
            .collect();
        if is_broken {
            pieces.push(Err("the line broke".to_owned()));
        }
        self.services
            .media()
            .append(
                &self.viewer,
                id,
                offset as u64,
                checksum,
                stream::iter(pieces),
            )
            .await
    }

    /// Sends what is missing in pieces, until all is there or the power is off. Answers with what was acknowledged.
    async fn send(&self, id: &UploadId, bytes: &[u8], dice: &mut Dice) -> usize {
        let mut acknowledged = 0;
        while acknowledged < bytes.len() && !self.disk.is_off() {
            let most = [1, 700, 300_000, 9_500_000][dice.roll(4)];
            let end = (acknowledged + most).min(bytes.len());
            let piece = &bytes[acknowledged..end];
            let checksum =
                (dice.roll(4) == 0).then(|| Checksum::Sha256(Sha256::digest(piece).into()));
            let is_broken = dice.roll(5) == 0;
            let sent = self.append(id, acknowledged, piece, checksum, is_broken);
            let stands = match sent.await {
                Ok(upload) => upload,
                // As a client asks that heard of an error.
                Err(_) => self
                    .services
                    .media()
                    .upload(&self.viewer, id)
                    .await
                    .expect("it is there"),
            };
            let received = usize::try_from(stands.received).expect("small");
            assert!(received >= acknowledged, "an offset never goes back");
            acknowledged = received;
        }
        acknowledged
    }

    /// The uploads after the power came back: what each says it has, and what is found of it.
    async fn find(&self, garbage: usize) -> Vec<(UploadId, String, u64, Option<Vec<u8>>)> {
        self.services.close().await;
        self.disk.leave(garbage);
        let again = Services::open(self.config.clone()).await.expect("opens");
        let mut connection = again.inner.db.read().await.expect("reads");
        let rows = sqlx::query("SELECT id, concat, received FROM upload")
            .fetch_all(&mut *connection)
            .await
            .expect("rows");
        let mut found = Vec::new();
        for row in rows {
            let id: UploadId = row.get::<String, _>("id").parse().expect("id");
            let received = u64::try_from(row.get::<i64, _>("received")).expect("a count");
            let parts = sql::parts(&mut connection, &id).await.expect("parts");
            let scratch = again.inner.scratch.join("whole");
            let whole = again.inner.parts.whole(&id, &parts, &scratch).await;
            let bytes = whole.ok().map(|path| std::fs::read(path).expect("read"));
            found.push((id, row.get("concat"), received, bytes));
        }
        drop(connection);
        again.close().await;
        found
    }
}

/// One life of a shop until its power is cut somewhere. `Err` tells what was lost; `Ok`, how many bytes were acknowledged.
async fn live(seed: u64, lies: bool) -> Result<usize, String> {
    let world = World::new().await;
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let bytes = dice.bytes(10_000_000);
    let (first, second) = bytes.split_at(dice.roll(10_000_000));
    {
        let mut model = world.disk.model();
        model.left = Some(dice.roll(140));
        model.lies = lies;
    }
    let mut acknowledged = Vec::new();
    if dice.roll(2) == 0 {
        if let Ok(upload) = world.create(bytes.len(), false).await {
            let received = world.send(&upload.id, &bytes, &mut dice).await;
            acknowledged.push((upload.id, &bytes[..], received));
        }
    } else {
        for half in [first, second] {
            if let Ok(upload) = world.create(half.len(), true).await {
                let received = world.send(&upload.id, half, &mut dice).await;
                acknowledged.push((upload.id, half, received));
            }
        }
        let partials: Vec<UploadId> = acknowledged.iter().map(|(id, ..)| id.clone()).collect();
        let new = NewUpload {
            kind: Kind::Clip,
            length: 0,
            alt: String::new(),
            session: None,
            span: None,
            metadata: String::new(),
            claim: None,
            form: Form {
                concat: "final;both".to_owned(),
                ..Form::default()
            },
        };
        let media = world.services.media();
        if let Ok(joined) = media.join(&world.viewer, new, &partials).await {
            acknowledged = vec![(joined.id, &bytes[..], bytes.len())];
        }
    }
    let garbage = [0, 1, 4096][dice.roll(3)];
    let found = world.find(garbage).await;
    let mut total = 0;
    for (id, source, acknowledged) in acknowledged {
        let Some((_, _, received, left)) = found.iter().find(|(found, ..)| *found == id) else {
            return Err(format!("{id} is not there"));
        };
        let received = usize::try_from(*received).expect("small");
        if received < acknowledged {
            return Err(format!("{id}: {received} of {acknowledged}"));
        }
        if received > 0 && left.as_deref() != Some(&source[..received]) {
            let length = left.as_ref().map(Vec::len);
            return Err(format!("{id}: {received} acknowledged, {length:?} found"));
        }
        total += acknowledged;
    }
    Ok(total)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_acknowledged_byte_is_lost_at_a_power_cut() {
    let mut total = 0;
    for seed in 0..24 {
        total += live(seed, false)
            .await
            .unwrap_or_else(|lost| panic!("seed {seed}: {lost}"));
    }
    assert!(total > 15_000_000, "{total} bytes were at stake");
}

/// The test above would notice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_lies_is_found_out() {
    let mut found = 0;
    for seed in 0..8 {
        found += usize::from(live(seed, true).await.is_err());
    }
    assert!(found >= 4, "{found} of 8");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_acknowledgement_follows_a_sync_of_its_bytes_and_their_name() {
    let world = World::new().await;
    let bytes = Dice(7).bytes(9 * 1024 * 1024);
    let upload = world.create(bytes.len(), false).await.expect("created");
    let made = world.disk.log();
    assert_eq!(made[0], Op::MakeFolder);
    assert!(made[1..].iter().all(|op| *op == Op::SyncFolder) && made.len() > 1);
    let mut at = 0;
    for append in 0..20 {
        let piece = &bytes[at..at + 100];
        let kept = world.append(&upload.id, at, piece, None, false).await;
        at = usize::try_from(kept.expect("kept").received).expect("small");
        // The name is synced beside the bytes, at any moment before they are acknowledged.
        let (names, bytes): (Vec<Op>, Vec<Op>) = world
            .disk
            .log()
            .into_iter()
            .partition(|op| *op == Op::SyncFolder);
        if append == 0 {
            assert_eq!(names, [Op::SyncFolder]);
            assert_eq!(bytes, [Op::Create, Op::Write, Op::SyncData]);
        } else {
            // The next ones go on in the same file, whose name is durable.
            assert_eq!(names, []);
            assert_eq!(bytes, [Op::Write, Op::SyncData]);
        }
    }
    let kept = world
        .append(&upload.id, at, &bytes[at..], None, false)
        .await;
    assert_eq!(kept.expect("kept").received, bytes.len() as u64);
    let log = world.disk.log();
    let count = |wanted| log.iter().filter(|op| **op == wanted).count();
    assert_eq!(log.last(), Some(&Op::SyncData));
    assert_eq!(
        (count(Op::SyncData), count(Op::SyncFolder)),
        (2, 0),
        "after 8 MiB, and at the end"
    );
}
