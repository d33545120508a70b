//! What a server tells of files: the answer to `PROPFIND` (RFC 4918).

use casare_engine::NodeError;
use jiff::{Timestamp, fmt::rfc2822};
use percent_encoding::percent_decode_str;
use quick_xml::{
    NsReader,
    events::Event,
    name::{Namespace, ResolveResult},
};

use crate::remote::Entry;

/// One thing that a server told of.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// Its path on the server, decoded, without `/` at the end.
    pub(super) path: String,
    is_folder: bool,
    size: Option<u64>,
    modified: Option<Timestamp>,
}

impl Told {
    pub(super) fn entry(&self, name: &str) -> Entry {
        if self.is_folder {
            Entry::folder(name, self.modified)
        } else {
            Entry::file(name, self.size, self.modified)
        }
    }

    /// The last part of the path.
    pub(super) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    fn property(&mut self, name: &str, text: &str) {
        match name {
            "href" => self.path = path_of(text),
            "getcontentlength" => self.size = text.parse().ok(),
            "getlastmodified" => {
                self.modified = rfc2822::parse(text).ok().map(|time| time.timestamp());
            }
            _ => {}
        }
    }
}

/// The decoded path of an address or of a path; names may contain an encoded `/`, which then shows
/// as part of the name and is refused as such.
pub(super) fn path_of(href: &str) -> String {
    let path = match href.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("/", |slash| &rest[slash..]),
        None => href,
    };
    let last = path.trim_end_matches('/');
    let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    decode(last)
}

/// Reads what the server told of a folder or a file.
pub(super) fn read(xml: &str) -> Result<Vec<Told>, NodeError> {
    let unfit = |why: &dyn std::fmt::Display| {
        NodeError::unavailable(format!("the server's list can't be read: {why}"))
            .with_help("is there a WebDAV server at this address?")
    };
    let mut reader = NsReader::from_str(xml);
    let mut told = Vec::new();
    let mut current: Option<Told> = None;
    let mut text = String::new();
    loop {
        let (space, event) = reader
            .read_resolved_event()
            .map_err(|error| unfit(&error))?;
        let is_dav = space == ResolveResult::Bound(Namespace("DAV:"));
        match event {
            Event::Start(element) if is_dav => {
                text.clear();
                match element.local_name().as_ref() {
                    "response" => current = Some(Told::default()),
                    "collection" => folder(&mut current),
                    _ => {}
                }
            }
            Event::Empty(element) if is_dav && element.local_name().as_ref() == "collection" => {
                folder(&mut current);
            }
            Event::Text(piece) => text.push_str(&piece),
            Event::CData(piece) => text.push_str(&piece),
            Event::GeneralRef(reference) => match reference.resolve_char_ref() {
                Ok(Some(character)) => text.push(character),
                _ => text.push_str(
                    quick_xml::escape::resolve_predefined_entity(&reference).unwrap_or_default(),
                ),
            },
            Event::End(element) if is_dav => {
                if element.local_name().as_ref() == "response" {
                    told.extend(
                        current
                            .take()
                            .filter(|told| !told.path.is_empty() || told.is_folder),
                    );
                } else if let Some(current) = &mut current {
                    current.property(element.local_name().as_ref(), text.trim());
                }
            }
            Event::Eof => return Ok(told),
            _ => {}
        }
    }
}

fn folder(current: &mut Option<Told>) {
    if let Some(current) = current {
        current.is_folder = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_whatever_prefix_the_server_likes() {
        let xml = r#"<?xml version="1.0"?>
<d:multistatus xmlns:d="DAV:" xmlns:x="other">
 <d:response><d:href>https://dav.example.com/in/</d:href>
  <d:propstat><d:prop><d:resourcetype><d:collection/></d:resourcetype></d:prop></d:propstat></d:response>
 <d:response><d:href>/in/M%C3%A4rz%20&amp;%20April.csv</d:href>
  <d:propstat><d:prop><d:getcontentlength>12</d:getcontentlength><x:getcontentlength>9</x:getcontentlength>
   <d:getlastmodified>Sun, 01 Mar 2026 08:30:00 GMT</d:getlastmodified><d:resourcetype/></d:prop></d:propstat></d:response>
 <d:response><d:href>/in/..%2F..%2Fevil</d:href></d:response>
</d:multistatus>"#;

        let told = read(xml).unwrap();

        assert_eq!(told[0].path, "/in");
        assert!(told[0].is_folder);
        assert_eq!(told[1].name(), "März & April.csv");
        assert_eq!(told[1].size, Some(12));
        assert_eq!(
            told[1].modified.unwrap().to_string(),
            "2026-03-01T08:30:00Z"
        );
        assert_eq!(told[2].path, "/in/../../evil");
    }

    #[test]
    fn what_is_no_list_is_told_as_such() {
        assert!(read("<d:multistatus xmlns:d='DAV:'><d:response></oops>").is_err());
        assert_eq!(read("<html>hello</html>").unwrap(), []);
    }
}
