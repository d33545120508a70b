use casare_engine::{Node, NodeError, StepContext};
use rand::{Rng, rngs::StdRng, seq::SliceRandom as _};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Draws a text of letters, digits and signs: a reference, a test name, a password.
///
/// As other chance it follows from the run's seed. For passwords set `secure: true`: then it comes
/// from the operating system, and a replay of the run draws another.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Text {
    /// How many characters.
    #[serde(default = "twelve")]
    length: usize,
    /// Whether there are capital letters.
    #[serde(default = "yes")]
    upper: bool,
    /// Whether there are small letters.
    #[serde(default = "yes")]
    lower: bool,
    /// Whether there are digits.
    #[serde(default = "yes")]
    digits: bool,
    /// Whether there are signs such as `!` and `%`.
    #[serde(default)]
    signs: bool,
    /// The characters to draw from, instead of these kinds.
    characters: Option<String>,
    /// Whether characters that look alike (`0` and `O`, `1`, `l` and `I`) are left out.
    #[serde(default)]
    readable: bool,
    /// Whether there is at least one character of each kind.
    #[serde(default)]
    each_kind: bool,
    /// Whether it is for a password or token.
    #[serde(default)]
    secure: bool,
}

fn twelve() -> usize {
    12
}

fn yes() -> bool {
    true
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Drawn {
    /// The text.
    result: String,
}

pub(super) fn node() -> Node {
    Node::action("random.text", text)
        .pure()
        .icon("dices")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: reference
  use: random.text
  with: { length: 8, lower: false, readable: true }
- use: log.write
  with: { message: "{{ steps.reference.result }}" }
"#;

const LONGEST: usize = 1_000_000;

async fn text(cx: &StepContext, settings: Text) -> Result<Drawn, NodeError> {
    let result = if settings.secure {
        let mut seed = <StdRng as rand::SeedableRng>::Seed::default();
        aws_lc_rs::rand::fill(&mut seed)
            .map_err(|_| NodeError::unavailable("the operating system gives no chance"))?;
        drawn(
            &settings,
            &mut <StdRng as rand::SeedableRng>::from_seed(seed),
        )?
    } else {
        drawn(&settings, &mut cx.rng())?
    };
    Ok(Drawn { result })
}

fn drawn(settings: &Text, chance: &mut impl Rng) -> Result<String, NodeError> {
    if settings.length > LONGEST {
        return Err(NodeError::invalid(format!(
            "setting `length`: {} is more than {LONGEST}",
            settings.length
        )));
    }
    let kinds: Vec<Vec<char>> = match &settings.characters {
        Some(characters) => vec![characters.chars().collect()],
        None => [
            (settings.upper, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
            (settings.lower, "abcdefghijklmnopqrstuvwxyz"),
            (settings.digits, "0123456789"),
            (settings.signs, "!#$%&()*+,-./:;<=>?@[]^_{|}~"),
        ]
        .into_iter()
        .filter(|(wanted, _)| *wanted)
        .map(|(_, characters)| characters.chars().collect())
        .collect(),
    };
    let kinds: Vec<Vec<char>> = kinds
        .into_iter()
        .map(|mut kind| {
            kind.retain(|c| !(settings.readable && "0O1lI|5S2Z8B".contains(*c)));
            kind
        })
        .filter(|kind| !kind.is_empty())
        .collect();
    let all: Vec<char> = kinds.concat();
    if all.is_empty() {
        return Err(NodeError::invalid("there are no characters to draw from"));
    }
    let mut text: Vec<char> = Vec::with_capacity(settings.length);
    if settings.each_kind {
        if kinds.len() > settings.length {
            return Err(NodeError::invalid(format!(
                "{} characters can't be of {} kinds",
                settings.length,
                kinds.len()
            )));
        }
        text.extend(
            kinds
                .iter()
                .map(|kind| kind[chance.random_range(0..kind.len())]),
        );
    }
    while text.len() < settings.length {
        text.push(all[chance.random_range(0..all.len())]);
    }
    if settings.each_kind {
        text.shuffle(chance);
    }
    Ok(text.into_iter().collect())
}
