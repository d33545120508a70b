//! What is used of the `Fetch` domain. Written by `cargo xtask cdp-types` from devtools-protocol
//! 0.0.1734725; edit the list there, not this file.

use serde::{Deserialize, Serialize, de::IgnoredAny};

use super::{Command, Event};

#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Enable {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) patterns: Option<Vec<super::fetch::RequestPattern>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) handle_auth_requests: Option<bool>,
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
pub(crate) struct ContinueRequest {
    pub(crate) request_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) headers: Option<Vec<super::fetch::HeaderEntry>>,
}

impl Command for ContinueRequest {
    const METHOD: &'static str = "Fetch.continueRequest";
    type Reply = IgnoredAny;
}

#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ContinueWithAuth {
    pub(crate) request_id: String,
    pub(crate) auth_challenge_response: super::fetch::AuthChallengeResponse,
}

impl Command for ContinueWithAuth {
    const METHOD: &'static str = "Fetch.continueWithAuth";
    type Reply = IgnoredAny;
}

#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FailRequest {
    pub(crate) request_id: String,
    pub(crate) error_reason: String,
}

impl Command for FailRequest {
    const METHOD: &'static str = "Fetch.failRequest";
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
    pub(crate) request: super::network::Request,
    pub(crate) resource_type: String,
}

impl Event for RequestPaused {
    const METHOD: &'static str = "Fetch.requestPaused";
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuthRequired {
    pub(crate) request_id: String,
    pub(crate) auth_challenge: super::fetch::AuthChallenge,
}

impl Event for AuthRequired {
    const METHOD: &'static str = "Fetch.authRequired";
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RequestPattern {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) url_pattern: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) resource_type: Option<String>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct AuthChallenge {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) source: Option<String>,
    pub(crate) origin: String,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct AuthChallengeResponse {
    pub(crate) response: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) password: Option<String>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct HeaderEntry {
    pub(crate) name: String,
    pub(crate) value: String,
}
