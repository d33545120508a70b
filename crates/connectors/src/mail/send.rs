use casare_engine::{Node, NodeError, StepContext};
use casare_files::FileFaults as _;
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    calendar::NewEvent,
    compose::{Addresses, AttachedFile, Draft, Priority},
    server::mail_settings,
    smtp,
};

mail_settings! {
    /// Sends a mail.
    ///
    /// With `text` and `html` both, the reader's program chooses. Pictures of `inline` are shown in
    /// the HTML by `<img src="cid:name">`. With `invitation`, the recipients are invited to an
    /// appointment. A mail is sent once; it is not repeated by itself.
    pub(super) struct Send {
        /// Who sends it; otherwise the login's name.
        #[serde(default)]
        from: Option<String>,
        /// The recipients.
        #[serde(default)]
        to: Option<Addresses>,
        /// The recipients of copies.
        #[serde(default)]
        cc: Option<Addresses>,
        /// The recipients whom the others do not see.
        #[serde(default)]
        bcc: Option<Addresses>,
        /// Where answers go, if not to the sender.
        #[serde(default)]
        reply_to: Option<Addresses>,
        /// The subject.
        #[serde(default)]
        subject: String,
        /// The text.
        #[serde(default)]
        text: Option<String>,
        /// The text as HTML.
        #[serde(default)]
        html: Option<String>,
        /// Files that are attached.
        #[serde(default)]
        attachments: Vec<AttachedFile>,
        /// Pictures in the HTML: their files, by the names that it uses.
        #[serde(default)]
        inline: IndexMap<String, String>,
        /// Further headers.
        #[serde(default)]
        headers: IndexMap<String, String>,
        /// How urgent it is.
        #[serde(default)]
        priority: Priority,
        /// Whether readers are asked to confirm that they have read it.
        #[serde(default)]
        receipt: bool,
        /// An appointment to which the recipients are invited.
        #[serde(default)]
        invitation: Option<NewEvent>,
    }
}

/// What was sent.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct SentMail {
    /// Its Message-ID, by which answers are known.
    pub(super) message_id: String,
    /// All recipients.
    pub(super) recipients: Vec<String>,
    /// Bytes of the mail.
    pub(super) size: u64,
    /// What the server answered.
    pub(super) answer: String,
}

impl From<smtp::Sent> for SentMail {
    fn from(sent: smtp::Sent) -> Self {
        Self {
            message_id: sent.message_id,
            recipients: sent.recipients,
            size: sent.size,
            answer: sent.answer,
        }
    }
}

pub(super) fn node() -> Node {
    Node::action("mail.send", send)
        .icon("send")
        .fails_reading()
        .example(EXAMPLE)
}

const EXAMPLE: &str = r"- use: mail.send
  with:
    server: smtp.example.com:587
    credential: office
    to: Ada Lovelace <ada@example.com>
    subject: Your report
    text: Please find the report attached.
    attachments: [people.csv]
";

async fn send(cx: &StepContext, settings: Send) -> Result<SentMail, NodeError> {
    let list =
        |addresses: &Option<Addresses>| addresses.as_ref().map(Addresses::list).unwrap_or_default();
    let draft = Draft {
        from: settings.from.clone(),
        to: list(&settings.to),
        cc: list(&settings.cc),
        bcc: list(&settings.bcc),
        reply_to: list(&settings.reply_to),
        subject: settings.subject.clone(),
        text: settings.text.clone(),
        html: settings.html.clone(),
        attachments: settings.attachments.clone(),
        inline: settings.inline.clone(),
        headers: settings.headers.clone(),
        priority: settings.priority,
        receipt: settings.receipt,
        event: settings.invitation.clone(),
        ..Draft::default()
    };
    Ok(smtp::send(cx, settings.access(), &draft).await?.into())
}
