use std::time::{Duration, Instant};

use casare_engine::{Node, NodeError, StepContext};
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    criteria::Criteria,
    imap::Lease,
    message::Mail,
    search::{Wanted, inbox, mails, matching, most_bytes},
    server::{Protocol, mail_settings, within},
};

mail_settings! {
    /// Waits until a mail is there.
    ///
    /// The server tells when something comes (IDLE); one that can't is asked every ten seconds. A
    /// mail that is there already counts, unless `only_new` is set.
    pub(super) struct WaitFor {
        /// The folder.
        #[serde(default = "inbox")]
        folder: String,
        /// Which mail; otherwise any.
        #[serde(default, rename = "where")]
        criteria: Criteria,
        /// Whether only a mail counts that comes while the step waits.
        #[serde(default)]
        only_new: bool,
        /// Whether it is marked as read.
        #[serde(default)]
        mark_read: bool,
    }
}

/// The mail.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Arrived {
    /// The mail, with its content.
    message: Mail,
    /// Its number in the folder.
    uid: u32,
}

pub(super) fn node() -> Node {
    Node::action("mail.wait_for", wait_for)
        .pure()
        .icon("mail-plus")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r"- id: code
  use: mail.wait_for
  with:
    server: mail.example.com:993
    credential: office
    where: { subject: order }
    timeout: 2m
- use: log.write
  with: { message: '{{ steps.code.message.text }}' }
";

/// Servers end a connection that says nothing for half an hour; looking again costs little.
const LOOK_AGAIN: Duration = Duration::from_mins(2);

async fn wait_for(cx: &StepContext, settings: WaitFor) -> Result<Arrived, NodeError> {
    let access = settings.access();
    let shown = access.address(cx, Protocol::Imap)?.shown();
    let patience = cx.time_left(settings.timeout.map_or(Duration::from_mins(5), Into::into));
    let until = Instant::now() + patience;
    // The last answer may take a little longer than the mail was waited for.
    within(patience + Duration::from_secs(10), &shown, async {
        let mut imap = Lease::of(cx, access).await?;
        imap.open(&settings.folder, settings.mark_read).await?;
        let known = if settings.only_new {
            matching(&mut imap, &settings.criteria).await?
        } else {
            Vec::new()
        };
        loop {
            let found = matching(&mut imap, &settings.criteria).await?;
            if let Some(uid) = found.into_iter().rev().find(|uid| !known.contains(uid)) {
                let wanted = Wanted {
                    content: true,
                    most: most_bytes(),
                };
                let mut mails = mails(&mut imap, &settings.folder, &[uid], wanted).await?;
                if let Some(message) = mails.pop() {
                    if settings.mark_read {
                        imap.store(&[uid], "+FLAGS.SILENT (\\Seen)").await?;
                    }
                    imap.finish().await;
                    return Ok(Arrived { message, uid });
                }
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                imap.finish().await;
                return Err(NodeError::timeout(format!(
                    "no such mail came into `{}` in time",
                    settings.folder
                ))
                .with_help("raise `timeout`, or look at `where`"));
            }
            imap.wait(left.min(LOOK_AGAIN)).await?;
        }
    })
    .await
}
