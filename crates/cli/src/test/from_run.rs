//! A test out of a run that was.

use std::{
    fs::File,
    io::Write as _,
    path::{Path, PathBuf},
};

use casare_engine::RunEvent;
use casare_store::{Journal, StoredRun};
use casare_testing::past::PastRun;
use serde_json::json;

use crate::{
    config::Config,
    execution,
    failure::{CliError, Exit},
    runs,
    terminal::Terminal,
};

/// Writes a test that does what the run did, with stubs in the place of what is outside.
pub(super) fn make(
    run: &str,
    output: Option<&Path>,
    is_json: bool,
    config: &Config,
    terminal: &Terminal,
) -> Result<Exit, CliError> {
    let (run, past) = execution::runtime()?.block_on(async {
        let journal = Journal::open(&config.home()?).await?;
        let run = runs::chosen(&journal, run).await?;
        let mut past = PastRun::default();
        journal
            .segments(run.id, |segment| {
                let lines = segment
                    .split(|byte| *byte == b'\n')
                    .filter(|line| !line.is_empty());
                for line in lines {
                    if let Ok(event) = serde_json::from_slice::<RunEvent>(line) {
                        past.event(&event);
                    }
                }
            })
            .await?;
        Ok::<_, CliError>((run, past))
    })?;
    let path = output.map_or_else(|| beside(&run), Path::to_owned);
    let made = past.test(&run, &path);
    let unwritable = |source: std::io::Error| match source.kind() {
        std::io::ErrorKind::AlreadyExists => CliError::AlreadyThere(path.clone()),
        _ => CliError::Unwritable {
            path: path.clone(),
            source,
        },
    };
    File::create_new(&path)
        .and_then(|mut file| file.write_all(made.text.as_bytes()))
        .map_err(unwritable)?;
    if is_json {
        terminal.print_json(&json!({ "test": path, "notes": made.notes }))?;
        return Ok(Exit::Done);
    }
    for note in &made.notes {
        terminal.note(&format!("{} {note}", terminal.err.yellow("look:")));
    }
    terminal.print(&path.display().to_string())?;
    Ok(Exit::Done)
}

/// `orders.workflow.yaml` → `orders-01234567.test.yaml`, in the same folder.
fn beside(run: &StoredRun) -> PathBuf {
    let file = Path::new(run.file.as_deref().unwrap_or(&run.workflow));
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let stem = name.split('.').next().unwrap_or("run");
    let id = run.id.simple().to_string();
    // The end of an id tells runs of one day apart, its beginning does not.
    let end = &id[id.len() - 8..];
    file.with_file_name(format!("{stem}-{end}.test.yaml"))
}
