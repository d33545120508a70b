//! What is used of the `Input` domain. Written by `cargo xtask cdp-types` from devtools-protocol
//! 0.0.1734725; edit the list there, not this file.

use serde::{Deserialize, Serialize, de::IgnoredAny};

use super::{Command, Event};

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
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) delta_x: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) delta_y: Option<f64>,
}

impl Command for DispatchMouseEvent {
    const METHOD: &'static str = "Input.dispatchMouseEvent";
    type Reply = IgnoredAny;
}

#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DispatchTouchEvent {
    pub(crate) r#type: String,
    pub(crate) touch_points: Vec<super::input::TouchPoint>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) modifiers: Option<i64>,
}

impl Command for DispatchTouchEvent {
    const METHOD: &'static str = "Input.dispatchTouchEvent";
    type Reply = IgnoredAny;
}

#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct DispatchDragEvent {
    pub(crate) r#type: String,
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) data: super::input::DragData,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) modifiers: Option<i64>,
}

impl Command for DispatchDragEvent {
    const METHOD: &'static str = "Input.dispatchDragEvent";
    type Reply = IgnoredAny;
}

#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct SetInterceptDrags {
    pub(crate) enabled: bool,
}

impl Command for SetInterceptDrags {
    const METHOD: &'static str = "Input.setInterceptDrags";
    type Reply = IgnoredAny;
}

#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ImeSetComposition {
    pub(crate) text: String,
    pub(crate) selection_start: i64,
    pub(crate) selection_end: i64,
}

impl Command for ImeSetComposition {
    const METHOD: &'static str = "Input.imeSetComposition";
    type Reply = IgnoredAny;
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct DragIntercepted {
    pub(crate) data: super::input::DragData,
}

impl Event for DragIntercepted {
    const METHOD: &'static str = "Input.dragIntercepted";
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct TouchPoint {
    pub(crate) x: f64,
    pub(crate) y: f64,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DragData {
    pub(crate) items: Vec<super::input::DragDataItem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) files: Option<Vec<String>>,
    pub(crate) drag_operations_mask: i64,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DragDataItem {
    pub(crate) mime_type: String,
    pub(crate) data: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[serde(rename = "baseURL")]
    pub(crate) base_url: Option<String>,
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
