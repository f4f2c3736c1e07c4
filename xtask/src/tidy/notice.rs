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

/// Whether one of the names is this path, a folder above it, or a pattern with one star that fits it.
fn covered(path: &str, named: &[&str]) -> bool {
    named.iter().any(|name| {
        if let Some((start, end)) = name.split_once('*') {
            return start.contains('/')
                && path
                    .strip_prefix(start)
                    .and_then(|rest| rest.strip_suffix(end))
                    .is_some_and(|middle| !middle.contains('/') || end.is_empty());
        }
        let folder = name.trim_end_matches('/');
        !folder.is_empty()
            && (path == folder
                || path
                    .strip_prefix(folder)
                    .is_some_and(|rest| rest.starts_with('/')))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree;

    #[test]
    fn a_pattern() {
        let notice = ("NOTICE", "Photos (server/seed/*.jpg, media/*)");
        let files = [
            notice,
            ("server/seed/cup.jpg", ""),
            ("media/a/b.png", ""),
            ("server/seed/cup.mp4", ""),
        ];
        assert_eq!(check(&tree(&files)).len(), 1);
    }

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
