//! A logged-in connection to a mailbox.

use std::{collections::BTreeSet, fmt, sync::Arc, time::Duration};

use async_imap::{
    Authenticator, Client, Session as ImapSession,
    error::Error as ImapError,
    extensions::idle::IdleResponse,
    types::{Capabilities, Fetch},
};
use casare_engine::{ErrorKind, NodeError, StepContext};
use futures::TryStreamExt;
use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::OwnedMutexGuard,
};
use tokio_rustls::TlsConnector;

use super::{
    server::{Access, Address, Login, Protocol, Security},
    session::Session,
    utf7,
};
use crate::tls::client_config;

/// What a connection is made of, encrypted or not.
pub(super) trait Wire: AsyncRead + AsyncWrite + Unpin + Send + fmt::Debug {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send + fmt::Debug> Wire for T {}

/// A connection to a mailbox.
pub(super) struct Imap {
    session: Option<ImapSession<Box<dyn Wire>>>,
    capabilities: Capabilities,
    /// The folder that is open, and whether it can be changed.
    folder: Option<(String, bool)>,
}

/// The connection that a step works with: the session's, or one of its own.
pub(super) struct Lease {
    imap: Imap,
    home: Option<OwnedMutexGuard<Option<Imap>>>,
}

/// What is known of an open folder.
#[derive(Debug, Clone, Copy)]
pub(super) struct Opened {
    pub(super) uid_validity: Option<u32>,
}

impl Lease {
    /// The connection of the session around the step, or a new one.
    ///
    /// A step that is dropped in the middle of a command does not give it back: nobody knows what
    /// comes next on it.
    pub(super) async fn of(cx: &StepContext, access: Access<'_>) -> Result<Self, NodeError> {
        let address = access.address(cx, Protocol::Imap)?;
        let session = cx.resource::<Session>("mail session").ok();
        let mut home = None;
        if let Some(session) = session.filter(|_| access.server.is_none()) {
            let mut kept = session.imap.clone().lock_owned().await;
            if let Some(imap) = kept.take() {
                return Ok(Self {
                    imap,
                    home: Some(kept),
                });
            }
            home = Some(kept);
        }
        let login = access.login(cx).await?;
        let imap = Imap::connect(&address, login).await?;
        Ok(Self { imap, home })
    }

    /// Gives the connection back, or ends it.
    pub(super) async fn finish(mut self) {
        match self.home.take() {
            Some(mut home) => *home = Some(self.imap),
            None => self.imap.logout().await,
        }
    }
}

impl std::ops::Deref for Lease {
    type Target = Imap;

    fn deref(&self) -> &Imap {
        &self.imap
    }
}

impl std::ops::DerefMut for Lease {
    fn deref_mut(&mut self) -> &mut Imap {
        &mut self.imap
    }
}

/// The answer to a challenge of XOAUTH2: the token first, nothing to what the server says against it.
struct Xoauth2(Option<String>);

impl Authenticator for Xoauth2 {
    type Response = String;

    fn process(&mut self, _: &[u8]) -> String {
        self.0.take().unwrap_or_default()
    }
}

impl Imap {
    pub(super) async fn connect(address: &Address, login: Login) -> Result<Self, NodeError> {
        let unreachable = |error: &dyn fmt::Display| {
            NodeError::unavailable(format!("{} can't be reached: {error}", address.shown()))
                .with_help("check `server` and the network")
        };
        let tcp = TcpStream::connect((address.host.as_str(), address.port))
            .await
            .map_err(|error| unreachable(&error))?;
        // Commands are small and answered one by one: waiting for more to send helps nobody.
        let _ = tcp.set_nodelay(true);
        let mut client = match address.security {
            Security::Tls => {
                let mut client = Client::new(encrypted(address, tcp).await?);
                greeted(address, &mut client).await?;
                client
            }
            Security::None => {
                let mut client: Client<Box<dyn Wire>> = Client::new(Box::new(tcp));
                greeted(address, &mut client).await?;
                client
            }
            Security::Starttls => {
                let mut plain = Client::new(tcp);
                greeted(address, &mut plain).await?;
                let asked = plain.run_command_and_check_ok("STARTTLS", None).await;
                asked.map_err(|error| {
                    fault("the server does not encrypt the connection", error)
                        .with_help("set `security: tls`, and the port that goes with it")
                })?;
                // What came unencrypted behind the answer goes with the old client.
                Client::new(encrypted(address, plain.into_inner()).await?)
            }
        };
        let _ = &mut client;
        let session = match login {
            Login::Nobody => {
                return Err(NodeError::invalid("the step has no `credential`")
                    .with_help("name one with `username` and `password`"));
            }
            Login::Password { username, password } => client.login(&username, &password).await,
            Login::Token { username, token } => {
                let answer = format!("user={username}\x01auth=Bearer {token}\x01\x01");
                client.authenticate("XOAUTH2", Xoauth2(Some(answer))).await
            }
        };
        let mut session = session.map_err(|(error, _)| match error {
            ImapError::No(_) | ImapError::Bad(_) => NodeError::denied(format!(
                "{} refuses the login: {}",
                address.shown(),
                said(&error)
            ))
            .with_help("check the credential; many providers want an app password or OAuth2"),
            error => fault("the login failed", error),
        })?;
        let capabilities = session
            .capabilities()
            .await
            .map_err(|error| fault("the server does not say what it can do", error))?;
        Ok(Self {
            session: Some(session),
            capabilities,
            folder: None,
        })
    }

    pub(super) fn session(&mut self) -> Result<&mut ImapSession<Box<dyn Wire>>, NodeError> {
        self.session
            .as_mut()
            .ok_or_else(|| NodeError::unavailable("the connection to the mailbox is lost"))
    }

    pub(super) fn can(&self, what: &str) -> bool {
        self.capabilities.has_str(what)
    }

    /// Opens `folder`, to look into it or to change it.
    pub(super) async fn open(&mut self, folder: &str, change: bool) -> Result<Opened, NodeError> {
        let name = utf7::encode(folder);
        let session = self.session()?;
        let opened = if change {
            session.select(&name).await
        } else {
            session.examine(&name).await
        };
        let mailbox = opened.map_err(|error| match error {
            ImapError::No(_) => {
                NodeError::not_found(format!("there is no folder `{folder}`: {}", said(&error)))
                    .with_help("`mail.folders` lists those that are there")
            }
            error => fault("the folder can't be opened", error),
        })?;
        self.folder = Some((folder.to_owned(), change));
        Ok(Opened {
            uid_validity: mailbox.uid_validity,
        })
    }

    /// The numbers of the mails that match, ascending.
    pub(super) async fn search(&mut self, query: &str) -> Result<BTreeSet<u32>, NodeError> {
        let found = self.session()?.uid_search(query).await;
        found
            .map(BTreeSet::from_iter)
            .map_err(|error| fault("the search failed", error))
    }

    /// Fetches `what` of the mails `uids`.
    pub(super) async fn fetch(
        &mut self,
        uids: &[u32],
        what: &str,
    ) -> Result<Vec<Fetch>, NodeError> {
        if uids.is_empty() {
            return Ok(Vec::new());
        }
        let failed = |error| fault("the mails can't be fetched", error);
        let mails = self
            .session()?
            .uid_fetch(set(uids), what)
            .await
            .map_err(failed)?;
        let mails: Vec<Fetch> = mails.try_collect().await.map_err(failed)?;
        Ok(mails
            .into_iter()
            .filter(|mail| mail.uid.is_some())
            .collect())
    }

    /// Changes flags: `change` is such as `+FLAGS.SILENT (\Seen)`.
    pub(super) async fn store(&mut self, uids: &[u32], change: &str) -> Result<(), NodeError> {
        let failed = |error| fault("the flags can't be changed", error);
        let told = self
            .session()?
            .uid_store(set(uids), change)
            .await
            .map_err(failed)?;
        let _: Vec<Fetch> = told.try_collect().await.map_err(failed)?;
        Ok(())
    }

    /// Removes mails for good.
    pub(super) async fn expunge(&mut self, uids: &[u32]) -> Result<(), NodeError> {
        let failed = |error| fault("the mails can't be removed", error);
        self.store(uids, "+FLAGS.SILENT (\\Deleted)").await?;
        if self.can("UIDPLUS") {
            let gone = self
                .session()?
                .uid_expunge(set(uids))
                .await
                .map_err(failed)?;
            let _: Vec<u32> = gone.try_collect().await.map_err(failed)?;
            return Ok(());
        }
        // The old command removes all that are marked, also those that others have marked.
        let marked = self.search("DELETED").await?;
        if marked.iter().any(|uid| !uids.contains(uid)) {
            return Err(NodeError::conflict(
                "other mails in the folder are marked as deleted, and the server can't remove some only",
            )
            .with_help("the mails are marked as deleted; a mail program can remove them"));
        }
        let gone = self.session()?.expunge().await.map_err(failed)?;
        let _: Vec<u32> = gone.try_collect().await.map_err(failed)?;
        Ok(())
    }

    /// Waits until something happens in the open folder, at most for `patience`.
    pub(super) async fn wait(&mut self, patience: Duration) -> Result<(), NodeError> {
        let failed = |error| fault("waiting for mails failed", error);
        if !self.can("IDLE") {
            tokio::time::sleep(patience.min(Duration::from_secs(10))).await;
            return self.session()?.noop().await.map_err(failed);
        }
        let session = self.session.take();
        let session = session.ok_or_else(|| NodeError::unavailable("the connection is lost"))?;
        let mut idle = session.idle();
        idle.init().await.map_err(failed)?;
        let (told, _stop) = idle.wait_with_timeout(patience);
        match told.await.map_err(failed)? {
            IdleResponse::NewData(_) | IdleResponse::Timeout => {}
            IdleResponse::ManualInterrupt => {
                return Err(NodeError::unavailable("the server ended the connection"));
            }
        }
        self.session = Some(idle.done().await.map_err(failed)?);
        Ok(())
    }

    async fn logout(&mut self) {
        if let Some(mut session) = self.session.take() {
            // All is done; a server that does not say goodbye does not matter.
            let _ = tokio::time::timeout(Duration::from_secs(2), session.logout()).await;
        }
    }

    /// Ends the connection of a session.
    pub(super) async fn close(mut self) {
        self.logout().await;
    }
}

async fn greeted<T: Wire>(address: &Address, client: &mut Client<T>) -> Result<(), NodeError> {
    let greeting = client.read_response().await;
    match greeting {
        Ok(Some(_)) => Ok(()),
        Ok(None) => Err(NodeError::unavailable(format!(
            "{} ended the connection at once",
            address.shown()
        ))),
        Err(error) => Err(NodeError::unavailable(format!(
            "{} does not answer as an IMAP server does: {error}",
            address.shown()
        ))
        .with_help("check the port and `security`")),
    }
}

async fn encrypted(address: &Address, tcp: TcpStream) -> Result<Box<dyn Wire>, NodeError> {
    let config = client_config(address.authority.as_deref())?;
    let name = ServerName::try_from(address.host.clone())
        .map_err(|_| NodeError::invalid(format!("`{}` is no name of a server", address.host)))?;
    let stream = TlsConnector::from(Arc::new(config))
        .connect(name, tcp)
        .await
        .map_err(|error| {
            NodeError::unavailable(format!(
                "no encrypted connection to {}: {error}",
                address.shown()
            ))
            .with_help(
                "check the port and `security`; a certificate that the system does not know is \
                 named in `authority`",
            )
        })?;
    Ok(Box::new(stream))
}

/// Numbers as IMAP writes sets of them, runs joined.
pub(super) fn set(uids: &[u32]) -> String {
    let mut sorted = uids.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let mut parts: Vec<(u32, u32)> = Vec::new();
    for uid in sorted {
        match parts.last_mut() {
            Some((_, end)) if *end + 1 == uid => *end = uid,
            _ => parts.push((uid, uid)),
        }
    }
    let parts = parts.iter().map(|(from, to)| {
        if from == to {
            from.to_string()
        } else {
            format!("{from}:{to}")
        }
    });
    parts.collect::<Vec<_>>().join(",")
}

/// What the server said, without what the library writes around it.
fn said(error: &ImapError) -> String {
    let text = error.to_string();
    let inner = text
        .split_once("info: Some(\"")
        .and_then(|(_, rest)| rest.rsplit_once("\")"))
        .map(|(inner, _)| inner.to_owned());
    inner.unwrap_or(text)
}

/// What went wrong with a mailbox.
pub(super) fn fault(doing: &str, error: ImapError) -> NodeError {
    let text = said(&error);
    let kind = match &error {
        ImapError::Io(_) | ImapError::ConnectionLost => ErrorKind::Unavailable,
        ImapError::No(_) if text.contains("TRYCREATE") || text.contains("NONEXISTENT") => {
            ErrorKind::NotFound
        }
        ImapError::No(_) if text.contains("exists") => ErrorKind::Conflict,
        _ => ErrorKind::Invalid,
    };
    let told = NodeError::new(kind, format!("{doing}: {text}"));
    match kind {
        ErrorKind::Unavailable => told.with_help("check the network, and try again"),
        _ => told,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_numbers_are_written_short() {
        assert_eq!(set(&[7, 3, 1, 2, 3, 9]), "1:3,7,9");
        assert_eq!(set(&[5]), "5");
    }
}
