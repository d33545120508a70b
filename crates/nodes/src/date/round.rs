use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::Any;
use jiff::civil::{Date, Time};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    moment::{Clock, Moment, out_of_range},
    parts::Parts,
    relative::{Period, bounds},
};

/// Moves a date to the start or the end of its hour, day, week, month, quarter or year.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Round {
    /// The date, in any form that `date.parse` understands; now if not set.
    #[serde(default)]
    date: Any,
    /// Which end.
    #[serde(default)]
    to: End,
    /// Of what.
    of: Unit,
    /// The zone of a date that has none; the machine's if not set.
    zone: Option<String>,
}

/// An end of a period.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum End {
    /// Its first day or moment.
    #[default]
    Start,
    /// Its last day, or last second.
    End,
}

/// A period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Unit {
    /// The hour.
    Hour,
    /// The day.
    Day,
    /// The week, which begins on Monday.
    Week,
    /// The month.
    Month,
    /// The quarter.
    Quarter,
    /// The year.
    Year,
}

pub(super) fn node() -> Node {
    Node::action("date.round", round)
        .pure()
        .icon("calendar-check")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: month_end
  use: date.round
  with: { date: 2026-02-10, to: end, of: month }
- use: log.write
  with: { message: "{{ steps.month_end.result }}" }
"#;

async fn round(cx: &StepContext, settings: Round) -> Result<Parts, NodeError> {
    let clock = Clock::new(cx, settings.zone.as_deref())?;
    let moment = clock.read("date", &settings.date.0)?;
    let civil = moment.civil();
    let date: Date = civil.date();
    let period = |period| bounds(date, period).map_err(out_of_range);
    let (first, last) = match settings.of {
        Unit::Hour | Unit::Day => (date, date),
        Unit::Week => period(Period::Week)?,
        Unit::Month => period(Period::Month)?,
        Unit::Quarter => period(Period::Quarter)?,
        Unit::Year => period(Period::Year)?,
    };
    let hour = |otherwise: i8| {
        if settings.of == Unit::Hour {
            civil.hour()
        } else {
            otherwise
        }
    };
    let bound = match settings.to {
        End::Start => first.to_datetime(Time::new(hour(0), 0, 0, 0).map_err(out_of_range)?),
        End::End => last.to_datetime(Time::new(hour(23), 59, 59, 0).map_err(out_of_range)?),
    };
    let moment: Moment = moment.with(bound)?;
    Parts::of(&moment, &clock.zone)
}
