//! A mailbox that is watched from outside of a run.

use std::time::Duration;

use casare_engine::NodeError;
use serde_json::Value;

use super::{
    imap::Imap,
    search::{Wanted, mails},
    server::{Address, Login, Protocol, Security, within},
};

/// Time for one command.
const PATIENCE: Duration = Duration::from_mins(1);
/// Of a mail with more bytes, only the headers are read.
const LARGEST: u32 = 256 << 10;

/// Where a mailbox is, and who logs in.
#[derive(Clone, Copy)]
pub struct MailboxAccess<'a> {
    /// `mail.example.com`, `mail.example.com:993` or `imap://…`.
    pub server: &'a str,
    /// `tls`, `starttls` or `none`; otherwise as is usual on the port.
    pub security: Option<&'a str>,
    pub username: &'a str,
    pub password: Option<&'a str>,
    /// OAuth2 (XOAUTH2), instead of a password.
    pub token: Option<&'a str>,
}

impl MailboxAccess<'_> {
    /// The name or address that is connected to.
    pub fn host(&self) -> Result<String, NodeError> {
        Ok(self.address()?.host)
    }

    fn address(&self) -> Result<Address, NodeError> {
        let security = match self.security {
            None => None,
            Some("tls") => Some(Security::Tls),
            Some("starttls") => Some(Security::Starttls),
            Some("none") => Some(Security::None),
            Some(_) => {
                return Err(NodeError::invalid(
                    "`security` is `tls`, `starttls` or `none`",
                ));
            }
        };
        Address::parse(self.server, Protocol::Imap, security)
    }

    fn login(&self) -> Result<Login, NodeError> {
        let username = self.username.to_owned();
        match (self.token, self.password) {
            (Some(token), _) => Ok(Login::Token {
                username,
                token: token.to_owned(),
            }),
            (None, Some(password)) => Ok(Login::Password {
                username,
                password: password.to_owned(),
            }),
            (None, None) => Err(NodeError::invalid(
                "the credential has neither `password` nor `token`",
            )),
        }
    }
}

/// A folder of a mailbox that is watched. Nothing in it is changed.
pub struct Mailbox {
    imap: Imap,
    shown: String,
    folder: String,
    validity: u32,
}

impl Mailbox {
    /// # Errors
    ///
    /// The server can't be reached, refuses the login, or has no such folder.
    pub async fn open(access: &MailboxAccess<'_>, folder: &str) -> Result<Self, NodeError> {
        let address = access.address()?;
        let shown = address.shown();
        let login = access.login()?;
        within(PATIENCE, &shown, async {
            let mut imap = Imap::connect(&address, login).await?;
            let opened = imap.open(folder, false).await?;
            Ok(Self {
                imap,
                shown: shown.clone(),
                folder: folder.to_owned(),
                validity: opened.uid_validity.unwrap_or(0),
            })
        })
        .await
    }

    /// Numbers of mails are those of other mails once this has changed.
    pub fn validity(&self) -> u32 {
        self.validity
    }

    /// The number of the last mail, or 0.
    pub async fn newest(&mut self) -> Result<u32, NodeError> {
        let found = within(PATIENCE, &self.shown, self.imap.search("UID *")).await?;
        Ok(found.last().copied().unwrap_or(0))
    }

    /// The first mails with a number above `uid`, as `mail.search` tells them, with their texts if they are not too
    /// long.
    pub async fn after(&mut self, uid: u32, most: usize) -> Result<Vec<(u32, Value)>, NodeError> {
        let query = format!("UID {}:*", uid.saturating_add(1));
        let Self {
            imap,
            shown,
            folder,
            ..
        } = self;
        within(PATIENCE, shown, async {
            let found = imap.search(&query).await?;
            // `UID 7:*` means the last mail too, whatever its number.
            let uids: Vec<u32> = found
                .into_iter()
                .filter(|one| *one > uid)
                .take(most)
                .collect();
            let wanted = Wanted {
                content: true,
                most: LARGEST,
            };
            let mails = mails(imap, folder, &uids, wanted).await?;
            let told = mails.into_iter().filter_map(|mail| {
                let uid = mail.uid?;
                Some((uid, serde_json::to_value(mail).ok()?))
            });
            Ok(told.collect())
        })
        .await
    }

    /// Waits until something happens in the folder, `patience` at most.
    pub async fn wait(&mut self, patience: Duration) -> Result<(), NodeError> {
        within(patience + PATIENCE, &self.shown, self.imap.wait(patience)).await
    }
}
