//! Office Open XML: the packages of parts that `.xlsx` and `.docx` files are.
//!
//! An edit changes the parts it means and copies every other one byte by byte: what it does not
//! know of survives.

pub(crate) mod package;
pub(crate) mod xml;
