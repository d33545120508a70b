//! The server that all tests of this machine share, whatever process they run in.
//!
//! Each process that uses it holds a shared lock. Beside the server runs a shell that wants the
//! lock for itself: it gets it when the last user is gone, however that ended, and stops the server.

use std::{
    fs::{self, File, OpenOptions},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
};

use crate::server::{
    Durable, create_database, free_port, initialise, is_open, is_root, launch, own,
};

pub(crate) struct Shared {
    port: u16,
    /// Held until this process ends.
    _using: File,
}

impl Shared {
    pub(crate) async fn create_database(&self) -> String {
        create_database(self.port).await
    }
}

pub(crate) fn server() -> &'static Shared {
    static SERVER: OnceLock<Shared> = OnceLock::new();
    SERVER.get_or_init(|| {
        let folder = folder();
        fs::create_dir_all(&folder).unwrap();
        own(&folder);
        let using = open(&folder.join("users.lock"));
        using.lock_shared().unwrap();
        let starting = open(&folder.join("start.lock"));
        starting.lock().unwrap();
        let port = running(&folder).unwrap_or_else(|| start(&folder));
        Shared {
            port,
            _using: using,
        }
    })
}

fn folder() -> PathBuf {
    let whose = if is_root() { "root" } else { "user" };
    std::env::temp_dir().join(format!("casare-test-postgres-{whose}"))
}

fn open(path: &Path) -> File {
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .unwrap()
}

fn running(folder: &Path) -> Option<u16> {
    let port = fs::read_to_string(folder.join("port")).ok()?.parse().ok()?;
    is_open(port).then_some(port)
}

#[expect(
    clippy::zombie_processes,
    reason = "both outlive this process on purpose, and end when nobody uses the server"
)]
fn start(folder: &Path) -> u16 {
    let _ = fs::remove_dir_all(folder.join("data"));
    initialise(folder);
    let port = free_port();
    let server = launch(folder, port, Durable::No);
    fs::write(folder.join("port"), port.to_string()).unwrap();
    // Tests that follow each other in processes of their own find it still there.
    let script = "sleep 5; exec flock -x \"$1\" sh -c 'kill -QUIT \"$0\"; rm -f \"$1\"; \
                  while kill -0 \"$0\" 2>/dev/null; do sleep 0.1; done' \"$2\" \"$3\"";
    Command::new("sh")
        .args(["-c", script, "sh"])
        .arg(folder.join("users.lock"))
        .arg(server.id().to_string())
        .arg(folder.join("port"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .unwrap();
    port
}
