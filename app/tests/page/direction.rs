//! People write from left to right and from right to left, and a page holds both.

use crate::{
    fixture::site,
    markup::{names, start_tag, tags, value},
    pages_of,
};

/// Elements without an end tag.
const VOID: [&str; 7] = ["br", "hr", "img", "input", "link", "meta", "source"];

/// An element that finds its own direction, while it is open.
struct Isolate {
    /// Its place among the open elements.
    depth: usize,
    /// All text in it.
    text: String,
}

fn runs_right_to_left(text: &str) -> bool {
    text.chars()
        .any(|c| matches!(c, '\u{590}'..='\u{6ff}' | '\u{fb1d}'..='\u{fefc}'))
}

/// What a person wrote on a page and stands in no element that finds its direction, or in one that also holds words of ours.
fn misplaced(html: &str) -> Vec<String> {
    let body = &html[html.find("<body").expect("a body")..];
    let mut misplaced = Vec::new();
    let mut open: Vec<&str> = Vec::new();
    let mut isolates: Vec<Isolate> = Vec::new();
    let mut rest = body;
    while let Some(at) = rest.find('<') {
        let text = &rest[..at];
        match isolates.last_mut() {
            Some(isolate) => isolate.text.push_str(text),
            None if runs_right_to_left(text) => misplaced.push(text.to_owned()),
            None => {}
        }
        rest = &rest[at..];
        if rest.starts_with("</") {
            let ended = open.pop();
            if let Some(isolate) = isolates.pop_if(|isolate| isolate.depth == open.len()) {
                // In a text area each line finds its own (HTML, section 15.3.6).
                let parts: Vec<&str> = match ended {
                    Some("textarea") => isolate.text.lines().collect(),
                    _ => vec![&isolate.text],
                };
                let is_mixed = |text: &&str| {
                    text.bytes().any(|b| b.is_ascii_alphabetic()) && runs_right_to_left(text)
                };
                let mixed = parts.into_iter().filter(is_mixed).map(str::to_owned);
                misplaced.extend(mixed);
            }
            rest = &rest[rest.find('>').expect("a tag ends") + 1..];
            continue;
        }
        if rest.starts_with("<!") {
            rest = &rest[rest.find('>').expect("a comment ends") + 1..];
            continue;
        }
        let (name, attributes, after) = start_tag(rest);
        let is_isolated = name == "bdi" || value(attributes, "dir") == Some("auto");
        let typed = value(attributes, "value").unwrap_or_default();
        let is_hidden = value(attributes, "type") == Some("hidden");
        if runs_right_to_left(typed) && !is_hidden && !is_isolated {
            misplaced.push(typed.to_owned());
        }
        rest = after;
        if name == "script" {
            rest = &rest[rest.find("</script>").expect("a script ends") + "</script>".len()..];
        } else if !VOID.contains(&name) && !attributes.ends_with('/') {
            if is_isolated {
                isolates.push(Isolate {
                    depth: open.len(),
                    text: String::new(),
                });
            }
            open.push(name);
        }
    }
    assert!(open.is_empty() || open == ["html"], "{open:?} did not end");
    misplaced
}

#[test]
fn what_people_write_finds_its_own_direction() {
    for words in ["כוס תה מחרס", "كوب شاي من الفخار"] {
        let pages = pages_of(&site(true), words, "Something is not right.");
        let shown = pages.iter().filter(|(_, html)| html.contains(words));
        assert!(shown.count() > 40, "the pages show what people write");
        for (page, html) in pages {
            assert_eq!(misplaced(&html), [""; 0], "{page}");
        }
    }
}

#[test]
fn a_word_without_a_direction_is_found() {
    let found = |body: &str| misplaced(&format!("<html><body>{body}</body></html>"));
    assert_eq!(found("<p>כוס</p>"), ["כוס"]);
    assert_eq!(found("<p dir=\"auto\">By כוס</p>"), ["By כוס"]);
    assert_eq!(found("<input value=\"כוס\">"), ["כוס"]);
    let area = |text: &str| found(&format!("<textarea dir=\"auto\">{text}</textarea>"));
    assert_eq!(area("Cup\nכוס"), [""; 0]);
    assert_eq!(area("Cup כוס"), ["Cup כוס"]);
    assert_eq!(
        found("<p>By <bdi>כוס</bdi><br> of <b dir=\"auto\">כוס</b></p>"),
        [""; 0]
    );
}

#[test]
fn every_field_of_words_takes_both_directions() {
    for (page, html) in pages_of(&site(true), "כוס", "Something is not right.") {
        for (name, attributes) in tags(&html) {
            let kind = value(attributes, "type");
            let is_worded = name == "textarea"
                || (name == "input" && matches!(kind, None | Some("text" | "email" | "search")));
            let is_number =
                names(attributes).iter().any(|name| name == "inputmode") && kind.is_none();
            if is_worded && !is_number {
                assert_eq!(
                    value(attributes, "dir"),
                    Some("auto"),
                    "{page}: {attributes}"
                );
            }
        }
    }
}
