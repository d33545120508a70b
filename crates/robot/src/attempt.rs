//! An attempt at a job in a process of its own: a crash or a hung browser takes nothing else along.

use std::{
    io,
    path::{Component, Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use casare_tunnel::{Assignment, Lease, Outcome};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    process::{Child, ChildStdin, Command},
    sync::mpsc,
};
use tokio_util::sync::CancellationToken;

use crate::{
    files::Files,
    memory,
    pipe::{FromRun, HISTORY, Order, ToRun},
};

/// The file that says whose folder it is.
pub(crate) const LEASE: &str = "lease.json";
const WORKFLOW: &str = "workflow.workflow.yaml";
/// What is kept of a process' last words.
const LAST_WORDS: usize = 2_000;
/// How often it is looked how much memory a run holds.
const LOOK: Duration = Duration::from_secs(1);
/// How long a process may take to end by itself after it has told how its run ended.
const ENDING: Duration = Duration::from_secs(10);

/// What a robot gives to all its attempts.
#[derive(Debug, Clone)]
pub(crate) struct Workshop {
    /// The program and its arguments that attend to one run.
    pub(crate) program: Arc<[std::ffi::OsString]>,
    pub(crate) files: Files,
    /// What outlives runs.
    pub(crate) keep: PathBuf,
    /// Bytes that a run may hold.
    pub(crate) most_memory: Option<u64>,
}

/// What an attempt tells its robot.
#[derive(Debug)]
pub(crate) enum Report {
    Said(FromRun),
    /// Its process is gone; why, if it had not told how the run ended.
    Gone(Outcome),
}

/// An attempt as its robot holds it. Dropping it kills the process.
#[derive(Debug)]
pub(crate) struct Attempt {
    pub(crate) line: mpsc::UnboundedSender<ToRun>,
    killed: CancellationToken,
}

impl Attempt {
    /// Ends the process and all that it has started, at once.
    pub(crate) fn kill(&self) {
        self.killed.cancel();
    }

    /// Begins in `folder`, which must be new.
    pub(crate) fn start(
        workshop: Workshop,
        assignment: Assignment,
        folder: PathBuf,
        reports: mpsc::UnboundedSender<(Lease, Report)>,
    ) -> Self {
        let (line, said) = mpsc::unbounded_channel();
        let killed = CancellationToken::new();
        let attempt = Self {
            line,
            killed: killed.clone(),
        };
        tokio::spawn(async move {
            let lease = assignment.lease;
            let tell = |report| {
                // A robot that shuts down does not listen any more.
                let _ = reports.send((lease, report));
            };
            let prepared = tokio::select! {
                () = killed.cancelled() => Err("it was stopped before it began".to_owned()),
                order = prepare(&workshop, &assignment, &folder) => order,
            };
            let gone = match prepared {
                Ok(order) => work(&workshop, order, &folder, said, &killed, &tell).await,
                Err(why) => Outcome::Released { why },
            };
            tell(Report::Gone(gone));
        });
        attempt
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Puts everything that the run needs into its folder.
async fn prepare(
    workshop: &Workshop,
    assignment: &Assignment,
    folder: &Path,
) -> Result<Order, String> {
    let failed = |error: io::Error| format!("cannot write {}: {error}", folder.display());
    let lease = serde_json::to_vec(&(assignment.lease, assignment.run)).unwrap_or_default();
    tokio::fs::create_dir_all(folder).await.map_err(failed)?;
    tokio::fs::write(folder.join(LEASE), lease)
        .await
        .map_err(failed)?;
    let texts = assignment
        .called
        .iter()
        .map(|(path, text)| (path.as_str(), text));
    for (path, text) in texts.chain([(WORKFLOW, &assignment.workflow.text)]) {
        let path =
            inside(folder, path).ok_or_else(|| format!("`{path}` is no place for a workflow"))?;
        if let Some(parent) = path.parent() {
            tokio::fs::create_dir_all(parent).await.map_err(failed)?;
        }
        tokio::fs::write(&path, text).await.map_err(failed)?;
    }
    let resumes = !assignment.history.is_empty();
    if resumes {
        let to = folder.join(HISTORY);
        workshop
            .files
            .history(assignment.lease, &assignment.history, folder, &to)
            .await?;
    }
    Ok(Order {
        run: assignment.run,
        folder: folder.to_owned(),
        file: WORKFLOW.to_owned(),
        inputs: assignment.inputs.clone(),
        env: assignment.env.clone(),
        resumes,
        waited_for: assignment.waited_for.clone(),
        answer: assignment.answer.clone(),
        keep: workshop.keep.clone(),
    })
}

/// `path` below `folder`; `None` if it leads out of it.
fn inside(folder: &Path, path: &str) -> Option<PathBuf> {
    let relative = Path::new(path);
    let fits = relative
        .components()
        .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    (fits && !path.is_empty()).then(|| folder.join(relative))
}

/// Runs the process to its end.
async fn work(
    workshop: &Workshop,
    order: Order,
    folder: &Path,
    mut said: mpsc::UnboundedReceiver<ToRun>,
    killed: &CancellationToken,
    tell: &impl Fn(Report),
) -> Outcome {
    let mut child = match spawn(workshop, folder) {
        Ok(child) => child,
        Err(error) => {
            return Outcome::Released {
                why: format!("the process of the run cannot be started: {error}"),
            };
        }
    };
    let group = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
    let (Some(mut input), Some(output), Some(mut complaints)) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return crashed("it has no pipes");
    };
    let last_words = tokio::spawn(async move {
        let mut kept = Vec::new();
        let mut chunk = [0; 4096];
        while let Ok(read @ 1..) = complaints.read(&mut chunk).await {
            kept.extend_from_slice(&chunk[..read]);
            let surplus = kept.len().saturating_sub(LAST_WORDS);
            kept.drain(..surplus);
        }
        String::from_utf8_lossy(&kept).trim().to_owned()
    });
    let mut output = BufReader::new(output).lines();
    let mut open = say(&mut input, &ToRun::Order(Box::new(order)))
        .await
        .is_ok();
    let greed = too_greedy(child.id(), workshop.most_memory);
    tokio::pin!(greed);
    let mut greedy = None;
    loop {
        tokio::select! {
            () = killed.cancelled() => break,
            held = &mut greed => {
                greedy = Some(held);
                break;
            }
            heard = output.next_line() => match heard {
                Ok(Some(line)) => if let Ok(heard) = serde_json::from_str(&line) {
                    tell(Report::Said(heard));
                },
                Ok(None) | Err(_) => break,
            },
            what = said.recv(), if open => match what {
                Some(what) => open = say(&mut input, &what).await.is_ok(),
                None => break,
            },
        }
    }
    drop(input);
    let at_once = killed.is_cancelled() || greedy.is_some();
    let why = end(&mut child, group, at_once).await;
    if let Some(why) = greedy {
        return Outcome::Failed {
            kind: "crashed".to_owned(),
            message: why,
        };
    }
    let words = last_words.await.unwrap_or_default();
    crashed(&if words.is_empty() {
        why
    } else {
        format!("{why}; its last words: {words}")
    })
}

/// Waits until the run holds more memory than it may; answers what to tell.
async fn too_greedy(process: Option<u32>, most: Option<u64>) -> String {
    let (Some(process), Some(most)) = (process, most) else {
        return std::future::pending().await;
    };
    loop {
        tokio::time::sleep(LOOK).await;
        let held = tokio::task::spawn_blocking(move || memory::held_by(process)).await;
        if let Ok(Some(held)) = held
            && held > most
        {
            return format!(
                "the run held {} MiB of memory, more than the {} MiB that this robot lets a run have, and was ended; \
                 work on the data in parts, or give the robot more with --run-memory",
                held >> 20,
                most >> 20
            );
        }
    }
}

fn crashed(why: &str) -> Outcome {
    Outcome::Failed {
        kind: "crashed".to_owned(),
        message: format!("the process of the run ended without a word: {why}"),
    }
}

fn spawn(workshop: &Workshop, folder: &Path) -> io::Result<Child> {
    let (program, arguments) = workshop
        .program
        .split_first()
        .ok_or(io::ErrorKind::InvalidInput)?;
    Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
}

async fn say(input: &mut ChildStdin, what: &ToRun) -> io::Result<()> {
    let mut line = serde_json::to_vec(what)?;
    line.push(b'\n');
    input.write_all(&line).await?;
    input.flush().await
}

/// Waits until the process is gone, with all that it started; answers how it ended.
async fn end(child: &mut Child, group: Option<Pid>, at_once: bool) -> String {
    let patience = if at_once { Duration::ZERO } else { ENDING };
    let ended = tokio::time::timeout(patience, child.wait()).await;
    if let Some(group) = group {
        // What it left behind; nothing, where all went well.
        let _ = kill_process_group(group, Signal::KILL);
    }
    match ended {
        Ok(Ok(status)) => status.to_string(),
        _ => match child.wait().await {
            Ok(status) => status.to_string(),
            Err(error) => error.to_string(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn called_workflows_stay_in_the_folder_of_the_run() {
        let folder = Path::new("/jobs/7");

        assert_eq!(
            inside(folder, "./parts/sub.workflow.yaml"),
            Some(PathBuf::from("/jobs/7/./parts/sub.workflow.yaml"))
        );
        assert_eq!(inside(folder, "../robot.json"), None);
        assert_eq!(inside(folder, "/etc/passwd"), None);
        assert_eq!(inside(folder, ""), None);
    }
}
