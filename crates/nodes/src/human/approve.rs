use casare_engine::{AnswerKind, ErrorKind, Node, NodeError, Question, StepContext};
use casare_workflow::{Any, value::to_json};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Asks a person to approve something, or not.
///
/// On a server the run is suspended until somebody answers: it holds no robot, and survives restarts. With `on_reject:
/// fail` a refusal is an error that `try` can catch; otherwise `approved` says what was decided.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Approve {
    /// What is to be approved.
    message: String,
    /// What the person should know, by its name: an amount, a customer, a link.
    #[serde(default)]
    details: IndexMap<String, Any>,
    /// What becomes of a refusal.
    #[serde(default)]
    on_reject: OnReject,
}

/// What becomes of a refusal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum OnReject {
    /// The run goes on, and `approved` is false.
    #[default]
    Continue,
    /// The step fails as a business error, with the comment.
    Fail,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Decided {
    /// Whether it was approved.
    approved: bool,
    /// What the person said about it.
    comment: String,
    /// Who decided; unknown at a terminal.
    by: Option<String>,
}

pub(super) fn node() -> Node {
    Node::action("human.approve", approve)
        .pure()
        .icon("stamp")
        .fails(ErrorKind::Unavailable, "Nobody is there to answer.")
        .fails(
            ErrorKind::Business,
            "It was refused, with `on_reject: fail`.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: invoice
  use: human.approve
  with:
    message: Pay the invoice?
    details: { supplier: Tea Traders, amount: 1200 }
- use: log.write
  when: "{{ steps.invoice.approved }}"
  with: { message: paid }
"#;

async fn approve(cx: &StepContext, settings: Approve) -> Result<Decided, NodeError> {
    let form = questions(&settings);
    cx.announce_questions(&form);
    let mut said = Vec::new();
    for question in &form {
        let answer = cx.ask(question).await;
        said.push(match (answer, &question.default) {
            (Err(error), Some(default)) if error.kind() == ErrorKind::Unavailable => {
                default.clone()
            }
            (answer, _) => answer?,
        });
    }
    let approved = said[0].as_bool().unwrap_or(false);
    let comment = said[1].as_str().unwrap_or_default().to_owned();
    if !approved && settings.on_reject == OnReject::Fail {
        let why = if comment.is_empty() {
            format!("it was refused: {}", settings.message)
        } else {
            format!("it was refused: {comment}")
        };
        return Err(NodeError::business(why));
    }
    Ok(Decided {
        approved,
        comment,
        by: cx.answered_by(),
    })
}

fn questions(settings: &Approve) -> [Question; 2] {
    let details: Vec<String> = settings
        .details
        .iter()
        .map(|(name, value)| match to_json(&value.0) {
            serde_json::Value::String(text) => format!("{name}: {text}"),
            value => format!("{name}: {value}"),
        })
        .collect();
    let approved = Question {
        name: "approved".to_owned(),
        label: settings.message.clone(),
        help: (!details.is_empty()).then(|| details.join("\n")),
        kind: AnswerKind::Confirm,
        choices: Vec::new(),
        default: None,
        required: true,
    };
    let comment = Question {
        name: "comment".to_owned(),
        label: "Comment".to_owned(),
        help: None,
        kind: AnswerKind::Lines,
        choices: Vec::new(),
        default: Some("".into()),
        required: false,
    };
    [approved, comment]
}
