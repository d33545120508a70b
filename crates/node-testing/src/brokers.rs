//! Brokers of messages: Debian's RabbitMQ, Mosquitto and NATS.

use std::{fs, process::Command};

use crate::{
    Certificate,
    server::{Server, free_port, program},
};

/// RabbitMQ. It takes seconds to start: few tests should have one.
pub struct RabbitServer {
    server: Server,
    /// Where parts of the server find each other; without one it would start one that stays.
    _names: Server,
}

impl RabbitServer {
    /// Starts one that lets the user `guest` in with the password `guest`.
    pub fn start() -> Self {
        let names = Server::start(|_, port| {
            let mut command = Command::new("epmd");
            command.args(["-address", "127.0.0.1", "-port", &port.to_string()]);
            command
        });
        let server = Server::start(|folder, port| {
            let text = folder.display().to_string();
            fs::write(folder.join("plugins"), "[].\n").unwrap();
            let mut command = Command::new(program("rabbitmq-server"));
            command
                .env("HOME", &text)
                .env("ERL_EPMD_PORT", names.port().to_string())
                .env("ERL_EPMD_ADDRESS", "127.0.0.1")
                .env("RABBITMQ_NODENAME", format!("test{port}@localhost"))
                .env("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1")
                .env("RABBITMQ_NODE_PORT", port.to_string())
                .env("RABBITMQ_DIST_PORT", free_port().to_string())
                .env("RABBITMQ_MNESIA_BASE", format!("{text}/data"))
                .env("RABBITMQ_LOG_BASE", format!("{text}/log"))
                .env("RABBITMQ_LOGS", "-")
                .env("RABBITMQ_PID_FILE", format!("{text}/pid"))
                .env("RABBITMQ_ENABLED_PLUGINS_FILE", format!("{text}/plugins"))
                .env("RABBITMQ_CONFIG_FILE", format!("{text}/none"))
                .env("RABBITMQ_CONF_ENV_FILE", format!("{text}/none"))
                // The script then becomes the server instead of waiting for it.
                .env("RABBITMQ_ALLOW_INPUT", "1")
                .env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "-noinput");
            command
        });
        Self {
            server,
            _names: names,
        }
    }

    /// `amqp://127.0.0.1:port`
    pub fn url(&self) -> String {
        format!("amqp://{}", self.server.address())
    }
}

/// Mosquitto.
pub struct MqttServer {
    server: Server,
}

impl MqttServer {
    /// Starts one that lets everybody in, over encrypted connections if there is a certificate.
    pub fn start(certificate: Option<&Certificate>) -> Self {
        let server = Server::start(|folder, port| {
            let mut settings =
                format!("listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n");
            if let Some(certificate) = certificate {
                settings.push_str(&format!(
                    "certfile {}\nkeyfile {}\n",
                    certificate.certificate.display(),
                    certificate.key.display()
                ));
            }
            let path = folder.join("mosquitto.conf");
            fs::write(&path, settings).unwrap();
            let mut command = Command::new(program("mosquitto"));
            command.arg("-c").arg(path);
            command
        });
        Self { server }
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.server.port()
    }
}

/// NATS with JetStream.
pub struct NatsServer {
    server: Server,
}

impl NatsServer {
    /// The name of its login.
    pub const USERNAME: &str = "ada";
    /// The password of its login.
    pub const PASSWORD: &str = "jet-stream-44";

    /// Starts one.
    pub fn start() -> Self {
        let server = Server::start(|folder, port| {
            let mut command = Command::new(program("nats-server"));
            command.args(["-a", "127.0.0.1", "-p", &port.to_string(), "-js", "-sd"]);
            command.arg(folder.join("streams"));
            command.args(["--user", Self::USERNAME, "--pass", Self::PASSWORD]);
            command
        });
        Self { server }
    }

    /// `nats://127.0.0.1:port`
    pub fn url(&self) -> String {
        format!("nats://{}", self.server.address())
    }
}
