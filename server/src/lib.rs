//! The server of Vitrine: command line, HTTP, page cache.
//!
//! | module | what |
//! | --- | --- |
//! | [`cli`], [`command`], [`config`] | the command line and what each command does |
//! | [`http`] | routes and the layers around them; one file a domain |
//! | [`page`], [`purge`] | finished public pages, and what drops them |
//! | [`asset`] | bundles, styles and icons |
//! | [`listen`] | the socket, limits on connections, draining |

pub mod asset;
pub mod cli;
pub mod command;
pub mod config;
pub mod http;
pub mod listen;
pub mod metric;
pub mod page;
pub mod purge;
pub mod state;
