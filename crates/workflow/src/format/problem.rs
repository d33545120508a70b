//! What is wrong, where, and how it is shown.

use std::{fmt, sync::Arc};

use miette::{
    Diagnostic, LabeledSpan, MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents,
};
use serde_json::{Value as Json, json};

use crate::{DocPath, SourceRange, document::Lines};

/// How many problems are shown with their excerpts: a screen full of them helps nobody.
const MOST_SHOWN: usize = 100;

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Nothing runs.
    Error,
    /// Worth a look.
    Warning,
}

/// One thing that is wrong with a workflow.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// A stable name, such as `unknown-node`.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// What is underlined says this.
    pub label: Option<String>,
    /// What to do.
    pub help: Option<String>,
    /// The part of the document.
    pub path: DocPath,
    /// Where in the text.
    pub range: SourceRange,
}

/// Everything that is wrong with one workflow.
///
/// As a [`Diagnostic`] it shows each problem with its line, column, excerpt and help.
#[derive(Debug, Clone)]
pub struct ProblemList {
    /// The file's name.
    pub name: Arc<str>,
    /// Its text.
    pub text: Arc<str>,
    /// At least one problem, in the order of the text.
    pub problems: Vec<Problem>,
}

impl ProblemList {
    /// `problems` of `text`, in the order of the text.
    pub fn new(name: &str, text: &str, problems: Vec<Problem>) -> Self {
        Self::shared(name.into(), text.into(), problems)
    }

    pub(super) fn shared(name: Arc<str>, text: Arc<str>, mut problems: Vec<Problem>) -> Self {
        for problem in &mut problems {
            problem.range = first_line(&text, problem.range);
        }
        problems.sort_by_key(|problem| problem.range.start);
        Self {
            name,
            text,
            problems,
        }
    }

    /// Line and column, from 1, of a byte of the text; columns count characters.
    pub fn position(&self, offset: usize) -> (usize, usize) {
        self.position_in(&Lines::of(&self.text), offset)
    }

    fn position_in(&self, lines: &Lines, offset: usize) -> (usize, usize) {
        let line = lines.number(offset);
        let before = self.text.get(lines.start(line)..offset);
        (line, before.map_or(1, |before| before.chars().count() + 1))
    }

    /// A list with `file`, `line`, `column`, `code`, `severity`, `message`, `help` and `path` of
    /// each problem.
    pub fn to_json(&self) -> Json {
        let lines = Lines::of(&self.text);
        let problems = self.problems.iter().map(|problem| {
            let (line, column) = self.position_in(&lines, problem.range.start);
            let (end_line, end_column) = self.position_in(&lines, problem.range.end);
            json!({
                "file": &*self.name,
                "line": line,
                "column": column,
                "end_line": end_line,
                "end_column": end_column,
                "code": problem.code,
                "severity": problem.severity.as_str(),
                "message": problem.message,
                "help": problem.help,
                "path": problem.path.to_string(),
            })
        });
        problems.collect()
    }
}

impl Severity {
    /// `error` or `warning`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// A whole page underlined says nothing: the first line of it does.
fn first_line(text: &str, range: SourceRange) -> SourceRange {
    let Some(written) = text.get(range.start..range.end) else {
        return SourceRange {
            start: text.len(),
            end: text.len(),
        };
    };
    let line = written.lines().next().unwrap_or_default();
    SourceRange {
        start: range.start,
        end: range.start + line.trim_end().len(),
    }
}

impl fmt::Display for ProblemList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let errors = self.count(Severity::Error);
        let warnings = self.problems.len() - errors;
        let counted = |count: usize, what: &str| {
            format!("{count} {what}{}", if count == 1 { "" } else { "s" })
        };
        match (errors, warnings) {
            (0, warnings) => write!(f, "{}: {}", self.name, counted(warnings, "warning")),
            (errors, _) => write!(
                f,
                "{} is not a valid workflow: {}",
                self.name,
                counted(errors, "error")
            ),
        }
    }
}

impl ProblemList {
    fn count(&self, severity: Severity) -> usize {
        let those = self
            .problems
            .iter()
            .filter(|problem| problem.severity == severity);
        those.count()
    }
}

impl std::error::Error for ProblemList {}

impl Diagnostic for ProblemList {
    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(self)
    }

    fn severity(&self) -> Option<miette::Severity> {
        let worst = if self.count(Severity::Error) > 0 {
            Severity::Error
        } else {
            Severity::Warning
        };
        Some(worst.into())
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        let problems = self.problems.iter().take(MOST_SHOWN);
        Some(Box::new(problems.map(|problem| problem as &dyn Diagnostic)))
    }
}

impl SourceCode for ProblemList {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        lines_before: usize,
        lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let found = (*self.text).read_span(span, lines_before, lines_after)?;
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.to_string(),
            found.data(),
            *found.span(),
            found.line(),
            found.column(),
            found.line_count(),
        )))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Problem {}

impl Diagnostic for Problem {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.code))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(self.severity.into())
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let help = self.help.as_ref()?;
        Some(Box::new(help))
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let length = self.range.end.saturating_sub(self.range.start);
        let span = LabeledSpan::new(self.label.clone(), self.range.start, length);
        Some(Box::new(std::iter::once(span)))
    }
}

impl From<Severity> for miette::Severity {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Error => Self::Error,
            Severity::Warning => Self::Warning,
        }
    }
}
