//! Workbooks, documents and pictures.
//!
//! One folder a category, as in `casare-nodes`; these are the categories whose libraries are heavy.
//! Each but `excel` is a cargo feature, on by default.

use casare_engine::Node;

mod excel;
#[cfg(feature = "image")]
mod image;
#[cfg(feature = "ocr")]
mod ocr;
mod ooxml;
#[cfg(feature = "qr")]
mod qr;

/// Every node of these categories.
pub fn standard() -> Vec<Node> {
    [
        excel::nodes(),
        #[cfg(feature = "image")]
        image::nodes(),
        #[cfg(feature = "ocr")]
        ocr::nodes(),
        #[cfg(feature = "qr")]
        qr::nodes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
