//! Which field of a credential holds the secret that is needed.

use casare_engine::{Credential, NodeError};

/// The secret in `field`, or in the first of `usual` that the credential has.
pub(super) fn field<'c>(
    credential: &'c Credential,
    field: Option<&str>,
    usual: &[&str],
) -> Result<&'c str, NodeError> {
    if let Some(field) = field {
        return credential.field(field);
    }
    let found = usual.iter().find_map(|name| credential.optional(name));
    match (found, usual.first()) {
        (Some(secret), _) => Ok(secret),
        // Says which fields there are.
        (None, Some(first)) => credential.field(first),
        (None, None) => Err(NodeError::bug("no field of a credential is asked for")),
    }
}
