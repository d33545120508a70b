//! A date, a time on a date, or a moment with its zone.

use casare_engine::{NodeError, StepContext};
use casare_workflow::Value;
use jiff::{
    Timestamp, Zoned,
    civil::{Date, DateTime, Time},
    tz::{Offset, TimeZone},
};
use minijinja::value::ValueKind;

use super::human::{self, Reading};
use crate::data::rules::shown;

/// A date, a time on a date, or a moment with its zone.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Moment {
    Date(Date),
    Civil(DateTime),
    Zoned(Zoned),
}

impl Moment {
    /// In ISO form.
    pub(crate) fn written(&self) -> String {
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

    /// By the clock on the wall; a date is its midnight.
    pub(crate) fn civil(&self) -> DateTime {
        match self {
            Self::Date(date) => date.to_datetime(Time::midnight()),
            Self::Civil(civil) => *civil,
            Self::Zoned(zoned) => zoned.datetime(),
        }
    }

    pub(crate) fn date(&self) -> Date {
        self.civil().date()
    }

    /// The moment, where one without a zone is in `zone`.
    pub(crate) fn zoned(&self, zone: &TimeZone) -> Result<Zoned, NodeError> {
        match self {
            Self::Zoned(zoned) => Ok(zoned.clone()),
            other => other.civil().to_zoned(zone.clone()).map_err(out_of_range),
        }
    }

    /// Another date and time of the same kind.
    pub(crate) fn with(&self, civil: DateTime) -> Result<Self, NodeError> {
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
}

pub(crate) fn out_of_range(error: jiff::Error) -> NodeError {
    NodeError::invalid(format!("there is no such date: {error}"))
}

/// The time zone called `name`: `Europe/Berlin`, `UTC`, `+02:00`, `local`.
pub(crate) fn zone_of(setting: &str, name: &str) -> Result<TimeZone, NodeError> {
    let name = name.trim();
    match name.to_ascii_lowercase().as_str() {
        "local" | "system" => return Ok(TimeZone::system()),
        "utc" | "gmt" | "z" => return Ok(TimeZone::UTC),
        _ => {}
    }
    if let Some(offset) = offset_of(name) {
        return Ok(TimeZone::fixed(offset));
    }
    TimeZone::get(name).map_err(|_| {
        let short: String = name.chars().take(60).collect();
        let near = jiff::tz::db()
            .available()
            .map(|zone| zone.as_str().to_owned());
        let near: Vec<String> = near.collect();
        let meant = casare_files::rows::closest(name, near.iter().map(String::as_str));
        let error = NodeError::invalid(format!(
            "setting `{setting}`: there is no time zone `{short}`"
        ));
        match meant {
            Some(meant) => error.with_help(format!("did you mean `{meant}`?")),
            None => error.with_help("write it like `Europe/Berlin`, `UTC` or `+02:00`"),
        }
    })
}

/// `+02:00`, `-0530`, `+2`.
pub(super) fn offset_of(text: &str) -> Option<Offset> {
    let sign = match text.chars().next()? {
        '+' => 1,
        '-' | '−' => -1,
        _ => return None,
    };
    let digits: String = text.chars().skip(1).filter(|c| *c != ':').collect();
    if digits.is_empty() || digits.len() > 4 || !digits.chars().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes) = match digits.len() {
        1 | 2 => (digits.as_str(), "0"),
        length => digits.split_at(length - 2),
    };
    let seconds = hours.parse::<i32>().ok()? * 3600 + minutes.parse::<i32>().ok()? * 60;
    Offset::from_seconds(sign * seconds).ok()
}

/// What a node reads dates with.
pub(crate) struct Clock {
    now: Timestamp,
    /// The zone of what has none.
    pub(crate) zone: TimeZone,
    /// Whether the workflow said which.
    said: bool,
}

impl Clock {
    /// With the zone that `setting` names, or the machine's.
    pub(crate) fn new(cx: &StepContext, zone: Option<&str>) -> Result<Self, NodeError> {
        Ok(Self {
            now: cx.now(),
            said: zone.is_some(),
            zone: match zone {
                Some(name) => zone_of("zone", name)?,
                None => TimeZone::system(),
            },
        })
    }

    /// Now, in the zone.
    pub(crate) fn now(&self) -> Zoned {
        self.now.to_zoned(self.zone.clone())
    }

    /// How texts are read.
    pub(crate) fn reading(&self) -> Reading {
        Reading {
            now: self.now(),
            order: None,
            weekend: super::working::WorkCalendar::default(),
        }
    }

    /// The date in `setting`; now if there is none.
    pub(crate) fn read(&self, setting: &str, value: &Value) -> Result<Moment, NodeError> {
        self.read_as(setting, value, &self.reading())
    }

    /// As [`Clock::read`], by other rules.
    pub(crate) fn read_as(
        &self,
        setting: &str,
        value: &Value,
        reading: &Reading,
    ) -> Result<Moment, NodeError> {
        let moment = match value.kind() {
            ValueKind::Undefined | ValueKind::None => Ok(Moment::Zoned(self.now())),
            ValueKind::Number => f64::try_from(value.clone())
                .ok()
                .and_then(unix)
                .map(|moment| Moment::Zoned(moment.to_zoned(self.zone.clone())))
                .ok_or_else(|| format!("{} is no Unix time", shown(value))),
            ValueKind::String => human::read(value.as_str().unwrap_or_default(), reading),
            _ => Err(format!("{} is no date", shown(value))),
        };
        let moment = moment.map_err(|why| {
            NodeError::invalid(format!("setting `{setting}`: {why}")).with_help(
                "write it like 2026-03-03, 3 March 2026, 03.03.2026, `tomorrow 9:00` or `in 3 days`; \
                 `date.parse` reads other forms with `format` or `order`",
            )
        })?;
        match moment {
            // A zone that was asked for makes a moment of a time.
            Moment::Civil(civil) if self.said => civil
                .to_zoned(self.zone.clone())
                .map(Moment::Zoned)
                .map_err(out_of_range),
            other => Ok(other),
        }
    }
}

/// Seconds, or milliseconds where seconds would be beyond the year 5138.
pub(crate) fn unix(number: f64) -> Option<Timestamp> {
    if !number.is_finite() {
        return None;
    }
    let nanos = if number.abs() >= 1e11 {
        number * 1e6
    } else {
        number * 1e9
    };
    // Floats are exact to some hundred nanoseconds here: keep microseconds.
    Timestamp::from_nanosecond((nanos / 1000.0).round() as i128 * 1000).ok()
}
