//! A PostgreSQL server in a folder.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use sqlx::{AssertSqlSafe, ConnectOptions, Connection, postgres::PgConnectOptions};
use tempfile::TempDir;

/// The server refuses to run as root; this user owns nothing.
const NOBODY: u32 = 65534;
const PATIENCE: Duration = Duration::from_mins(2);

/// Whether commits wait for the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durable {
    Yes,
    No,
}

/// A server of one test's own: it can be ended and started again.
#[derive(Debug)]
pub struct PostgresServer {
    process: Child,
    folder: TempDir,
    port: u16,
    durable: Durable,
}

impl PostgresServer {
    pub fn start(durable: Durable) -> Self {
        let folder = tempfile::tempdir().unwrap();
        own(folder.path());
        let port = free_port();
        initialise(folder.path());
        let process = launch(folder.path(), port, durable);
        Self {
            process,
            folder,
            port,
            durable,
        }
    }

    /// Ends it without any warning, with all of its processes: one that outlived the others could still write
    /// beside those of the next start.
    pub fn kill(&mut self) {
        let own = self.process.id();
        // It starts no other ones meanwhile.
        signal("-STOP", own);
        let pids = children(own);
        for pid in &pids {
            signal("-KILL", *pid);
        }
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        let began = Instant::now();
        while pids.iter().any(|pid| is_running(*pid)) {
            assert!(began.elapsed() < PATIENCE, "PostgreSQL does not end");
            std::thread::yield_now();
        }
    }

    /// Starts it again where it was.
    pub fn start_again(&mut self) {
        self.process = launch(self.folder.path(), self.port, self.durable);
    }

    pub async fn create_database(&self) -> String {
        create_database(self.port).await
    }

    pub fn pid(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        let pids = children(self.process.id());
        let _ = self.process.kill();
        let _ = self.process.wait();
        for pid in pids {
            signal("-KILL", pid);
        }
    }
}

fn signal(signal: &str, pid: u32) {
    let _ = Command::new("kill")
        .args([signal, &pid.to_string()])
        .stderr(Stdio::null())
        .status();
}

/// A zombie does nothing any more.
fn is_running(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
    !state.is_empty() && !state.starts_with('Z')
}

fn children(pid: u32) -> Vec<u32> {
    let text = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    text.split_whitespace()
        .filter_map(|pid| pid.parse().ok())
        .collect()
}

/// A database of its own, of a user without special rights.
pub(crate) async fn create_database(port: u16) -> String {
    let name = format!("casare_{}", uuid::Uuid::new_v4().simple());
    let options = PgConnectOptions::new_without_pgpass()
        .host("127.0.0.1")
        .port(port)
        .username("postgres")
        .database("postgres");
    let mut server = options.connect().await.unwrap();
    // Two tests may do this at the same time.
    let make_role = "DO $$ BEGIN CREATE ROLE casare LOGIN;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$";
    sqlx::raw_sql(make_role).execute(&mut server).await.unwrap();
    let make = AssertSqlSafe(format!("CREATE DATABASE {name} OWNER casare"));
    sqlx::raw_sql(make).execute(&mut server).await.unwrap();
    server.close().await.unwrap();
    format!("postgres://casare@127.0.0.1:{port}/{name}")
}

pub(crate) fn own(folder: &Path) {
    if is_root() {
        std::os::unix::fs::chown(folder, Some(NOBODY), Some(NOBODY)).unwrap();
    }
}

pub(crate) fn initialise(folder: &Path) {
    let made = command("initdb", folder)
        .args([
            "-A",
            "trust",
            "-U",
            "postgres",
            "--no-sync",
            "-E",
            "UTF8",
            "--locale=C",
            "-D",
        ])
        .arg(folder.join("data"))
        .output()
        .unwrap();
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
}

pub(crate) fn launch(folder: &Path, port: u16, durable: Durable) -> Child {
    let log = fs::File::create(folder.join("server.log")).unwrap();
    let fsync = if durable == Durable::Yes {
        "fsync=on"
    } else {
        "fsync=off"
    };
    let mut server = command("postgres", folder)
        .args([
            "-c",
            fsync,
            "-c",
            "listen_addresses=127.0.0.1",
            "-c",
            "max_connections=300",
        ])
        .args(["-c", "shared_buffers=256MB", "-c", "max_wal_size=4GB", "-p"])
        .arg(port.to_string())
        .arg("-k")
        .arg(folder)
        .arg("-D")
        .arg(folder.join("data"))
        .stdin(Stdio::null())
        .stderr(log)
        .process_group(0)
        .spawn()
        .unwrap();
    let began = Instant::now();
    loop {
        let asked = command("pg_isready", folder)
            .args(["-q", "-h", "127.0.0.1", "-p", &port.to_string()])
            .status();
        if asked.is_ok_and(|status| status.success()) {
            return server;
        }
        let ended = server.try_wait().unwrap();
        assert!(
            ended.is_none() && began.elapsed() < PATIENCE,
            "PostgreSQL does not answer: {}",
            fs::read_to_string(folder.join("server.log")).unwrap_or_default()
        );
    }
}

pub(crate) fn is_open(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}

pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

pub(crate) fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0)
}

fn command(program: &str, folder: &Path) -> Command {
    let mut command = Command::new(path_of(program));
    command.current_dir(folder).stdout(Stdio::null());
    if is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

/// Debian keeps the server's programs beside the PATH.
fn path_of(program: &str) -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let mut found: Vec<PathBuf> = versions
        .map(|version| version.path().join("bin").join(program))
        .filter(|path| path.exists())
        .collect();
    found.sort();
    found.pop().unwrap_or_else(|| program.into())
}
