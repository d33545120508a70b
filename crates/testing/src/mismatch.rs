//! Where and how something is not as expected.

use std::fmt;

use serde_json::{Value as Json, json};
use similar::{ChangeTag, TextDiff};

/// The widest value that is shown whole, in characters.
const WIDEST: usize = 300;

/// One value that is not as expected.
#[derive(Debug, Clone, PartialEq)]
pub struct Mismatch {
    /// Which value: `outputs.total`.
    pub path: String,
    /// What was expected, matchers as they are written; `None` if nothing was.
    pub expected: Option<Json>,
    /// What is there; `None` if nothing is.
    pub actual: Option<Json>,
    /// What a matcher says to it.
    pub note: Option<String>,
}

impl Mismatch {
    pub(crate) fn of(path: &str, expected: Json, actual: &Json) -> Self {
        Self {
            path: path.to_owned(),
            expected: Some(expected),
            actual: Some(actual.clone()),
            note: None,
        }
    }

    pub(crate) fn missing(path: &str, expected: Json) -> Self {
        Self {
            path: path.to_owned(),
            expected: Some(expected),
            actual: None,
            note: None,
        }
    }

    pub(crate) fn unexpected(path: &str, actual: &Json) -> Self {
        Self {
            path: path.to_owned(),
            expected: None,
            actual: Some(actual.clone()),
            note: None,
        }
    }

    pub(crate) fn noting(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    /// The lines in which texts or larger data differ: a mark (` `, `-` for what was expected, `+`
    /// for what is there) and the line. Empty for what is short.
    pub fn lines(&self) -> Vec<(char, String)> {
        let (Some(expected), Some(actual)) = (&self.expected, &self.actual) else {
            return Vec::new();
        };
        let (expected, actual) = (laid_out(expected), laid_out(actual));
        if expected.lines().count() < 2 && actual.lines().count() < 2 {
            return Vec::new();
        }
        let diff = TextDiff::from_lines(&expected, &actual);
        let mut lines = Vec::new();
        for (place, group) in diff.grouped_ops(2).iter().enumerate() {
            if place > 0 {
                lines.push((' ', "…".to_owned()));
            }
            for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
                let mark = match change.tag() {
                    ChangeTag::Equal => ' ',
                    ChangeTag::Delete => '-',
                    ChangeTag::Insert => '+',
                };
                lines.push((mark, change.value().trim_end_matches('\n').to_owned()));
            }
        }
        lines
    }

    pub(crate) fn to_json(&self) -> Json {
        json!({
            "path": self.path,
            "expected": self.expected,
            "actual": self.actual,
            "note": self.note,
        })
    }
}

/// Texts as they are, larger data one entry a line.
fn laid_out(json: &Json) -> String {
    match json {
        Json::String(text) => text.clone(),
        Json::Array(_) | Json::Object(_) if json.to_string().len() > 60 => format!("{json:#}"),
        small => small.to_string(),
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |json: &Option<Json>| json.as_ref().map_or_else(|| "nothing".into(), short);
        write!(
            f,
            "{}: expected {}, got {}",
            self.path,
            shown(&self.expected),
            shown(&self.actual)
        )?;
        match &self.note {
            Some(note) => write!(f, " ({note})"),
            None => Ok(()),
        }
    }
}

/// A value in one line, cut where it is too wide.
pub(crate) fn short(json: &Json) -> String {
    let text = json.to_string();
    match text.char_indices().nth(WIDEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
