//! The queue of whoever is signed in: what every tab sees of it, and what the one tab does that sends it.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    rc::Rc,
};

use domain::wire::{
    address,
    catalog::{CreateProduct, ProductCreated},
    viewer,
};
use gloo::{events::EventListener, net::http::Method};
use leptos::{prelude::*, task::spawn_local};

use super::{
    item::{Item, Owner},
    pace::Pace,
    product::{self, PendingProduct, Step},
    progress::{self, Activity, Hold, Progress},
    schedule::{self, Link},
    sender::{self, Ending, Prepared, Watch},
    store::Store,
    tus,
};
use crate::browser::{
    channel::Channel,
    connection,
    http::{self, CallError, Response},
    js,
    lock::{self, Taken},
    notify::Notify,
    rows::Rows,
    service_worker, storage, upload_file,
};

/// Where it is kept whether clips go over mobile data too.
const CLIPS_WHEN_METERED: &str = "vitrine.clips_when_metered";

/// Files without a page that are older than this are given up, ms: a tab that was killed while it put a page together left them.
const LEFT_OVER_MS: u64 = 24 * 60 * 60 * 1000;

/// The queue, as the page shows it.
#[derive(Clone, Copy)]
pub(crate) struct Uploads {
    /// The files.
    pub(crate) items: RwSignal<Vec<Item>>,
    /// The products they become, oldest first.
    pub(crate) products: RwSignal<Vec<PendingProduct>>,
    /// Files of other people that wait on this device.
    pub(crate) others: RwSignal<usize>,
    /// How this device reaches the network.
    pub(crate) link: RwSignal<Link>,
    hold: RwSignal<Option<Hold>>,
    activity: RwSignal<HashMap<String, Activity>>,
    owner: StoredValue<Owner>,
    sending: StoredValue<Rc<Sending>, LocalStorage>,
}

/// What does not show.
#[derive(Default)]
struct Sending {
    store: RefCell<Option<Rc<Store>>>,
    /// Rows, the connection or what is under way have changed.
    changed: Notify,
    pace: RefCell<Pace>,
    /// Items that bytes are sent of, items the server prepares, and products that are made.
    running: RefCell<Vec<String>>,
    preparing: RefCell<Vec<String>>,
    making: RefCell<Vec<String>>,
    /// Whether it is being found out if the shop answers.
    asking: Cell<bool>,
    listeners: RefCell<Vec<EventListener>>,
}

fn link() -> Link {
    Link {
        online: connection::is_online(),
        metered: connection::is_metered(),
        clips_when_metered: storage::read(CLIPS_WHEN_METERED).unwrap_or(false),
    }
}

impl Uploads {
    /// The queue of one person, not read yet.
    pub(crate) fn new(owner: Owner) -> Self {
        Self {
            items: RwSignal::new(Vec::new()),
            products: RwSignal::new(Vec::new()),
            others: RwSignal::new(0),
            link: RwSignal::new(link()),
            hold: RwSignal::new(None),
            activity: RwSignal::new(HashMap::new()),
            owner: StoredValue::new(owner),
            sending: StoredValue::new_local(Rc::default()),
        }
    }

    /// Reads the queue, follows what other tabs do with it, and sends it as soon as no other tab does.
    pub(crate) async fn open(self, rows: Rc<Rows>) {
        let owner = self.owner.get_value();
        let name = format!("vitrine.queue.{}.{}", owner.person, owner.shop);
        let channel = Channel::open(&name, move || spawn_local(self.refresh()));
        let sending = self.sending.get_value();
        sending
            .store
            .replace(Some(Rc::new(Store::new(rows, channel))));
        let listeners = connection::watch(move || {
            self.link.set(link());
            // Whoever was signed out may have signed in elsewhere.
            self.hold.update(|hold| {
                if matches!(hold, Some(Hold::SignedOut | Hold::OtherPerson)) {
                    *hold = None;
                }
            });
            self.ask_whether_it_answers();
            self.sending.get_value().changed.notify();
        });
        sending.listeners.replace(listeners);
        self.refresh().await;
        self.ask_whether_it_answers();
        spawn_local(async move {
            // The lock is the service worker's too; it goes to the next tab when this one is closed or killed.
            if let Some(_lock) = lock::acquire(&name, Taken::Wait).await {
                self.run().await;
            }
        });
    }

    /// Whose queue it is.
    pub(crate) fn owner(self) -> Owner {
        self.owner.get_value()
    }

    /// Why it stands still, if it does.
    pub(crate) fn hold(self) -> Option<Hold> {
        if self.link.get().online {
            self.hold.get()
        } else {
            Some(Hold::Offline)
        }
    }

    /// Whether clips wait only because the connection costs money.
    pub(crate) fn held_by_cost(self) -> bool {
        let (owner, link) = (self.owner.get_value(), self.link.get());
        self.items
            .with(|items| schedule::held_by_cost(items, &owner, link))
    }

    /// Sets whether clips go over mobile data too.
    pub(crate) fn set_clips_when_metered(self, allowed: bool) {
        storage::write(CLIPS_WHEN_METERED, &allowed);
        self.link.set(link());
        self.sending.get_value().changed.notify();
    }

    /// What this tab does with an item. Follows it where something listens.
    pub(crate) fn activity(self, id: &str) -> Option<Activity> {
        self.activity.with(|all| all.get(id).copied())
    }

    /// How far a product is.
    pub(crate) fn progress(self, product: &PendingProduct) -> Progress {
        self.items
            .with(|items| progress::of(product, items, self.hold(), |id| self.activity(id)))
    }

    fn store(self) -> Option<Rc<Store>> {
        self.sending.get_value().store.borrow().clone()
    }

    /// Reads the rows again.
    async fn refresh(self) {
        let Some(store) = self.store() else { return };
        if let Ok((items, products, others)) = store.load(&self.owner.get_value()).await {
            self.items.set(items);
            self.products.set(products);
            self.others.set(others);
        }
        self.sending.get_value().changed.notify();
    }

    /// Puts a file into the queue, whose bytes are kept. One that is there already is not sent twice.
    pub(crate) async fn add_item(self, item: Item) -> Result<(), String> {
        let store = self.store().ok_or_else(no_rows)?;
        let known = store
            .change_item(&item.id, |known| known.put_in_again(&item))
            .await;
        if known.is_none() {
            store.put_item(&item).await.map_err(|_| no_rows())?;
        }
        self.refresh().await;
        Ok(())
    }

    /// Puts a product into the queue, whose files are in it.
    pub(crate) async fn add_product(self, product: &PendingProduct) -> Result<(), String> {
        let store = self.store().ok_or_else(no_rows)?;
        store.put_product(product).await.map_err(|_| no_rows())?;
        self.refresh().await;
        spawn_local(service_worker::ask_for_sync());
        Ok(())
    }

    /// Goes on with everything of a product that was refused.
    pub(crate) fn try_again(self, product: PendingProduct) {
        let Some(store) = self.store() else { return };
        spawn_local(async move {
            for id in product.files.iter().filter_map(|file| file.item.as_ref()) {
                store.change_item(id, |item| item.failed = None).await;
            }
            store
                .change_product(product.id.as_str(), |product| product.refused = None)
                .await;
            self.refresh().await;
        });
    }

    /// Leaves a file of a product out and goes on.
    pub(crate) fn leave_out(self, product: PendingProduct, item: String) {
        let Some(store) = self.store() else { return };
        spawn_local(async move {
            let left = store
                .change_product(product.id.as_str(), |product| {
                    product.leave_out(&item);
                    product.refused = None;
                })
                .await;
            if left.is_some_and(|left| left.files.is_empty()) {
                store.remove_product(product.id.as_str()).await;
            }
            self.refresh().await;
            self.give_up_files(&product).await;
        });
    }

    /// Takes a product out of the queue, with what no other product needs of its files.
    pub(crate) fn remove(self, product: PendingProduct) {
        let Some(store) = self.store() else { return };
        spawn_local(async move {
            store.remove_product(product.id.as_str()).await;
            self.refresh().await;
            self.give_up_files(&product).await;
        });
    }

    /// Deletes those of a product's files that no other product needs.
    async fn give_up_files(self, product: &PendingProduct) {
        let of_it = |item: &&Item| {
            product
                .files
                .iter()
                .any(|file| file.item.as_ref() == Some(&item.id))
        };
        self.give_up(u64::MAX, |item| of_it(&item)).await;
    }

    /// Deletes files that no product needs and that were added before a moment, unix ms.
    async fn give_up(self, before_ms: u64, which: impl Fn(&Item) -> bool) {
        let Some(store) = self.store() else { return };
        let owner = self.owner.get_value();
        let gone: Vec<Item> = self.items.with_untracked(|items| {
            self.products.with_untracked(|products| {
                product::left_over(items, products, &owner, before_ms)
                    .into_iter()
                    .filter(|item| which(item))
                    .cloned()
                    .collect()
            })
        });
        if gone.is_empty() {
            return;
        }
        store.remove_items(&gone).await;
        self.refresh().await;
        for item in gone {
            spawn_local(async move { sender::terminate(&item).await });
        }
    }

    /// Sends the queue as long as this tab lives.
    async fn run(self) {
        let now = js_sys::Date::now() as u64;
        self.refresh().await;
        self.give_up(now.saturating_sub(LEFT_OVER_MS), |_| true)
            .await;
        let sending = self.sending.get_value();
        loop {
            self.begin_what_can_be_begun();
            sending.changed.notified().await;
        }
    }

    fn begin_what_can_be_begun(self) {
        let link = self.link.get_untracked();
        let held = self.hold.get_untracked();
        if !link.online || matches!(held, Some(Hold::SignedOut | Hold::OtherPerson)) {
            return;
        }
        let sending = self.sending.get_value();
        let owner = self.owner.get_value();
        let items = self.items.get_untracked();
        let running = sending.running.borrow().clone();
        let lines = sending.pace.borrow().lines();
        let slots = lines.saturating_sub(running.len());
        for item in schedule::next(&items, &running, &owner, link, slots) {
            sending.running.borrow_mut().push(item.id.clone());
            spawn_local(self.send(item.clone()));
        }
        let unprepared = |item: &&Item| {
            item.complete
                && item.media.is_none()
                && item.failed.is_none()
                && !sending.preparing.borrow().contains(&item.id)
        };
        let prepare: Vec<Item> = items.iter().filter(unprepared).cloned().collect();
        for item in prepare {
            sending.preparing.borrow_mut().push(item.id.clone());
            spawn_local(self.prepare(item));
        }
        for product in self.products.get_untracked() {
            let id = product.id.to_string();
            if product.step(&items) == Step::Making && !sending.making.borrow().contains(&id) {
                sending.making.borrow_mut().push(id);
                spawn_local(self.make(product));
            }
        }
    }

    async fn send(self, item: Item) {
        let Some(store) = self.store() else { return };
        let ending = match upload_file::read(&item.id).await {
            Some(file) if file.size() as u64 == item.length => {
                let watch = Rc::new(Sender {
                    uploads: self,
                    store: store.clone(),
                    item: item.clone(),
                    acknowledged: Cell::new(item.sent),
                });
                sender::send(&item, &file, &watch).await
            }
            _ => Ending::Failed(
                "This file is no longer on the device. Leave it out, or make the page again from its session.".to_owned(),
            ),
        };
        match ending {
            Ending::Complete => {
                store
                    .change_item(&item.id, |row| {
                        row.sent = row.length;
                        row.complete = true;
                    })
                    .await;
            }
            Ending::Failed(message) => {
                store
                    .change_item(&item.id, |row| {
                        row.failed = Some(message);
                        // Tried again, it is a new upload.
                        row.restart();
                    })
                    .await;
            }
            Ending::Held(hold) => self.hold.set(Some(hold)),
            Ending::Left => {}
        }
        self.activity.update(|all| {
            all.remove(&item.id);
        });
        self.refresh().await;
        self.sending
            .get_value()
            .running
            .borrow_mut()
            .retain(|id| *id != item.id);
        self.sending.get_value().changed.notify();
    }

    async fn prepare(self, item: Item) {
        let Some(store) = self.store() else { return };
        let watch = Sender {
            uploads: self,
            store: store.clone(),
            item: item.clone(),
            acknowledged: Cell::new(item.sent),
        };
        match sender::prepared(&item, &watch).await {
            Prepared::Ready(media) => {
                store
                    .change_item(&item.id, |row| row.media = Some(media))
                    .await;
            }
            Prepared::Gone => {
                store.change_item(&item.id, Item::restart).await;
            }
            Prepared::Refused(message) => {
                store
                    .change_item(&item.id, |row| {
                        row.failed = Some(message);
                        row.restart();
                    })
                    .await;
            }
            Prepared::Held(hold) => self.hold.set(Some(hold)),
        }
        self.refresh().await;
        self.sending
            .get_value()
            .preparing
            .borrow_mut()
            .retain(|id| *id != item.id);
        self.sending.get_value().changed.notify();
    }

    /// Makes the draft. A draft whose answer was lost is sent again, and made once: its identifier is the device's.
    async fn make(self, product: PendingProduct) {
        let Some(store) = self.store() else { return };
        let id = product.id.as_str();
        let owner = product.owner.header();
        let arguments = CreateProduct {
            draft: self.items.with_untracked(|items| product.draft(items)),
        };
        let mut failures = 0;
        loop {
            let headers = [(viewer::HEADER, owner.as_str())];
            let answer: Result<ProductCreated, CallError> =
                http::call(address::CREATE_PRODUCT, &headers, &arguments).await;
            match answer {
                Ok(made) => {
                    let url = made.edit_url;
                    store
                        .change_product(id, |row| row.edit_url = Some(url))
                        .await;
                }
                // Made, as the status says; only the address of the editor is a guess.
                Err(CallError::Unreadable) => {
                    let url = format!("/manage/products/{id}");
                    store
                        .change_product(id, |row| row.edit_url = Some(url))
                        .await;
                }
                Err(CallError::Refused(0 | 408 | 429 | 500..=599, _)) => {
                    failures += 1;
                    self.ask_whether_it_answers();
                    connection::pause(tus::pause_ms(failures, None, js_sys::Math::random())).await;
                    // It may have been taken out meanwhile.
                    let rows = store.load(&product.owner).await;
                    if rows.is_ok_and(|(_, products, _)| {
                        products.iter().any(|row| row.id == product.id)
                    }) {
                        continue;
                    }
                }
                Err(CallError::Refused(401, _)) => self.hold.set(Some(Hold::SignedOut)),
                Err(CallError::Refused(403, _)) => self.hold.set(Some(Hold::OtherPerson)),
                Err(CallError::Refused(status, message)) => {
                    // The server has thrown away files that waited too long for their page: they are sent again.
                    if status == 404 {
                        for item in product.files.iter().filter_map(|file| file.item.as_ref()) {
                            store.change_item(item, Item::restart).await;
                        }
                    }
                    store
                        .change_product(id, |row| row.refused = Some(message))
                        .await;
                }
            }
            break;
        }
        self.refresh().await;
        self.give_up_files(&product).await;
        self.sending
            .get_value()
            .making
            .borrow_mut()
            .retain(|making| making != id);
        self.sending.get_value().changed.notify();
    }

    /// Finds out whether the shop answers, again and again until it does.
    fn ask_whether_it_answers(self) {
        let sending = self.sending.get_value();
        if sending.asking.replace(true) {
            return;
        }
        spawn_local(async move {
            let mut failures = 0;
            loop {
                let response = http::send(Method::GET, address::HEALTH, &[]).await;
                self.note_answer(&response);
                if response.is_answer() {
                    break;
                }
                failures += 1;
                connection::pause(tus::pause_ms(failures, None, js_sys::Math::random())).await;
            }
            sending.asking.set(false);
            sending.changed.notify();
        });
    }

    fn note_answer(self, response: &Response) {
        let hold = self.hold.get_untracked();
        match (response.is_answer(), hold) {
            (true, Some(Hold::Unreachable)) => self.hold.set(None),
            (false, None) => self.hold.set(Some(Hold::Unreachable)),
            _ => {}
        }
    }
}

fn no_rows() -> String {
    "This browser keeps nothing for this page, so nothing can wait to be sent. Leave private browsing or allow site data, then reload."
        .to_owned()
}

/// What the queue does while one file is sent.
struct Sender {
    uploads: Uploads,
    store: Rc<Store>,
    item: Item,
    /// Bytes that are counted already.
    acknowledged: Cell<u64>,
}

impl Watch for Sender {
    fn may_send(&self) -> bool {
        let held = self.uploads.hold.get_untracked();
        self.uploads.link.get_untracked().allows(self.item.kind)
            && !matches!(held, Some(Hold::SignedOut | Hold::OtherPerson))
    }

    fn activity(&self, activity: Activity) {
        let id = self.item.id.clone();
        self.uploads.activity.update(|all| {
            all.insert(id, activity);
        });
    }

    fn answered(&self, response: &Response) {
        self.uploads.note_answer(response);
        let sending = self.uploads.sending.get_value();
        if response.status == 0 || response.status == 429 || response.status >= 500 {
            sending.pace.borrow_mut().cut(js::now());
            self.uploads.ask_whether_it_answers();
        }
    }

    async fn keep(&self, url: Option<&str>, sent: u64) -> bool {
        let sending = self.uploads.sending.get_value();
        let bytes = sent.saturating_sub(self.acknowledged.replace(sent));
        let busy = sending.running.borrow().len();
        sending.pace.borrow_mut().sent(bytes, busy, js::now());
        sending.changed.notify();
        let url = url.map(str::to_owned);
        let kept = self
            .store
            .change_item(&self.item.id, |row| {
                row.url = url;
                row.sent = sent;
            })
            .await;
        kept.is_some()
    }
}
