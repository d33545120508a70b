use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::Any;
use jiff::Span;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    moment::{Clock, Moment, out_of_range},
    parts::Parts,
    relative::Distance,
    working::{Calendar, WorkCalendar},
};
use casare_files::FileFaults as _;

/// Moves a date: by years, months, weeks, days, business days, hours, minutes and seconds.
///
/// A month after 31 January is the last of February. Business days are counted after the rest.
/// Days are days of the calendar: on the day the clocks change, the time of day stays.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Add {
    /// The date, in any form that `date.parse` understands; now if not set.
    #[serde(default)]
    date: Any,
    /// How far, as people say it: `2 weeks`, `-1mo`, `1y 6mo`, `3 business days`.
    by: Option<String>,
    /// How many years.
    #[serde(default)]
    years: i64,
    /// How many months.
    #[serde(default)]
    months: i64,
    /// How many weeks.
    #[serde(default)]
    weeks: i64,
    /// How many days.
    #[serde(default)]
    days: i64,
    /// How many business days.
    #[serde(default)]
    business_days: i64,
    /// How many hours.
    #[serde(default)]
    hours: i64,
    /// How many minutes.
    #[serde(default)]
    minutes: i64,
    /// How many seconds.
    #[serde(default)]
    seconds: i64,
    /// Which days are not worked: weekends and holidays.
    #[serde(default)]
    calendar: Calendar,
    /// The zone of a date that has none; the machine's if not set.
    zone: Option<String>,
}

pub(super) fn node() -> Node {
    Node::action("date.add", add)
        .pure()
        .icon("calendar-plus")
        .fails_with_holidays()
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: due
  use: date.add
  with: { date: 2026-04-02, business_days: 2, calendar: { holidays: [easter-2, easter+1] } }
- use: log.write
  with: { message: "to be paid by {{ steps.due.result }}" }
"#;

async fn add(cx: &StepContext, settings: Add) -> Result<Parts, NodeError> {
    let clock = Clock::new(cx, settings.zone.as_deref())?;
    let mut moment = clock.read("date", &settings.date.0)?;
    let too_far = |_| NodeError::invalid("that is too far away");
    let span = Span::new()
        .try_years(settings.years)
        .and_then(|span| span.try_months(settings.months))
        .and_then(|span| span.try_weeks(settings.weeks))
        .and_then(|span| span.try_days(settings.days))
        .and_then(|span| span.try_hours(settings.hours))
        .and_then(|span| span.try_minutes(settings.minutes))
        .and_then(|span| span.try_seconds(settings.seconds))
        .map_err(too_far)?;
    let has_hours = settings.hours != 0 || settings.minutes != 0 || settings.seconds != 0;
    moment = match moment {
        Moment::Date(date) if !has_hours => {
            Moment::Date(date.checked_add(span).map_err(out_of_range)?)
        }
        Moment::Zoned(zoned) => Moment::Zoned(zoned.checked_add(span).map_err(out_of_range)?),
        other => Moment::Civil(other.civil().checked_add(span).map_err(out_of_range)?),
    };
    let calendar = WorkCalendar::load(cx, settings.calendar).await?;
    if let Some(by) = &settings.by {
        let wrong = |why: String| {
            NodeError::invalid(format!("setting `by`: {why}"))
                .with_help("write it like `2 weeks`, `-1mo`, `1y 6mo` or `3 business days`")
        };
        let short: String = by.chars().take(60).collect();
        let distance = Distance::read(&by.to_lowercase())
            .map_err(wrong)?
            .filter(|_| by.len() <= 100)
            .ok_or_else(|| wrong(format!("`{short}` is no distance")))?;
        moment = distance.after(moment, &calendar).map_err(wrong)?;
    }
    if settings.business_days != 0 {
        let date = calendar
            .add(moment.date(), settings.business_days)
            .map_err(NodeError::invalid)?;
        moment = moment.with(date.to_datetime(moment.civil().time()))?;
    }
    Parts::of(&moment, &clock.zone)
}
