//! `/manage…`

pub use super::{
    discount::codes,
    job::jobs,
    order::{filter as order_filter, order, orders},
    overview::{DAYS, Overview, TO_PACK, overview},
    product::{Editor, Show as ShowProducts, product, products},
    settings::{Settings, settings},
    terms::{Typed, delivery, taxes, texts},
};
