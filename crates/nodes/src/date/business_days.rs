use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::Any;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    moment::Clock,
    working::{Calendar, WorkCalendar},
};
use casare_files::FileFaults as _;

/// Counts the days that are worked between two dates, and says which business days are near.
///
/// Both ends count, as in `NETWORKDAYS` of spreadsheets. To move a date by business days, see
/// `date.add`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BusinessDays {
    /// The first date, in any form that `date.parse` understands; today if not set.
    #[serde(default)]
    from: Any,
    /// The last date; the first one if not set.
    #[serde(default)]
    to: Any,
    /// Which days are not worked: weekends and holidays.
    #[serde(default)]
    calendar: Calendar,
    /// Whether the first date counts, if it is worked.
    #[serde(default = "yes")]
    include_from: bool,
    /// Whether the last date counts, if it is worked.
    #[serde(default = "yes")]
    include_to: bool,
    /// The zone that says which day it is; the machine's if not set.
    zone: Option<String>,
}

fn yes() -> bool {
    true
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Worked {
    /// How many days are worked; below 0 if `to` is before `from`.
    result: i64,
    /// Whether `from` is worked.
    is_business_day: bool,
    /// The first business day after `from`.
    next: String,
    /// The last business day before `from`.
    previous: String,
    /// The business days that were counted.
    days: Vec<String>,
    /// The holidays between the dates that would have been worked.
    holidays: Vec<Holiday>,
}

/// A holiday that was met.
#[derive(Debug, Serialize, JsonSchema)]
struct Holiday {
    /// Its date.
    date: String,
    /// Its name; empty if it has none.
    name: String,
}

pub(super) fn node() -> Node {
    Node::action("date.business_days", business_days)
        .pure()
        .icon("briefcase")
        .fails_with_holidays()
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: april
  use: date.business_days
  with: { from: 2026-04-01, to: 2026-04-30, calendar: { file: holidays.ics } }
- use: log.write
  with: { message: "{{ steps.april.result }} days, without {{ steps.april.holidays | map(attribute='name') | join(', ') }}" }
"#;

async fn business_days(cx: &StepContext, settings: BusinessDays) -> Result<Worked, NodeError> {
    let clock = Clock::new(cx, settings.zone.as_deref())?;
    let from = clock.read("from", &settings.from.0)?.date();
    let to = if settings.to.0.is_undefined() || settings.to.0.is_none() {
        from
    } else {
        clock.read("to", &settings.to.0)?.date()
    };
    let calendar = WorkCalendar::load(cx, settings.calendar).await?;
    let (first, last) = (from.min(to), from.max(to));
    let all = WorkCalendar::days(first, last)?;
    let counts = |day: &jiff::civil::Date| {
        calendar.is_business_day(*day)
            && (settings.include_from || *day != from)
            && (settings.include_to || *day != to)
    };
    let days: Vec<String> = all
        .iter()
        .filter(|day| counts(day))
        .map(ToString::to_string)
        .collect();
    let holidays = all
        .iter()
        .filter(|day| !calendar.is_weekend(**day))
        .filter_map(|day| {
            calendar.holiday(*day).map(|name| Holiday {
                date: day.to_string(),
                name: name.to_owned(),
            })
        })
        .collect();
    let count = days.len() as i64;
    Ok(Worked {
        result: if to < from { -count } else { count },
        is_business_day: calendar.is_business_day(from),
        next: calendar
            .add(from, 1)
            .map_err(NodeError::invalid)?
            .to_string(),
        previous: calendar
            .add(from, -1)
            .map_err(NodeError::invalid)?
            .to_string(),
        days,
        holidays,
    })
}
