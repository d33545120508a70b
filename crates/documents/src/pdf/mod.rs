//! PDF files.
//!
//! hayro reads and draws pages, lopdf changes files, krilla makes new ones.
//!
//! | module | what it holds |
//! |---|---|
//! | [`file`] | opening files within bounds, and which pages are meant |
//! | [`glyphs`] | the letters of a page, put together to words and lines |
//! | [`form`] | the fields of a form |
//! | [`compose`] | text and tables laid out on pages |
//! | [`strings`] | texts as a PDF writes them |

use casare_engine::Node;

mod attachments;
mod compose;
mod create;
mod extract_pages;
mod file;
mod fill_form;
mod form;
mod form_fields;
mod from_images;
mod glyphs;
mod info;
mod merge;
mod protect;
mod read;
mod rotate;
mod split;
mod stamp;
mod strings;
mod tables;
mod to_images;
mod unprotect;

pub(crate) fn nodes() -> Vec<Node> {
    vec![
        attachments::node(),
        create::node(),
        extract_pages::node(),
        fill_form::node(),
        form_fields::node(),
        from_images::node(),
        info::node(),
        merge::node(),
        protect::node(),
        read::node(),
        rotate::node(),
        split::node(),
        stamp::node(),
        tables::node(),
        to_images::node(),
        unprotect::node(),
    ]
}
