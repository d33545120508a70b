//! What databases say when they refuse, as kinds of errors.

use casare_engine::{ErrorKind, NodeError, chain};

const ROW_RULE: &str = "a rule of the table (key, reference, check) refuses the row";
const STATEMENT: &str = "check the statement and its parameters";
const LOGIN: &str = "check the credential and its rights";
const NAME: &str = "check the name";

/// What went wrong `doing` something with a database.
pub(super) fn fault(doing: &str, error: &sqlx::Error) -> NodeError {
    let (kind, help) = match error {
        sqlx::Error::Database(database) => {
            #[cfg(feature = "mysql")]
            let by_number = database
                .try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>()
                .and_then(|error| by_mysql_number(error.number()));
            #[cfg(not(feature = "mysql"))]
            let by_number = None;
            by_number.unwrap_or_else(|| by_code(database.code().as_deref()))
        }
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => (
            ErrorKind::Unavailable,
            "check that the database runs and that its address is right",
        ),
        sqlx::Error::Tls(_) => (
            ErrorKind::Unavailable,
            "check the database's certificate, or set `sslmode` in the address",
        ),
        sqlx::Error::Configuration(_) => (ErrorKind::Invalid, "check `database`"),
        _ => (ErrorKind::Invalid, STATEMENT),
    };
    NodeError::new(kind, format!("{doing}: {}", chain(error))).with_help(help)
}

/// MySQL puts many faults under one SQLSTATE; its own numbers tell them apart.
#[cfg(feature = "mysql")]
fn by_mysql_number(number: u16) -> Option<(ErrorKind, &'static str)> {
    Some(match number {
        1044 | 1045 | 1142 | 1143 | 1227 | 1370 => (ErrorKind::Denied, LOGIN),
        1049 | 1051 | 1054 | 1091 | 1146 => (ErrorKind::NotFound, NAME),
        1022 | 1048 | 1062 | 1169 | 1216 | 1217 | 1451 | 1452 | 4025 => {
            (ErrorKind::Conflict, ROW_RULE)
        }
        1205 | 1213 => (
            ErrorKind::Conflict,
            "another transaction was in the way; try again",
        ),
        1040 | 1053 | 1203 | 1290 => (
            ErrorKind::Unavailable,
            "the database is not available now; try again",
        ),
        _ => return None,
    })
}

/// SQLSTATE classes, and SQLite's extended result codes.
fn by_code(code: Option<&str>) -> (ErrorKind, &'static str) {
    let code = code.unwrap_or_default();
    match code {
        "5" | "6" | "261" | "517" => (
            ErrorKind::Unavailable,
            "others are writing to it; try again. A step inside a `sql.transaction` that is to \
             work in it names no database",
        ),
        "8" | "1032" => (ErrorKind::Denied, "the database is read-only"),
        "13" => (ErrorKind::Unavailable, "the disk is full: free some space"),
        "14" | "270" => (
            ErrorKind::NotFound,
            "check the folder of the database's file",
        ),
        "1555" | "2067" => (ErrorKind::Conflict, "a row with this key exists already"),
        "787" | "275" | "1299" => (ErrorKind::Conflict, ROW_RULE),
        "25P02" => (
            ErrorKind::Conflict,
            "a statement before it failed, and with it the transaction. Put steps that may fail \
             into a `sql.transaction` of their own inside this one",
        ),
        _ if code.starts_with("23") => (ErrorKind::Conflict, ROW_RULE),
        _ if code.starts_with("28") || code == "42501" => (ErrorKind::Denied, LOGIN),
        _ if code.starts_with("40") => (
            ErrorKind::Conflict,
            "another transaction was in the way; try again",
        ),
        _ if code.starts_with("08") || code.starts_with("53") || code.starts_with("57P") => (
            ErrorKind::Unavailable,
            "the database is not available now; try again",
        ),
        "42P01" | "42703" | "3D000" | "42S02" => (ErrorKind::NotFound, NAME),
        _ => (ErrorKind::Invalid, STATEMENT),
    }
}

/// Says which of several rows it was.
pub(super) fn in_row(index: u64, error: NodeError) -> NodeError {
    let told = NodeError::new(
        error.kind(),
        format!("row {}: {}", index + 1, error.message()),
    );
    match error.help() {
        Some(help) => told.with_help(help),
        None => told,
    }
}
