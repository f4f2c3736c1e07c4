//! What every page must know about the instance it is served from.

use std::collections::BTreeMap;

/// The instance as pages see it.
#[derive(Debug, Clone)]
pub struct Site {
    /// Scheme and host without a slash at the end, e.g. `https://shop.example`: for canonical links and link previews.
    pub public_url: String,
    /// Where the built files lie.
    pub assets: Assets,
    /// Whether the test gateway takes the payments; every page then says so.
    pub test_payments: bool,
}

impl Site {
    /// The absolute address of a path that begins with a slash.
    #[must_use]
    pub fn absolute(&self, path: &str) -> String {
        format!("{}{path}", self.public_url.trim_end_matches('/'))
    }
}

/// Where the built files lie: logical names to the paths they are served under (the site folder's `manifest.json`).
#[derive(Debug, Clone, Default)]
pub struct Assets(BTreeMap<String, String>);

impl Assets {
    /// Reads `manifest.json`: one JSON object, logical name to URL path.
    ///
    /// # Errors
    /// When the text is not such an object.
    pub fn parse(json: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(json).map(Self)
    }

    /// The URL path of a built file, if it was built.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The URL path of a built file; for one that was not built, the path it would have without a hash, so that the
    /// browser's log names what is missing.
    #[must_use]
    pub fn url(&self, name: &str) -> String {
        self.get(name)
            .map_or_else(|| format!("/pkg/{name}"), str::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_names_hashed_files() {
        let assets = Assets::parse(r#"{"shop.css":"/pkg/shop-1f.css"}"#).expect("a manifest");
        assert_eq!(assets.url("shop.css"), "/pkg/shop-1f.css");
        assert_eq!(assets.url("studio.css"), "/pkg/studio.css");
        assert_eq!(assets.get("studio.css"), None);
        assert!(Assets::parse("[1]").is_err());
    }
}
