use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Takes a part of a text: by places, or what stands behind, before or between words.
///
/// `{ after: "Total:", before: "EUR" }` takes the amount out of `Total: 12 EUR`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Slice {
    /// The text.
    text: String,
    /// The first character that is taken, counted from 0; with a minus from the end.
    #[serde(default)]
    start: i64,
    /// The first character that is not taken any more; with a minus from the end. The end of the
    /// text if not set.
    end: Option<i64>,
    /// Takes what stands behind this.
    after: Option<String>,
    /// Takes what stands before this (the first one behind `after`).
    before: Option<String>,
    /// Whether `after` and `before` are looked for from the end of the text.
    #[serde(default)]
    last: bool,
    /// Whether white space around the part is removed.
    #[serde(default)]
    trim: bool,
    /// Whether it is an error if `after` or `before` is not there. If not, the result is the text
    /// from or up to its end.
    #[serde(default)]
    required: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Part {
    /// The part.
    result: String,
    /// How many characters it has.
    length: usize,
}

pub(super) fn node() -> Node {
    Node::action("text.slice", slice)
        .pure()
        .icon("scissors")
        .fails(
            ErrorKind::NotFound,
            "What the part begins or ends with is not in the text and `required` is set.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: amount
  use: text.slice
  with: { text: "Total: 12.50 EUR, due in March", after: "Total:", before: EUR, trim: true }
- use: log.write
  with: { message: "{{ steps.amount.result }}" }
"#;

async fn slice(_cx: &StepContext, settings: Slice) -> Result<Part, NodeError> {
    let mut part = settings.text.as_str();
    if let Some(after) = settings.after.as_deref().filter(|after| !after.is_empty()) {
        let found = if settings.last {
            part.rfind(after)
        } else {
            part.find(after)
        };
        match found {
            Some(at) => part = &part[at + after.len()..],
            None if settings.required => return Err(missing(after)),
            None => {}
        }
    }
    if let Some(before) = settings
        .before
        .as_deref()
        .filter(|before| !before.is_empty())
    {
        let found = if settings.last {
            part.rfind(before)
        } else {
            part.find(before)
        };
        match found {
            Some(at) => part = &part[..at],
            None if settings.required => return Err(missing(before)),
            None => {}
        }
    }
    let result = by_places(part, settings.start, settings.end);
    let result = if settings.trim { result.trim() } else { result };
    Ok(Part {
        length: result.chars().count(),
        result: result.to_owned(),
    })
}

fn missing(what: &str) -> NodeError {
    NodeError::not_found(format!("`{what}` is not in the text"))
}

fn by_places(text: &str, start: i64, end: Option<i64>) -> &str {
    let count = text.chars().count();
    let place = |at: i64| match usize::try_from(at) {
        Ok(at) => at.min(count),
        Err(_) => count.saturating_sub(usize::try_from(at.unsigned_abs()).unwrap_or(usize::MAX)),
    };
    let (start, end) = (place(start), end.map_or(count, place));
    let byte = |at: usize| {
        text.char_indices()
            .nth(at)
            .map_or(text.len(), |(byte, _)| byte)
    };
    text.get(byte(start)..byte(end.max(start)))
        .unwrap_or_default()
}
