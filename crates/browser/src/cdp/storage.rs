//! What is used of the `Storage` domain. Written by `cargo xtask cdp-types` from devtools-protocol
//! 0.0.1734725; edit the list there, not this file.

use serde::{Deserialize, Serialize, de::IgnoredAny};

use super::Command;

#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GetCookies {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) browser_context_id: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct GetCookiesReply {
    pub(crate) cookies: Vec<super::network::Cookie>,
}

impl Command for GetCookies {
    const METHOD: &'static str = "Storage.getCookies";
    type Reply = GetCookiesReply;
}

#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SetCookies {
    pub(crate) cookies: Vec<super::network::CookieParam>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) browser_context_id: Option<String>,
}

impl Command for SetCookies {
    const METHOD: &'static str = "Storage.setCookies";
    type Reply = IgnoredAny;
}
