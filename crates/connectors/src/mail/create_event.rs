use std::io::Write as _;

use casare_engine::{Artifact, Node, NodeError, StepContext};
use casare_files::AtomicFile;
use casare_files::FileFaults as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::calendar::NewEvent;

/// Writes an appointment as iCalendar, which calendars take in.
///
/// To invite people by mail, `mail.send` has `invitation`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateEvent {
    /// The appointment.
    event: NewEvent,
    /// A file to write it to, such as `review.ics`.
    #[serde(default)]
    save_to: Option<String>,
}

/// The appointment.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct CreatedEvent {
    /// The appointment as iCalendar.
    result: String,
    /// The file, if it was written.
    file: Option<Artifact>,
}

pub(super) fn node() -> Node {
    Node::action("mail.create_event", create_event)
        .pure()
        .icon("calendar-plus")
        .fails_writing()
        .example(EXAMPLE)
}

const EXAMPLE: &str = r"- use: mail.create_event
  with:
    event:
      title: Review
      start: 2026-03-02T10:00
      duration: 30m
      timezone: Europe/Berlin
      location: Room 7
    save_to: review.ics
";

async fn create_event(cx: &StepContext, settings: CreateEvent) -> Result<CreatedEvent, NodeError> {
    let uid = format!("{}@casare", uuid::Uuid::new_v4());
    let result = settings.event.written(cx.now(), &uid)?;
    let mut written = None;
    if let Some(path) = &settings.save_to {
        let path = cx.file(path);
        let mut file = AtomicFile::create(&path)?;
        if let Err(error) = file.write_all(result.as_bytes()) {
            return Err(file.failed(&error));
        }
        file.commit()?;
        written = Some(cx.describe_file(&path, "text/calendar")?);
    }
    Ok(CreatedEvent {
        result,
        file: written,
    })
}
