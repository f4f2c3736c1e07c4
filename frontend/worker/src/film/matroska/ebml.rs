//! EBML (RFC 8794): elements of a number, a length and a body.

/// The number and length of an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    /// With its length marker.
    pub(super) id: u32,
    /// Of the body, bytes; `None` is unknown (§6.2).
    pub(super) len: Option<u64>,
    /// Of the number and length themselves, bytes.
    pub(super) own: u64,
}

impl Head {
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let width = width(*bytes.first()?).filter(|&w| w <= 4)?;
        let number = bytes.get(..width)?;
        let id = number.iter().fold(0, |id, &b| id << 8 | u32::from(b));
        let (len, own) = vint(bytes.get(width..)?)?;
        Some(Self {
            id,
            len,
            own: (width + own) as u64,
        })
    }
}

/// How many bytes a number takes, from its first.
fn width(first: u8) -> Option<usize> {
    (first > 0).then(|| first.leading_zeros() as usize + 1)
}

/// A number of variable length (§4) without its marker, `None` where all its bits are 1, and how many bytes it takes.
pub(super) fn vint(bytes: &[u8]) -> Option<(Option<u64>, usize)> {
    let width = width(*bytes.first()?)?;
    let all = bytes
        .get(..width)?
        .iter()
        .fold(0, |n, &b| n << 8 | u64::from(b));
    let most = (1_u64 << (7 * width)) - 1;
    let value = all & most;
    Some(((value != most).then_some(value), width))
}

/// The elements in a body that is there as a whole, up to the first that is not.
pub(super) fn children(mut body: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    std::iter::from_fn(move || {
        let head = Head::read(body)?;
        let rest = body.get(head.own as usize..)?;
        let len = usize::try_from(head.len?).ok()?;
        let own = rest.get(..len)?;
        body = &rest[len..];
        Some((head.id, own))
    })
}

/// The first child with this number.
pub(super) fn child(body: &[u8], id: u32) -> Option<&[u8]> {
    children(body).find(|c| c.0 == id).map(|c| c.1)
}

/// An unsigned integer's body (§7.2).
pub(super) fn unsigned(body: &[u8]) -> u64 {
    body.iter().take(8).fold(0, |n, &b| n << 8 | u64::from(b))
}

/// The unsigned integer in the first child with this number.
pub(super) fn number(body: &[u8], id: u32) -> Option<u64> {
    child(body, id).map(unsigned)
}

/// The float in the first child with this number (§7.3).
pub(super) fn float(body: &[u8], id: u32) -> Option<f64> {
    let body = child(body, id)?;
    match body.len() {
        4 => Some(f64::from(f32::from_be_bytes(body.try_into().ok()?))),
        8 => Some(f64::from_be_bytes(body.try_into().ok()?)),
        _ => None,
    }
}

/// What kind of file an EBML header's body announces; strings may be padded with zeros.
pub(super) fn doc_type(body: &[u8]) -> Option<&[u8]> {
    let text = child(body, 0x4282)?;
    let end = text.iter().position(|&b| b == 0).unwrap_or(text.len());
    text.get(..end)
}
