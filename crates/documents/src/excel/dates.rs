//! A spreadsheet's day numbers, and dates as ISO texts.

use calamine::ExcelDateTime;
use jiff::civil::{Date, DateTime, Time, date};

/// What a number of days stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum DateKind {
    Date,
    DateTime,
}

/// `2026-03-01`, `2026-03-01T08:30:00`, or `08:30:00` for a time or a duration.
pub(super) fn iso(value: &ExcelDateTime) -> String {
    let days = value.as_f64();
    if value.is_duration() || (0.0..1.0).contains(&days) {
        return duration(days);
    }
    let (year, month, day, hour, minute, second, millisecond) = value.to_ymd_hms_milli();
    let date = format!("{year:04}-{month:02}-{day:02}");
    if (hour, minute, second, millisecond) == (0, 0, 0, 0) {
        return date;
    }
    let fraction = match millisecond {
        0 => String::new(),
        _ => format!(".{millisecond:03}"),
    };
    format!("{date}T{hour:02}:{minute:02}:{second:02}{fraction}")
}

fn duration(days: f64) -> String {
    let sign = if days < 0.0 { "-" } else { "" };
    let seconds = (days.abs() * 86_400.0).round() as u64;
    format!(
        "{sign}{:02}:{:02}:{:02}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    )
}

/// A duration of an OpenDocument sheet, `PT08H30M00S`, as `08:30:00`.
pub(super) fn iso_duration(text: &str) -> String {
    let numbers: Vec<f64> = text
        .trim_start_matches("PT")
        .split_terminator(['H', 'M', 'S'])
        .map(|number| number.replace(',', ".").parse().unwrap_or(f64::NAN))
        .collect();
    match numbers[..] {
        [hours, minutes, seconds] if text.starts_with("PT") && seconds.is_finite() => {
            duration((hours * 3600.0 + minutes * 60.0 + seconds) / 86_400.0)
        }
        _ => text.to_owned(),
    }
}

/// The day number of a text that is a date, or a date and a time without a zone. `None` for all
/// else, and for days before March 1900, which spreadsheets count wrongly.
pub(super) fn day_number(text: &str, from_1904: bool) -> Option<(f64, DateKind)> {
    let bytes = text.as_bytes();
    let shape = bytes.len() >= 10
        && bytes.len() <= 23
        && bytes[4] == b'-'
        && bytes[7] == b'-'
        && bytes[..4].iter().all(u8::is_ascii_digit);
    if !shape {
        return None;
    }
    let (moment, kind): (DateTime, DateKind) = match bytes.len() {
        10 => (text.parse::<Date>().ok()?.into(), DateKind::Date),
        11..16 => return None,
        _ if matches!(bytes[10], b'T' | b' ') && bytes.last()?.is_ascii_digit() => {
            (text.parse().ok()?, DateKind::DateTime)
        }
        _ => return None,
    };
    if moment.date() < date(1900, 3, 1) {
        return None;
    }
    let days = moment.date().since(date(1899, 12, 30)).ok()?.get_days();
    let days = f64::from(days) - if from_1904 { 1462.0 } else { 0.0 };
    let within = moment
        .time()
        .since(Time::midnight())
        .ok()?
        .total(jiff::Unit::Second)
        .ok()?;
    (days >= 0.0).then_some((days + within / 86_400.0, kind))
}

#[cfg(test)]
mod tests {
    use calamine::ExcelDateTimeType;

    use super::*;

    fn number(text: &str) -> Option<f64> {
        day_number(text, false).map(|(number, _)| number)
    }

    #[test]
    fn dates_have_the_numbers_of_a_spreadsheet() {
        assert_eq!(
            day_number("2026-03-01", false),
            Some((46082.0, DateKind::Date))
        );
        assert_eq!(number("2026-03-01T12:00:00"), Some(46082.5));
        assert_eq!(number("2026-03-01 06:00"), Some(46082.25));
        assert_eq!(
            day_number("2026-03-01", true),
            Some((44620.0, DateKind::Date))
        );
    }

    #[test]
    fn only_dates_are_dates() {
        for text in [
            "2026-02-30",
            "1899-12-31",
            "2026-03-01x",
            "2026-03-01T08:00:00Z",
            "12.03.2026",
            "2026-3-1",
        ] {
            assert_eq!(number(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_become_iso_texts() {
        let iso = |days| {
            iso(&ExcelDateTime::new(
                days,
                ExcelDateTimeType::DateTime,
                false,
            ))
        };

        assert_eq!(iso(46082.0), "2026-03-01");
        assert_eq!(iso(46082.0 + 8.5 / 24.0), "2026-03-01T08:30:00");
        assert_eq!(iso(8.5 / 24.0), "08:30:00");
        let long = ExcelDateTime::new(1.5, ExcelDateTimeType::TimeDelta, false);
        assert_eq!(super::iso(&long), "36:00:00");
        assert_eq!(iso_duration("PT08H30M00S"), "08:30:00");
    }
}
