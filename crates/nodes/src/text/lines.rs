use casare_engine::{Node, NodeError, StepContext};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::search;

/// Takes a text apart into its lines, and picks some of them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Lines {
    /// The text.
    text: String,
    /// Whether lines without anything but blanks are left out.
    #[serde(default)]
    skip_empty: bool,
    /// Whether white space around each line is removed.
    #[serde(default)]
    trim: bool,
    /// Only lines that have this in them.
    containing: Option<String>,
    /// Whether `containing` is a regular expression.
    #[serde(default)]
    regex: bool,
    /// Whether small and capital letters are the same for `containing`.
    #[serde(default)]
    ignore_case: bool,
    /// Only so many lines, from the beginning.
    first: Option<usize>,
    /// Only so many lines, from the end.
    last: Option<usize>,
    /// What `text` puts between the lines.
    #[serde(default = "newline")]
    separator: String,
}

fn newline() -> String {
    "\n".to_owned()
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Picked {
    /// The lines, without their ends.
    result: Vec<String>,
    /// How many there are.
    count: usize,
    /// The lines as one text again.
    text: String,
}

pub(super) fn node() -> Node {
    Node::action("text.lines", lines)
        .pure()
        .icon("align-left")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: errors
  use: text.lines
  with: { text: "ok\nerror: no paper\nok\nerror: no ink\n", containing: "error:" }
- use: log.write
  with: { message: "{{ steps.errors.count }} errors, the last is {{ steps.errors.result[-1] }}" }
"#;

async fn lines(cx: &StepContext, settings: Lines) -> Result<Picked, NodeError> {
    cx.blocking(move || {
        let containing = settings.containing.as_deref();
        let containing =
            containing.map(|find| search::compile(find, settings.regex, settings.ignore_case));
        let containing = containing.transpose()?;
        let text = settings.text.replace("\r\n", "\n").replace('\r', "\n");
        let mut result: Vec<String> = text
            .lines()
            .map(|line| if settings.trim { line.trim() } else { line })
            .filter(|line| !(settings.skip_empty && line.trim().is_empty()))
            .filter(|line| containing.as_ref().is_none_or(|find| find.is_match(line)))
            .map(str::to_owned)
            .collect();
        if let Some(first) = settings.first {
            result.truncate(first);
        }
        if let Some(last) = settings.last {
            result.drain(..result.len().saturating_sub(last));
        }
        Ok(Picked {
            count: result.len(),
            text: result.join(&settings.separator),
            result,
        })
    })
    .await
}
