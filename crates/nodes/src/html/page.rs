//! HTML as a tree.

use casare_engine::NodeError;
use scraper::{ElementRef, Html, Selector};

/// Longer texts are refused: 64 MiB.
const LONGEST: usize = 64 * 1024 * 1024;

/// Reads a page. Anything is a page: what is wrong is mended as browsers do.
pub(super) fn page(text: &str) -> Result<Html, NodeError> {
    if text.len() > LONGEST {
        return Err(NodeError::invalid("the HTML has more than 64 MiB"));
    }
    Ok(Html::parse_document(text))
}

/// The selector that is written in `setting`.
pub(super) fn selector(setting: &str, css: &str) -> Result<Selector, NodeError> {
    Selector::parse(css).map_err(|error| {
        NodeError::invalid(format!(
            "setting `{setting}`: `{css}` is no CSS selector: {error}"
        ))
        .with_help("such as `table#orders td.total`, `a[href$='.pdf']` or `h2`")
    })
}

/// The text of an element as a reader sees it: blanks drawn together, blocks on lines of their
/// own, nothing of scripts and styles.
pub(super) fn text(element: ElementRef<'_>) -> String {
    let mut raw = String::new();
    for edge in element.traverse() {
        match edge {
            ego_tree::iter::Edge::Open(node) => {
                if let Some(text) = node.value().as_text() {
                    let hidden = node
                        .ancestors()
                        .filter_map(|above| above.value().as_element())
                        .any(|above| {
                            matches!(above.name(), "script" | "style" | "template" | "noscript")
                        });
                    if !hidden {
                        raw.push_str(&text.replace(['\n', '\r', '\t'], " "));
                    }
                } else if let Some(element) = node.value().as_element()
                    && is_block(element.name())
                {
                    raw.push('\n');
                }
            }
            ego_tree::iter::Edge::Close(node) => {
                if let Some(element) = node.value().as_element() {
                    match element.name() {
                        "td" | "th" => raw.push('\t'),
                        name if is_block(name) => raw.push('\n'),
                        _ => {}
                    }
                }
            }
        }
    }
    let lines = raw
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    let lines: Vec<String> = lines.filter(|line| !line.is_empty()).collect();
    lines.join("\n")
}

fn is_block(name: &str) -> bool {
    matches!(
        name,
        "address"
            | "article"
            | "aside"
            | "blockquote"
            | "br"
            | "dd"
            | "div"
            | "dl"
            | "dt"
            | "fieldset"
            | "figure"
            | "footer"
            | "form"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "header"
            | "hr"
            | "li"
            | "main"
            | "nav"
            | "ol"
            | "p"
            | "pre"
            | "section"
            | "table"
            | "title"
            | "tr"
            | "ul"
    )
}

/// `text` with blanks drawn together.
pub(super) fn tidy(element: ElementRef<'_>) -> String {
    text(element).replace('\n', " ")
}
