use std::{collections::BTreeMap, time::Duration};

use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_workflow::Effect;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use tokio::process::Command;

use crate::script::Program;

/// Looks at the services of this machine, starts, stops or restarts one (systemd).
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Service {
    /// What to do.
    #[serde(default)]
    action: Action,
    /// The service, such as `postgresql`; not for `list`.
    name: Option<String>,
    /// Whether the services of the user are meant, not those of the system.
    #[serde(default)]
    user: bool,
}

/// What to do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Action {
    /// Only tell.
    #[default]
    Status,
    /// Start it if it does not run.
    Start,
    /// Stop it if it runs.
    Stop,
    /// Stop and start it.
    Restart,
    /// Tell about all services.
    List,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Services {
    /// The state of the service: `active`, `inactive`, `failed`, …; empty where there is none of
    /// the name, and for `list`.
    state: String,
    /// Whether there is a service of the name.
    exists: bool,
    /// For `list`: the services.
    services: Vec<OneService>,
}

/// A service.
#[derive(Debug, Serialize, JsonSchema)]
struct OneService {
    /// Its name.
    name: String,
    /// `active`, `inactive`, `failed`, …
    state: String,
    /// What it is, in words.
    description: String,
}

pub(super) fn node() -> Node {
    Node::action_with_effect("system.service", service, |settings: &Service| {
        if settings.action == Action::Restart {
            Effect::Once
        } else {
            Effect::Pure
        }
    })
    .icon("server-cog")
    .fails(ErrorKind::NotFound, "There is no `systemctl` here.")
    .fails(
        ErrorKind::Invalid,
        "`systemctl` refuses: there is no such service, it does not start, or it may not be touched.",
    )
    .example(EXAMPLE)
}

const EXAMPLE: &str = r"- use: system.service
  on_error: continue
  with: { action: status, name: postgresql }
";

async fn service(cx: &StepContext, settings: Service) -> Result<Services, NodeError> {
    if settings.action == Action::List {
        let found = ask(
            cx,
            &settings,
            &["list-units", "--type=service", "--all", "--output=json"],
        )
        .await?;
        return Ok(Services {
            state: String::new(),
            exists: false,
            services: listed(&found)?,
        });
    }
    let Some(name) = settings
        .name
        .as_deref()
        .filter(|name| !name.starts_with('-'))
    else {
        return Err(NodeError::invalid("which service is meant is not said")
            .with_help("set `name`, such as `postgresql`"));
    };
    let action = match settings.action {
        Action::Start => Some("start"),
        Action::Stop => Some("stop"),
        Action::Restart => Some("restart"),
        Action::Status | Action::List => None,
    };
    if let Some(action) = action {
        ask(cx, &settings, &[action, name]).await?;
    }
    let shown = ask(
        cx,
        &settings,
        &["show", "--property=ActiveState,LoadState", name],
    )
    .await?;
    let value = |key: &str| {
        shown
            .lines()
            .find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
            .unwrap_or_default()
            .to_owned()
    };
    let exists = value("LoadState") != "not-found";
    Ok(Services {
        state: if exists {
            value("ActiveState")
        } else {
            String::new()
        },
        exists,
        services: Vec::new(),
    })
}

/// What `systemctl` prints.
async fn ask(cx: &StepContext, settings: &Service, args: &[&str]) -> Result<String, NodeError> {
    let mut command = Command::new("systemctl");
    if settings.user {
        command.arg("--user");
    }
    command.args(["--no-pager", "--no-ask-password"]).args(args);
    let env: BTreeMap<String, String> = ["XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"]
        .iter()
        .filter_map(|name| {
            Some((
                (*name).to_owned(),
                std::env::var_os(name)?.into_string().ok()?,
            ))
        })
        .collect();
    let program = Program {
        command,
        what: "`systemctl`",
        input: Vec::new(),
        env: &env,
        timeout: Duration::from_mins(2),
        on_line: None,
    };
    let output = program.run(cx).await?.checked(cx, "`systemctl`")?;
    Ok(output.stdout)
}

fn listed(text: &str) -> Result<Vec<OneService>, NodeError> {
    let units: Vec<BTreeMap<String, Json>> = serde_json::from_str(text)
        .map_err(|error| NodeError::bug(format!("`systemctl` listed no services: {error}")))?;
    Ok(units
        .iter()
        .map(|unit| {
            let value = |key: &str| {
                unit.get(key)
                    .and_then(Json::as_str)
                    .unwrap_or_default()
                    .to_owned()
            };
            OneService {
                name: value("unit").trim_end_matches(".service").to_owned(),
                state: value("active"),
                description: value("description"),
            }
        })
        .collect())
}
