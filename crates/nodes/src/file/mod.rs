//! Files and folders.

use casare_engine::Node;

mod append;
mod copy;
mod delete;
mod entry;
mod info;
mod list;
mod r#move;
mod read;
mod transfer;
mod write;

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
