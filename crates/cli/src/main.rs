//! The `casare` command: wires the parts together and owns no logic.
//!
//! | module | what it holds |
//! |---|---|
//! | [`run`], [`resume`] | running a workflow; [`execution`] is what they share |
//! | [`check`], [`fmt`], [`schema`], [`nodes`] | working on workflow files |
//! | [`diff`], [`merge`] | versions of a workflow |
//! | [`import`] | workflows of other tools |
//! | [`record`] | what a person does in a browser, as a workflow |
//! | [`heal`], [`objects`] | repairs of selectors; the project's named targets |
//! | [`init`] | a new project |
//! | [`test`](mod@test), [`replay`] | tests of workflows; recorded runs again |
//! | [`debug`], [`dap`] | looking into a run, in a terminal and from an editor |
//! | [`runs`] | what ran: list, show, report, delete |
//! | [`serve`] | the server, and backups of its data |
//! | [`doctor`], [`completions`] | this machine, this shell |
//! | [`config`] | the only place that reads the environment |
//! | [`failure`] | why a command could not do its work; the exit codes |
//! | [`report`] | a run as one HTML file |

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::{
    config::Config,
    failure::{CliError, Exit},
    terminal::Terminal,
};

mod check;
mod completions;
mod config;
mod credentials;
mod dap;
mod debug;
mod debugging;
mod diff;
mod doctor;
mod event_lines;
mod execution;
mod failure;
mod files;
mod fmt;
mod git;
mod heal;
mod import;
mod init;
mod inputs;
mod interrupt;
mod merge;
mod nodes;
mod objects;
mod outcome;
mod people;
mod problems;
mod progress;
mod record;
mod replay;
mod report;
mod resume;
mod robot;
mod run;
mod runs;
mod schema;
mod serve;
mod terminal;
mod test;

// Rows of tables are made in one thread and dropped in another, which it does faster than the system's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Automates the work that people do in browsers, files, mail and APIs
#[derive(Debug, Parser)]
#[command(
    name = "casare",
    version,
    arg_required_else_help = true,
    subcommand_required = true,
    after_help = failure::EXIT_CODES
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::Run),
    Resume(resume::Resume),
    Debug(debug::Debug),
    Dap(dap::Dap),
    Check(check::Check),
    Fmt(fmt::Fmt),
    Import(import::Import),
    Record(record::Record),
    Heal(heal::Heal),
    Objects(objects::Objects),
    Test(test::Test),
    Replay(replay::Replay),
    Init(init::Init),
    Diff(diff::Diff),
    Merge(merge::Merge),
    Schema(schema::Schema),
    Nodes(nodes::Nodes),
    Runs(runs::Runs),
    Serve(serve::Serve),
    Server(serve::Server),
    Robot(robot::RobotCommand),
    Doctor(doctor::Doctor),
    Completions(completions::Completions),
}

impl Command {
    fn exec(self, config: &Config, terminal: &Terminal) -> Result<Exit, CliError> {
        match self {
            Self::Run(run) => run.exec(config, terminal),
            Self::Resume(resume) => resume.exec(config, terminal),
            Self::Debug(debug) => debug.exec(config, terminal),
            Self::Dap(dap) => dap.exec(config, terminal),
            Self::Check(check) => check.exec(terminal),
            Self::Fmt(fmt) => fmt.exec(terminal),
            Self::Import(import) => import.exec(terminal),
            Self::Record(record) => record.exec(config, terminal),
            Self::Heal(heal) => heal.exec(config, terminal),
            Self::Objects(objects) => objects.exec(terminal),
            Self::Test(test) => test.exec(config, terminal),
            Self::Replay(replay) => replay.exec(terminal),
            Self::Init(init) => init.exec(terminal),
            Self::Diff(diff) => diff.exec(config, terminal),
            Self::Merge(merge) => merge.exec(terminal),
            Self::Schema(schema) => schema.exec(terminal),
            Self::Nodes(nodes) => nodes.exec(terminal),
            Self::Runs(runs) => runs.exec(config, terminal),
            Self::Serve(serve) => serve.exec(config, terminal),
            Self::Server(server) => server.exec(config, terminal),
            Self::Robot(robot) => robot.exec(config, terminal),
            Self::Doctor(doctor) => doctor.exec(config, terminal),
            Self::Completions(completions) => completions.exec(terminal),
        }
    }

    /// Whether the caller is a program, which gets failures as JSON too.
    fn wants_json(&self) -> bool {
        match self {
            Self::Run(run) => run.wants_json(),
            Self::Resume(resume) => resume.wants_json(),
            Self::Check(check) => check.json,
            Self::Fmt(fmt) => fmt.json,
            Self::Import(import) => import.json,
            Self::Record(record) => record.json,
            Self::Heal(heal) => heal.json,
            Self::Objects(objects) => objects.json,
            Self::Nodes(nodes) => nodes.json,
            Self::Runs(runs) => runs.wants_json(),
            Self::Doctor(doctor) => doctor.json,
            Self::Test(test) => test.json,
            Self::Replay(replay) => replay.json,
            Self::Init(init) => init.json,
            Self::Diff(diff) => diff.json,
            Self::Merge(merge) => merge.json,
            Self::Schema(_) => true,
            Self::Debug(_)
            | Self::Dap(_)
            | Self::Completions(_)
            | Self::Serve(_)
            | Self::Robot(_)
            | Self::Server(_) => false,
        }
    }
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refused(&error),
    };
    let config = Config::from_environment();
    config.start_logging();
    let terminal = Terminal::new(config.colour.value);
    let json = cli.command.wants_json();
    let outcome = std::panic::catch_unwind(|| match cli.command.exec(&config, &terminal) {
        Ok(exit) => exit,
        Err(error) => terminal.failure(&error, json),
    });
    outcome.unwrap_or(Exit::Internal).into()
}

/// A command line that can't be read, `--help` and `--version`. Programs get what is wrong as JSON
/// too, as with any other failure.
fn refused(error: &clap::Error) -> ExitCode {
    // Whoever read our output may have gone; nobody is left to tell.
    let _ = error.print();
    if error.use_stderr() && std::env::args_os().any(|argument| argument == "--json") {
        let text = error.to_string();
        let message = text.lines().next().unwrap_or_default();
        let message = message.strip_prefix("error: ").unwrap_or(message);
        let told = serde_json::json!({ "error": { "message": message } });
        let _ = Terminal::new(false).print_json(&told);
    }
    u8::try_from(error.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from)
}
