use casare_browser::{Choice, Locator, Page};
use casare_engine::{Node, NodeError, StepContext};
use casare_workflow::Effect;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    aim::{self, Aim, Intent},
    target::{Target, deadline},
};

/// Selects options of a list, as soon as it has them.
///
/// What was selected before is not any more. Lists that pages draw themselves are no lists to the
/// browser: click them, then click the option.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Select {
    /// The list, for example `label=Country`.
    target: Target,
    /// The option: its label or its value; or several.
    option: Options,
    /// How `option` is meant.
    #[serde(default)]
    by: By,
    /// Whether the element may be looked for another way when it is not found: `true` also where that is
    /// never done by itself (checks, and what cannot be undone), `false` not at all.
    heal: Option<bool>,
}

/// One option or several.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Options {
    /// By number, from 0, with `by: index`.
    Number(usize),
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

/// How options are named.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum By {
    /// By label, or else by value.
    #[default]
    Any,
    /// By what it shows.
    Label,
    /// By the value that is sent.
    Value,
    /// By its place, from 0.
    Index,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Selected {
    /// The values of the selected options.
    values: Vec<String>,
}

pub(super) fn node() -> Node {
    Node::action("browser.select", select)
        .effect(Effect::Live)
        .icon("list-checks")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: browser.session
  with: { url: "https://example.com/" }
  do:
    - use: browser.select
      with: { target: "label=Country", option: France }
"#;

async fn select(cx: &StepContext, settings: Select) -> Result<Selected, NodeError> {
    let names = match settings.option {
        Options::Number(number) => vec![number.to_string()],
        Options::One(name) => vec![name],
        Options::Several(names) => names,
    };
    let choices: Vec<Choice> = names
        .into_iter()
        .map(|name| choice(name, settings.by))
        .collect::<Result<_, _>>()?;
    let aim = Aim::new("target", &settings.target, Intent::Fill);
    let choices = &choices;
    let select = |page: Page, at: Locator, until| async move {
        let values = page.select(&at, choices, until).await?;
        Ok(Selected { values })
    };
    aim::at(cx, aim, settings.heal, deadline(cx), select).await
}

fn choice(name: String, by: By) -> Result<Choice, NodeError> {
    Ok(match by {
        By::Any => Choice::Any(name),
        By::Label => Choice::Label(name),
        By::Value => Choice::Value(name),
        By::Index => Choice::Index(name.parse().map_err(|_| {
            NodeError::invalid(format!(
                "setting `option`: `{name}` is no number of an option"
            ))
            .with_help("with `by: index` write 0 for the first option")
        })?),
    })
}
