//! Answers to mails, and mails handed on.

use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_files::FileFaults as _;
use casare_workflow::{Any, value::to_json};
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::{
    compose::{Addresses, AttachedFile, Draft},
    send::SentMail,
    server::mail_settings,
    smtp,
};

mail_settings! {
    /// Answers a mail.
    ///
    /// The answer belongs to the conversation of the mail: mail programs show them together. The
    /// server is the one that takes mails, as for `mail.send`.
    pub(super) struct Reply {
        /// The mail, as `mail.read` or `mail.search` gave it.
        message: Any,
        /// The text.
        #[serde(default)]
        text: Option<String>,
        /// The text as HTML.
        #[serde(default)]
        html: Option<String>,
        /// Whether the other recipients get the answer too.
        #[serde(default)]
        all: bool,
        /// Whether the text of the mail stands below the answer.
        #[serde(default = "yes")]
        quote: bool,
        /// Who sends it; otherwise the login's name.
        #[serde(default)]
        from: Option<String>,
        /// Files that are attached.
        #[serde(default)]
        attachments: Vec<AttachedFile>,
    }
}

mail_settings! {
    /// Hands a mail on to others.
    ///
    /// Its text stands below yours. What `mail.read` kept of it (`keep_attachments`,
    /// `keep_source`) is attached.
    pub(super) struct Forward {
        /// The mail, as `mail.read` gave it.
        message: Any,
        /// The recipients.
        to: Addresses,
        /// The recipients of copies.
        #[serde(default)]
        cc: Option<Addresses>,
        /// A text that stands above it.
        #[serde(default)]
        text: Option<String>,
        /// Who sends it; otherwise the login's name.
        #[serde(default)]
        from: Option<String>,
    }
}

fn yes() -> bool {
    true
}

pub(super) fn nodes() -> [Node; 2] {
    [
        Node::action("mail.reply", reply)
            .icon("reply")
            .fails_reading()
            .fails(ErrorKind::Business, "The mail says nobody to answer to.")
            .example(REPLY),
        Node::action("mail.forward", forward)
            .icon("forward")
            .fails_reading()
            .example(FORWARD),
    ]
}

const REPLY: &str = r"- id: mail
  use: mail.parse
  with: { file: order.eml }
- use: mail.reply
  with:
    server: smtp.example.com:587
    credential: office
    message: '{{ steps.mail.message }}'
    text: Thank you, your order has arrived.
";

const FORWARD: &str = r"- id: mail
  use: mail.parse
  with: { file: order.eml, keep_attachments: true }
- use: mail.forward
  with:
    server: smtp.example.com:587
    credential: office
    message: '{{ steps.mail.message }}'
    to: warehouse@example.com
    text: Please take care of this.
";

/// What is needed of the mail that is answered.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Original {
    message_id: Option<String>,
    subject: String,
    from: Option<Person>,
    to: Vec<Person>,
    cc: Vec<Person>,
    reply_to: Vec<Person>,
    references: Vec<String>,
    date: Option<String>,
    text: Option<String>,
    attachments: Vec<Attachment>,
    source: Option<Kept>,
}

#[derive(Debug, Clone, Deserialize)]
struct Person {
    #[serde(default)]
    name: Option<String>,
    address: String,
}

#[derive(Debug, Deserialize)]
struct Attachment {
    name: String,
    media_type: String,
    #[serde(default)]
    file: Option<Kept>,
}

#[derive(Debug, Deserialize)]
struct Kept {
    path: String,
}

impl Person {
    fn written(&self) -> String {
        // A name of another's mail may hold anything: only the address goes on.
        self.address.clone()
    }

    fn shown(&self) -> String {
        match &self.name {
            Some(name) => format!("{name} <{}>", self.address),
            None => self.address.clone(),
        }
    }
}

fn original(message: &Any) -> Result<Original, NodeError> {
    serde_json::from_value(to_json(&message.0)).map_err(|error| {
        NodeError::invalid(format!("`message` is no mail: {error}")).with_help(
            "give the `message` of `mail.read`, or one of the `messages` of `mail.search`",
        )
    })
}

/// `subject` with `mark` before it, once.
fn marked(mark: &str, subject: &str) -> String {
    // What another's mail brings along must not begin a header.
    let subject: String = subject.chars().filter(|c| !c.is_control()).collect();
    let has = subject
        .get(..mark.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(mark));
    if has {
        subject
    } else {
        format!("{mark} {subject}")
    }
}

fn quoted(original: &Original) -> String {
    let who = original
        .from
        .as_ref()
        .map(Person::shown)
        .unwrap_or_default();
    let when = original.date.as_deref().unwrap_or("an earlier day");
    let text = original.text.as_deref().unwrap_or_default();
    let lines: String = text.lines().map(|line| format!("> {line}\n")).collect();
    format!("\n\nOn {when}, {who} wrote:\n{lines}")
}

async fn reply(cx: &StepContext, settings: Reply) -> Result<SentMail, NodeError> {
    let original = original(&settings.message)?;
    let to = if original.reply_to.is_empty() {
        original.from.clone().into_iter().collect()
    } else {
        original.reply_to.clone()
    };
    if to.is_empty() {
        return Err(NodeError::business(
            "the mail has no sender to whom it could be answered",
        ));
    }
    let mut cc = Vec::new();
    if settings.all {
        let own = settings.from.clone().unwrap_or_default();
        let others = original.to.iter().chain(&original.cc);
        let fresh = others.filter(|person| {
            !own.contains(&person.address)
                && !to.iter().any(|known| known.address == person.address)
        });
        cc.extend(fresh.map(Person::written));
    }
    let mut text = settings.text.clone();
    if settings.quote && (text.is_some() || settings.html.is_none()) {
        text = Some(text.unwrap_or_default() + &quoted(&original));
    }
    let mut references = original.references.clone();
    references.extend(original.message_id.clone());
    let draft = Draft {
        from: settings.from.clone(),
        to: to.iter().map(Person::written).collect(),
        cc,
        subject: marked("Re:", &original.subject),
        text,
        html: settings.html.clone(),
        attachments: settings.attachments.clone(),
        in_reply_to: original.message_id.clone(),
        references,
        ..Draft::default()
    };
    Ok(smtp::send(cx, settings.access(), &draft).await?.into())
}

async fn forward(cx: &StepContext, settings: Forward) -> Result<SentMail, NodeError> {
    let original = original(&settings.message)?;
    let file = |path: &str, name: &str, media_type: &str| -> Result<AttachedFile, NodeError> {
        let name: String = name.chars().filter(|c| !c.is_control()).collect();
        let file: Json = json!({ "path": path, "name": name, "media_type": media_type });
        serde_json::from_value(file).map_err(|error| NodeError::bug(error.to_string()))
    };
    let mut attachments = Vec::new();
    if let Some(source) = &original.source {
        attachments.push(file(&source.path, "mail.eml", "application/octet-stream")?);
    } else {
        for attachment in &original.attachments {
            if let Some(kept) = &attachment.file {
                attachments.push(file(&kept.path, &attachment.name, &attachment.media_type)?);
            }
        }
    }
    let draft = Draft {
        from: settings.from.clone(),
        to: settings.to.list(),
        cc: settings
            .cc
            .as_ref()
            .map(Addresses::list)
            .unwrap_or_default(),
        subject: marked("Fwd:", &original.subject),
        text: Some(settings.text.clone().unwrap_or_default() + &quoted(&original)),
        attachments,
        references: original.message_id.clone().into_iter().collect(),
        ..Draft::default()
    };
    Ok(smtp::send(cx, settings.access(), &draft).await?.into())
}
