//! A mail server: Dovecot for mailboxes, aiosmtpd to take mails and deliver them there.

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, chown},
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
};

use tempfile::TempDir;

use crate::{
    certificate::Certificate,
    python::python_peer,
    server::{Server, free_port, program},
};

/// Dovecot refuses to hold mailboxes of root; this user owns nothing else.
const NOBODY: u32 = 65534;

/// A mail server with the mailboxes of [`MailServer::USERNAME`] and of `bob@example.com`.
pub struct MailServer {
    _imap: Server,
    _smtp: Server,
    folder: TempDir,
    certificate: Certificate,
    ports: Ports,
    delivered: AtomicU32,
}

struct Ports {
    imaps: u16,
    imap: u16,
    smtps: u16,
    smtp: u16,
}

impl MailServer {
    /// The login, which is the address of its mailbox too.
    pub const USERNAME: &str = "ada@example.com";
    /// Its password.
    pub const PASSWORD: &str = "analytical-engine-9";
    /// A token that logs in too (XOAUTH2).
    pub const TOKEN: &str = "ya29.t0ken-of-ada";

    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let certificate = Certificate::create(folder.path());
        let mails = folder.path().join("mails");
        for user in ["ada", "bob"] {
            for part in ["tmp", "new", "cur"] {
                fs::create_dir_all(mails.join(user).join(part)).unwrap();
            }
        }
        let tokens = free_port();
        let (imap, smtp) = (free_port(), free_port());
        let imaps_server = Server::start(|run, port| {
            dovecot(folder.path(), run, &certificate, (imap, port, tokens))
        });
        let smtps_server = Server::start(|run, port| {
            let script = run.join("mail_server.py");
            fs::write(&script, include_str!("mail_server.py")).unwrap();
            let mut command = Command::new(python_peer("python"));
            let owner = if is_root() {
                NOBODY.to_string()
            } else {
                "-".to_owned()
            };
            command
                .arg(script)
                .arg(&mails)
                .args([Self::USERNAME, Self::PASSWORD, Self::TOKEN, &owner])
                .args([&certificate.certificate, &certificate.key])
                // The port that is waited for is opened last.
                .args([port, smtp, tokens].map(|port| port.to_string()));
            command
        });
        Self {
            ports: Ports {
                imaps: imaps_server.port(),
                imap,
                smtps: smtp,
                smtp: smtps_server.port(),
            },
            _imap: imaps_server,
            _smtp: smtps_server,
            folder,
            certificate,
            delivered: AtomicU32::new(0),
        }
    }

    /// The mailbox, encrypted from the beginning.
    pub fn imaps(&self) -> String {
        format!("localhost:{}", self.ports.imaps)
    }

    /// The mailbox, encrypted with STARTTLS or not at all.
    pub fn imap(&self) -> String {
        format!("localhost:{}", self.ports.imap)
    }

    /// The server that takes mails, encrypted from the beginning.
    pub fn smtps(&self) -> String {
        format!("localhost:{}", self.ports.smtps)
    }

    /// The server that takes mails, encrypted with STARTTLS.
    pub fn smtp(&self) -> String {
        format!("localhost:{}", self.ports.smtp)
    }

    /// The certificate that its clients are told to trust.
    pub fn authority(&self) -> &Path {
        &self.certificate.certificate
    }

    /// Puts a mail into the mailbox of `ada@example.com`, as it is.
    pub fn deliver(&self, mail: impl AsRef<[u8]>) {
        let number = self.delivered.fetch_add(1, Ordering::SeqCst);
        let mailbox = self.folder.path().join("mails/ada");
        let name = format!("{number}.delivered.test");
        let path = mailbox.join("tmp").join(&name);
        fs::write(&path, mail).unwrap();
        if is_root() {
            chown(&path, Some(NOBODY), Some(NOBODY)).unwrap();
        }
        fs::rename(&path, mailbox.join("new").join(name)).unwrap();
    }

    /// The mails of `bob@example.com`, as they arrived.
    pub fn mails_of_bob(&self) -> Vec<String> {
        let mut paths: Vec<PathBuf> = fs::read_dir(self.folder.path().join("mails/bob/new"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        paths.sort();
        paths
            .iter()
            .map(|path| String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned())
            .collect()
    }
}

fn dovecot(
    folder: &Path,
    run: &Path,
    certificate: &Certificate,
    (imap, imaps, tokens): (u16, u16, u16),
) -> Command {
    let (user, group) = if is_root() {
        ("nobody".to_owned(), "nogroup".to_owned())
    } else {
        (own_name("-un"), own_name("-gn"))
    };
    let run = run.join("run");
    fs::create_dir(&run).unwrap();
    let users = folder.join("users");
    fs::write(
        &users,
        format!(
            "{}:{{PLAIN}}{}::::::\n",
            MailServer::USERNAME,
            MailServer::PASSWORD
        ),
    )
    .unwrap();
    let oauth2 = folder.join("oauth2.conf");
    fs::write(
        &oauth2,
        format!(
            "tokeninfo_url = http://127.0.0.1:{tokens}/?token=\nusername_attribute = email\n\
             active_attribute = active\nactive_value = true\n"
        ),
    )
    .unwrap();
    let uid = if is_root() { NOBODY } else { own_uid() };
    let settings = format!(
        "base_dir = {run}\nstate_dir = {run}\nlog_path = /dev/stderr\nprotocols = imap\n\
         listen = 127.0.0.1\ndefault_internal_user = {user}\ndefault_login_user = {user}\n\
         default_internal_group = {group}\nfirst_valid_uid = 1\ndisable_plaintext_auth = no\n\
         ssl = yes\nssl_cert = <{certificate}\nssl_key = <{key}\n\
         auth_mechanisms = plain login xoauth2\nmail_location = maildir:{mails}/%n\n\
         mailbox_list_index = no\n\
         passdb {{\n driver = passwd-file\n mechanisms = plain login\n args = {users}\n}}\n\
         passdb {{\n driver = oauth2\n mechanisms = xoauth2\n args = {oauth2}\n}}\n\
         userdb {{\n driver = static\n args = uid={uid} gid={uid} home={mails}/%n \
         allow_all_users=yes\n}}\n\
         namespace inbox {{\n inbox = yes\n separator = /\n \
         mailbox Trash {{\n  auto = subscribe\n  special_use = \\Trash\n }}\n}}\n\
         service anvil {{\n chroot =\n}}\n\
         service imap-login {{\n chroot =\n inet_listener imap {{\n  port = {imap}\n }}\n \
         inet_listener imaps {{\n  port = {imaps}\n  ssl = yes\n }}\n}}\n\
         service stats {{\n unix_listener stats-writer {{\n  mode = 0666\n }}\n}}\n",
        run = run.display(),
        certificate = certificate.certificate.display(),
        key = certificate.key.display(),
        mails = folder.join("mails").display(),
        users = users.display(),
        oauth2 = oauth2.display(),
    );
    let path = folder.join("dovecot.conf");
    fs::write(&path, settings).unwrap();
    let mut command = if is_root() {
        give_away(folder);
        give_away(run.parent().unwrap());
        let mut command = Command::new("setpriv");
        let nobody = NOBODY.to_string();
        command
            .args(["--reuid", &nobody, "--regid", &nobody, "--clear-groups"])
            .args(["--pdeathsig", "KILL", "--"])
            .arg(program("dovecot"));
        command
    } else {
        Command::new(program("dovecot"))
    };
    command.arg("-F").arg("-c").arg(path);
    command
}

/// All below `folder` belongs to nobody from here on.
fn give_away(folder: &Path) {
    chown(folder, Some(NOBODY), Some(NOBODY)).unwrap();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            give_away(&path);
        } else {
            // A server's own files come and go.
            let _ = chown(&path, Some(NOBODY), Some(NOBODY));
        }
    }
}

fn is_root() -> bool {
    own_uid() == 0
}

fn own_uid() -> u32 {
    fs::metadata("/proc/self").unwrap().uid()
}

fn own_name(which: &str) -> String {
    let told = Command::new("id").arg(which).output().unwrap();
    String::from_utf8_lossy(&told.stdout).trim().to_owned()
}
