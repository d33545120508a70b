//! Files elsewhere, the same for every protocol: FTP, SFTP, WebDAV, S3.
//!
//! A protocol is a [`backend::Remote`]; all its nodes but the one that opens a session are made
//! here, so that names, settings, outputs and errors are the same everywhere.

use casare_engine::Node;

pub(crate) mod backend;
mod create_folder;
mod delete;
mod download;
mod info;
mod list;
mod r#move;
pub(crate) mod path;
mod read;
mod remove_folder;
pub(crate) mod session;
pub(crate) mod settings;
mod sync;
mod transfer;
mod upload;
mod walk;
mod write;

pub(crate) use self::{
    backend::{Abilities, Entry, Remote, Source, Take},
    path::RemotePath,
    session::{Files, Protocol, SessionInfo},
};

/// The nodes that work in a session of `P`.
pub(crate) fn nodes<P: Protocol>() -> Vec<Node> {
    vec![
        create_folder::node::<P>(),
        delete::node::<P>(),
        download::node::<P>(),
        info::node::<P>(),
        list::node::<P>(),
        r#move::node::<P>(),
        read::node::<P>(),
        remove_folder::node::<P>(),
        sync::node::<P>(),
        upload::node::<P>(),
        write::node::<P>(),
    ]
}
