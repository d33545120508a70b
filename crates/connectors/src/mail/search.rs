use async_imap::types::{Fetch, Flag};
use casare_engine::{Node, NodeError, StepContext};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    criteria::{Criteria, Writing, of_uids},
    imap::{Imap, Lease},
    message::{self, Mail},
    server::{Protocol, mail_settings, within},
};

mail_settings! {
    /// Finds mails in a folder.
    ///
    /// The newest come first. What stands in their headers is answered; with `content` also their
    /// texts and what is attached. Mails stay unread unless `mark_read` is set.
    pub(super) struct Search {
        /// The folder.
        #[serde(default = "inbox")]
        folder: String,
        /// Which mails; otherwise all.
        #[serde(default, rename = "where")]
        criteria: Criteria,
        /// How many mails at most.
        #[serde(default = "fifty")]
        #[schemars(range(max = 10_000))]
        limit: usize,
        /// Whether the newest come first.
        #[serde(default = "yes")]
        newest_first: bool,
        /// Whether texts, headers and the list of attachments are read too.
        #[serde(default)]
        content: bool,
        /// Whether the mails are marked as read.
        #[serde(default)]
        mark_read: bool,
        /// Bytes of a mail above which its content is not read (25 MiB).
        #[serde(default = "most_bytes")]
        max_size: u32,
    }
}

pub(super) fn inbox() -> String {
    "INBOX".to_owned()
}

fn fifty() -> usize {
    50
}

fn yes() -> bool {
    true
}

pub(super) fn most_bytes() -> u32 {
    25 * 1024 * 1024
}

/// The mails.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Found {
    /// The mails.
    messages: Vec<Mail>,
    /// Their numbers in the folder.
    uids: Vec<u32>,
    /// How many are answered.
    count: usize,
    /// How many match.
    matching: usize,
    /// What the numbers hold for: they mean other mails when it changes.
    uid_validity: Option<u32>,
}

pub(super) fn node() -> Node {
    Node::action("mail.search", search)
        .pure()
        .icon("mail-search")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r"- id: orders
  use: mail.search
  with:
    server: mail.example.com:993
    credential: office
    where: { subject: order, unread: true }
- use: log.write
  with: { message: '{{ steps.orders.count }} new orders' }
";

async fn search(cx: &StepContext, settings: Search) -> Result<Found, NodeError> {
    let access = settings.access();
    let shown = access.address(cx, Protocol::Imap)?.shown();
    within(access.patience(cx), &shown, async {
        let mut imap = Lease::of(cx, access).await?;
        let opened = imap.open(&settings.folder, settings.mark_read).await?;
        let mut uids = matching(&mut imap, &settings.criteria).await?;
        let all = uids.len();
        if settings.newest_first {
            uids.reverse();
        }
        uids.truncate(settings.limit);
        let wanted = Wanted {
            content: settings.content,
            most: settings.max_size,
        };
        let messages = mails(&mut imap, &settings.folder, &uids, wanted).await?;
        if settings.mark_read && !uids.is_empty() {
            imap.store(&uids, "+FLAGS.SILENT (\\Seen)").await?;
        }
        imap.finish().await;
        Ok(Found {
            count: messages.len(),
            uids,
            messages,
            matching: all,
            uid_validity: opened.uid_validity,
        })
    })
    .await
}

/// The numbers of the mails that match, ascending.
pub(super) async fn matching(imap: &mut Imap, criteria: &Criteria) -> Result<Vec<u32>, NodeError> {
    let writing = Writing {
        literals: imap.can("LITERAL+") || imap.can("LITERAL-"),
    };
    let found = imap.search(&criteria.query(writing)?).await?;
    // `UID 7:*` means the last mail too, whatever its number.
    let after = criteria.after_uid().unwrap_or(0);
    let mut uids: Vec<u32> = found.into_iter().filter(|uid| *uid > after).collect();
    if let Some(since) = criteria.since_time() {
        let dated = imap.fetch(&uids, "(UID INTERNALDATE)").await?;
        let late = |mail: &Fetch| received(mail).is_some_and(|at| at >= since);
        let late: Vec<u32> = dated
            .iter()
            .filter(|mail| late(mail))
            .filter_map(|mail| mail.uid)
            .collect();
        uids.retain(|uid| late.contains(uid));
    }
    Ok(uids)
}

/// Which of `uids` are there.
pub(super) async fn present(imap: &mut Imap, uids: &[u32]) -> Result<Vec<u32>, NodeError> {
    if uids.is_empty() {
        return Ok(Vec::new());
    }
    Ok(imap.search(&of_uids(uids)).await?.into_iter().collect())
}

/// What is wanted of mails.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    pub(super) content: bool,
    pub(super) most: u32,
}

/// The mails `uids` in this order. Large ones are fetched one by one, so that only one is held.
pub(super) async fn mails(
    imap: &mut Imap,
    folder: &str,
    uids: &[u32],
    wanted: Wanted,
) -> Result<Vec<Mail>, NodeError> {
    const HEADERS: &str = "(UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER])";
    let mut mails = Vec::with_capacity(uids.len());
    for chunk in uids.chunks(100) {
        let fetched = imap.fetch(chunk, HEADERS).await?;
        for uid in chunk {
            let Some(fetch) = fetched.iter().find(|fetch| fetch.uid == Some(*uid)) else {
                continue;
            };
            let size = fetch.size.unwrap_or(0);
            let body = if wanted.content && size <= wanted.most {
                source(imap, *uid).await?
            } else {
                None
            };
            let (bytes, content) = match &body {
                Some(body) => (body.as_slice(), true),
                None => (fetch.header().unwrap_or_default(), false),
            };
            let mut mail = match message::parse(bytes) {
                Ok(message) => message::described(&message, u64::from(size), content),
                // A mail without any header still is a mail.
                Err(_) => Mail::default(),
            };
            surrounded(&mut mail, fetch, folder);
            mails.push(mail);
        }
    }
    Ok(mails)
}

/// The mail as it stands on the server; it stays unread.
pub(super) async fn source(imap: &mut Imap, uid: u32) -> Result<Option<Vec<u8>>, NodeError> {
    let fetched = imap.fetch(&[uid], "(UID BODY.PEEK[])").await?;
    Ok(fetched
        .iter()
        .find(|fetch| fetch.uid == Some(uid))
        .and_then(|fetch| fetch.body().map(<[u8]>::to_vec)))
}

/// Adds what the server knows of a mail.
pub(super) fn surrounded(mail: &mut Mail, fetch: &Fetch, folder: &str) {
    mail.uid = fetch.uid;
    mail.folder = Some(folder.to_owned());
    mail.received = received(fetch).map(|at| at.to_string());
    mail.size = u64::from(fetch.size.unwrap_or(0));
    mail.flags = fetch.flags().filter_map(|flag| flag_name(&flag)).collect();
    mail.read = mail.flags.iter().any(|flag| flag == "seen");
}

fn received(fetch: &Fetch) -> Option<Timestamp> {
    let at = fetch.internal_date()?;
    Timestamp::from_second(at.timestamp()).ok()
}

fn flag_name(flag: &Flag<'_>) -> Option<String> {
    Some(
        match flag {
            Flag::Seen => "seen",
            Flag::Answered => "answered",
            Flag::Flagged => "flagged",
            Flag::Deleted => "deleted",
            Flag::Draft => "draft",
            Flag::Custom(keyword) => keyword,
            _ => return None,
        }
        .to_owned(),
    )
}
