//! Redis, Valkey and others that speak like them.
//!
//! A step names its server by a URL, or by a credential that holds one; the connection is kept open
//! between the steps of a run and shared by them.

use casare_engine::Node;

use crate::faults::ServerFaults;

mod command;
mod connection;
mod delete;
mod expire;
mod get;
mod hash_get;
mod hash_set;
mod increment;
mod keys;
mod list_get;
mod list_pop;
mod list_push;
mod lock;
mod publish;
mod set;
mod set_add;
mod set_members;
mod set_remove;
mod settings;
mod value;

pub(crate) fn nodes() -> Vec<Node> {
    let nodes = [
        command::node(),
        delete::node(),
        expire::node(),
        get::node(),
        hash_get::node(),
        hash_set::node(),
        increment::node(),
        keys::node(),
        list_get::node(),
        list_pop::node(),
        list_push::node(),
        lock::node(),
        publish::node(),
        set::node(),
        set_add::node(),
        set_members::node(),
        set_remove::node(),
    ];
    nodes.map(ServerFaults::fails_as_redis).into()
}
