//! What is used of the `DOM` domain. Written by `cargo xtask cdp-types` from devtools-protocol
//! 0.0.1734725; edit the list there, not this file.

use serde::{Deserialize, Serialize, de::IgnoredAny};

use super::Command;

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Rect {
    pub(crate) width: f64,
    pub(crate) height: f64,
}

#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GetFrameOwner {
    pub(crate) frame_id: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GetFrameOwnerReply {
    pub(crate) backend_node_id: i64,
}

impl Command for GetFrameOwner {
    const METHOD: &'static str = "DOM.getFrameOwner";
    type Reply = GetFrameOwnerReply;
}

#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ResolveNode {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) backend_node_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) execution_context_id: Option<i64>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ResolveNodeReply {
    pub(crate) object: super::runtime::RemoteObject,
}

impl Command for ResolveNode {
    const METHOD: &'static str = "DOM.resolveNode";
    type Reply = ResolveNodeReply;
}

#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SetFileInputFiles {
    pub(crate) files: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) backend_node_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) object_id: Option<String>,
}

impl Command for SetFileInputFiles {
    const METHOD: &'static str = "DOM.setFileInputFiles";
    type Reply = IgnoredAny;
}

#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct GetDocument {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) depth: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pierce: Option<bool>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct GetDocumentReply {
    pub(crate) root: super::dom::Node,
}

impl Command for GetDocument {
    const METHOD: &'static str = "DOM.getDocument";
    type Reply = GetDocumentReply;
}

#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Disable {}

impl Command for Disable {
    const METHOD: &'static str = "DOM.disable";
    type Reply = IgnoredAny;
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Node {
    pub(crate) backend_node_id: i64,
    pub(crate) local_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) children: Option<Vec<super::dom::Node>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) content_document: Option<Box<super::dom::Node>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) shadow_roots: Option<Vec<super::dom::Node>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) shadow_root_type: Option<String>,
}
