//! What a robot and the process of a run say to each other: lines of JSON over the pipes of that process.

use std::{collections::BTreeMap, path::PathBuf};

use casare_tunnel::{Given, Outcome};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// The file of a run's events in its folder, one a line.
pub(crate) const EVENTS: &str = "events.jsonl";
/// The file of what earlier attempts told.
pub(crate) const HISTORY: &str = "history.jsonl";
/// Where artifacts of earlier attempts lie that hold outputs of steps.
pub(crate) const KEPT: &str = "kept";

/// What is to be run. Holds no secret.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) run: Uuid,
    /// The workflow's file, and where relative paths in it start.
    pub(crate) folder: PathBuf,
    pub(crate) file: String,
    pub(crate) inputs: Value,
    pub(crate) env: BTreeMap<String, String>,
    /// Whether [`HISTORY`] tells where to go on.
    pub(crate) resumes: bool,
    pub(crate) waited_for: Option<Value>,
    pub(crate) answer: Option<Value>,
    /// What outlives a run and belongs to this robot.
    pub(crate) keep: PathBuf,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "snake_case")]
pub(crate) enum ToRun {
    Order(Box<Order>),
    /// Whether the robot still has the job, and for how long from when that was asked.
    Holds {
        ask: u64,
        left_ms: Option<u64>,
    },
    Credential {
        ask: u64,
        given: Given,
    },
    Cancel,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "snake_case")]
pub(crate) enum FromRun {
    Started,
    /// So many events stand in the file.
    Told {
        count: u64,
    },
    /// The run does not go on until the server keeps so many, and says that this robot has the job.
    Waits {
        count: u64,
        ask: u64,
    },
    Credential {
        ask: u64,
        name: String,
    },
    Ended {
        count: u64,
        outcome: Outcome,
    },
}
