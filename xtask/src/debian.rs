//! Installs Debian packages, saying what and why first.

use std::{
    fs,
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
};

use crate::{command, failure::Failure, paths, steps};

/// Installs `packages` because of `why`; `elsewhere` tells people on other systems what to do.
pub(crate) fn install(packages: &[&str], why: &str, elsewhere: &str) -> Result<(), Failure> {
    let names = packages.join(" ");
    if !is_debian() {
        let how = format!("{elsewhere} (only on Debian can this be installed for you)");
        return Err(Failure::Missing {
            what: why.to_owned(),
            how,
        });
    }
    let sudo = if is_root() { "" } else { "sudo " };
    steps::announce(&format!(
        "{why} is missing: installing {names} with {sudo}apt-get"
    ));
    if !is_root() && paths::in_path("sudo").is_none() {
        let how = format!("as root, run: apt-get install {names}");
        return Err(Failure::Missing {
            what: why.to_owned(),
            how,
        });
    }

    // The package lists of a fresh machine are empty or old; once a run is enough.
    static UPDATED: AtomicBool = AtomicBool::new(false);
    if !UPDATED.swap(true, Ordering::Relaxed) {
        command::run(apt_get().arg("update"))?;
    }
    command::run(
        apt_get()
            .args(["install", "--yes", "--no-install-recommends"])
            .args(packages),
    )
}

fn apt_get() -> Command {
    let mut command = if is_root() {
        Command::new("apt-get")
    } else {
        let mut sudo = Command::new("sudo");
        sudo.args(["--preserve-env=DEBIAN_FRONTEND", "apt-get"]);
        sudo
    };
    command
        .env("DEBIAN_FRONTEND", "noninteractive")
        .arg("--quiet");
    command
}

/// Debian itself, not what derives from it: Ubuntu's `chromium` package, for one, is an empty shell.
fn is_debian() -> bool {
    fs::read_to_string("/etc/os-release")
        .is_ok_and(|release| release.lines().any(|line| line.trim() == "ID=debian"))
}

fn is_root() -> bool {
    command::output(Command::new("id").arg("-u"))
        .is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}
