//! Mails that come into a mailbox.

use std::time::Duration;

use casare_connectors::{Mailbox, MailboxAccess};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Armed, Endless, Place, Trouble, credential, file::settle};
use crate::{Orchestrator, triggers::Arrival};

/// Servers end a connection that says nothing for half an hour.
const LOOK_AGAIN: Duration = Duration::from_mins(2);
/// Mails of one look.
const MOST: usize = 20;

/// The last mail that was seen to. Numbers count only as long as the folder stays the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    folder: u32,
    uid: u32,
}

pub(super) async fn watch(
    server: &Orchestrator,
    armed: &Armed,
    (address, security, folder): (&str, Option<&str>, &str),
    name: &str,
) -> Endless {
    let fields = credential(server, armed, name).await?;
    let field = |field: &str| fields.get(field).map(ExposeSecret::expose_secret);
    let access = MailboxAccess {
        server: address,
        security,
        username: field("username").unwrap_or_default(),
        password: field("password"),
        token: field("token"),
    };
    let wrong = |error: casare_engine::NodeError| Trouble(error.to_string());
    let host = access.host().map_err(wrong)?;
    server.outbound.may_connect(&host).await.map_err(Trouble)?;
    let mut mailbox = Mailbox::open(&access, folder).await.map_err(wrong)?;
    let mut place = Place::<Seen>::of(server, armed).await?;
    loop {
        let there = Seen {
            folder: mailbox.validity(),
            uid: mailbox.newest().await.map_err(wrong)?,
        };
        match place.at {
            Some(seen) if seen.folder == there.folder => {}
            // What is there from before is not new.
            _ => place.move_on(server, armed, there).await?,
        }
        let Some(mut seen) = place.at else { continue };
        let mails = mailbox.after(seen.uid, MOST).await.map_err(wrong)?;
        let more = mails.len() == MOST;
        for (uid, mail) in mails {
            let arrival = Arrival {
                came: json!({ "mail": mail }),
                key: Some(format!("{}:{uid}", seen.folder)),
            };
            settle(server.arrive(armed, &arrival).await)?;
            seen.uid = uid;
        }
        if place.at != Some(seen) || place.complained {
            place.move_on(server, armed, seen).await?;
        }
        if !more {
            mailbox.wait(LOOK_AGAIN).await.map_err(wrong)?;
        }
    }
}
