//! Web pages in a real browser.

use casare_engine::Node;

mod check;
mod click;
mod cookies;
mod dialog;
mod download;
mod evaluate;
mod extract;
mod fault;
mod fill;
mod fill_form;
mod forms;
mod goto;
mod history;
mod hover;
mod images;
mod live;
mod press;
mod screenshot;
mod select;
mod session;
mod tab;
mod target;
mod type_text;
mod upload;
mod wait_for;

pub(crate) fn nodes() -> Vec<Node> {
    vec![
        session::node(),
        goto::node(),
        history::node(),
        tab::node(),
        click::node(),
        fill::node(),
        fill_form::node(),
        select::node(),
        check::node(),
        press::node(),
        type_text::node(),
        hover::node(),
        dialog::node(),
        upload::node(),
        download::node(),
        wait_for::node(),
        extract::node(),
        images::node(),
        forms::node(),
        screenshot::node(),
        evaluate::node(),
        cookies::node(),
    ]
}
