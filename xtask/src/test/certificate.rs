//! Certificates for the PostgreSQL of the tests: one that an authority of ours made out to its addresses, and an authority that
//! has nothing to do with it.

use anyhow::Result;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

/// What a server proves itself with, and what a client believes; all of it PEM.
pub(super) struct Certificates {
    /// The authority that made the certificate.
    pub(super) authority: String,
    /// One that did not.
    pub(super) other: String,
    /// The server's certificate.
    pub(super) server: String,
    /// The server's key.
    pub(super) key: String,
}

impl Certificates {
    /// Makes them out to `names`, which may be addresses.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub(super) fn for_names(names: &[&str]) -> Result<Self> {
        let (authority, issuer) = new_authority()?;
        let (other, _) = new_authority()?;
        let key = KeyPair::generate()?;
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let server = CertificateParams::new(names)?.signed_by(&key, &issuer)?;
        Ok(Self {
            authority,
            other,
            server: server.pem(),
            key: key.serialize_pem(),
        })
    }
}

fn new_authority() -> Result<(String, Issuer<'static, KeyPair>)> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(Vec::<String>::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let pem = params.self_signed(&key)?.pem();
    Ok((pem, Issuer::new(params, key)))
}
