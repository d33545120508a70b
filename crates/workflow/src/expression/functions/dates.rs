//! Dates and times. They are texts, so that they survive files and JSON: `2026-11-23`,
//! `2026-11-23T14:30:00`, and with an offset `2026-11-23T14:30:00+01:00`.

use std::borrow::Cow;

use jiff::{
    Span, ToSpan, Unit, Zoned,
    civil::{Date, DateTime, Time, Weekday},
    fmt::{strtime::BrokenDownTime, temporal::Pieces},
    tz::TimeZone,
};
use minijinja::{Environment, Error, value::Kwargs};

use super::{Function, quoted, table, wrong};

pub(super) const FUNCTIONS: &[Function] = table! {"dates", Filter:
    "parse_date(format)", "A date or time from text, by a `strftime` format; without one from ISO 8601.", "'23.11.2026' | parse_date('%d.%m.%Y')" => r#""2026-11-23""#;
    "format_date(format)", "As text by a `strftime` format.", "'2026-11-23' | format_date('%d.%m.%Y')" => r#""23.11.2026""#;
    "date_add(years=, months=, weeks=, days=, business_days=, hours=, minutes=, seconds=)", "Later, or with negative numbers earlier. Business days are Monday to Friday.", "'2026-01-31' | date_add(months=1)" => r#""2026-02-28""#;
    "date_diff(start, unit)", "The time since `start` in whole `days` (or `years`, `months`, `weeks`, `hours`, `minutes`, `seconds`).", "'2026-11-23' | date_diff('2026-11-01')" => "22";
    "start_of(unit)", "The first moment of its `year`, `quarter`, `month`, `week` (Monday), `day` or `hour`.", "'2026-11-23' | start_of('month')" => r#""2026-11-01""#;
    "end_of(unit)", "The last day, or second, of its `year`, `quarter`, `month`, `week`, `day` or `hour`.", "'2026-02-10' | end_of('month')" => r#""2026-02-28""#;
    "weekday", "1 for Monday to 7 for Sunday; names by `format_date('%A')`.", "'2026-11-23' | weekday" => "1";
    "to_timezone(name)", "The same moment in another time zone; times without an offset are taken as UTC.", "'2026-07-01T12:00:00Z' | to_timezone('Europe/Berlin')" => r#""2026-07-01T14:00:00+02:00""#;
};

pub(super) fn register(environment: &mut Environment<'static>) {
    environment.add_filter("parse_date", |text: Cow<'_, str>, format: Option<&str>| {
        Moment::parse(&text, format).map(|moment| moment.written())
    });
    environment.add_filter("format_date", format_date);
    environment.add_filter("date_add", date_add);
    environment.add_filter("date_diff", date_diff);
    environment.add_filter("start_of", |text: Cow<'_, str>, unit: &str| {
        let moment = Moment::parse(&text, None)?;
        moment.bound(unit, false).map(|moment| moment.written())
    });
    environment.add_filter("end_of", |text: Cow<'_, str>, unit: &str| {
        let moment = Moment::parse(&text, None)?;
        moment.bound(unit, true).map(|moment| moment.written())
    });
    environment.add_filter("weekday", |text: Cow<'_, str>| {
        let moment = Moment::parse(&text, None)?;
        Ok::<_, Error>(i64::from(
            moment.civil().date().weekday().to_monday_one_offset(),
        ))
    });
    environment.add_filter("to_timezone", |text: Cow<'_, str>, name: &str| {
        let zone = TimeZone::get(name).map_err(|_| {
            wrong(format!(
                "there is no time zone {}; write it like `Europe/Berlin`",
                quoted(name)
            ))
        })?;
        let moment = Moment::parse(&text, None)?.zoned()?;
        Ok::<_, Error>(Moment::Zoned(moment.with_time_zone(zone)).written())
    });
}

/// A date, a time of day on a date, or a moment.
enum Moment {
    Date(Date),
    Civil(DateTime),
    Zoned(Zoned),
}

impl Moment {
    fn parse(text: &str, format: Option<&str>) -> Result<Self, Error> {
        let text = text.trim();
        match format {
            Some(format) => Self::by_format(text, format),
            None => Self::iso(text).ok_or_else(|| {
                wrong(format!(
                    "can't read {} as a date; write it like 2026-11-23 or 2026-11-23T14:30:00Z, or give its format, as in `parse_date('%d.%m.%Y')`",
                    quoted(text)
                ))
            }),
        }
    }

    fn iso(text: &str) -> Option<Self> {
        let pieces = Pieces::parse(text).ok()?;
        let Some(time) = pieces.time() else {
            return Some(Self::Date(pieces.date()));
        };
        let civil = pieces.date().to_datetime(time);
        match pieces.to_numeric_offset() {
            Some(offset) => offset
                .to_timestamp(civil)
                .ok()
                .map(|moment| Self::Zoned(moment.to_zoned(TimeZone::fixed(offset)))),
            // `Z`: UTC.
            None if pieces.offset().is_some() => {
                civil.to_zoned(TimeZone::UTC).ok().map(Self::Zoned)
            }
            None => Some(Self::Civil(civil)),
        }
    }

    fn by_format(text: &str, format: &str) -> Result<Self, Error> {
        let unreadable = |error: jiff::Error| {
            wrong(format!(
                "can't read {} as a date by {}: {error}",
                quoted(text),
                quoted(format)
            ))
        };
        let parsed = BrokenDownTime::parse(format, text).map_err(unreadable)?;
        if parsed.offset().is_some() {
            return parsed.to_zoned().map(Self::Zoned).map_err(unreadable);
        }
        let date = parsed.to_date().map_err(unreadable)?;
        Ok(if parsed.hour().is_some() {
            Self::Civil(date.to_datetime(parsed.to_time().map_err(unreadable)?))
        } else {
            Self::Date(date)
        })
    }

    fn written(&self) -> String {
        match self {
            Self::Date(date) => date.to_string(),
            Self::Civil(civil) => civil.to_string(),
            Self::Zoned(zoned) if zoned.offset().is_zero() => zoned.timestamp().to_string(),
            Self::Zoned(zoned) => zoned
                .timestamp()
                .display_with_offset(zoned.offset())
                .to_string(),
        }
    }

    fn civil(&self) -> DateTime {
        match self {
            Self::Date(date) => date.to_datetime(Time::midnight()),
            Self::Civil(civil) => *civil,
            Self::Zoned(zoned) => zoned.datetime(),
        }
    }

    fn zoned(&self) -> Result<Zoned, Error> {
        match self {
            Self::Zoned(zoned) => Ok(zoned.clone()),
            other => other.civil().to_zoned(TimeZone::UTC).map_err(out_of_range),
        }
    }

    /// This with another date and time, of the same kind.
    fn with(&self, civil: DateTime) -> Result<Self, Error> {
        Ok(match self {
            Self::Date(_) => Self::Date(civil.date()),
            Self::Civil(_) => Self::Civil(civil),
            Self::Zoned(zoned) => Self::Zoned(
                civil
                    .to_zoned(zoned.time_zone().clone())
                    .map_err(out_of_range)?,
            ),
        })
    }

    fn add(&self, span: Span) -> Result<Self, Error> {
        match self {
            Self::Zoned(zoned) => zoned.checked_add(span).map(Self::Zoned),
            // A date and some hours: from midnight on.
            Self::Date(date)
                if span.get_hours() != 0 || span.get_minutes() != 0 || span.get_seconds() != 0 =>
            {
                date.to_datetime(Time::midnight())
                    .checked_add(span)
                    .map(Self::Civil)
            }
            Self::Date(date) => date.checked_add(span).map(Self::Date),
            Self::Civil(civil) => civil.checked_add(span).map(Self::Civil),
        }
        .map_err(out_of_range)
    }

    fn bound(&self, unit: &str, end: bool) -> Result<Self, Error> {
        let civil = self.civil();
        let date = civil.date();
        let month = |first: i8, length: i8| {
            let start = date.with().day(1).month(first).build()?;
            let last = start
                .checked_add((i64::from(length)).months())?
                .yesterday()?;
            Ok::<_, jiff::Error>((start, last))
        };
        let (first, last) = match unit.trim_end_matches('s') {
            "year" => month(1, 12),
            "quarter" => month((date.month() - 1) / 3 * 3 + 1, 3),
            "month" => month(date.month(), 1),
            "week" => {
                let since = i64::from(date.weekday().to_monday_zero_offset());
                date.checked_sub(since.days())
                    .and_then(|first| Ok((first, first.checked_add(6.days())?)))
            }
            "day" | "hour" => Ok((date, date)),
            _ => {
                return Err(wrong(format!(
                    "there is no unit {}; write `year`, `quarter`, `month`, `week`, `day` or `hour`",
                    quoted(unit)
                )));
            }
        }
        .map_err(out_of_range)?;
        let hour = if unit.trim_end_matches('s') == "hour" {
            Some(civil.hour())
        } else {
            None
        };
        let bound = if end {
            last.at(hour.unwrap_or(23), 59, 59, 0)
        } else {
            first.at(hour.unwrap_or(0), 0, 0, 0)
        };
        self.with(bound)
    }
}

fn out_of_range(_: jiff::Error) -> Error {
    wrong("the date is outside the years -9999 to 9999")
}

fn format_date(text: Cow<'_, str>, format: &str) -> Result<String, Error> {
    if format.len() > 1000 {
        return Err(wrong("the format is too long"));
    }
    let unusable =
        |error: jiff::Error| wrong(format!("can't use the format {}: {error}", quoted(format)));
    let moment = Moment::parse(&text, None)?;
    let parts = match &moment {
        Moment::Zoned(zoned) => BrokenDownTime::from(zoned),
        other => BrokenDownTime::from(other.civil()),
    };
    parts.to_string(format).map_err(unusable)
}

fn date_add(text: Cow<'_, str>, named: Kwargs) -> Result<String, Error> {
    let moment = Moment::parse(&text, None)?;
    let amount =
        |unit: &str| -> Result<i64, Error> { Ok(named.get::<Option<i64>>(unit)?.unwrap_or(0)) };
    let too_much = |_| wrong("that is too long a time to add");
    let span = Span::new().try_years(amount("years")?).map_err(too_much)?;
    let span = span.try_months(amount("months")?).map_err(too_much)?;
    let span = span.try_weeks(amount("weeks")?).map_err(too_much)?;
    let span = span.try_days(amount("days")?).map_err(too_much)?;
    let span = span.try_hours(amount("hours")?).map_err(too_much)?;
    let span = span.try_minutes(amount("minutes")?).map_err(too_much)?;
    let span = span.try_seconds(amount("seconds")?).map_err(too_much)?;
    let business = amount("business_days")?;
    named.assert_all_used()?;
    let moment = moment.add(span)?;
    add_business_days(&moment, business).map(|moment| moment.written())
}

/// Whole weeks at once, the rest day by day.
fn add_business_days(moment: &Moment, days: i64) -> Result<Moment, Error> {
    let too_much = |_| wrong("that is too long a time to add");
    let weeks = Span::new().try_weeks(days / 5).map_err(too_much)?;
    let mut moment = moment.add(weeks)?;
    let mut left = days % 5;
    let step = left.signum();
    let is_weekend = |moment: &Moment| {
        matches!(
            moment.civil().date().weekday(),
            Weekday::Saturday | Weekday::Sunday
        )
    };
    while left != 0 {
        moment = moment.add(step.days())?;
        if !is_weekend(&moment) {
            left -= step;
        }
    }
    // From a weekend, whole weeks end on one: go on to the next working day.
    while days != 0 && is_weekend(&moment) {
        moment = moment.add(days.signum().days())?;
    }
    Ok(moment)
}

fn date_diff(end: Cow<'_, str>, start: Cow<'_, str>, unit: Option<&str>) -> Result<i64, Error> {
    let unit_name = unit.unwrap_or("days");
    let unit = match unit_name.trim_end_matches('s') {
        "year" => Unit::Year,
        "month" => Unit::Month,
        "week" => Unit::Week,
        "day" => Unit::Day,
        "hour" => Unit::Hour,
        "minute" => Unit::Minute,
        "second" => Unit::Second,
        _ => {
            return Err(wrong(format!(
                "there is no unit {}; write `years`, `months`, `weeks`, `days`, `hours`, `minutes` or `seconds`",
                quoted(unit_name)
            )));
        }
    };
    let (end, start) = (Moment::parse(&end, None)?, Moment::parse(&start, None)?);
    let span = match (&end, &start) {
        // Calendar days: by the clock on the wall.
        (Moment::Zoned(end), Moment::Zoned(start)) => {
            end.since((unit, &start.with_time_zone(end.time_zone().clone())))
        }
        _ => end.civil().since((unit, start.civil())),
    }
    .map_err(out_of_range)?;
    Ok(match unit {
        Unit::Year => span.get_years().into(),
        Unit::Month => span.get_months().into(),
        Unit::Week => span.get_weeks().into(),
        Unit::Day => span.get_days().into(),
        Unit::Hour => span.get_hours().into(),
        Unit::Minute => span.get_minutes(),
        _ => span.get_seconds(),
    })
}
