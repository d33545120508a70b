//! A few nodes, as the engine and the node library describe theirs.

use std::borrow::Cow;

use casare_workflow::{
    Any, BlockShape, BlockSpec, Catalogue, Effect, NodeSpec, Span,
    catalogue::{Bind, Siblings},
};
use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::Value as Json;

pub(super) struct Nodes(Vec<NodeSpec>);

impl Catalogue for Nodes {
    fn node(&self, name: &str) -> Option<&NodeSpec> {
        let found = self.0.binary_search_by(|node| (*node.name).cmp(name));
        found.ok().map(|index| &self.0[index])
    }

    fn nodes(&self) -> Vec<&NodeSpec> {
        self.0.iter().collect()
    }
}

fn schema_of<T: JsonSchema>() -> Json {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.meta_schema = None);
    SchemaGenerator::new(settings)
        .into_root_schema_for::<T>()
        .to_value()
}

fn node<S: JsonSchema, O: JsonSchema>(name: &'static str) -> NodeSpec {
    NodeSpec {
        name: Cow::Borrowed(name),
        summary: String::new(),
        help: String::new(),
        icon: Cow::Borrowed("box"),
        effect: Effect::Pure,
        settings: schema_of::<S>(),
        outputs: schema_of::<O>(),
        blocks: Vec::new(),
        siblings: Siblings::Earlier,
        faults: Vec::new(),
        example: Cow::Borrowed(""),
    }
}

fn block(name: &'static str, required: bool) -> BlockSpec {
    BlockSpec {
        name,
        summary: "Runs.",
        shape: BlockShape::List,
        required,
        binds: Vec::new(),
        isolated: false,
    }
}

fn with(mut spec: NodeSpec, siblings: Siblings, blocks: Vec<BlockSpec>) -> NodeSpec {
    spec.siblings = siblings;
    spec.blocks = blocks;
    spec
}

macro_rules! settings {
    ($($name:ident { $($(#[$meta:meta])* $field:ident: $kind:ty),* $(,)? })*) => {$(
        #[derive(JsonSchema)]
        #[serde(deny_unknown_fields)]
        #[expect(dead_code, reason = "only its schema is used")]
        struct $name { $($(#[$meta])* $field: $kind),* }
    )*};
}

settings! {
    Condition { condition: Any }
    ForEach {
        items: Any,
        #[serde(default, rename = "as")] item: Option<String>,
        #[serde(default)] #[schemars(range(min = 1, max = 1000))] parallel: Option<u32>,
        #[serde(default)] collect: Option<Any>,
    }
    Repeat { times: u64 }
    Set {
        #[serde(default)] name: Option<String>,
        #[serde(default)] value: Option<Any>,
        #[serde(default)] values: Option<std::collections::BTreeMap<String, Any>>,
    }
    Read {
        /// The workbook.
        path: String,
        #[serde(default)] sheet: Option<String>,
        #[serde(default)] header: bool,
    }
    Write {
        message: String,
        #[serde(default)] level: Option<Level>,
    }
    Wait { duration: Span }
    StateMachine {
        #[serde(default)] start: Option<String>,
        #[serde(default)] transitions: Vec<Transition>,
    }
    Transition {
        from: String,
        to: String,
        #[serde(default)] when: Option<Any>,
    }
    Session { url: String }
    Call {
        workflow: String,
        #[serde(default)] inputs: std::collections::BTreeMap<String, Any>,
    }
}

#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
struct Nothing {}

#[derive(JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "only its schema is used")]
enum Level {
    /// Details.
    Debug,
    Info,
    /// Not good.
    Warn,
}

#[derive(JsonSchema)]
struct NoOutputs {}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct Sheet {
    rows: Vec<Any>,
    columns: Vec<String>,
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct Passes {
    passes: u64,
    results: Vec<Any>,
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct Called {
    #[serde(flatten)]
    outputs: std::collections::BTreeMap<String, Any>,
}

const KINDS: &[&str] = &["not_found", "timeout", "invalid", "business", "any"];

fn loops() -> Vec<BlockSpec> {
    vec![BlockSpec {
        binds: vec![Bind::Fixed("loop")],
        ..block("do", true)
    }]
}

fn for_each() -> NodeSpec {
    let mut blocks = loops();
    blocks[0].binds.push(Bind::FromSetting {
        setting: "as",
        default: "item",
    });
    with(
        node::<ForEach, Passes>("flow.for_each"),
        Siblings::Earlier,
        blocks,
    )
}

fn try_() -> NodeSpec {
    let catch = BlockSpec {
        shape: BlockShape::ListOrNamed(KINDS),
        binds: vec![Bind::Fixed("error")],
        ..block("catch", false)
    };
    let blocks = vec![block("do", true), catch, block("finally", false)];
    with(
        node::<Nothing, NoOutputs>("flow.try"),
        Siblings::Earlier,
        blocks,
    )
}

fn branches(name: &'static str, key: &'static str, siblings: Siblings, isolated: bool) -> NodeSpec {
    let block = BlockSpec {
        shape: BlockShape::Named,
        isolated,
        ..block(key, true)
    };
    with(node::<Nothing, NoOutputs>(name), siblings, vec![block])
}

pub(super) fn nodes() -> Nodes {
    let mut session = with(
        node::<Session, Sheet>("browser.session"),
        Siblings::Earlier,
        vec![block("do", true)],
    );
    session.effect = Effect::Live;
    let mut machine = branches("flow.state_machine", "states", Siblings::All, false);
    machine.settings = schema_of::<StateMachine>();
    let mut nodes = vec![
        with(
            node::<Condition, NoOutputs>("flow.if"),
            Siblings::None,
            vec![block("then", true), block("else", false)],
        ),
        for_each(),
        with(
            node::<Condition, Passes>("flow.while"),
            Siblings::Earlier,
            loops(),
        ),
        with(
            node::<Repeat, Passes>("flow.repeat"),
            Siblings::Earlier,
            loops(),
        ),
        try_(),
        branches("flow.parallel", "branches", Siblings::None, false),
        branches("flow.race", "branches", Siblings::None, true),
        machine,
        session,
        node::<Nothing, NoOutputs>("flow.break"),
        node::<Nothing, NoOutputs>("flow.return"),
        node::<Wait, NoOutputs>("flow.wait"),
        node::<Call, Called>("flow.call"),
        node::<Set, NoOutputs>("data.set"),
        node::<Read, Sheet>("excel.read"),
        node::<Read, Sheet>("csv.read"),
        node::<Write, NoOutputs>("log.write"),
    ];
    nodes.sort_by(|one, other| one.name.cmp(&other.name));
    Nodes(nodes)
}
