use std::{collections::HashSet, io::Write as _};

use casare_engine::{Artifact, Node, NodeError, StepContext};
use casare_files::FileFaults as _;
use casare_files::{AtomicFile, Pattern};
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    criteria::{Criteria, Uids},
    imap::Lease,
    message,
    search::{inbox, matching, most_bytes, source},
    server::{Protocol, mail_settings, within},
};

mail_settings! {
    /// Saves the attachments of mails into a folder.
    ///
    /// A name that is taken gets a number. Names are kept, without what would lead out of the
    /// folder.
    pub(super) struct SaveAttachments {
        /// The folder of the mailbox.
        #[serde(default = "inbox")]
        folder: String,
        /// The mails, by their numbers.
        #[serde(default)]
        uids: Option<Uids>,
        /// The mails, by what they are.
        #[serde(default, rename = "where")]
        criteria: Option<Criteria>,
        /// The folder into which the files go.
        save_to: String,
        /// Which files, such as `*.pdf`; otherwise all.
        #[serde(default)]
        pattern: Option<String>,
        /// Whether pictures that are shown in the text count too.
        #[serde(default)]
        inline: bool,
        /// Whether a file of the same name is replaced.
        #[serde(default)]
        overwrite: bool,
        /// How many mails at most.
        #[serde(default = "hundred")]
        limit: usize,
        /// Bytes of a mail above which the step fails (25 MiB).
        #[serde(default = "most_bytes")]
        max_size: u32,
    }
}

fn hundred() -> usize {
    100
}

/// The files.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Saved {
    /// The files.
    files: Vec<SavedFile>,
    /// How many there are.
    count: usize,
}

/// A saved attachment.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct SavedFile {
    /// The file.
    file: Artifact,
    /// Its path.
    path: String,
    /// The name that it came with.
    name: String,
    /// The number of its mail.
    uid: u32,
}

pub(super) fn node() -> Node {
    Node::action("mail.save_attachments", save_attachments)
        .icon("paperclip")
        .fails_writing()
        .example(EXAMPLE)
}

const EXAMPLE: &str = r"- id: orders
  use: mail.save_attachments
  with:
    server: mail.example.com:993
    credential: office
    where: { subject: order }
    save_to: orders
    pattern: '*.csv'
- use: log.write
  with: { message: '{{ steps.orders.count }} files' }
";

async fn save_attachments(cx: &StepContext, settings: SaveAttachments) -> Result<Saved, NodeError> {
    let pattern = settings.pattern.as_deref().map(Pattern::new).transpose()?;
    let access = settings.access();
    let shown = access.address(cx, Protocol::Imap)?.shown();
    within(access.patience(cx), &shown, async {
        let mut imap = Lease::of(cx, access).await?;
        imap.open(&settings.folder, false).await?;
        let mut uids = match (&settings.uids, &settings.criteria) {
            (Some(uids), None) => uids.list(),
            (None, Some(criteria)) => matching(&mut imap, criteria).await?,
            _ => return Err(NodeError::invalid("give `uids` or `where`")),
        };
        uids.truncate(settings.limit);
        let sizes = imap.fetch(&uids, "(UID RFC822.SIZE)").await?;
        let mut taken = HashSet::new();
        let mut files = Vec::new();
        for uid in uids {
            let size = sizes
                .iter()
                .find(|fetch| fetch.uid == Some(uid))
                .and_then(|fetch| fetch.size)
                .ok_or_else(|| {
                    NodeError::not_found(format!("there is no mail {uid} in `{}`", settings.folder))
                })?;
            if size > settings.max_size {
                return Err(NodeError::invalid(format!(
                    "the mail {uid} has {size} bytes, more than {}",
                    settings.max_size
                ))
                .with_help("raise `max_size`"));
            }
            let bytes = source(&mut imap, uid).await?.unwrap_or_default();
            settings.save(cx, uid, &bytes, pattern.as_ref(), &mut taken, &mut files)?;
        }
        imap.finish().await;
        Ok(Saved {
            count: files.len(),
            files,
        })
    })
    .await
}

impl SaveAttachments {
    fn save(
        &self,
        cx: &StepContext,
        uid: u32,
        bytes: &[u8],
        pattern: Option<&Pattern>,
        taken: &mut HashSet<String>,
        files: &mut Vec<SavedFile>,
    ) -> Result<(), NodeError> {
        let parsed = message::parse(bytes)?;
        let mail = message::described(&parsed, bytes.len() as u64, true);
        for (attachment, part) in mail.attachments.into_iter().zip(parsed.attachments()) {
            let name = safe(&attachment.name);
            let fits = pattern.is_none_or(|pattern| pattern.matches(&name));
            if !fits || (attachment.inline && !self.inline) {
                continue;
            }
            let name = self.free(cx, &name, taken);
            let path = cx.file(&self.save_to).join(&name);
            let mut file = AtomicFile::create(&path)?;
            if let Err(error) = file.write_all(message::contents(part)) {
                return Err(file.failed(&error));
            }
            file.commit()?;
            files.push(SavedFile {
                file: cx.describe_file(&path, &attachment.media_type)?,
                path: path.display().to_string(),
                name: attachment.name,
                uid,
            });
        }
        Ok(())
    }

    /// A name that no other attachment of this step has, and no file that is to stay.
    fn free(&self, cx: &StepContext, name: &str, taken: &mut HashSet<String>) -> String {
        let (stem, end) = match name.rsplit_once('.') {
            Some((stem, end)) if !stem.is_empty() => (stem, format!(".{end}")),
            _ => (name, String::new()),
        };
        let folder = cx.file(&self.save_to);
        let mut free = name.to_owned();
        let mut number = 2;
        while taken.contains(&free.to_lowercase())
            || (!self.overwrite && folder.join(&free).exists())
        {
            free = format!("{stem} ({number}){end}");
            number += 1;
        }
        taken.insert(free.to_lowercase());
        free
    }
}

/// The name without what leads out of a folder or means something to a file system.
fn safe(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept: String = last
        .chars()
        .map(|c| match c {
            c if c.is_control() => '_',
            ':' | '*' | '?' | '"' | '<' | '>' | '|' => '_',
            c => c,
        })
        .take(150)
        .collect();
    match kept.trim_matches(['.', ' ']) {
        "" => "attachment".to_owned(),
        kept => kept.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::safe;

    #[test]
    fn names_stay_in_their_folder() {
        assert_eq!(safe("../../etc/passwd"), "passwd");
        assert_eq!(safe("C:\\temp\\a.pdf"), "a.pdf");
        assert_eq!(safe(".."), "attachment");
        assert_eq!(safe("a\r\nb?.csv"), "a__b_.csv");
    }
}
