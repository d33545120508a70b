//! A mail as data.

use std::collections::BTreeMap;

use casare_engine::{Artifact, NodeError, StepContext};
use mail_parser::{
    Address, HeaderValue, Message, MessageParser, MessagePart, MimeHeaders, PartType,
};
use schemars::JsonSchema;
use serde::Serialize;

use super::calendar::{self, Event};

/// Headers and addresses of a mail that are shown; a hostile one has more.
const MOST: usize = 1000;

/// A mail.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct Mail {
    /// Its number in the folder.
    pub(super) uid: Option<u32>,
    /// The folder.
    pub(super) folder: Option<String>,
    /// Its Message-ID, without brackets.
    pub(super) message_id: Option<String>,
    /// The subject.
    pub(super) subject: String,
    /// The sender.
    pub(super) from: Option<Person>,
    /// The recipients.
    pub(super) to: Vec<Person>,
    /// The recipients of copies.
    pub(super) cc: Vec<Person>,
    /// Where answers go, if not to the sender.
    pub(super) reply_to: Vec<Person>,
    /// When it was written, as ISO 8601.
    pub(super) date: Option<String>,
    /// When the server received it, as ISO 8601.
    pub(super) received: Option<String>,
    /// Bytes of the whole mail.
    pub(super) size: u64,
    /// Whether it was read.
    pub(super) read: bool,
    /// Its flags: `seen`, `answered`, `flagged`, `draft`, `deleted` and keywords.
    pub(super) flags: Vec<String>,
    /// Whether it has attachments; for a list of mails as far as the headers tell.
    pub(super) has_attachments: bool,
    /// The Message-ID of the mail that it answers.
    pub(super) in_reply_to: Option<String>,
    /// The Message-IDs of the conversation.
    pub(super) references: Vec<String>,
    /// All headers; names in lower case, those that come twice joined by line breaks.
    pub(super) headers: BTreeMap<String, String>,
    /// The text; made of the HTML where there is no other.
    pub(super) text: Option<String>,
    /// The HTML, if there is any.
    pub(super) html: Option<String>,
    /// The attachments.
    pub(super) attachments: Vec<Attachment>,
    /// Appointments in it.
    pub(super) events: Vec<Event>,
    /// The mail as it came, if it was kept.
    pub(super) source: Option<Artifact>,
}

/// Somebody.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(super) struct Person {
    /// The name, if one is given.
    pub(super) name: Option<String>,
    /// The address.
    pub(super) address: String,
}

/// An attachment.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Attachment {
    /// Its place among the attachments, from 0.
    pub(super) index: usize,
    /// The name that it came with.
    pub(super) name: String,
    /// What it is, such as `application/pdf`.
    pub(super) media_type: String,
    /// Its bytes.
    pub(super) size: u64,
    /// Whether it is shown in the text, as pictures are.
    pub(super) inline: bool,
    /// By what the HTML refers to it.
    pub(super) content_id: Option<String>,
    /// The file, if it was kept.
    pub(super) file: Option<Artifact>,
}

/// Reads a mail, however broken.
pub(super) fn parse(bytes: &[u8]) -> Result<Message<'_>, NodeError> {
    MessageParser::default()
        .parse(bytes)
        .ok_or_else(|| NodeError::business("this is no mail: it has no headers"))
}

/// A mail as data; `content` says whether texts and attachments are wanted.
pub(super) fn described(message: &Message<'_>, size: u64, content: bool) -> Mail {
    let mut mail = Mail {
        message_id: message.message_id().map(str::to_owned),
        subject: message.subject().unwrap_or_default().to_owned(),
        from: people(message.from()).into_iter().next(),
        to: people(message.to()),
        cc: people(message.cc()),
        reply_to: people(message.reply_to()),
        date: message
            .date()
            .filter(|date| date.is_valid())
            .map(mail_parser::DateTime::to_rfc3339),
        size,
        in_reply_to: ids(message.in_reply_to()).into_iter().next(),
        references: ids(message.references()),
        ..Mail::default()
    };
    if !content {
        let kind = message.root_part().content_type();
        mail.has_attachments = kind.is_some_and(|kind| {
            kind.ctype().eq_ignore_ascii_case("multipart")
                && kind
                    .subtype()
                    .is_some_and(|subtype| subtype.eq_ignore_ascii_case("mixed"))
        });
        return mail;
    }
    for (name, value) in message.headers_raw().take(MOST) {
        let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
        mail.headers
            .entry(name.to_ascii_lowercase())
            .and_modify(|known| {
                known.push('\n');
                known.push_str(&value);
            })
            .or_insert(value);
    }
    mail.text = message.body_text(0).map(std::borrow::Cow::into_owned);
    mail.html = message
        .html_part(0)
        .filter(|part| matches!(part.body, PartType::Html(_)))
        .and_then(|_| message.body_html(0))
        .map(std::borrow::Cow::into_owned);
    mail.attachments = message
        .attachments()
        .enumerate()
        .map(|(index, part)| attachment(index, part))
        .collect();
    mail.has_attachments = mail.attachments.iter().any(|attachment| !attachment.inline);
    mail.events = events(message);
    mail
}

fn attachment(index: usize, part: &MessagePart<'_>) -> Attachment {
    Attachment {
        index,
        name: name_of(index, part),
        media_type: media_type(part),
        size: contents(part).len() as u64,
        inline: part.content_id().is_some()
            && !part
                .content_disposition()
                .is_some_and(mail_parser::ContentType::is_attachment),
        content_id: part.content_id().map(str::to_owned),
        file: None,
    }
}

/// The bytes of an attachment; an attached mail as it stands in the mail around it.
pub(super) fn contents<'m>(part: &'m MessagePart<'_>) -> &'m [u8] {
    match &part.body {
        PartType::Message(message) => message.raw_message(),
        _ => part.contents(),
    }
}

fn name_of(index: usize, part: &MessagePart<'_>) -> String {
    if let Some(name) = part.attachment_name() {
        return name.to_owned();
    }
    match &part.body {
        PartType::Message(message) => format!("{}.eml", message.subject().unwrap_or("mail")),
        PartType::Html(_) => format!("part-{index}.html"),
        PartType::Text(_) if media_type(part) == "text/calendar" => "invite.ics".to_owned(),
        PartType::Text(_) => format!("part-{index}.txt"),
        _ => format!("part-{index}.bin"),
    }
}

fn media_type(part: &MessagePart<'_>) -> String {
    let Some(kind) = part.content_type() else {
        return match &part.body {
            PartType::Message(_) => "message/rfc822",
            PartType::Text(_) => "text/plain",
            _ => "application/octet-stream",
        }
        .to_owned();
    };
    let kind = format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or("*"));
    kind.to_ascii_lowercase()
}

fn events(message: &Message<'_>) -> Vec<Event> {
    let mut events: Vec<Event> = Vec::new();
    for part in &message.parts {
        if media_type(part) == "text/calendar"
            && let Ok(text) = std::str::from_utf8(part.contents())
        {
            for event in calendar::events(text) {
                // Invitations come twice in a mail, as a part and as an attachment.
                if !events
                    .iter()
                    .any(|known| known.uid == event.uid && known.start == event.start)
                {
                    events.push(event);
                }
            }
        }
    }
    events
}

fn people(address: Option<&Address<'_>>) -> Vec<Person> {
    let Some(address) = address else {
        return Vec::new();
    };
    address
        .iter()
        .take(MOST)
        .filter_map(|person| {
            Some(Person {
                name: person.name().map(str::to_owned),
                address: person.address()?.to_owned(),
            })
        })
        .collect()
}

fn ids(value: &HeaderValue<'_>) -> Vec<String> {
    match value {
        HeaderValue::Text(id) => vec![id.to_string()],
        HeaderValue::TextList(ids) => ids.iter().take(MOST).map(ToString::to_string).collect(),
        _ => Vec::new(),
    }
}

/// Keeps the attachments as files of the run.
pub(super) fn keep(
    cx: &StepContext,
    message: &Message<'_>,
    mail: &mut Mail,
) -> Result<(), NodeError> {
    for (attachment, part) in mail.attachments.iter_mut().zip(message.attachments()) {
        let file = cx.artifact(&attachment.name, &attachment.media_type, contents(part))?;
        attachment.file = Some(file);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Mail {
        let message = parse(text.as_bytes()).unwrap();
        described(&message, text.len() as u64, true)
    }

    #[test]
    fn encoded_headers_and_parts_are_read() {
        let mail = read(
            "From: =?utf-8?q?J=C3=BCrgen?= <j@example.com>\r\nTo: a@example.com, B <b@example.com>\r\n\
             Subject: =?iso-8859-1?B?R3L832U=?=\r\nDate: Sun, 1 Mar 2026 10:00:00 +0100\r\n\
             Message-ID: <1@example.com>\r\nReferences: <0@example.com> <x@example.com>\r\n\
             Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\
             Content-Type: text/html; charset=utf-8\r\n\r\n<p>Hi</p>\r\n--b\r\n\
             Content-Type: application/pdf; name=\"../x.pdf\"\r\n\
             Content-Disposition: attachment; filename=\"../x.pdf\"\r\n\
             Content-Transfer-Encoding: base64\r\n\r\nAAEC\r\n--b--\r\n",
        );

        assert_eq!(mail.subject, "Grüße");
        assert_eq!(mail.from.unwrap().name.as_deref(), Some("Jürgen"));
        assert_eq!(mail.to.len(), 2);
        assert_eq!(mail.date.as_deref(), Some("2026-03-01T10:00:00+01:00"));
        assert_eq!(mail.references, ["0@example.com", "x@example.com"]);
        assert_eq!(mail.text.unwrap().trim(), "Hi");
        assert_eq!(mail.html.unwrap().trim(), "<p>Hi</p>");
        assert_eq!((mail.attachments[0].size, mail.has_attachments), (3, true));
    }

    #[test]
    fn broken_mails_are_read_as_far_as_they_go() {
        for text in [
            "Subject: a\r\nContent-Type: multipart/mixed; boundary=never\r\n\r\nbody",
            "Subject: =?utf-8?B?////?=\r\nFrom: <<>>\r\n\r\n\u{0}\u{1}",
            "Content-Type: text/plain; charset=\"no-such\"\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!",
            "Date: never\r\n\r\n",
        ] {
            read(text);
        }
        let mut nested = String::from("Subject: deep\r\n");
        for level in 0..500 {
            nested +=
                &format!("Content-Type: multipart/mixed; boundary=b{level}\r\n\r\n--b{level}\r\n");
        }
        assert_eq!(read(&nested).subject, "deep");
        assert!(parse(b"").is_err());
    }
}
