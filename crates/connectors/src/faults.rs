//! What nodes say that fail as the other side does.

use casare_engine::{ErrorKind, Node};

/// The kinds of errors that come of a server, for the manual of a node.
///
/// `Node::fails` adds what only one node can meet.
pub(crate) trait ServerFaults {
    /// It talks to a server of any kind.
    fn fails_as_server(self) -> Self;
    /// It asks a web server.
    fn fails_as_web(self) -> Self;
    /// It works in a database.
    fn fails_as_database(self) -> Self;
    /// It looks into a mailbox.
    #[cfg(feature = "mail")]
    fn fails_as_mailbox(self) -> Self;
    /// It hands mail over.
    #[cfg(feature = "mail")]
    fn fails_as_outgoing_mail(self) -> Self;
    /// It works on files elsewhere.
    #[cfg(any(feature = "ftp", feature = "s3", feature = "sftp", feature = "webdav"))]
    fn fails_as_remote_files(self) -> Self;
    /// It sends or takes messages.
    #[cfg(any(feature = "amqp", feature = "mqtt", feature = "nats"))]
    fn fails_as_broker(self) -> Self;
    /// It works on keys of Redis.
    #[cfg(feature = "redis")]
    fn fails_as_redis(self) -> Self;
}

impl ServerFaults for Node {
    fn fails_as_server(self) -> Self {
        self.fails(
            ErrorKind::Unavailable,
            "The server cannot be reached, ends the connection, or is overloaded.",
        )
        .fails(
            ErrorKind::Denied,
            "The server refuses the login, or the login may not do this.",
        )
        .fails(
            ErrorKind::Timeout,
            "The server does not answer within the step's time.",
        )
    }

    fn fails_as_web(self) -> Self {
        self.fails_as_server()
            .fails(ErrorKind::NotFound, "The server answers 404 or 410.")
            .fails(
                ErrorKind::Conflict,
                "The server answers 409, 412 or 423: something else changed it, or holds it.",
            )
            .fails(
                ErrorKind::Invalid,
                "The server refuses the request as such, as with 400 or 422.",
            )
    }

    fn fails_as_database(self) -> Self {
        self.fails_as_server()
            .fails(
                ErrorKind::NotFound,
                "A table, a column or the database is not there.",
            )
            .fails(
                ErrorKind::Conflict,
                "A rule of the table forbids it, such as a key that is there already, or another \
                 transaction is in the way.",
            )
            .fails(ErrorKind::Invalid, "The statement cannot be run.")
    }

    #[cfg(feature = "mail")]
    fn fails_as_mailbox(self) -> Self {
        self.fails_as_server()
            .fails(ErrorKind::NotFound, "The folder or the mail is not there.")
            .fails(
                ErrorKind::Conflict,
                "The folder was made anew meanwhile: the numbers of its mails mean others now.",
            )
    }

    #[cfg(feature = "mail")]
    fn fails_as_outgoing_mail(self) -> Self {
        self.fails_as_server().fails(
            ErrorKind::Invalid,
            "An address cannot be read or is refused, or the mail is too large.",
        )
    }

    #[cfg(any(feature = "ftp", feature = "s3", feature = "sftp", feature = "webdav"))]
    fn fails_as_remote_files(self) -> Self {
        self.fails_as_server()
            .fails(
                ErrorKind::NotFound,
                "There is no such file, folder or bucket.",
            )
            .fails(
                ErrorKind::Conflict,
                "Something is there already, or is in use.",
            )
    }

    #[cfg(any(feature = "amqp", feature = "mqtt", feature = "nats"))]
    fn fails_as_broker(self) -> Self {
        self.fails_as_server()
            .fails(
                ErrorKind::NotFound,
                "There is no such queue, exchange or stream.",
            )
            .fails(
                ErrorKind::Conflict,
                "The queue is there already, with other properties.",
            )
    }

    #[cfg(feature = "redis")]
    fn fails_as_redis(self) -> Self {
        self.fails_as_server().fails(
            ErrorKind::Invalid,
            "The key holds a value of another type, or the command makes no sense.",
        )
    }
}
