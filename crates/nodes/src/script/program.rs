//! A program of the author's: its own process group, a clean environment, bounded in time and output.

use std::{
    collections::BTreeMap, ffi::OsStr, io, process::Stdio, sync::mpsc, thread, time::Duration,
};

use casare_engine::{ErrorKind, LogLevel, NodeError, StepContext};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader},
    process::{Child, Command},
    runtime::Handle,
    sync::oneshot,
};

/// Bytes of each output that are kept.
const MOST_OUTPUT: usize = 16 << 20;

/// Variables that programs need to find their way; nothing else of ours reaches them.
const PASSED_ON: &[&str] = &[
    "PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "USER", "DISPLAY",
];

/// What to start, and how.
pub(crate) struct Program<'a> {
    pub(crate) command: Command,
    /// For people: `the Python script`.
    pub(crate) what: &'a str,
    pub(crate) input: Vec<u8>,
    pub(crate) env: &'a BTreeMap<String, String>,
    pub(crate) timeout: Duration,
    /// Is told each line of the standard output as it comes; the output is not kept then.
    pub(crate) on_line: Option<&'a (dyn Fn(&str) + Send + Sync)>,
}

/// What a program left behind.
pub(crate) struct Output {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Ends a program and all it has started, however the step ends.
struct Group {
    id: Option<i32>,
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            // SAFETY: a plain system call; the group is the one made for this program.
            unsafe {
                libc::kill(-id, libc::SIGKILL);
            }
        }
    }
}

impl Program<'_> {
    pub(crate) async fn run(mut self, cx: &StepContext) -> Result<Output, NodeError> {
        let program = self.command.as_std().get_program().to_owned();
        if self.command.as_std().get_current_dir().is_none() {
            self.command.current_dir(cx.file(""));
        }
        self.command
            .env_clear()
            .envs(
                std::env::vars_os().filter(|(name, _)| {
                    name.to_str().is_some_and(|name| PASSED_ON.contains(&name))
                }),
            )
            .envs(self.env)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        let (spawned, _parent) = spawn(self.command).await;
        let mut child = spawned.map_err(|error| not_started(&program, &error))?;
        let group = Group {
            id: child.id().map(|id| id as i32),
        };
        let limit = cx.time_left(self.timeout);
        let finished =
            tokio::time::timeout(limit, exchange(&mut child, &self.input, self.on_line)).await;
        drop(group);
        if let Ok(output) = finished {
            return output.map_err(|error| {
                NodeError::io(format_args!("{} can't be followed", self.what), &error)
            });
        }
        // Reaped here: a killed child is otherwise a zombie until the run ends.
        let _ = child.wait().await;
        let limit = casare_workflow::Span::from_millis(limit.as_millis() as u64);
        Err(NodeError::timeout(format!(
            "{} took longer than {limit} and was ended",
            self.what
        ))
        .with_help("raise its `timeout`, or find out what it waits for"))
    }
}

fn not_started(program: &OsStr, error: &io::Error) -> NodeError {
    let program = program.to_string_lossy();
    let failed = NodeError::io(format_args!("`{program}` can't be started"), error);
    match error.kind() {
        io::ErrorKind::NotFound => {
            failed.with_help(format!("install `{program}`; `casare doctor` says how"))
        }
        _ => failed,
    }
}

/// Starts a program that ends when we are killed: whoever looks then whether the step happened must
/// not see it happen afterwards. Keep the sender until the program has ended.
///
/// A thread of its own starts it: the kernel ends the program when the *thread* that started it
/// ends, and threads of an executor come and go.
async fn spawn(mut command: Command) -> (io::Result<Child>, mpsc::Sender<()>) {
    let (alive, until) = mpsc::channel();
    #[cfg(target_os = "linux")]
    {
        let parent = std::process::id();
        // SAFETY: only async-signal-safe calls between fork and exec.
        unsafe { command.pre_exec(move || end_with(parent)) };
    }
    let (started, start) = oneshot::channel();
    let executor = Handle::current();
    let thread = thread::Builder::new()
        .name("script-parent".into())
        .spawn(move || {
            let child = {
                let _entered = executor.enter();
                command.spawn()
            };
            // Nobody waits for it any more where the step was cancelled.
            let _ = started.send(child);
            let _ = until.recv();
        });
    let child = match thread {
        Ok(_) => start
            .await
            .unwrap_or_else(|error| Err(io::Error::other(error))),
        Err(error) => Err(error),
    };
    (child, alive)
}

#[cfg(target_os = "linux")]
fn end_with(parent: u32) -> io::Result<()> {
    // SAFETY: plain system calls.
    unsafe {
        if libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) < 0 {
            return Err(io::Error::last_os_error());
        }
        // Our parent may have died before the line above took effect.
        if libc::getppid() as u32 != parent {
            return Err(io::ErrorKind::NotConnected.into());
        }
    }
    Ok(())
}

async fn exchange(
    child: &mut Child,
    input: &[u8],
    on_line: Option<&(dyn Fn(&str) + Send + Sync)>,
) -> io::Result<Output> {
    let stdin = child.stdin.take();
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let feed = async {
        if let Some(mut stdin) = stdin {
            // A program that reads no input closes its end; that is no failure.
            let _ = stdin.write_all(input).await;
        }
    };
    let listen = async {
        match on_line {
            Some(on_line) => lines(stdout, on_line).await.map(|()| String::new()),
            None => collect(stdout).await,
        }
    };
    let ((), stdout, stderr) = tokio::join!(feed, listen, collect(stderr));
    let status = child.wait().await?;
    Ok(Output {
        code: status.code(),
        stdout: stdout?,
        stderr: stderr?,
    })
}

/// Tells each line as it comes; one that is longer than what is kept of an output is an error.
async fn lines(
    source: Option<impl AsyncRead + Unpin>,
    on_line: &(dyn Fn(&str) + Send + Sync),
) -> io::Result<()> {
    let Some(source) = source else { return Ok(()) };
    let mut source = BufReader::new(source);
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = (&mut source)
            .take(MOST_OUTPUT as u64)
            .read_until(b'\n', &mut line)
            .await?;
        if read == 0 {
            return Ok(());
        }
        if read == MOST_OUTPUT {
            return Err(io::Error::other(format!(
                "it wrote a line of over {MOST_OUTPUT} bytes"
            )));
        }
        on_line(String::from_utf8_lossy(&line).trim_end());
    }
}

/// All of an output, of which the beginning is kept; the rest is read so that nobody waits.
async fn collect(source: Option<impl AsyncRead + Unpin>) -> io::Result<String> {
    let mut kept = Vec::new();
    let Some(mut source) = source else {
        return Ok(String::new());
    };
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = source.read(&mut buffer).await?;
        if read == 0 {
            return Ok(String::from_utf8_lossy(&kept).into_owned());
        }
        let room = MOST_OUTPUT.saturating_sub(kept.len());
        kept.extend_from_slice(&buffer[..read.min(room)]);
    }
}

impl Output {
    /// The program's own words go to the log; a code other than 0 fails the step.
    pub(crate) fn checked(self, cx: &StepContext, what: &str) -> Result<Self, NodeError> {
        let stderr = self.stderr.trim();
        if self.code == Some(0) {
            if !stderr.is_empty() {
                cx.log(LogLevel::Warn, stderr);
            }
            return Ok(self);
        }
        let how = match self.code {
            Some(code) => format!("ended with code {code}"),
            None => "was ended by a signal".to_owned(),
        };
        let last: Vec<&str> = stderr.lines().rev().take(12).collect();
        let last: Vec<&str> = last.into_iter().rev().collect();
        Err(NodeError::new(
            ErrorKind::Invalid,
            format!("{what} {how}: {}", last.join("\n")),
        )
        .with_details(serde_json::json!({
            "code": self.code, "stdout": self.stdout, "stderr": self.stderr,
        })))
    }
}
