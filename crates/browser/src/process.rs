//! The browser's processes: started as one group, and never left behind.
//!
//! Three nets hold them. Closing or dropping kills the group and reaps it. When our process is killed
//! outright, the debugging pipe closes (Chromium exits by itself) and the kernel sends the browser a
//! signal of its own. What profile folder then remains, the next start sweeps ([`crate::profile`]).

use std::{
    io,
    os::{
        fd::{AsRawFd, RawFd},
        unix::{
            net::UnixStream,
            process::{CommandExt, ExitStatusExt},
        },
    },
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

use parking_lot::Mutex;
use tokio::{
    io::AsyncReadExt,
    sync::{oneshot, watch},
    time::timeout,
};

/// How much of the browser's complaints is kept for an error message.
const STDERR_KEPT: usize = 4096;
/// How long its last complaints are waited for.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// A running browser. Dropping it kills its process group and waits until that is gone.
#[derive(Debug)]
pub(crate) struct BrowserProcess {
    group: Arc<Mutex<Group>>,
    parent: Option<JoinHandle<()>>,
    exited: watch::Receiver<Option<String>>,
    stderr: Arc<Mutex<Vec<u8>>>,
    stderr_reader: Option<tokio::task::JoinHandle<()>>,
}

#[derive(Debug)]
struct Group {
    leader: u32,
    /// Once reaped, the id may belong to someone else.
    reaped: bool,
}

impl Group {
    fn kill(&self) {
        if !self.reaped {
            // SAFETY: plain system call; the leader is not reaped, so the group id is still its own.
            unsafe { libc::kill(-(self.leader as libc::pid_t), libc::SIGKILL) };
        }
    }
}

impl BrowserProcess {
    /// Starts `command` with our end of the debugging pipe answered. `temporary` is deleted at its end.
    pub(crate) async fn spawn(
        mut command: Command,
        temporary: Option<PathBuf>,
    ) -> io::Result<(Self, tokio::net::UnixStream)> {
        let (ours, theirs) = UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .process_group(0);
        let theirs_fd = theirs.as_raw_fd();
        let our_pid = std::process::id();
        // SAFETY: only async-signal-safe calls between fork and exec.
        unsafe { command.pre_exec(move || prepare_child(theirs_fd, our_pid)) };

        let (started, start) = oneshot::channel();
        let (exit, exited) = watch::channel(None);
        // A thread of its own: the signal that tells Chromium of our death is sent when the *thread*
        // that started it ends, and threads of an executor come and go.
        let parent = thread::Builder::new()
            .name("browser-parent".into())
            .spawn(move || {
                let group = command.spawn().map(|mut child| {
                    let stderr = child.stderr.take();
                    let group = Arc::new(Mutex::new(Group {
                        leader: child.id(),
                        reaped: false,
                    }));
                    (child, stderr, group)
                });
                drop(theirs);
                match group {
                    Ok((child, stderr, group)) => {
                        let _ = started.send(Ok((stderr, Arc::clone(&group))));
                        let status = outlive(child, &group);
                        exit.send_replace(Some(describe(status)));
                        if let Some(folder) = temporary {
                            crate::profile::remove(&folder);
                        }
                    }
                    Err(error) => {
                        if let Some(folder) = temporary {
                            crate::profile::remove(&folder);
                        }
                        let _ = started.send(Err(error));
                    }
                }
            })?;
        let (pipe, group) = start.await.map_err(io::Error::other)??;
        let stderr = Arc::new(Mutex::new(Vec::new()));
        let mut stderr_reader = None;
        if let Some(pipe) = pipe {
            let mut pipe = tokio::process::ChildStderr::from_std(pipe)?;
            let kept = Arc::clone(&stderr);
            stderr_reader = Some(tokio::spawn(async move {
                let mut chunk = [0; 1024];
                while let Ok(read @ 1..) = pipe.read(&mut chunk).await {
                    let mut kept = kept.lock();
                    kept.extend_from_slice(&chunk[..read]);
                    let excess = kept.len().saturating_sub(STDERR_KEPT);
                    kept.drain(..excess);
                }
            }));
        }
        let process = BrowserProcess {
            group,
            parent: Some(parent),
            exited,
            stderr,
            stderr_reader,
        };
        Ok((process, tokio::net::UnixStream::from_std(ours)?))
    }

    /// Resolves when the browser has ended, with how. Its folder may remain until this is dropped.
    pub(crate) async fn wait(&mut self) -> String {
        match self.exited.wait_for(Option::is_some).await {
            Ok(how) => how.clone().unwrap_or_default(),
            Err(_) => "its parent thread ended".into(),
        }
    }

    pub(crate) fn watch_exit(&self) -> watch::Receiver<Option<String>> {
        self.exited.clone()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.group.lock().leader
    }

    /// What the browser last wrote to its standard error; for the end, after which nothing more comes.
    pub(crate) async fn stderr(&mut self) -> String {
        if let Some(reader) = self.stderr_reader.take() {
            // A child that outlives the browser may hold its end open.
            let _ = timeout(LAST_WORDS, reader).await;
        }
        String::from_utf8_lossy(&self.stderr.lock()).into_owned()
    }
}

impl Drop for BrowserProcess {
    fn drop(&mut self) {
        self.group.lock().kill();
        // A killed group is gone within milliseconds; waiting keeps the promise that nothing is left
        // even when the program ends right after this.
        if let Some(parent) = self.parent.take() {
            let _ = parent.join();
        }
    }
}

/// Waits for the browser's end, then ends what is left of its group, then reaps it.
fn outlive(mut child: Child, group: &Mutex<Group>) -> io::Result<ExitStatus> {
    loop {
        // SAFETY: `info` is plain data that waitid fills. WNOWAIT leaves the zombie in place, which
        // keeps the group id ours until the lock below is held.
        let outcome = unsafe {
            let mut info: libc::siginfo_t = std::mem::zeroed();
            libc::waitid(
                libc::P_PID,
                child.id(),
                &raw mut info,
                libc::WEXITED | libc::WNOWAIT,
            )
        };
        if outcome == 0 || io::Error::last_os_error().kind() != io::ErrorKind::Interrupted {
            break;
        }
    }
    let mut group = group.lock();
    group.kill();
    group.reaped = true;
    child.wait()
}

fn describe(status: io::Result<ExitStatus>) -> String {
    match status {
        Ok(status) => match (status.signal(), status.code()) {
            (Some(signal), _) => format!("it was killed by signal {signal}"),
            (_, Some(0)) => "it was closed".into(),
            (_, Some(code)) => format!("it exited with code {code}"),
            _ => "it ended".into(),
        },
        Err(error) => format!("it ended ({error})"),
    }
}

/// Runs in the child between fork and exec: descriptors 3 and 4 become the debugging pipe.
fn prepare_child(pipe: RawFd, parent: u32) -> io::Result<()> {
    let check = |outcome: libc::c_int| {
        if outcome < 0 {
            Err(io::Error::last_os_error())
        } else {
            Ok(outcome)
        }
    };
    // SAFETY: plain system calls on descriptors we own.
    unsafe {
        // `pipe` may itself be 3 or 4: go by a copy that is neither.
        let copy = check(libc::fcntl(pipe, libc::F_DUPFD_CLOEXEC, 10))?;
        check(libc::dup2(copy, 3))?;
        check(libc::dup2(copy, 4))?;
        #[cfg(target_os = "linux")]
        {
            check(libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL))?;
            // Our parent may have died before the line above took effect.
            if libc::getppid() as u32 != parent {
                return Err(io::ErrorKind::NotConnected.into());
            }
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = parent;
    Ok(())
}

/// When the process began, in the kernel's ticks since boot; `None` where it cannot be told.
pub(crate) fn start_time(pid: u32) -> Option<u64> {
    field_of_stat(pid, 22)?.parse().ok()
}

/// A field of `/proc/PID/stat`, counted from 1 as its manual does; from the third on.
fn field_of_stat(pid: u32, number: usize) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field, the name in brackets, may hold spaces and brackets.
    let after_name = stat.get(stat.rfind(')')? + 2..)?;
    after_name.split(' ').nth(number - 3).map(str::to_owned)
}

/// Whether there is such a process. One that has ended and only waits to be reaped is none.
pub(crate) fn is_alive(pid: u32) -> bool {
    // SAFETY: signal 0 only asks. EPERM means that it exists and belongs to another user.
    let outcome = unsafe { libc::kill(pid as libc::pid_t, 0) };
    let exists = outcome == 0 || io::Error::last_os_error().raw_os_error() == Some(libc::EPERM);
    exists && !matches!(field_of_stat(pid, 3).as_deref(), Some("Z" | "X"))
}

/// Kills every process that was started on this profile folder (Linux only).
pub(crate) fn kill_users_of(profile: &Path) {
    let flag = format!("--user-data-dir={}", profile.display());
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return;
    };
    for entry in entries.flatten() {
        let Some(pid) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse::<i32>().ok())
        else {
            continue;
        };
        let Ok(arguments) = std::fs::read(entry.path().join("cmdline")) else {
            continue;
        };
        if arguments
            .split(|byte| *byte == 0)
            .any(|argument| argument == flag.as_bytes())
        {
            // SAFETY: plain system call on a process that runs on a folder of ours.
            unsafe { libc::kill(pid, libc::SIGKILL) };
        }
    }
}

/// Whether we run as the superuser.
pub(crate) fn is_root() -> bool {
    // SAFETY: plain system call.
    unsafe { libc::geteuid() == 0 }
}
