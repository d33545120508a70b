//! Moving, marking and deleting mails.

use casare_engine::{Node, NodeError, StepContext};
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    criteria::{Criteria, Uids},
    folders,
    imap::{Imap, Lease, fault, set},
    search::{inbox, matching, present},
    server::{Access, Protocol, mail_settings, within},
    utf7,
};

mail_settings! {
    /// Moves mails to another folder, or copies them.
    pub(super) struct Move {
        /// The folder in which they are.
        #[serde(default = "inbox")]
        folder: String,
        /// The mails, by their numbers.
        #[serde(default)]
        uids: Option<Uids>,
        /// The mails, by what they are.
        #[serde(default, rename = "where")]
        criteria: Option<Criteria>,
        /// The folder to which they go.
        to: String,
        /// Whether that folder is made if it is not there.
        #[serde(default)]
        create: bool,
        /// Whether they also stay where they are.
        #[serde(default)]
        copy: bool,
    }
}

mail_settings! {
    /// Marks mails as read, answered, flagged, or with keywords; or takes such marks away.
    pub(super) struct SetFlags {
        /// The folder.
        #[serde(default = "inbox")]
        folder: String,
        /// The mails, by their numbers.
        #[serde(default)]
        uids: Option<Uids>,
        /// The mails, by what they are.
        #[serde(default, rename = "where")]
        criteria: Option<Criteria>,
        /// Marks that they get: `seen`, `answered`, `flagged`, `draft`, `deleted` or a keyword.
        #[serde(default)]
        add: Vec<String>,
        /// Marks that they lose.
        #[serde(default)]
        remove: Vec<String>,
    }
}

mail_settings! {
    /// Deletes mails: they go into the trash, or are removed for good.
    pub(super) struct Delete {
        /// The folder.
        #[serde(default = "inbox")]
        folder: String,
        /// The mails, by their numbers.
        #[serde(default)]
        uids: Option<Uids>,
        /// The mails, by what they are.
        #[serde(default, rename = "where")]
        criteria: Option<Criteria>,
        /// Whether they are removed for good.
        #[serde(default)]
        permanent: bool,
        /// The folder for deleted mails; otherwise the one that the server calls so.
        #[serde(default)]
        trash: Option<String>,
    }
}

/// What was changed.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Changed {
    /// The numbers of the mails, in the folder in which they were.
    uids: Vec<u32>,
    /// How many there are.
    count: usize,
}

pub(super) fn nodes() -> [Node; 3] {
    [
        Node::action("mail.move", move_mails)
            .icon("folder-input")
            .example(MOVE),
        Node::action("mail.flag", flag)
            .pure()
            .icon("flag")
            .example(FLAG),
        Node::action("mail.delete", delete)
            .icon("trash-2")
            .example(DELETE),
    ]
}

const MOVE: &str = r"- use: mail.move
  with:
    server: mail.example.com:993
    credential: office
    where: { subject: order }
    to: Done
    create: true
";

const FLAG: &str = r"- use: mail.flag
  with:
    server: mail.example.com:993
    credential: office
    where: { from: ada@example.com }
    add: [flagged]
";

const DELETE: &str = r"- use: mail.delete
  with:
    server: mail.example.com:993
    credential: office
    where: { subject: newsletter, before: '2020-01-01' }
";

/// The mails that are meant, in their folder, which is open for changes.
async fn meant(
    cx: &StepContext,
    access: Access<'_>,
    folder: &str,
    uids: Option<&Uids>,
    criteria: Option<&Criteria>,
) -> Result<(Lease, Vec<u32>), NodeError> {
    if uids.is_some() == criteria.is_some() {
        return Err(NodeError::invalid("give `uids` or `where`")
            .with_help("to mean all mails of the folder, write `where: {}`"));
    }
    let mut imap = Lease::of(cx, access).await?;
    imap.open(folder, true).await?;
    let found = match (uids, criteria) {
        (Some(uids), _) => {
            let wanted = uids.list();
            let found = present(&mut imap, &wanted).await?;
            if let Some(missing) = wanted.iter().find(|uid| !found.contains(uid)) {
                return Err(NodeError::not_found(format!(
                    "there is no mail {missing} in `{folder}`"
                ))
                .with_help("it was moved or deleted meanwhile, or is in another folder"));
            }
            found
        }
        (None, Some(criteria)) => matching(&mut imap, criteria).await?,
        (None, None) => Vec::new(),
    };
    Ok((imap, found))
}

async fn move_mails(cx: &StepContext, settings: Move) -> Result<Changed, NodeError> {
    let access = settings.access();
    let shown = access.address(cx, Protocol::Imap)?.shown();
    within(access.patience(cx), &shown, async {
        let (uids, criteria) = (settings.uids.as_ref(), settings.criteria.as_ref());
        let (mut imap, uids) = meant(cx, access, &settings.folder, uids, criteria).await?;
        if settings.create {
            folders::make(&mut imap, &settings.to).await?;
        }
        transfer(&mut imap, &uids, &settings.to, settings.copy).await?;
        imap.finish().await;
        Ok(Changed {
            count: uids.len(),
            uids,
        })
    })
    .await
}

async fn transfer(imap: &mut Imap, uids: &[u32], to: &str, copy: bool) -> Result<(), NodeError> {
    if uids.is_empty() {
        return Ok(());
    }
    let name = utf7::encode(to);
    let failed = |error| {
        fault(&format!("the mails can't go to `{to}`"), error)
            .with_help("`mail.folders` lists the folders; `create: true` makes one")
    };
    if !copy && imap.can("MOVE") {
        return imap
            .session()?
            .uid_mv(set(uids), &name)
            .await
            .map_err(failed);
    }
    imap.session()?
        .uid_copy(set(uids), &name)
        .await
        .map_err(failed)?;
    if copy {
        Ok(())
    } else {
        imap.expunge(uids).await
    }
}

async fn flag(cx: &StepContext, settings: SetFlags) -> Result<Changed, NodeError> {
    let (add, remove) = (flags(&settings.add)?, flags(&settings.remove)?);
    if add.is_empty() && remove.is_empty() {
        return Err(NodeError::invalid("give `add` or `remove`"));
    }
    let access = settings.access();
    let shown = access.address(cx, Protocol::Imap)?.shown();
    within(access.patience(cx), &shown, async {
        let (uids, criteria) = (settings.uids.as_ref(), settings.criteria.as_ref());
        let (mut imap, uids) = meant(cx, access, &settings.folder, uids, criteria).await?;
        if !uids.is_empty() {
            for (sign, flags) in [("+", &add), ("-", &remove)] {
                if !flags.is_empty() {
                    imap.store(&uids, &format!("{sign}FLAGS.SILENT ({flags})"))
                        .await?;
                }
            }
        }
        imap.finish().await;
        Ok(Changed {
            count: uids.len(),
            uids,
        })
    })
    .await
}

async fn delete(cx: &StepContext, settings: Delete) -> Result<Changed, NodeError> {
    let access = settings.access();
    let shown = access.address(cx, Protocol::Imap)?.shown();
    within(access.patience(cx), &shown, async {
        let (uids, criteria) = (settings.uids.as_ref(), settings.criteria.as_ref());
        let (mut imap, uids) = meant(cx, access, &settings.folder, uids, criteria).await?;
        let trash = match (settings.permanent, &settings.trash) {
            (true, _) => None,
            (false, Some(trash)) => Some(trash.clone()),
            (false, None) => Some(folders::trash(&mut imap).await?),
        };
        match trash.filter(|trash| *trash != settings.folder) {
            Some(trash) => transfer(&mut imap, &uids, &trash, false).await?,
            None if uids.is_empty() => {}
            None => imap.expunge(&uids).await?,
        }
        imap.finish().await;
        Ok(Changed {
            count: uids.len(),
            uids,
        })
    })
    .await
}

/// Marks as IMAP writes them.
fn flags(names: &[String]) -> Result<String, NodeError> {
    let written = names.iter().map(|name| {
        let known = match name.trim().to_ascii_lowercase().as_str() {
            "seen" | "read" => "\\Seen",
            "answered" => "\\Answered",
            "flagged" => "\\Flagged",
            "draft" => "\\Draft",
            "deleted" => "\\Deleted",
            _ => name.trim(),
        };
        let keyword = known.strip_prefix('\\').unwrap_or(known);
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '$' | '_' | '-' | '.');
        if keyword.is_empty() || !keyword.chars().all(fits) {
            return Err(NodeError::invalid(format!("`{name}` is no mark"))
                .with_help("write `seen`, `answered`, `flagged`, or a keyword such as `$Done`"));
        }
        Ok(known.to_owned())
    });
    Ok(written.collect::<Result<Vec<_>, _>>()?.join(" "))
}
