//! What a node is to the engine: a description and a way to do its work.
//!
//! ```ignore
//! pub async fn click(cx: &StepContext, settings: Click) -> Result<(), NodeError> { … }
//!
//! pub(crate) fn node() -> Node {
//!     Node::action("browser.click", click).effect(Effect::Once).icon("mouse-pointer").example(…)
//! }
//! ```

use std::{
    borrow::Cow,
    fmt,
    future::Future,
    marker::PhantomData,
    sync::{Arc, OnceLock},
};

use async_trait::async_trait;
use casare_workflow::{
    BlockShape, BlockSpec, Effect, NodeSpec, Value,
    catalogue::{Fault, Siblings},
    value::{from_serialize, read_settings},
};
use futures::future::BoxFuture;
use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value as Json;

use crate::{ErrorKind, NodeError, StepContext};

/// A node: what it says about itself, and its work. Cheap to clone.
#[derive(Clone)]
pub struct Node {
    name: Cow<'static, str>,
    effect: Effect,
    icon: &'static str,
    faults: Vec<Fault>,
    example: &'static str,
    blocks: Vec<BlockSpec>,
    siblings: Siblings,
    /// The schemas of settings and outputs.
    schemas: fn() -> (Json, Json),
    /// Made when somebody asks: a run needs the descriptions of its own nodes only.
    spec: Arc<OnceLock<NodeSpec>>,
    work: Work,
}

/// How a node works.
#[derive(Clone)]
pub(crate) enum Work {
    /// The engine's own: `flow.*`, `data.set`.
    Control,
    /// Does something once per execution.
    Action(Arc<dyn Action>),
    /// Opens something for the steps in its `do` block.
    Session(Arc<dyn Session>),
}

/// An `async fn(&StepContext, Settings) -> Result<Outputs, NodeError>`.
///
/// A trait of its own because the future borrows the context.
pub trait NodeFn<'a, S, O>: Send + Sync {
    /// What the function returns.
    type Future: Future<Output = Result<O, NodeError>> + Send + 'a;
    /// Calls the function.
    fn call(&self, cx: &'a StepContext, settings: S) -> Self::Future;
}

impl<'a, F, S, O, T> NodeFn<'a, S, O> for F
where
    F: Fn(&'a StepContext, S) -> T + Send + Sync,
    T: Future<Output = Result<O, NodeError>> + Send + 'a,
{
    type Future = T;

    fn call(&self, cx: &'a StepContext, settings: S) -> T {
        self(cx, settings)
    }
}

/// The work of a node that is described while the program runs: one that a project brings along.
#[async_trait]
pub trait DescribedAction: Send + Sync + 'static {
    /// Does the work. `settings` are a map; whoever describes the settings also checks them.
    async fn run(&self, cx: &StepContext, settings: Value) -> Result<Value, NodeError>;
}

/// How the block of a session ended; a transaction is committed or rolled back by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockEnd {
    /// All its steps were done, or it was left by `break`, `continue` or `return`.
    Completed,
    /// A step failed.
    Failed,
    /// It was cancelled.
    Cancelled,
}

/// Something alive that a session node opened: a browser page, a database connection.
///
/// Steps inside the session's block reach it by type with [`StepContext::resource`].
#[async_trait]
pub trait Resource: Send + Sync + 'static {
    /// Ends it. Runs under the grace time after a cancellation. An error fails the session step
    /// if its block had succeeded.
    async fn close(&self, end: BlockEnd) -> Result<(), NodeError>;

    /// What is needed to open it again where it stands now, when a run is resumed; `None` while
    /// nothing changed since the last call. Called after each step inside the block.
    async fn checkpoint(&self) -> Option<Json> {
        None
    }

    /// The value that [`StepContext::resource`] downcasts.
    fn as_any(self: Arc<Self>) -> Arc<dyn std::any::Any + Send + Sync>;
}

/// What a session node opened, and its outputs.
pub struct Opened<O> {
    /// The thing itself.
    pub resource: Arc<dyn Resource>,
    /// What other steps see of it.
    pub outputs: O,
}

impl Node {
    /// A node that does something: `run` is an `async fn(&StepContext, S) -> Result<O, NodeError>`.
    ///
    /// The first line of the doc comment of `S` is its summary, the whole comment its manual; the
    /// doc comments of the fields are the help of the settings. The effect is [`Effect::Once`]
    /// until [`Node::effect`] says otherwise.
    pub fn action<S, O, F>(name: &'static str, run: F) -> Self
    where
        S: DeserializeOwned + JsonSchema + Send + 'static,
        O: Serialize + JsonSchema + Send + 'static,
        F: for<'a> NodeFn<'a, S, O> + 'static,
    {
        let work: ActionOf<S, O, F> = ActionOf {
            run,
            effect_of: None,
            types: PhantomData,
        };
        Self::new::<S, O>(name, Effect::Once, Work::Action(Arc::new(work)))
    }

    /// As [`Node::action`], with an effect that depends on the settings: a GET can be repeated, a
    /// POST can't.
    pub fn action_with_effect<S, O, F>(
        name: &'static str,
        run: F,
        effect_of: fn(&S) -> Effect,
    ) -> Self
    where
        S: DeserializeOwned + JsonSchema + Send + 'static,
        O: Serialize + JsonSchema + Send + 'static,
        F: for<'a> NodeFn<'a, S, O> + 'static,
    {
        let work: ActionOf<S, O, F> = ActionOf {
            run,
            effect_of: Some(effect_of),
            types: PhantomData,
        };
        Self::new::<S, O>(name, Effect::Once, Work::Action(Arc::new(work)))
    }

    /// A node that opens something for the steps in its `do` block:
    /// `open` is an `async fn(&StepContext, S) -> Result<Opened<O>, NodeError>`.
    pub fn session<S, O, F>(name: &'static str, open: F) -> Self
    where
        S: DeserializeOwned + JsonSchema + Send + 'static,
        O: Serialize + JsonSchema + Send + 'static,
        F: for<'a> NodeFn<'a, S, Opened<O>> + 'static,
    {
        let work: SessionOf<S, O, F> = SessionOf {
            open,
            types: PhantomData,
        };
        Self::new::<S, O>(name, Effect::Live, Work::Session(Arc::new(work))).block(BlockSpec {
            name: "do",
            summary: "Steps that use it; it is closed when they end, however they end.",
            shape: BlockShape::List,
            required: true,
            binds: Vec::new(),
            isolated: false,
        })
    }

    /// A node that is described while the program runs.
    pub fn described(spec: NodeSpec, work: impl DescribedAction) -> Self {
        Self {
            name: spec.name.clone(),
            effect: spec.effect,
            icon: "box",
            example: "",
            faults: spec.faults.clone(),
            blocks: spec.blocks.clone(),
            siblings: spec.siblings,
            schemas: Default::default,
            spec: Arc::new(OnceLock::from(spec)),
            work: Work::Action(Arc::new(Described(work))),
        }
    }

    /// A node whose work is the engine's own.
    pub(crate) fn control<S: JsonSchema, O: JsonSchema>(name: &'static str) -> Self {
        Self::new::<S, O>(name, Effect::Pure, Work::Control)
    }

    fn new<S: JsonSchema, O: JsonSchema>(name: &'static str, effect: Effect, work: Work) -> Self {
        Self {
            name: Cow::Borrowed(name),
            effect,
            icon: "box",
            example: "",
            faults: Vec::new(),
            blocks: Vec::new(),
            siblings: Siblings::Earlier,
            schemas: || (schema_of::<S>(), schema_of::<O>()),
            spec: Arc::default(),
            work,
        }
    }

    /// What executing it a second time means.
    pub fn effect(mut self, effect: Effect) -> Self {
        self.effect = effect;
        self
    }

    /// Can be executed again without harm: reads, or writes that end in the same state.
    pub fn pure(self) -> Self {
        self.effect(Effect::Pure)
    }

    /// Name of its icon (Lucide).
    pub fn icon(mut self, icon: &'static str) -> Self {
        self.icon = icon;
        self
    }

    /// A kind of error that it fails with, and when. `invalid`, `timeout` and `bug` need no mention
    /// unless there is more to say than that settings are wrong or time ran out.
    pub fn fails(mut self, kind: ErrorKind, when: &'static str) -> Self {
        let kind = kind.name();
        let when = Cow::Borrowed(when);
        self.faults.push(Fault { kind, when });
        self
    }

    /// Steps in YAML that show it at work; a test checks that they are valid.
    pub fn example(mut self, yaml: &'static str) -> Self {
        self.example = yaml;
        self
    }

    pub(crate) fn block(mut self, block: BlockSpec) -> Self {
        self.blocks.push(block);
        self
    }

    pub(crate) fn siblings(mut self, siblings: Siblings) -> Self {
        self.siblings = siblings;
        self
    }

    /// What it says about itself.
    pub fn spec(&self) -> &NodeSpec {
        self.spec.get_or_init(|| self.describe())
    }

    /// `category.action`
    pub fn name(&self) -> &str {
        &self.name
    }

    fn describe(&self) -> NodeSpec {
        let (mut settings, outputs) = (self.schemas)();
        let help = settings
            .as_object_mut()
            .and_then(|schema| schema.remove("description"))
            .and_then(|text| text.as_str().map(str::to_owned))
            .unwrap_or_default();
        NodeSpec {
            name: self.name.clone(),
            summary: first_paragraph(&help),
            help,
            icon: Cow::Borrowed(self.icon),
            effect: self.effect,
            settings,
            outputs,
            blocks: self.blocks.clone(),
            siblings: self.siblings,
            faults: self.faults.clone(),
            example: Cow::Borrowed(self.example),
        }
    }

    pub(crate) fn work(&self) -> &Work {
        &self.work
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Node({})", self.name)
    }
}

fn schema_of<T: JsonSchema>() -> Json {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.meta_schema = None);
    SchemaGenerator::new(settings)
        .into_root_schema_for::<T>()
        .to_value()
}

fn first_paragraph(text: &str) -> String {
    let paragraph = text.split("\n\n").next().unwrap_or_default();
    paragraph
        .lines()
        .map(str::trim)
        .collect::<Vec<_>>()
        .join(" ")
}

/// An action whose settings have been read, ready to run.
pub(crate) trait Ready: Send {
    /// The effect these settings have; `None` for the node's own.
    fn effect(&self) -> Option<Effect>;
    /// Does the work.
    fn run<'a>(self: Box<Self>, cx: &'a StepContext) -> BoxFuture<'a, Result<Value, NodeError>>
    where
        Self: 'a;
}

pub(crate) trait Action: Send + Sync {
    /// Reads the settings.
    fn ready<'a>(&'a self, settings: Value) -> Result<Box<dyn Ready + 'a>, NodeError>;
}

struct ActionOf<S, O, F> {
    run: F,
    effect_of: Option<fn(&S) -> Effect>,
    types: PhantomData<fn(S) -> O>,
}

struct Described<A>(A);

struct ReadyDescribed<'a, A> {
    action: &'a A,
    settings: Value,
}

impl<A: DescribedAction> Action for Described<A> {
    fn ready<'a>(&'a self, settings: Value) -> Result<Box<dyn Ready + 'a>, NodeError> {
        Ok(Box::new(ReadyDescribed {
            action: &self.0,
            settings,
        }))
    }
}

impl<A: DescribedAction> Ready for ReadyDescribed<'_, A> {
    fn effect(&self) -> Option<Effect> {
        None
    }

    fn run<'a>(self: Box<Self>, cx: &'a StepContext) -> BoxFuture<'a, Result<Value, NodeError>>
    where
        Self: 'a,
    {
        self.action.run(cx, self.settings)
    }
}

struct ReadyAction<'f, S, O, F> {
    run: &'f F,
    effect: Option<Effect>,
    settings: S,
    outputs: PhantomData<fn() -> O>,
}

impl<S, O, F> Action for ActionOf<S, O, F>
where
    S: DeserializeOwned + Send + 'static,
    O: Serialize + Send + 'static,
    F: for<'a> NodeFn<'a, S, O> + 'static,
{
    fn ready<'a>(&'a self, settings: Value) -> Result<Box<dyn Ready + 'a>, NodeError> {
        let settings: S = read_settings(settings)?;
        Ok(Box::new(ReadyAction {
            run: &self.run,
            effect: self.effect_of.map(|effect_of| effect_of(&settings)),
            settings,
            outputs: PhantomData,
        }))
    }
}

impl<S, O, F> Ready for ReadyAction<'_, S, O, F>
where
    S: Send + 'static,
    O: Serialize + Send + 'static,
    F: for<'a> NodeFn<'a, S, O> + 'static,
{
    fn effect(&self) -> Option<Effect> {
        self.effect
    }

    fn run<'a>(self: Box<Self>, cx: &'a StepContext) -> BoxFuture<'a, Result<Value, NodeError>>
    where
        Self: 'a,
    {
        let future = self.run.call(cx, self.settings);
        Box::pin(async move { future.await.map(from_serialize) })
    }
}

pub(crate) trait Session: Send + Sync {
    fn open<'a>(
        &'a self,
        cx: &'a StepContext,
        settings: Value,
    ) -> BoxFuture<'a, Result<Opened<Value>, NodeError>>;
}

struct SessionOf<S, O, F> {
    open: F,
    types: PhantomData<fn(S) -> O>,
}

impl<S, O, F> Session for SessionOf<S, O, F>
where
    S: DeserializeOwned + Send + 'static,
    O: Serialize + Send + 'static,
    F: for<'a> NodeFn<'a, S, Opened<O>> + 'static,
{
    fn open<'a>(
        &'a self,
        cx: &'a StepContext,
        settings: Value,
    ) -> BoxFuture<'a, Result<Opened<Value>, NodeError>> {
        Box::pin(async move {
            let settings: S = read_settings(settings)?;
            let opened = self.open.call(cx, settings).await?;
            Ok(Opened {
                resource: opened.resource,
                outputs: from_serialize(opened.outputs),
            })
        })
    }
}
