//! Places where a run stops or says something.

use std::{fmt, path::PathBuf, str::FromStr, sync::Arc};

use casare_engine::{StepPath, StepView, event::StepInfo};
use casare_workflow::{Template, expression::ExpressionError};
use serde_json::Value as Json;

/// Where a breakpoint is meant to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A line of a file, from 1.
    Line(PathBuf, u32),
    /// The step with this id, in whatever workflow.
    Id(String),
    /// A step path; a loop's passes may be left out.
    Path(StepPath),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(file, line) => {
                let name = file.file_name().unwrap_or_default().to_string_lossy();
                write!(f, "{name}:{line}")
            }
            Self::Id(id) => f.write_str(id),
            Self::Path(path) => write!(f, "@{path}"),
        }
    }
}

/// A breakpoint as a person asks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breakpoint {
    /// Where.
    pub place: Place,
    /// An expression; stops only where it is true.
    pub condition: Option<String>,
    /// `5` (the fifth time), `>= 5`, `% 10` and the like; counts where the condition is true.
    pub hits: Option<String>,
    /// Says this instead of stopping; `{expression}` and `{{ expression }}` are filled in.
    pub log: Option<String>,
}

impl Breakpoint {
    /// Stops at `place`, always.
    pub fn at(place: Place) -> Self {
        Self {
            place,
            condition: None,
            hits: None,
            log: None,
        }
    }
}

/// A breakpoint, ready to be asked.
#[derive(Debug)]
pub(crate) struct Armed {
    condition: Option<Template>,
    hits: Option<HitCondition>,
    log: Option<Template>,
    count: u64,
}

/// What a breakpoint answers when a step comes by.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Pass,
    Stop,
    Say(String),
    /// Its condition or message can't be evaluated: that has to be seen.
    Broken(String),
}

impl Armed {
    pub(crate) fn new(breakpoint: &Breakpoint) -> Result<Self, String> {
        let compiled = |what: &str, text: &str| {
            Template::compile_condition(&Json::String(text.to_owned()))
                .map_err(|error| format!("{what} `{text}`: {}", told(&error)))
        };
        let condition = wanted(breakpoint.condition.as_ref());
        let log = wanted(breakpoint.log.as_ref());
        Ok(Self {
            condition: condition
                .map(|text| compiled("the condition", text))
                .transpose()?,
            hits: wanted(breakpoint.hits.as_ref())
                .map(str::parse)
                .transpose()?,
            log: log.map(message).transpose()?,
            count: 0,
        })
    }

    pub(crate) fn ask(&mut self, step: &StepView) -> Answer {
        if let Some(condition) = &self.condition {
            match step.evaluate_compiled(condition) {
                Ok(value) if value.is_true() => {}
                Ok(_) => return Answer::Pass,
                Err(error) => {
                    return Answer::Broken(format!(
                        "the condition `{}` can't be evaluated: {}",
                        error.expression.trim(),
                        told(&error)
                    ));
                }
            }
        }
        self.count += 1;
        if self.hits.is_some_and(|hits| !hits.holds(self.count)) {
            return Answer::Pass;
        }
        match &self.log {
            None => Answer::Stop,
            Some(log) => match step.evaluate_compiled(log) {
                Ok(text) => Answer::Say(text.to_string()),
                Err(error) => {
                    Answer::Broken(format!("the message can't be written: {}", told(&error)))
                }
            },
        }
    }
}

fn wanted(text: Option<&String>) -> Option<&str> {
    text.map(|text| text.trim()).filter(|text| !text.is_empty())
}

/// An expression's error with its help.
pub(crate) fn told(error: &ExpressionError) -> String {
    match &error.help {
        Some(help) => format!("{}; {help}", error.message),
        None => error.message.clone(),
    }
}

/// A message with holes: `{total}` as editors write it, or `{{ total }}` as workflows do.
fn message(text: &str) -> Result<Template, String> {
    let written = if text.contains("{{") {
        text.to_owned()
    } else {
        text.replace('{', "{{ ").replace('}', " }}")
    };
    // Text without a hole must not be read as an expression.
    Template::compile(&Json::String(written))
        .map_err(|error| format!("the message `{text}`: {}", told(&error)))
}

/// How often a breakpoint has to be hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct HitCondition {
    comparison: Comparison,
    number: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Equal,
    AtLeast,
    MoreThan,
    AtMost,
    LessThan,
    EachTime,
}

impl HitCondition {
    fn holds(self, count: u64) -> bool {
        match self.comparison {
            Comparison::Equal => count == self.number,
            Comparison::AtLeast => count >= self.number,
            Comparison::MoreThan => count > self.number,
            Comparison::AtMost => count <= self.number,
            Comparison::LessThan => count < self.number,
            Comparison::EachTime => count.is_multiple_of(self.number),
        }
    }
}

impl FromStr for HitCondition {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let signs = [
            (">=", Comparison::AtLeast),
            ("<=", Comparison::AtMost),
            ("==", Comparison::Equal),
            (">", Comparison::MoreThan),
            ("<", Comparison::LessThan),
            ("=", Comparison::Equal),
            ("%", Comparison::EachTime),
        ];
        let text = text.trim();
        let (comparison, number) = signs
            .into_iter()
            .find_map(|(sign, comparison)| Some((comparison, text.strip_prefix(sign)?)))
            .unwrap_or((Comparison::Equal, text));
        match number.trim().parse() {
            Ok(0) if comparison == Comparison::EachTime => {
                Err("`% 0` is never reached; write `% 10` for each tenth time".to_owned())
            }
            Ok(number) => Ok(Self { comparison, number }),
            Err(_) => Err(format!(
                "the hit count `{text}` is not understood; write `5`, `>= 5` or `% 10`"
            )),
        }
    }
}

/// The steps that a breakpoint is for.
#[derive(Debug)]
pub(crate) struct Target {
    /// One for each time that the file is part of the program.
    pub(crate) steps: Vec<Arc<StepInfo>>,
    /// Only executions that this path means.
    pub(crate) path: Option<StepPath>,
}

impl Target {
    pub(crate) fn is(&self, step: &StepView) -> bool {
        self.steps.iter().any(|info| Arc::ptr_eq(info, step.info()))
            && self
                .path
                .as_ref()
                .is_none_or(|path| means(path, step.path()))
    }
}

/// Whether `written`, which may leave passes out, means `path`.
fn means(written: &StepPath, path: &StepPath) -> bool {
    let (written_lists, lists) = (written.lists(), path.lists());
    written.index == path.index
        && written_lists.len() == lists.len()
        && written_lists.iter().zip(lists).all(|(written, list)| {
            written.step.index == list.step.index
                && written.block == list.block
                && (written.pass.is_none() || written.pass == list.pass)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hit_counts_are_read_as_editors_write_them() {
        let holds = |text: &str| -> Vec<u64> {
            let condition: HitCondition = text.parse().unwrap_or_else(|error| panic!("{error}"));
            (1..=6).filter(|count| condition.holds(*count)).collect()
        };

        assert_eq!(holds("5"), [5]);
        assert_eq!(holds(">= 5"), [5, 6]);
        assert_eq!(holds("<3"), [1, 2]);
        assert_eq!(holds("% 2"), [2, 4, 6]);
        assert!("often".parse::<HitCondition>().is_err());
        assert!("%0".parse::<HitCondition>().is_err());
    }

    #[test]
    fn a_path_without_passes_means_all_of_them() {
        let path = |text: &str| {
            text.parse::<StepPath>()
                .unwrap_or_else(|error| panic!("{error}"))
        };

        assert!(means(&path("1.do.0"), &path("1.do[17].0")));
        assert!(means(&path("1.do[17].0"), &path("1.do[17].0")));
        assert!(!means(&path("1.do[16].0"), &path("1.do[17].0")));
        assert!(!means(&path("1.do.1"), &path("1.do[17].0")));
    }
}
