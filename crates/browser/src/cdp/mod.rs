//! The part of the DevTools protocol that this crate speaks, one module a domain. Written by
//! `cargo xtask cdp-types`; edit the list there, not these files.

use serde::{Serialize, de::DeserializeOwned};

pub(crate) mod browser;
pub(crate) mod dom;
pub(crate) mod emulation;
pub(crate) mod fetch;
pub(crate) mod input;
pub(crate) mod inspector;
pub(crate) mod network;
pub(crate) mod page;
pub(crate) mod runtime;
pub(crate) mod storage;
pub(crate) mod target;

/// A request and the type of its answer.
pub(crate) trait Command: Serialize {
    const METHOD: &'static str;
    type Reply: DeserializeOwned;
}

/// A notification; its parameters are parsed only where someone listens.
pub(crate) trait Event: DeserializeOwned {
    const METHOD: &'static str;
}
