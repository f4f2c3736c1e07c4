//! `/manage…`

pub use super::{
    access::{Access, access},
    capture::{ContractEditor, contract, contracts},
    discount::codes,
    job::jobs,
    ledger::{Books, explained, ledger},
    order::{filter as order_filter, order, orders},
    overview::{DAYS, Overview, TO_PACK, overview},
    payment::{Payments, payments},
    product::{Editor, Show as ShowProducts, product, products},
    refund::Refunding,
    settings::{Settings, settings},
    terms::{Typed, delivery, taxes, texts},
    variant::{VariantsEditor, variants},
};
