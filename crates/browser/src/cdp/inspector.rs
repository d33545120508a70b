//! What is used of the `Inspector` domain. Written by `cargo xtask cdp-types` from devtools-protocol
//! 0.0.1734725; edit the list there, not this file.

use serde::{Deserialize, Serialize, de::IgnoredAny};

use super::{Command, Event};

#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Enable {}

impl Command for Enable {
    const METHOD: &'static str = "Inspector.enable";
    type Reply = IgnoredAny;
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct TargetCrashed {}

impl Event for TargetCrashed {
    const METHOD: &'static str = "Inspector.targetCrashed";
}
