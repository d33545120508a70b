use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::Any;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    moment::{Clock, out_of_range},
    relative::{Period, bounds},
    working::{Calendar as Days, WorkCalendar, weekday_name},
};
use casare_files::FileFaults as _;

/// Lists the days of a month, or between two dates: weekday, week, whether they are worked.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Calendar {
    /// The first day; without `to`, any day of the month; today if not set. In any form that
    /// `date.parse` understands: `2026-03`, `next month`.
    #[serde(default)]
    from: Any,
    /// The last day; the end of the month that `from` is in if not set.
    #[serde(default)]
    to: Any,
    /// Which days are not worked: weekends and holidays.
    #[serde(default)]
    calendar: Days,
    /// The zone that says which day it is; the machine's if not set.
    zone: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Listed {
    /// The days in order.
    days: Vec<Day>,
    /// How many there are.
    count: usize,
    /// How many of them are worked.
    business_days: usize,
}

/// A day.
#[derive(Debug, Serialize, JsonSchema)]
struct Day {
    /// The date.
    date: String,
    /// The day of the month.
    day: i8,
    /// The English name of its weekday, in small letters.
    weekday: String,
    /// The ISO week.
    week: i8,
    /// Whether it is worked.
    is_business_day: bool,
    /// Whether it is a day of the weekend.
    is_weekend: bool,
    /// The name of the holiday it is; none if it is none.
    holiday: Option<String>,
}

pub(super) fn node() -> Node {
    Node::action("date.calendar", list)
        .pure()
        .icon("calendar")
        .fails_with_holidays()
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: april
  use: date.calendar
  with: { from: 2026-04, calendar: { holidays: [{ date: easter+1, name: Easter Monday }] } }
- use: log.write
  with: { message: "{{ steps.april.business_days }} of {{ steps.april.count }} days are worked" }
"#;

async fn list(cx: &StepContext, settings: Calendar) -> Result<Listed, NodeError> {
    let clock = Clock::new(cx, settings.zone.as_deref())?;
    let from = clock.read("from", &settings.from.0)?.date();
    let (first, last) = if settings.to.0.is_undefined() || settings.to.0.is_none() {
        bounds(from, Period::Month).map_err(out_of_range)?
    } else {
        (from, clock.read("to", &settings.to.0)?.date())
    };
    if last < first {
        return Err(NodeError::invalid(format!(
            "`to` ({last}) is before `from` ({first})"
        )));
    }
    let calendar = WorkCalendar::load(cx, settings.calendar).await?;
    let days: Vec<Day> = WorkCalendar::days(first, last)?
        .into_iter()
        .map(|date| Day {
            date: date.to_string(),
            day: date.day(),
            weekday: weekday_name(date.weekday()),
            week: date.iso_week_date().week(),
            is_business_day: calendar.is_business_day(date),
            is_weekend: calendar.is_weekend(date),
            holiday: calendar.holiday(date).map(str::to_owned),
        })
        .collect();
    Ok(Listed {
        count: days.len(),
        business_days: days.iter().filter(|day| day.is_business_day).count(),
        days,
    })
}
