//! Keywords of RPA Framework (Robocorp): workbooks, tables, files, PDFs, dialogs.

use casare_workflow::Step;
use serde_json::{Map, Value as Json, json};

use super::{
    body::{Reader, plain_name},
    keywords::{Call, kept, set},
};
use crate::selenium::step;

/// What keywords refer to without naming it.
#[derive(Default)]
pub(super) struct Surroundings {
    /// The open workbook's path.
    workbook: Option<Json>,
    /// The questions of the dialog that is being put together.
    questions: Map<String, Json>,
    /// The words above them.
    words: Vec<String>,
}

/// The cells of a call, by place and by name.
struct Given<'c> {
    placed: Vec<&'c str>,
    named: Vec<(&'c str, &'c str)>,
}

impl<'c> Given<'c> {
    fn read(arguments: &'c [String]) -> Self {
        let mut given = Self {
            placed: Vec::new(),
            named: Vec::new(),
        };
        for cell in arguments {
            match cell.split_once('=') {
                Some((name, value)) if is_name(name) => given.named.push((name, value)),
                _ => given.placed.push(cell),
            }
        }
        given
    }

    /// The argument called one of `names`, else the one at `place`.
    fn text(&self, place: usize, names: &[&str]) -> Option<&'c str> {
        let named = self.named.iter().find(|(name, _)| names.contains(name));
        named
            .map(|(_, value)| *value)
            .or_else(|| self.placed.get(place).copied())
    }

    fn value(&self, reader: &mut Reader<'_>, place: usize, names: &[&str]) -> Option<Json> {
        let text = self.text(place, names)?;
        Some(reader.value(text).setting())
    }

    fn is(&self, place: usize, name: &str, unless_said: bool) -> bool {
        let text = self.text(place, &[name]);
        text.map_or(unless_said, |text| {
            text.trim_matches(['$', '{', '}'])
                .eq_ignore_ascii_case("true")
        })
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .chars()
            .all(|letter| letter.is_ascii_lowercase() || letter == '_')
}

/// The steps of a call, where its keyword is known.
pub(super) fn known(reader: &mut Reader<'_>, call: &Call<'_>, name: &str) -> Option<Vec<Step>> {
    workbook(reader, call, name)
        .or_else(|| table(reader, call, name))
        .or_else(|| file(reader, call, name))
        .or_else(|| dialog(reader, call, name))
}

fn workbook(reader: &mut Reader<'_>, call: &Call<'_>, name: &str) -> Option<Vec<Step>> {
    let given = Given::read(call.arguments);
    if matches!(name, "openworkbook" | "createworkbook") {
        let path = given.value(reader, 0, &["path"]);
        let path = path.unwrap_or_else(|| "workbook.xlsx".into());
        reader.around.workbook = Some(path.clone());
        let create = step("excel.create", json!({ "path": path, "overwrite": true }));
        return Some(if name == "createworkbook" {
            vec![create]
        } else {
            Vec::new()
        });
    }
    let path = reader.around.workbook.clone();
    let (one, output) = match name {
        "closeworkbook" => return Some(Vec::new()),
        "saveworkbook" => {
            let Some(to) = given.value(reader, 0, &["path"]) else {
                return Some(Vec::new());
            };
            let from = path.filter(|from| *from != to);
            let copy = |from: Json| {
                step(
                    "file.copy",
                    json!({ "from": from, "to": to, "if_exists": "replace" }),
                )
            };
            return Some(from.map(copy).into_iter().collect());
        }
        "readworksheet" | "readworksheetastable" => {
            let header = given.is(1, "header", false);
            let sheet = given.value(reader, 0, &["name"]);
            let with = json!({ "path": path?, "sheet": sheet, "header": header });
            (step("excel.read", with), "rows")
        }
        "appendrowstoworksheet" => {
            let rows = given.value(reader, 0, &["content"])?;
            let sheet = given.value(reader, 1, &["name"]);
            let header = given.is(2, "header", false);
            let with = json!({ "path": path?, "sheet": sheet, "rows": rows, "header": header });
            (step("excel.append", with), "range")
        }
        "createworksheet" => {
            let sheet = given.value(reader, 0, &["name"])?;
            let rows = given.value(reader, 1, &["content"]);
            let one = match rows {
                Some(rows) => step(
                    "excel.write",
                    json!({ "path": path?, "sheet": sheet, "rows": rows, "header": given.is(3, "header", false) }),
                ),
                None => step(
                    "excel.sheets",
                    json!({ "path": path?, "action": "add", "name": sheet }),
                ),
            };
            (one, "sheet")
        }
        "listworksheets" => (
            step("excel.sheets", json!({ "path": path?, "action": "list" })),
            "names",
        ),
        "getcellvalue" | "getworksheetvalue" => {
            let cell = cell(given.text(0, &["row"])?, given.text(1, &["column"])?)?;
            let sheet = given.value(reader, 2, &["name"]);
            (
                step(
                    "excel.read_cell",
                    json!({ "path": path?, "sheet": sheet, "cell": cell }),
                ),
                "value",
            )
        }
        "setcellvalue" | "setworksheetvalue" => {
            let cell = cell(given.text(0, &["row"])?, given.text(1, &["column"])?)?;
            let value = given.value(reader, 2, &["value"])?;
            let sheet = given.value(reader, 3, &["name"]);
            let with = json!({ "path": path?, "sheet": sheet, "cells": { cell: value } });
            (step("excel.write_cells", with), "count")
        }
        _ => return None,
    };
    Some(kept(reader, call, one, output))
}

/// Row 3, column 2 or B, as `B3`.
fn cell(row: &str, column: &str) -> Option<String> {
    let row: u32 = row.trim_matches(['$', '{', '}']).parse().ok()?;
    let column = column.trim_matches(['$', '{', '}']);
    let mut letters = String::new();
    match column.parse::<u32>() {
        Ok(mut number) => {
            while number > 0 {
                number -= 1;
                letters.insert(0, char::from(b'A' + (number % 26) as u8));
                number /= 26;
            }
        }
        Err(_) if column.chars().all(|letter| letter.is_ascii_alphabetic()) => {
            letters = column.to_uppercase();
        }
        Err(_) => return None,
    }
    (!letters.is_empty()).then(|| format!("{letters}{row}"))
}

fn table(reader: &mut Reader<'_>, call: &Call<'_>, name: &str) -> Option<Vec<Step>> {
    let given = Given::read(call.arguments);
    match name {
        "readtablefromcsv" => {
            let path = given.value(reader, 0, &["path"])?;
            let header = given
                .text(1, &["header"])
                .map(|_| given.is(1, "header", true));
            let with = json!({ "path": path, "header": header, "delimiter": given.value(reader, 9, &["delimiters"]) });
            Some(kept(reader, call, step("csv.read", with), "rows"))
        }
        "writetabletocsv" => {
            let rows = given.value(reader, 0, &["table"])?;
            let path = given.value(reader, 1, &["path"])?;
            let with = json!({ "rows": rows, "path": path, "header": given.is(2, "header", true) });
            Some(kept(reader, call, step("csv.write", with), "path"))
        }
        "createtable" => {
            let value = given
                .value(reader, 0, &["data"])
                .unwrap_or_else(|| json!([]));
            Some(
                call.target
                    .map(|target| set(target, value))
                    .into_iter()
                    .collect(),
            )
        }
        // These change the table that they are given.
        "filtertablebycolumn" => {
            let condition = json!({
                "column": given.value(reader, 1, &["column"])?,
                "is": comparison(given.text(2, &["operator"])?)?,
                "value": given.value(reader, 3, &["value"])?,
            });
            changed(
                reader,
                &given,
                "table.filter",
                json!({ "conditions": [condition] }),
            )
        }
        "sorttablebycolumn" => {
            let by = given.value(reader, 1, &["column", "columns"])?;
            let descending = !given.is(2, "ascending", true);
            changed(
                reader,
                &given,
                "table.sort",
                json!({ "by": by, "descending": descending }),
            )
        }
        "trimemptyrows" | "trimcolumnnames" => Some(Vec::new()),
        _ => None,
    }
}

fn changed(
    reader: &mut Reader<'_>,
    given: &Given<'_>,
    uses: &str,
    mut with: Json,
) -> Option<Vec<Step>> {
    let name = given.text(0, &["table"])?;
    with["rows"] = reader.value(name).setting();
    let id = reader.id("table");
    let mut one = step(uses, with);
    one.id = Some(id.clone());
    let rows = format!("{{{{ steps.{id}.rows }}}}");
    Some(vec![
        one,
        set(&format!("${{{}}}", plain_name(name)), rows.into()),
    ])
}

fn comparison(operator: &str) -> Option<&'static str> {
    Some(match operator.trim() {
        "==" | "is" => "equals",
        "!=" | "is not" => "not_equals",
        ">" => "greater_than",
        ">=" => "at_least",
        "<" => "less_than",
        "<=" => "at_most",
        "contains" => "contains",
        _ => return None,
    })
}

fn file(reader: &mut Reader<'_>, call: &Call<'_>, name: &str) -> Option<Vec<Step>> {
    let given = Given::read(call.arguments);
    let mut value = |place: usize, names: &[&str]| given.value(reader, place, names);
    let (one, output) = match name {
        "download" => {
            let url = value(0, &["url"])?;
            let last = given
                .text(0, &["url"])?
                .rsplit('/')
                .next()
                .unwrap_or_default();
            let to = value(1, &["target_file"]).unwrap_or_else(|| {
                if last.contains('$') {
                    "./".into()
                } else {
                    last.into()
                }
            });
            let with =
                json!({ "url": url, "save_to": to, "overwrite": given.is(9, "overwrite", false) });
            (step("http.download", with), "path")
        }
        "httpget" => (
            step("http.request", json!({ "url": value(0, &["url"])? })),
            "body",
        ),
        "gettextfrompdf" => (
            step("pdf.read", json!({ "path": value(0, &["source_path"])? })),
            "pages",
        ),
        "addfilestopdf" => {
            let with =
                json!({ "paths": value(0, &["files"])?, "to": value(1, &["target_document"])? });
            (step("pdf.merge", with), "path")
        }
        "archivefolderwithzip" => {
            let with = json!({ "from": value(0, &["folder"])?, "to": value(1, &["archive_name"])?, "content_only": true });
            (step("file.zip", with), "path")
        }
        "extractarchive" => {
            let with = json!({ "from": value(0, &["archive_name"])?, "to": value(1, &["path"]).unwrap_or_else(|| ".".into()) });
            (step("file.unzip", with), "files")
        }
        "removedirectory" | "emptydirectory" => {
            let with = json!({ "path": value(0, &["path"])?, "recursive": true, "missing": "ok" });
            (step("file.delete", with), "deleted")
        }
        "doesfileexist" | "doesdirectoryexist" | "doesfilenotexist" => {
            let info = step("file.info", json!({ "path": value(0, &["path"])? }));
            (info, "exists")
        }
        "fileshouldexist" | "directoryshouldexist" => (
            step("file.info", json!({ "path": value(0, &["path"])? })),
            "path",
        ),
        "loadjsonfromfile" => (
            step("json.read", json!({ "path": value(0, &["filename"])? })),
            "data",
        ),
        "savejsontofile" => {
            let with = json!({ "data": value(0, &["doc"])?, "path": value(1, &["filename"])? });
            (step("json.write", with), "path")
        }
        "convertstringtojson" => (
            step("json.parse", json!({ "text": value(0, &["doc"])? })),
            "data",
        ),
        "convertjsontostring" => (
            step("json.format", json!({ "data": value(0, &["doc"])? })),
            "text",
        ),
        "getvaluefromjson" => {
            let with = json!({ "data": value(0, &["doc"])?, "path": value(1, &["expr"])? });
            (step("json.query", with), "first")
        }
        "getenvironmentvariable" => {
            let with = json!({ "name": value(0, &["name"])?, "default": value(1, &["default"]) });
            (step("system.environment", with), "result")
        }
        _ => return None,
    };
    Some(kept(reader, call, one, output))
}

/// RPA.Dialogs and RPA.Assistant: a form, field by field, and then the question.
fn dialog(reader: &mut Reader<'_>, call: &Call<'_>, name: &str) -> Option<Vec<Step>> {
    let given = Given::read(call.arguments);
    let first = given.text(0, &["heading", "text", "name", "label", "title"]);
    match name {
        "createform" | "addheading" | "addtext" | "addsubmitbuttons" | "addnextuibutton"
        | "addicon" | "clearform" | "cleardialog" | "addlink" | "addimage" => {
            let is_words = matches!(name, "createform" | "addheading" | "addtext");
            if let Some(words) = first.filter(|_| is_words) {
                reader.around.words.push(words.to_owned());
            }
            Some(Vec::new())
        }
        "addtextinput" | "addpasswordinput" | "adddateinput" | "addfileinput" | "addcheckbox"
        | "adddropdown" | "adddrop-down" | "addradiobuttons" | "addhiddeninput" => {
            let (label, field) = match name {
                // Robocorp's older form has the label first.
                "addtextinput" if given.placed.len() >= 2 => (given.placed[0], given.placed[1]),
                _ => {
                    let field = given.text(0, &["name", "element_id"])?;
                    (given.text(9, &["label"]).unwrap_or(field), field)
                }
            };
            let kind = match name {
                "adddateinput" => "date",
                "addfileinput" => "file",
                "addcheckbox" => "confirm",
                "adddropdown" | "adddrop-down" | "addradiobuttons" => "choice",
                _ => "text",
            };
            let choices = given.text(1, &["options"]).filter(|_| kind == "choice");
            let choices =
                choices.map(|options| options.split(',').map(str::trim).collect::<Vec<_>>());
            let question = json!({ "label": label, "kind": kind, "choices": choices });
            let question = question
                .as_object()?
                .iter()
                .filter(|(_, value)| !value.is_null());
            let question: Map<String, Json> = question
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect();
            reader
                .around
                .questions
                .insert(plain_name(field), question.into());
            Some(Vec::new())
        }
        "rundialog" | "askuser" | "showdialog" | "requestresponse" => {
            let words = std::mem::take(&mut reader.around.words).join("\n");
            let questions = std::mem::take(&mut reader.around.questions);
            let message = if words.is_empty() {
                "Please answer".to_owned()
            } else {
                words
            };
            let message = reader.value(&message).setting();
            let ask = if questions.is_empty() {
                step(
                    "human.input",
                    json!({ "message": message, "kind": "confirm" }),
                )
            } else {
                step(
                    "human.input",
                    json!({ "message": message, "fields": questions }),
                )
            };
            Some(kept(reader, call, ask, "answers"))
        }
        _ => None,
    }
}
