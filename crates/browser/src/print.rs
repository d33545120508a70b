//! A page on paper.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use tokio::time::Instant;

use crate::{cdp::page as cdp_page, error::BrowserError, page::Page};

/// How to print a page as a PDF. The default is A4 upright with margins of 1 cm.
#[derive(Debug, Clone, PartialEq)]
pub struct Print {
    /// In millimetres.
    pub width: f64,
    /// In millimetres.
    pub height: f64,
    pub landscape: bool,
    /// Top, right, bottom, left, in millimetres.
    pub margins: [f64; 4],
    /// From 0.1 to 2.
    pub scale: f64,
    /// Whether background colours and pictures are printed.
    pub background: bool,
    /// Such as `1-5, 8`; all if `None`.
    pub pages: Option<String>,
    /// HTML above each page; the classes `date`, `title`, `url`, `pageNumber` and `totalPages` are filled in.
    pub header: Option<String>,
    /// HTML below each page.
    pub footer: Option<String>,
    /// Let the page's own style say how large the paper is.
    pub page_style: bool,
    /// Mark up what is a heading, a list, a table, and give it an outline.
    pub tagged: bool,
}

impl Default for Print {
    fn default() -> Self {
        Print {
            width: 210.0,
            height: 297.0,
            landscape: false,
            margins: [10.0; 4],
            scale: 1.0,
            background: true,
            pages: None,
            header: None,
            footer: None,
            page_style: false,
            tagged: true,
        }
    }
}

const INCH: f64 = 25.4;

impl Page {
    /// Prints the page as a PDF.
    ///
    /// # Errors
    ///
    /// `Refused` for a range of pages that it does not have, or margins without room between them.
    pub async fn pdf(&self, print: &Print, deadline: Instant) -> Result<Vec<u8>, BrowserError> {
        let [top, right, bottom, left] = print.margins.map(|margin| Some(margin.max(0.0) / INCH));
        let around = print.header.is_some() || print.footer.is_some();
        // Without any text Chromium prints its own header.
        let text = |html: &Option<String>| {
            around.then(|| html.clone().unwrap_or_else(|| "<span></span>".into()))
        };
        let command = cdp_page::PrintToPDF {
            landscape: Some(print.landscape),
            display_header_footer: Some(around),
            print_background: Some(print.background),
            scale: Some(print.scale.clamp(0.1, 2.0)),
            paper_width: Some(print.width / INCH),
            paper_height: Some(print.height / INCH),
            margin_top: top,
            margin_right: right,
            margin_bottom: bottom,
            margin_left: left,
            page_ranges: print.pages.clone(),
            header_template: text(&print.header),
            footer_template: text(&print.footer),
            prefer_css_page_size: Some(print.page_style),
            generate_tagged_pdf: Some(print.tagged),
            generate_document_outline: Some(print.tagged),
        };
        let printed = match self.core.call(&command, deadline).await {
            Err(BrowserError::Protocol { message, .. }) => {
                return Err(BrowserError::Refused {
                    what: "print settings",
                    reason: message,
                });
            }
            other => other?,
        };
        STANDARD
            .decode(printed.data)
            .map_err(|error| BrowserError::Protocol {
                method: "Page.printToPDF",
                message: error.to_string(),
            })
    }
}
