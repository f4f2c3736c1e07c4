//! The queue as it lies on the device: rows, and the bytes that belong to them.

use std::rc::Rc;

use super::{
    item::{Item, Owner},
    product::PendingProduct,
};
use crate::browser::{
    channel::Channel,
    rows::{Rows, Table},
    upload_file,
};

/// The rows of the queue. Every change is told to the other tabs.
pub(super) struct Store {
    rows: Rc<Rows>,
    channel: Channel,
}

impl Store {
    pub(super) fn new(rows: Rc<Rows>, channel: Channel) -> Self {
        Self { rows, channel }
    }

    /// What one person has in the queue, and how many files of others wait on this device.
    pub(super) async fn load(
        &self,
        owner: &Owner,
    ) -> Result<(Vec<Item>, Vec<PendingProduct>, usize), idb::Error> {
        let all: Vec<Item> = self.rows.all(Table::Upload).await?;
        let (items, others): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|item| item.owner == *owner);
        let waiting = others.iter().filter(|item| item.media.is_none()).count();
        let mut products: Vec<PendingProduct> = self.rows.all(Table::Product).await?;
        products.retain(|product| product.owner == *owner);
        products.sort_by(|a, b| (a.added_ms, &a.id).cmp(&(b.added_ms, &b.id)));
        Ok((items, products, waiting))
    }

    pub(super) async fn put_item(&self, item: &Item) -> Result<(), idb::Error> {
        self.rows.put(Table::Upload, &item.id, item).await?;
        self.channel.broadcast();
        Ok(())
    }

    /// Changes an item; `None` where it was given up meanwhile.
    pub(super) async fn change_item(
        &self,
        id: &str,
        change: impl FnOnce(&mut Item),
    ) -> Option<Item> {
        let changed = self.rows.change(Table::Upload, id, change).await;
        self.channel.broadcast();
        changed.ok().flatten()
    }

    pub(super) async fn put_product(&self, product: &PendingProduct) -> Result<(), idb::Error> {
        self.rows
            .put(Table::Product, product.id.as_str(), product)
            .await?;
        self.channel.broadcast();
        Ok(())
    }

    pub(super) async fn change_product(
        &self,
        id: &str,
        change: impl FnOnce(&mut PendingProduct),
    ) -> Option<PendingProduct> {
        let changed = self.rows.change(Table::Product, id, change).await;
        self.channel.broadcast();
        changed.ok().flatten()
    }

    pub(super) async fn remove_product(&self, id: &str) {
        let _ = self.rows.remove(Table::Product, id).await;
        self.channel.broadcast();
    }

    /// Removes items with their bytes; the row first, so that no row is without bytes.
    pub(super) async fn remove_items(&self, items: &[Item]) {
        for item in items {
            let _ = self.rows.remove(Table::Upload, &item.id).await;
            upload_file::delete(&item.id).await;
        }
        self.channel.broadcast();
    }
}
