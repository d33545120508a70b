//! A PostgreSQL server of Debian's, started for one test and gone with it.

use std::{
    fs,
    net::TcpListener,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;

/// The server refuses to run as root; this user owns nothing.
const NOBODY: u32 = 65534;

pub struct Postgres {
    server: Child,
    folder: TempDir,
    port: u16,
}

impl Postgres {
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        fs::create_dir(&data).unwrap();
        if is_root() {
            std::os::unix::fs::chown(folder.path(), Some(NOBODY), Some(NOBODY)).unwrap();
            std::os::unix::fs::chown(&data, Some(NOBODY), Some(NOBODY)).unwrap();
        }
        let made = command("initdb", folder.path())
            .args([
                "-A",
                "trust",
                "-U",
                "postgres",
                "--no-sync",
                "-E",
                "UTF8",
                "-D",
            ])
            .arg(&data)
            .output()
            .unwrap();
        assert!(
            made.status.success(),
            "{}",
            String::from_utf8_lossy(&made.stderr)
        );
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let server = command("postgres", folder.path())
            .args(["-c", "fsync=off", "-c", "listen_addresses=127.0.0.1", "-p"])
            .arg(port.to_string())
            .arg("-k")
            .arg(folder.path())
            .arg("-D")
            .arg(&data)
            .spawn()
            .unwrap();
        let postgres = Self {
            server,
            folder,
            port,
        };
        postgres.wait_until_ready();
        postgres
    }

    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    fn wait_until_ready(&self) {
        let began = Instant::now();
        loop {
            let asked = command("pg_isready", self.folder.path())
                .args(["-h", "127.0.0.1", "-p", &self.port.to_string()])
                .status();
            if asked.is_ok_and(|status| status.success()) {
                return;
            }
            assert!(
                began.elapsed() < Duration::from_secs(30),
                "PostgreSQL does not answer"
            );
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0)
}

fn command(program: &str, folder: &Path) -> Command {
    let mut command = Command::new(path_of(program));
    command
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
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
