use std::collections::HashMap;

use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_files::rows::{Header, Row};
use casare_workflow::{Any, Value};
use schemars::JsonSchema;
use scraper::{ElementRef, Html};
use serde::{Deserialize, Serialize};

use super::page::{page, selector, tidy};

/// Cells that span more are cut off.
const WIDEST: usize = 1000;

/// Reads a table of HTML as rows.
///
/// Cells that span columns or rows are repeated in each. The first row of headings names the
/// columns.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TableOf {
    /// The HTML.
    text: String,
    /// The CSS selector of the table, such as `table#orders`.
    #[serde(default = "any_table")]
    selector: String,
    /// Which of the tables that the selector finds, from 0.
    #[serde(default)]
    index: usize,
    /// Whether the first row names the columns. If not set, it does where it has heading cells
    /// (`th`). Without names, each row is a list.
    header: Option<bool>,
}

fn any_table() -> String {
    "table".to_owned()
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Rows {
    /// The rows: maps from column names to texts, or lists of texts if there are no names.
    rows: Any,
    /// The names of the columns.
    columns: Vec<String>,
    /// How many rows there are.
    count: usize,
}

pub(super) fn node() -> Node {
    Node::action("html.table", table)
        .pure()
        .icon("table")
        .fails(ErrorKind::NotFound, "There is no such table at `selector`.")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: page
  use: file.read
  with: { path: page.html }
- id: orders
  use: html.table
  with: { text: "{{ steps.page.content }}", selector: "table#orders" }
- use: log.write
  with: { message: "{{ steps.orders.rows[0].Number }}: {{ steps.orders.rows[0].Total }}" }
"#;

async fn table(cx: &StepContext, settings: TableOf) -> Result<Rows, NodeError> {
    cx.blocking(move || {
        let page = page(&settings.text)?;
        let chosen = selector("selector", &settings.selector)?;
        let table = page.select(&chosen).nth(settings.index).ok_or_else(|| {
            NodeError::not_found(format!(
                "there is no table number {} at `{}`",
                settings.index, settings.selector
            ))
            .with_help("tables that a script makes are read with browser.extract")
        })?;
        let (mut grid, has_headings) = cells(&page, table)?;
        let mut columns = Vec::new();
        let mut header = None;
        if settings.header.unwrap_or(has_headings) && !grid.is_empty() {
            let titles = Header::new(grid.remove(0));
            columns = titles.names();
            header = Some(titles);
        }
        let rows: Vec<Value> = grid
            .into_iter()
            .map(|cells| {
                let cells: Vec<Value> = cells.into_iter().map(Value::from).collect();
                match &header {
                    Some(header) => Row::of_values(header.clone(), cells),
                    None => Value::from(cells),
                }
            })
            .collect();
        Ok(Rows {
            count: rows.len(),
            rows: Any(Value::from(rows)),
            columns,
        })
    })
    .await
}

/// The texts of a table's cells, row by row, and whether the first row has headings.
fn cells(_: &Html, table: ElementRef<'_>) -> Result<(Vec<Vec<String>>, bool), NodeError> {
    let (rows, inner) = (selector("selector", "tr")?, selector("selector", "td, th")?);
    let headings = selector("selector", "th")?;
    let own_table = |element: &ElementRef<'_>| {
        element.ancestors().find_map(ElementRef::wrap).is_some()
            && element
                .ancestors()
                .filter_map(ElementRef::wrap)
                .find(|above| above.value().name() == "table")
                .is_none_or(|above| above.id() == table.id())
    };
    let mut grid = Vec::new();
    // Cells that reach down: by column, how many rows more, and the text.
    let mut below: HashMap<usize, (usize, String)> = HashMap::new();
    let mut has_headings = false;
    for row in table.select(&rows).filter(own_table) {
        if grid.is_empty() {
            has_headings = row.select(&headings).next().is_some();
        }
        let mut line: Vec<String> = Vec::new();
        for cell in row.select(&inner).filter(own_table) {
            from_above(&mut line, &mut below);
            let span = |name| {
                let number = cell
                    .attr(name)
                    .and_then(|span| span.trim().parse::<usize>().ok());
                number.unwrap_or(1).clamp(1, WIDEST)
            };
            let (text, down) = (tidy(cell), span("rowspan") - 1);
            for _ in 0..span("colspan") {
                if line.len() == WIDEST {
                    break;
                }
                if down > 0 {
                    below.insert(line.len(), (down, text.clone()));
                }
                line.push(text.clone());
            }
        }
        from_above(&mut line, &mut below);
        if !line.is_empty() {
            grid.push(line);
        }
    }
    Ok((grid, has_headings))
}

/// Adds cells of rows above that reach down to the next place of `line`.
fn from_above(line: &mut Vec<String>, below: &mut HashMap<usize, (usize, String)>) {
    while let Some((left, text)) = below.get_mut(&line.len()) {
        line.push(text.clone());
        *left -= 1;
        if *left == 0 {
            below.remove(&(line.len() - 1));
        }
    }
}
