//! What runs when: schedules, the calendars they keep to, and the ticker that fires them.

mod calendar;
mod ticker;

use std::str::FromStr;

use casare_store::{Moment, new_uuid};
use croner::Cron;
use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub(crate) use calendar::{
    ALL, Calendar, CalendarRow, add_calendar, calendar, calendars, delete_calendar,
};
pub(crate) use ticker::tick_forever;

use crate::{
    Problem,
    api::{RunOrder, Time},
};

/// When a schedule fires.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub(crate) enum When {
    /// By a cron expression of 5 fields, or 6 with seconds first. Names, ranges, steps, `L`, `W`,
    /// `#` and `@daily` are understood; 0 and 7 are Sunday.
    Cron {
        expression: String,
        /// Such as `Europe/Berlin`; UTC when nothing is said. A local time that a clock change
        /// leaves out fires right after it; one that comes twice fires once.
        #[serde(default)]
        time_zone: Option<String>,
    },
    /// Again and again, after so many seconds.
    Every {
        #[schema(minimum = 1)]
        seconds: u64,
        /// What it counts from; the time of saving when nothing is said.
        #[serde(default)]
        from: Option<Time>,
    },
    Once {
        at: Time,
    },
}

/// What happens when the calendar is closed at the time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Blocked {
    #[default]
    Skip,
    /// It starts when the calendar opens.
    Defer,
}

/// What happens to times at which no server was there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Misfire {
    Skip,
    /// Once for all of them.
    #[default]
    Once,
    /// Each of them, `catch_up` at most.
    All,
}

/// What happens when the run before goes on still.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Overlap {
    #[default]
    Allow,
    /// The new one waits for it.
    Queue,
    Skip,
    /// It is cancelled.
    CancelPrevious,
}

/// When a workflow runs, and how.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Plan {
    pub(crate) when: When,
    /// The name of a calendar: it fires only while that is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) calendar: Option<String>,
    #[serde(default)]
    pub(crate) blocked: Blocked,
    #[serde(default)]
    pub(crate) misfire: Misfire,
    /// Missed times that `misfire: all` makes good; 10 when nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 1000)]
    pub(crate) catch_up: Option<u32>,
    #[serde(default)]
    pub(crate) overlap: Overlap,
    /// Starts up to so many seconds later, each time by another amount.
    #[serde(default)]
    #[schema(maximum = 86400)]
    pub(crate) jitter_s: u32,
    /// Never after that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) until: Option<Time>,
    /// What is run; `due` does not count.
    #[serde(default)]
    pub(crate) order: RunOrder,
}

/// When a plan fires, ready to be asked.
pub(crate) struct Times<'p> {
    plan: &'p Plan,
    cron: Option<(Cron, TimeZone)>,
}

impl Plan {
    /// Fills in what the time of saving decides, and checks the rest.
    pub(crate) fn settle(&mut self, now: Moment) -> Result<(), Problem> {
        if let When::Every { seconds, from } = &mut self.when {
            if *seconds == 0 || *seconds > 366 * 24 * 3_600 {
                return Err(Problem::invalid("`seconds` is between 1 and a year"));
            }
            from.get_or_insert(Time(now));
        }
        if self.jitter_s > 86_400 {
            return Err(Problem::invalid("`jitter_s` is a day at most"));
        }
        if self.catch_up.is_some_and(|cap| !(1..=1_000).contains(&cap)) {
            return Err(Problem::invalid("`catch_up` is 1 to 1000"));
        }
        self.times().map(|_| ())
    }

    pub(crate) fn times(&self) -> Result<Times<'_>, Problem> {
        let cron = match &self.when {
            When::Cron {
                expression,
                time_zone,
            } => {
                if expression.len() > 200 {
                    return Err(Problem::invalid("a cron expression has 200 bytes at most"));
                }
                let cron = Cron::from_str(expression).map_err(|error| {
                    Problem::invalid(format!("`{expression}` is no cron expression: {error}"))
                })?;
                let zone = match time_zone.as_deref() {
                    None => TimeZone::UTC,
                    Some(name) => TimeZone::get(name)
                        .map_err(|_| Problem::invalid(format!("there is no time zone `{name}`")))?,
                };
                Some((cron, zone))
            }
            _ => None,
        };
        Ok(Times { plan: self, cron })
    }
}

impl Times<'_> {
    /// The first time after `after`; none when it never fires again.
    pub(crate) fn next(&self, after: Moment) -> Option<Moment> {
        let next = match &self.plan.when {
            When::Cron { .. } => {
                let (cron, zone) = self.cron.as_ref()?;
                let from = after.timestamp().to_zoned(zone.clone());
                let found = cron.find_next_occurrence(&from, false).ok()?;
                Moment::from(found.timestamp())
            }
            When::Every { seconds, from } => {
                let from = from.map_or(0, |from| from.0.micros());
                let step = i64::try_from(*seconds).ok()?.checked_mul(1_000_000)?;
                let passed = after.micros().checked_sub(from)?;
                let count = if passed < 0 { 0 } else { passed / step + 1 };
                Moment::from_micros(from.checked_add(count.checked_mul(step)?)?)
            }
            When::Once { at } => at.0,
        };
        let in_range = next.micros() < Timestamp::MAX.as_microsecond();
        let allowed = self.plan.until.is_none_or(|until| next <= until.0);
        (next > after && in_range && allowed).then_some(next)
    }

    /// All times from `first` to `now`, the latest `most` of them.
    pub(crate) fn missed(&self, first: Moment, now: Moment, most: usize) -> Vec<Moment> {
        let mut times = std::collections::VecDeque::from([first]);
        let mut last = first;
        // Bounded: a schedule of each second that was off for a year has 31 million.
        for _ in 0..100_000 {
            match self.next(last) {
                Some(next) if next <= now => {
                    last = next;
                    times.push_back(next);
                    if times.len() > most {
                        times.pop_front();
                    }
                }
                _ => break,
            }
        }
        times.into()
    }
}

/// By how much a firing is later, always the same for the same one.
pub(crate) fn jitter(schedule: uuid::Uuid, at: Moment, jitter_s: u32) -> std::time::Duration {
    use sha2::{Digest, Sha256};
    if jitter_s == 0 {
        return std::time::Duration::ZERO;
    }
    let mut digest = Sha256::new();
    digest.update(schedule.as_bytes());
    digest.update(at.micros().to_le_bytes());
    let bytes: [u8; 32] = digest.finalize().into();
    let number = u64::from_le_bytes(bytes[..8].try_into().unwrap_or_default());
    std::time::Duration::from_millis(number % (u64::from(jitter_s) * 1_000))
}

/// A new id for a schedule.
pub(crate) fn new_id(now: Moment) -> casare_store::ScheduleId {
    casare_store::ScheduleId(new_uuid(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cron(expression: &str, zone: &str) -> Plan {
        let when = When::Cron {
            expression: expression.to_owned(),
            time_zone: Some(zone.to_owned()),
        };
        plan(when)
    }

    fn plan(when: When) -> Plan {
        Plan {
            when,
            calendar: None,
            blocked: Blocked::default(),
            misfire: Misfire::default(),
            catch_up: None,
            overlap: Overlap::default(),
            jitter_s: 0,
            until: None,
            order: RunOrder::default(),
        }
    }

    fn at(text: &str) -> Moment {
        text.parse::<Timestamp>().unwrap().into()
    }

    fn following(plan: &Plan, after: &str, count: usize) -> Vec<String> {
        let times = plan.times().unwrap();
        let mut last = at(after);
        (0..count)
            .map_while(|_| {
                last = times.next(last)?;
                Some(last.to_string())
            })
            .collect()
    }

    #[test]
    fn every_form_of_cron_fires_on_the_days_that_it_says() {
        let cases = [
            // Weekdays, seconds first, last day, last Friday, second Monday, nearest weekday.
            (
                "0 9 * * MON-FRI",
                "2026-11-20T10:00:00Z",
                "2026-11-23T09:00:00Z",
            ),
            (
                "30 0 9 * * *",
                "2026-11-20T10:00:00Z",
                "2026-11-21T09:00:30Z",
            ),
            ("0 9 L * *", "2026-02-10T00:00:00Z", "2026-02-28T09:00:00Z"),
            (
                "0 9 * * FRI#L",
                "2026-11-01T00:00:00Z",
                "2026-11-27T09:00:00Z",
            ),
            (
                "0 9 * * MON#2",
                "2026-11-01T00:00:00Z",
                "2026-11-09T09:00:00Z",
            ),
            (
                "0 9 15W * *",
                "2026-11-01T00:00:00Z",
                "2026-11-16T09:00:00Z",
            ),
            ("0 9 * * 7", "2026-11-20T00:00:00Z", "2026-11-22T09:00:00Z"),
            ("0 9 * * 0", "2026-11-20T00:00:00Z", "2026-11-22T09:00:00Z"),
            ("@daily", "2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z"),
            ("0 0 29 2 *", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z"),
        ];
        for (expression, after, expected) in cases {
            assert_eq!(
                following(&cron(expression, "UTC"), after, 1),
                [expected],
                "{expression}"
            );
        }
    }

    #[test]
    fn a_local_time_that_is_left_out_or_comes_twice_fires_once() {
        let half_past_two = cron("30 2 * * *", "Europe/Berlin");

        let spring = following(&half_past_two, "2026-03-28T12:00:00Z", 2);
        let autumn = following(&half_past_two, "2026-10-24T12:00:00Z", 2);

        // 02:30 is left out on 29 March; on 25 October it comes at 00:30 and 01:30 UTC.
        assert_eq!(spring, ["2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"]);
        assert_eq!(autumn, ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]);
    }

    #[test]
    fn an_interval_counts_from_its_beginning_whatever_was_missed() {
        let every = plan(When::Every {
            seconds: 600,
            from: Some(Time(at("2026-11-20T10:00:00Z"))),
        });

        assert_eq!(
            following(&every, "2026-11-20T10:25:00Z", 2),
            ["2026-11-20T10:30:00Z", "2026-11-20T10:40:00Z"]
        );
        let times = every.times().unwrap();
        let missed = times.missed(at("2026-11-20T10:30:00Z"), at("2026-11-20T12:00:00Z"), 3);
        assert_eq!(missed.len(), 3, "the latest of ten");
        assert_eq!(missed.last(), Some(&at("2026-11-20T12:00:00Z")));
    }

    #[test]
    fn a_schedule_ends_with_its_last_time() {
        let once = plan(When::Once {
            at: Time(at("2026-11-20T10:00:00Z")),
        });
        let mut hourly = cron("0 * * * *", "UTC");
        hourly.until = Some(Time(at("2026-11-20T12:30:00Z")));

        assert_eq!(following(&once, "2026-11-20T09:00:00Z", 5).len(), 1);
        assert_eq!(following(&hourly, "2026-11-20T10:30:00Z", 5).len(), 2);
    }
}
