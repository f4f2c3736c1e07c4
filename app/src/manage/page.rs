//! `/manage…`

pub use super::{
    job::jobs,
    order::{Show as ShowOrders, order, orders},
    overview::{Overview, overview},
    product::{Show as ShowProducts, product, products},
    settings::{Settings, settings},
};
