//! Buying: quotes, holds, orders, payments.
