//! Whom a run can ask: a person at a terminal, a form on a page.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::NodeError;

/// A question that a workflow puts to a person.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Question {
    /// What the answer is called.
    pub name: String,
    /// What the person reads.
    pub label: String,
    /// More to read, where one sentence does not say it.
    pub help: Option<String>,
    /// What kind of answer is wanted.
    pub kind: AnswerKind,
    /// What can be chosen, for choices.
    pub choices: Vec<String>,
    /// What is taken when the person says nothing.
    pub default: Option<Json>,
    /// Whether nothing is no answer.
    pub required: bool,
}

/// What kind of answer is wanted, and what it is as a value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AnswerKind {
    /// A line of text.
    #[default]
    Text,
    /// Text of several lines.
    Lines,
    /// A number.
    Number,
    /// Yes or no: true or false.
    Confirm,
    /// One of `choices`.
    Choice,
    /// Some of `choices`: a list.
    Choices,
    /// A day, as `2026-03-01`.
    Date,
    /// The path of a file that is there.
    File,
    /// The path of a folder that is there.
    Folder,
}

/// Answers questions. A call may take as long as people do; it is dropped when the step is
/// cancelled or its time is up.
#[async_trait]
pub trait People: Send + Sync {
    /// All that a step is about to ask, for those who show it as one form.
    fn announce(&self, _form: &[Question]) {}

    /// What a person answers.
    async fn ask(&self, question: &Question) -> Result<Json, NodeError>;

    /// Who gave the last answer, where that is known.
    fn who(&self) -> Option<String> {
        None
    }
}

/// Nobody is there.
#[derive(Debug, Clone, Copy)]
pub struct Nobody;

#[async_trait]
impl People for Nobody {
    async fn ask(&self, question: &Question) -> Result<Json, NodeError> {
        Err(NodeError::unavailable(format!(
            "nobody is there to answer `{}`: {}",
            question.name, question.label
        ))
        .with_help(format!(
            "run it at a terminal, or give the answer with `--answer {}=…`",
            question.name
        ))
        .permanent())
    }
}
