//! Web pages in a real browser.

use casare_engine::Node;

mod aim;
mod analyze;
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
pub mod healing;
mod history;
mod hover;
mod images;
mod kept;
mod live;
mod login;
mod paginate;
mod pdf;
mod press;
mod recording;
mod route;
mod screenshot;
mod scroll;
mod select;
mod session;
mod shared;
mod tab;
mod tap;
mod target;
mod type_text;
mod upload;
mod wait_for;
mod wait_for_response;

pub(crate) fn nodes() -> Vec<Node> {
    let on_elements = [
        click::node(),
        tap::node(),
        drag::node(),
        focus::node(),
        fill::node(),
        fill_form::node(),
        select::node(),
        check::node(),
        press::node(),
        type_text::node(),
        hover::node(),
        upload::node(),
        download::node(),
        extract::node(),
    ];
    let on_pages = [
        history::node(),
        dialog::node(),
        emulate::node(),
        images::node(),
        forms::node(),
        analyze::node(),
        login::node(),
        pdf::node(),
        evaluate::node(),
        cookies::node(),
    ];
    // Some of these name an element, or a thing of their own.
    let others = [
        session::node(),
        goto::node(),
        tab::node(),
        scroll::node(),
        wait_for::node(),
        wait_for_response::node(),
        route::node(),
        screenshot::node(),
    ];
    on_elements
        .map(fault::of_elements)
        .into_iter()
        .chain(on_pages.map(fault::of_pages))
        .chain(others)
        .collect()
}
