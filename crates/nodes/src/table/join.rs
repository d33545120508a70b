use std::{collections::HashSet, sync::Arc};

use casare_engine::{Cancel, Node, NodeError, StepContext};
use casare_files::rows::{Header, Place, Row};
use casare_workflow::Any;
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    key::{ByKey, Key},
    source::{Source, Table, stop_if},
};

/// Joins two tables by columns that they have in common, as a lookup in a spreadsheet does.
///
/// The result has the columns of the left table, then those of the right; one that both have gets
/// `suffix` at its end. The left table can be a stream of any length, and the result is then one;
/// the right one is held in memory. A row whose key is empty matches nothing. Numbers and texts
/// that are written alike match.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Join {
    /// The left table: the larger one.
    left: Any,
    /// The right table: the smaller one, such as the customers of orders.
    right: Any,
    /// The columns that have to be equal: `id`, `[country, id]`, or by different names
    /// `{ customer_id: id }` (left: right).
    on: On,
    /// Which rows are kept.
    #[serde(default)]
    kind: Kind,
    /// What is put behind the name of a right column that the left table has too.
    #[serde(default = "right")]
    suffix: String,
    /// Which columns of the right table are taken over; all if not set.
    columns: Option<Vec<String>>,
    /// Whether small and capital letters, accents and blanks at the ends make no difference.
    #[serde(default)]
    ignore_case: bool,
}

fn right() -> String {
    "_right".to_owned()
}

/// The columns that have to be equal.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
enum On {
    /// One column that both have.
    One(String),
    /// Several.
    Several(Vec<String>),
    /// Columns of the left table, and what they are called in the right one.
    Different(IndexMap<String, String>),
}

impl On {
    fn pairs(&self) -> Vec<(String, String)> {
        match self {
            Self::One(name) => vec![(name.clone(), name.clone())],
            Self::Several(names) => names
                .iter()
                .map(|name| (name.clone(), name.clone()))
                .collect(),
            Self::Different(names) => names.clone().into_iter().collect(),
        }
    }
}

/// Which rows a join keeps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Kind {
    /// Those that have a partner in the other table.
    #[default]
    Inner,
    /// All of the left table, and their partners.
    Left,
    /// All of the right table, and their partners.
    Right,
    /// All of both tables.
    Full,
    /// Those of the left table that have a partner, once each, with the left columns only.
    Semi,
    /// Those of the left table that have no partner, with the left columns only.
    Anti,
}

pub(super) fn node() -> Node {
    Node::action("table.join", join)
        .pure()
        .icon("merge")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: orders
  use: csv.read
  with: { path: orders.csv }
- id: people
  use: csv.read
  with: { path: people.csv }
- id: joined
  use: table.join
  with:
    left: "{{ steps.orders.rows }}"
    right: "{{ steps.people.rows }}"
    on: { customer: Name }
    kind: left
- use: log.write
  with: { message: "{{ steps.joined.count }} orders, the first from {{ steps.joined.rows[0].Town }}" }
"#;

async fn join(cx: &StepContext, settings: Join) -> Result<Table, NodeError> {
    let cancel = cx.cancel().clone();
    cx.blocking(move || {
        let pairs = settings.on.pairs();
        if pairs.is_empty() {
            return Err(NodeError::invalid("setting `on` names no column"));
        }
        let left = Source::of("left", settings.left.0)?;
        let right = Source::of("right", settings.right.0)?;
        let left_key = Key {
            positions: left.positions("on", pairs.iter().map(|(name, _)| name))?,
            ignore_case: settings.ignore_case,
        };
        let right_key = Key {
            positions: right.positions("on", pairs.iter().map(|(_, name)| name))?,
            ignore_case: settings.ignore_case,
        };
        let layout = match settings.kind {
            Kind::Semi | Kind::Anti => Layout::of_left(&left),
            _ => Layout::new(
                &left,
                &right,
                &pairs,
                &settings.suffix,
                settings.columns.as_deref(),
            )?,
        };
        let header = layout.header.clone();
        let streamed = left.is_stream();
        let plan = Arc::new(Plan {
            kind: settings.kind,
            partners: Partners::of(&right, &right_key, &cancel)?,
            layout,
            left_key,
        });
        Table::passing(&header, (streamed, "joined rows"), &cancel, move || {
            Ok(Pass {
                left: Box::new(left.rows()?),
                matched: match plan.kind {
                    Kind::Right | Kind::Full => vec![false; plan.partners.rows.len()],
                    _ => Vec::new(),
                },
                plan: plan.clone(),
                current: None,
                unmatched: 0,
                buffer: Vec::new(),
            })
        })
    })
    .await
}

/// Which cell of the result stands where.
struct Layout {
    header: Arc<Header>,
    places: Arc<[Place]>,
    /// For a right row without a left one: its key stands in the left columns.
    right_only: Arc<[Place]>,
}

impl Layout {
    fn of_left(left: &Source) -> Self {
        Self {
            header: left.header().clone(),
            places: Arc::new([]),
            right_only: Arc::new([]),
        }
    }

    fn new(
        left: &Source,
        right: &Source,
        pairs: &[(String, String)],
        suffix: &str,
        columns: Option<&[String]>,
    ) -> Result<Self, NodeError> {
        let mut names = left.header().names();
        if left.is_empty() {
            names.extend(pairs.iter().map(|(name, _)| name.clone()));
        }
        let mut places: Vec<Place> = (0..names.len()).map(Place::First).collect();
        let mut right_only: Vec<Place> = names
            .iter()
            .map(|name| {
                let partner = pairs.iter().find(|(left, _)| left == name);
                let position = partner.and_then(|(_, name)| right.header().position(name));
                position.map_or(Place::Nowhere, Place::Second)
            })
            .collect();
        let taken: Vec<usize> = match columns {
            Some(columns) => right.positions("columns", columns)?,
            None => (0..right.header().width()).collect(),
        };
        let mut known: HashSet<String> = names.iter().cloned().collect();
        for position in taken {
            let name = right.header().name(position);
            // The key stands in the left column already.
            if columns.is_none() && pairs.iter().any(|(_, key)| key == name) {
                continue;
            }
            let mut name = name.to_owned();
            while !known.insert(name.clone()) {
                name.push_str(if suffix.is_empty() { "_right" } else { suffix });
            }
            names.push(name);
            places.push(Place::Second(position));
            right_only.push(Place::Second(position));
        }
        Ok(Self {
            header: Header::exact(names),
            places: places.into(),
            right_only: right_only.into(),
        })
    }
}

/// The right table, found by key.
struct Partners {
    rows: Vec<Arc<Row>>,
    /// The first row of each key.
    first: ByKey<u32>,
    /// The next row with the key of this one; `END` after the last.
    next: Vec<u32>,
}

const END: u32 = u32::MAX;

impl Partners {
    fn of(right: &Source, key: &Key, cancel: &Cancel) -> Result<Self, NodeError> {
        let mut rows = Vec::new();
        for row in right.rows()? {
            rows.push(row?);
            stop_if(cancel, rows.len())?;
        }
        if rows.len() >= END as usize {
            return Err(NodeError::invalid("the right table has too many rows")
                .with_help("make the smaller table the right one"));
        }
        let mut partners = Self {
            next: vec![END; rows.len()],
            rows,
            first: ByKey::default(),
        };
        let mut buffer = Vec::new();
        // From the end, so that each chain runs in the order of the rows.
        for (index, row) in partners.rows.iter().enumerate().rev() {
            if !key.write(row, &mut buffer) {
                continue;
            }
            match partners.first.get_mut(buffer.as_slice()) {
                Some(first) => partners.next[index] = std::mem::replace(first, index as u32),
                None => {
                    partners
                        .first
                        .insert(buffer.as_slice().into(), index as u32);
                }
            }
        }
        Ok(partners)
    }
}

struct Plan {
    kind: Kind,
    layout: Layout,
    partners: Partners,
    left_key: Key,
}

/// One pass over the joined rows.
struct Pass {
    plan: Arc<Plan>,
    left: Box<dyn Iterator<Item = Result<Arc<Row>, NodeError>> + Send + Sync>,
    /// The left row at hand, and its next partner.
    current: Option<(Arc<Row>, u32)>,
    /// Which right rows had a partner, where that matters.
    matched: Vec<bool>,
    /// How far the right rows without a partner have been gone through.
    unmatched: usize,
    buffer: Vec<u8>,
}

impl Pass {
    fn pair(&self, left: Arc<Row>, right: Option<Arc<Row>>) -> Arc<Row> {
        let layout = &self.plan.layout;
        let (header, places) = (layout.header.clone(), layout.places.clone());
        Arc::new(Row::view(header, places, Some(left), right, Vec::new()))
    }

    fn partner(&mut self) -> Option<Arc<Row>> {
        let (left, at) = self.current.take()?;
        let partners = &self.plan.partners;
        let right = partners.rows[at as usize].clone();
        let next = partners.next[at as usize];
        if let Some(matched) = self.matched.get_mut(at as usize) {
            *matched = true;
        }
        if next != END {
            self.current = Some((left.clone(), next));
        }
        Some(self.pair(left, Some(right)))
    }

    /// What a left row yields at once.
    fn begin(&mut self, left: Arc<Row>) -> Option<Arc<Row>> {
        let has_key = self.plan.left_key.write(&left, &mut self.buffer);
        let first = match self.plan.partners.first.get(self.buffer.as_slice()) {
            Some(first) if has_key => Some(*first),
            _ => None,
        };
        match (self.plan.kind, first) {
            (Kind::Semi, Some(_)) | (Kind::Anti, None) => Some(left),
            (Kind::Semi | Kind::Inner | Kind::Right, None) | (Kind::Anti, Some(_)) => None,
            (Kind::Left | Kind::Full, None) => Some(self.pair(left, None)),
            (_, Some(first)) => {
                self.current = Some((left, first));
                self.partner()
            }
        }
    }

    fn right_only(&mut self) -> Option<Arc<Row>> {
        while let Some(matched) = self.matched.get(self.unmatched) {
            let index = self.unmatched;
            self.unmatched += 1;
            if !matched {
                let layout = &self.plan.layout;
                let (header, places) = (layout.header.clone(), layout.right_only.clone());
                let right = self.plan.partners.rows[index].clone();
                return Some(Arc::new(Row::view(
                    header,
                    places,
                    None,
                    Some(right),
                    Vec::new(),
                )));
            }
        }
        None
    }
}

impl Iterator for Pass {
    type Item = Result<Arc<Row>, NodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(row) = self.partner() {
            return Some(Ok(row));
        }
        loop {
            match self.left.next() {
                None => return self.right_only().map(Ok),
                Some(Err(error)) => return Some(Err(error)),
                Some(Ok(left)) => {
                    if let Some(row) = self.begin(left) {
                        return Some(Ok(row));
                    }
                }
            }
        }
    }
}
