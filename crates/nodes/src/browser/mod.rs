//! Web pages in a real browser.

use casare_engine::Node;

mod check;
mod click;
mod cookies;
mod dialog;
mod download;
mod drag;
mod emulate;
mod emulation;
mod evaluate;
mod extract;
mod fault;
mod fill;
mod fill_form;
mod focus;
mod forms;
mod goto;
mod history;
mod hover;
mod images;
mod live;
mod pdf;
mod press;
mod recording;
mod route;
mod screenshot;
mod scroll;
mod select;
mod session;
mod tab;
mod tap;
mod target;
mod type_text;
mod upload;
mod wait_for;
mod wait_for_response;

pub(crate) fn nodes() -> Vec<Node> {
    vec![
        session::node(),
        goto::node(),
        history::node(),
        tab::node(),
        click::node(),
        tap::node(),
        drag::node(),
        scroll::node(),
        focus::node(),
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
        wait_for_response::node(),
        route::node(),
        emulate::node(),
        extract::node(),
        images::node(),
        forms::node(),
        screenshot::node(),
        pdf::node(),
        evaluate::node(),
        cookies::node(),
    ]
}
