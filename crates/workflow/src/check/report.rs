//! Problems, and their places in the text.

use std::{
    cell::{OnceCell, RefCell},
    ops::Range,
};

use super::{scalar, suggest::Suggest};
use crate::{DocPath, Problem, Severity, Source, SourceRange, document::Segment};

/// What is underlined.
#[derive(Debug, Clone, PartialEq)]
enum Spot {
    /// The key at the end of the path.
    Key,
    /// The value at the path; its key where the value spans lines.
    Value,
    /// A part of the text at the path.
    Part { text: String, part: Range<usize> },
}

/// A problem that is not placed yet.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Finding {
    code: &'static str,
    severity: Severity,
    path: DocPath,
    spot: Spot,
    message: String,
    label: Option<String>,
    help: Option<String>,
}

impl Finding {
    pub(super) fn error(code: &'static str, path: DocPath, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            path,
            spot: Spot::Value,
            message: message.into(),
            label: None,
            help: None,
        }
    }

    pub(super) fn warning(code: &'static str, path: DocPath, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, path, message)
        }
    }

    /// Underlines the key.
    pub(super) fn at_key(mut self) -> Self {
        self.spot = Spot::Key;
        self
    }

    /// Underlines the value.
    pub(super) fn at_value(mut self) -> Self {
        self.spot = Spot::Value;
        self
    }

    /// Underlines a part of the text.
    pub(super) fn at_part(mut self, text: &str, part: Range<usize>) -> Self {
        self.spot = Spot::Part {
            text: text.to_owned(),
            part,
        };
        self
    }

    pub(super) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    pub(super) fn help(mut self, help: impl Into<Option<String>>) -> Self {
        self.help = help.into();
        self
    }

    /// Not an error in a step that is switched off.
    pub(super) fn softened(mut self, soften: bool) -> Self {
        if soften {
            self.severity = Severity::Warning;
        }
        self
    }
}

#[cfg(test)]
impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let spot = if self.spot == Spot::Key {
            "key"
        } else {
            "value"
        };
        write!(
            f,
            "{severity} {} at {spot} {}: {}",
            self.code, self.path, self.message
        )?;
        if let Some(label) = &self.label {
            write!(f, "\n  ^ {label}")?;
        }
        if let Some(help) = &self.help {
            write!(f, "\n  = {help}")?;
        }
        Ok(())
    }
}

/// Collects the problems of one source.
#[derive(Debug)]
pub(super) struct Report<'a> {
    source: &'a Source,
    problems: RefCell<Vec<Problem>>,
    line_starts: OnceCell<Vec<usize>>,
    pub(super) suggest: Suggest,
}

impl<'a> Report<'a> {
    pub(super) fn new(source: &'a Source) -> Self {
        Self {
            source,
            problems: RefCell::default(),
            line_starts: OnceCell::new(),
            suggest: Suggest::default(),
        }
    }

    pub(super) fn add(&self, finding: Finding) {
        let range = self.place(&finding);
        self.problems.borrow_mut().push(Problem {
            code: finding.code,
            severity: finding.severity,
            message: finding.message,
            label: finding.label,
            help: finding.help,
            path: finding.path,
            range,
        });
    }

    /// Every problem, in the order of the text.
    pub(super) fn finish(self) -> Vec<Problem> {
        let mut problems = self.problems.into_inner();
        problems.sort_by_key(|problem| (problem.range.start, problem.range.end));
        problems
    }

    /// The line, from 1, in which the part at `path` begins.
    pub(super) fn line(&self, path: &DocPath) -> usize {
        let start = self.range_near(path).start;
        let starts = self.line_starts.get_or_init(|| {
            let breaks = self.source.text().match_indices('\n');
            breaks.map(|(at, _)| at + 1).collect()
        });
        starts.partition_point(|line| *line <= start) + 1
    }

    fn place(&self, finding: &Finding) -> SourceRange {
        let path = &finding.path;
        match &finding.spot {
            Spot::Key => self
                .source
                .key_range(path)
                .unwrap_or_else(|| self.range_near(path)),
            Spot::Value => {
                let range = self.range_near(path);
                let written = self.source.text().get(range.start..range.end);
                match self.source.key_range(path) {
                    // Nothing or a whole page underlined would not help.
                    Some(key)
                        if written.is_none_or(|text| {
                            text.is_empty() || text.trim_end().contains('\n')
                        }) =>
                    {
                        key
                    }
                    _ => range,
                }
            }
            Spot::Part { text, part } => {
                let range = self.range_near(path);
                let raw = self
                    .source
                    .text()
                    .get(range.start..range.end)
                    .unwrap_or_default();
                match scalar::written(raw, text, part.clone(), self.column(range.start)) {
                    Some(part) => SourceRange {
                        start: range.start + part.start,
                        end: range.start + part.end,
                    },
                    None => range,
                }
            }
        }
    }

    /// Bytes from the beginning of the line.
    fn column(&self, at: usize) -> usize {
        let before = self.source.text().get(..at).unwrap_or_default();
        at - before.rfind('\n').map_or(0, |line_break| line_break + 1)
    }

    /// The range at `path`, or of what it is in where that part is not written.
    fn range_near(&self, path: &DocPath) -> SourceRange {
        let mut segments: &[Segment] = &path.0;
        loop {
            let near = DocPath(segments.to_vec());
            if let Some(range) = self.source.range(&near) {
                return range;
            }
            match segments.split_last() {
                Some((_, up)) => segments = up,
                None => return SourceRange::default(),
            }
        }
    }
}
