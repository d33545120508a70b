use std::sync::Arc;

use async_trait::async_trait;
use casare_engine::{BlockEnd, Node, NodeError, Opened, Resource, StepContext};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::{
    imap::Imap,
    server::{Address, Protocol, Security},
};

/// Keeps the connection to a mailbox for the steps inside, which need not name servers and login.
///
/// The connection is opened when the first step needs it and again when it was lost.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OpenSession {
    /// The server with the mailbox, such as `imap.example.com:993`.
    #[serde(default)]
    imap: Option<String>,
    /// The server that takes mails, such as `smtp.example.com:587`.
    #[serde(default)]
    smtp: Option<String>,
    /// How the connections are encrypted; otherwise as is usual on their ports.
    #[serde(default)]
    security: Option<Security>,
    /// Name of a credential, as for `mail.search`.
    #[serde(default)]
    credential: Option<String>,
    /// A file with certificates (PEM) that are trusted instead of those of the system.
    #[serde(default)]
    authority: Option<String>,
    /// Addresses behind the robot from which an OAuth2 token may be fetched.
    #[serde(default)]
    allow: Vec<String>,
}

/// Where it goes.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct SessionOpened {
    /// The server with the mailbox.
    imap: Option<String>,
    /// The server that takes mails.
    smtp: Option<String>,
}

/// What steps inside share.
pub(super) struct Session {
    imap_address: Option<Address>,
    smtp_address: Option<Address>,
    pub(super) credential: Option<String>,
    pub(super) allow: Vec<String>,
    pub(super) imap: Arc<Mutex<Option<Imap>>>,
}

pub(super) fn node() -> Node {
    Node::session("mail.session", open)
        .icon("inbox")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r"- use: mail.session
  with:
    imap: mail.example.com:993
    smtp: smtp.example.com:587
    credential: office
  do:
    - id: open
      use: mail.search
      with: { where: { unread: true } }
    - use: flow.for_each
      with: { items: '{{ steps.open.messages }}', as: mail }
      do:
        - use: mail.flag
          with: { uids: '{{ mail.uid }}', add: [seen] }
";

async fn open(cx: &StepContext, settings: OpenSession) -> Result<Opened<SessionOpened>, NodeError> {
    let address = |given: &Option<String>, protocol| {
        let parsed = given
            .as_deref()
            .map(|given| Address::parse(given, protocol, settings.security));
        parsed.transpose().map(|address| {
            address.map(|address| Address {
                authority: settings.authority.as_ref().map(|path| cx.file(path)),
                ..address
            })
        })
    };
    let session = Session {
        imap_address: address(&settings.imap, Protocol::Imap)?,
        smtp_address: address(&settings.smtp, Protocol::Smtp)?,
        credential: settings.credential.clone(),
        allow: settings.allow.clone(),
        imap: Arc::default(),
    };
    let outputs = SessionOpened {
        imap: session.imap_address.as_ref().map(Address::shown),
        smtp: session.smtp_address.as_ref().map(Address::shown),
    };
    Ok(Opened {
        resource: Arc::new(session),
        outputs,
    })
}

impl Session {
    pub(super) fn address(&self, protocol: Protocol) -> Option<&Address> {
        match protocol {
            Protocol::Imap => self.imap_address.as_ref(),
            Protocol::Smtp => self.smtp_address.as_ref(),
        }
    }
}

#[async_trait]
impl Resource for Session {
    async fn close(&self, _: BlockEnd) -> Result<(), NodeError> {
        if let Some(imap) = self.imap.lock().await.take() {
            imap.close().await;
        }
        Ok(())
    }

    fn as_any(self: Arc<Self>) -> Arc<dyn std::any::Any + Send + Sync> {
        self
    }
}
