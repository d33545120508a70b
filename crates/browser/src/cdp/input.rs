//! What is used of the `Input` domain. Written by `cargo xtask cdp-types` from devtools-protocol
//! 0.0.1734725; edit the list there, not this file.

use serde::{Serialize, de::IgnoredAny};

use super::Command;

#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DispatchMouseEvent {
    pub(crate) r#type: String,
    pub(crate) x: f64,
    pub(crate) y: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) modifiers: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) button: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) buttons: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) click_count: Option<i64>,
}

impl Command for DispatchMouseEvent {
    const METHOD: &'static str = "Input.dispatchMouseEvent";
    type Reply = IgnoredAny;
}

#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DispatchKeyEvent {
    pub(crate) r#type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) modifiers: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) unmodified_text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) windows_virtual_key_code: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) is_keypad: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) location: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) commands: Option<Vec<String>>,
}

impl Command for DispatchKeyEvent {
    const METHOD: &'static str = "Input.dispatchKeyEvent";
    type Reply = IgnoredAny;
}

#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct InsertText {
    pub(crate) text: String,
}

impl Command for InsertText {
    const METHOD: &'static str = "Input.insertText";
    type Reply = IgnoredAny;
}
