//! Debian's Redis.

use std::process::Command;

use crate::server::Server;

/// A server that keeps nothing.
pub struct RedisServer {
    server: Server,
}

impl RedisServer {
    /// The password of its one login.
    pub const PASSWORD: &str = "remember-me-17";

    /// Starts one; without `login` it lets everybody in.
    pub fn start(login: bool) -> Self {
        let server = Server::start(|folder, port| {
            let mut command = Command::new("redis-server");
            command.args(["--bind", "127.0.0.1", "--save", "", "--dir"]);
            command.arg(folder);
            command.args(["--port", &port.to_string()]);
            if login {
                command.args(["--requirepass", Self::PASSWORD]);
            }
            command
        });
        Self { server }
    }

    /// `127.0.0.1:port`
    pub fn address(&self) -> String {
        self.server.address()
    }
}
