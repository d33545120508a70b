//! What nodes say that fail as files do.

use casare_engine::{ErrorKind, Node};

/// The kinds of errors that come of files, for the manual of a node.
pub trait FileFaults {
    /// It reads a file.
    fn fails_reading(self) -> Self;
    /// It writes a file, and makes the folders for it.
    fn fails_writing(self) -> Self;
    /// It reads the holidays of a calendar from a file.
    fn fails_with_holidays(self) -> Self;
}

impl FileFaults for Node {
    fn fails_reading(self) -> Self {
        self.fails(ErrorKind::NotFound, "The file is not there.")
            .fails(ErrorKind::Denied, "The file may not be read.")
            .fails(
                ErrorKind::Unavailable,
                "The disk that holds it does not answer.",
            )
    }

    fn fails_writing(self) -> Self {
        self.fails(
            ErrorKind::Denied,
            "The file may not be written, or is read-only.",
        )
        .fails(
            ErrorKind::Unavailable,
            "The disk is full, or does not answer.",
        )
        .fails(
            ErrorKind::Conflict,
            "A file stands where its folder should be.",
        )
    }

    fn fails_with_holidays(self) -> Self {
        self.fails(
            ErrorKind::NotFound,
            "The file with the holidays is not there.",
        )
        .fails(
            ErrorKind::Denied,
            "The file with the holidays may not be read.",
        )
        .fails(
            ErrorKind::Unavailable,
            "The disk that holds the holidays does not answer.",
        )
    }
}
