use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::{Any, Value};
use jiff::Unit as JiffUnit;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    moment::{Clock, Moment, out_of_range},
    working::{Calendar, WorkCalendar},
};
use casare_files::FileFaults as _;

/// Says how much time lies between two dates.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Difference {
    /// The first date, in any form that `date.parse` understands.
    from: Any,
    /// The second date; now if not set.
    #[serde(default)]
    to: Any,
    /// The unit of `result`.
    #[serde(default)]
    unit: Unit,
    /// Which days are not worked, for `unit: business_days`.
    #[serde(default)]
    calendar: Calendar,
    /// The zone of dates that have none; the machine's if not set.
    zone: Option<String>,
}

/// A unit of time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Unit {
    /// Years.
    Years,
    /// Months.
    Months,
    /// Weeks.
    Weeks,
    /// Days.
    #[default]
    Days,
    /// Days that are worked: those after `from` up to `to`.
    BusinessDays,
    /// Hours.
    Hours,
    /// Minutes.
    Minutes,
    /// Seconds.
    Seconds,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Distance {
    /// The whole units between them; below 0 if `to` is earlier.
    result: i64,
    /// Years between them, of the whole time.
    years: i64,
    /// Months beyond the years.
    months: i64,
    /// Days beyond the months.
    days: i64,
    /// Hours beyond the days.
    hours: i64,
    /// Minutes beyond the hours.
    minutes: i64,
    /// Seconds beyond the minutes.
    seconds: i64,
    /// All of it in days, with a fraction.
    total_days: f64,
    /// All of it in hours, with a fraction.
    total_hours: f64,
    /// All of it in minutes, with a fraction.
    total_minutes: f64,
    /// All of it in seconds, with a fraction.
    total_seconds: f64,
    /// It in words: `2 months 3 days`.
    text: String,
}

pub(super) fn node() -> Node {
    Node::action("date.difference", difference)
        .pure()
        .icon("calendar-range")
        .fails_with_holidays()
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: open
  use: date.difference
  with: { from: 2026-01-15, to: 2026-03-03 }
- use: log.write
  with: { message: "open for {{ steps.open.result }} days ({{ steps.open.text }})" }
"#;

async fn difference(cx: &StepContext, settings: Difference) -> Result<Distance, NodeError> {
    let clock = Clock::new(cx, settings.zone.as_deref())?;
    let wanted = |setting: &str, value: &Value| clock.read(setting, value);
    if settings.from.0.is_undefined() || settings.from.0.is_none() {
        return Err(NodeError::invalid("setting `from` is empty"));
    }
    let (from, to) = (
        wanted("from", &settings.from.0)?,
        wanted("to", &settings.to.0)?,
    );
    let calendar = WorkCalendar::load(cx, settings.calendar).await?;
    // Two dates are compared by the calendar, without any zone and its changes of clocks.
    let zone = match (&from, &to) {
        (Moment::Zoned(_), _) | (_, Moment::Zoned(_)) => clock.zone.clone(),
        _ => jiff::tz::TimeZone::UTC,
    };
    let start = from.zoned(&zone)?;
    let end = to.zoned(&zone)?.with_time_zone(start.time_zone().clone());
    let whole = |unit: JiffUnit| start.until((unit, &end)).map_err(out_of_range);
    let parts = whole(JiffUnit::Year)?;
    let total_seconds = end
        .timestamp()
        .duration_since(start.timestamp())
        .as_secs_f64();
    let result = match settings.unit {
        Unit::Years => i64::from(parts.get_years()),
        Unit::Months => i64::from(whole(JiffUnit::Month)?.get_months()),
        Unit::Weeks => i64::from(whole(JiffUnit::Week)?.get_weeks()),
        Unit::Days => i64::from(whole(JiffUnit::Day)?.get_days()),
        Unit::BusinessDays => business_days(&from, &to, &calendar)?,
        Unit::Hours => (total_seconds / 3600.0) as i64,
        Unit::Minutes => (total_seconds / 60.0) as i64,
        Unit::Seconds => total_seconds as i64,
    };
    let named = [
        (i64::from(parts.get_years()), "year"),
        (i64::from(parts.get_months()), "month"),
        (i64::from(parts.get_days()), "day"),
        (i64::from(parts.get_hours()), "hour"),
        (parts.get_minutes(), "minute"),
        (parts.get_seconds(), "second"),
    ];
    Ok(Distance {
        result,
        years: named[0].0,
        months: named[1].0,
        days: named[2].0,
        hours: named[3].0,
        minutes: named[4].0,
        seconds: named[5].0,
        total_days: total_seconds / 86_400.0,
        total_hours: total_seconds / 3600.0,
        total_minutes: total_seconds / 60.0,
        total_seconds,
        text: in_words(&named),
    })
}

fn business_days(from: &Moment, to: &Moment, calendar: &WorkCalendar) -> Result<i64, NodeError> {
    let (a, b) = (from.date(), to.date());
    let (first, last) = (a.min(b), a.max(b));
    let days = WorkCalendar::days(first, last)?;
    // Those after the earlier date, so that adding them leads to the later one.
    let count = days
        .into_iter()
        .skip(1)
        .filter(|day| calendar.is_business_day(*day))
        .count() as i64;
    Ok(if b < a { -count } else { count })
}

fn in_words(parts: &[(i64, &str)]) -> String {
    let words: Vec<String> = parts
        .iter()
        .filter(|(count, _)| *count != 0)
        .map(|(count, name)| {
            let count = count.abs();
            let plural = if count == 1 { "" } else { "s" };
            format!("{count} {name}{plural}")
        })
        .collect();
    if words.is_empty() {
        return "0 seconds".to_owned();
    }
    words.join(" ")
}
