//! `NOTICE` says where everything that is not code comes from.

use super::Tree;

/// Endings of pictures, clips, sounds, fonts and weights.
const MEDIA: [&str; 17] = [
    "avif",
    "webp",
    "jpg",
    "jpeg",
    "png",
    "gif",
    "mp4",
    "webm",
    "mov",
    "wav",
    "opus",
    "woff2",
    "ttf",
    "bin",
    "onnx",
    "safetensors",
    "ico",
];

/// Every media file that `NOTICE` names neither itself nor by a folder above it.
pub(super) fn check(tree: &Tree) -> Vec<String> {
    let Some(notice) = tree.text("NOTICE") else {
        return vec![
            "NOTICE is missing: it says where pictures, clips, fonts and weights come from."
                .to_owned(),
        ];
    };
    let named: Vec<&str> = notice
        .split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '(' | ')' | '`' | '|'))
        .map(|word| word.trim_end_matches(['.', ':']))
        .collect();
    tree.paths()
        .filter(|path| MEDIA.contains(&path.rsplit('.').next().unwrap_or_default()))
        .filter(|path| !covered(path, &named))
        .map(|path| {
            format!("{path} is not in NOTICE: say who made it, how, and under which licence.")
        })
        .collect()
}

/// Whether one of the names is this path or a folder above it.
fn covered(path: &str, named: &[&str]) -> bool {
    named.iter().any(|name| {
        let name = name.trim_end_matches(['*', '/']);
        !name.is_empty()
            && (path == name
                || path
                    .strip_prefix(name)
                    .is_some_and(|rest| rest.starts_with('/')))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree;

    #[test]
    fn a_file_or_a_folder_above_it() {
        let notice = (
            "NOTICE",
            "Pictures in `server/seed/`: drawn here.\npublic/models/shots.bin: trained here.",
        );
        let good = [
            notice,
            ("server/seed/photo/cup.jpg", ""),
            ("public/models/shots.bin", ""),
        ];
        assert_eq!(check(&tree(&good)), Vec::<String>::new());
        let bad = [
            notice,
            ("server/seedling/cup.jpg", ""),
            ("public/models/faces.bin", ""),
        ];
        assert_eq!(check(&tree(&bad)).len(), 2);
        assert_eq!(check(&tree(&[])).len(), 1);
    }
}
