//! Encrypted connections of protocols other than HTTP.

use std::{path::Path, sync::Arc};

use casare_engine::NodeError;
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};
use rustls_platform_verifier::ConfigVerifierExt;

/// What a server's certificate is checked against: the system's authorities, or those in the PEM
/// file `authority`.
pub(crate) fn client_config(authority: Option<&Path>) -> Result<ClientConfig, NodeError> {
    // A program that has chosen a provider already keeps it; there is but one in the tree.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let Some(path) = authority else {
        return ClientConfig::with_platform_verifier().map_err(|error| {
            NodeError::unavailable(format!(
                "the system's certificate authorities can't be read: {error}"
            ))
            .with_help("install the package `ca-certificates`, or set `authority`")
        });
    };
    Ok(ClientConfig::builder()
        .with_root_certificates(Arc::new(roots(path)?))
        .with_no_client_auth())
}

fn roots(path: &Path) -> Result<RootCertStore, NodeError> {
    let unfit = |why: &dyn std::fmt::Display| {
        NodeError::invalid(format!(
            "setting `authority`: {} holds no certificates: {why}",
            path.display()
        ))
        .with_help("give a file with `-----BEGIN CERTIFICATE-----` in it")
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| unfit(&error))? {
        let certificate = certificate.map_err(|error| unfit(&error))?;
        roots.add(certificate).map_err(|error| unfit(&error))?;
    }
    if roots.is_empty() {
        return Err(unfit(&"it is empty"));
    }
    Ok(roots)
}
