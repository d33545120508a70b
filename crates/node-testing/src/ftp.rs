//! FTP servers: pyftpdlib, which speaks the newer commands, and Debian's vsftpd, which speaks the
//! older ones and TLS.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    python::python_peer,
    server::{Server, program},
};

/// A server with one login.
pub struct FtpServer {
    server: Server,
    files: PathBuf,
}

/// How its connections are encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FtpTls {
    /// From the login on.
    Explicit,
    /// From the beginning.
    Implicit,
}

impl FtpServer {
    /// The name of the login.
    pub const USERNAME: &str = "ada";
    /// Its password.
    pub const PASSWORD: &str = "analytical-engine-7";

    /// A server with faults: `cut` breaks the first transfer in each direction, `hostile` lists
    /// names that lead out of the folder.
    pub fn start(faults: &str) -> Self {
        let server = Server::start(|folder, port| {
            let script = folder.join("server.py");
            fs::write(&script, include_str!("ftp_server.py")).unwrap();
            let mut command = Command::new(python_peer("python"));
            command.arg(script).arg(port.to_string());
            command.arg(folder.join("files"));
            command.args([Self::USERNAME, Self::PASSWORD, faults]);
            command
        });
        let files = server.folder().join("files");
        Self { server, files }
    }

    /// A server that knows no lists made for programs, takes anonymous logins and insists on
    /// encryption, with one TLS session for all connections of a login.
    pub fn vsftpd(tls: FtpTls, certificate: &Path, key: &Path) -> Self {
        let server = Server::start(|folder, port| {
            let files = folder.join("files");
            fs::create_dir(&files).unwrap();
            let implicit = if tls == FtpTls::Implicit { "YES" } else { "NO" };
            let settings = format!(
                "background=NO\nlisten=YES\nlisten_address=127.0.0.1\nlisten_port={port}\n\
                 run_as_launching_user=YES\nanonymous_enable=YES\nlocal_enable=NO\n\
                 no_anon_password=NO\nanon_root={files}\nwrite_enable=YES\n\
                 anon_upload_enable=YES\nanon_mkdir_write_enable=YES\n\
                 anon_other_write_enable=YES\nanon_umask=022\nanon_world_readable_only=NO\n\
                 pasv_address=127.0.0.1\nseccomp_sandbox=NO\nssl_enable=YES\n\
                 implicit_ssl={implicit}\nallow_anon_ssl=YES\nforce_anon_logins_ssl=YES\n\
                 force_anon_data_ssl=YES\nrequire_ssl_reuse=YES\nrsa_cert_file={certificate}\n\
                 rsa_private_key_file={key}\nssl_ciphers=HIGH\n",
                files = files.display(),
                certificate = certificate.display(),
                key = key.display(),
            );
            let path = folder.join("vsftpd.conf");
            fs::write(&path, settings).unwrap();
            let mut command = Command::new(program("vsftpd"));
            command.arg(path);
            command
        });
        let files = server.folder().join("files");
        Self { server, files }
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.server.port()
    }

    /// The folder in which a login starts.
    pub fn files(&self) -> &Path {
        &self.files
    }
}
