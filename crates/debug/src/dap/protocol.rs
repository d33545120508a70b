//! The requests of the protocol, as far as they are used.

use std::{collections::BTreeMap, path::PathBuf};

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value as Json};

/// A request.
#[derive(Debug, Deserialize)]
pub(super) struct Request {
    pub(super) seq: u64,
    pub(super) command: String,
    #[serde(default)]
    arguments: Json,
}

impl Request {
    /// The arguments, in the form that the command wants.
    pub(super) fn arguments<T: DeserializeOwned>(&self) -> Result<T, String> {
        let arguments = match &self.arguments {
            Json::Null => Json::Object(Map::new()),
            arguments => arguments.clone(),
        };
        serde_json::from_value(arguments)
            .map_err(|error| format!("the arguments of `{}` are wrong: {error}", self.command))
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct InitializeArguments {
    pub(super) lines_start_at1: Option<bool>,
}

/// What an editor's launch configuration says.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LaunchArguments {
    /// The workflow's file; absolute, or relative to `cwd`.
    pub(super) program: PathBuf,
    pub(super) cwd: Option<PathBuf>,
    #[serde(default)]
    pub(super) inputs: Map<String, Json>,
    #[serde(default)]
    pub(super) stop_on_entry: bool,
    #[serde(default)]
    pub(super) no_debug: bool,
    #[serde(default)]
    pub(super) headed: bool,
    /// The step to begin at, by id or path.
    pub(super) from: Option<String>,
    /// The run that did what comes before that step.
    pub(super) run: Option<String>,
    /// Outputs of steps before it, by id.
    #[serde(default)]
    pub(super) outputs: BTreeMap<String, Json>,
}

#[derive(Debug, Deserialize)]
pub(super) struct RestartArguments {
    pub(super) arguments: Option<LaunchArguments>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DisconnectArguments {
    pub(super) terminate_debuggee: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Source {
    pub(super) path: Option<PathBuf>,
    pub(super) source_reference: Option<usize>,
}

#[derive(Debug, Deserialize)]
pub(super) struct SetBreakpointsArguments {
    pub(super) source: Source,
    #[serde(default)]
    pub(super) breakpoints: Vec<SourceBreakpoint>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SourceBreakpoint {
    pub(super) line: u32,
    pub(super) condition: Option<String>,
    pub(super) hit_condition: Option<String>,
    pub(super) log_message: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct SetFunctionBreakpointsArguments {
    pub(super) breakpoints: Vec<FunctionBreakpoint>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FunctionBreakpoint {
    pub(super) name: String,
    pub(super) condition: Option<String>,
    pub(super) hit_condition: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct SetExceptionBreakpointsArguments {
    pub(super) filters: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BreakpointLocationsArguments {
    pub(super) source: Source,
    pub(super) line: u32,
    pub(super) end_line: Option<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ThreadArguments {
    pub(super) thread_id: u32,
    pub(super) single_thread: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StackTraceArguments {
    pub(super) thread_id: u32,
    pub(super) start_frame: Option<usize>,
    pub(super) levels: Option<usize>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FrameArguments {
    pub(super) frame_id: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct VariablesArguments {
    pub(super) variables_reference: u64,
    pub(super) filter: Option<String>,
    pub(super) start: Option<usize>,
    pub(super) count: Option<usize>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SetVariableArguments {
    pub(super) variables_reference: u64,
    pub(super) name: String,
    pub(super) value: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SetExpressionArguments {
    pub(super) expression: String,
    pub(super) value: String,
    pub(super) frame_id: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EvaluateArguments {
    pub(super) expression: String,
    pub(super) frame_id: Option<u64>,
    pub(super) context: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SourceArguments {
    pub(super) source: Option<Source>,
    pub(super) source_reference: usize,
}
