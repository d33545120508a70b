//! Documents that our script cannot reach from one another: the main one, and frames of other origins.

use serde::Deserialize;
use serde_json::json;
use tokio::time::Instant;

use crate::{
    cdp::{dom, runtime},
    connection::Session,
    error::BrowserError,
    locator::Locator,
    page::{Page, PageCore},
    program::{GRACE, Point, Program, argument, call_function, steps_of},
};

/// Where a program runs: a document that is reached on its own, and where that lies in the page.
#[derive(Debug, Clone)]
pub(crate) struct Scope {
    pub(crate) session: Session,
    pub(crate) context: i64,
    pub(crate) starts: Vec<usize>,
    pub(crate) offset: Point,
}

impl Page {
    /// The main document, as soon as there is one.
    pub(crate) async fn main_scope(&self, deadline: Instant) -> Result<Scope, BrowserError> {
        let started = Instant::now();
        let scope = self.core.wait(deadline + GRACE, |state| {
            let main = state.frames.main();
            main.world.map(|context| Scope {
                session: main.session.clone(),
                context,
                starts: vec![0],
                offset: Point::default(),
            })
        });
        scope
            .await?
            .ok_or_else(|| self.core.unresponsive(started.elapsed()))
    }

    /// The first frame of another origin in which the program's (first) locator finds something.
    pub(crate) async fn scope_that_has(
        &self,
        program: &Program<'_>,
    ) -> Result<Option<Scope>, BrowserError> {
        let Some(first) = program.locators.first() else {
            return Ok(None);
        };
        for scope in self.foreign_scopes(first).await {
            let count = Program::new("count", first).with("starts", json!(scope.starts));
            let soon = Instant::now() + GRACE;
            if let Ok(outcome) = self.run_in(&scope, &count, soon).await
                && outcome.ok.as_ref().is_some_and(|count| count.get() != "0")
            {
                return Ok(Some(scope));
            }
        }
        Ok(None)
    }

    /// All frames whose documents our script cannot reach from the main one, outer ones first.
    /// What vanishes while it is looked at is left out.
    async fn foreign_scopes(&self, locator: &Locator) -> Vec<Scope> {
        let Ok(main) = self.main_scope(Instant::now()).await else {
            return Vec::new();
        };
        let main_id = self.core.state.lock().frames.main_id().to_owned();
        let mut found = Vec::new();
        let mut open = vec![(main_id, main)];
        while let Some((frame, scope)) = open.pop() {
            let children: Vec<String> = self
                .core
                .state
                .lock()
                .frames
                .children(&frame)
                .cloned()
                .collect();
            for child in children {
                if !self.core.state.lock().frames.is_foreign(&child) {
                    open.push((child, scope.clone()));
                } else if let Some(inner) = self.enter(&frame, &child, &scope, locator).await {
                    found.push(inner.clone());
                    open.push((child, inner));
                }
            }
        }
        found
    }

    /// The scope of a foreign frame: asks the element that holds it where it lies, and from which of
    /// the locator's steps a search may go on inside.
    async fn enter(
        &self,
        parent: &str,
        child: &str,
        outer: &Scope,
        locator: &Locator,
    ) -> Option<Scope> {
        #[derive(Deserialize)]
        struct Owner {
            starts: Vec<usize>,
            visible: bool,
            x: f64,
            y: f64,
        }
        let (parent, child_frame) = {
            let state = self.core.state.lock();
            (
                state.frames.get(parent)?.clone(),
                state.frames.get(child)?.clone(),
            )
        };
        let owner = parent
            .session
            .call(&dom::GetFrameOwner {
                frame_id: child.to_owned(),
            })
            .await
            .ok()?;
        let node = parent
            .session
            .call(&dom::ResolveNode {
                backend_node_id: Some(owner.backend_node_id),
                execution_context_id: Some(parent.world?),
            })
            .await
            .ok()?;
        let element = runtime::CallArgument {
            value: None,
            object_id: node.object.object_id.clone(),
        };
        let target = json!({ "steps": steps_of(locator), "starts": outer.starts });
        let ask = call_function(
            "(el, target) => casare.frameOwner(el, target)",
            parent.world?,
            vec![element, argument(&target)],
        );
        let answer = parent.session.call(&ask).await.ok()?;
        if let Some(object_id) = node.object.object_id {
            parent.session.tell(&runtime::ReleaseObject { object_id });
        }
        let owner: Owner = serde_json::from_str(answer.result.value?.get()).ok()?;
        let usable = owner.visible && !owner.starts.is_empty();
        usable.then_some(())?;
        Some(Scope {
            session: child_frame.session,
            context: child_frame.world?,
            starts: owner.starts,
            offset: Point {
                x: outer.offset.x + owner.x,
                y: outer.offset.y + owner.y,
            },
        })
    }
}

/// More closed shadow roots than this are not looked into.
const CLOSED_ROOTS: usize = 50;

impl Page {
    /// An outline of the element whose closed shadow root has what `locator` means. Only for telling why
    /// something was not found: it asks for the whole tree.
    pub(crate) async fn closed_host_of(&self, locator: &Locator) -> Option<String> {
        let scope = self.main_scope(Instant::now()).await.ok()?;
        let session = &scope.session;
        let tree = session.call(&dom::GetDocument {
            depth: Some(-1),
            pierce: Some(true),
        });
        // Asking for the tree makes the browser report each of its changes from then on.
        session.tell(&dom::Disable {});
        let tree = tree.await.ok()?;
        let mut closed = Vec::new();
        collect_closed(&tree.root, &mut closed);
        if closed.is_empty() {
            return None;
        }
        closed.truncate(CLOSED_ROOTS);
        let resolved: Vec<_> = closed
            .into_iter()
            .map(|node| {
                session.call(&dom::ResolveNode {
                    backend_node_id: Some(node),
                    execution_context_id: Some(scope.context),
                })
            })
            .collect();
        let mut arguments = vec![argument(&json!({ "steps": steps_of(locator) }))];
        for root in futures::future::join_all(resolved).await {
            let object_id = root.ok().and_then(|node| node.object.object_id);
            arguments.extend(object_id.map(|object_id| runtime::CallArgument {
                value: None,
                object_id: Some(object_id),
            }));
        }
        let handles: Vec<String> = arguments
            .iter()
            .filter_map(|one| one.object_id.clone())
            .collect();
        let ask = call_function(
            "(target, ...roots) => casare.inClosed(target, roots)",
            scope.context,
            arguments,
        );
        let answer = session.call(&ask).await;
        for object_id in handles {
            session.tell(&runtime::ReleaseObject { object_id });
        }
        serde_json::from_str(answer.ok()?.result.value?.get()).ok()?
    }
}

fn collect_closed(node: &dom::Node, closed: &mut Vec<i64>) {
    for root in node.shadow_roots.iter().flatten() {
        if root.shadow_root_type.as_deref() == Some("closed") {
            closed.push(root.backend_node_id);
        }
        collect_closed(root, closed);
    }
    for child in node.children.iter().flatten() {
        collect_closed(child, closed);
    }
    if let Some(inner) = &node.content_document {
        collect_closed(inner, closed);
    }
}

impl PageCore {
    /// A context that the browser no longer knows; its successor will be announced.
    pub(crate) fn forget_world(&self, scope: &Scope) {
        self.state
            .lock()
            .frames
            .context_destroyed(scope.context, &scope.session);
    }
}
