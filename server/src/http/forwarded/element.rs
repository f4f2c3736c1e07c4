//! The elements of `Forwarded` (RFC 7239, section 4): `for=192.0.2.60;proto=https;host=shop.example, for="[2001:db8::1]:80"`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use axum::http::{HeaderMap, header};

/// What one proxy wrote.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Element {
    /// Who connected to it; `None` where that is hidden or unreadable.
    pub(super) node: Option<IpAddr>,
    /// The host it was asked under.
    pub(super) host: Option<String>,
    /// The scheme it was asked with.
    pub(super) proto: Option<String>,
}

impl Element {
    /// Every element, in the order of the header. A malformed one takes its place and says nothing.
    pub(super) fn list(headers: &HeaderMap) -> Vec<Self> {
        headers
            .get_all(header::FORWARDED)
            .iter()
            .map(|line| line.to_str().unwrap_or_default())
            .flat_map(|line| split(line, ','))
            .map(|element| Self::parse(&element))
            .collect()
    }

    fn parse(text: &str) -> Self {
        let mut found = Self::default();
        for pair in split(text, ';') {
            let Some((name, value)) = pair.split_once('=') else {
                continue;
            };
            let value = unquoted(value.trim());
            match name.trim().to_ascii_lowercase().as_str() {
                "for" => found.node = node(&value),
                "host" => found.host = Some(value),
                "proto" => found.proto = Some(value),
                _ => {}
            }
        }
        found
    }
}

/// Splits at `mark` outside of quoted strings.
fn split(text: &str, mark: char) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let (mut quoted, mut escaped) = (false, false);
    for c in text.chars() {
        if c == mark && !quoted {
            pieces.push(String::new());
            continue;
        }
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => {}
        }
        if let Some(piece) = pieces.last_mut() {
            piece.push(c);
        }
    }
    pieces
}

/// The text of a token or of a quoted string (RFC 9110, section 5.6.4).
fn unquoted(value: &str) -> String {
    let Some(inner) = value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
    else {
        return value.to_owned();
    };
    let mut text = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(c) = characters.next() {
        match c {
            '\\' => text.extend(characters.next()),
            c => text.push(c),
        }
    }
    text
}

/// An address with or without a port; IPv6 stands in brackets where it has one. `unknown` and hidden names are none.
pub(super) fn node(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let text = text
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or(text);
    let address = if let Some(rest) = text.strip_prefix('[') {
        let (address, port) = rest.split_once(']')?;
        if !port.is_empty() && !port.starts_with(':') {
            return None;
        }
        IpAddr::V6(address.parse::<Ipv6Addr>().ok()?)
    } else if let Ok(address) = text.parse::<IpAddr>() {
        address
    } else {
        let (address, _port) = text.rsplit_once(':')?;
        IpAddr::V4(address.parse::<Ipv4Addr>().ok()?)
    };
    Some(address.to_canonical())
}
