//! Capture contracts: those of a shop, their versions, and who they are shared with; what the server takes under one.

mod link;
mod permit;
mod reading;
mod sql;

use domain::{
    capture::{
        Contract,
        contract::{LAST_VERSION, Reference, form::ContractForm, template},
    },
    id::{ContractId, ProductId, ShopId},
    identity::Viewer,
    time::UnixMs,
};
use sqlx::AnyConnection;

pub(crate) use self::permit::{permit, permit_document, permit_length};
pub use self::{
    link::{Link, NewLink, Shared},
    permit::Claim,
    reading::{MAX_BYTES, parse, to_json},
};
use crate::{Error, Result, Services};

/// The most contracts that a shop has made, those that ended included.
const MOST: u64 = 200;

/// Capture contracts.
pub struct Contracts<'a> {
    pub(crate) services: &'a Services,
}

/// A contract of a shop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its newest version.
    pub contract: Contract,
    /// When that was saved.
    pub saved_at: UnixMs,
    /// Since when nobody films under it any more.
    pub ended_at: Option<UnixMs>,
}

fn missing() -> Error {
    Error::NotFound(
        "There is no such contract in your shop. Open the list of contracts and choose one."
            .to_owned(),
    )
}

/// What a reference means in a shop: a template, or a version of a contract of its own.
pub(crate) async fn find(
    connection: &mut AnyConnection,
    shop: &ShopId,
    reference: &Reference,
) -> Result<Option<Contract>> {
    match template::find(reference) {
        Some(template) => Ok(Some(template)),
        None => sql::version(connection, shop, reference).await,
    }
}

impl Contracts<'_> {
    /// The contracts that the viewer's shop has made, newest first.
    pub async fn own(&self, viewer: &Viewer) -> Result<Vec<Kept>> {
        sql::all(&mut *self.services.inner.db.read().await?, &viewer.shop.id).await
    }

    /// What can be filmed under: the templates, the free one first, and then the shop's own that have not ended.
    pub async fn offered(&self, viewer: &Viewer) -> Result<Vec<Contract>> {
        let own = self.own(viewer).await?;
        let open = own.into_iter().filter(|kept| kept.ended_at.is_none());
        Ok(template::all()
            .into_iter()
            .chain(open.map(|kept| kept.contract))
            .collect())
    }

    /// A contract of the viewer's shop, in its newest version.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn contract(&self, viewer: &Viewer, id: &ContractId) -> Result<Kept> {
        let mut connection = self.services.inner.db.read().await?;
        sql::one(&mut connection, &viewer.shop.id, id)
            .await?
            .ok_or_else(missing)
    }

    /// Makes a contract of the shop's own from a template, or from a version of another one that it has.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` for too many.
    pub async fn copy(&self, viewer: &Viewer, from: &Reference) -> Result<Contract> {
        let found = {
            let mut connection = self.services.inner.db.read().await?;
            find(&mut connection, &viewer.shop.id, from).await?
        };
        self.adopt(viewer, found.ok_or_else(missing)?).await
    }

    /// Makes a contract of the shop's own that says the same as `contract`, whosever that is.
    ///
    /// # Errors
    /// `Invalid` for one that cannot be met, `Conflict` for too many.
    pub async fn adopt(&self, viewer: &Viewer, contract: Contract) -> Result<Contract> {
        let (shop, now) = (&viewer.shop.id, self.services.now());
        let contract = Contract {
            id: self.services.inner.random.id()?,
            version: 1,
            ..contract
        };
        contract.check()?;
        let mut write = self.services.inner.db.write().await?;
        sql::insert(&mut write, shop, &contract.id, now).await?;
        sql::insert_version(&mut write, shop, &contract, now).await?;
        if sql::count(&mut write, shop).await? > MOST {
            return Err(Error::Conflict(format!(
                "A shop makes at most {MOST} contracts. Change one that there is."
            )));
        }
        write.commit().await?;
        Ok(contract)
    }

    /// Saves what was typed as the next version. A form that changes nothing makes none.
    ///
    /// # Errors
    /// `NotFound`, `Invalid`, `Changed` when another version was saved since the form was shown, `Gone` once it ended.
    pub async fn save(
        &self,
        viewer: &Viewer,
        id: &ContractId,
        form: &ContractForm,
    ) -> Result<Contract> {
        let (shop, now) = (&viewer.shop.id, self.services.now());
        let mut write = self.services.inner.db.write().await?;
        let before = sql::lock(&mut write, shop, id).await?.ok_or_else(missing)?;
        if before.ended_at.is_some() {
            return Err(Error::Gone(
                "This contract has ended. Make a new one from it.".to_owned(),
            ));
        }
        let before = before.contract;
        if form.version()? != before.version {
            return Err(Error::Changed(format!(
                "Version {} was saved since you opened this page. Load it again to see it, then make your change.",
                before.version
            )));
        }
        let next = form.contract(&before)?;
        let same = Contract {
            version: before.version,
            ..next.clone()
        };
        if same == before {
            return Ok(before);
        }
        if next.version > LAST_VERSION {
            return Err(Error::Conflict(
                "This contract has its last version. Make a new one from it.".to_owned(),
            ));
        }
        sql::insert_version(&mut write, shop, &next, now).await?;
        sql::set_version(&mut write, shop, id, next.version).await?;
        write.commit().await?;
        Ok(next)
    }

    /// Ends a contract: nobody films under it any more, and its links stop working. What was filmed goes on naming it, and what
    /// waits on a device is still taken.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn end(&self, viewer: &Viewer, id: &ContractId) -> Result<()> {
        let (shop, now) = (&viewer.shop.id, self.services.now());
        let mut write = self.services.inner.db.write().await?;
        if !sql::end(&mut write, shop, id, now).await? {
            return Err(missing());
        }
        sql::link::delete_all(&mut write, shop, id).await?;
        write.commit().await
    }

    /// The contract that a product of the viewer's shop was filmed under.
    pub async fn of_product(
        &self,
        viewer: &Viewer,
        product: &ProductId,
    ) -> Result<Option<Contract>> {
        let mut connection = self.services.inner.db.read().await?;
        let Some(reference) = sql::of_product(&mut connection, &viewer.shop.id, product).await?
        else {
            return Ok(None);
        };
        find(&mut connection, &viewer.shop.id, &reference).await
    }
}
