//! What is used of the `Page` domain. Written by `cargo xtask cdp-types` from devtools-protocol
//! 0.0.1734725; edit the list there, not this file.

use serde::{Deserialize, Serialize, de::IgnoredAny};

use super::{Command, Event};

#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Enable {}

impl Command for Enable {
    const METHOD: &'static str = "Page.enable";
    type Reply = IgnoredAny;
}

#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct SetLifecycleEventsEnabled {
    pub(crate) enabled: bool,
}

impl Command for SetLifecycleEventsEnabled {
    const METHOD: &'static str = "Page.setLifecycleEventsEnabled";
    type Reply = IgnoredAny;
}

#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct GetFrameTree {}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GetFrameTreeReply {
    pub(crate) frame_tree: super::page::FrameTree,
}

impl Command for GetFrameTree {
    const METHOD: &'static str = "Page.getFrameTree";
    type Reply = GetFrameTreeReply;
}

#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AddScriptToEvaluateOnNewDocument {
    pub(crate) source: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) world_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) run_immediately: Option<bool>,
}

impl Command for AddScriptToEvaluateOnNewDocument {
    const METHOD: &'static str = "Page.addScriptToEvaluateOnNewDocument";
    type Reply = IgnoredAny;
}

#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Navigate {
    pub(crate) url: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NavigateReply {
    pub(crate) loader_id: Option<String>,
    pub(crate) error_text: Option<String>,
    pub(crate) is_download: Option<bool>,
}

impl Command for Navigate {
    const METHOD: &'static str = "Page.navigate";
    type Reply = NavigateReply;
}

#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Reload {}

impl Command for Reload {
    const METHOD: &'static str = "Page.reload";
    type Reply = IgnoredAny;
}

#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct StopLoading {}

impl Command for StopLoading {
    const METHOD: &'static str = "Page.stopLoading";
    type Reply = IgnoredAny;
}

#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct GetNavigationHistory {}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GetNavigationHistoryReply {
    pub(crate) current_index: i64,
    pub(crate) entries: Vec<super::page::NavigationEntry>,
}

impl Command for GetNavigationHistory {
    const METHOD: &'static str = "Page.getNavigationHistory";
    type Reply = GetNavigationHistoryReply;
}

#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NavigateToHistoryEntry {
    pub(crate) entry_id: i64,
}

impl Command for NavigateToHistoryEntry {
    const METHOD: &'static str = "Page.navigateToHistoryEntry";
    type Reply = IgnoredAny;
}

#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HandleJavaScriptDialog {
    pub(crate) accept: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) prompt_text: Option<String>,
}

impl Command for HandleJavaScriptDialog {
    const METHOD: &'static str = "Page.handleJavaScriptDialog";
    type Reply = IgnoredAny;
}

#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CaptureScreenshot {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) format: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) quality: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) clip: Option<super::page::Viewport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) capture_beyond_viewport: Option<bool>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct CaptureScreenshotReply {
    pub(crate) data: String,
}

impl Command for CaptureScreenshot {
    const METHOD: &'static str = "Page.captureScreenshot";
    type Reply = CaptureScreenshotReply;
}

#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct GetLayoutMetrics {}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GetLayoutMetricsReply {
    pub(crate) css_content_size: super::dom::Rect,
}

impl Command for GetLayoutMetrics {
    const METHOD: &'static str = "Page.getLayoutMetrics";
    type Reply = GetLayoutMetricsReply;
}

#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct SetInterceptFileChooserDialog {
    pub(crate) enabled: bool,
}

impl Command for SetInterceptFileChooserDialog {
    const METHOD: &'static str = "Page.setInterceptFileChooserDialog";
    type Reply = IgnoredAny;
}

#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PrintToPDF {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) landscape: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) display_header_footer: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) print_background: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) scale: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) paper_width: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) paper_height: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) margin_top: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) margin_bottom: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) margin_left: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) margin_right: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) page_ranges: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) header_template: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) footer_template: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[serde(rename = "preferCSSPageSize")]
    pub(crate) prefer_css_page_size: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[serde(rename = "generateTaggedPDF")]
    pub(crate) generate_tagged_pdf: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) generate_document_outline: Option<bool>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct PrintToPDFReply {
    pub(crate) data: String,
}

impl Command for PrintToPDF {
    const METHOD: &'static str = "Page.printToPDF";
    type Reply = PrintToPDFReply;
}

#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StartScreencast {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) format: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) quality: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_width: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_height: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) every_nth_frame: Option<i64>,
}

impl Command for StartScreencast {
    const METHOD: &'static str = "Page.startScreencast";
    type Reply = IgnoredAny;
}

#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct StopScreencast {}

impl Command for StopScreencast {
    const METHOD: &'static str = "Page.stopScreencast";
    type Reply = IgnoredAny;
}

#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ScreencastFrameAck {
    pub(crate) session_id: i64,
}

impl Command for ScreencastFrameAck {
    const METHOD: &'static str = "Page.screencastFrameAck";
    type Reply = IgnoredAny;
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FrameAttached {
    pub(crate) frame_id: String,
    pub(crate) parent_frame_id: String,
}

impl Event for FrameAttached {
    const METHOD: &'static str = "Page.frameAttached";
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FrameDetached {
    pub(crate) frame_id: String,
    pub(crate) reason: String,
}

impl Event for FrameDetached {
    const METHOD: &'static str = "Page.frameDetached";
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct FrameNavigated {
    pub(crate) frame: super::page::Frame,
    pub(crate) r#type: String,
}

impl Event for FrameNavigated {
    const METHOD: &'static str = "Page.frameNavigated";
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NavigatedWithinDocument {
    pub(crate) frame_id: String,
    pub(crate) url: String,
}

impl Event for NavigatedWithinDocument {
    const METHOD: &'static str = "Page.navigatedWithinDocument";
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LifecycleEvent {
    pub(crate) frame_id: String,
    pub(crate) loader_id: String,
    pub(crate) name: String,
}

impl Event for LifecycleEvent {
    const METHOD: &'static str = "Page.lifecycleEvent";
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FrameStoppedLoading {
    pub(crate) frame_id: String,
}

impl Event for FrameStoppedLoading {
    const METHOD: &'static str = "Page.frameStoppedLoading";
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FrameRequestedNavigation {
    pub(crate) frame_id: String,
    pub(crate) url: String,
    pub(crate) disposition: String,
}

impl Event for FrameRequestedNavigation {
    const METHOD: &'static str = "Page.frameRequestedNavigation";
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct JavascriptDialogOpening {
    pub(crate) message: String,
    pub(crate) r#type: String,
    pub(crate) default_prompt: Option<String>,
}

impl Event for JavascriptDialogOpening {
    const METHOD: &'static str = "Page.javascriptDialogOpening";
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct JavascriptDialogClosed {
    pub(crate) result: bool,
    pub(crate) user_input: String,
}

impl Event for JavascriptDialogClosed {
    const METHOD: &'static str = "Page.javascriptDialogClosed";
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FileChooserOpened {
    pub(crate) backend_node_id: Option<i64>,
}

impl Event for FileChooserOpened {
    const METHOD: &'static str = "Page.fileChooserOpened";
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ScreencastFrame {
    pub(crate) data: String,
    pub(crate) metadata: super::page::ScreencastFrameMetadata,
    pub(crate) session_id: i64,
}

impl Event for ScreencastFrame {
    const METHOD: &'static str = "Page.screencastFrame";
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct ScreencastFrameMetadata {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) timestamp: Option<f64>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FrameTree {
    pub(crate) frame: super::page::Frame,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) child_frames: Option<Vec<super::page::FrameTree>>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Frame {
    pub(crate) id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) parent_id: Option<String>,
    pub(crate) loader_id: String,
    pub(crate) url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) url_fragment: Option<String>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NavigationEntry {
    pub(crate) id: i64,
    pub(crate) url: String,
    #[serde(rename = "userTypedURL")]
    pub(crate) user_typed_url: String,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Viewport {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) scale: f64,
}
