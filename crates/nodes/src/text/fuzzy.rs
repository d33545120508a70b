use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_workflow::{Any, Value};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    data::{order::folded, path::KeyPath, written::written},
    list::items::Items,
};

/// Finds the texts of a list that are most like another: a customer's name with a typing error.
///
/// Likeness goes from 0 (nothing alike) to 1 (the same).
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Match {
    /// The text.
    text: String,
    /// What it is compared with: texts, or maps with `field`.
    candidates: Any,
    /// What of each candidate is compared, such as `customer.name`.
    field: Option<String>,
    /// From which likeness on a candidate matches.
    #[serde(default = "threshold")]
    threshold: f64,
    /// How likeness is measured.
    #[serde(default)]
    method: Method,
    /// Whether small and capital letters, and accents, make a difference.
    #[serde(default)]
    exact_case: bool,
    /// How many matches are listed at most.
    #[serde(default = "hundred")]
    limit: usize,
    /// Whether it is an error if nothing matches.
    #[serde(default)]
    required: bool,
}

fn threshold() -> f64 {
    0.6
}

fn hundred() -> usize {
    100
}

/// How likeness is measured.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Method {
    /// Letters in common, beginnings count more (Jaro-Winkler): for names.
    #[default]
    JaroWinkler,
    /// How few letters have to be changed (Levenshtein).
    Levenshtein,
    /// As that, where two letters that changed places are one change (Damerau).
    Damerau,
    /// Pairs of letters in common (Sørensen-Dice): for longer texts.
    Dice,
    /// Words in any order: `Lovelace, Ada` is `Ada Lovelace`.
    Words,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Matched {
    /// The candidate that is most like the text; none if nothing matches.
    result: Any,
    /// Its likeness; that of the best candidate if nothing matches.
    score: f64,
    /// Its place among the candidates, counted from 0; -1 if nothing matches.
    index: i64,
    /// Whether anything matches.
    found: bool,
    /// All that match, the most alike first.
    matches: Vec<Alike>,
    /// The candidates of `matches` alone: the list without what is not alike.
    items: Vec<Any>,
    /// How many match.
    count: usize,
}

/// A candidate.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Alike {
    /// The candidate.
    item: Any,
    /// Its likeness.
    score: f64,
    /// Its place among the candidates, counted from 0.
    index: usize,
}

pub(super) fn node() -> Node {
    Node::action("text.match", find)
        .pure()
        .icon("spell-check")
        .fails(
            ErrorKind::NotFound,
            "No candidate is like the text and `required` is set.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: customer
  use: text.match
  with: { text: "Loveace, Ada", candidates: [Grace Hopper, Ada Lovelace], method: words }
- use: log.write
  with: { message: "{{ steps.customer.result }} ({{ steps.customer.score | round(2) }})" }
"#;

/// Comparing longer texts letter by letter takes too long.
const LONGEST: usize = 5_000;

async fn find(cx: &StepContext, settings: Match) -> Result<Matched, NodeError> {
    cx.blocking(move || {
        let field = settings
            .field
            .as_deref()
            .map(|field| KeyPath::new("field", field));
        let field = field.transpose()?;
        let prepared = |text: &str| {
            let text = if settings.exact_case {
                text.trim().to_owned()
            } else {
                folded(text.trim())
            };
            match settings.method {
                Method::Words => in_order(&text),
                _ => text,
            }
        };
        let wanted = prepared(&settings.text);
        too_long("text", &wanted)?;
        let (mut matches, mut best) = (Vec::new(), 0.0_f64);
        for (index, item) in Items::of("candidates", settings.candidates.0)?
            .iter()?
            .enumerate()
        {
            let item = item?;
            let text = match &field {
                Some(field) => field
                    .get(&item)
                    .map(|value| written(&value))
                    .unwrap_or_default(),
                None => written(&item),
            };
            let text = prepared(&text);
            too_long("candidates", &text)?;
            let score = likeness(&wanted, &text, settings.method);
            best = best.max(score);
            if score >= settings.threshold {
                matches.push(Alike {
                    item: Any(item),
                    score,
                    index,
                });
            }
        }
        matches.sort_by(|a, b| b.score.total_cmp(&a.score));
        let count = matches.len();
        matches.truncate(settings.limit.max(1));
        if count == 0 && settings.required {
            return Err(NodeError::not_found(format!(
                "nothing is like `{}`: the best candidate has {best:.2}, below {}",
                settings.text.chars().take(60).collect::<String>(),
                settings.threshold
            )));
        }
        let first = matches.first().cloned();
        Ok(Matched {
            score: first.as_ref().map_or(best, |first| first.score),
            index: first.as_ref().map_or(-1, |first| first.index as i64),
            found: first.is_some(),
            result: first.map_or(Any(Value::from(())), |first| first.item),
            items: matches.iter().map(|alike| alike.item.clone()).collect(),
            matches,
            count,
        })
    })
    .await
}

fn too_long(setting: &str, text: &str) -> Result<(), NodeError> {
    if text.len() > LONGEST {
        return Err(NodeError::invalid(format!(
            "setting `{setting}`: a text of {} bytes is too long to be compared; {LONGEST} is the most",
            text.len()
        )));
    }
    Ok(())
}

fn in_order(text: &str) -> String {
    let mut words: Vec<&str> = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    words.sort_unstable();
    words.join(" ")
}

fn likeness(a: &str, b: &str, method: Method) -> f64 {
    match method {
        Method::JaroWinkler => strsim::jaro_winkler(a, b),
        Method::Levenshtein | Method::Words => strsim::normalized_levenshtein(a, b),
        Method::Damerau => strsim::normalized_damerau_levenshtein(a, b),
        Method::Dice => strsim::sorensen_dice(a, b),
    }
}
