//! Dates as people write them.

use std::sync::LazyLock;

use jiff::{
    Timestamp, Zoned,
    civil::{Date, DateTime, Time},
    fmt::{rfc2822, temporal::Pieces},
    tz::TimeZone,
};
use regex::{Captures, Regex};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    moment::{Moment, offset_of},
    names, numeric, relative,
    working::WorkCalendar,
};
use crate::data::order::folded;

/// Longer texts are no dates.
const LONGEST: usize = 200;

/// In which order a date of digits is written.
#[expect(clippy::enum_variant_names, reason = "they are what workflows write")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DayOrder {
    /// Day, month, year, as in Europe: `3/4/2026` is 3 April.
    DayFirst,
    /// Month, day, year, as in the United States: `3/4/2026` is 4 March.
    MonthFirst,
    /// Year, month, day.
    YearFirst,
}

/// By what rules a text is read.
pub(crate) struct Reading {
    /// What `today` is, and in which zone.
    pub(crate) now: Zoned,
    pub(crate) order: Option<DayOrder>,
    /// For business days.
    pub(crate) weekend: WorkCalendar,
}

/// Reads a date; the error says why it can't be read.
pub(crate) fn read(text: &str, reading: &Reading) -> Result<Moment, String> {
    let text = text.trim();
    let short: String = text.chars().take(60).collect();
    if text.is_empty() {
        return Err("the text is empty: there is no date in it".to_owned());
    }
    if text.len() > LONGEST {
        return Err(format!("`{short}…` is too long for a date"));
    }
    if let Some(moment) = by_standard(text) {
        return Ok(moment);
    }
    if matches!(text.len(), 9..=10 | 12..=13)
        && text.chars().all(|c| c.is_ascii_digit())
        && let Some(moment) = text.parse().ok().and_then(super::moment::unix)
    {
        let zone = reading.now.time_zone().clone();
        return Ok(Moment::Zoned(moment.to_zoned(zone)));
    }
    let words = tidy(text);
    let (rest, time) = take_time(&words)?;
    let date = match date_of(&rest, reading) {
        Ok(Some(date)) => date,
        Ok(None) => return Err(format!("`{short}` can't be read as a date")),
        Err(why) => return Err(format!("`{short}`: {why}")),
    };
    let Some((time, zone)) = time else {
        return Ok(date);
    };
    let civil = date.civil().date().to_datetime(time);
    match zone {
        Some(zone) => civil
            .to_zoned(zone)
            .map(Moment::Zoned)
            .map_err(|error| format!("`{short}`: {error}")),
        None => Ok(Moment::Civil(civil)),
    }
}

/// ISO 8601, RFC 3339, RFC 9557, RFC 2822.
fn by_standard(text: &str) -> Option<Moment> {
    if text.ends_with(']')
        && let Ok(zoned) = text.parse::<Zoned>()
    {
        return Some(Moment::Zoned(zoned));
    }
    if text.len() >= 8
        && text.starts_with(|c: char| c.is_ascii_digit())
        && let Ok(pieces) = Pieces::parse(text)
    {
        let Some(time) = pieces.time() else {
            return Some(Moment::Date(pieces.date()));
        };
        let civil: DateTime = pieces.date().to_datetime(time);
        if let Some(offset) = pieces.to_numeric_offset() {
            let moment: Timestamp = offset.to_timestamp(civil).ok()?;
            return Some(Moment::Zoned(moment.to_zoned(TimeZone::fixed(offset))));
        }
        return match pieces.offset() {
            // `Z`: UTC.
            Some(_) => civil.to_zoned(TimeZone::UTC).ok().map(Moment::Zoned),
            None => Some(Moment::Civil(civil)),
        };
    }
    rfc2822::parse(text).ok().map(Moment::Zoned)
}

/// Small letters without accents, single blanks, no commas and ordinals.
fn tidy(text: &str) -> String {
    static ORDINAL: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"\b(\d{1,2})(?:st|nd|rd|th|º|ª|er)\b").ok());
    let text = folded(text).replace([',', '\u{a0}'], " ");
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match ORDINAL.as_ref() {
        Some(ordinal) => ordinal.replace_all(&text, "$1").into_owned(),
        None => text,
    }
}

type TimeAndZone = (Time, Option<TimeZone>);

/// Takes the time of day out of a text.
fn take_time(text: &str) -> Result<(String, Option<TimeAndZone>), String> {
    static CLOCK: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(
            r"(?x) (?:\b(?:at|um|a|alle|om|o|t)\s+)? \b
            (?: (?P<h>\d{1,2}) (?: : | h ) (?P<m>\d{2}) (?: : (?P<s>\d{2}) (?: [.] (?P<f>\d{1,9}) )? )?
              | (?P<hour>\d{1,2}) (?P<only> \s* (?: [ap]\.?m\b\.? | uhr\b | h\b | o'clock\b ) ) )
            (?: \s* (?P<half> [ap]\.?m\b\.? ) )? (?: \s* uhr\b )?
            (?: \s* (?P<zone> z\b | utc\b | gmt\b | [+-]\d{2}:?\d{2}\b | [a-z]+/[a-z_/]+ ) )?",
        )
        .ok()
    });
    for (word, hour) in [
        ("noon", 12),
        ("midnight", 0),
        ("mittags", 12),
        ("mitternacht", 0),
    ] {
        if let Some(at) = text.find(word) {
            let rest = format!("{} {}", &text[..at], &text[at + word.len()..]);
            return Ok((rest, Some((Time::constant(hour, 0, 0, 0), None))));
        }
    }
    let Some(found) = CLOCK.as_ref().and_then(|clock| clock.captures(text)) else {
        return Ok((text.to_owned(), None));
    };
    let whole = found.get(0).map(|whole| whole.range()).unwrap_or_default();
    // `in 5h 30` is no time of day.
    if found
        .name("only")
        .is_some_and(|unit| unit.as_str().trim() == "h")
        && (text.starts_with("in ") || text.starts_with(['+', '-']) || text.ends_with("ago"))
    {
        return Ok((text.to_owned(), None));
    }
    let time =
        time_of(&found).ok_or_else(|| format!("there is no time `{}`", &text[whole.clone()]))?;
    let zone = match found.name("zone").map(|zone| zone.as_str()) {
        None => None,
        Some("z" | "utc" | "gmt") => Some(TimeZone::UTC),
        Some(name) => Some(match offset_of(name) {
            Some(offset) => TimeZone::fixed(offset),
            None => TimeZone::get(name).map_err(|_| format!("there is no time zone `{name}`"))?,
        }),
    };
    let rest = format!("{} {}", &text[..whole.start], &text[whole.end..]);
    Ok((rest, Some((time, zone))))
}

fn time_of(found: &Captures<'_>) -> Option<Time> {
    let number = |name: &str| {
        found
            .name(name)
            .and_then(|part| part.as_str().parse::<i8>().ok())
    };
    let mut hour = number("h").or_else(|| number("hour"))?;
    let half = found
        .name("half")
        .or_else(|| found.name("only"))
        .map(|half| half.as_str().trim());
    match half.filter(|half| half.starts_with(['a', 'p'])) {
        Some(half) => {
            if !(1..=12).contains(&hour) {
                return None;
            }
            hour = hour % 12 + if half.starts_with('p') { 12 } else { 0 };
        }
        None if hour == 24 && number("m").unwrap_or(0) == 0 => return None,
        None => {}
    }
    let nanos = found.name("f").map_or(Some(0), |fraction| {
        format!("{:0<9}", fraction.as_str()).parse::<i32>().ok()
    })?;
    Time::new(
        hour,
        number("m").unwrap_or(0),
        number("s").unwrap_or(0),
        nanos,
    )
    .ok()
}

/// The date in what is left of a text.
fn date_of(text: &str, reading: &Reading) -> Result<Option<Moment>, String> {
    let text = text
        .trim()
        .trim_end_matches(" at")
        .trim_end_matches(" um")
        .trim();
    if text.is_empty() {
        return Ok(Some(Moment::Date(reading.now.date())));
    }
    if let Some(moment) = relative::read(text, reading)? {
        return Ok(Some(moment));
    }
    if let Some(date) = numeric::read(text, reading)? {
        return Ok(Some(Moment::Date(date)));
    }
    Ok(with_month_name(text, reading)?.map(Moment::Date))
}

/// `3 march 2026`, `tue mar 3 2026`, `3. marz`, `march 2026`, `3-mar-26`.
fn with_month_name(text: &str, reading: &Reading) -> Result<Option<Date>, String> {
    let (mut month, mut weekday) = (None, None);
    let mut numbers: Vec<&str> = Vec::new();
    for word in text.split(|c: char| c.is_whitespace() || matches!(c, '-' | '/' | '.' | '\'')) {
        if word.is_empty()
            || matches!(
                word,
                "of" | "the" | "de" | "den" | "der" | "on" | "am" | "del" | "le"
            )
        {
            continue;
        }
        if word.chars().all(|c| c.is_ascii_digit()) {
            numbers.push(word);
        } else if let (None, Some(named)) = (month, names::month_named(word)) {
            month = Some(named);
        } else if let (None, Some(named)) = (weekday, names::day_named(word)) {
            weekday = Some(named);
        } else {
            return Ok(None);
        }
    }
    let Some(month) = month else {
        return Ok(None);
    };
    let (day, year) = match numbers.as_slice() {
        [year] if year.len() == 4 => ("1", numeric::year(year)),
        [day] => (*day, Some(reading.now.date().year())),
        [year, day] if year.len() == 4 => (*day, numeric::year(year)),
        [day, year] => (*day, numeric::year(year)),
        _ => return Ok(None),
    };
    let Some((day, year)) = day.parse::<i8>().ok().zip(year) else {
        return Ok(None);
    };
    let date = Date::new(year, month, day).map_err(|error| error.to_string())?;
    match weekday {
        Some(weekday) if date.weekday().to_monday_zero_offset() != weekday => Err(format!(
            "{date} is a {}, no {}",
            names::Language::En.day(date.weekday().to_monday_zero_offset()),
            names::Language::En.day(weekday),
        )),
        _ => Ok(Some(date)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As it is read on Wednesday 2026-03-04, 10:00 in Berlin.
    fn reading(order: Option<DayOrder>) -> Reading {
        Reading {
            now: "2026-03-04T10:00:00+01:00[Europe/Berlin]".parse().unwrap(),
            order,
            weekend: WorkCalendar::default(),
        }
    }

    fn date(text: &str) -> String {
        match read(text, &reading(None)) {
            Ok(moment) => moment.written(),
            Err(why) => why,
        }
    }

    #[test]
    fn dates_are_read_as_people_write_them() {
        for (written, meant) in [
            ("2026-03-03", "2026-03-03"),
            ("2026-03-03 14:30", "2026-03-03T14:30:00"),
            ("2026-03-03T14:30:00Z", "2026-03-03T14:30:00Z"),
            (
                "2026-03-03T14:30:00+01:00[Europe/Berlin]",
                "2026-03-03T14:30:00+01:00",
            ),
            ("20260303", "2026-03-03"),
            (
                "Tue, 3 Mar 2026 14:30:00 +0100",
                "2026-03-03T14:30:00+01:00",
            ),
            ("3 March 2026", "2026-03-03"),
            ("March 3rd, 2026", "2026-03-03"),
            ("3. März 2026", "2026-03-03"),
            ("Dienstag, 3. März 2026 um 14:30 Uhr", "2026-03-03T14:30:00"),
            ("3-Mar-26", "2026-03-03"),
            ("3 mars 2026", "2026-03-03"),
            ("Mar 2026", "2026-03-01"),
            ("3 Mar 2026 2:30 pm", "2026-03-03T14:30:00"),
            ("03.03.26", "2026-03-03"),
            ("3.3.", "2026-03-03"),
            ("31/12/2026", "2026-12-31"),
            ("12/31/2026 9am", "2026-12-31T09:00:00"),
            ("2026/3/3", "2026-03-03"),
            ("2026-W10-2", "2026-03-03"),
            ("Q2 2026", "2026-04-01"),
            ("03.03.2026 14:30 UTC", "2026-03-03T14:30:00Z"),
            ("1772524800", "2026-03-03T09:00:00+01:00"),
            ("14:30", "2026-03-04T14:30:00"),
        ] {
            assert_eq!(date(written), meant, "{written}");
        }
    }

    #[test]
    fn what_is_ambiguous_or_no_date_is_refused() {
        assert!(
            date("3/4/2026").contains("say which with `order: day_first`"),
            "{}",
            date("3/4/2026")
        );
        assert!(date("30 February 2026").contains("30 February 2026"));
        assert!(date("Monday 3 March 2026").contains("2026-03-03 is a Tuesday, no Monday"));
        assert!(date("25:00 tomorrow").contains("no time"));
        for text in [
            "",
            "abc",
            "13.13.2026",
            "2026-13-01",
            "next",
            "3 4 5 6",
            "99999999999999999",
        ] {
            assert!(
                read(text, &reading(None)).is_err(),
                "{text}: {}",
                date(text)
            );
        }
        assert!(read(&"1".repeat(100_000), &reading(None)).is_err());

        let american = read("3/4/2026", &reading(Some(DayOrder::MonthFirst))).unwrap();
        let european = read("3/4/2026", &reading(Some(DayOrder::DayFirst))).unwrap();
        assert_eq!(
            (american.written(), european.written()),
            ("2026-03-04".into(), "2026-04-03".into())
        );
    }

    #[test]
    fn dates_are_read_as_people_say_them() {
        for (said, meant) in [
            ("today", "2026-03-04"),
            ("tomorrow", "2026-03-05"),
            ("Übermorgen", "2026-03-06"),
            ("yesterday", "2026-03-03"),
            ("tomorrow at 9:00", "2026-03-05T09:00:00"),
            ("now", "2026-03-04T10:00:00+01:00"),
            ("monday", "2026-03-09"),
            ("wednesday", "2026-03-04"),
            ("next wednesday", "2026-03-11"),
            ("last friday", "2026-02-27"),
            ("this sunday noon", "2026-03-08T12:00:00"),
            ("in 3 days", "2026-03-07"),
            ("3 days ago", "2026-03-01"),
            ("vor 2 Wochen", "2026-02-18"),
            ("two weeks from now", "2026-03-18"),
            ("+2w", "2026-03-18"),
            ("-1mo", "2026-02-04"),
            ("+1y 2d", "2027-03-06"),
            ("in 2 hours", "2026-03-04T12:00:00+01:00"),
            ("+3bd", "2026-03-09"),
            ("in 3 business days", "2026-03-09"),
            ("next month", "2026-04-04"),
            ("end of month", "2026-03-31"),
            ("start of next quarter", "2026-04-01"),
            ("last day of last month", "2026-02-28"),
            ("end of the year", "2026-12-31"),
            ("first business day of next month", "2026-04-01"),
            ("last business day of may 2026", "2026-05-29"),
            ("first monday of april 2026", "2026-04-06"),
            ("last friday of next month", "2026-04-24"),
            ("next business day", "2026-03-05"),
        ] {
            assert_eq!(date(said), meant, "{said}");
        }
        assert!(date("in 5 m").contains("minutes"), "{}", date("in 5 m"));
        assert!(
            date("in 99999999999999999999 days").contains("can't"),
            "{}",
            date("in 99999999999999999999 days")
        );
    }
}
