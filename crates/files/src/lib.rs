//! Files and tables as nodes read and write them.
//!
//! | module | what it holds |
//! |---|---|
//! | `atomic` | files that are whole or not there, and files that are written on at their end |
//! | `encoding` | texts in any encoding, as a stream |
//! | `faults` | what nodes tell of files that cannot be read or written |
//! | `pattern` | file patterns such as `**/*.pdf` |
//! | `whole` | files that are held at once |
//! | [`rows`] | rows that share their header, and rows on their way into a file |

mod atomic;
mod encoding;
mod faults;
mod pattern;
pub mod rows;
mod whole;

pub use atomic::{AppendedFile, AtomicFile, make_folder};
pub use encoding::{Charset, TextReader, TextWriter, decode, unreadable};
pub use faults::FileFaults;
pub use pattern::Pattern;
pub use whole::{read_text, read_whole, write_text};
