//! Appointments in iCalendar (RFC 5545).

use casare_engine::NodeError;
use casare_workflow::Span;
use icalendar::{
    Calendar, Component, Event as IcalEvent, EventLike, Property,
    parser::{self, read_calendar, unfold},
};
use jiff::{
    SignedDuration, Timestamp, Zoned,
    civil::{Date, DateTime},
    tz::TimeZone,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Appointments of a calendar that are read.
const MOST: usize = 10_000;

/// An appointment that was read.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(super) struct Event {
    /// By what it is known.
    pub(super) uid: Option<String>,
    /// What is asked: `REQUEST`, `CANCEL`, `REPLY`, `PUBLISH`.
    pub(super) method: Option<String>,
    /// The title.
    pub(super) title: String,
    /// When it begins: a date, an instant (`…Z`), or a local time with `[zone]` or none.
    pub(super) start: Option<String>,
    /// When it ends.
    pub(super) end: Option<String>,
    /// Where.
    pub(super) location: Option<String>,
    /// What it is about.
    pub(super) description: Option<String>,
    /// Who invites.
    pub(super) organizer: Option<String>,
    /// Who is invited.
    pub(super) attendees: Vec<Attendee>,
    /// `CONFIRMED`, `TENTATIVE` or `CANCELLED`.
    pub(super) status: Option<String>,
    /// How it repeats, as a rule such as `FREQ=WEEKLY`.
    pub(super) repeat: Option<String>,
}

/// Somebody who is invited.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(super) struct Attendee {
    /// The name, if one is given.
    name: Option<String>,
    /// The address.
    address: String,
    /// `ACCEPTED`, `DECLINED`, `TENTATIVE` or `NEEDS-ACTION`.
    status: Option<String>,
}

/// An appointment to be written.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewEvent {
    /// The title.
    title: String,
    /// When it begins: `2026-03-01T10:00` (in `timezone`), an instant such as
    /// `2026-03-01T09:00:00Z`, or a date for a whole day.
    start: String,
    /// When it ends, in the same form; a date is the last day.
    #[serde(default)]
    end: Option<String>,
    /// How long it takes, instead of `end` (1 h).
    #[serde(default)]
    duration: Option<Span>,
    /// The zone of local times, such as `Europe/Berlin`; otherwise UTC.
    #[serde(default)]
    timezone: Option<String>,
    /// Where.
    #[serde(default)]
    location: Option<String>,
    /// What it is about.
    #[serde(default)]
    description: Option<String>,
    /// Address of who invites; in a mail its sender.
    #[serde(default)]
    pub(super) organizer: Option<String>,
    /// Addresses of who is invited; in a mail its recipients.
    #[serde(default)]
    pub(super) attendees: Vec<String>,
    /// By what it is known; to change or cancel it, that of before.
    #[serde(default)]
    uid: Option<String>,
    /// Number of the change; higher than before when it is changed.
    #[serde(default)]
    sequence: u32,
    /// Whether it is cancelled.
    #[serde(default)]
    cancel: bool,
    /// A reminder this long before.
    #[serde(default)]
    reminder: Option<Span>,
    /// How it repeats, as a rule such as `FREQ=WEEKLY;COUNT=4`.
    #[serde(default)]
    repeat: Option<String>,
}

/// The appointments in a text of iCalendar; none where it can't be read.
pub(super) fn events(text: &str) -> Vec<Event> {
    let unfolded = unfold(text);
    let Ok(calendar) = read_calendar(&unfolded) else {
        return Vec::new();
    };
    let method = calendar
        .properties
        .iter()
        .find(|property| property.name.as_str().eq_ignore_ascii_case("METHOD"))
        .map(|property| property.val.as_str().trim().to_owned());
    calendar
        .components
        .iter()
        .filter(|component| component.name.as_str().eq_ignore_ascii_case("VEVENT"))
        .take(MOST)
        .map(|component| event(component, method.as_ref()))
        .collect()
}

fn event(component: &parser::Component<'_>, method: Option<&String>) -> Event {
    let property = |name: &str| {
        component
            .properties
            .iter()
            .find(|property| property.name.as_str().eq_ignore_ascii_case(name))
    };
    let text = |name: &str| property(name).map(|property| unescaped(property.val.as_str()));
    Event {
        uid: text("UID"),
        method: method.cloned(),
        title: text("SUMMARY").unwrap_or_default(),
        start: property("DTSTART").map(moment),
        end: property("DTEND").map(moment).or_else(|| {
            let span = property("DURATION")?
                .val
                .as_str()
                .parse::<jiff::Span>()
                .ok()?;
            let start: Timestamp = property("DTSTART").map(moment)?.parse().ok()?;
            Some(start.checked_add(span).ok()?.to_string())
        }),
        location: text("LOCATION"),
        description: text("DESCRIPTION"),
        organizer: property("ORGANIZER").map(|property| address(property.val.as_str())),
        attendees: component
            .properties
            .iter()
            .filter(|property| property.name.as_str().eq_ignore_ascii_case("ATTENDEE"))
            .map(|property| Attendee {
                name: parameter(property, "CN"),
                address: address(property.val.as_str()),
                status: parameter(property, "PARTSTAT"),
            })
            .collect(),
        status: text("STATUS"),
        repeat: text("RRULE"),
    }
}

fn parameter(property: &parser::Property<'_>, name: &str) -> Option<String> {
    let found = property
        .params
        .iter()
        .find(|parameter| parameter.key.as_str().eq_ignore_ascii_case(name))?;
    let value = found.val.as_ref()?.as_str();
    Some(value.trim_matches('"').to_owned())
}

fn address(text: &str) -> String {
    let text = text.trim();
    let begins = text
        .get(..7)
        .is_some_and(|start| start.eq_ignore_ascii_case("mailto:"));
    if begins {
        text[7..].to_owned()
    } else {
        text.to_owned()
    }
}

fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n' | 'N') => out.push('\n'),
                Some(other) => out.push(other),
                None => {}
            },
            c => out.push(c),
        }
    }
    out
}

/// A date or time as ISO 8601; one in a zone that is known, as the instant it is.
fn moment(property: &parser::Property<'_>) -> String {
    let text = property.val.as_str().trim();
    if let Some(utc) = text.strip_suffix('Z')
        && let Ok(time) = DateTime::strptime("%Y%m%dT%H%M%S", utc)
    {
        return format!("{time}Z");
    }
    if let Ok(time) = DateTime::strptime("%Y%m%dT%H%M%S", text) {
        let Some(zone) = parameter(property, "TZID") else {
            return time.to_string();
        };
        let instant = TimeZone::get(&zone)
            .ok()
            .and_then(|known| time.to_zoned(known).ok())
            .map(|zoned| zoned.timestamp().to_string());
        // A zone of Windows' or the calendar's own.
        return instant.unwrap_or_else(|| format!("{time}[{zone}]"));
    }
    match Date::strptime("%Y%m%d", text) {
        Ok(date) => date.to_string(),
        Err(_) => text.to_owned(),
    }
}

/// A day, or an instant.
enum When {
    Day(Date),
    Instant(Timestamp),
}

impl When {
    fn parse(text: &str, zone: &TimeZone) -> Result<Self, NodeError> {
        let text = text.trim();
        if let Ok(instant) = text.parse() {
            return Ok(Self::Instant(instant));
        }
        if let Ok(zoned) = text.parse::<Zoned>() {
            return Ok(Self::Instant(zoned.timestamp()));
        }
        if text.contains(['T', ' '])
            && let Ok(local) = text.parse::<DateTime>()
        {
            let zoned = local.to_zoned(zone.clone());
            return zoned
                .map(|zoned| Self::Instant(zoned.timestamp()))
                .map_err(|error| NodeError::invalid(format!("`{text}`: {error}")));
        }
        text.parse().map(Self::Day).map_err(|_| {
            NodeError::invalid(format!("`{text}` is no date or time"))
                .with_help("write it as `2026-03-01T10:00` or `2026-03-01`")
        })
    }

    fn property(&self, name: &str) -> Property {
        match self {
            Self::Day(date) => {
                let mut property = Property::new(name, date.strftime("%Y%m%d").to_string());
                property.add_parameter("VALUE", "DATE");
                property
            }
            Self::Instant(instant) => {
                Property::new(name, instant.strftime("%Y%m%dT%H%M%SZ").to_string())
            }
        }
    }
}

impl NewEvent {
    /// What is asked of who gets it.
    pub(super) fn method(&self) -> &'static str {
        match (self.cancel, self.attendees.is_empty()) {
            (true, _) => "CANCEL",
            (false, false) => "REQUEST",
            (false, true) => "PUBLISH",
        }
    }

    /// The appointment as iCalendar; `now` is when it is written, `uid` its name if it has none.
    pub(super) fn written(&self, now: Timestamp, uid: &str) -> Result<String, NodeError> {
        let zone = match &self.timezone {
            Some(name) => TimeZone::get(name).map_err(|_| {
                NodeError::invalid(format!("`{name}` is no time zone"))
                    .with_help("write it as `Europe/Berlin`")
            })?,
            None => TimeZone::UTC,
        };
        let start = When::parse(&self.start, &zone)?;
        let end = self.end_of(&start, &zone)?;
        let mut event = IcalEvent::with_uid(self.uid.as_deref().unwrap_or(uid));
        event.append_property(When::Instant(now).property("DTSTAMP"));
        event.append_property(start.property("DTSTART"));
        event.append_property(end.property("DTEND"));
        event.summary(&self.title);
        if let Some(location) = &self.location {
            event.location(location);
        }
        if let Some(description) = &self.description {
            event.description(description);
        }
        event.add_property("SEQUENCE", self.sequence.to_string());
        event.add_property(
            "STATUS",
            if self.cancel {
                "CANCELLED"
            } else {
                "CONFIRMED"
            },
        );
        if let Some(rule) = &self.repeat {
            event.add_property("RRULE", one_line(rule)?);
        }
        if let Some(organizer) = &self.organizer {
            event.add_property("ORGANIZER", format!("mailto:{}", one_line(organizer)?));
        }
        for attendee in &self.attendees {
            let mut property = Property::new("ATTENDEE", format!("mailto:{}", one_line(attendee)?));
            property
                .add_parameter("ROLE", "REQ-PARTICIPANT")
                .add_parameter("PARTSTAT", "NEEDS-ACTION")
                .add_parameter("RSVP", "TRUE");
            event.append_multi_property(property);
        }
        let mut calendar = Calendar::new();
        calendar.append_property(Property::new("METHOD", self.method()));
        calendar.push(event);
        let text = calendar.to_string();
        let Some(before) = self.reminder else {
            return Ok(text);
        };
        let seconds = std::time::Duration::from(before).as_secs();
        let alarm = format!(
            "BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:Reminder\r\n\
             TRIGGER:-PT{seconds}S\r\nEND:VALARM\r\nEND:VEVENT"
        );
        Ok(text.replacen("END:VEVENT", &alarm, 1))
    }

    fn end_of(&self, start: &When, zone: &TimeZone) -> Result<When, NodeError> {
        let too_late = |_| NodeError::invalid("the appointment ends too late");
        let end = match (&self.end, self.duration, start) {
            (Some(_), Some(_), _) => {
                return Err(NodeError::invalid("give `end` or `duration`, not both"));
            }
            (Some(end), None, _) => match When::parse(end, zone)? {
                // The last day of an appointment is the one before its end.
                When::Day(day) => When::Day(day.tomorrow().map_err(too_late)?),
                instant @ When::Instant(_) => instant,
            },
            (None, _, When::Day(day)) => When::Day(day.tomorrow().map_err(too_late)?),
            (None, duration, When::Instant(start)) => {
                let length =
                    duration.map_or(3600, |span| std::time::Duration::from(span).as_secs());
                let end = start.checked_add(SignedDuration::from_secs(length as i64));
                When::Instant(end.map_err(too_late)?)
            }
        };
        let fits = match (start, &end) {
            (When::Day(start), When::Day(end)) => start < end,
            (When::Instant(start), When::Instant(end)) => start <= end,
            _ => false,
        };
        if !fits {
            return Err(NodeError::invalid("the appointment ends before it begins")
                .with_help("give `start` and `end` in the same form"));
        }
        Ok(end)
    }
}

fn one_line(text: &str) -> Result<&str, NodeError> {
    if text.contains(|c: char| c.is_control()) {
        return Err(NodeError::invalid(
            "a setting of the appointment holds a line break",
        ));
    }
    Ok(text.trim())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_appointment_goes_there_and_back() {
        let new: NewEvent = serde_json::from_value(json!({
            "title": "Review; part 1, with\nlunch", "start": "2026-03-01T10:00",
            "timezone": "Europe/Berlin", "location": "Room 7",
            "organizer": "ada@example.com", "attendees": ["bob@example.com"],
        }))
        .unwrap();

        let text = new
            .written("2026-02-01T00:00:00Z".parse().unwrap(), "u-1")
            .unwrap();
        let read = &events(&text)[0];

        assert_eq!(read.title, "Review; part 1, with\nlunch");
        assert_eq!(read.start.as_deref(), Some("2026-03-01T09:00:00Z"));
        assert_eq!(read.end.as_deref(), Some("2026-03-01T10:00:00Z"));
        assert_eq!(read.method.as_deref(), Some("REQUEST"));
        assert_eq!(read.organizer.as_deref(), Some("ada@example.com"));
        assert_eq!(read.attendees[0].address, "bob@example.com");
    }

    #[test]
    fn what_others_write_is_read() {
        let text = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:1\r\nSUMMARY:A long\r\n  title\\, folded\r\n\
                    DTSTART;TZID=Europe/Berlin:20260701T100000\r\nDURATION:PT30M\r\nATTENDEE;CN=\"Bob\";PARTSTAT=ACCEPTED:MAILTO:b@example.com\r\nEND:VEVENT\r\n\
                    BEGIN:VEVENT\r\nUID:2\r\nDTSTART;VALUE=DATE:20260702\r\nSUMMARY:Day\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

        let found = events(text);

        assert_eq!(found[0].title, "A long title, folded");
        assert_eq!(found[0].start.as_deref(), Some("2026-07-01T08:00:00Z"));
        assert_eq!(found[0].end.as_deref(), Some("2026-07-01T08:30:00Z"));
        assert_eq!(found[0].attendees[0].status.as_deref(), Some("ACCEPTED"));
        assert_eq!(found[1].start.as_deref(), Some("2026-07-02"));
        assert!(events("no calendar").is_empty());
    }

    #[test]
    fn line_breaks_do_not_add_properties() {
        let new: NewEvent = serde_json::from_value(json!({
            "title": "a", "start": "2026-03-01", "organizer": "a@b.c\r\nATTENDEE:mailto:x@y.z",
        }))
        .unwrap();

        assert!(new.written(Timestamp::UNIX_EPOCH, "u").is_err());
    }
}
