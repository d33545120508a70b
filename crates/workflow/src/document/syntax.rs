//! What the parser says, in words that help.

use granit_parser::{ErrorKind, ScanError};

use super::{MAX_DEPTH, SourceRange, problem as new_problem, scalar::Refused};
use crate::Problem;

/// What is wrong with the syntax, as the author of `text` would understand it.
///
/// `opened` is where a `[` or `{` stands that was not closed before the mistake.
pub(super) fn problem(text: &str, error: &ScanError, opened: Option<usize>) -> Problem {
    let at = error.marker().byte_offset().unwrap_or(text.len());
    if let Some(expression) = unquoted_start(text, at, opened) {
        return unquoted_expression(text, expression);
    }
    let words = words(error.kind(), text, at);
    let at = exactly(error.kind(), text, at);
    let mut found = new_problem(words.code, one_character(text, at), words.message);
    found.label = words.label;
    found.help = words.help;
    if let Some(open) = opened.filter(|open| text[*open..].starts_with(['[', '{'])) {
        let bracket = &text[open..=open];
        let unclosed = format!("the `{bracket}` that opens here has no end");
        match error.kind() {
            ErrorKind::UnexpectedEof
            | ErrorKind::UnclosedFlowCollection { .. }
            | ErrorKind::InvalidColonPlacement
            | ErrorKind::ExpectedFlowMappingSeparator
            | ErrorKind::ExpectedFlowSequenceSeparator
            | ErrorKind::UnexpectedEofFlowMapping
            | ErrorKind::UnexpectedEofFlowSequence
            | ErrorKind::BlockEntryInFlowCollection
            | ErrorKind::InvalidFlowScalarIndent => {
                found = new_problem("yaml", one_character(text, open), unclosed);
                found.label = Some("not closed".to_owned());
                found.help = Some(format!("close it with `{}`", closing(bracket)));
            }
            _ => {}
        }
    }
    found
}

/// The parser points to what follows a tab, and to the quote before an escape.
fn exactly(kind: &ErrorKind, text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    match kind {
        ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabNotAllowed => {
            match text.get(..at).and_then(|before| before.chars().next_back()) {
                Some('\t') if !rest.starts_with('\t') => at - 1,
                _ => at,
            }
        }
        ErrorKind::UnknownQuotedScalarEscape => {
            let mut letters = rest.char_indices();
            while let Some((offset, letter)) = letters.next() {
                let escaped = (letter == '\\').then(|| letters.next()).flatten();
                if escaped
                    .is_some_and(|(_, letter)| !"0abt\tnvfre \"/\\N_LPxuU\r\n".contains(letter))
                {
                    return at + offset;
                }
            }
            at
        }
        _ => at,
    }
}

fn closing(bracket: &str) -> char {
    if bracket == "[" { ']' } else { '}' }
}

/// What to do about nesting.
pub(super) const TOO_DEEP: &str =
    "move the inner part to a workflow of its own and use `flow.call`";

struct Words {
    code: &'static str,
    message: String,
    label: Option<String>,
    help: Option<String>,
}

fn words(kind: &ErrorKind, text: &str, at: usize) -> Words {
    use ErrorKind as Kind;
    let (message, label, help) = match kind {
        Kind::TabNotAllowed
        | Kind::TabInBlockIndentation
        | Kind::TabInIndentation
        | Kind::TabAtBlockScalarStart
        | Kind::TabInPlainScalar => {
            return Words {
                code: "tab",
                message: "the line is indented with a tab".to_owned(),
                label: Some("a tab".to_owned()),
                help: Some("indent with spaces, two for each level".to_owned()),
            };
        }
        Kind::UnclosedQuotedScalar => (
            "the quoted text that begins here has no end",
            "not closed",
            "close it with the same quote",
        ),
        Kind::UnclosedFlowCollection { .. } => (
            "the bracket that opens here has no end",
            "not closed",
            "close it with `]` or `}`",
        ),
        Kind::MappingValueNotAllowed if starts_block(text, at) => (
            "a key can't stand below a value that is already complete",
            "this `:` makes it a key",
            "indent the line like the keys it belongs to, or quote the text above it",
        ),
        Kind::MappingValueNotAllowed | Kind::InvalidColonPlacement | Kind::MappingKeyNotAllowed => {
            (
                "a second `: ` in one line",
                "not expected here",
                "quote the text if the `:` belongs to it",
            )
        }
        Kind::InvalidIndentation
        | Kind::ExpectedBlockMappingKey
        | Kind::ExpectedBlockSequenceEntry
        | Kind::BlockSequenceEntryNotAllowed
        | Kind::ExpectedDocumentStart
        | Kind::UnexpectedEofBlockMapping
        | Kind::UnexpectedEofBlockSequence => (
            "the line does not fit the lines around it",
            "here",
            "lines that belong together begin in the same column; items of a list begin with `- `",
        ),
        Kind::SimpleKeyExpected | Kind::InvalidSimpleKey => (
            "a `:` is missing after this key",
            "no `:` follows",
            "write `key: value`, with a space after the `:`",
        ),
        Kind::UnknownQuotedScalarEscape => (
            "a `\\` in double quotes begins an escape, and this one does not exist",
            "here",
            "write `\\\\` for a backslash, or use single quotes: 'C:\\folder'",
        ),
        Kind::InvalidTrailingSingleQuotedScalar => (
            "text follows the closing quote",
            "the quotes are closed before this",
            "write a quote inside single quotes twice: 'it''s'",
        ),
        Kind::InvalidTrailingDoubleQuotedScalar => (
            "text follows the closing quote",
            "the quotes are closed before this",
            "write a quote inside double quotes as `\\\"`, or use single quotes around the text",
        ),
        Kind::MismatchedFlowCollectionEnd { .. } | Kind::MisplacedFlowCollectionEnd => (
            "this bracket closes nothing",
            "does not match",
            "check that each `[` has its `]` and each `{` its `}`; quote a text that holds brackets",
        ),
        Kind::RecursionLimitExceeded => {
            return Words {
                code: "too-deep",
                message: format!("nested more than {MAX_DEPTH} levels deep"),
                label: None,
                help: Some(TOO_DEEP.to_owned()),
            };
        }
        Kind::MissingAnchorOrAliasName => (
            "`*` and `&` mean something else at the start of a text",
            "here",
            "quote the text",
        ),
        Kind::CommentNotSeparated | Kind::CommentInterceptedScalar => (
            "a comment can't stand here",
            "here",
            "put a space before the `#`, or quote the text if the `#` belongs to it",
        ),
        Kind::UnexpectedCharacter { character } => {
            return Words {
                code: "yaml",
                message: format!("a text can't begin with `{}`", character.escape_default()),
                label: Some("here".to_owned()),
                help: Some("quote the text".to_owned()),
            };
        }
        other => {
            return Words {
                code: "yaml",
                message: format!("this is not YAML: {other}"),
                label: Some("here".to_owned()),
                help: None,
            };
        }
    };
    Words {
        code: "yaml",
        message: message.to_owned(),
        label: Some(label.to_owned()),
        help: Some(help.to_owned()),
    }
}

/// Whether the key before the `:` at `at` is the first thing in its line.
fn starts_block(text: &str, at: usize) -> bool {
    let line_start = text[..at].rfind('\n').map_or(0, |at| at + 1);
    !text[line_start..at].contains(": ")
}

/// Where an expression without quotes begins, if that is what went wrong at `at`.
fn unquoted_start(text: &str, at: usize, opened: Option<usize>) -> Option<usize> {
    let is_start = |at: &usize| text[*at..].starts_with("{{") || text[*at..].starts_with("{%");
    if let Some(open) = opened {
        let before = open.checked_sub(1);
        return [before, Some(open)]
            .into_iter()
            .flatten()
            .find(|at| text.is_char_boundary(*at) && is_start(at));
    }
    // `{{ x }} and more`: the map is complete, and text follows.
    let line_start = text[..at.min(text.len())]
        .rfind('\n')
        .map_or(0, |at| at + 1);
    let line = text[line_start..].lines().next().unwrap_or_default();
    let value = line
        .find(": {{")
        .map(|at| at + 2)
        .or_else(|| line.find("- {{").map(|at| at + 2))?;
    let is_quoted = line[..value].contains(['"', '\'']);
    (!is_quoted && line_start + value <= at).then_some(line_start + value)
}

/// An expression that was read as a map.
pub(super) fn unquoted_expression(text: &str, start: usize) -> Problem {
    let line = text[start..].lines().next().unwrap_or_default();
    let line = line.split(" #").next().unwrap_or(line).trim_end();
    let end = line
        .rfind("}}")
        .or_else(|| line.rfind("%}"))
        .map_or(line.len(), |at| at + 2);
    // Behind the last expression the value goes on, unless brackets around it close.
    let rest = &line[end..];
    let whole = if rest.contains(['}', ']', ',']) {
        &line[..end]
    } else {
        line
    };
    let range = SourceRange {
        start,
        end: start + whole.len(),
    };
    let mut found = new_problem(
        "unquoted-expression",
        range,
        "an expression has to be quoted",
    );
    found.label = Some("YAML reads this `{` as the start of a map".to_owned());
    let quote = if whole.contains('"') { '\'' } else { '"' };
    found.help = Some(format!("quote it: {quote}{whole}{quote}"));
    found
}

pub(super) fn refused_number(text: &str, refused: Refused, range: SourceRange) -> Problem {
    let (message, help) = match refused {
        Refused::LosesCharacters => (
            format!("`{text}` would be read as a number and lose its first characters"),
            format!("quote it to keep it as text: \"{text}\""),
        ),
        Refused::TooLarge => (
            format!("`{text}` is too large for a number"),
            format!("quote it to keep it as text: \"{text}\""),
        ),
        Refused::NotFinite => (
            format!("`{text}` is no number that can be stored"),
            format!("quote it if it is meant as text: \"{text}\""),
        ),
    };
    let mut found = new_problem("number", range, message);
    found.help = Some(help);
    found
}

/// The character at `at`; at the end of the text, the last one that is written.
fn one_character(text: &str, at: usize) -> SourceRange {
    let written = text.trim_end();
    let start = if at >= written.len() {
        written.char_indices().last().map_or(0, |(start, _)| start)
    } else {
        (0..=at)
            .rev()
            .find(|at| text.is_char_boundary(*at))
            .unwrap_or(0)
    };
    let length = text[start..].chars().next().map_or(0, char::len_utf8);
    SourceRange {
        start,
        end: start + length,
    }
}
