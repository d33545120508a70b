//! Web pages in a real browser.

use casare_engine::Node;

mod check;
mod click;
mod download;
mod evaluate;
mod extract;
mod fault;
mod fill;
mod fill_form;
mod goto;
mod live;
mod press;
mod screenshot;
mod select;
mod session;
mod target;
mod upload;
mod wait_for;

pub(crate) fn nodes() -> Vec<Node> {
    vec![
        session::node(),
        goto::node(),
        click::node(),
        fill::node(),
        fill_form::node(),
        select::node(),
        check::node(),
        press::node(),
        upload::node(),
        download::node(),
        wait_for::node(),
        extract::node(),
        screenshot::node(),
        evaluate::node(),
    ]
}
