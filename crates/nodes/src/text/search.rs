//! What is looked for in a text: words as they stand, or a regular expression.
//!
//! Regular expressions take time in proportion to the text, whatever they are: there is no
//! pattern that never ends. How large one may be is limited.

use casare_engine::NodeError;
use regex::{Regex, RegexBuilder};

/// Longer patterns are a mistake.
const LONGEST: usize = 100_000;

/// How a pattern is meant.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Flags {
    /// It is a regular expression, rather than words as they stand.
    pub(crate) regex: bool,
    pub(crate) ignore_case: bool,
    /// `^` and `$` are the ends of each line.
    pub(crate) multiline: bool,
    /// `.` is a line break too.
    pub(crate) dot_all: bool,
}

/// `find` as a regular expression.
pub(crate) fn compile(find: &str, regex: bool, ignore_case: bool) -> Result<Regex, NodeError> {
    compile_with(
        find,
        Flags {
            regex,
            ignore_case,
            ..Flags::default()
        },
    )
}

/// `find` as a regular expression.
pub(crate) fn compile_with(find: &str, flags: Flags) -> Result<Regex, NodeError> {
    if find.is_empty() {
        return Err(NodeError::invalid(
            "setting `find` is empty: there is nothing to look for",
        ));
    }
    if find.len() > LONGEST {
        return Err(NodeError::invalid(format!(
            "setting `find` has {} bytes, more than {LONGEST}",
            find.len()
        )));
    }
    let escaped;
    let pattern = if flags.regex {
        find
    } else {
        escaped = regex::escape(find);
        &escaped
    };
    RegexBuilder::new(pattern)
        .case_insensitive(flags.ignore_case)
        .multi_line(flags.multiline)
        .dot_matches_new_line(flags.dot_all)
        .build()
        .map_err(|error| {
            let short: String = find.chars().take(200).collect();
            let failure =
                NodeError::invalid(format!("`{short}` is no regular expression: {error}"));
            match error {
                regex::Error::CompiledTooBig(_) => {
                    failure.with_help("large numbers of repetitions in each other are refused")
                }
                _ if ["(?=", "(?!", "(?<=", "(?<!"]
                    .iter()
                    .any(|look| find.contains(look)) =>
                {
                    failure.with_help(
                        "looking ahead and behind is not possible: match more, and take the part \
                         out with a group",
                    )
                }
                _ => failure
                    .with_help("to look for these characters as they stand, set `regex: false`"),
            }
        })
}
