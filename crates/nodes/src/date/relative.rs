//! Dates that are told from today: `tomorrow`, `next monday`, `in 3 days`, `end of month`.

use std::sync::LazyLock;

use jiff::{
    Span, ToSpan,
    civil::{Date, Weekday},
};
use regex::Regex;

use super::{human::Reading, moment::Moment, names, working::WorkCalendar};

/// A unit of time that people count in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Second,
    Minute,
    Hour,
    Day,
    BusinessDay,
    Week,
    Month,
    Quarter,
    Year,
}

impl Unit {
    fn named(word: &str) -> Result<Option<Self>, String> {
        Ok(Some(match word {
            "s" | "sec" | "secs" | "second" | "seconds" | "sekunde" | "sekunden" => Self::Second,
            "min" | "mins" | "minute" | "minutes" | "minuten" => Self::Minute,
            "h" | "hr" | "hrs" | "hour" | "hours" | "stunde" | "stunden" => Self::Hour,
            "d" | "day" | "days" | "tag" | "tage" | "tagen" | "jour" | "jours" | "dia" | "dias" => {
                Self::Day
            }
            "bd" | "bday" | "bdays" | "workday" | "workdays" | "weekday" | "weekdays"
            | "werktag" | "werktage" | "werktagen" | "arbeitstag" | "arbeitstage"
            | "arbeitstagen" => Self::BusinessDay,
            "w" | "wk" | "week" | "weeks" | "woche" | "wochen" | "semaine" | "semaines" => {
                Self::Week
            }
            "mo" | "mon" | "month" | "months" | "monat" | "monate" | "monaten" | "mois" => {
                Self::Month
            }
            "q" | "quarter" | "quarters" | "quartal" | "quartale" | "quartalen" => Self::Quarter,
            "y" | "yr" | "year" | "years" | "jahr" | "jahre" | "jahren" => Self::Year,
            "m" => {
                return Err("`m` could be minutes or months: write `min` or `mo`".to_owned());
            }
            _ => return Ok(None),
        }))
    }

    fn span(self, count: i64) -> Result<Span, String> {
        let span = match self {
            Self::Second => Span::new().try_seconds(count),
            Self::Minute => Span::new().try_minutes(count),
            Self::Hour => Span::new().try_hours(count),
            Self::Day | Self::BusinessDay => Span::new().try_days(count),
            Self::Week => Span::new().try_weeks(count),
            Self::Month => Span::new().try_months(count),
            Self::Quarter => Span::new().try_months(count.saturating_mul(3)),
            Self::Year => Span::new().try_years(count),
        };
        span.map_err(|_| "that is too far away".to_owned())
    }
}

/// A time to add: how many of which unit.
#[derive(Debug, Clone, Default)]
pub(super) struct Distance {
    parts: Vec<(i64, Unit)>,
}

impl Distance {
    /// Reads `2w`, `-3 days`, `1y 2mo`, `three business days`; `None` if it is none.
    pub(super) fn read(text: &str) -> Result<Option<Self>, String> {
        static PART: LazyLock<Option<Regex>> = LazyLock::new(|| {
            Regex::new(r"^\s*(?:and|und)?\s*([+-])?\s*(\d{1,9}|[a-z]+(?:\s|$))\s*([a-z]+)\s*").ok()
        });
        let Some(part) = PART.as_ref() else {
            return Ok(None);
        };
        let text = text
            .replace("business day", "bday")
            .replace("working day", "bday");
        let mut rest = text.trim();
        let mut distance = Self::default();
        let mut sign = 1;
        while !rest.is_empty() {
            let Some(found) = part.captures(rest) else {
                return Ok(None);
            };
            let piece = |at| found.get(at).map_or("", |piece| piece.as_str().trim());
            match piece(1) {
                "-" => sign = -1,
                "+" => sign = 1,
                // `-1y 2d` goes back by both.
                _ => {}
            }
            let Some(count) = count_of(piece(2)) else {
                return Ok(None);
            };
            let Some(unit) = Unit::named(piece(3))? else {
                return Ok(None);
            };
            distance.parts.push((sign * count, unit));
            rest = &rest[found.get(0).map_or(rest.len(), |whole| whole.end())..];
        }
        Ok((!distance.parts.is_empty()).then_some(distance))
    }

    fn back(mut self) -> Self {
        for (count, _) in &mut self.parts {
            *count = -*count;
        }
        self
    }

    fn has_hours(&self) -> bool {
        self.parts
            .iter()
            .any(|(_, unit)| matches!(unit, Unit::Second | Unit::Minute | Unit::Hour))
    }

    /// Later by this; larger units first, as they are written.
    pub(super) fn after(&self, start: Moment, calendar: &WorkCalendar) -> Result<Moment, String> {
        let start = match start {
            Moment::Date(date) if self.has_hours() => {
                Moment::Civil(date.to_datetime(jiff::civil::Time::midnight()))
            }
            other => other,
        };
        self.parts.iter().try_fold(start, |moment, (count, unit)| {
            if *unit == Unit::BusinessDay {
                let date = calendar.add(moment.date(), *count)?;
                let civil = date.to_datetime(moment.civil().time());
                return moment.with(civil).map_err(|error| error.to_string());
            }
            let span = unit.span(*count)?;
            let moved = match moment {
                Moment::Date(date) => date.checked_add(span).map(Moment::Date),
                Moment::Civil(civil) => civil.checked_add(span).map(Moment::Civil),
                Moment::Zoned(zoned) => zoned.checked_add(span).map(Moment::Zoned),
            };
            moved.map_err(|_| "that is too far away".to_owned())
        })
    }
}

fn count_of(word: &str) -> Option<i64> {
    Some(match word {
        "a" | "an" | "one" | "ein" | "eine" | "einem" | "einer" | "eines" => 1,
        "two" | "zwei" => 2,
        "three" | "drei" => 3,
        "four" | "vier" => 4,
        "five" | "funf" => 5,
        "six" | "sechs" => 6,
        "seven" | "sieben" => 7,
        "eight" | "acht" => 8,
        "nine" | "neun" => 9,
        "ten" | "zehn" => 10,
        digits => digits.parse().ok()?,
    })
}

/// English for the words that other languages tell dates with.
fn in_english(text: &str) -> String {
    let words: Vec<&str> = text
        .split(' ')
        .map(|word| match word {
            "heute" | "hoy" | "oggi" | "vandaag" | "aujourd'hui" | "dzis" => "today",
            "morgen" | "demain" | "domani" | "manana" | "jutro" => "tomorrow",
            "gestern" | "hier" | "ieri" | "ayer" | "gisteren" | "wczoraj" => "yesterday",
            "ubermorgen" => "day after tomorrow",
            "vorgestern" => "day before yesterday",
            "jetzt" => "now",
            "nachste" | "nachster" | "nachsten" | "nachstes" | "kommende" | "kommenden"
            | "coming" => "next",
            "letzte" | "letzter" | "letzten" | "letztes" | "vorige" | "vorigen" | "previous"
            | "past" => "last",
            "diese" | "dieser" | "diesen" | "dieses" | "current" => "this",
            "ende" => "end of",
            "anfang" | "beginn" | "beginning" => "start",
            other => other,
        })
        .collect();
    words.join(" ").replace("end of of", "end of")
}

/// The date that `text` (tidied) tells, if it tells one from today.
pub(super) fn read(text: &str, reading: &Reading) -> Result<Option<Moment>, String> {
    let text = in_english(text);
    let text = text.strip_prefix("the ").unwrap_or(&text);
    let today = reading.now.date();
    let days = |count: i64| today.checked_add(count.days()).ok().map(Moment::Date);
    match text {
        "now" => return Ok(Some(Moment::Zoned(reading.now.clone()))),
        "today" => return Ok(Some(Moment::Date(today))),
        "tomorrow" => return Ok(days(1)),
        "yesterday" => return Ok(days(-1)),
        "day after tomorrow" => return Ok(days(2)),
        "day before yesterday" => return Ok(days(-2)),
        _ => {}
    }
    if let Some(distance) = told_distance(text)? {
        let start = if distance.has_hours() {
            Moment::Zoned(reading.now.clone())
        } else {
            Moment::Date(today)
        };
        return distance.after(start, &reading.weekend).map(Some);
    }
    let words: Vec<&str> = text.split(' ').collect();
    let date = match words.as_slice() {
        [day] => match names::day_named(day) {
            Some(wanted) => coming(today, wanted, true)?,
            None => return Ok(None),
        },
        [which @ ("next" | "last" | "this"), what] => match neighbour(today, which, what)? {
            Some(date) => date,
            None => return Ok(None),
        },
        ["next", "business" | "working", "day"] => reading.weekend.add(today, 1)?,
        ["last", "business" | "working", "day"] => reading.weekend.add(today, -1)?,
        _ => match text.split_once(" of ") {
            Some((what, of)) => match part_of(what.trim(), of.trim(), today, &reading.weekend)? {
                Some(date) => date,
                None => return Ok(None),
            },
            None => return Ok(None),
        },
    };
    Ok(Some(Moment::Date(date)))
}

/// `in 3 days`, `+2w`, `3 days ago`, `vor 3 tagen`, `two weeks from now`.
fn told_distance(text: &str) -> Result<Option<Distance>, String> {
    let told = |rest: &str| Distance::read(rest);
    if let Some(rest) = text.strip_prefix("in ") {
        return told(rest);
    }
    let before = text
        .strip_suffix(" ago")
        .or_else(|| text.strip_prefix("vor "))
        .or_else(|| text.strip_prefix("hace "))
        .or_else(|| text.strip_prefix("il y a "));
    if let Some(rest) = before {
        return Ok(told(rest)?.map(Distance::back));
    }
    for end in [" from now", " from today", " later"] {
        if let Some(rest) = text.strip_suffix(end) {
            return told(rest);
        }
    }
    if text.starts_with(['+', '-']) {
        return told(text);
    }
    Ok(None)
}

/// The first such weekday from today on (`or_today`) or after it.
fn coming(today: Date, wanted: i8, or_today: bool) -> Result<Date, String> {
    let ahead = (wanted - today.weekday().to_monday_zero_offset()).rem_euclid(7);
    let ahead = if ahead == 0 && !or_today { 7 } else { ahead };
    move_days(today, i64::from(ahead))
}

fn move_days(date: Date, days: i64) -> Result<Date, String> {
    date.checked_add(days.days())
        .map_err(|_| "that is too far away".to_owned())
}

fn neighbour(today: Date, which: &str, what: &str) -> Result<Option<Date>, String> {
    if let Some(wanted) = names::day_named(what) {
        let this_week = i64::from(wanted - today.weekday().to_monday_zero_offset());
        return match which {
            "this" => move_days(today, this_week).map(Some),
            "next" => coming(today, wanted, false).map(Some),
            _ => {
                let back =
                    i64::from((today.weekday().to_monday_zero_offset() - wanted).rem_euclid(7));
                move_days(today, if back == 0 { -7 } else { -back }).map(Some)
            }
        };
    }
    let Some(unit) = Unit::named(what)? else {
        return Ok(None);
    };
    let span = unit.span(match which {
        "next" => 1,
        "last" => -1,
        _ => 0,
    })?;
    today
        .checked_add(span)
        .map(Some)
        .map_err(|_| "that is too far away".to_owned())
}

/// `end of month`, `first business day of next month`, `last friday of april 2026`.
fn part_of(
    what: &str,
    of: &str,
    today: Date,
    calendar: &WorkCalendar,
) -> Result<Option<Date>, String> {
    let Some((first, last)) = period(of, today)? else {
        return Ok(None);
    };
    let words: Vec<&str> = what.split(' ').collect();
    Ok(Some(match words.as_slice() {
        ["start"] | ["first" | "1", "day"] => first,
        ["end"] | ["last", "day"] => last,
        ["first" | "1", "business" | "working", "day"] => calendar.add(move_days(first, -1)?, 1)?,
        ["last", "business" | "working", "day"] => calendar.add(move_days(last, 1)?, -1)?,
        [which, day] => {
            let Some(wanted) = names::day_named(day) else {
                return Ok(None);
            };
            let number = match *which {
                "first" | "1" => 1,
                "second" | "2" => 2,
                "third" | "3" => 3,
                "fourth" | "4" => 4,
                "fifth" | "5" => 5,
                "last" => {
                    let back = last.weekday().to_monday_zero_offset() - wanted;
                    return move_days(last, -i64::from(back.rem_euclid(7))).map(Some);
                }
                _ => return Ok(None),
            };
            let date = move_days(coming(first, wanted, true)?, (number - 1) * 7)?;
            if date > last {
                return Err(format!("there is no {which} {day} in it"));
            }
            date
        }
        _ => return Ok(None),
    }))
}

/// The first and the last day of `next month`, `the year`, `april 2026`.
fn period(of: &str, today: Date) -> Result<Option<(Date, Date)>, String> {
    let words: Vec<&str> = of.split(' ').filter(|word| *word != "the").collect();
    let inside = match words.as_slice() {
        [unit] if Unit::named(unit)?.is_some() => Some((today, *unit)),
        [which @ ("next" | "last" | "this"), unit] if Unit::named(unit)?.is_some() => {
            neighbour(today, which, unit)?.map(|date| (date, *unit))
        }
        [month] => names::month_named(month)
            .and_then(|month| Date::new(today.year(), month, 1).ok())
            .map(|date| (date, "month")),
        [month, year] => names::month_named(month)
            .zip(super::numeric::year(year))
            .and_then(|(month, year)| Date::new(year, month, 1).ok())
            .map(|date| (date, "month")),
        _ => None,
    };
    let Some((date, unit)) = inside else {
        return Ok(None);
    };
    let bounds = match Unit::named(unit)? {
        Some(Unit::Week) => bounds(date, Period::Week),
        Some(Unit::Month) => bounds(date, Period::Month),
        Some(Unit::Quarter) => bounds(date, Period::Quarter),
        Some(Unit::Year) => bounds(date, Period::Year),
        _ => return Ok(None),
    };
    bounds.map(Some).map_err(|error| error.to_string())
}

/// A period of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Period {
    Week,
    Month,
    Quarter,
    Year,
}

/// The first and the last day of the period that `date` is in; weeks begin on Mondays.
pub(super) fn bounds(date: Date, period: Period) -> Result<(Date, Date), jiff::Error> {
    let months = |first: i8, length: i64| {
        let start = Date::new(date.year(), first, 1)?;
        Ok((start, start.checked_add(length.months())?.yesterday()?))
    };
    match period {
        Period::Week => {
            let first =
                date.checked_sub(i64::from(date.weekday().since(Weekday::Monday)).days())?;
            Ok((first, first.checked_add(6.days())?))
        }
        Period::Month => months(date.month(), 1),
        Period::Quarter => months((date.month() - 1) / 3 * 3 + 1, 3),
        Period::Year => months(1, 12),
    }
}
