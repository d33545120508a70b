//! Which days are worked: weekends, holidays, calendar files.

use std::{collections::BTreeMap, fs};

use casare_engine::{NodeError, StepContext};
use icalendar::{CalendarComponent, Component, DatePerhapsTime};
use jiff::{
    ToSpan,
    civil::{Date, Weekday},
};
use schemars::JsonSchema;
use serde::Deserialize;

/// Further than three hundred years of days nobody plans.
const FURTHEST: i64 = 80_000;
/// Larger calendar files are no lists of holidays.
const LARGEST: u64 = 16 * 1024 * 1024;

/// Which days are not worked.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Calendar {
    /// The days of the week that are never worked; Saturday and Sunday if not set.
    weekend: Option<Vec<Day>>,
    /// Holidays: a date (`2026-05-25`), one that returns each year (`12-25`), or one that is told
    /// from Easter (`easter-2` is Good Friday); with a name as `{ date: 12-25, name: Christmas }`.
    holidays: Vec<Holiday>,
    /// A calendar file (`.ics`) whose all-day events are holidays.
    file: Option<String>,
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Day {
    /// Monday.
    Monday,
    /// Tuesday.
    Tuesday,
    /// Wednesday.
    Wednesday,
    /// Thursday.
    Thursday,
    /// Friday.
    Friday,
    /// Saturday.
    Saturday,
    /// Sunday.
    Sunday,
}

/// A holiday.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Holiday {
    /// Its date.
    Date(String),
    /// Its date and name.
    Named(NamedHoliday),
}

/// A holiday with its name.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NamedHoliday {
    /// Its date.
    date: String,
    /// Its name.
    name: String,
}

/// Days from Easter Sunday, or month and day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Yearly {
    On(i8, i8),
    Easter(i64),
}

/// A calendar, ready to be asked.
#[derive(Debug, Clone)]
pub(crate) struct WorkCalendar {
    weekend: Vec<i8>,
    once: BTreeMap<Date, String>,
    /// Which returns each year, from and up to which date, its name.
    yearly: Vec<(Yearly, Option<Date>, Option<Date>, String)>,
}

impl Default for WorkCalendar {
    fn default() -> Self {
        Self {
            weekend: vec![5, 6],
            once: BTreeMap::new(),
            yearly: Vec::new(),
        }
    }
}

impl WorkCalendar {
    /// Reads `calendar` and the file it names.
    pub(super) async fn load(cx: &StepContext, calendar: Calendar) -> Result<Self, NodeError> {
        let mut loaded = Self::default();
        if let Some(weekend) = &calendar.weekend {
            loaded.weekend = weekend.iter().map(|day| *day as i8).collect();
            if (0..7).all(|day| loaded.weekend.contains(&day)) {
                return Err(NodeError::invalid(
                    "setting `calendar.weekend`: no day is left to work",
                ));
            }
        }
        for holiday in calendar.holidays {
            let (date, name) = match holiday {
                Holiday::Date(date) => (date, String::new()),
                Holiday::Named(holiday) => (holiday.date, holiday.name),
            };
            loaded.add_holiday(&date, name)?;
        }
        let Some(file) = calendar.file else {
            return Ok(loaded);
        };
        let path = cx.file(&file);
        cx.blocking(move || {
            let unreadable =
                |error| NodeError::io(format_args!("could not read {}", path.display()), &error);
            if fs::metadata(&path).map_err(unreadable)?.len() > LARGEST {
                return Err(NodeError::invalid(format!(
                    "{} is too large for a list of holidays",
                    path.display()
                )));
            }
            let text = fs::read_to_string(&path).map_err(unreadable)?;
            loaded
                .add_file(&text)
                .map_err(|why| NodeError::invalid(format!("{}: {why}", path.display())))?;
            Ok(loaded)
        })
        .await
    }

    fn add_holiday(&mut self, date: &str, name: String) -> Result<(), NodeError> {
        let date = date.trim();
        let wrong = || {
            NodeError::invalid(format!("setting `calendar.holidays`: `{date}` is no date"))
                .with_help("write 2026-05-25, 12-25 for each year, or easter+1")
        };
        if let Some(days) = date.strip_prefix("easter") {
            let days = days.trim().trim_start_matches('+');
            let days = if days.is_empty() {
                0
            } else {
                days.parse().map_err(|_| wrong())?
            };
            if !(-100..=250).contains(&days) {
                return Err(wrong());
            }
            self.yearly.push((Yearly::Easter(days), None, None, name));
        } else if let Ok(date) = date.parse::<Date>() {
            self.once.insert(date, name);
        } else {
            let (month, day) = date
                .trim_start_matches("--")
                .split_once('-')
                .ok_or_else(wrong)?;
            let (month, day): (i8, i8) = (
                month.parse().map_err(|_| wrong())?,
                day.parse().map_err(|_| wrong())?,
            );
            // A leap year has every day.
            Date::new(2024, month, day).map_err(|_| wrong())?;
            self.yearly.push((Yearly::On(month, day), None, None, name));
        }
        Ok(())
    }

    fn add_file(&mut self, text: &str) -> Result<(), String> {
        let calendar: icalendar::Calendar = text
            .parse()
            .map_err(|_| "it is no calendar (.ics)".to_owned())?;
        let mut found = false;
        for component in &calendar.components {
            let CalendarComponent::Event(event) = component else {
                continue;
            };
            found = true;
            // A meeting at an hour is no holiday.
            let Some(DatePerhapsTime::Date(start)) = event.get_start() else {
                continue;
            };
            let start = date_of(&start.to_string())?;
            let end = match event.get_end() {
                Some(DatePerhapsTime::Date(end)) => date_of(&end.to_string())?,
                _ => start.tomorrow().map_err(|error| error.to_string())?,
            };
            let name = event.get_summary().unwrap_or_default().to_owned();
            let days = start
                .series(1.day())
                .take_while(|day| *day < end.max(start))
                .take(366);
            let days: Vec<Date> = if end <= start {
                vec![start]
            } else {
                days.collect()
            };
            let rule = event.property_value("RRULE");
            for day in days {
                match rule {
                    None => {
                        self.once.insert(day, name.clone());
                    }
                    Some(rule) => self.yearly.push((
                        Yearly::On(day.month(), day.day()),
                        Some(day),
                        until(rule, day, &name)?,
                        name.clone(),
                    )),
                }
            }
        }
        if found {
            Ok(())
        } else {
            Err("there are no events in it".to_owned())
        }
    }

    /// The name of the holiday that `date` is; empty if it has none.
    pub(super) fn holiday(&self, date: Date) -> Option<&str> {
        if let Some(name) = self.once.get(&date) {
            return Some(name);
        }
        self.yearly.iter().find_map(|(which, from, until, name)| {
            let is = match which {
                Yearly::On(month, day) => (date.month(), date.day()) == (*month, *day),
                Yearly::Easter(days) => easter(date.year())
                    .and_then(|easter| easter.checked_add(days.days()).ok())
                    .is_some_and(|holiday| holiday == date),
            };
            let within =
                from.is_none_or(|from| date >= from) && until.is_none_or(|until| date <= until);
            (is && within).then_some(name.as_str())
        })
    }

    pub(super) fn is_weekend(&self, date: Date) -> bool {
        self.weekend
            .contains(&date.weekday().to_monday_zero_offset())
    }

    /// Whether `date` is worked.
    pub(super) fn is_business_day(&self, date: Date) -> bool {
        !self.is_weekend(date) && self.holiday(date).is_none()
    }

    /// The business day that is `count` business days after `date`, or before it.
    pub(super) fn add(&self, date: Date, count: i64) -> Result<Date, String> {
        if count.abs() > FURTHEST {
            return Err("that is too far away".to_owned());
        }
        let step = count.signum();
        let (mut date, mut left) = (date, count.abs());
        let mut passed = 0;
        while left > 0 {
            date = date
                .checked_add(step.days())
                .map_err(|_| "that is too far away".to_owned())?;
            if self.is_business_day(date) {
                left -= 1;
            }
            passed += 1;
            if passed > FURTHEST * 8 {
                return Err("the calendar has hardly a day that is worked".to_owned());
            }
        }
        Ok(date)
    }

    /// The days from `first` to `last`, both included.
    pub(super) fn days(first: Date, last: Date) -> Result<Vec<Date>, NodeError> {
        let length = first
            .until(last)
            .map_err(super::moment::out_of_range)?
            .get_days();
        if i64::from(length) > FURTHEST {
            return Err(NodeError::invalid(format!(
                "there are {length} days between {first} and {last}: more than {FURTHEST}"
            )));
        }
        Ok(first
            .series(1.day())
            .take_while(|day| *day <= last)
            .collect())
    }
}

/// Up to when a rule repeats; only those of each year are understood.
fn until(rule: &str, start: Date, name: &str) -> Result<Option<Date>, String> {
    let mut until = None;
    let mut yearly = false;
    for part in rule.split(';') {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        match (key, value) {
            ("FREQ", "YEARLY") => yearly = true,
            ("INTERVAL", "1") | ("BYMONTH" | "BYMONTHDAY" | "WKST", _) => {}
            ("UNTIL", value) => until = Some(date_of(value.get(..8).unwrap_or(value))?),
            ("COUNT", value) => {
                let years: i64 = value.parse().map_err(|_| format!("`{rule}` is no rule"))?;
                until = start.checked_add((years.clamp(1, 1000) - 1).years()).ok();
            }
            _ => {
                return Err(format!(
                    "`{name}` repeats by `{rule}`; holidays are understood that repeat each year \
                     on their date"
                ));
            }
        }
    }
    if yearly {
        Ok(until)
    } else {
        Err(format!(
            "`{name}` repeats by `{rule}`, which is not each year"
        ))
    }
}

fn date_of(text: &str) -> Result<Date, String> {
    text.parse().map_err(|_| format!("`{text}` is no date"))
}

#[expect(
    clippy::many_single_char_names,
    reason = "the letters of the published computation"
)]
/// Easter Sunday of the Gregorian calendar, by the computation of Meeus, Jones and Butcher.
fn easter(year: i16) -> Option<Date> {
    let y = i32::from(year);
    let (a, b, c) = (y % 19, y / 100, y % 100);
    let d = (19 * a + b - b / 4 - (b - (b + 8) / 25 + 1) / 3 + 15) % 30;
    let e = (32 + 2 * (b % 4) + 2 * (c / 4) - d - c % 4) % 7;
    let f = d + e - 7 * ((a + 11 * d + 22 * e) / 451) + 114;
    Date::new(year, (f / 31) as i8, (f % 31 + 1) as i8).ok()
}

/// The English name of a weekday.
pub(super) fn weekday_name(day: Weekday) -> String {
    super::names::Language::En
        .day(day.to_monday_zero_offset())
        .to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn easter_is_where_the_church_says() {
        let known = [
            "2024-03-31",
            "2025-04-20",
            "2026-04-05",
            "2038-04-25",
            "1818-03-22",
        ];
        for known in known.map(date) {
            assert_eq!(easter(known.year()), Some(known));
        }
    }

    #[test]
    fn holidays_come_from_dates_and_files() {
        let mut calendar = WorkCalendar::default();
        calendar
            .add_holiday("easter+1", "Easter Monday".into())
            .unwrap();
        calendar.add_holiday("12-25", String::new()).unwrap();
        calendar
            .add_file(
                "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//EN\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\n\
                 DTSTART;VALUE=DATE:20200501\r\nDTEND;VALUE=DATE:20200502\r\nRRULE:FREQ=YEARLY\r\n\
                 SUMMARY:Labour Day\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
            )
            .unwrap();

        assert_eq!(calendar.holiday(date("2026-04-06")), Some("Easter Monday"));
        assert_eq!(calendar.holiday(date("2026-05-01")), Some("Labour Day"));
        assert_eq!(calendar.holiday(date("2019-05-01")), None);
        assert_eq!(calendar.add(date("2026-04-03"), 1), Ok(date("2026-04-07")));
        assert_eq!(calendar.add(date("2026-04-07"), -1), Ok(date("2026-04-03")));
        assert!(!calendar.is_business_day(date("2026-12-25")));
        assert!(calendar.add_holiday("13-45", String::new()).is_err());
        assert!(calendar.add_file("hello").is_err());
    }
}
