//! What lies beside the pages: pictures, style sheets, fonts and icons.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use domain::media::Media;

use crate::fixture::file;

/// Copies the pictures and reads their sizes.
pub(crate) fn pictures(from: &Path, out: &Path) -> io::Result<Vec<Media>> {
    fs::create_dir_all(out.join("media"))?;
    let mut paths: Vec<PathBuf> = fs::read_dir(from)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    paths.sort();
    let mut media = Vec::new();
    for path in paths
        .iter()
        .filter(|path| path.extension().is_some_and(|end| end == "jpg"))
    {
        let bytes = fs::read(path)?;
        let Some(((width, height), name)) =
            size(&bytes).zip(path.file_name().and_then(|name| name.to_str()))
        else {
            continue;
        };
        fs::write(out.join("media").join(name), &bytes)?;
        media.push(file(&format!("/media/{name}"), width, height));
    }
    if media.len() < 4 {
        return Err(io::Error::other(
            "the preview needs at least four JPEG files",
        ));
    }
    Ok(media)
}

/// Width and height from the first start-of-frame segment of a JPEG (ITU T.81, B.2.2).
fn size(bytes: &[u8]) -> Option<(u32, u32)> {
    let word = |at: usize| Some(u32::from(*bytes.get(at)?) << 8 | u32::from(*bytes.get(at + 1)?));
    let mut at = 2;
    loop {
        let marker = word(at)?;
        if (0xffc0..=0xffc2).contains(&marker) {
            return Some((word(at + 7)?, word(at + 5)?));
        }
        at += 2 + usize::try_from(word(at + 2)?).ok()?;
    }
}

/// The three style sheets with their imports put in, and the fonts where npm has put them.
pub(crate) fn styles(root: &Path, out: &Path) -> io::Result<()> {
    fs::create_dir_all(out.join("pkg"))?;
    let style = root.join("style");
    for sheet in ["shop", "manage", "studio"] {
        let entry = fs::read_to_string(style.join(format!("{sheet}.css")))?;
        let mut css = String::new();
        for line in entry.lines() {
            let import = line
                .strip_prefix("@import \"")
                .and_then(|rest| rest.strip_suffix("\";"));
            match import {
                Some(part) => css.push_str(&fs::read_to_string(style.join(part))?),
                None => css.push_str(line),
            }
            css.push('\n');
        }
        fs::write(out.join(format!("pkg/{sheet}-0.css")), css)?;
    }
    let fonts = out.join("static/fonts");
    fs::create_dir_all(&fonts)?;
    for family in ["instrument-sans", "fraunces"] {
        let Ok(files) =
            fs::read_dir(root.join(format!("node_modules/@fontsource-variable/{family}/files")))
        else {
            println!("no fonts: run npm ci first");
            continue;
        };
        for entry in files.flatten() {
            fs::copy(entry.path(), fonts.join(entry.file_name()))?;
        }
    }
    for icon in fs::read_dir(root.join("public"))?
        .flatten()
        .filter(|entry| entry.path().is_file())
    {
        fs::copy(icon.path(), out.join("static").join(icon.file_name()))?;
    }
    Ok(())
}
