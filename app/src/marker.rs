//! The comments by which an island finds its parts when it wakes.
//!
//! Leptos writes most of them as `<!>`, which browsers read as an empty comment and the HTML standard calls a parse error
//! (incorrectly opened comment). In what is hydrated they are written out, which makes the same node; elsewhere nobody
//! reads them, and no comment stays.

const MARKER: &str = "<!>";
const COMMENT: &str = "<!---->";
/// What the parts of an island stand in.
const ISLAND: &str = "leptos-island";
/// What was passed to an island from outside: its own walk leaves it out.
const CHILDREN: &str = "leptos-children";
/// Elements whose content is text to a parser, whatever it looks like.
const TEXT_ONLY: [&str; 4] = ["script", "style", "textarea", "title"];

/// The same page with markers that are valid, and only those that an island needs. `html` is what Leptos rendered: attributes
/// are quoted and text is escaped.
pub(crate) fn valid(html: &str) -> String {
    let mut page = String::with_capacity(html.len());
    // Of each island and each of its children that is open: whether it is hydrated.
    let mut open: Vec<bool> = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        page.push_str(&rest[..at]);
        rest = &rest[at..];
        let is_hydrated = open.last() == Some(&true);
        if let Some(after) = rest.strip_prefix(MARKER) {
            if is_hydrated {
                page.push_str(COMMENT);
            }
            rest = after;
            continue;
        }
        if rest.starts_with("<!--") && !is_hydrated {
            rest = &rest[end_of_tag(rest)..];
            continue;
        }
        let name = name(rest);
        let end = if TEXT_ONLY.contains(&name) {
            end_of_element(rest, name)
        } else {
            end_of_tag(rest)
        };
        match name {
            ISLAND => open.push(true),
            CHILDREN => open.push(false),
            _ if rest[1..end].starts_with('/') && [ISLAND, CHILDREN].contains(&closed(rest)) => {
                open.pop();
            }
            _ => {}
        }
        page.push_str(&rest[..end]);
        rest = &rest[end..];
    }
    page.push_str(rest);
    page
}

/// The name in the start tag that `html` begins with; empty for anything else.
fn name(html: &str) -> &str {
    let name = &html[1..];
    let end = name
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '-')
        .unwrap_or(name.len());
    &name[..end]
}

/// The name in the end tag that `html` begins with.
fn closed(html: &str) -> &str {
    name(&html[1..])
}

/// Where the tag or the comment that `html` begins with ends. Quoted values may hold anything.
fn end_of_tag(html: &str) -> usize {
    if html.starts_with("<!--") {
        return html.find("-->").map_or(html.len(), |at| at + 3);
    }
    let mut quote = None;
    for (at, byte) in html.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return at + 1,
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), byte) if open == byte => quote = None,
            _ => {}
        }
    }
    html.len()
}

/// Where the element that `html` begins with ends, when its content is only text.
fn end_of_element(html: &str, name: &str) -> usize {
    html.match_indices("</")
        .map(|(at, _)| at)
        .find(|at| html[at + 2..].starts_with(name))
        .unwrap_or(html.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_stay_where_an_island_is_hydrated() {
        let island = "<leptos-island data-component=\"A\"><b>1<!>2</b><leptos-children><i>3<!>4</i><leptos-island>5<!>6</leptos-island><!></leptos-children><!></leptos-island>";
        assert_eq!(
            valid(&format!("<!DOCTYPE html><p>a<!>b</p>{island}<!>")),
            "<!DOCTYPE html><p>ab</p><leptos-island data-component=\"A\"><b>1<!---->2</b><leptos-children><i>34</i><leptos-island>5<!---->6</leptos-island></leptos-children><!----></leptos-island>"
        );
    }

    #[test]
    fn what_only_looks_like_a_marker_stays() {
        for kept in [
            "<a title=\"<!>\" href='<!>'>x</a>",
            "<script>a(\"<!>\")</script>",
            "<style>a::before { content: \"<!>\" }</style>",
            "<textarea>\n<!></textarea>",
            "<title><!></title>",
            "a &lt;!&gt; b < c",
            "<a",
            "<script>",
            "<",
            "",
        ] {
            assert_eq!(valid(kept), kept);
        }
        let hydrated = "<leptos-island><!--<() /> <!> --></leptos-island>";
        assert_eq!(valid(hydrated), hydrated);
        assert_eq!(valid("a<!--<() />-->b<!-- <!> -->c<!--"), "abc");
        assert_eq!(
            valid("<textarea>\n</textarea><!>"),
            "<textarea>\n</textarea>"
        );
    }
}
