use casare_engine::{Node, NodeError, StepContext};
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    imap::Lease,
    message::{self, Mail},
    search::{inbox, most_bytes, source, surrounded},
    server::{Protocol, mail_settings, within},
};

mail_settings! {
    /// Reads a mail whole: texts, headers, attachments and appointments.
    pub(super) struct Read {
        /// The folder.
        #[serde(default = "inbox")]
        folder: String,
        /// Its number in the folder, as `mail.search` gives it.
        uid: u32,
        /// Whether it is marked as read.
        #[serde(default)]
        mark_read: bool,
        /// Whether the attachments are kept as files of the run.
        #[serde(default)]
        keep_attachments: bool,
        /// Whether the mail as it came is kept as a file of the run.
        #[serde(default)]
        keep_source: bool,
        /// Bytes above which the step fails (25 MiB).
        #[serde(default = "most_bytes")]
        max_size: u32,
    }
}

/// The mail.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ReadMail {
    /// The mail.
    pub(super) message: Mail,
}

pub(super) fn node() -> Node {
    Node::action("mail.read", read)
        .pure()
        .icon("mail-open")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r"- id: newest
  use: mail.search
  with: { server: 'mail.example.com:993', credential: office, limit: 1 }
- id: mail
  use: mail.read
  with:
    server: mail.example.com:993
    credential: office
    uid: '{{ steps.newest.uids[0] }}'
- use: log.write
  with: { message: '{{ steps.mail.message.subject }}' }
";

async fn read(cx: &StepContext, settings: Read) -> Result<ReadMail, NodeError> {
    let access = settings.access();
    let shown = access.address(cx, Protocol::Imap)?.shown();
    within(access.patience(cx), &shown, async {
        let mut imap = Lease::of(cx, access).await?;
        imap.open(&settings.folder, settings.mark_read).await?;
        let about = imap
            .fetch(&[settings.uid], "(UID FLAGS INTERNALDATE RFC822.SIZE)")
            .await?;
        let missing = || {
            NodeError::not_found(format!(
                "there is no mail {} in `{}`",
                settings.uid, settings.folder
            ))
            .with_help("it was moved or deleted meanwhile, or is in another folder")
        };
        let about = about
            .iter()
            .find(|fetch| fetch.uid == Some(settings.uid))
            .ok_or_else(missing)?;
        let size = about.size.unwrap_or(0);
        if size > settings.max_size {
            return Err(NodeError::invalid(format!(
                "the mail has {size} bytes, more than {}",
                settings.max_size
            ))
            .with_help("raise `max_size`"));
        }
        let bytes = source(&mut imap, settings.uid).await?.ok_or_else(missing)?;
        let mut message = whole(cx, &bytes, settings.keep_attachments, settings.keep_source)?;
        surrounded(&mut message, about, &settings.folder);
        if settings.mark_read {
            imap.store(&[settings.uid], "+FLAGS.SILENT (\\Seen)")
                .await?;
            message.read = true;
        }
        imap.finish().await;
        Ok(ReadMail { message })
    })
    .await
}

/// A whole mail, with what is to be kept of it.
pub(super) fn whole(
    cx: &StepContext,
    bytes: &[u8],
    attachments: bool,
    source: bool,
) -> Result<Mail, NodeError> {
    let parsed = message::parse(bytes)?;
    let mut mail = message::described(&parsed, bytes.len() as u64, true);
    if attachments {
        message::keep(cx, &parsed, &mut mail)?;
    }
    if source {
        mail.source = Some(cx.artifact("mail.eml", "message/rfc822", bytes)?);
    }
    Ok(mail)
}
