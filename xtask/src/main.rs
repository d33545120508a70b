//! The project's chores, run as `cargo xtask <task>`; one file a task.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a task talks to the person who started it"
)]

mod bench;
mod cdp_types;
mod challenge;
mod chromium;
mod command;
mod debian;
mod demo;
mod docs;
mod failure;
mod fuzz;
mod paths;
mod peers;
mod steps;
mod test;
mod web;

use std::process::ExitCode;

use clap::Parser;

use crate::failure::Failure;

/// Chores of the Casare project
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask", arg_required_else_help = true)]
enum Task {
    Demo(demo::Demo),
    Test(test::Test),
    Challenge(challenge::Challenge),
    Bench(bench::Bench),
    Docs(docs::Docs),
    Fuzz(fuzz::Fuzz),
    /// Build the page, which the next build of `casare` then holds
    Web,
    /// Install the servers and programs that tests speak to, as `test` does
    Peers,
    /// Generate the protocol types of the browser crate
    CdpTypes {
        /// An unpacked npm package `devtools-protocol`; without it the newest is fetched
        package: Option<String>,
    },
    #[command(hide = true)]
    Floor(bench::floor::Floor),
}

fn main() -> ExitCode {
    match run(Task::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("\n{} {failure}", steps::bold("failed:"));
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<(), Failure> {
    match task {
        Task::Demo(demo) => demo.exec(),
        Task::Test(test) => test.exec(),
        Task::Docs(docs) => docs.exec(),
        Task::Peers => peers::ensure(),
        Task::Web => web::build(),
        Task::Challenge(challenge) => challenge.exec(),
        Task::Bench(bench) => bench.exec(),
        Task::Fuzz(fuzz) => fuzz.exec(),
        Task::CdpTypes { package } => cdp_types::run(package.as_slice())
            .map_err(|error| Failure::Unexpected(format!("the types are as before: {error}"))),
        Task::Floor(floor) => floor.exec(),
    }
}
