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
    let mut nodes = vec![
        session::node(),
        send::node(),
        search::node(),
        read::node(),
        wait_for::node(),
        save_attachments::node(),
        folders::node(),
        parse::node(),
        create_event::node(),
    ];
    nodes.extend(reply::nodes());
    nodes.extend(change::nodes());
    nodes
}
