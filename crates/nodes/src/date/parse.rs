use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_workflow::{Any, Value};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    human::DayOrder,
    moment::{Clock, Moment, zone_of},
    parts::Parts,
    pattern,
    working::{Calendar, WorkCalendar},
};

/// Reads a date as people write or say it.
///
/// It understands ISO (`2026-03-03T14:30Z`), mail headers, `3 March 2026`, `3. März 2026` (English,
/// German, French, Spanish, Italian, Dutch, Polish and Portuguese names), `03.03.26`, `2026-W10`,
/// `Q2 2026`, Unix times, `tomorrow 9:00`, `next monday`, `in 3 days`, `+2w`, `3 business days
/// ago`, `end of next month`, `last friday of march 2026`. What could be read in two ways, such as
/// `3/4/2026`, is refused until `order` or `format` says which is meant.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Parse {
    /// The text, or a Unix time.
    text: Any,
    /// The format it is written in, or several to try in order: `DD.MM.YYYY`, `%d.%m.%Y`. Any that
    /// people write if not set.
    #[serde(default)]
    format: Formats,
    /// Which part of a date of digits comes first.
    order: Option<DayOrder>,
    /// The time zone of a time that has none, such as `Europe/Berlin`; with it the result has one.
    zone: Option<String>,
    /// The time zone that the result is turned into.
    to_zone: Option<String>,
    /// Which days are not worked, for `in 3 business days`.
    #[serde(default)]
    calendar: Calendar,
    /// The result of a text that is no date. If not set, that is an error.
    #[serde(default)]
    default: Any,
}

/// One format or several.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Formats {
    /// Any.
    #[default]
    Any,
    /// One.
    One(String),
    /// Several, tried in order.
    Several(Vec<String>),
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Parsed {
    /// Whether the text is a date; false only with `default`.
    valid: bool,
    /// The date and its parts; those of `default` if the text is no date.
    #[serde(flatten)]
    parts: Parts,
}

pub(super) fn node() -> Node {
    Node::action("date.parse", parse)
        .pure()
        .icon("calendar-search")
        .fails(
            ErrorKind::NotFound,
            "The file with the holidays is not there.",
        )
        .fails(
            ErrorKind::Invalid,
            "The text is no date, or not one of `format`.",
        )
        .fails(
            ErrorKind::Denied,
            "The file with the holidays may not be read.",
        )
        .fails(
            ErrorKind::Unavailable,
            "The disk that holds the holidays does not answer.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: due
  use: date.parse
  with: { text: "3. März 2026, 14:30 Uhr", zone: Europe/Berlin }
- use: log.write
  with: { message: "due on a {{ steps.due.weekday_name }}: {{ steps.due.result }}" }
"#;

async fn parse(cx: &StepContext, settings: Parse) -> Result<Parsed, NodeError> {
    let clock = Clock::new(cx, settings.zone.as_deref())?;
    let mut reading = clock.reading();
    reading.order = settings.order;
    reading.weekend = WorkCalendar::load(cx, settings.calendar).await?;
    let formats = match settings.format {
        Formats::Any => Vec::new(),
        Formats::One(format) => vec![format],
        Formats::Several(formats) => formats,
    };
    let read = |value: &Value| -> Result<Moment, NodeError> {
        if value.is_undefined() || value.is_none() {
            return Err(NodeError::invalid(
                "setting `text` is empty: there is no date in it",
            ));
        }
        if formats.is_empty() {
            return clock.read_as("text", value, &reading);
        }
        let text = crate::data::written::written(value);
        by_formats(&text, &formats, &clock)
    };
    let (moment, valid) = match read(&settings.text.0) {
        Ok(moment) => (moment, true),
        Err(error) if settings.default.0.is_undefined() => return Err(error),
        Err(_) => (clock.read("default", &settings.default.0)?, false),
    };
    let moment = match settings.to_zone {
        Some(name) => {
            let zone = zone_of("to_zone", &name)?;
            Moment::Zoned(moment.zoned(&clock.zone)?.with_time_zone(zone))
        }
        None => moment,
    };
    Ok(Parsed {
        valid,
        parts: Parts::of(&moment, &clock.zone)?,
    })
}

fn by_formats(text: &str, formats: &[String], clock: &Clock) -> Result<Moment, NodeError> {
    if text.len() > 500 {
        return Err(NodeError::invalid("setting `text` is too long for a date"));
    }
    let mut first = None;
    for format in formats {
        match pattern::read(text, format) {
            Ok(Moment::Civil(civil)) => {
                return clock.read("text", &Value::from(civil.to_string()));
            }
            Ok(moment) => return Ok(moment),
            Err(why) => first = first.or(Some(why)),
        }
    }
    let why = first.unwrap_or_else(|| "setting `format` is an empty list".to_owned());
    Err(NodeError::invalid(why).with_help("leave `format` out to read any form that people write"))
}
