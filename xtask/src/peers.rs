//! The real servers and programs that tests of nodes speak to.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{command, debian, failure::Failure, paths, steps::timed};

/// A program that tests start, the Debian package that has it, and what it is there for.
const PROGRAMS: &[(&str, &str, &str)] = &[
    ("vsftpd", "vsftpd", "FTP"),
    ("sshd", "openssh-server", "SSH"),
    ("ssh-keygen", "openssh-client", "SSH"),
    ("redis-server", "redis-server", "Redis"),
    ("mosquitto", "mosquitto", "MQTT"),
    ("nats-server", "nats-server", "NATS"),
    ("rabbitmq-server", "rabbitmq-server", "AMQP"),
    ("mariadbd", "mariadb-server", "MariaDB"),
    ("mariadb-admin", "mariadb-client", "MariaDB"),
    ("dovecot", "dovecot-imapd", "IMAP"),
    ("openssl", "openssl", "signatures"),
    ("tesseract", "tesseract-ocr", "text in pictures"),
    ("pdftotext", "poppler-utils", "a second look at PDF files"),
    ("Xvfb", "xvfb", "a screen"),
    ("scrot", "scrot", "pictures of a screen"),
    ("qpdf", "qpdf", "a second look at PDF files"),
];

/// Packages of the Python package index, installed into an environment of their own in the cache.
/// Tests find its programs in `bin/` of that folder (`casare_node_testing::python_peer`).
const PYTHON: &[&str] = &[
    "aiosmtpd==1.4.6",
    "cheroot==11.1.2",
    "moto[server]==5.2.5",
    "openpyxl==3.1.5",
    "pyftpdlib==2.2.0",
    "uv==0.13.9",
    "wsgidav==4.4.0",
];

/// Folders that hold programs although they are not in everybody's PATH.
const MORE_FOLDERS: &[&str] = &["/usr/sbin", "/usr/local/sbin", "/usr/lib/postgresql"];

/// Installs what is missing.
pub(crate) fn ensure() -> Result<(), Failure> {
    let missing: Vec<_> = PROGRAMS
        .iter()
        .filter(|(program, _, _)| !is_there(program))
        .collect();
    if !missing.is_empty() {
        let mut packages: Vec<&str> = missing.iter().map(|(_, package, _)| *package).collect();
        packages.sort_unstable();
        packages.dedup();
        let mut whys: Vec<&str> = missing.iter().map(|(_, _, why)| *why).collect();
        whys.dedup();
        let why = format!("For the tests: {}; this", whys.join(", "));
        let elsewhere = format!(
            "install what is in Debian's packages {}",
            packages.join(", ")
        );
        debian::install(&packages, &why, &elsewhere)?;
    }
    python().map(drop)
}

fn is_there(program: &str) -> bool {
    paths::in_path(program).is_some()
        || MORE_FOLDERS
            .iter()
            .any(|folder| Path::new(folder).join(program).is_file())
}

/// Makes the Python environment, again when the list has changed; answers its `python`.
pub(crate) fn python() -> Result<PathBuf, Failure> {
    let folder = paths::cache().join("python-peers");
    let stamp = folder.join("installed.txt");
    let python = folder.join("bin/python");
    let wanted = PYTHON.join("\n");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    timed(
        "Python servers for the tests are missing: installing them with pip",
        || {
            let pip = folder.join("bin/pip");
            if !pip.is_file() {
                command::run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
            }
            let install = ["install", "--quiet", "--disable-pip-version-check"];
            command::run(Command::new(pip).args(install).args(PYTHON))
        },
    )?;
    fs::write(&stamp, wanted).map_err(Failure::io(format!("write {}", stamp.display())))?;
    Ok(python)
}
