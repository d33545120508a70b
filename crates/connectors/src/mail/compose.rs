//! A mail on its way out.

use std::path::PathBuf;

use casare_engine::{NodeError, StepContext};
use indexmap::IndexMap;
use lettre::{
    Message,
    message::{
        Attachment, Mailbox, Mailboxes, MultiPart, SinglePart,
        header::{ContentType, HeaderName, HeaderValue},
    },
};
use schemars::JsonSchema;
use serde::Deserialize;

use super::calendar::NewEvent;
use crate::http::media_type_of;

/// Bytes of all attachments; few servers take more.
const MOST_BYTES: u64 = 50 * 1024 * 1024;

/// Addresses: one text, in which several are separated by commas, or a list.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum Addresses {
    /// Addresses such as `ada@example.com, Bob <bob@example.com>`.
    One(String),
    /// A list of them.
    More(Vec<String>),
}

/// A file that is attached: its path, or more about it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum AttachedFile {
    /// A path.
    Path(String),
    /// A path and what is told of it.
    File(Attached),
}

/// A file and what is told of it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub(super) struct Attached {
    /// The path.
    path: String,
    /// The name that it is sent with; otherwise its own.
    #[serde(default)]
    name: Option<String>,
    /// What it is, such as `application/pdf`; otherwise told by its name.
    #[serde(default)]
    media_type: Option<String>,
}

/// How urgent a mail is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Priority {
    /// Urgent.
    High,
    /// As any.
    #[default]
    Normal,
    /// Not urgent.
    Low,
}

/// What a mail is made of.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) from: Option<String>,
    pub(super) to: Vec<String>,
    pub(super) cc: Vec<String>,
    pub(super) bcc: Vec<String>,
    pub(super) reply_to: Vec<String>,
    pub(super) subject: String,
    pub(super) text: Option<String>,
    pub(super) html: Option<String>,
    pub(super) attachments: Vec<AttachedFile>,
    pub(super) inline: IndexMap<String, String>,
    pub(super) headers: IndexMap<String, String>,
    pub(super) priority: Priority,
    pub(super) receipt: bool,
    pub(super) in_reply_to: Option<String>,
    pub(super) references: Vec<String>,
    pub(super) event: Option<NewEvent>,
}

impl Addresses {
    pub(super) fn list(&self) -> Vec<String> {
        match self {
            Self::One(text) => vec![text.clone()],
            Self::More(texts) => texts.clone(),
        }
    }
}

/// Refuses what would begin a header of its own.
fn one_line<'t>(what: &str, text: &'t str) -> Result<&'t str, NodeError> {
    if text.contains(|c: char| c.is_control()) {
        return Err(NodeError::invalid(format!(
            "{what} holds a line break or another control character"
        ))
        .with_help("a header is one line: remove it, for example with `text.replace`"));
    }
    Ok(text.trim())
}

fn mailboxes(what: &str, texts: &[String]) -> Result<Vec<Mailbox>, NodeError> {
    let mut found = Vec::new();
    for text in texts {
        let text = one_line(&format!("an address in `{what}`"), text)?;
        if text.is_empty() {
            continue;
        }
        let boxes: Mailboxes = text.parse().map_err(|_| {
            NodeError::invalid(format!("`{text}` in `{what}` is no mail address"))
                .with_help("write it as `ada@example.com` or `Ada Lovelace <ada@example.com>`")
        })?;
        found.extend(boxes);
    }
    Ok(found)
}

impl Draft {
    /// The mail, and its Message-ID. `sender` is who logs in.
    pub(super) async fn built(
        &self,
        cx: &StepContext,
        sender: Option<&str>,
    ) -> Result<(Message, String), NodeError> {
        let from = self
            .from
            .as_deref()
            .or(sender.filter(|sender| sender.contains('@')));
        let from = from
            .ok_or_else(|| NodeError::invalid("the mail has no sender").with_help("set `from`"))?;
        let from = mailboxes("from", &[from.to_owned()])?;
        let [from] = from.as_slice() else {
            return Err(NodeError::invalid("`from` is one address"));
        };
        let id = format!("{}@{}", uuid::Uuid::new_v4(), from.email.domain());
        let (to, cc, bcc) = (
            mailboxes("to", &self.to)?,
            mailboxes("cc", &self.cc)?,
            mailboxes("bcc", &self.bcc)?,
        );
        if to.is_empty() && cc.is_empty() && bcc.is_empty() {
            return Err(NodeError::invalid("the mail has no recipients").with_help("set `to`"));
        }
        let mut mail = Message::builder()
            .from(from.clone())
            .date(cx.now().into())
            .message_id(Some(format!("<{id}>")))
            .subject(one_line("`subject`", &self.subject)?);
        for person in mailboxes("reply_to", &self.reply_to)? {
            mail = mail.reply_to(person);
        }
        if let Some(event) = &self.event {
            let mut event = event.clone();
            event
                .organizer
                .get_or_insert_with(|| from.email.to_string());
            if event.attendees.is_empty() {
                event.attendees = to.iter().map(|person| person.email.to_string()).collect();
            }
            let text = event.written(cx.now(), &id)?;
            let body = self.body(cx, Some((event.method(), text))).await?;
            return self
                .finish(mail, from, (to, cc, bcc), body)
                .map(|mail| (mail, id));
        }
        let body = self.body(cx, None).await?;
        self.finish(mail, from, (to, cc, bcc), body)
            .map(|mail| (mail, id))
    }

    fn finish(
        &self,
        mut mail: lettre::message::MessageBuilder,
        from: &Mailbox,
        (to, cc, bcc): (Vec<Mailbox>, Vec<Mailbox>, Vec<Mailbox>),
        body: MultiPart,
    ) -> Result<Message, NodeError> {
        for person in to {
            mail = mail.to(person);
        }
        for person in cc {
            mail = mail.cc(person);
        }
        for person in bcc {
            mail = mail.bcc(person);
        }
        let mut headers: Vec<(&str, String)> = Vec::new();
        if let Some(id) = &self.in_reply_to {
            headers.push(("In-Reply-To", format!("<{}>", id.trim_matches(['<', '>']))));
        }
        if !self.references.is_empty() {
            let ids = self
                .references
                .iter()
                .map(|id| format!("<{}>", id.trim_matches(['<', '>'])));
            headers.push(("References", ids.collect::<Vec<_>>().join(" ")));
        }
        match self.priority {
            Priority::High => headers.extend([
                ("X-Priority", "1".to_owned()),
                ("Importance", "high".to_owned()),
            ]),
            Priority::Low => headers.extend([
                ("X-Priority", "5".to_owned()),
                ("Importance", "low".to_owned()),
            ]),
            Priority::Normal => {}
        }
        if self.receipt {
            headers.push(("Disposition-Notification-To", from.to_string()));
        }
        headers.extend(
            self.headers
                .iter()
                .map(|(name, value)| (name.as_str(), value.clone())),
        );
        for (name, value) in headers {
            let known = HeaderName::new_from_ascii(name.to_owned())
                .map_err(|_| NodeError::invalid(format!("`{name}` is no name of a header")))?;
            let value = one_line(&format!("the header `{name}`"), &value)?.to_owned();
            mail = mail.raw_header(HeaderValue::new(known, value));
        }
        mail.multipart(body)
            .map_err(|error| NodeError::invalid(format!("the mail can't be made: {error}")))
    }

    /// Text and HTML as alternatives, pictures related to the HTML, all of it before attachments.
    async fn body(
        &self,
        cx: &StepContext,
        event: Option<(&str, String)>,
    ) -> Result<MultiPart, NodeError> {
        let mut left = MOST_BYTES;
        let mut shown = MultiPart::alternative().build();
        if self.text.is_some() || self.html.is_none() {
            shown = shown.singlepart(SinglePart::plain(self.text.clone().unwrap_or_default()));
        }
        if let Some(html) = &self.html {
            let html = SinglePart::html(html.clone());
            if self.inline.is_empty() {
                shown = shown.singlepart(html);
            } else {
                let mut related = MultiPart::related().singlepart(html);
                for (id, path) in &self.inline {
                    let (content, kind, _) = self.read(cx, path, None, &mut left).await?;
                    let id = one_line("a name in `inline`", id)?.to_owned();
                    related = related.singlepart(Attachment::new_inline(id).body(content, kind));
                }
                shown = shown.multipart(related);
            }
        }
        let mut all = MultiPart::mixed().build();
        if let Some((method, text)) = &event {
            let kind = content_type(&format!("text/calendar; charset=utf-8; method={method}"))?;
            shown = shown.singlepart(SinglePart::builder().header(kind).body(text.clone()));
        }
        all = all.multipart(shown);
        if let Some((_, text)) = event {
            let kind = content_type("application/ics")?;
            all = all.singlepart(Attachment::new("invite.ics".to_owned()).body(text, kind));
        }
        for file in &self.attachments {
            let (path, name, media_type) = match file {
                AttachedFile::Path(path) => (path, None, None),
                AttachedFile::File(file) => {
                    (&file.path, file.name.as_deref(), file.media_type.as_deref())
                }
            };
            let (content, kind, own) = self.read(cx, path, media_type, &mut left).await?;
            let name = one_line("the name of an attachment", name.unwrap_or(&own))?.to_owned();
            all = all.singlepart(Attachment::new(name).body(content, kind));
        }
        Ok(all)
    }

    async fn read(
        &self,
        cx: &StepContext,
        path: &str,
        media_type: Option<&str>,
        left: &mut u64,
    ) -> Result<(Vec<u8>, ContentType, String), NodeError> {
        let path: PathBuf = cx.file(path);
        let unread =
            |error| NodeError::io(format_args!("could not read {}", path.display()), &error);
        let size = tokio::fs::metadata(&path).await.map_err(unread)?.len();
        *left = left.checked_sub(size).ok_or_else(|| {
            NodeError::invalid(format!("the attachments have more than {MOST_BYTES} bytes"))
                .with_help("few servers take so much: send a link, or several mails")
        })?;
        let content = tokio::fs::read(&path).await.map_err(unread)?;
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let kind = content_type(media_type.unwrap_or_else(|| media_type_of(&name)))?;
        Ok((content, kind, name))
    }
}

fn content_type(text: &str) -> Result<ContentType, NodeError> {
    ContentType::parse(text).map_err(|_| NodeError::invalid(format!("`{text}` is no media type")))
}
