//! Questions of workflows, answered on the command line or at the terminal.

use std::{
    collections::BTreeMap,
    io::{IsTerminal, stdin},
    path::Path,
    sync::Arc,
    thread,
};

use async_trait::async_trait;
use casare_engine::{AnswerKind, Cancel, CancelReason, Nobody, NodeError, People, Question};
use inquire::{
    Confirm, InquireError, MultiSelect, Select, Text,
    validator::{ErrorMessage, Validation},
};
use jiff::civil::Date;
use serde_json::Value as Json;
use tokio::sync::oneshot;

use crate::progress::Progress;

/// Answers given on the command line, else the person at the terminal, else nobody.
pub(crate) struct AtTerminal {
    pub(crate) answers: BTreeMap<String, String>,
    pub(crate) progress: Arc<Progress>,
    pub(crate) cancel: Cancel,
}

#[async_trait]
impl People for AtTerminal {
    async fn ask(&self, question: &Question) -> Result<Json, NodeError> {
        if let Some(answer) = self.answers.get(&question.name) {
            return read(question, answer).map_err(|wrong| {
                NodeError::invalid(format!("`--answer {}={answer}`: {wrong}", question.name))
            });
        }
        if !(stdin().is_terminal() && std::io::stderr().is_terminal()) {
            return Nobody.ask(question).await;
        }
        let (tell, told) = oneshot::channel();
        let (question, progress) = (question.clone(), self.progress.clone());
        // A thread that nobody waits for: a person may never answer.
        thread::spawn(move || {
            let answer = progress.aside(|| prompt(&question));
            let _ = tell.send(answer);
        });
        match told.await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(InquireError::OperationInterrupted | InquireError::OperationCanceled)) => {
                self.cancel.cancel(CancelReason::User);
                // The step ends with the run.
                std::future::pending().await
            }
            Ok(Err(error)) => Err(NodeError::unavailable(format!(
                "the question can't be shown: {error}"
            ))),
            Err(_) => Err(NodeError::bug("the question was lost")),
        }
    }
}

#[expect(clippy::print_stderr, reason = "the prompt itself is drawn there")]
fn prompt(question: &Question) -> Result<Json, InquireError> {
    let help = question.help.as_deref().unwrap_or_default();
    if !help.is_empty() {
        eprintln!("{help}");
    }
    let default = question.default.as_ref().map(text_of);
    match question.kind {
        AnswerKind::Confirm => {
            let mut confirm = Confirm::new(&question.label);
            confirm.default = question.default.as_ref().and_then(Json::as_bool);
            confirm.prompt().map(Json::Bool)
        }
        AnswerKind::Choice => {
            let start = default.and_then(|default| {
                question
                    .choices
                    .iter()
                    .position(|choice| *choice == default)
            });
            Select::new(&question.label, question.choices.clone())
                .with_starting_cursor(start.unwrap_or_default())
                .prompt()
                .map(Json::String)
        }
        AnswerKind::Choices => MultiSelect::new(&question.label, question.choices.clone())
            .prompt()
            .map(Json::from),
        AnswerKind::Lines => lines(question),
        _ => {
            let mut text = Text::new(&question.label);
            if let Some(default) = &default {
                text = text.with_default(default);
            }
            let asked = question.clone();
            let answer = text
                .with_validator(move |text: &str| {
                    Ok(match read(&asked, text) {
                        Ok(_) => Validation::Valid,
                        Err(wrong) => Validation::Invalid(ErrorMessage::Custom(wrong)),
                    })
                })
                .prompt()?;
            read(question, &answer).map_err(|wrong| InquireError::Custom(wrong.into()))
        }
    }
}

/// Lines up to an empty one.
fn lines(question: &Question) -> Result<Json, InquireError> {
    let mut lines: Vec<String> = Vec::new();
    loop {
        let label = if lines.is_empty() {
            question.label.as_str()
        } else {
            "…"
        };
        let line = Text::new(label).prompt()?;
        if line.is_empty() {
            break;
        }
        lines.push(line);
    }
    if let (true, Some(default)) = (lines.is_empty(), &question.default) {
        return Ok(default.clone());
    }
    Ok(lines.join("\n").into())
}

/// A written answer as a value of its kind, or why it is none.
fn read(question: &Question, text: &str) -> Result<Json, String> {
    let plain = text.trim();
    if plain.is_empty() {
        return match &question.default {
            Some(default) => Ok(default.clone()),
            None if question.required => Err("an answer is needed".to_owned()),
            None => Ok(Json::Null),
        };
    }
    let offered = |choice: &str| {
        if question.choices.iter().any(|one| one == choice) {
            Ok(choice.to_owned())
        } else {
            Err(format!(
                "`{choice}` is not among {}",
                question.choices.join(", ")
            ))
        }
    };
    match question.kind {
        AnswerKind::Text | AnswerKind::Lines => Ok(text.into()),
        AnswerKind::Number => serde_json::from_str::<serde_json::Number>(plain)
            .map(Json::Number)
            .map_err(|_| format!("`{plain}` is no number; write it as 12 or 12.5")),
        AnswerKind::Confirm => match plain.to_lowercase().as_str() {
            "y" | "yes" | "true" => Ok(true.into()),
            "n" | "no" | "false" => Ok(false.into()),
            _ => Err("answer yes or no".to_owned()),
        },
        AnswerKind::Choice => offered(plain).map(Json::String),
        AnswerKind::Choices => plain
            .split(',')
            .map(|choice| offered(choice.trim()).map(Json::String))
            .collect::<Result<Vec<_>, _>>()
            .map(Json::Array),
        AnswerKind::Date => plain
            .parse::<Date>()
            .map(|date| date.to_string().into())
            .map_err(|_| format!("`{plain}` is no day; write it as 2026-03-01")),
        AnswerKind::File if Path::new(plain).is_file() => Ok(absolute(plain).into()),
        AnswerKind::Folder if Path::new(plain).is_dir() => Ok(absolute(plain).into()),
        AnswerKind::File => Err(format!("there is no file `{plain}`")),
        AnswerKind::Folder => Err(format!("there is no folder `{plain}`")),
    }
}

/// Paths start where the command was typed, not at the workflow's folder.
fn absolute(path: &str) -> String {
    std::path::absolute(path).map_or_else(|_| path.to_owned(), |path| path.display().to_string())
}

fn text_of(value: &Json) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// `NAME=VALUE` of `--answer`.
pub(crate) fn answer(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write it as name=value".to_owned()),
    }
}
