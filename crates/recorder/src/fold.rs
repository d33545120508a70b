//! Takes the noise out of a recording.

use serde_json::Value as Json;

use crate::{Action, Element, Event, FieldKind};

/// What is left of a recording.
#[derive(Debug, Clone, PartialEq)]
pub enum Folded {
    /// One thing that was done. `opens` tells that a page came of it, `file` that a download did,
    /// `dialog` which dialog the page then showed.
    Done {
        page: usize,
        action: Action,
        opens: bool,
        file: Option<String>,
        dialog: Option<(bool, Option<String>)>,
    },
    /// Fields of one form, and the button that sent them.
    Form {
        page: usize,
        fields: Vec<(Element, Json)>,
        submit: Option<Element>,
    },
    /// A login: the account's name, the secrets, the button.
    Login {
        page: usize,
        user: Option<(Element, Json)>,
        secrets: Vec<Element>,
        submit: Option<Element>,
    },
    /// The person went on with another page.
    Turned { page: usize },
}

/// What `events` amount to, in their order.
pub fn fold(events: &[Event]) -> Vec<Folded> {
    let events = without_focus(last_values(events));
    let folded = consequences(events);
    forms(folded)
}

/// Of what was put into one field in a row, the last.
fn last_values(events: &[Event]) -> Vec<Event> {
    let mut kept: Vec<Event> = Vec::new();
    for event in events {
        if let (Some(last), Action::Fill { element, .. }) = (kept.last_mut(), &event.action)
            && let Action::Fill {
                element: before, ..
            } = &last.action
            && last.page == event.page
            && before.is(element)
        {
            *last = event.clone();
            continue;
        }
        kept.push(event.clone());
    }
    kept
}

/// Clicks that only gave the focus to the field that is filled or given a file then, and keys that
/// only moved on to the next one, are left out.
fn without_focus(events: Vec<Event>) -> Vec<Event> {
    let mut kept: Vec<Event> = Vec::new();
    for (place, event) in events.iter().enumerate() {
        let next = events[place + 1..]
            .iter()
            .find(|next| next.page == event.page)
            .map(|next| &next.action);
        let is_noise = match (&event.action, next) {
            (
                Action::Click {
                    element, count: 1, ..
                },
                Some(
                    Action::Fill {
                        element: filled, ..
                    }
                    | Action::Upload {
                        element: filled, ..
                    },
                ),
            ) => element.is(filled),
            (Action::Press { key, .. }, next) if key == "Tab" || key == "Shift+Tab" => {
                !matches!(next, None | Some(Action::Press { .. }))
            }
            _ => false,
        };
        if !is_noise {
            kept.push(event.clone());
        }
    }
    // A click into a field and then nothing: the person looked.
    kept.dedup_by(|next, before| {
        matches!(
            (&before.action, &next.action),
            (Action::Click { element: one, count: 1, .. }, Action::Click { element: other, count: 1, .. })
                if one.is(other) && is_typed(one.kind) && before.page == next.page
        )
    });
    kept
}

fn is_typed(kind: FieldKind) -> bool {
    matches!(
        kind,
        FieldKind::Text | FieldKind::Password | FieldKind::OneTimeCode | FieldKind::User
    )
}

/// Pages, downloads and dialogs belong to what was done before them.
fn consequences(events: Vec<Event>) -> Vec<Folded> {
    let mut folded: Vec<Folded> = Vec::new();
    let mut current = 0;
    for event in events {
        let last = folded.last_mut();
        match event.action {
            Action::Opened { by } => {
                if let Some(Folded::Done {
                    page,
                    opens,
                    action: Action::Click { .. },
                    ..
                }) = last
                    && *page == by
                {
                    *opens = true;
                    current = event.page;
                }
            }
            Action::Downloaded { name } => {
                if let Some(Folded::Done { file, .. }) = last {
                    *file = Some(name);
                }
            }
            Action::Dialog { accepted, text, .. } => {
                if let Some(Folded::Done { dialog, .. }) = last {
                    *dialog = Some((accepted, text));
                }
            }
            action => {
                if event.page != current && !matches!(action, Action::Closed) {
                    folded.push(Folded::Turned { page: event.page });
                    current = event.page;
                }
                folded.push(Folded::Done {
                    page: event.page,
                    action,
                    opens: false,
                    file: None,
                    dialog: None,
                });
            }
        }
    }
    folded
}

/// Fields of one form that were filled one after the other are one step; so is a login.
fn forms(folded: Vec<Folded>) -> Vec<Folded> {
    let mut kept: Vec<Folded> = Vec::new();
    let mut rest = folded.into_iter().peekable();
    while let Some(first) = rest.next() {
        let Some((page, form, field)) = filled(&first) else {
            kept.push(first);
            continue;
        };
        let mut fields = vec![field];
        while let Some(next) = rest.peek().and_then(filled)
            && next.0 == page
            && next.1 == form
        {
            rest.next();
            fields.retain(|(element, _)| !element.is(&next.2.0));
            fields.push(next.2);
        }
        let submit = rest.peek().and_then(|next| submitted(next, page, form));
        if submit.is_some() {
            rest.next();
        }
        kept.push(gathered(first, page, fields, submit));
    }
    kept
}

fn gathered(
    first: Folded,
    page: usize,
    mut fields: Vec<(Element, Json)>,
    submit: Option<Element>,
) -> Folded {
    if fields.iter().any(|(element, _)| element.kind.is_secret()) {
        let is_user =
            |(element, _): &(Element, Json)| !element.kind.is_secret() && is_typed(element.kind);
        let user = fields
            .iter()
            .position(is_user)
            .map(|place| fields.remove(place));
        if fields.iter().all(|(element, _)| element.kind.is_secret()) {
            let secrets = fields.into_iter().map(|(element, _)| element).collect();
            return Folded::Login {
                page,
                user,
                secrets,
                submit,
            };
        }
        fields.extend(user);
    }
    if fields.len() == 1 && submit.is_none() {
        return first;
    }
    Folded::Form {
        page,
        fields,
        submit,
    }
}

type Filled = (usize, Option<u64>, (Element, Json));

fn filled(folded: &Folded) -> Option<Filled> {
    match folded {
        Folded::Done {
            page,
            action: Action::Fill { element, value },
            opens: false,
            file: None,
            dialog: None,
        } => Some((*page, element.form, (element.clone(), value.clone()))),
        _ => None,
    }
}

/// The button that sends the form, if that is what was clicked and nothing else came of it.
fn submitted(folded: &Folded, page: usize, form: Option<u64>) -> Option<Element> {
    match folded {
        Folded::Done {
            page: clicked,
            action:
                Action::Click {
                    element,
                    count: 1,
                    modifiers,
                    ..
                },
            opens: false,
            file: None,
            dialog: None,
        } if *clicked == page
            && element.submits
            && form.is_some()
            && element.form == form
            && modifiers.is_empty() =>
        {
            Some(element.clone())
        }
        _ => None,
    }
}
