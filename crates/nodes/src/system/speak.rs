use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use schemars::JsonSchema;
use serde::Deserialize;

use super::desktop_program::first;

/// Speaks a text.
///
/// Through `espeak-ng` on Linux and `say` on macOS.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Speak {
    /// What is said.
    text: String,
    /// The language, such as `en` or `de`; the system's if not set.
    language: Option<String>,
    /// How fast, in words a minute.
    #[serde(default = "rate")]
    #[schemars(range(min = 80, max = 450))]
    rate: u32,
}

fn rate() -> u32 {
    170
}

pub(super) fn node() -> Node {
    Node::action("system.speak", speak)
        .icon("speech")
        .fails(
            ErrorKind::Invalid,
            "The text can't be spoken, as without a sound card.",
        )
        .fails(ErrorKind::Unavailable, "There is no program that speaks.")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r"- use: system.speak
  on_error: continue
  with: { text: The report is ready, language: en }
";

async fn speak(cx: &StepContext, settings: Speak) -> Result<(), NodeError> {
    let rate = settings.rate.to_string();
    let mut espeak = vec!["-s".to_owned(), rate.clone()];
    if let Some(language) = &settings.language {
        espeak.extend(["-v".to_owned(), language.clone()]);
    }
    espeak.extend(["--".to_owned(), settings.text.clone()]);
    let calls = vec![
        ("espeak-ng", espeak),
        (
            "say",
            vec!["-r".to_owned(), rate, "--".to_owned(), settings.text],
        ),
    ];
    first(cx, "speak", calls, None, "install `espeak-ng`").await
}
