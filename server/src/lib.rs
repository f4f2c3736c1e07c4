//! The server of Vitrine: command line, HTTP, page cache.
//!
//! | module | what |
//! | --- | --- |
//! | [`cli`], [`command`], [`config`] | the command line and what each command does |
//! | [`http`] | routes and the layers around them; one file a domain |
//! | [`cache`] | finished public pages by key, dropped by tag |
//! | [`edge`] | a shared cache in front of an origin (RFC 9111) |
//! | [`role`] | what a process is |
//! | [`asset`] | bundles, styles and icons |
//! | [`listen`] | the socket, limits on connections, draining |

pub mod asset;
pub mod cache;
pub mod cli;
pub mod command;
pub mod config;
pub mod edge;
pub mod http;
pub mod listen;
pub mod metric;
pub mod role;
pub mod state;
