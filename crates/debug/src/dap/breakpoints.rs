//! Requests about breakpoints.

use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};
use tokio::io::AsyncWrite;

use super::{
    Answer, Server,
    protocol::{
        BreakpointLocationsArguments, Request, SetBreakpointsArguments,
        SetExceptionBreakpointsArguments, SetFunctionBreakpointsArguments, Source,
    },
};
use crate::{
    Breakpoint, Failures, Place, Session,
    debugger::{Group, Status},
};

impl<W: AsyncWrite + Send + Unpin> Server<W> {
    pub(super) fn set_breakpoints(&mut self, request: &Request) -> Answer {
        let arguments: SetBreakpointsArguments = request.arguments()?;
        let path = self.path_of(&arguments.source)?;
        let breakpoints = arguments.breakpoints.into_iter().map(|one| Breakpoint {
            place: Place::Line(path.clone(), self.line_from(one.line)),
            condition: one.condition,
            hits: one.hit_condition,
            log: one.log_message,
        });
        let breakpoints: Vec<Breakpoint> = breakpoints.collect();
        let statuses = self
            .debugger
            .set_breakpoints(Group::File(path), breakpoints);
        Ok(self.told(&statuses))
    }

    pub(super) fn set_function_breakpoints(&mut self, request: &Request) -> Answer {
        let arguments: SetFunctionBreakpointsArguments = request.arguments()?;
        let breakpoints = arguments.breakpoints.into_iter().map(|one| {
            let name = one.name.trim();
            let place = match name.strip_prefix('@').unwrap_or(name).parse() {
                Ok(path) => Place::Path(path),
                Err(_) => Place::Id(name.to_owned()),
            };
            Breakpoint {
                condition: one.condition,
                hits: one.hit_condition,
                ..Breakpoint::at(place)
            }
        });
        let statuses = self
            .debugger
            .set_breakpoints(Group::Named, breakpoints.collect());
        Ok(self.told(&statuses))
    }

    pub(super) fn set_exception_breakpoints(&mut self, request: &Request) -> Answer {
        let arguments: SetExceptionBreakpointsArguments = request.arguments()?;
        let wants = |filter: &str| arguments.filters.iter().any(|one| one == filter);
        self.debugger.set_failures(if wants("all") {
            Failures::All
        } else if wants("unhandled") {
            Failures::Unhandled
        } else {
            Failures::None
        });
        Ok(Json::Null)
    }

    pub(super) fn breakpoint_locations(&mut self, request: &Request) -> Answer {
        let arguments: BreakpointLocationsArguments = request.arguments()?;
        let path = self.path_of(&arguments.source)?;
        let first = self.line_from(arguments.line);
        let last = arguments
            .end_line
            .map_or(first, |line| self.line_from(line));
        let program = self.session.as_ref().map(Session::program);
        let lines = program
            .and_then(|program| Some(program.file(&path)?.step_lines(first, last)))
            .unwrap_or_default();
        let lines = lines.into_iter();
        let lines: Vec<Json> = lines
            .map(|line| json!({ "line": self.line_to(line) }))
            .collect();
        Ok(json!({ "breakpoints": lines }))
    }

    fn told(&self, statuses: &[Status]) -> Json {
        let told: Vec<Json> = statuses.iter().map(|status| self.status(status)).collect();
        json!({ "breakpoints": told })
    }

    pub(super) fn status(&self, status: &Status) -> Json {
        let mut told = json!({ "id": status.id, "verified": status.problem.is_none() });
        if let Some(line) = status.line {
            told["line"] = self.line_to(line).into();
        }
        if let Place::Line(path, _) = &status.asked.place {
            told["source"] = json!({ "name": file_name(path), "path": path });
        }
        if let Some(problem) = &status.problem {
            told["message"] = problem.as_str().into();
        }
        told
    }

    fn path_of(&self, source: &Source) -> Result<PathBuf, String> {
        let by_number = source
            .source_reference
            .filter(|number| *number > 0)
            .and_then(|number| self.files.get(number - 1));
        by_number
            .or(source.path.as_ref())
            .cloned()
            .ok_or_else(|| "the source has no path".to_owned())
    }

    /// A line as the client counts, from 1.
    pub(super) fn line_from(&self, line: u32) -> u32 {
        if self.one_based { line } else { line + 1 }
    }

    /// A line from 1, as the client counts.
    pub(super) fn line_to(&self, line: u32) -> u32 {
        if self.one_based {
            line
        } else {
            line.saturating_sub(1)
        }
    }
}

pub(super) fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}
