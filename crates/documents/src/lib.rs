//! Workbooks, documents and pictures.
//!
//! One folder a category, as in `casare-nodes`; these are the categories whose libraries are heavy.
//! Each but `excel` is a cargo feature, on by default.

use casare_engine::Node;

#[cfg(any(feature = "pdf", feature = "word"))]
mod blocks;
mod excel;
#[cfg(feature = "image")]
mod image;
#[cfg(feature = "ocr")]
mod ocr;
mod ooxml;
#[cfg(feature = "pdf")]
mod pdf;
#[cfg(feature = "qr")]
mod qr;
#[cfg(feature = "word")]
mod word;

/// Every node of these categories.
pub fn standard() -> Vec<Node> {
    [
        excel::nodes(),
        #[cfg(feature = "image")]
        image::nodes(),
        #[cfg(feature = "ocr")]
        ocr::nodes(),
        #[cfg(feature = "pdf")]
        pdf::nodes(),
        #[cfg(feature = "qr")]
        qr::nodes(),
        #[cfg(feature = "word")]
        word::nodes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
