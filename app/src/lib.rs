//! What people see: every page of Vitrine, rendered on the server.
//!
//! Each page is one function that returns a complete HTML document. Pages hold no inline style and no inline script
//! that runs, so that the policy `style-src 'self'; script-src 'self' 'wasm-unsafe-eval'` holds on all of them; colours
//! that stand in for pictures are drawn as SVG. Pages that sell work with JavaScript off; islands only add comfort.
//!
//! | page | function |
//! | --- | --- |
//! | `/` | [`shop::page::front`], [`shop::page::shops`], [`shop::page::welcome`] |
//! | `/@{handle}` | [`shop::page::front`] |
//! | `/p/{slug}`, `/p/{slug}/waitlist` | [`catalog::page`] |
//! | `/checkout/{token}`, `/order/{token}` | [`checkout::page`] |
//! | `/setup/{token}`, `/sign-in` | [`identity::page`] |
//! | `/contract/{token}` | [`capture::page::shared`] |
//! | `/studio` | [`studio::page::studio`] |
//! | `/manage…` | [`manage::page`] |
//! | anything that went wrong | [`error::page::error`] |
//!
//! Server functions are in the `api` of their domain; [`function`] has what all of them share.

pub mod capture;
pub mod catalog;
pub mod checkout;
mod document;
pub mod error;
mod flash;
mod form;
pub mod function;
mod icon;
pub mod identity;
pub mod manage;
mod marker;
mod media;
mod payment;
pub mod shop;
mod site;
pub mod studio;

pub use document::render;
pub use site::{Assets, Site};
