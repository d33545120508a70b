//! Requests over HTTP.
//!
//! | module | what it holds |
//! |---|---|
//! | [`guard`] | which addresses may be reached |
//! | `settings` | what all nodes that send requests can be told |
//! | [`send`] | one step's way of sending: login, repetition, sessions |
//! | `client`, `cookies` | clients that are kept, and what a session keeps |
//! | `login`, `digest`, [`oauth`] | credentials as part of a request |
//! | `exchange` | requests as recordings keep them |

use casare_engine::Node;

use crate::faults::ServerFaults;

mod authorization;
mod build_url;
mod client;
mod cookies;
mod digest;
mod download;
mod exchange;
mod graphql;
pub(crate) mod guard;
mod login;
pub(crate) mod oauth;
mod paginate;
mod request;
mod response;
pub(crate) mod send;
mod session;
pub(crate) mod settings;
mod soap;
mod token;
mod token_info;
mod upload;
mod xml;

pub(crate) use upload::media_type_of;

pub(crate) fn nodes() -> Vec<Node> {
    let mut nodes = vec![
        session::node(),
        token_info::node(),
        authorization::url_node(),
        build_url::node(),
    ];
    let asking = [
        request::node(),
        download::node(),
        upload::node(),
        paginate::node(),
        graphql::node(),
        soap::node(),
        token::node(),
        authorization::code_node(),
    ];
    nodes.extend(asking.map(ServerFaults::fails_as_web));
    nodes
}
