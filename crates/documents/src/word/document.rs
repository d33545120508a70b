//! An open document: its main part, its headers and footers.

use std::path::Path;

use casare_engine::NodeError;

use crate::ooxml::package::{Kind, Package};

/// The parts of a document that hold text.
pub(super) struct Document {
    pub(super) package: Package,
    pub(super) main: String,
    pub(super) headers: Vec<String>,
    pub(super) footers: Vec<String>,
    pub(super) notes: Vec<String>,
    pub(super) styles: Option<String>,
}

impl Document {
    /// Opens the document at `path`.
    pub(super) fn open(path: &Path) -> Result<Self, NodeError> {
        let extension = path
            .extension()
            .map(|extension| extension.to_string_lossy().to_lowercase())
            .unwrap_or_default();
        match extension.as_str() {
            "docx" | "dotx" => {}
            "docm" | "dotm" => {
                return Err(NodeError::invalid(format!(
                    "{} holds macros, and is not opened",
                    path.display()
                ))
                .with_help("save it as .docx in Word"));
            }
            _ => {
                return Err(
                    NodeError::invalid(format!("{} is no .docx document", path.display()))
                        .with_help("save an old .doc, an .odt or an .rtf as .docx first"),
                );
            }
        }
        let mut package = Package::open(path, Kind::Document)?;
        let main = package
            .relations("")?
            .into_iter()
            .find(|relation| relation.kind == "officeDocument")
            .map(|relation| relation.target)
            .ok_or_else(|| package.damaged("it has no document inside"))?;
        let relations = package.relations(&main)?;
        let of_kind = |kinds: &[&str]| -> Vec<String> {
            relations
                .iter()
                .filter(|relation| kinds.contains(&relation.kind.as_str()))
                .map(|relation| relation.target.clone())
                .filter(|part| package.has(part))
                .collect()
        };
        Ok(Self {
            headers: of_kind(&["header"]),
            footers: of_kind(&["footer"]),
            notes: of_kind(&["footnotes", "endnotes"]),
            styles: of_kind(&["styles"]).pop(),
            package,
            main,
        })
    }
}
