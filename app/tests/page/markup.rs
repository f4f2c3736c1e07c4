//! Reading documents as far as the tests need it. Leptos quotes every value and escapes every text.

/// The start tags of a document: name and the text of its attributes.
pub(crate) fn tags(html: &str) -> Vec<(&str, &str)> {
    let mut tags = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        rest = &rest[at..];
        if !rest[1..].starts_with(|c: char| c.is_ascii_alphabetic()) {
            rest = &rest[1..];
            continue;
        }
        let (name, attributes, after) = start_tag(rest);
        tags.push((name, attributes));
        rest = after;
        if name == "script" {
            rest = &rest[rest.find("</script>").expect("a script ends")..];
        }
    }
    tags
}

/// The start tag that `html` begins with: its name, the text of its attributes, and what follows it.
pub(crate) fn start_tag(html: &str) -> (&str, &str, &str) {
    // Quoted values may hold '>'.
    let mut quoted = false;
    let end = html
        .find(|c: char| {
            quoted ^= c == '"';
            c == '>' && !quoted
        })
        .expect("a tag ends");
    let tag = &html[1..end];
    let (name, attributes) = tag
        .split_once(|c: char| c.is_whitespace())
        .unwrap_or((tag, ""));
    (name.trim_end_matches('/'), attributes, &html[end + 1..])
}

/// The value of an attribute, as it stands in the document.
pub(crate) fn value<'a>(attributes: &'a str, name: &str) -> Option<&'a str> {
    let start = format!("{name}=\"");
    let mut rest = attributes;
    loop {
        let at = rest.find(&start)?;
        let begins = at == 0 || rest[..at].ends_with(|c: char| c.is_whitespace());
        let after = &rest[at + start.len()..];
        let end = after.find('"')?;
        if begins {
            return Some(&after[..end]);
        }
        rest = after;
    }
}

/// The names of the attributes of a tag.
pub(crate) fn names(attributes: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut quoted = false;
    let mut name = String::new();
    for c in attributes.chars() {
        match c {
            '"' => quoted = !quoted,
            _ if quoted => {}
            '=' => names.push(std::mem::take(&mut name)),
            c if c.is_whitespace() => {
                if !name.is_empty() {
                    names.push(std::mem::take(&mut name));
                }
            }
            c => name.push(c),
        }
    }
    if !name.is_empty() {
        names.push(name);
    }
    names
}
