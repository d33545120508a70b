//! What is used of the `Network` domain. Written by `cargo xtask cdp-types` from devtools-protocol
//! 0.0.1734725; edit the list there, not this file.

use serde::{Deserialize, Serialize, de::IgnoredAny};

use super::{Command, Event};

#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Enable {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_total_buffer_size: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_resource_buffer_size: Option<i64>,
}

impl Command for Enable {
    const METHOD: &'static str = "Network.enable";
    type Reply = IgnoredAny;
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RequestWillBeSent {
    pub(crate) request_id: String,
    pub(crate) request: super::network::Request,
    pub(crate) r#type: Option<String>,
}

impl Event for RequestWillBeSent {
    const METHOD: &'static str = "Network.requestWillBeSent";
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ResponseReceived {
    pub(crate) loader_id: String,
    pub(crate) response: super::network::Response,
    pub(crate) r#type: String,
}

impl Event for ResponseReceived {
    const METHOD: &'static str = "Network.responseReceived";
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LoadingFinished {
    pub(crate) request_id: String,
}

impl Event for LoadingFinished {
    const METHOD: &'static str = "Network.loadingFinished";
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LoadingFailed {
    pub(crate) request_id: String,
}

impl Event for LoadingFailed {
    const METHOD: &'static str = "Network.loadingFailed";
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Request {
    pub(crate) url: String,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Response {
    pub(crate) url: String,
    pub(crate) status: i64,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Cookie {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) domain: String,
    pub(crate) path: String,
    pub(crate) expires: f64,
    pub(crate) http_only: bool,
    pub(crate) secure: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) same_site: Option<String>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CookieParam {
    pub(crate) name: String,
    pub(crate) value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) domain: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) secure: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) http_only: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) same_site: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expires: Option<f64>,
}
