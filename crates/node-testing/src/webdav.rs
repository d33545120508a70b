//! A WebDAV server: WsgiDAV.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{python::python_peer, server::Server};

/// A server with one login.
pub struct WebdavServer {
    server: Server,
    files: PathBuf,
}

impl WebdavServer {
    /// The name of the login.
    pub const USERNAME: &str = "ada";
    /// Its password.
    pub const PASSWORD: &str = "difference-engine-2";

    /// Starts one.
    pub fn start() -> Self {
        let server = Server::start(|folder, port| {
            let files = folder.join("files");
            fs::create_dir(&files).unwrap();
            let settings = format!(
                "host: 127.0.0.1\nport: {port}\nprovider_mapping:\n  /: {files}\n\
                 http_authenticator:\n  domain_controller: null\n  accept_basic: true\n  \
                 accept_digest: false\n  default_to_digest: false\n\
                 simple_dc:\n  user_mapping:\n    '*':\n      {user}:\n        password: {password}\n\
                 lock_storage: true\nproperty_manager: null\n",
                files = files.display(),
                user = Self::USERNAME,
                password = Self::PASSWORD,
            );
            let path = folder.join("wsgidav.yaml");
            fs::write(&path, settings).unwrap();
            let mut command = Command::new(python_peer("wsgidav"));
            command.arg("--config").arg(path);
            command
        });
        let files = server.folder().join("files");
        Self { server, files }
    }

    /// `127.0.0.1:port`
    pub fn address(&self) -> String {
        self.server.address()
    }

    /// The folder that it shows.
    pub fn files(&self) -> &Path {
        &self.files
    }
}
