//! Files and folders.

use casare_engine::Node;

mod append;
mod atomic;
mod copy;
mod delete;
mod encoding;
mod entry;
mod info;
mod list;
mod r#move;
mod pattern;
mod read;
mod transfer;
mod write;

pub(crate) use atomic::{AppendedFile, AtomicFile};
pub(crate) use encoding::{Charset, TextReader, TextWriter, unreadable};

pub(crate) fn nodes() -> Vec<Node> {
    vec![
        append::node(),
        copy::node(),
        delete::node(),
        info::node(),
        list::node(),
        r#move::node(),
        read::node(),
        write::node(),
    ]
}
