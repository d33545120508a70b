//! Mail: sending over SMTP, mailboxes over IMAP, mails and appointments as data.
//!
//! | module | what it holds |
//! |---|---|
//! | `server` | where servers are and who logs in |
//! | `imap`, `smtp` | connections |
//! | `mailbox` | a mailbox that is watched from outside of a run |
//! | `criteria` | which mails are meant |
//! | `message`, `calendar` | mails and appointments as data |
//! | `compose` | a mail on its way out |

use casare_engine::Node;

use crate::faults::ServerFaults;

mod calendar;
mod change;
mod compose;
mod create_event;
mod criteria;
mod folders;
mod imap;
mod mailbox;
mod message;
mod parse;
mod read;
mod reply;
mod save_attachments;
mod search;
mod send;
mod server;
mod session;
mod smtp;
mod utf7;
mod wait_for;

pub use mailbox::{Mailbox, MailboxAccess};

pub(crate) fn nodes() -> Vec<Node> {
    let mut nodes = vec![session::node(), parse::node(), create_event::node()];
    let looking = [
        search::node(),
        read::node(),
        wait_for::node(),
        save_attachments::node(),
        folders::node(),
    ];
    nodes.extend(looking.map(ServerFaults::fails_as_mailbox));
    nodes.extend(change::nodes().map(ServerFaults::fails_as_mailbox));
    nodes.push(send::node().fails_as_outgoing_mail());
    nodes.extend(reply::nodes().map(ServerFaults::fails_as_outgoing_mail));
    nodes
}
