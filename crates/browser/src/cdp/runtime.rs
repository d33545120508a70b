//! What is used of the `Runtime` domain. Written by `cargo xtask cdp-types` from devtools-protocol
//! 0.0.1734725; edit the list there, not this file.

use serde::{Deserialize, Serialize, de::IgnoredAny};
use serde_json::value::RawValue;

use super::{Command, Event};

#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Enable {}

impl Command for Enable {
    const METHOD: &'static str = "Runtime.enable";
    type Reply = IgnoredAny;
}

#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct RunIfWaitingForDebugger {}

impl Command for RunIfWaitingForDebugger {
    const METHOD: &'static str = "Runtime.runIfWaitingForDebugger";
    type Reply = IgnoredAny;
}

#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CallFunctionOn {
    pub(crate) function_declaration: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) object_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) arguments: Option<Vec<super::runtime::CallArgument>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) return_by_value: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user_gesture: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) await_promise: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) execution_context_id: Option<i64>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CallFunctionOnReply {
    pub(crate) result: super::runtime::RemoteObject,
    pub(crate) exception_details: Option<super::runtime::ExceptionDetails>,
}

impl Command for CallFunctionOn {
    const METHOD: &'static str = "Runtime.callFunctionOn";
    type Reply = CallFunctionOnReply;
}

#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Evaluate {
    pub(crate) expression: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) context_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) return_by_value: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user_gesture: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) await_promise: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) repl_mode: Option<bool>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EvaluateReply {
    pub(crate) result: super::runtime::RemoteObject,
    pub(crate) exception_details: Option<super::runtime::ExceptionDetails>,
}

impl Command for Evaluate {
    const METHOD: &'static str = "Runtime.evaluate";
    type Reply = EvaluateReply;
}

#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReleaseObject {
    pub(crate) object_id: String,
}

impl Command for ReleaseObject {
    const METHOD: &'static str = "Runtime.releaseObject";
    type Reply = IgnoredAny;
}

#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct TerminateExecution {}

impl Command for TerminateExecution {
    const METHOD: &'static str = "Runtime.terminateExecution";
    type Reply = IgnoredAny;
}

#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AddBinding {
    pub(crate) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) execution_context_name: Option<String>,
}

impl Command for AddBinding {
    const METHOD: &'static str = "Runtime.addBinding";
    type Reply = IgnoredAny;
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ExecutionContextCreated {
    pub(crate) context: super::runtime::ExecutionContextDescription,
}

impl Event for ExecutionContextCreated {
    const METHOD: &'static str = "Runtime.executionContextCreated";
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExecutionContextDestroyed {
    pub(crate) execution_context_id: i64,
}

impl Event for ExecutionContextDestroyed {
    const METHOD: &'static str = "Runtime.executionContextDestroyed";
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ExecutionContextsCleared {}

impl Event for ExecutionContextsCleared {
    const METHOD: &'static str = "Runtime.executionContextsCleared";
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ConsoleAPICalled {
    pub(crate) r#type: String,
    pub(crate) args: Vec<super::runtime::RemoteObject>,
}

impl Event for ConsoleAPICalled {
    const METHOD: &'static str = "Runtime.consoleAPICalled";
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExceptionThrown {
    pub(crate) exception_details: super::runtime::ExceptionDetails,
}

impl Event for ExceptionThrown {
    const METHOD: &'static str = "Runtime.exceptionThrown";
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BindingCalled {
    pub(crate) name: String,
    pub(crate) payload: String,
    pub(crate) execution_context_id: i64,
}

impl Event for BindingCalled {
    const METHOD: &'static str = "Runtime.bindingCalled";
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExecutionContextDescription {
    pub(crate) id: i64,
    pub(crate) origin: String,
    pub(crate) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) aux_data: Option<Box<RawValue>>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CallArgument {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) object_id: Option<String>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RemoteObject {
    pub(crate) r#type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) subtype: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) unserializable_value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) object_id: Option<String>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExceptionDetails {
    pub(crate) text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) exception: Option<super::runtime::RemoteObject>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<String>,
    pub(crate) line_number: i64,
}
