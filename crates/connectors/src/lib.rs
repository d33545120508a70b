//! What nodes reach over a network: HTTP, databases, mail, file transfer, queues.
//!
//! One folder a category, as in `casare-nodes`; these are the categories whose libraries are heavy.

use casare_engine::Node;

mod faults;
#[cfg(feature = "ftp")]
mod ftp;
mod http;
#[cfg(feature = "mail")]
mod mail;
#[cfg(any(feature = "amqp", feature = "mqtt", feature = "nats"))]
mod message;
#[cfg(any(
    feature = "amqp",
    feature = "mqtt",
    feature = "nats",
    feature = "redis"
))]
mod payload;
#[cfg(feature = "redis")]
mod redis;
#[cfg(any(feature = "ftp", feature = "s3", feature = "sftp", feature = "webdav"))]
mod remote;
#[cfg(feature = "s3")]
mod s3;
#[cfg(feature = "sftp")]
mod sftp;
mod spool;
mod sql;
#[cfg(any(
    feature = "amqp",
    feature = "ftp",
    feature = "mail",
    feature = "mqtt",
    feature = "nats",
    feature = "redis"
))]
mod tls;
#[cfg(feature = "webdav")]
mod webdav;

#[cfg(feature = "mail")]
pub use mail::{Mailbox, MailboxAccess};

/// Every node of these categories.
pub fn standard() -> Vec<Node> {
    [
        #[cfg(feature = "ftp")]
        ftp::nodes(),
        http::nodes(),
        #[cfg(feature = "mail")]
        mail::nodes(),
        #[cfg(any(feature = "amqp", feature = "mqtt", feature = "nats"))]
        message::nodes(),
        #[cfg(feature = "redis")]
        redis::nodes(),
        #[cfg(feature = "s3")]
        s3::nodes(),
        #[cfg(feature = "sftp")]
        sftp::nodes(),
        sql::nodes(),
        #[cfg(feature = "webdav")]
        webdav::nodes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
