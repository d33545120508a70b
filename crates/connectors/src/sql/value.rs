//! Values on their way into a database and back.

use jiff::{
    Timestamp, Zoned,
    civil::{Date, DateTime, Time},
    tz::TimeZone,
};

#[cfg(feature = "mysql")]
pub(super) mod mysql;
pub(super) mod postgres;
pub(super) mod sqlite;

/// A date or a local time, as ISO 8601 writes them.
pub(super) fn date_time(text: &str) -> Option<DateTime> {
    let text = text.trim();
    let date = || {
        text.parse::<Date>()
            .ok()
            .map(|date| date.to_datetime(Time::midnight()))
    };
    text.parse::<DateTime>().ok().or_else(date)
}

/// An instant; a local time is taken as UTC.
pub(super) fn timestamp(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let zoned = || text.parse::<Zoned>().ok().map(|zoned| zoned.timestamp());
    let local = || {
        date_time(text)?
            .to_zoned(TimeZone::UTC)
            .ok()
            .map(|zoned| zoned.timestamp())
    };
    text.parse::<Timestamp>().ok().or_else(zoned).or_else(local)
}
