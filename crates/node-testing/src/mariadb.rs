//! A MariaDB server of Debian's, started for one test and gone with it.

use std::{
    fs,
    net::TcpListener,
    os::unix::{fs::chown, process::CommandExt},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;

/// The server refuses to run as root; this user owns nothing.
const NOBODY: u32 = 65534;

/// A server with an empty database `shop`, which the user `casare` owns.
pub struct MariaDb {
    server: Child,
    _folder: TempDir,
    port: u16,
}

impl MariaDb {
    /// The password of the user.
    pub const PASSWORD: &str = "m4ria-secret";

    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        fs::create_dir(&data).unwrap();
        if is_root() {
            chown(folder.path(), Some(NOBODY), Some(NOBODY)).unwrap();
            chown(&data, Some(NOBODY), Some(NOBODY)).unwrap();
        }
        let made = command("mariadb-install-db", folder.path())
            .arg("--no-defaults")
            .args(["--auth-root-authentication-method=normal", "--skip-test-db"])
            .arg(format!("--datadir={}", data.display()))
            // The kernel has few of its own slots for waiting writes, and tests start many servers.
            .arg("--innodb-use-native-aio=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        assert!(
            made.status.success(),
            "{}{}",
            String::from_utf8_lossy(&made.stdout),
            String::from_utf8_lossy(&made.stderr)
        );
        let init = folder.path().join("init.sql");
        let statements = format!(
            "CREATE DATABASE shop CHARACTER SET utf8mb4;\n\
             CREATE USER casare@'%' IDENTIFIED BY '{}';\nGRANT ALL ON shop.* TO casare@'%';\n",
            Self::PASSWORD
        );
        fs::write(&init, statements).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let server = command("mariadbd", folder.path())
            .arg("--no-defaults")
            .arg(format!("--datadir={}", data.display()))
            .arg(format!(
                "--socket={}",
                folder.path().join("socket").display()
            ))
            .arg(format!(
                "--pid-file={}",
                folder.path().join("pid").display()
            ))
            .arg(format!("--init-file={}", init.display()))
            .arg(format!("--port={port}"))
            .args(["--bind-address=127.0.0.1", "--skip-name-resolve"])
            .arg("--innodb-use-native-aio=0")
            .args([
                "--innodb-flush-log-at-trx-commit=0",
                "--innodb-buffer-pool-size=64M",
            ])
            .spawn()
            .unwrap();
        let mariadb = Self {
            server,
            _folder: folder,
            port,
        };
        mariadb.wait_until_ready();
        mariadb
    }

    /// The address with the user, without the password.
    pub fn address(&self) -> String {
        format!("mysql://casare@127.0.0.1:{}/shop", self.port)
    }

    /// The address with user and password.
    pub fn url(&self) -> String {
        format!(
            "mysql://casare:{}@127.0.0.1:{}/shop",
            Self::PASSWORD,
            self.port
        )
    }

    fn wait_until_ready(&self) {
        let began = Instant::now();
        loop {
            let asked = Command::new("mariadb-admin")
                .arg("--no-defaults")
                .args(["-h", "127.0.0.1", "-u", "casare", "ping"])
                .arg(format!("--password={}", Self::PASSWORD))
                .arg(format!("--port={}", self.port))
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status();
            if asked.is_ok_and(|status| status.success()) {
                return;
            }
            assert!(
                began.elapsed() < Duration::from_mins(1),
                "MariaDB does not answer"
            );
            #[expect(
                clippy::disallowed_methods,
                reason = "a thread of the test itself, not of an executor"
            )]
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for MariaDb {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0)
}

fn command(program: &str, folder: &Path) -> Command {
    // Debian keeps the server's program beside the PATH of others than root.
    let server = Path::new("/usr/sbin").join(program);
    let mut command = if server.is_file() {
        Command::new(server)
    } else {
        Command::new(program)
    };
    command
        .current_dir(folder)
        .env("HOME", folder)
        // Servers that start at once would take the same names in a folder that all share.
        .env("TMPDIR", folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}
