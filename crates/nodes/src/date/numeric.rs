//! Dates of digits: `03.03.26`, `12/31/2026`, `2026-W10`, `Q2 2026`.

use std::sync::LazyLock;

use jiff::civil::{Date, ISOWeekDate, Weekday};
use regex::Regex;

use super::human::{DayOrder, Reading};

/// A year of two or four digits: up to 68 it is 20.., from 69 on 19...
pub(super) fn year(digits: &str) -> Option<i16> {
    let number: i16 = digits.parse().ok()?;
    match digits.len() {
        2 if number < 69 => Some(2000 + number),
        2 => Some(1900 + number),
        4 => Some(number),
        _ => None,
    }
}

/// The date that `text` (tidied) is, if it is one of digits.
pub(super) fn read(text: &str, reading: &Reading) -> Result<Option<Date>, String> {
    static DIGITS: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"^(\d{1,4})([./-])\s?(\d{1,2})(?:[./-]\s?(\d{1,4})?)?$").ok());
    static WEEK: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"^(\d{4})-?w(\d{1,2})(?:-?([1-7]))?$").ok());
    static QUARTER: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"^(?:q([1-4])[ /-]?(\d{4})|(\d{4})[ /-]?q([1-4]))$").ok());

    // A weekday before it is decoration.
    let text = match text.split_once(' ') {
        Some((word, rest)) if super::names::day_named(word.trim_end_matches('.')).is_some() => rest,
        _ => text,
    };
    if let Some(found) = WEEK.as_ref().and_then(|week| week.captures(text)) {
        let number = |at| {
            found
                .get(at)
                .and_then(|part| part.as_str().parse::<i16>().ok())
        };
        let day = Weekday::from_monday_one_offset(number(3).unwrap_or(1) as i8);
        let date = number(1)
            .zip(number(2))
            .zip(day.ok())
            .and_then(|((year, week), day)| ISOWeekDate::new(year, week as i8, day).ok());
        return match date {
            Some(date) => Ok(Some(date.date())),
            None => Err("there is no such week".to_owned()),
        };
    }
    if let Some(found) = QUARTER.as_ref().and_then(|quarter| quarter.captures(text)) {
        let part = |a, b| {
            found
                .get(a)
                .or_else(|| found.get(b))
                .map(|part| part.as_str())
        };
        let (quarter, written) = part(1, 4).zip(part(2, 3)).unwrap_or_default();
        let quarter: i8 = quarter.parse().unwrap_or(1);
        return Ok(year(written).and_then(|year| Date::new(year, quarter * 3 - 2, 1).ok()));
    }
    let Some(found) = DIGITS.as_ref().and_then(|digits| digits.captures(text)) else {
        return Ok(None);
    };
    let part = |at: usize| found.get(at).map(|part| part.as_str());
    let (Some(first), Some(mark), Some(second)) = (part(1), part(2), part(3)) else {
        return Ok(None);
    };
    ordered(first, mark, second, part(4), reading)
}

fn ordered(
    first: &str,
    mark: &str,
    second: &str,
    third: Option<&str>,
    reading: &Reading,
) -> Result<Option<Date>, String> {
    let number = |text: &str| text.parse::<i8>().ok();
    let date = |year: Option<i16>, month: Option<i8>, day: Option<i8>| {
        let (Some(year), Some(month), Some(day)) = (year, month, day) else {
            return Err("there is no such date".to_owned());
        };
        Date::new(year, month, day)
            .map(Some)
            .map_err(|error| error.to_string())
    };
    if first.len() == 4 {
        return match third {
            Some(third) => date(year(first), number(second), number(third)),
            // `2026-03`
            None => date(year(first), number(second), Some(1)),
        };
    }
    let this_year = Some(reading.now.date().year());
    let year_of = |third: Option<&str>| match third {
        Some(third) => year(third),
        None => this_year,
    };
    // `03/2026`
    if third.is_none() && second.len() == 4 {
        return date(year(second), number(first), Some(1));
    }
    let (Some(a), Some(b)) = (number(first), number(second)) else {
        return Ok(None);
    };
    match reading.order {
        Some(DayOrder::DayFirst) => date(year_of(third), Some(b), Some(a)),
        Some(DayOrder::MonthFirst) => date(year_of(third), Some(a), Some(b)),
        Some(DayOrder::YearFirst) => date(year(first), Some(b), third.and_then(number)),
        // With points the day comes first wherever people write them.
        None if mark == "." || a > 12 || a == b => date(year_of(third), Some(b), Some(a)),
        None if b > 12 => date(year_of(third), Some(a), Some(b)),
        None => Err(
            "the day or the month could come first: say which with `order: day_first` or \
             `order: month_first`"
                .to_owned(),
        ),
    }
}
