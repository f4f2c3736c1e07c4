//! `/manage…`

pub use super::{
    order::{Show as ShowOrders, order, orders},
    overview::{Overview, overview},
    product::{Show as ShowProducts, product, products},
};
