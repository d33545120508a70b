//! What is looked for in a text: words as they stand, or a regular expression.

use casare_engine::NodeError;
use regex::{Regex, RegexBuilder};

/// `find` as a regular expression.
pub(crate) fn compile(find: &str, is_regex: bool, ignore_case: bool) -> Result<Regex, NodeError> {
    if find.is_empty() {
        return Err(NodeError::invalid(
            "setting `find` is empty: there is nothing to look for",
        ));
    }
    let escaped;
    let pattern = if is_regex {
        find
    } else {
        escaped = regex::escape(find);
        &escaped
    };
    RegexBuilder::new(pattern)
        .case_insensitive(ignore_case)
        .build()
        .map_err(|error| {
            NodeError::invalid(format!("`{find}` is no regular expression: {error}"))
                .with_help("to look for these characters as they stand, set `regex: false`")
        })
}
