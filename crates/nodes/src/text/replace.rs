use casare_engine::{Node, NodeError, StepContext};
use indexmap::IndexMap;
use regex::NoExpand;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::search::{self, Flags};

/// Replaces words or patterns in a text.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Replace {
    /// The text.
    text: String,
    /// What to look for.
    find: Option<String>,
    /// Several words at once, each with what stands there afterwards: `{ ä: ae, ö: oe }`. Of words
    /// that begin alike the longest counts, and what was put in is not looked at again.
    #[serde(default)]
    all: IndexMap<String, String>,
    /// What stands there afterwards. With `regex`, `$1` and `${name}` are groups of what was found.
    #[serde(default)]
    replace: String,
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
    /// How many places are replaced at most, from the beginning; all if not set.
    limit: Option<usize>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Replaced {
    /// The new text.
    result: String,
    /// How many places were replaced.
    count: usize,
}

pub(super) fn node() -> Node {
    Node::action("text.replace", replace)
        .pure()
        .icon("replace")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: plain
  use: text.replace
  with: { text: "1.250,00 EUR", find: '[^\d,]', regex: true }
- use: log.write
  with: { message: "{{ steps.plain.result }}" }
"#;

/// A longer text comes of a mistake such as replacing nothing by something.
const LARGEST: usize = 256 * 1024 * 1024;

async fn replace(cx: &StepContext, settings: Replace) -> Result<Replaced, NodeError> {
    cx.blocking(move || {
        let replaced = match (&settings.find, settings.all.is_empty()) {
            (Some(find), true) => one(&settings, find)?,
            (None, false) => several(&settings)?,
            _ => return Err(NodeError::invalid("give either `find` or `all`")),
        };
        Ok(replaced)
    })
    .await
}

fn one(settings: &Replace, find: &str) -> Result<Replaced, NodeError> {
    let flags = Flags {
        regex: settings.regex,
        ignore_case: settings.ignore_case,
        multiline: settings.multiline,
        dot_all: settings.dot_all,
    };
    let pattern = search::compile_with(find, flags)?;
    let text = &settings.text;
    let limit = settings.limit.unwrap_or(usize::MAX);
    let count = pattern.find_iter(text).take(limit).count();
    // Groups that are written twice could make a text of any size.
    let growth = settings
        .replace
        .len()
        .saturating_add(settings.replace.matches('$').count() * text.len());
    if count.saturating_mul(growth).saturating_add(text.len()) > LARGEST && count > 1 {
        return Err(NodeError::invalid(
            "the new text could be larger than 256 MiB",
        ));
    }
    let result = match limit {
        // To the library, no limit is 0.
        0 => text.into(),
        _ if settings.regex => pattern.replacen(text, count, settings.replace.as_str()),
        _ => pattern.replacen(text, count, NoExpand(&settings.replace)),
    };
    Ok(Replaced {
        result: result.into_owned(),
        count,
    })
}

fn several(settings: &Replace) -> Result<Replaced, NodeError> {
    let folded = |word: &str| {
        if settings.ignore_case {
            word.to_lowercase()
        } else {
            word.to_owned()
        }
    };
    let mut words: Vec<&String> = settings
        .all
        .keys()
        .filter(|word| !word.is_empty())
        .collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let new: IndexMap<String, &String> = settings
        .all
        .iter()
        .map(|(word, new)| (folded(word), new))
        .collect();
    let pattern = words
        .iter()
        .map(|word| regex::escape(word))
        .collect::<Vec<_>>();
    let pattern = search::compile(&pattern.join("|"), true, settings.ignore_case)?;
    let mut count = 0;
    let limit = settings.limit.unwrap_or(usize::MAX);
    let result = pattern.replace_all(&settings.text, |found: &regex::Captures<'_>| {
        let word = found.get(0).map_or("", |word| word.as_str());
        if count >= limit {
            return word.to_owned();
        }
        count += 1;
        new.get(&folded(word))
            .map_or_else(|| word.to_owned(), |new| (*new).clone())
    });
    Ok(Replaced {
        result: result.into_owned(),
        count,
    })
}
