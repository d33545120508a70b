//! A service that speaks like Amazon's S3: Moto.

use std::{
    io::{Read, Write},
    net::TcpStream,
    process::Command,
};

use crate::{python::python_peer, server::Server};

/// A service without any login: it takes every signature.
pub struct S3Server {
    server: Server,
}

impl S3Server {
    /// Starts one with an empty bucket.
    pub fn start(bucket: &str) -> Self {
        let server = Server::start(|_, port| {
            let mut command = Command::new(python_peer("moto_server"));
            command.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
            command
        });
        let service = Self { server };
        service.put(bucket, "");
        service
    }

    /// `127.0.0.1:port`
    pub fn address(&self) -> String {
        self.server.address()
    }

    /// Puts a file into a bucket: `bucket/name`.
    pub fn put(&self, place: &str, content: &str) {
        let mut stream = TcpStream::connect(self.address()).unwrap();
        write!(
            stream,
            "PUT /{place} HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{content}",
            self.address(),
            content.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
}
