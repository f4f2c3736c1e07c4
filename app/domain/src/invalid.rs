//! What is wrong with something a person typed.

use std::fmt;

/// A field and a whole sentence about it: what is wrong and what would be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    /// The name of the form field.
    pub field: &'static str,
    /// A whole sentence for the person who typed.
    pub message: String,
}

impl Invalid {
    /// Names the field and says what is wrong with it.
    #[must_use]
    pub fn new(field: &'static str, message: impl Into<String>) -> Self {
        Self {
            field,
            message: message.into(),
        }
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Invalid {}

/// The characters around a name whose direction is its own: FIRST STRONG ISOLATE and POP DIRECTIONAL ISOLATE (Unicode Standard
/// Annex 9, section 2.4).
const ISOLATE: [char; 2] = ['\u{2068}', '\u{2069}'];

/// A name that somebody else chose, to be put into a sentence: what is written from right to left does not turn the rest.
#[must_use]
pub fn isolated(name: &str) -> String {
    let [begin, end] = ISOLATE;
    let name: String = name.chars().filter(|c| !ISOLATE.contains(c)).collect();
    format!("{begin}{name}{end}")
}

/// The parts of a sentence, in order, and whether each is a name that [`isolated`] put there.
pub fn parts(message: &str) -> impl Iterator<Item = (&str, bool)> {
    message
        .split_inclusive(ISOLATE)
        .map(|part| match part.strip_suffix(ISOLATE) {
            Some(name) => (name, part.ends_with(ISOLATE[1])),
            None => (part, false),
        })
        .filter(|(part, _)| !part.is_empty())
}

/// Collapses runs of white space to one space, drops control characters, and trims.
///
/// Every one-line text that a person types goes through this before it is kept.
#[must_use]
pub fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()) {
        if word.is_empty() {
            continue;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}

/// Normalises line ends to `\n`, drops other control characters, trims each line's end and the whole.
#[must_use]
pub fn many_lines(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let lines: Vec<String> = text
        .split('\n')
        .map(|line| {
            let kept: String = line.chars().filter(|c| !c.is_control()).collect();
            kept.trim_end().to_owned()
        })
        .collect();
    lines.join("\n").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_a_sentence_are_told_apart() {
        let message = format!(
            "{}: damaged, like {}.",
            isolated("שלום\u{2069}.jpg"),
            isolated("b")
        );
        assert_eq!(
            parts(&message).collect::<Vec<_>>(),
            [
                ("שלום.jpg", true),
                (": damaged, like ", false),
                ("b", true),
                (".", false)
            ]
        );
        assert_eq!(parts("No name.").collect::<Vec<_>>(), [("No name.", false)]);
    }

    #[test]
    fn text_is_tidied() {
        assert_eq!(one_line("  a\t\u{0}b \n c "), "a b c");
        assert_eq!(many_lines("\r\n a \r\n\r\nb\u{7}\rc\n\n"), "a\n\nb\nc");
    }
}
