//! What the robot's machine is doing.

use std::path::{Path, PathBuf};

use casare_tunnel::Load;
use sysinfo::{Disks, System};

pub(crate) struct Meter {
    /// None where this system does not tell.
    system: Option<System>,
    home: PathBuf,
}

impl Meter {
    pub(crate) fn new(home: &Path) -> Self {
        Self {
            system: System::new().ok(),
            home: home.to_owned(),
        }
    }

    /// As it is now; the processor since the last look.
    pub(crate) fn read(&mut self, running: usize) -> Load {
        let mut load = Load {
            disk_free: self.disk_free(),
            running: u32::try_from(running).unwrap_or(u32::MAX),
            ..Load::default()
        };
        if let Some(system) = &mut self.system {
            system.refresh_cpu_usage();
            system.refresh_memory();
            load.cpu = system.global_cpu_usage() / 100.0;
            load.memory_used = system.used_memory();
            load.memory_total = system.total_memory();
        }
        load
    }

    /// Of the disk that the robot's files are on.
    fn disk_free(&self) -> u64 {
        let Ok(disks) = Disks::new_with_refreshed_list() else {
            return 0;
        };
        disks
            .iter()
            .filter(|disk| self.home.starts_with(disk.mount_point()))
            .max_by_key(|disk| disk.mount_point().as_os_str().len())
            .map_or(0, sysinfo::Disk::available_space)
    }
}
