//! What is used of the `Browser` domain. Written by `cargo xtask cdp-types` from devtools-protocol
//! 0.0.1734725; edit the list there, not this file.

use serde::{Deserialize, Serialize, de::IgnoredAny};

use super::{Command, Event};

#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct GetVersion {}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct GetVersionReply {
    pub(crate) product: String,
}

impl Command for GetVersion {
    const METHOD: &'static str = "Browser.getVersion";
    type Reply = GetVersionReply;
}

#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Close {}

impl Command for Close {
    const METHOD: &'static str = "Browser.close";
    type Reply = IgnoredAny;
}

#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SetDownloadBehavior {
    pub(crate) behavior: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) browser_context_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) download_path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) events_enabled: Option<bool>,
}

impl Command for SetDownloadBehavior {
    const METHOD: &'static str = "Browser.setDownloadBehavior";
    type Reply = IgnoredAny;
}

#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GrantPermissions {
    pub(crate) permissions: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) origin: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) browser_context_id: Option<String>,
}

impl Command for GrantPermissions {
    const METHOD: &'static str = "Browser.grantPermissions";
    type Reply = IgnoredAny;
}

#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ResetPermissions {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) browser_context_id: Option<String>,
}

impl Command for ResetPermissions {
    const METHOD: &'static str = "Browser.resetPermissions";
    type Reply = IgnoredAny;
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DownloadWillBegin {
    pub(crate) frame_id: String,
    pub(crate) guid: String,
    pub(crate) url: String,
    pub(crate) suggested_filename: String,
}

impl Event for DownloadWillBegin {
    const METHOD: &'static str = "Browser.downloadWillBegin";
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DownloadProgress {
    pub(crate) guid: String,
    pub(crate) total_bytes: f64,
    pub(crate) received_bytes: f64,
    pub(crate) state: String,
}

impl Event for DownloadProgress {
    const METHOD: &'static str = "Browser.downloadProgress";
}
