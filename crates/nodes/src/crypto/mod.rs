//! Cryptography. Keys and passwords come from credentials, by name, and are let go of after use.

use casare_engine::Node;

mod decrypt;
mod encrypt;
mod hash;
mod hmac;
mod key;
mod sealed;
mod secret;
mod sign;
mod source;
pub(crate) mod totp;
mod verify;
mod writing;

pub(crate) fn nodes() -> Vec<Node> {
    vec![
        decrypt::node(),
        encrypt::node(),
        hash::node(),
        hmac::node(),
        sign::node(),
        totp::node(),
        verify::node(),
    ]
}
