use casare_engine::{Node, NodeError, StepContext};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    moment::{Clock, Moment},
    names::Language,
    parts::Parts,
    pattern,
};

/// Says what time it is, and takes it apart: date, week, weekday, Unix time.
///
/// A replay of a recorded run gets the time of the recording.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Now {
    /// The time zone, such as `Europe/Berlin` or `UTC`; the machine's if not set.
    zone: Option<String>,
    /// How `text` is written: `DD.MM.YYYY HH:mm`, `%d.%m.%Y`, or a name such as `long`, `file`,
    /// `unix`; see `date.format`.
    #[serde(default = "datetime")]
    format: String,
    /// The language of names in `text`.
    #[serde(default)]
    language: Language,
}

fn datetime() -> String {
    "datetime".to_owned()
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Today {
    /// The time by `format`.
    text: String,
    /// The date and its parts.
    #[serde(flatten)]
    parts: Parts,
}

pub(super) fn node() -> Node {
    Node::action("date.now", now)
        .pure()
        .icon("clock")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: now
  use: date.now
  with: { zone: Europe/Berlin, format: file }
- use: log.write
  with: { message: "report_{{ steps.now.text }}.pdf, week {{ steps.now.week }}" }
"#;

async fn now(cx: &StepContext, settings: Now) -> Result<Today, NodeError> {
    let clock = Clock::new(cx, settings.zone.as_deref())?;
    let moment = Moment::Zoned(
        clock
            .now()
            .round(jiff::Unit::Microsecond)
            .map_err(super::moment::out_of_range)?,
    );
    Ok(Today {
        text: pattern::write(&moment, &settings.format, settings.language, &clock.zone)?,
        parts: Parts::of(&moment, &clock.zone)?,
    })
}
