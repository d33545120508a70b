//! Calendars: when work is done, and when not.

use casare_store::{
    DatabaseError, Moment, TenantId, TenantStore, Work, execute, fetch_all, fetch_optional, row,
    statements,
};
use jiff::{
    ToSpan, Zoned,
    civil::{Date, Time as Clock},
    tz::TimeZone,
};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;
use utoipa::ToSchema;

use crate::{Problem, api::Time};

/// Days that are looked at for the next opening.
const SEARCH_DAYS: i32 = 400;

/// When work is done.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Calendar {
    /// Such as `Europe/Berlin`.
    pub(crate) time_zone: String,
    /// When it is open; always when empty.
    #[serde(default)]
    pub(crate) hours: Vec<Hours>,
    /// Days on which it is closed: `2026-12-24`, or `12-25` for each year.
    #[serde(default)]
    pub(crate) holidays: Vec<String>,
    /// Closed from one instant to another, whatever the hours say.
    #[serde(default)]
    pub(crate) blackouts: Vec<Blackout>,
}

/// Opening hours of some days.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Hours {
    /// 1 is Monday, 7 is Sunday.
    pub(crate) days: Vec<i8>,
    /// Such as `09:00`.
    pub(crate) from: String,
    /// Such as `17:00`; what is not after `from` is on the next day.
    pub(crate) to: String,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Blackout {
    pub(crate) from: Time,
    pub(crate) to: Time,
}

row! {
    pub(crate) struct CalendarRow {
        pub(crate) name: String,
        pub(crate) spec: Json<Calendar>,
        pub(crate) revision: i64,
    }
    struct Revision {
        revision: i64,
    }
}

statements! {
    SET_CALENDAR: "INSERT INTO calendars (tenant_id, name, spec, updated_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (tenant_id, name) DO UPDATE SET spec = excluded.spec,
            updated_at = excluded.updated_at, revision = calendars.revision + 1
        WHERE CAST($5 AS bigint) IS NULL OR calendars.revision = $5
        RETURNING revision";
    CALENDAR: "SELECT name, spec, revision FROM calendars WHERE tenant_id = $1 AND name = $2";
    CALENDARS: "SELECT name, spec, revision FROM calendars WHERE tenant_id = $1 ORDER BY name";
    DELETE_CALENDAR: "DELETE FROM calendars WHERE tenant_id = $1 AND name = $2";
}

/// Keeps a calendar; with `revision`, only if it is still at that one.
pub(crate) async fn add_calendar(
    tenant: &TenantStore,
    work: &mut Work,
    name: &str,
    calendar: &Calendar,
    revision: Option<i64>,
) -> Result<i64, DatabaseError> {
    let set = fetch_optional!(
        work.link(),
        Revision,
        SET_CALENDAR,
        tenant.id(),
        name,
        Json(calendar),
        tenant.now(),
        revision
    )?;
    set.map(|row| row.revision).ok_or(DatabaseError::Changed {
        what: "calendar",
        found: 0,
    })
}

pub(crate) async fn calendar(
    store: &casare_store::Store,
    tenant: TenantId,
    name: &str,
) -> Result<Option<CalendarRow>, DatabaseError> {
    let mut reader = store.tenant(tenant).reader().await?;
    fetch_optional!(reader.link(), CalendarRow, CALENDAR, tenant, name)
}

pub(crate) async fn calendars(tenant: &TenantStore) -> Result<Vec<CalendarRow>, DatabaseError> {
    let mut reader = tenant.reader().await?;
    fetch_all!(reader.link(), CalendarRow, CALENDARS, tenant.id())
}

pub(crate) async fn delete_calendar(
    tenant: &TenantStore,
    work: &mut Work,
    name: &str,
) -> Result<(), DatabaseError> {
    if execute!(work.link(), DELETE_CALENDAR, tenant.id(), name)? == 0 {
        return Err(DatabaseError::Missing { what: "calendar" });
    }
    Ok(())
}

/// A calendar that was checked.
pub(crate) struct Opening {
    zone: TimeZone,
    hours: Vec<(Vec<i8>, Clock, Clock)>,
    days: Vec<Date>,
    yearly: Vec<(i8, i8)>,
    blackouts: Vec<(Moment, Moment)>,
}

impl Calendar {
    /// Checks it, and makes it ready to be asked.
    pub(crate) fn opening(&self) -> Result<Opening, Problem> {
        let zone = TimeZone::get(&self.time_zone)
            .map_err(|_| Problem::invalid(format!("there is no time zone `{}`", self.time_zone)))?;
        if self.hours.len() > 100 || self.holidays.len() > 1_000 || self.blackouts.len() > 1_000 {
            return Err(Problem::invalid("the calendar has too many entries"));
        }
        let clock = |text: &str| {
            text.parse::<Clock>()
                .map_err(|_| Problem::invalid(format!("`{text}` is no time such as `09:00`")))
        };
        let mut hours = Vec::new();
        for one in &self.hours {
            if one.days.iter().any(|day| !(1..=7).contains(day)) {
                return Err(Problem::invalid("days are 1 (Monday) to 7 (Sunday)"));
            }
            hours.push((one.days.clone(), clock(&one.from)?, clock(&one.to)?));
        }
        let (mut days, mut yearly) = (Vec::new(), Vec::new());
        for text in &self.holidays {
            let wrong =
                || Problem::invalid(format!("`{text}` is neither `2026-12-24` nor `12-24`"));
            if let Ok(day) = text.parse::<Date>() {
                days.push(day);
            } else {
                // A leap year knows all days.
                let day: Date = format!("2024-{text}").parse().map_err(|_| wrong())?;
                yearly.push((day.month(), day.day()));
            }
        }
        let blackouts = self.blackouts.iter().map(|one| (one.from.0, one.to.0));
        Ok(Opening {
            zone,
            hours,
            days,
            yearly,
            blackouts: blackouts.collect(),
        })
    }
}

impl Opening {
    /// Whether it is open at `at`.
    pub(crate) fn is_open(&self, at: Moment) -> bool {
        let local = at.timestamp().to_zoned(self.zone.clone());
        self.hours_are_open(&local) && !self.is_blacked_out(at)
    }

    fn is_blacked_out(&self, at: Moment) -> bool {
        self.blackouts
            .iter()
            .any(|(from, to)| *from <= at && at < *to)
    }

    fn is_holiday(&self, day: Date) -> bool {
        self.days.contains(&day) || self.yearly.contains(&(day.month(), day.day()))
    }

    /// Hours belong to the day on which they begin, its holidays too.
    fn hours_are_open(&self, local: &Zoned) -> bool {
        let (today, now) = (local.date(), local.time());
        let Ok(yesterday) = today.yesterday() else {
            return false;
        };
        if self.hours.is_empty() {
            return !self.is_holiday(today);
        }
        let has = |day: Date, days: &[i8]| {
            !self.is_holiday(day) && days.contains(&day.weekday().to_monday_one_offset())
        };
        self.hours.iter().any(|(days, from, to)| {
            let overnight = to <= from;
            let began_today = has(today, days) && now >= *from && (overnight || now < *to);
            let began_yesterday = overnight && has(yesterday, days) && now < *to;
            began_today || began_yesterday
        })
    }

    /// The first instant from `at` on at which it is open.
    pub(crate) fn next_open(&self, at: Moment) -> Option<Moment> {
        if self.is_open(at) {
            return Some(at);
        }
        let today = at.timestamp().to_zoned(self.zone.clone()).date();
        let mut starts: Vec<Clock> = self.hours.iter().map(|(_, from, _)| *from).collect();
        starts.push(Clock::midnight());
        starts.sort_unstable();
        starts.dedup();
        let ends = self.blackouts.iter().map(|(_, end)| *end);
        let mut found: Option<Moment> = ends.filter(|end| *end > at && self.is_open(*end)).min();
        for offset in 0..SEARCH_DAYS {
            let day = today.checked_add(offset.days()).ok()?;
            let open = starts
                .iter()
                .filter_map(|start| {
                    let zoned = day.to_datetime(*start).to_zoned(self.zone.clone()).ok()?;
                    Some(Moment::from(zoned.timestamp()))
                })
                .find(|moment| *moment > at && self.is_open(*moment));
            if let Some(open) = open {
                found = Some(found.map_or(open, |end| end.min(open)));
                break;
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn office() -> Calendar {
        Calendar {
            time_zone: "Europe/Berlin".to_owned(),
            hours: vec![Hours {
                days: vec![1, 2, 3, 4, 5],
                from: "09:00".to_owned(),
                to: "17:00".to_owned(),
            }],
            holidays: vec!["12-25".to_owned(), "2026-11-24".to_owned()],
            blackouts: Vec::new(),
        }
    }

    fn at(text: &str) -> Moment {
        text.parse::<jiff::Timestamp>().unwrap().into()
    }

    #[test]
    fn an_office_is_open_in_its_own_hours_and_not_on_its_holidays() {
        let opening = office().opening().unwrap();

        assert!(
            opening.is_open(at("2026-11-23T08:00:00Z")),
            "09:00 in Berlin"
        );
        assert!(
            !opening.is_open(at("2026-11-23T16:00:00Z")),
            "17:00 in Berlin"
        );
        assert!(!opening.is_open(at("2026-11-22T10:00:00Z")), "Sunday");
        assert!(!opening.is_open(at("2026-11-24T10:00:00Z")), "a holiday");
        assert_eq!(
            opening.next_open(at("2026-11-23T18:00:00Z")),
            Some(at("2026-11-25T08:00:00Z")),
            "after the holiday"
        );
    }

    #[test]
    fn a_night_shift_belongs_to_the_day_on_which_it_begins() {
        let mut night = office();
        night.hours[0].from = "22:00".to_owned();
        night.hours[0].to = "06:00".to_owned();
        let opening = night.opening().unwrap();

        assert!(
            opening.is_open(at("2026-11-28T03:00:00Z")),
            "Saturday, from Friday"
        );
        assert!(
            !opening.is_open(at("2026-11-23T03:00:00Z")),
            "Monday, from Sunday"
        );
    }

    #[test]
    fn a_blackout_ends_when_it_ends() {
        let mut closed = office();
        closed.blackouts.push(Blackout {
            from: Time(at("2026-11-23T09:00:00Z")),
            to: Time(at("2026-11-23T11:30:00Z")),
        });
        let opening = closed.opening().unwrap();

        assert!(!opening.is_open(at("2026-11-23T10:00:00Z")));
        assert_eq!(
            opening.next_open(at("2026-11-23T10:00:00Z")),
            Some(at("2026-11-23T11:30:00Z"))
        );
    }
}
