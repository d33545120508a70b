//! Inputs as the command line gives them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use casare_engine::PlanError;
use casare_workflow::{InputKind, Workflow, document::Document};
use clap::Args;
use serde_json::{Map, Value as Json};

use crate::failure::CliError;

#[derive(Debug, Args)]
pub(crate) struct Inputs {
    /// An input: `-i name=value`, or `-i name=@FILE` for the text of a file (`@@` for a value that
    /// begins with `@`). Lists and maps are written as JSON
    #[arg(short, long = "input", value_name = "NAME=VALUE", value_parser = pair)]
    input: Vec<(String, String)>,
    /// A JSON or YAML file with a map of inputs; `-i` goes before it
    #[arg(long, value_name = "FILE")]
    inputs: Option<PathBuf>,
}

impl Inputs {
    /// The inputs of `workflow`. Paths start where the command was typed.
    pub(crate) fn read(&self, workflow: &Workflow) -> Result<Map<String, Json>, CliError> {
        let mut inputs = match &self.inputs {
            Some(path) => read_map(path)?,
            None => Map::new(),
        };
        for (name, value) in &self.input {
            inputs.insert(name.clone(), Json::String(read_value(name, value)?));
        }
        for (name, value) in &mut inputs {
            let kind = workflow.inputs.get(name).map(|input| input.kind);
            if let (Some(InputKind::File | InputKind::Folder), Json::String(path)) = (kind, value)
                && let Ok(absolute) = std::path::absolute(&*path)
            {
                *path = absolute.display().to_string();
            }
        }
        Ok(inputs)
    }
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write it as name=value".to_owned()),
    }
}

fn read_value(name: &str, value: &str) -> Result<String, CliError> {
    match value.strip_prefix('@') {
        Some(literal) if literal.starts_with('@') => Ok(literal.to_owned()),
        Some(path) => fs::read_to_string(path).map_err(|source| CliError::InputFile {
            name: name.to_owned(),
            path: path.into(),
            source,
        }),
        None => Ok(value.to_owned()),
    }
}

fn read_map(path: &Path) -> Result<Map<String, Json>, CliError> {
    let text = fs::read_to_string(path).map_err(|source| CliError::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    let wrong = |reason: String| CliError::InputsFile {
        path: path.to_owned(),
        reason,
    };
    // JSON is YAML too, so one reader serves both.
    let name = path.display().to_string();
    let document = Document::parse(&name, &text).map_err(PlanError::Invalid)?;
    match document.to_json() {
        Json::Object(map) => Ok(map),
        _ => Err(wrong("it is not a map".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_may_hold_equals_signs() {
        assert_eq!(
            pair("url=http://x/?a=b"),
            Ok(("url".into(), "http://x/?a=b".into()))
        );
    }

    #[test]
    fn two_at_signs_stand_for_one() {
        assert_eq!(read_value("to", "@@all").unwrap(), "@all");
    }
}
