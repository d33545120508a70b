//! Programs of the desktop that do what no library does everywhere.

use std::{collections::BTreeMap, time::Duration};

use casare_engine::{NodeError, StepContext};
use tokio::process::Command;

use crate::script::Program;

/// A program and its arguments.
pub(super) type Call = (&'static str, Vec<String>);

/// What programs of the desktop need to find the screen and the loudspeaker.
const DESKTOP: &[&str] = &[
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "XDG_RUNTIME_DIR",
    "DBUS_SESSION_BUS_ADDRESS",
];

/// Runs the first of `calls` whose program is there, with `more` in its environment.
///
/// # Errors
///
/// `unavailable` when none is, with `help`; what the program says when it fails.
pub(super) async fn first(
    cx: &StepContext,
    what: &str,
    calls: Vec<Call>,
    more: impl IntoIterator<Item = (&'static str, String)>,
    help: &str,
) -> Result<(), NodeError> {
    let found = calls.into_iter().find(|(program, _)| in_path(program));
    let Some((program, args)) = found else {
        return Err(NodeError::unavailable(format!("nothing here can {what}"))
            .with_help(help)
            .permanent());
    };
    let mut command = Command::new(program);
    command.args(args);
    let env: BTreeMap<String, String> = DESKTOP
        .iter()
        .filter_map(|name| {
            Some((
                (*name).to_owned(),
                std::env::var_os(name)?.into_string().ok()?,
            ))
        })
        .chain(
            more.into_iter()
                .map(|(name, value)| (name.to_owned(), value)),
        )
        .collect();
    let program_name = format!("`{program}`");
    let program = Program {
        command,
        what: &program_name,
        input: Vec::new(),
        env: &env,
        timeout: Duration::from_mins(5),
        on_line: None,
    };
    program.run(cx).await?.checked(cx, &program_name).map(drop)
}

fn in_path(program: &str) -> bool {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&folders).any(|folder| {
        folder
            .join(format!("{program}{}", std::env::consts::EXE_SUFFIX))
            .is_file()
    })
}
