use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::Any;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    moment::{Clock, Moment, zone_of},
    names::Language,
    pattern,
};

/// Writes a date as a text.
///
/// `format` is a name: `iso`, `date`, `time`, `datetime`, `long` (3 March 2026), `compact`
/// (20260303), `file` (2026-03-03_14-30-00), `month`, `weekday`, `rfc2822`, `rfc3339`, `unix`,
/// `unix_ms`, `excel` (the number that spreadsheets keep). Or letters: `YYYY` `YY` `MMMM` `MMM`
/// `MM` `M` `DD` `D` `Do` `dddd` `ddd` `HH` `H` `hh` `h` `mm` `ss` `SSS` `A` `Z` `W` `Q`, where
/// other words and what stands in `[brackets]` stay as they are. Or, with a `%`, `strftime`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Format {
    /// The date, in any form that `date.parse` understands; now if not set.
    #[serde(default)]
    date: Any,
    /// How it is written.
    #[serde(default = "datetime")]
    format: String,
    /// The language of names.
    #[serde(default)]
    language: Language,
    /// The zone of a date that has none; the machine's if not set.
    zone: Option<String>,
    /// The zone it is turned into before it is written.
    to_zone: Option<String>,
}

fn datetime() -> String {
    "datetime".to_owned()
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Formatted {
    /// The text.
    result: String,
}

pub(super) fn node() -> Node {
    Node::action("date.format", format)
        .pure()
        .icon("calendar-days")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: heading
  use: date.format
  with: { date: 2026-03-03, format: "dddd, D. MMMM YYYY", language: de }
- use: log.write
  with: { message: "{{ steps.heading.result }}" }
"#;

async fn format(cx: &StepContext, settings: Format) -> Result<Formatted, NodeError> {
    let clock = Clock::new(cx, settings.zone.as_deref())?;
    let mut moment = clock.read("date", &settings.date.0)?;
    if let Some(name) = settings.to_zone {
        let zone = zone_of("to_zone", &name)?;
        moment = Moment::Zoned(moment.zoned(&clock.zone)?.with_time_zone(zone));
    }
    Ok(Formatted {
        result: pattern::write(&moment, &settings.format, settings.language, &clock.zone)?,
    })
}
