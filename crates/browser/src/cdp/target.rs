//! What is used of the `Target` domain. Written by `cargo xtask cdp-types` from devtools-protocol
//! 0.0.1734725; edit the list there, not this file.

use serde::{Deserialize, Serialize, de::IgnoredAny};

use super::{Command, Event};

#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateTarget {
    pub(crate) url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) browser_context_id: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateTargetReply {
    pub(crate) target_id: String,
}

impl Command for CreateTarget {
    const METHOD: &'static str = "Target.createTarget";
    type Reply = CreateTargetReply;
}

#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CloseTarget {
    pub(crate) target_id: String,
}

impl Command for CloseTarget {
    const METHOD: &'static str = "Target.closeTarget";
    type Reply = IgnoredAny;
}

#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateBrowserContext {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) dispose_on_detach: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) proxy_server: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) proxy_bypass_list: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateBrowserContextReply {
    pub(crate) browser_context_id: String,
}

impl Command for CreateBrowserContext {
    const METHOD: &'static str = "Target.createBrowserContext";
    type Reply = CreateBrowserContextReply;
}

#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DisposeBrowserContext {
    pub(crate) browser_context_id: String,
}

impl Command for DisposeBrowserContext {
    const METHOD: &'static str = "Target.disposeBrowserContext";
    type Reply = IgnoredAny;
}

#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SetAutoAttach {
    pub(crate) auto_attach: bool,
    pub(crate) wait_for_debugger_on_start: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) flatten: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) filter: Option<Vec<super::target::FilterEntry>>,
}

impl Command for SetAutoAttach {
    const METHOD: &'static str = "Target.setAutoAttach";
    type Reply = IgnoredAny;
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AttachedToTarget {
    pub(crate) session_id: String,
    pub(crate) target_info: super::target::TargetInfo,
}

impl Event for AttachedToTarget {
    const METHOD: &'static str = "Target.attachedToTarget";
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DetachedFromTarget {
    pub(crate) session_id: String,
}

impl Event for DetachedFromTarget {
    const METHOD: &'static str = "Target.detachedFromTarget";
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TargetInfo {
    pub(crate) target_id: String,
    pub(crate) r#type: String,
    pub(crate) url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) opener_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) browser_context_id: Option<String>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct FilterEntry {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) exclude: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) r#type: Option<String>,
}
