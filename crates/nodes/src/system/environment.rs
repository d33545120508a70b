use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Reads an environment variable of this machine.
///
/// In expressions `env.NAME` does the same for the variables that the workflow's `env` lists. What
/// programs should see is given to them with their `env` setting. Casare's own variables, which may
/// hold credentials, are not shown.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Environment {
    /// The variable.
    name: String,
    /// What is answered where it is not set; that is an error otherwise.
    default: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Variable {
    /// Its value.
    result: String,
    /// Whether it is set.
    exists: bool,
}

pub(super) fn node() -> Node {
    Node::action("system.environment", environment)
        .pure()
        .icon("variable")
        .fails(
            ErrorKind::NotFound,
            "The variable is not set and there is no `default`.",
        )
        .fails(
            ErrorKind::Denied,
            "It is a variable of Casare itself, which may hold a credential.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: language
  use: system.environment
  with: { name: LANG, default: en }
- use: log.write
  with: { message: "{{ steps.language.result }}" }
"#;

async fn environment(_cx: &StepContext, settings: Environment) -> Result<Variable, NodeError> {
    let Environment { name, default } = settings;
    if name.to_uppercase().starts_with("CASARE_") {
        return Err(NodeError::denied(format!(
            "`{name}` is a variable of Casare itself, which may hold a credential"
        ))
        .with_help("a credential is given to nodes by its name, in a setting `credential`"));
    }
    if name.is_empty() || name.contains(['=', '\0']) {
        return Err(NodeError::invalid(format!(
            "`{name}` is no name of a variable"
        )));
    }
    match (std::env::var_os(&name), default) {
        (Some(value), _) => Ok(Variable {
            result: value.to_string_lossy().into_owned(),
            exists: true,
        }),
        (None, Some(result)) => Ok(Variable {
            result,
            exists: false,
        }),
        (None, None) => Err(NodeError::not_found(format!(
            "the environment variable `{name}` is not set"
        ))
        .with_help("set it, or give a `default`")),
    }
}
