use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sysinfo::{Disks, System};

use super::process::unknown;

/// Tells about this machine: its system, processors, memory and disks.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Info {}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Machine {
    /// `linux`, `macos`, `windows`, …
    os: String,
    /// The system in words, such as `Linux (Debian 12)`.
    system: String,
    /// `x86_64`, `aarch64`, …
    arch: String,
    /// Its name in the network.
    host: String,
    /// How many processors programs can use.
    processors: usize,
    /// How busy the processors were in the last minute: 1 for each that was busy all the time. None
    /// on Windows.
    load: Option<f64>,
    /// Memory in bytes.
    memory: u64,
    /// Memory that is free for programs, in bytes.
    memory_free: u64,
    /// How long it has been up, in seconds.
    uptime: u64,
    /// Its disks.
    disks: Vec<OneDisk>,
}

/// A disk.
#[derive(Debug, Serialize, JsonSchema)]
struct OneDisk {
    /// The folder in which it begins.
    path: String,
    /// Its size in bytes.
    size: u64,
    /// What is free of it, in bytes.
    free: u64,
}

pub(super) fn node() -> Node {
    Node::action("system.info", info)
        .pure()
        .icon("cpu")
        .fails(
            ErrorKind::Unavailable,
            "The system does not tell about itself.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: machine
  use: system.info
- use: log.write
  with: { message: "{{ steps.machine.host }} has {{ steps.machine.processors }} processors" }
"#;

async fn info(cx: &StepContext, _settings: Info) -> Result<Machine, NodeError> {
    cx.blocking(|| {
        let mut system = System::new().map_err(|error| unknown(&error))?;
        system.refresh_memory();
        let disks = Disks::new_with_refreshed_list().map_err(|error| unknown(&error))?;
        Ok(Machine {
            os: std::env::consts::OS.to_owned(),
            system: System::long_os_version().unwrap_or_default(),
            arch: System::cpu_arch(),
            host: System::host_name().unwrap_or_default(),
            processors: std::thread::available_parallelism().map_or(1, Into::into),
            load: System::load_average().ok().map(|load| load.one),
            memory: system.total_memory(),
            memory_free: system.available_memory(),
            uptime: System::uptime().unwrap_or_default(),
            disks: disks
                .iter()
                .map(|disk| OneDisk {
                    path: disk.mount_point().display().to_string(),
                    size: disk.total_space(),
                    free: disk.available_space(),
                })
                .collect(),
        })
    })
    .await
}
