//! What is used of the `Fetch` domain. Written by `cargo xtask cdp-types` from devtools-protocol
//! 0.0.1734725; edit the list there, not this file.

use serde::{Deserialize, Serialize, de::IgnoredAny};

use super::{Command, Event};

#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Enable {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) patterns: Option<Vec<super::fetch::RequestPattern>>,
}

impl Command for Enable {
    const METHOD: &'static str = "Fetch.enable";
    type Reply = IgnoredAny;
}

#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Disable {}

impl Command for Disable {
    const METHOD: &'static str = "Fetch.disable";
    type Reply = IgnoredAny;
}

#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FulfillRequest {
    pub(crate) request_id: String,
    pub(crate) response_code: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) response_headers: Option<Vec<super::fetch::HeaderEntry>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) body: Option<String>,
}

impl Command for FulfillRequest {
    const METHOD: &'static str = "Fetch.fulfillRequest";
    type Reply = IgnoredAny;
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RequestPaused {
    pub(crate) request_id: String,
}

impl Event for RequestPaused {
    const METHOD: &'static str = "Fetch.requestPaused";
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RequestPattern {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) url_pattern: Option<String>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct HeaderEntry {
    pub(crate) name: String,
    pub(crate) value: String,
}
