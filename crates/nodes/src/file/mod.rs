//! Files and folders.

use casare_engine::Node;

mod append;
mod copy;
mod create_folder;
mod delete;
mod entry;
mod hash;
mod info;
mod list;
mod r#move;
mod permissions;
mod read;
mod temp;
mod transfer;
mod unzip;
mod wait_for;
mod write;
mod zip;

pub(crate) fn nodes() -> Vec<Node> {
    vec![
        append::node(),
        copy::node(),
        create_folder::node(),
        delete::node(),
        hash::node(),
        info::node(),
        list::node(),
        r#move::node(),
        permissions::node(),
        read::node(),
        temp::node(),
        unzip::node(),
        wait_for::node(),
        write::node(),
        zip::node(),
    ]
}
