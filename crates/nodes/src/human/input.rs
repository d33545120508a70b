use casare_engine::{AnswerKind, ErrorKind, Node, NodeError, Question, StepContext};
use casare_workflow::{
    Any,
    value::{from_json, to_json},
};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Asks a person: a line, a number, yes or no, a choice, a date, a file, or a form of several.
///
/// The person is at the terminal in which the run was started. Where nobody is, answers come from
/// `--answer NAME=VALUE`, else from the defaults, else the step fails. Give the step a `timeout` to
/// not wait for ever. Passwords are not asked for here: nodes take them from credentials.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    /// The question; above a form, what it is about.
    message: String,
    /// What the answer is called, for `--answer`; not for forms.
    #[serde(default = "answer")]
    name: String,
    /// What kind of answer is wanted.
    #[serde(default)]
    kind: AnswerKind,
    /// What can be chosen.
    #[serde(default)]
    choices: Vec<String>,
    /// What is taken when the person says nothing.
    default: Option<Any>,
    /// Whether nothing is no answer.
    #[serde(default = "yes")]
    required: bool,
    /// The questions of a form, by the names of their answers.
    #[serde(default)]
    fields: IndexMap<String, Field>,
}

/// A question of a form.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Field {
    /// What the person reads; the name if not set.
    label: Option<String>,
    /// More to read.
    help: Option<String>,
    /// What kind of answer is wanted.
    #[serde(default)]
    kind: AnswerKind,
    /// What can be chosen.
    #[serde(default)]
    choices: Vec<String>,
    /// What is taken when the person says nothing.
    default: Option<Any>,
    /// Whether nothing is no answer.
    #[serde(default = "yes")]
    required: bool,
}

fn answer() -> String {
    "answer".to_owned()
}

fn yes() -> bool {
    true
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Answered {
    /// The answer; of a form, the first one.
    answer: Any,
    /// The answers by name.
    answers: IndexMap<String, Any>,
}

pub(super) fn node() -> Node {
    Node::action("human.input", input)
        .pure()
        .icon("message-circle-question")
        .fails(
            ErrorKind::Unavailable,
            "Nobody is there to answer, and the question has no `default`.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: order
  use: human.input
  with:
    message: What is ordered?
    fields:
      article: { kind: choice, choices: [tea, mate], default: tea }
      amount: { kind: number, default: 1 }
- use: log.write
  with: { message: "{{ steps.order.answers.amount }} {{ steps.order.answers.article }}" }
"#;

async fn input(cx: &StepContext, settings: Input) -> Result<Answered, NodeError> {
    let mut answers = IndexMap::new();
    let questions = questions(settings)?;
    cx.announce_questions(&questions);
    for question in questions {
        let said = cx.ask(&question).await;
        let answer = match (said, &question.default) {
            (Ok(answer), _) => answer,
            // Nobody is there: the default is what would be taken from somebody who says nothing.
            (Err(error), Some(default)) if error.kind() == ErrorKind::Unavailable => {
                default.clone()
            }
            (Err(error), _) => return Err(error),
        };
        answers.insert(question.name, Any(from_json(&answer)));
    }
    Ok(Answered {
        answer: answers.values().next().cloned().unwrap_or_default(),
        answers,
    })
}

fn questions(settings: Input) -> Result<Vec<Question>, NodeError> {
    let json = |default: Option<Any>| default.map(|default| to_json(&default.0));
    let questions: Vec<Question> = if settings.fields.is_empty() {
        vec![Question {
            name: settings.name,
            label: settings.message,
            help: None,
            kind: settings.kind,
            choices: settings.choices,
            default: json(settings.default),
            required: settings.required,
        }]
    } else {
        let mut message = Some(settings.message);
        settings
            .fields
            .into_iter()
            .map(|(name, field)| Question {
                label: field.label.unwrap_or_else(|| name.clone()),
                // What the form is about stands above its first question.
                help: match (message.take(), field.help) {
                    (Some(message), Some(help)) => Some(format!("{message}\n{help}")),
                    (message, help) => message.or(help),
                },
                kind: field.kind,
                choices: field.choices,
                default: json(field.default),
                required: field.required,
                name,
            })
            .collect()
    };
    for question in &questions {
        let chooses = matches!(question.kind, AnswerKind::Choice | AnswerKind::Choices);
        if chooses && question.choices.is_empty() {
            return Err(NodeError::invalid(format!(
                "`{}` has no `choices` to choose from",
                question.name
            )));
        }
    }
    Ok(questions)
}
