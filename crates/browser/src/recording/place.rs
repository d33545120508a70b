//! Where an element stands: its selectors, with the way into the frame that it is in.

use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::time::timeout;

use super::{Tap, World};
use crate::{
    cdp::{dom, runtime},
    healing::look::Description,
    page::PageCore,
    program::call_function,
    target::Target,
};

/// How long a frame may take to be told.
const ASKING: Duration = Duration::from_secs(1);

/// The element of a page's message in the form of `casare-recorder`: its description becomes a target, with
/// `prefix` before its selectors. `None` where no selector finds it.
pub(super) fn element(told: &Value, prefix: &str) -> Option<Map<String, Value>> {
    let mut element = told.as_object()?.clone();
    let target = target(element.remove("description")?, prefix)?;
    element.insert("target".to_owned(), serde_json::to_value(&target).ok()?);
    if let Some(rows) = element.get_mut("row").and_then(|row| row.get_mut("rows"))
        && let Some(text) = rows.as_str()
    {
        *rows = json!(inside(prefix, text));
    }
    element.retain(|_, value| !value.is_null());
    Some(element)
}

/// What finds an element that a page has described.
pub(super) fn target(description: Value, prefix: &str) -> Option<Target> {
    let mut description: Description = serde_json::from_value(description).ok()?;
    for way in &mut description.selectors {
        way.selector = inside(prefix, &way.selector);
    }
    let mut selectors = description
        .selectors
        .iter()
        .filter_map(|way| way.selector.parse().ok());
    let selector = selectors.next()?;
    let alternatives = selectors.collect();
    Some(Target {
        selector,
        alternatives,
        fingerprint: Some(description.look.print),
        anchors: description
            .look
            .anchors
            .with(description.others, description.taken),
        picture: None,
    })
}

fn inside(prefix: &str, selector: &str) -> String {
    if prefix.is_empty() {
        selector.to_owned()
    } else {
        format!("{prefix} >> {selector}")
    }
}

impl Tap {
    /// What leads into a frame, for selectors of elements in it; empty where they find them by themselves.
    pub(super) async fn way_into(&self, page: &PageCore, frame: &str) -> String {
        let mut way = Vec::new();
        let mut at = frame.to_owned();
        loop {
            let (parent, foreign) = {
                let state = page.state.lock();
                let parent = state.frames.get(&at).and_then(|one| one.parent.clone());
                (parent, state.frames.is_foreign(&at))
            };
            let Some(parent) = parent else { break };
            if foreign && let Some(selector) = self.selector_of_frame(&parent, &at).await {
                way.insert(0, selector);
            }
            at = parent;
        }
        way.join(" >> ")
    }

    async fn selector_of_frame(&self, parent: &str, frame: &str) -> Option<String> {
        let (context, World { session, .. }) = {
            let worlds = self.worlds.lock();
            // The newest world of a frame is that of the document that it shows.
            let of_parent = worlds.iter().filter(|(_, world)| world.frame == parent);
            let ((_, context), world) = of_parent.max_by_key(|((_, context), _)| *context)?;
            (*context, world.clone())
        };
        let asked = async {
            let owner = session
                .call(&dom::GetFrameOwner {
                    frame_id: frame.to_owned(),
                })
                .await
                .ok()?;
            let node = session
                .call(&dom::ResolveNode {
                    backend_node_id: Some(owner.backend_node_id),
                    execution_context_id: Some(context),
                })
                .await
                .ok()?;
            let object_id = node.object.object_id?;
            let element = runtime::CallArgument {
                value: None,
                object_id: Some(object_id.clone()),
            };
            let ask = call_function(
                "el => globalThis.casare?.recording?.frame(el) ?? []",
                context,
                vec![element],
            );
            let answer = session.call(&ask).await;
            session.tell(&runtime::ReleaseObject { object_id });
            let ways: Vec<String> = serde_json::from_str(answer.ok()?.result.value?.get()).ok()?;
            ways.into_iter().next()
        };
        timeout(ASKING, asked).await.ok().flatten()
    }
}
