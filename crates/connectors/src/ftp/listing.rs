//! Lines of lists, in the forms that servers write.

use jiff::Timestamp;
use suppaftp::list::{File, ListParser};

use crate::remote::Entry;

/// An entry of a list made for programs (RFC 3659); none for the folder itself and its parent.
pub(super) fn machine_line(line: &str) -> Option<Entry> {
    let (facts, _) = line.trim_start().split_once(' ')?;
    let kind = facts.split(';').find_map(|fact| {
        let (name, value) = fact.split_once('=')?;
        name.eq_ignore_ascii_case("type")
            .then(|| value.to_ascii_lowercase())
    });
    if matches!(kind.as_deref(), Some("cdir" | "pdir")) {
        return None;
    }
    ListParser::parse_mlsd(line)
        .ok()
        .map(|file| entry(&file, false))
}

/// What a server tells of one thing in the same form, for `name`.
pub(super) fn facts(line: &str, name: &str) -> Option<Entry> {
    let line = line.trim_start();
    // The thing asked for may be the current folder.
    let line = ["type=cdir", "Type=cdir"]
        .iter()
        .find_map(|cdir| Some(format!("type=dir{}", line.strip_prefix(cdir)?)))
        .unwrap_or_else(|| line.to_owned());
    let file = ListParser::parse_mlst(&line).ok()?;
    Some(Entry {
        name: name.to_owned(),
        ..entry(&file, false)
    })
}

/// An entry of a list made for people, as Unix and DOS write it. Its time has no seconds, and none
/// tells its zone.
pub(super) fn human_line(line: &str) -> Option<Entry> {
    let file = ListParser::parse_posix(line)
        .or_else(|_| ListParser::parse_dos(line))
        .ok()?;
    (!matches!(file.name(), "." | "..")).then(|| entry(&file, true))
}

fn entry(file: &File, coarse: bool) -> Entry {
    Entry {
        name: file.name().to_owned(),
        is_folder: file.is_directory(),
        is_link: file.is_symlink(),
        size: (!file.is_directory()).then(|| file.size() as u64),
        modified: Timestamp::try_from(file.modified())
            .ok()
            .filter(|time| time.as_second() > 0),
        coarse,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_any_form_give_the_same_entries() {
        let machine = machine_line(
            "type=file;size=12;modify=20260301083000;UNIX.mode=0644; Rechnung März; 1.pdf",
        )
        .unwrap();
        assert_eq!(machine.name, "Rechnung März; 1.pdf");
        assert_eq!(machine.size, Some(12));
        assert_eq!(
            machine.modified.unwrap().to_string(),
            "2026-03-01T08:30:00Z"
        );
        assert_eq!(machine_line("type=cdir;modify=20260301083000; /in"), None);

        let unix =
            human_line("-rw-r--r--    1 1000     1000           12 Mar 01  2025 a b.csv").unwrap();
        assert_eq!((unix.name.as_str(), unix.size), ("a b.csv", Some(12)));
        assert!(unix.coarse);
        let dos = human_line("03-01-25  08:30AM       <DIR>          archive").unwrap();
        assert!(dos.is_folder);
        assert_eq!(human_line("total 12"), None);
    }
}
