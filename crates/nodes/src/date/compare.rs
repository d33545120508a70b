use std::cmp::Ordering;

use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::{Any, Value};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    moment::{Clock, Moment},
    relative::{Period, bounds},
};

/// Says which of two dates is earlier, or whether they are the same day, month or year.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Compare {
    /// The date, in any form that `date.parse` understands; now if not set.
    #[serde(default)]
    a: Any,
    /// The date it is compared with; now if not set.
    #[serde(default)]
    b: Any,
    /// How exactly.
    #[serde(default)]
    by: Precision,
    /// The zone of dates that have none; the machine's if not set.
    zone: Option<String>,
}

/// How exactly two dates are compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Precision {
    /// To the last fraction of a second; if one has no time of day, by the day.
    #[default]
    Exact,
    /// By the minute.
    Minute,
    /// By the day.
    Day,
    /// By the ISO week.
    Week,
    /// By the month.
    Month,
    /// By the quarter.
    Quarter,
    /// By the year.
    Year,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Compared {
    /// `before`, `same` or `after`: where `a` is, seen from `b`.
    result: &'static str,
    /// Whether `a` is earlier.
    is_before: bool,
    /// Whether `a` is later.
    is_after: bool,
    /// Whether they are the same.
    is_equal: bool,
    /// -1, 0 or 1.
    order: i8,
}

pub(super) fn node() -> Node {
    Node::action("date.compare", compare)
        .pure()
        .icon("scale")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: due
  use: date.compare
  with: { a: 2026-03-03, b: 31 March 2026, by: month }
- use: log.write
  with: { message: "{{ steps.due.result }}" }
"#;

async fn compare(cx: &StepContext, settings: Compare) -> Result<Compared, NodeError> {
    let clock = Clock::new(cx, settings.zone.as_deref())?;
    let read = |setting: &str, value: &Value| clock.read(setting, value);
    let (a, b) = (read("a", &settings.a.0)?, read("b", &settings.b.0)?);
    let has_date = matches!(a, Moment::Date(_)) || matches!(b, Moment::Date(_));
    let precision = match settings.by {
        Precision::Exact if has_date => Precision::Day,
        other => other,
    };
    let local = |moment: &Moment| match moment {
        // By the same clock on the wall.
        Moment::Zoned(zoned) => zoned.with_time_zone(clock.zone.clone()).datetime(),
        other => other.civil(),
    };
    let period = |period: Period| -> Result<Ordering, NodeError> {
        let first = |moment: &Moment| {
            bounds(local(moment).date(), period)
                .map(|(first, _)| first)
                .map_err(super::moment::out_of_range)
        };
        Ok(first(&a)?.cmp(&first(&b)?))
    };
    let order = match precision {
        Precision::Exact => a
            .zoned(&clock.zone)?
            .timestamp()
            .cmp(&b.zoned(&clock.zone)?.timestamp()),
        Precision::Minute => {
            let minute = |moment: &Moment| -> Result<i64, NodeError> {
                Ok(moment
                    .zoned(&clock.zone)?
                    .timestamp()
                    .as_second()
                    .div_euclid(60))
            };
            minute(&a)?.cmp(&minute(&b)?)
        }
        Precision::Day => local(&a).date().cmp(&local(&b).date()),
        Precision::Week => period(Period::Week)?,
        Precision::Month => period(Period::Month)?,
        Precision::Quarter => period(Period::Quarter)?,
        Precision::Year => period(Period::Year)?,
    };
    Ok(Compared {
        result: match order {
            Ordering::Less => "before",
            Ordering::Equal => "same",
            Ordering::Greater => "after",
        },
        is_before: order.is_lt(),
        is_after: order.is_gt(),
        is_equal: order.is_eq(),
        order: order as i8,
    })
}
