//! What is used of the `Network` domain. Written by `cargo xtask cdp-types` from devtools-protocol
//! 0.0.1734725; edit the list there, not this file.

use serde::{Deserialize, Serialize, de::IgnoredAny};
use serde_json::value::RawValue;

use super::{Command, Event};

#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Enable {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_total_buffer_size: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_resource_buffer_size: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_post_data_size: Option<i64>,
}

impl Command for Enable {
    const METHOD: &'static str = "Network.enable";
    type Reply = IgnoredAny;
}

#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct SetExtraHTTPHeaders {
    pub(crate) headers: Box<RawValue>,
}

impl Command for SetExtraHTTPHeaders {
    const METHOD: &'static str = "Network.setExtraHTTPHeaders";
    type Reply = IgnoredAny;
}

#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EmulateNetworkConditions {
    pub(crate) offline: bool,
    pub(crate) latency: f64,
    pub(crate) download_throughput: f64,
    pub(crate) upload_throughput: f64,
}

impl Command for EmulateNetworkConditions {
    const METHOD: &'static str = "Network.emulateNetworkConditions";
    type Reply = IgnoredAny;
}

#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct SetBypassServiceWorker {
    pub(crate) bypass: bool,
}

impl Command for SetBypassServiceWorker {
    const METHOD: &'static str = "Network.setBypassServiceWorker";
    type Reply = IgnoredAny;
}

#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GetResponseBody {
    pub(crate) request_id: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GetResponseBodyReply {
    pub(crate) body: String,
    pub(crate) base64_encoded: bool,
}

impl Command for GetResponseBody {
    const METHOD: &'static str = "Network.getResponseBody";
    type Reply = GetResponseBodyReply;
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RequestWillBeSent {
    pub(crate) request_id: String,
    pub(crate) request: super::network::Request,
    pub(crate) r#type: Option<String>,
    pub(crate) wall_time: f64,
    pub(crate) timestamp: f64,
    pub(crate) redirect_response: Option<super::network::Response>,
}

impl Event for RequestWillBeSent {
    const METHOD: &'static str = "Network.requestWillBeSent";
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ResponseReceived {
    pub(crate) request_id: String,
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
    pub(crate) encoded_data_length: f64,
    pub(crate) timestamp: f64,
}

impl Event for LoadingFinished {
    const METHOD: &'static str = "Network.loadingFinished";
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LoadingFailed {
    pub(crate) request_id: String,
    pub(crate) error_text: String,
    pub(crate) timestamp: f64,
    pub(crate) blocked_reason: Option<String>,
}

impl Event for LoadingFailed {
    const METHOD: &'static str = "Network.loadingFailed";
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    pub(crate) url: String,
    pub(crate) method: String,
    pub(crate) headers: Box<RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) post_data: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) has_post_data: Option<bool>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    pub(crate) url: String,
    pub(crate) status: i64,
    pub(crate) status_text: String,
    pub(crate) headers: Box<RawValue>,
    pub(crate) mime_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) protocol: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) from_disk_cache: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[serde(rename = "remoteIPAddress")]
    pub(crate) remote_ip_address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) timing: Option<super::network::ResourceTiming>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ResourceTiming {
    pub(crate) request_time: f64,
    pub(crate) proxy_start: f64,
    pub(crate) dns_start: f64,
    pub(crate) dns_end: f64,
    pub(crate) connect_start: f64,
    pub(crate) connect_end: f64,
    pub(crate) ssl_start: f64,
    pub(crate) ssl_end: f64,
    pub(crate) send_start: f64,
    pub(crate) send_end: f64,
    pub(crate) receive_headers_end: f64,
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
