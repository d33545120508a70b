//! The robot as a service of systemd.

use std::{io, path::Path};

/// A unit that runs the robot of `home` as `user`.
pub(super) fn text(user: &str, home: &Path) -> io::Result<String> {
    let own = std::env::current_exe()?;
    Ok(format!(
        "[Unit]
Description=Casare robot
Documentation=https://github.com/casare/casare/blob/main/docs/robots.md
Wants=network-online.target
After=network-online.target

[Service]
User={user}
ExecStart={} robot --home {} start
Restart=always
RestartSec=5
# Runs that are under way are ended; their jobs go on with another robot.
KillMode=mixed
TimeoutStopSec=30
NoNewPrivileges=true
ProtectSystem=full
PrivateTmp=true

[Install]
WantedBy=multi-user.target
",
        own.display(),
        home.display()
    ))
}
