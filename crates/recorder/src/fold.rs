//! Gathers what belongs together.

use serde_json::Value as Json;

use crate::{
    Action, Element, Event, FieldKind,
    noise::{is_typed, without_noise},
    tabs::{Seen, by_tab},
};

/// What is left of a recording.
#[derive(Debug, Clone, PartialEq)]
pub enum Folded {
    /// One thing that was done.
    Done(Box<Done>),
    /// Fields of one form, and the button that sent them.
    Form {
        page: usize,
        fields: Vec<(Element, Json)>,
        submit: Option<Box<Done>>,
    },
    /// Someone signed in.
    Login(Box<Login>),
    /// The person went on with another page: which of those that are open then, and whether pages may still be
    /// on their way.
    Turned { place: usize, is_coming: bool },
    /// The person opened a tab and went to this address.
    NewTab { url: Option<String> },
    /// The person closed a tab that the steps are not in.
    ClosedOther { place: usize },
}

/// A login: the account's name, the secrets, the button.
#[derive(Debug, Clone, PartialEq)]
pub struct Login {
    pub page: usize,
    pub user: Option<(Element, Json)>,
    pub secrets: Vec<Element>,
    pub submit: Option<Box<Done>>,
}

/// Something that was done, and what came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Done {
    pub page: usize,
    pub action: Action,
    /// Whether a page came of it.
    pub opens: bool,
    /// The name of the file whose download it began.
    pub file: Option<String>,
    /// The dialog that the page then showed.
    pub dialog: Option<Dialog>,
    /// The address that it led to, in this page or in the one that came of it.
    pub arrived: Option<String>,
    /// What appeared.
    pub appeared: Option<Element>,
}

/// A dialog's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialog {
    pub kind: String,
    pub accepted: bool,
    pub text: Option<String>,
}

/// What `events` amount to, in their order.
pub fn fold(events: &[Event]) -> Vec<Folded> {
    forms(consequences(by_tab(without_noise(events))))
}

/// Downloads, dialogs and what could be seen belong to what was done before them.
fn consequences(events: Vec<Seen>) -> Vec<Folded> {
    let mut folded: Vec<Folded> = Vec::new();
    for seen in events {
        let (event, opens) = match seen {
            Seen::Did { event, opens } => (*event, opens),
            Seen::Tab(tab) => {
                folded.push(tab);
                continue;
            }
        };
        let last = folded.iter_mut().rev().find_map(|folded| match folded {
            Folded::Done(done) => Some(done),
            _ => None,
        });
        let page = event.page;
        match event.action {
            Action::Downloaded { name } => {
                if let Some(done) = last {
                    done.file = Some(name);
                }
            }
            Action::Dialog {
                kind,
                accepted,
                text,
            } => {
                if let Some(done) = last {
                    let dialog = Dialog {
                        kind,
                        accepted,
                        text,
                    };
                    // The first of several is what was asked; the others have the same answer.
                    done.dialog.get_or_insert(dialog);
                }
            }
            Action::Arrived { url } => {
                if let Some(done) = last.filter(|done| done.opens != (done.page == page)) {
                    done.arrived = Some(url);
                }
            }
            Action::Appeared { element } => {
                if let Some(done) = last.filter(|done| done.page == page) {
                    done.appeared = Some(element);
                }
            }
            action => folded.push(Folded::Done(Box::new(Done {
                page,
                action,
                opens,
                file: None,
                dialog: None,
                arrived: None,
                appeared: None,
            }))),
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
            && !next.2.0.late
        {
            rest.next();
            fields.retain(|(element, _)| !element.is(&next.2.0));
            fields.push(next.2);
        }
        let submit = rest.next_if(|next| submits(next, page, form));
        let submit = submit.and_then(|submit| match submit {
            Folded::Done(done) => Some(done),
            _ => None,
        });
        kept.push(gathered(first, page, fields, submit));
    }
    kept
}

fn gathered(
    first: Folded,
    page: usize,
    mut fields: Vec<(Element, Json)>,
    submit: Option<Box<Done>>,
) -> Folded {
    let signs_in =
        |element: &Element| matches!(element.kind, FieldKind::Password | FieldKind::OneTimeCode);
    if fields.iter().any(|(element, _)| signs_in(element)) {
        let is_user =
            |(element, _): &(Element, Json)| !element.kind.is_secret() && is_typed(element.kind);
        let user = fields.iter().position(is_user);
        let others = fields
            .iter()
            .enumerate()
            .filter(|(place, (element, _))| Some(*place) != user && !element.kind.is_secret());
        if others.count() == 0 {
            let user = user.map(|place| fields.remove(place));
            let secrets = fields.into_iter().map(|(element, _)| element).collect();
            return Folded::Login(Box::new(Login {
                page,
                user,
                secrets,
                submit,
            }));
        }
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
    let Folded::Done(done) = folded else {
        return None;
    };
    let is_quiet = !done.opens && done.file.is_none() && done.dialog.is_none();
    match &done.action {
        // Suggestions that came up are for the keys that follow.
        Action::Fill { element, value }
            if is_quiet && !(element.typed && done.appeared.is_some()) =>
        {
            Some((done.page, element.form, (element.clone(), value.clone())))
        }
        _ => None,
    }
}

/// Whether it is a click on the button that sends the form, and nothing else came of it.
fn submits(folded: &Folded, page: usize, form: Option<u64>) -> bool {
    let Folded::Done(done) = folded else {
        return false;
    };
    let is_quiet = !done.opens && done.file.is_none() && done.dialog.is_none();
    match &done.action {
        Action::Click {
            element,
            count: 1,
            modifiers,
            button,
        } => {
            is_quiet
                && done.page == page
                && element.submits
                && form.is_some()
                && element.form == form
                && modifiers.is_empty()
                && !matches!(&**button, "right" | "middle")
        }
        _ => false,
    }
}
