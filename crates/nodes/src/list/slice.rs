use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::{Any, Value, value::Stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::items::Items;

/// Takes a part of a list: from one place up to another.
///
/// Of a stream, places from the beginning give a stream again.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Slice {
    /// The list.
    items: Any,
    /// The first place that is taken, counted from 0; with a minus from the end.
    #[serde(default)]
    start: i64,
    /// The first place that is not taken any more; with a minus from the end. The end of the list
    /// if not set.
    end: Option<i64>,
    /// Which items are taken: 2 is every second one.
    #[serde(default = "one")]
    step: usize,
}

fn one() -> usize {
    1
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Sliced {
    /// The part.
    result: Any,
    /// How many items it has; none for a stream.
    count: Option<usize>,
}

pub(super) fn node() -> Node {
    Node::action("list.slice", slice)
        .pure()
        .icon("list-collapse")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: first
  use: list.slice
  with: { items: [a, b, c, d], end: 2 }
- use: log.write
  with: { message: "{{ steps.first.result | join(', ') }}" }
"#;

async fn slice(cx: &StepContext, settings: Slice) -> Result<Sliced, NodeError> {
    if settings.step == 0 {
        return Err(NodeError::invalid("setting `step`: 0 leads nowhere"));
    }
    cx.blocking(move || {
        let Slice {
            start, end, step, ..
        } = settings;
        let items = Items::of("items", settings.items.0)?;
        if let (true, Ok(skip), Ok(take)) = (
            items.is_stream(),
            usize::try_from(start),
            end.map_or(Ok(usize::MAX), usize::try_from),
        ) {
            let part = Stream::value("a part of a list", move || {
                let words = |error: NodeError| error.to_string();
                let items = items
                    .iter()
                    .map_err(words)?
                    .map(move |item| item.map_err(words));
                Ok(Box::new(items.take(take).skip(skip).step_by(step)))
            });
            return Ok(Sliced {
                result: Any(part),
                count: None,
            });
        }
        let all = items.collect()?;
        let place = |at: i64| {
            let distance = usize::try_from(at.unsigned_abs()).unwrap_or(usize::MAX);
            if at < 0 {
                all.len().saturating_sub(distance)
            } else {
                distance.min(all.len())
            }
        };
        let (start, end) = (place(start), end.map_or(all.len(), place));
        let part: Vec<Value> = all
            .get(start..end.max(start))
            .unwrap_or_default()
            .iter()
            .step_by(step)
            .cloned()
            .collect();
        Ok(Sliced {
            count: Some(part.len()),
            result: Any(Value::from(part)),
        })
    })
    .await
}
