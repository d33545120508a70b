//! Databases: SQLite, PostgreSQL, MySQL and MariaDB.
//!
//! A step names its database by a URL, or by a credential that holds one; connections are kept
//! open between the steps of a run and shared by them. A step that names none works in the
//! transaction around it.
//!
//! | module | what it holds |
//! |---|---|
//! | `connection` | which database a step means |
//! | `statements` | reading, changing, transactions: the same way on each database |
//! | `parameters` | values by place or by name |
//! | `value` | values on their way in and out |
//! | `fault` | what databases refuse, as kinds of errors |
//! | `copy` | many rows into PostgreSQL |

use std::time::Duration;

use casare_engine::{LogLevel, Node, StepContext};

use crate::faults::ServerFaults;

mod connection;
mod copy;
mod execute;
mod fault;
mod insert;
mod parameters;
mod query;
mod schema;
mod statements;
mod transaction;
mod value;

pub(crate) fn nodes() -> Vec<Node> {
    let mut nodes = vec![
        query::node(),
        execute::node(),
        insert::node(),
        transaction::node(),
    ];
    nodes.extend(schema::nodes());
    nodes
        .into_iter()
        .map(ServerFaults::fails_as_database)
        .collect()
}

/// Tells how fast rows went, where they were many; answers it in rows a second.
fn tell_rate(cx: &StepContext, rows: u64, took: Duration) -> u64 {
    let rate = (rows as f64 / took.as_secs_f64().max(1e-6)) as u64;
    if rows >= 1000 {
        let told = format!(
            "{rows} rows in {} ms, {rate} rows a second",
            took.as_millis()
        );
        cx.log(LogLevel::Debug, told);
    }
    rate
}
