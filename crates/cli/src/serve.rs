//! The server, and what is done to its data.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use casare_orchestrator::{Orchestrator, Settings};
use casare_robot::{Identity, Robot, RobotSettings};
use casare_store::{Clock, Store};
use clap::{Args, Subcommand};
use secrecy::{ExposeSecret, SecretString};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    config::Config,
    execution,
    failure::{CliError, Exit},
    files, interrupt,
    robot::{self, RunLimits},
    terminal::Terminal,
};

/// Run the server: API, schedules, queue and live events
///
/// Everything is kept in one folder, with SQLite, unless --database names a PostgreSQL. Any number
/// of servers may use one PostgreSQL. The first start prints a link that makes the first owner.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    place: Place,
    /// Address and port to listen on
    #[arg(long, default_value = "127.0.0.1:7330", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// How people reach the server, for links and cookies; from --listen when nothing is said
    #[arg(long, env = "CASARE_PUBLIC_URL", value_name = "URL")]
    public_url: Option<String>,
    /// Let outgoing webhooks, and mailboxes and databases that triggers watch, be at private addresses
    #[arg(long)]
    private_hooks: bool,
    /// Where mails of hooks are handed over, as `smtps://user:password@host`
    #[arg(
        long,
        env = "CASARE_SMTP",
        hide_env_values = true,
        value_name = "URL",
        requires = "mail_from"
    )]
    smtp: Option<SecretString>,
    /// Who sends them
    #[arg(long, env = "CASARE_MAIL_FROM", value_name = "ADDRESS")]
    mail_from: Option<String>,
    /// A folder that triggers may watch, with all that is in it; may be given several times
    #[arg(long, value_name = "FOLDER")]
    watch: Vec<PathBuf>,
    /// Seconds that a robot may be silent before others get its jobs
    #[arg(long, default_value_t = 30, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    lease: u64,
    /// Only serve; jobs wait for robots elsewhere
    #[arg(long)]
    no_robot: bool,
    /// How many jobs the robot inside runs at a time [default: one for each processor]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=1000))]
    slots: Option<u32>,
    #[command(flatten)]
    limits: RunLimits,
}

/// Where a server keeps its data
#[derive(Debug, Args)]
struct Place {
    /// `postgres://user:password@host/name`; SQLite in the data folder when nothing is said
    #[arg(
        long,
        env = "CASARE_DATABASE",
        hide_env_values = true,
        value_name = "URL"
    )]
    database: Option<SecretString>,
    /// The folder of database, artifacts and master key
    #[arg(long, env = "CASARE_DATA", value_name = "FOLDER")]
    data: Option<PathBuf>,
}

/// Back up and restore the database of a server
#[derive(Debug, Args)]
pub(crate) struct Server {
    #[command(subcommand)]
    command: ServerCommand,
}

#[derive(Debug, Subcommand)]
enum ServerCommand {
    /// Write a checked copy of the SQLite database, also while the server runs
    ///
    /// The master key and the artifacts are files of their own: copy them, too, and keep the key
    /// apart. PostgreSQL is backed up with `pg_dump --format=custom`.
    Backup {
        #[command(flatten)]
        place: Place,
        /// The file to write; it must not exist
        file: PathBuf,
    },
    /// Put a backup in the place of the database; the server must not run
    ///
    /// The database that was there stays beside it, with the ending `.before-restore`.
    Restore {
        #[command(flatten)]
        place: Place,
        /// The backup
        file: PathBuf,
    },
}

impl Place {
    fn folder(&self, config: &Config) -> Result<PathBuf, CliError> {
        match &self.data {
            Some(folder) => std::path::absolute(folder).map_err(|source| CliError::Unreadable {
                path: folder.clone(),
                source,
            }),
            None => Ok(config.home()?.join("server")),
        }
    }

    fn sqlite(&self, config: &Config) -> Result<PathBuf, CliError> {
        Ok(self.folder(config)?.join("casare.db"))
    }

    fn is_postgres(&self) -> bool {
        self.database
            .as_ref()
            .is_some_and(|url| url.expose_secret().starts_with("postgres"))
    }
}

impl Serve {
    pub(crate) fn exec(self, config: &Config, terminal: &Terminal) -> Result<Exit, CliError> {
        let mut settings = Settings::in_folder(
            self.place.folder(config)?,
            Arc::new(files::standard_registry()),
        );
        if let Some(database) = &self.place.database {
            settings.database = database.clone();
        }
        settings.master_key = config.master_key();
        settings.private_hooks = self.private_hooks;
        settings.smtp.clone_from(&self.smtp);
        if let Some(from) = &self.mail_from {
            settings.mail_from.clone_from(from);
        }
        for folder in &self.watch {
            let real = folder
                .canonicalize()
                .map_err(|source| CliError::Unreadable {
                    path: folder.clone(),
                    source,
                })?;
            settings.watched.push(real);
        }
        settings.queue.lease = Duration::from_secs(self.lease);
        let runtime = execution::runtime()?;
        runtime.block_on(async {
            let listener =
                TcpListener::bind(self.listen)
                    .await
                    .map_err(|source| CliError::Listen {
                        address: self.listen,
                        source,
                    })?;
            let address = listener.local_addr().map_err(CliError::Runtime)?;
            settings.public_url = self
                .public_url
                .unwrap_or_else(|| format!("http://{address}"));
            let shutdown = interrupt::stop_on_signals().map_err(CliError::Runtime)?;
            let server = Orchestrator::open(settings).await?;
            welcome(&server, terminal).await?;
            let ending = CancellationToken::new();
            let robot = if self.no_robot {
                None
            } else {
                let own = own_robot(&server, config, address, self.slots, self.limits).await?;
                Some(tokio::spawn(Robot::run(own.0, own.1, ending.clone())))
            };
            let served = server.serve(listener, shutdown).await;
            ending.cancel();
            if let Some(robot) = robot {
                // It ends when it is told to, or has said in the log why it did before.
                let _ = robot.await;
            }
            served?;
            terminal.note("stopped");
            Ok(Exit::Done)
        })
    }
}

/// The robot inside: enrolled by the first start, and again where the server does not know it any more.
async fn own_robot(
    server: &Orchestrator,
    config: &Config,
    address: SocketAddr,
    slots: Option<u32>,
    limits: RunLimits,
) -> Result<(Identity, RobotSettings), CliError> {
    let home = server.settings.data.join("robot");
    let mut reached = address;
    if reached.ip().is_unspecified() {
        reached.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    let failed = casare_orchestrator::OrchestratorError::from;
    let known = match Identity::read(&home) {
        Ok(identity) => {
            let known = server.access.robot_key(&identity.key).await.is_ok();
            known.then_some(identity)
        }
        Err(_) => None,
    };
    let mut identity = if let Some(identity) = known {
        identity
    } else {
        let tenant = server.access.first_tenant().await.map_err(failed)?;
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let slots = slots.unwrap_or_else(|| u32::try_from(cores).unwrap_or(1));
        let name = format!(
            "{}-{}",
            robot::machine_name(),
            &uuid::Uuid::new_v4().simple().to_string()[..4]
        );
        let enrolled = server
            .access
            .add_own_robot(tenant, &name, slots)
            .await
            .map_err(failed)?;
        Identity {
            robot: enrolled.id.0,
            name,
            server: String::new(),
            key: enrolled.key,
        }
    };
    identity.server = format!("http://{reached}");
    identity.write(&home)?;
    Ok((identity, robot::settings(config, home, limits)?))
}

/// Says where the server is, and how the first owner gets in.
async fn welcome(server: &Orchestrator, terminal: &Terminal) -> Result<(), CliError> {
    let url = &server.settings.public_url;
    terminal.note(&format!("Casare is ready at {url}"));
    let link = server
        .access
        .first_link()
        .await
        .map_err(casare_orchestrator::OrchestratorError::from)?;
    if let Some(link) = link {
        let link = server.link(link.token.expose_secret());
        terminal.note(&format!(
            "Nobody has an account yet. This link makes the first owner, once:\n\n    {link}\n"
        ));
    }
    Ok(())
}

impl Server {
    pub(crate) fn exec(self, config: &Config, terminal: &Terminal) -> Result<Exit, CliError> {
        let runtime = execution::runtime()?;
        match self.command {
            ServerCommand::Backup { place, file } => {
                let address = if let Some(database) = &place.database {
                    database.clone()
                } else {
                    let path = place.sqlite(config)?;
                    if !path.exists() {
                        return Err(CliError::NoServerData { path });
                    }
                    format!("sqlite:{}", path.display()).into()
                };
                runtime
                    .block_on(async {
                        let store = Store::open(address.expose_secret(), Clock::System).await?;
                        let done = store.backup(&file).await;
                        store.close().await;
                        done
                    })
                    .map_err(casare_orchestrator::OrchestratorError::from)?;
                terminal.note(&format!(
                    "wrote {}; keep a copy of `master.key` apart from it: without that nobody can \
                     read the credentials in it",
                    file.display()
                ));
            }
            ServerCommand::Restore { place, file } => {
                if place.is_postgres() {
                    return Err(CliError::NotSqlite);
                }
                let path = place.sqlite(config)?;
                runtime
                    .block_on(Store::restore(&file, &path))
                    .map_err(casare_orchestrator::OrchestratorError::from)?;
                terminal.note(&format!("restored {}", path.display()));
            }
        }
        Ok(Exit::Done)
    }
}
