//! What a node says about itself, for validation, forms, documentation and the engine.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// What executing a step a second time means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// May be computed again: reads, or writes that end in the same state when repeated.
    Pure,
    /// Never repeated on its own after it may have happened.
    Once,
    /// Belongs to something alive (a page, a connection) and is done again when that is reopened.
    Live,
}

/// A node as the catalogue describes it.
#[derive(Debug, Clone, Serialize)]
pub struct NodeSpec {
    /// `category.action`
    pub name: Cow<'static, str>,
    /// One line: what it does.
    pub summary: String,
    /// The whole manual, Markdown.
    pub help: String,
    /// Name of an icon of the designer.
    pub icon: Cow<'static, str>,
    /// The effect unless the settings say otherwise.
    pub effect: Effect,
    /// JSON Schema of the settings (an object schema from schemars, `$defs` inside).
    pub settings: Json,
    /// JSON Schema of the outputs.
    pub outputs: Json,
    /// The blocks it takes.
    pub blocks: Vec<BlockSpec>,
    /// Which sibling blocks' steps a block can see.
    pub siblings: Siblings,
    /// The kinds of errors it fails with, beyond those that every step can fail with: `invalid`
    /// settings, `timeout`, and `bug`.
    pub faults: Vec<Fault>,
    /// One or more steps of YAML that show it.
    pub example: Cow<'static, str>,
}

/// A kind of error that a node fails with.
#[derive(Debug, Clone, Serialize)]
pub struct Fault {
    /// The kind, as `retry.on` and `error.kind` write it: `not_found`.
    pub kind: &'static str,
    /// When it happens.
    pub when: Cow<'static, str>,
}

impl NodeSpec {
    /// The block called `name`.
    pub fn block(&self, name: &str) -> Option<&BlockSpec> {
        self.blocks.iter().find(|block| block.name == name)
    }

    /// The part before the first dot.
    pub fn category(&self) -> &str {
        self.name.split('.').next().unwrap_or_default()
    }
}

/// A block that a node takes.
#[derive(Debug, Clone, Serialize)]
pub struct BlockSpec {
    /// The key in the file.
    pub name: &'static str,
    /// When its steps run.
    pub summary: &'static str,
    /// List of steps or lists with names.
    pub shape: BlockShape,
    /// Whether it has to be there.
    pub required: bool,
    /// Names that expressions inside can use.
    pub binds: Vec<Bind>,
    /// Whether passes of it run side by side, so that outputs inside are not visible after it.
    pub isolated: bool,
}

/// How a block is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockShape {
    /// `do: [...]`
    List,
    /// `branches: { name: [...] }`, any name.
    Named,
    /// A list, or lists under some of these names: `catch: [...]` or `catch: { timeout: [...] }`.
    ListOrNamed(&'static [&'static str]),
}

/// A name that a block brings into scope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Bind {
    /// Always this name, such as `error` or `loop`.
    Fixed(&'static str),
    /// The text of a setting, such as `as`, or this default.
    FromSetting {
        /// The setting that holds the name.
        setting: &'static str,
        /// The name when it is not set.
        default: &'static str,
    },
}

/// Which sibling blocks' steps the steps of a block can refer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Siblings {
    /// Blocks written before it (`try`: `catch` sees `do`).
    Earlier,
    /// None: only one of them runs, or they run side by side.
    None,
    /// All: they run in any order (`state_machine`).
    All,
}

/// What is wrong with a text of a format that nodes bring along: a selector, the name of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misformed {
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

/// Where nodes are looked up.
pub trait Catalogue {
    /// The node called `name`.
    fn node(&self, name: &str) -> Option<&NodeSpec>;
    /// Every node, sorted by name.
    fn nodes(&self) -> Vec<&NodeSpec>;

    /// What is wrong with a text that a schema says is of `format`; `None` where nothing is, or where the
    /// format is not known.
    fn misformed(&self, format: &str, text: &str) -> Option<Misformed> {
        let _ = (format, text);
        None
    }
}
