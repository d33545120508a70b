use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use indexmap::IndexMap;
use regex::Regex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::search::{self, Flags};

/// Finds words or patterns in a text, and takes the parts of a pattern out of it.
///
/// With `regex`, `find` is a regular expression; its groups are in `first.groups` and in each of
/// `matches`: named ones, `(?P<number>\d+)`, under their names, others under their numbers.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Find {
    /// The text to look in.
    text: String,
    /// What to look for.
    find: String,
    /// Whether `find` is a regular expression.
    #[serde(default)]
    regex: bool,
    /// Whether small and capital letters are the same.
    #[serde(default)]
    ignore_case: bool,
    /// With `regex`: whether `^` and `$` are the ends of each line.
    #[serde(default)]
    multiline: bool,
    /// With `regex`: whether `.` is a line break too.
    #[serde(default)]
    dot_all: bool,
    /// Where in the text it has to stand.
    #[serde(default)]
    at: Place,
    /// Whether the step fails if nothing is found.
    #[serde(default)]
    required: bool,
}

/// Where in a text something stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Place {
    /// Anywhere.
    #[default]
    Anywhere,
    /// At its beginning.
    Start,
    /// At its end.
    End,
    /// All of the text is it.
    Whole,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Found {
    /// Whether it is there.
    found: bool,
    /// What was found first; none if nothing was.
    result: Option<String>,
    /// The place of its first character, counted from 0; -1 if nothing was found.
    position: i64,
    /// How many times.
    count: usize,
    /// The first place; none if there is none.
    first: Option<Match>,
    /// All places.
    matches: Vec<Match>,
}

/// A place in the text.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Match {
    /// What stands there.
    text: String,
    /// Its first character, counted from 0.
    start: usize,
    /// The groups of the regular expression; none for one that took no part.
    groups: IndexMap<String, Option<String>>,
}

pub(super) fn node() -> Node {
    Node::action("text.find", find)
        .pure()
        .icon("text-search")
        .fails(
            ErrorKind::NotFound,
            "It is not in the text and `required` is set.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: mail
  use: text.find
  with:
    text: "Invoice INV-4711 of 2026-03-01"
    find: 'INV-(?P<number>\d+)'
    regex: true
    required: true
- use: log.write
  with: { message: "{{ steps.mail.first.groups.number }}" }
"#;

async fn find(_cx: &StepContext, settings: Find) -> Result<Found, NodeError> {
    let plain;
    let find = match (settings.at, settings.regex) {
        (Place::Anywhere, _) => &settings.find,
        (at, is_regex) => {
            let inner = if is_regex {
                settings.find.clone()
            } else {
                regex::escape(&settings.find)
            };
            let start = if at == Place::End { "" } else { r"\A" };
            let end = if at == Place::Start { "" } else { r"\z" };
            plain = format!("{start}(?:{inner}){end}");
            &plain
        }
    };
    let flags = Flags {
        regex: settings.regex || settings.at != Place::Anywhere,
        ignore_case: settings.ignore_case,
        multiline: settings.multiline,
        dot_all: settings.dot_all,
    };
    let pattern = search::compile_with(find, flags)?;
    let matches = all(&pattern, &settings.text);
    if matches.is_empty() && settings.required {
        return Err(NodeError::not_found(format!(
            "`{}` is not in the text, which begins with `{}`",
            settings.find,
            settings.text.chars().take(60).collect::<String>()
        )));
    }
    Ok(Found {
        found: !matches.is_empty(),
        result: matches.first().map(|first| first.text.clone()),
        position: matches.first().map_or(-1, |first| first.start as i64),
        count: matches.len(),
        first: matches.first().cloned(),
        matches,
    })
}

fn all(pattern: &Regex, text: &str) -> Vec<Match> {
    let (mut bytes, mut characters) = (0, 0);
    pattern
        .captures_iter(text)
        .filter_map(|captures| {
            let whole = captures.get(0)?;
            characters += text[bytes..whole.start()].chars().count();
            bytes = whole.start();
            let groups = pattern
                .capture_names()
                .enumerate()
                .skip(1)
                .map(|(number, name)| {
                    let name = name.map_or_else(|| number.to_string(), str::to_owned);
                    let group = captures.get(number).map(|group| group.as_str().to_owned());
                    (name, group)
                });
            Some(Match {
                text: whole.as_str().to_owned(),
                start: characters,
                groups: groups.collect(),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_have_names_and_places_count_characters() {
        let pattern = search::compile(r"(?P<key>\w+)=(\d+)?", true, false).unwrap();

        let found = all(&pattern, "größe=7, maß=");

        assert_eq!(found[0].groups["key"].as_deref(), Some("größe"));
        assert_eq!(found[0].groups["2"].as_deref(), Some("7"));
        assert_eq!((found[1].start, found[1].groups["2"].clone()), (9, None));
    }

    #[test]
    fn a_broken_pattern_says_so() {
        let error = search::compile("(a", true, false).unwrap_err();

        assert!(error.message().starts_with("`(a` is no regular expression"));
        assert!(search::compile("(a", false, false).is_ok());
    }
}
