//! What tests of nodes stand on.
//!
//! | module | what it holds |
//! |---|---|
//! | `office` | a folder to run workflows in, with an engine that knows the nodes under test |
//! | `certificate` | a certificate for servers |
//! | [`catalogue`] | what every node owes |
//! | `mail` | Dovecot for mailboxes, and a server that takes mails |
//! | `mariadb` | a MariaDB server of Debian's, likewise |
//! | `postgres` | a PostgreSQL server of Debian's, started for one test and gone with it |
//! | `ftp`, `ssh`, `webdav`, `s3` | servers that keep files |
//! | `redis`, `brokers` | servers that keep values and messages |
//! | `server` | how a server is started and ended |
//! | `python` | servers from the Python package index |

#![expect(
    clippy::unwrap_used,
    reason = "what a test needs is there or the test fails"
)]

mod brokers;
pub mod catalogue;
mod certificate;
mod ftp;
mod mail;
mod mariadb;
mod office;
mod postgres;
mod python;
mod redis;
mod s3;
mod server;
mod ssh;
mod webdav;

pub use brokers::{MqttServer, NatsServer, RabbitServer};
pub use certificate::Certificate;
pub use ftp::{FtpServer, FtpTls};
pub use mail::MailServer;
pub use mariadb::MariaDb;
pub use office::Office;
pub use postgres::Postgres;
pub use python::python_peer;
pub use redis::RedisServer;
pub use s3::S3Server;
pub use ssh::SshServer;
pub use webdav::WebdavServer;
