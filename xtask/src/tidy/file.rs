//! What no file may have.

use super::Tree;

/// The most lines a file may have, by its ending.
const LINES: [(&str, usize); 2] = [(".rs", 600), (".ts", 300)];

/// Folders of somebody's machine. Put together here, so that this file is not its own breach.
const MACHINE: [&str; 4] = [
    concat!("/", "root/"),
    concat!("/", "work/"),
    concat!("/", "Users/"),
    concat!("/", "home/"),
];

/// What marks something as unfinished or switched off, by the file's ending.
const MARKS: [(&str, &str); 6] = [
    (".rs", concat!("todo", "!(")),
    (".rs", concat!("unimplemented", "!(")),
    (".rs", concat!("#[", "ignore")),
    (".ts", concat!("test", ".only(")),
    (".ts", concat!("test", ".fixme(")),
    (".ts", concat!("describe", ".only(")),
];

/// Module names that say nothing.
const VAGUE: [&str; 5] = ["utils", "util", "helper", "manager", "common"];

/// Every file that is too long, names a machine, has a mark, or a name that says nothing.
pub(super) fn check(tree: &Tree) -> Vec<String> {
    let mut breaches = Vec::new();
    for (path, text) in &tree.files {
        let count = text.lines().count();
        for (_, most) in LINES
            .iter()
            .filter(|(end, most)| path.ends_with(end) && count > *most)
        {
            breaches.push(format!(
                "{path} has {count} lines, more than {most}: split it by capability."
            ));
        }
        for folder in MACHINE.iter().filter(|folder| names(text, folder)) {
            breaches.push(format!(
                "{path} names a folder of somebody's machine ({folder}…)."
            ));
        }
        for (end, mark) in MARKS {
            // A test that another one runs, in a process of its own, is not switched off.
            let run = mark.contains("ignore") && text.contains("--ignored");
            if path.ends_with(end) && text.contains(mark) && !run {
                breaches.push(format!("{path} has `{mark}`."));
            }
        }
        let stems = path
            .split('/')
            .map(|part| part.split('.').next().unwrap_or(part));
        for stem in stems.filter(|stem| VAGUE.contains(stem)) {
            breaches.push(format!("{path}: `{stem}` says nothing; name the noun."));
        }
    }
    breaches
}

/// Whether a text has this absolute path: not as the middle of a longer one, nor of a URL.
fn names(text: &str, folder: &str) -> bool {
    text.match_indices(folder).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        !before.is_some_and(|c| {
            c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '}' | '/' | '@' | '*')
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree;

    #[test]
    fn finds_each_kind() {
        let long = "\n".repeat(LINES[0].1 + 1);
        let path = format!("open(\"{}me/x\")", MACHINE[3]);
        let mark = format!("{}\"later\")", MARKS[0].1);
        let files = [
            ("a.rs", long.as_str()),
            ("b.md", path.as_str()),
            ("c.rs", mark.as_str()),
            ("src/utils.rs", ""),
            ("a.ts", long.as_str()),
            ("a.txt", long.as_str()),
        ];
        assert_eq!(check(&tree(&files)).len(), 5);
    }

    #[test]
    fn leaves_the_rest() {
        let run = format!("{}]\nCommand::new(this).arg(\"--ignored\")", MARKS[2].1);
        let files = [
            (
                "a.md",
                "https://example.org/home/page and target/work/x and ./root/",
            ),
            ("b.md", MARKS[0].1),
            ("src/utilise.rs", "fn ignore() {}"),
            ("c.rs", run.as_str()),
        ];
        assert_eq!(check(&tree(&files)), Vec::<String>::new());
    }
}
