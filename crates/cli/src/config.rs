//! What the environment says. No other module reads it.

use std::{collections::BTreeMap, env, path::PathBuf};

use directories::ProjectDirs;
use secrecy::SecretString;
use serde::Serialize;

use crate::{credentials::EnvironmentCredentials, failure::CliError};

/// Variables that hold credentials begin so.
pub(crate) const CREDENTIAL: &str = "CASARE_CREDENTIAL_";

/// Holds the master key of the server's vault.
const MASTER_KEY: &str = "CASARE_MASTER_KEY";

/// A setting, and where its value came from.
#[derive(Debug, Clone)]
pub(crate) struct Setting<T> {
    pub(crate) value: T,
    pub(crate) from: Origin,
}

/// Where a setting's value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Origin {
    Default,
    Environment,
}

impl<T> Setting<T> {
    fn default(value: T) -> Self {
        Self {
            value,
            from: Origin::Default,
        }
    }

    fn from_environment(value: T) -> Self {
        Self {
            value,
            from: Origin::Environment,
        }
    }
}

/// Everything the environment decides.
#[derive(Debug)]
pub(crate) struct Config {
    /// Where runs and their journal are kept; `None` when this user has no folder for data.
    pub(crate) home: Setting<Option<PathBuf>>,
    /// The browser to use, when it should not be looked for.
    pub(crate) chromium: Setting<Option<PathBuf>>,
    /// What is logged to stderr for whoever looks for a fault in Casare itself.
    pub(crate) log: Setting<Option<String>>,
    /// Whether a terminal gets colours.
    pub(crate) colour: Setting<bool>,
    /// The display that windows appear on.
    pub(crate) display: Setting<Option<String>>,
    /// Where programs are looked for.
    pub(crate) path: Vec<PathBuf>,
    /// What workflows may be given; their own lists choose among it. Holds no credentials.
    pub(crate) variables: BTreeMap<String, String>,
    credentials: BTreeMap<String, String>,
    master_key: Option<SecretString>,
}

impl Config {
    pub(crate) fn from_environment() -> Self {
        let (credentials, mut variables): (BTreeMap<_, _>, BTreeMap<_, _>) = env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .partition(|(name, _)| name.starts_with(CREDENTIAL));
        // Workflows see the variables that they list: none of them may list these.
        let master_key = variables.remove(MASTER_KEY).filter(|key| !key.is_empty());
        variables.remove("CASARE_DATABASE");
        let set = |name: &str| {
            variables
                .get(name)
                .filter(|value| !value.is_empty())
                .cloned()
        };
        let optional = |name| match set(name) {
            Some(value) => Setting::from_environment(Some(value)),
            None => Setting::default(None),
        };
        let home = match set("CASARE_HOME") {
            Some(folder) => Setting::from_environment(Some(absolute(folder))),
            None => Setting::default(
                ProjectDirs::from("", "", "casare").map(|folders| folders.data_dir().to_owned()),
            ),
        };
        let chromium = match set("CASARE_CHROMIUM") {
            Some(program) => Setting::from_environment(Some(absolute(program))),
            None => Setting::default(None),
        };
        let colour = match set("NO_COLOR") {
            Some(_) => Setting::from_environment(false),
            None => Setting::default(set("TERM").as_deref() != Some("dumb")),
        };
        let display = match set("WAYLAND_DISPLAY") {
            Some(display) => Setting::from_environment(Some(display)),
            None => optional("DISPLAY"),
        };
        let path = set("PATH")
            .map(|path| env::split_paths(&path).collect())
            .unwrap_or_default();
        let log = optional("CASARE_LOG");
        Self {
            home,
            chromium,
            log,
            colour,
            display,
            path,
            variables,
            credentials,
            master_key: master_key.map(SecretString::from),
        }
    }

    /// The master key of the server's vault, in Base64.
    pub(crate) fn master_key(&self) -> Option<SecretString> {
        self.master_key.clone()
    }

    /// Where runs and their journal are kept.
    pub(crate) fn home(&self) -> Result<PathBuf, CliError> {
        self.home.value.clone().ok_or(CliError::NoHome)
    }

    /// Where the files of runs are kept unless `--runs` says otherwise.
    pub(crate) fn runs(&self) -> Result<PathBuf, CliError> {
        Ok(self.home()?.join("runs"))
    }

    /// The credentials that the environment holds.
    pub(crate) fn credentials(&self) -> EnvironmentCredentials {
        let named = self.credentials.iter().filter_map(|(variable, value)| {
            Some((
                variable.strip_prefix(CREDENTIAL)?.to_owned(),
                value.clone().into(),
            ))
        });
        EnvironmentCredentials::new(named.collect())
    }

    /// The names of the variables that hold credentials.
    pub(crate) fn credential_variables(&self) -> impl Iterator<Item = &str> {
        self.credentials.keys().map(String::as_str)
    }

    /// Logs what Casare's own parts say to stderr, if it was asked for.
    pub(crate) fn start_logging(&self) {
        if let Some(filter) = &self.log.value {
            tracing_subscriber::fmt()
                .with_env_filter(tracing_subscriber::EnvFilter::new(filter))
                .with_writer(std::io::stderr)
                .init();
        }
    }
}

/// Relative paths start where the command was typed.
fn absolute(path: String) -> PathBuf {
    std::path::absolute(&path).unwrap_or_else(|_| path.into())
}
