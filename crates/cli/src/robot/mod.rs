//! A robot on this machine: how it comes to be, works, and is looked after.

mod unit;

use std::{collections::BTreeSet, path::PathBuf};

use casare_robot::{Identity, Robot, RobotSettings};
use clap::{Args, Subcommand};
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use crate::{
    config::Config,
    execution,
    failure::{CliError, Exit},
    files, interrupt,
    terminal::Terminal,
};

/// Programs that a robot looks for, and what it says it can do when they are there.
const PROGRAMS: &[(&str, &str)] = &[
    ("chromium", "browser"),
    ("google-chrome", "browser"),
    ("google-chrome-stable", "browser"),
    ("python3", "python"),
    ("uv", "uv"),
    ("tesseract", "ocr"),
    ("soffice", "office"),
    ("git", "git"),
];

/// What a run may use up on a robot
#[derive(Debug, Clone, Copy, Default, Args)]
pub(crate) struct RunLimits {
    /// MiB of memory that a run may hold, with all that it has started; it is ended when it holds more (Linux)
    #[arg(long, env = "CASARE_RUN_MEMORY", value_name = "MIB", value_parser = clap::value_parser!(u64).range(64..=1_048_576))]
    run_memory: Option<u64>,
}

/// Run jobs of a server on this machine
#[derive(Debug, Args)]
pub(crate) struct RobotCommand {
    /// The robot's files [default: `robot` in the data folder]
    #[arg(long, env = "CASARE_ROBOT_HOME", value_name = "FOLDER", global = true)]
    home: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make this machine a robot of a server, with a one-time token that an administrator gives
    Enroll {
        /// The server, such as `https://casare.example.com`
        server: String,
        /// The token; better in the environment, where other users do not see it
        #[arg(env = "CASARE_ENROLMENT_TOKEN", hide_env_values = true)]
        token: SecretString,
        /// What people call it [default: the name of this machine]
        #[arg(long)]
        name: Option<String>,
        /// Jobs at a time
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
        slots: u32,
    },
    /// Take jobs and run them, until Ctrl-C
    ///
    /// Each job runs in a process of its own. What happens in it is kept on disk until the server has it. Runs that
    /// are under way when the robot ends go on with another robot, or with this one later.
    Start {
        #[command(flatten)]
        limits: RunLimits,
    },
    /// What the server knows of this robot
    Status {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Take no more jobs until `resume`; those under way go on
    Pause,
    /// Take jobs again
    Resume,
    /// Finish what is under way and take nothing more
    Drain,
    /// End the robot on this machine
    Stop,
    /// Print a systemd unit that keeps the robot running
    ///
    /// For example: casare robot install | sudo tee /etc/systemd/system/casare-robot.service
    Install {
        /// The user who runs it
        #[arg(long, default_value = "casare")]
        user: String,
    },
    /// Run one job that a robot orders over stdin
    #[command(hide = true)]
    Attempt,
}

impl RobotCommand {
    pub(crate) fn exec(self, config: &Config, terminal: &Terminal) -> Result<Exit, CliError> {
        let home = || match &self.home {
            Some(folder) => std::path::absolute(folder).map_err(|source| CliError::Unreadable {
                path: folder.clone(),
                source,
            }),
            None => Ok(config.home()?.join("robot")),
        };
        if let Command::Attempt = self.command {
            return attempt(config);
        }
        secure();
        let home = home()?;
        let runtime = execution::runtime()?;
        runtime.block_on(async {
            match self.command {
                Command::Enroll {
                    server,
                    token,
                    name,
                    slots,
                } => {
                    let name = name.unwrap_or_else(machine_name);
                    let identity = casare_robot::enroll(&server, &token, &name, slots).await?;
                    identity.write(&home)?;
                    terminal.note(&format!(
                        "`{name}` belongs to {} now; start it with: casare robot start",
                        identity.server
                    ));
                }
                Command::Start { limits } => {
                    let identity = Identity::read(&home)?;
                    let shutdown = interrupt::stop_on_signals().map_err(CliError::Runtime)?;
                    let ending = CancellationToken::new();
                    let end = ending.clone();
                    tokio::spawn(async move {
                        shutdown.await;
                        end.cancel();
                    });
                    terminal.note(&format!(
                        "`{}` works for {}; Ctrl-C ends it",
                        identity.name, identity.server
                    ));
                    Robot::run(identity, settings(config, home, limits)?, ending).await?;
                    terminal.note("stopped");
                }
                Command::Status { json } => status(&Identity::read(&home)?, json, terminal).await?,
                Command::Pause => set(&home, "paused").await?,
                Command::Resume => set(&home, "online").await?,
                Command::Drain => set(&home, "draining").await?,
                Command::Stop => {
                    let was_there = casare_robot::stop(&home).await?;
                    terminal.note(if was_there {
                        "stopped"
                    } else {
                        "no robot works here"
                    });
                }
                Command::Install { user } => {
                    terminal.print(&unit::text(&user, &home).map_err(CliError::Runtime)?)?;
                }
                Command::Attempt => {}
            }
            Ok(Exit::Done)
        })
    }
}

async fn set(home: &std::path::Path, status: &str) -> Result<(), CliError> {
    Ok(Identity::read(home)?.set_status(status).await?)
}

async fn status(identity: &Identity, json: bool, terminal: &Terminal) -> Result<(), CliError> {
    let known = identity.show().await?;
    if json {
        return terminal.print_json(&known);
    }
    let list = |name: &str| -> String {
        let items = known[name].as_array().into_iter().flatten();
        let items: Vec<&str> = items.filter_map(serde_json::Value::as_str).collect();
        if items.is_empty() {
            "–".to_owned()
        } else {
            items.join(", ")
        }
    };
    let text = |name: &str| known[name].as_str().unwrap_or_default().to_owned();
    terminal.print(&format!(
        "{} is {} at {}\nslots         {}\npools         {}\nenvironments  {}\ncapabilities  {}\n",
        text("name"),
        text("status"),
        identity.server,
        known["slots"],
        list("pools"),
        list("environments"),
        list("capabilities"),
    ))?;
    Ok(())
}

/// The process of one run. Whatever it is still doing when the run has ended, it does not wait for.
fn attempt(config: &Config) -> Result<Exit, CliError> {
    secure();
    let runtime = execution::runtime()?;
    let engine_at =
        |folder: &std::path::Path| files::engine_at(folder).map_err(|error| error.to_string());
    let attended = runtime.block_on(casare_robot::attend(
        engine_at,
        config.chromium.value.clone(),
    ));
    runtime.shutdown_background();
    Ok(if attended.is_ok() {
        Exit::Done
    } else {
        Exit::Internal
    })
}

/// Before the first HTTPS connection.
fn secure() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

/// How the robot in `home` works on this machine.
pub(crate) fn settings(
    config: &Config,
    home: PathBuf,
    limits: RunLimits,
) -> Result<RobotSettings, CliError> {
    secure();
    let own = std::env::current_exe().map_err(CliError::Runtime)?;
    let program = vec![own.into_os_string(), "robot".into(), "attempt".into()];
    Ok(RobotSettings {
        home,
        program,
        run_memory: limits.run_memory.map(|mib| mib << 20),
        capabilities: capabilities(config),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    })
}

fn capabilities(config: &Config) -> BTreeSet<String> {
    let is_there = |program: &str| {
        config
            .path
            .iter()
            .any(|folder| folder.join(program).is_file())
    };
    let mut found: BTreeSet<String> = PROGRAMS
        .iter()
        .filter(|(program, _)| is_there(program))
        .map(|(_, capability)| (*capability).to_owned())
        .collect();
    if config.chromium.value.is_some() {
        found.insert("browser".to_owned());
    }
    found.insert(std::env::consts::OS.to_owned());
    found
}

/// What this machine is called.
pub(crate) fn machine_name() -> String {
    let name = std::fs::read_to_string("/etc/hostname").unwrap_or_default();
    match name.trim() {
        "" => "robot".to_owned(),
        name => name.to_owned(),
    }
}
