use async_imap::types::NameAttribute;
use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::Effect;
use futures::TryStreamExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    imap::{Imap, Lease, fault},
    server::{Protocol, mail_settings, within},
    utf7,
};

mail_settings! {
    /// Lists the folders of a mailbox; or makes, renames or deletes one.
    pub(super) struct Folders {
        /// What is to be done.
        #[serde(default)]
        action: Action,
        /// The folder, for all but `list`.
        #[serde(default)]
        folder: Option<String>,
        /// Its new name, for `rename`.
        #[serde(default)]
        to: Option<String>,
        /// Whether the mails of each folder are counted, for `list`.
        #[serde(default)]
        counts: bool,
    }
}

/// What is to be done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Action {
    /// List them.
    #[default]
    List,
    /// Make one; one that is there stays.
    Create,
    /// Rename one.
    Rename,
    /// Delete one, with its mails.
    Delete,
}

/// The folders.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct FolderList {
    /// The folders as they are now.
    folders: Vec<Folder>,
    /// How many there are.
    count: usize,
}

/// A folder.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Folder {
    /// Its name, with those above it.
    name: String,
    /// What stands between a folder and the one above it.
    delimiter: Option<String>,
    /// Whether it can hold mails.
    selectable: bool,
    /// What the server uses it for: `sent`, `drafts`, `trash`, `junk`, `archive`, `all`, `flagged`.
    purpose: Option<String>,
    /// Its mails, if they were counted.
    messages: Option<u32>,
    /// Those that are not read, if they were counted.
    unread: Option<u32>,
}

pub(super) fn node() -> Node {
    Node::action_with_effect("mail.folders", folders, |settings: &Folders| {
        match settings.action {
            // Making what is there changes nothing.
            Action::List | Action::Create => Effect::Pure,
            Action::Rename | Action::Delete => Effect::Once,
        }
    })
    .icon("folders")
    .example(EXAMPLE)
}

const EXAMPLE: &str = r"- id: all
  use: mail.folders
  with: { server: 'mail.example.com:993', credential: office, counts: true }
- use: log.write
  with: { message: '{{ steps.all.folders[0].name }}: {{ steps.all.folders[0].unread }} unread' }
";

async fn folders(cx: &StepContext, settings: Folders) -> Result<FolderList, NodeError> {
    let access = settings.access();
    let shown = access.address(cx, Protocol::Imap)?.shown();
    within(access.patience(cx), &shown, async {
        let mut imap = Lease::of(cx, access).await?;
        let needed = |name: &str, value: &Option<String>| {
            value
                .clone()
                .ok_or_else(|| NodeError::invalid(format!("this needs `{name}`")))
        };
        match settings.action {
            Action::List => {}
            Action::Create => make(&mut imap, &needed("folder", &settings.folder)?).await?,
            Action::Rename => {
                let from = utf7::encode(&needed("folder", &settings.folder)?);
                let to = utf7::encode(&needed("to", &settings.to)?);
                let renamed = imap.session()?.rename(from, to).await;
                renamed.map_err(|error| fault("the folder can't be renamed", error))?;
            }
            Action::Delete => {
                let name = utf7::encode(&needed("folder", &settings.folder)?);
                let deleted = imap.session()?.delete(name).await;
                deleted.map_err(|error| fault("the folder can't be deleted", error))?;
            }
        }
        let mut folders = listed(&mut imap).await?;
        if settings.counts {
            for folder in folders.iter_mut().filter(|folder| folder.selectable) {
                let name = utf7::encode(&folder.name);
                let told = imap.session()?.status(name, "(MESSAGES UNSEEN)").await;
                let told = told.map_err(|error| fault("the mails can't be counted", error))?;
                folder.messages = Some(told.exists);
                folder.unread = told.unseen;
            }
        }
        imap.finish().await;
        Ok(FolderList {
            count: folders.len(),
            folders,
        })
    })
    .await
}

async fn listed(imap: &mut Imap) -> Result<Vec<Folder>, NodeError> {
    let failed = |error| fault("the folders can't be listed", error);
    let names = imap
        .session()?
        .list(Some(""), Some("*"))
        .await
        .map_err(failed)?;
    let names: Vec<_> = names.try_collect().await.map_err(failed)?;
    let mut folders: Vec<Folder> = names
        .iter()
        .map(|name| Folder {
            name: utf7::decode(name.name()),
            delimiter: name.delimiter().map(str::to_owned),
            selectable: !name.attributes().contains(&NameAttribute::NoSelect),
            purpose: name.attributes().iter().find_map(purpose),
            messages: None,
            unread: None,
        })
        .collect();
    folders.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(folders)
}

fn purpose(attribute: &NameAttribute<'_>) -> Option<String> {
    let name = match attribute {
        NameAttribute::All => "all",
        NameAttribute::Archive => "archive",
        NameAttribute::Drafts => "drafts",
        NameAttribute::Flagged => "flagged",
        NameAttribute::Junk => "junk",
        NameAttribute::Sent => "sent",
        NameAttribute::Trash => "trash",
        _ => return None,
    };
    Some(name.to_owned())
}

/// Makes a folder, unless it is there.
pub(super) async fn make(imap: &mut Imap, folder: &str) -> Result<(), NodeError> {
    let there = listed(imap).await?.iter().any(|known| known.name == folder);
    if there {
        return Ok(());
    }
    let made = imap.session()?.create(utf7::encode(folder)).await;
    made.map_err(|error| fault("the folder can't be made", error))
}

/// The folder for deleted mails.
pub(super) async fn trash(imap: &mut Imap) -> Result<String, NodeError> {
    const USUAL: [&str; 6] = [
        "trash",
        "deleted items",
        "deleted messages",
        "papierkorb",
        "corbeille",
        "inbox.trash",
    ];
    let folders = listed(imap).await?;
    let told = folders
        .iter()
        .find(|folder| folder.purpose.as_deref() == Some("trash"));
    let usual = folders
        .iter()
        .find(|folder| USUAL.contains(&folder.name.to_lowercase().as_str()));
    told.or(usual)
        .map(|folder| folder.name.clone())
        .ok_or_else(|| {
            NodeError::not_found("the mailbox has no folder for deleted mails")
                .with_help("name one in `trash`, or set `permanent: true`")
        })
}
