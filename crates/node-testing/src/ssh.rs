//! OpenSSH's server, as a process of its own with its own keys.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::server::{Server, program};

/// A server that takes one key.
pub struct SshServer {
    server: Server,
}

impl SshServer {
    /// Starts one whose files begin in [`SshServer::files`].
    pub fn start() -> Self {
        if Path::new("/proc/self").exists() && is_root() {
            // The server keeps an empty folder there for a part of it that may do nothing.
            fs::create_dir_all("/run/sshd").unwrap();
        }
        let server = Server::start(|folder, port| {
            let files = folder.join("files");
            fs::create_dir(&files).unwrap();
            keygen(&folder.join("host_key"));
            keygen(&folder.join("login_key"));
            fs::copy(folder.join("login_key.pub"), folder.join("authorized_keys")).unwrap();
            let settings = format!(
                "Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host_key\n\
                 PidFile none\nAuthorizedKeysFile {folder}/authorized_keys\nStrictModes no\n\
                 UsePAM no\nPasswordAuthentication yes\nPermitRootLogin yes\n\
                 Subsystem sftp internal-sftp -d {files}\n",
                folder = folder.display(),
                files = files.display(),
            );
            let path = folder.join("sshd_config");
            fs::write(&path, settings).unwrap();
            let mut command = Command::new(program("sshd"));
            command.args(["-D", "-e", "-f"]).arg(path);
            command
        });
        Self { server }
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.server.port()
    }

    /// The folder in which a login starts.
    pub fn files(&self) -> PathBuf {
        self.server.folder().join("files")
    }

    /// The user whom it lets in.
    pub fn username(&self) -> String {
        let output = Command::new("id").arg("-un").output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// The key that it takes, as OpenSSH writes it.
    pub fn private_key(&self) -> String {
        fs::read_to_string(self.server.folder().join("login_key")).unwrap()
    }

    /// Its own key's fingerprint: `SHA256:…`.
    pub fn fingerprint(&self) -> String {
        let output = Command::new("ssh-keygen")
            .arg("-lf")
            .arg(self.server.folder().join("host_key.pub"))
            .output()
            .unwrap();
        let line = String::from_utf8(output.stdout).unwrap();
        line.split_whitespace().nth(1).unwrap().to_owned()
    }
}

fn keygen(path: &Path) {
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "test", "-f"])
        .arg(path)
        .status()
        .unwrap();
    assert!(made.success());
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0)
}
