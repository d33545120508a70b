//! Opening a workbook of any kind for reading.

use std::{
    fs::File,
    io::{self, BufReader, Read, Seek},
    path::Path,
};

use calamine::{Reader, Sheets, Xls, Xlsb, Xlsx, open_workbook_from_rs};
use casare_engine::NodeError;
use casare_workflow::{Any, value::kind_name};

use casare_files::rows::closest;
use zip::ZipArchive;

use crate::ooxml::package::locked;

pub(super) type Workbook = Sheets<BufReader<File>>;

/// Opens the workbook at `path`, whose kind its content says.
pub(super) fn open(path: &Path) -> Result<Workbook, NodeError> {
    let failed = |error| NodeError::io(format_args!("could not read {}", path.display()), &error);
    let mut file = File::open(path).map_err(failed)?;
    let mut start = Vec::new();
    file.by_ref()
        .take(8)
        .read_to_end(&mut start)
        .map_err(failed)?;
    file.rewind().map_err(failed)?;
    if start.starts_with(b"PK") {
        check_size(&mut file, path)?;
    }
    let extension = path
        .extension()
        .map(|extension| extension.to_string_lossy().to_lowercase())
        .unwrap_or_default();
    if start.starts_with(b"PK") && extension == "ods" {
        super::ods::check(&mut file, path)?;
        file.rewind().map_err(failed)?;
    }
    let is_old = start.starts_with(&[0xd0, 0xcf, 0x11, 0xe0])
        && !matches!(extension.as_str(), "xlsx" | "xlsm" | "xlsb");
    if is_old {
        super::xls::check(&mut file, path)?;
        file.rewind().map_err(failed)?;
    }
    let file = BufReader::new(file);
    let damaged = |error: &dyn std::fmt::Display| unreadable(path, &error.to_string());
    match (&start[..], extension.as_str()) {
        ([b'P', b'K', ..], "xlsb") => open_workbook_from_rs::<Xlsb<_>, _>(file)
            .map(Sheets::Xlsb)
            .map_err(|error| damaged(&error)),
        ([b'P', b'K', ..], "ods") => open_workbook_from_rs(file)
            .map(Sheets::Ods)
            .map_err(|error: calamine::OdsError| damaged(&error)),
        ([b'P', b'K', ..], _) => open_workbook_from_rs::<Xlsx<_>, _>(file)
            .map(Sheets::Xlsx)
            .map_err(|error| damaged(&error)),
        // A workbook with a password is packed like an old one.
        ([0xd0, 0xcf, 0x11, 0xe0, ..], "xlsx" | "xlsm" | "xlsb") => Err(locked(path)),
        ([0xd0, 0xcf, 0x11, 0xe0, ..], _) => open_workbook_from_rs::<Xls<_>, _>(file)
            .map(Sheets::Xls)
            .map_err(|error| damaged(&error)),
        ([], _) => Err(NodeError::invalid(format!("{} is empty", path.display()))),
        ([b'<', ..], _) => Err(NodeError::invalid(format!(
            "{} is no workbook: it holds a web page or XML",
            path.display()
        ))
        .with_help("some programs call such a file .xls; open it in Excel and save it as .xlsx")),
        _ => Err(
            NodeError::invalid(format!("{} is no workbook", path.display()))
                .with_help("if it holds text, read it with csv.read or file.read"),
        ),
    }
}

/// No workbook unpacks to more than this, in bytes.
const LARGEST: u64 = 4 << 30;
/// The most that one byte of deflated data can unpack to.
const RATIO: u64 = 1032;
/// No part of a workbook that unpacks to more than `LARGE` bytes does so to more than so many times
/// its size: sheets are packed to a tenth, or a fiftieth if all their rows are alike.
const USUAL_RATIO: u64 = 300;
const LARGE: u64 = 64 << 20;

/// Refuses a file that unpacks to more than a workbook should: reading it would take all memory.
fn check_size(file: &mut File, path: &Path) -> Result<(), NodeError> {
    let too_large = || {
        NodeError::invalid(format!(
            "{} unpacks to more than {} GiB",
            path.display(),
            LARGEST >> 30
        ))
        .with_help("it is no ordinary workbook; read it in parts, or export it as CSV")
    };
    let mut archive = ZipArchive::new(BufReader::new(&mut *file))
        .map_err(|error| unreadable(path, &error.to_string()))?;
    let mut total = 0;
    for index in 0..archive.len() {
        let mut part = archive
            .by_index(index)
            .map_err(|error| unreadable(path, &error.to_string()))?;
        let possible = part.compressed_size().saturating_mul(RATIO);
        total += if possible < 64 << 20 {
            part.size().min(possible)
        } else {
            // What a file says of its own size need not be so.
            let usual = (part.compressed_size().saturating_mul(USUAL_RATIO)).max(LARGE);
            let limit = LARGEST.saturating_sub(total).min(usual);
            let mut counted = (&mut part).take(limit + 1);
            let size = io::copy(&mut counted, &mut io::sink())
                .map_err(|error| unreadable(path, &error.to_string()))?;
            if size > usual {
                return Err(bomb(path));
            }
            size
        };
        if total > LARGEST {
            return Err(too_large());
        }
    }
    drop(archive);
    file.rewind()
        .map_err(|error| NodeError::io(format_args!("could not read {}", path.display()), &error))
}

fn bomb(path: &Path) -> NodeError {
    NodeError::invalid(format!(
        "{} unpacks to more than {USUAL_RATIO} times its size, as files do that are made to fill \
         the memory",
        path.display()
    ))
    .with_help("if you trust it, open it in Excel and save it anew")
}

pub(super) fn unreadable(path: &Path, reason: &str) -> NodeError {
    if reason.to_lowercase().contains("password") {
        return locked(path);
    }
    NodeError::invalid(format!(
        "{} can't be read as a workbook: {reason}",
        path.display()
    ))
    .with_help("the file is damaged or cut off; open it in Excel to see, and save it anew")
}

/// What to say when the content of a sheet makes no sense.
pub(super) fn damaged_sheet(path: &Path, sheet: &str, reason: &str) -> NodeError {
    NodeError::invalid(format!(
        "sheet `{sheet}` of {} can't be read: {reason}",
        path.display()
    ))
    .with_help("the file may be damaged; open it in Excel and save it anew")
}

/// The sheets' names, in order.
pub(super) fn sheets(workbook: &Workbook) -> Vec<String> {
    workbook.sheet_names().clone()
}

/// Which of `sheets` a setting means: a name, a number from 1, or the first if it is not set.
pub(super) fn choose(
    setting: Option<&Any>,
    sheets: &[String],
    path: &Path,
) -> Result<usize, NodeError> {
    let listed = || sheets.join(", ");
    let Some(Any(setting)) = setting.filter(|setting| !setting.0.is_none()) else {
        if sheets.is_empty() {
            return Err(NodeError::not_found(format!(
                "{} has no sheets",
                path.display()
            )));
        }
        return Ok(0);
    };
    if let Some(name) = setting.as_str() {
        let same = |sheet: &String| sheet.to_lowercase() == name.to_lowercase();
        return sheets.iter().position(same).ok_or_else(|| {
            let failure = NodeError::not_found(format!(
                "{} has no sheet `{name}`; its sheets: {}",
                path.display(),
                listed()
            ));
            match closest(name, sheets.iter().map(String::as_str)) {
                Some(sheet) => failure.with_help(format!("did you mean `{sheet}`?")),
                None => failure,
            }
        });
    }
    let number = setting
        .as_usize()
        .filter(|number| *number > 0)
        .ok_or_else(|| {
            NodeError::invalid(format!(
                "setting `sheet` is a {}; a name or a number from 1 is wanted",
                kind_name(setting)
            ))
        })?;
    if number > sheets.len() {
        return Err(NodeError::not_found(format!(
            "{} has no sheet number {number}; its sheets: {}",
            path.display(),
            listed()
        )));
    }
    Ok(number - 1)
}
