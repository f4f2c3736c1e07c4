//! What the server tells the studio through its page: the JSON in `<script type="application/json" id="studio-config">`.

use serde::{Deserialize, Serialize};

use crate::{capture::Contract, id::PersonId, identity::Shop};

/// The studio's configuration. Every address is absolute or starts with `/`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// Who is signed in: what they leave on the device is theirs.
    pub person: PersonId,
    /// The shop a page made here belongs to.
    pub shop: Shop,
    /// The module script every worker starts as.
    pub worker_boot: String,
    /// The worker's CPU build.
    pub worker_cpu: Bundle,
    /// The worker's GPU build; absent where the site was built without it.
    #[serde(default)]
    pub worker_gpu: Option<Bundle>,
    /// The trained weights of the shot network; absent where the site was built without them.
    #[serde(default)]
    pub weights: Option<String>,
    /// The weights of TransNetV2, for precise analysis on the GPU; absent where the site was built without them.
    #[serde(default)]
    pub precise: Option<String>,
    /// Longest upload the server takes, bytes.
    pub max_upload_bytes: u64,
    /// The address the shop is reached at, e.g. `https://shop.example`.
    pub public_url: String,
    /// What can be filmed under here, the free one first.
    #[serde(default)]
    pub contracts: Vec<Contract>,
}

/// One wasm-bindgen bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bundle {
    /// The ES module.
    pub js: String,
    /// The WebAssembly file beside it.
    pub wasm: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_without_a_gpu_build_says_so_by_silence() {
        let config: Config = serde_json::from_str(
            r#"{"person":"p1","shop":{"id":"s1","name":"Tonwerk","handle":"tonwerk","currency":"EUR"},
                "worker_boot":"/pkg/worker-boot-1.js",
                "worker_cpu":{"js":"/pkg/w-1.js","wasm":"/pkg/w-1.wasm"},
                "max_upload_bytes":536870912,
                "public_url":"http://localhost:3000"}"#,
        )
        .expect("a configuration");
        assert_eq!(config.shop.handle, "tonwerk");
        assert!(config.contracts.is_empty());
        assert_eq!(config.worker_gpu, None);
        assert_eq!(config.weights, None);
        assert_eq!(config.precise, None);
        assert_eq!(config.worker_cpu.wasm, "/pkg/w-1.wasm");
    }
}
