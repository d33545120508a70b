//! A date taken apart, as outputs.

use casare_engine::NodeError;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::Serialize;

use super::{moment::Moment, working::weekday_name};

/// A date and its parts.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Parts {
    /// The date in ISO form: `2026-03-03`, `2026-03-03T14:30:00` or with an offset.
    result: String,
    /// The date alone: `2026-03-03`.
    date: String,
    /// The time alone: `14:30:00`.
    time: String,
    /// The year.
    year: i16,
    /// The month, from 1.
    month: i8,
    /// The day of the month, from 1.
    day: i8,
    /// The hour.
    hour: i8,
    /// The minute.
    minute: i8,
    /// The second.
    second: i8,
    /// The day of the week, 1 for Monday to 7 for Sunday.
    weekday: i8,
    /// Its English name in small letters.
    weekday_name: String,
    /// The ISO week.
    week: i8,
    /// The quarter, from 1.
    quarter: i8,
    /// The day of the year, from 1.
    day_of_year: i16,
    /// How many days the month has.
    days_in_month: i8,
    /// Whether the year is a leap year.
    leap_year: bool,
    /// Seconds since 1970 (Unix time). A date without a zone is in the zone that was set, or else
    /// the machine's.
    timestamp: i64,
    /// Milliseconds since 1970.
    timestamp_ms: i64,
    /// The zone, if it has one.
    zone: Option<String>,
}

impl Parts {
    /// Of `moment`; what has no zone is in `zone`.
    pub(super) fn of(moment: &Moment, zone: &TimeZone) -> Result<Self, NodeError> {
        let civil = moment.civil();
        let date = civil.date();
        let timestamp = moment.zoned(zone)?.timestamp();
        let week = date.iso_week_date().week();
        Ok(Self {
            result: moment.written(),
            date: date.to_string(),
            time: civil.time().to_string(),
            year: date.year(),
            month: date.month(),
            day: date.day(),
            hour: civil.hour(),
            minute: civil.minute(),
            second: civil.second(),
            weekday: date.weekday().to_monday_one_offset(),
            weekday_name: weekday_name(date.weekday()),
            week,
            quarter: (date.month() - 1) / 3 + 1,
            day_of_year: date.day_of_year(),
            days_in_month: date.days_in_month(),
            leap_year: date.in_leap_year(),
            timestamp: timestamp.as_second(),
            timestamp_ms: timestamp.as_millisecond(),
            zone: match moment {
                Moment::Zoned(zoned) => Some(
                    zoned
                        .time_zone()
                        .iana_name()
                        .map_or_else(|| zoned.offset().to_string(), str::to_owned),
                ),
                _ => None,
            },
        })
    }
}
