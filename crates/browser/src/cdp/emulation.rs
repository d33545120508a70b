//! What is used of the `Emulation` domain. Written by `cargo xtask cdp-types` from devtools-protocol
//! 0.0.1734725; edit the list there, not this file.

use serde::{Serialize, de::IgnoredAny};

use super::Command;

#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SetDeviceMetricsOverride {
    pub(crate) width: i64,
    pub(crate) height: i64,
    pub(crate) device_scale_factor: f64,
    pub(crate) mobile: bool,
}

impl Command for SetDeviceMetricsOverride {
    const METHOD: &'static str = "Emulation.setDeviceMetricsOverride";
    type Reply = IgnoredAny;
}

#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct SetFocusEmulationEnabled {
    pub(crate) enabled: bool,
}

impl Command for SetFocusEmulationEnabled {
    const METHOD: &'static str = "Emulation.setFocusEmulationEnabled";
    type Reply = IgnoredAny;
}
