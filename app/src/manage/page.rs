//! `/manage…`

pub use super::{
    job::jobs,
    order::{filter as order_filter, order, orders},
    overview::{DAYS, Overview, TO_PACK, overview},
    product::{Editor, Show as ShowProducts, product, products},
};
