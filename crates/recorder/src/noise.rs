//! What a recording holds and a workflow does not need.

use std::collections::HashSet;

use crate::{Action, Event, FieldKind};

/// `events` without what is said twice, what only moved the focus, and what came of nothing.
pub(crate) fn without_noise(events: &[Event]) -> Vec<Event> {
    let mut events = events.to_vec();
    // The browser was closed: that ends a recording, and a session ends by itself.
    while matches!(
        events.last().map(|event| &event.action),
        Some(Action::Closed { .. })
    ) {
        events.pop();
    }
    let events = without_fleeting_pages(events);
    let events = last_values(&events);
    let events = counted_clicks(events);
    without_focus(&events)
}

/// Pages that nobody did anything on, and that are gone again: links to downloads open such.
fn without_fleeting_pages(mut events: Vec<Event>) -> Vec<Event> {
    let closed: HashSet<usize> = events
        .iter()
        .filter(|event| matches!(event.action, Action::Closed { .. }))
        .map(|event| event.page)
        .collect();
    let used: HashSet<usize> = events
        .iter()
        .filter(|event| {
            !matches!(
                event.action,
                Action::Opened { .. }
                    | Action::Closed { .. }
                    | Action::NewTab
                    | Action::Arrived { .. }
                    | Action::Appeared { .. }
                    | Action::Downloaded { .. }
            )
        })
        .map(|event| event.page)
        .collect();
    let opener = |events: &[Event], page: usize| {
        events.iter().find_map(|event| match event.action {
            Action::Opened { by } if event.page == page => Some(by),
            _ => None,
        })
    };
    let fleeting: HashSet<usize> = closed
        .into_iter()
        .filter(|page| *page > 0 && !used.contains(page))
        .collect();
    for page in &fleeting {
        let by = opener(&events, *page);
        for event in &mut events {
            if event.page == *page
                && matches!(event.action, Action::Downloaded { .. })
                && let Some(by) = by
            {
                event.page = by;
            }
        }
    }
    events.retain(|event| !fleeting.contains(&event.page));
    events
}

/// Of what was put into one field in a row, the last.
fn last_values(events: &[Event]) -> Vec<Event> {
    let mut kept: Vec<Event> = Vec::new();
    for event in events {
        if let Action::Fill { element, .. } = &event.action {
            // What the page did of itself meanwhile does not part them.
            let place = kept.iter().rposition(|last| {
                !(last.page == event.page
                    && matches!(
                        last.action,
                        Action::Arrived { .. } | Action::Appeared { .. }
                    ))
            });
            if let Some(place) = place
                && let Action::Fill {
                    element: before, ..
                } = &kept[place].action
                && kept[place].page == event.page
                && before.is(element)
            {
                kept.truncate(place);
            }
        }
        kept.push(event.clone());
    }
    kept
}

/// The second click of a double click tells of the first.
fn counted_clicks(events: Vec<Event>) -> Vec<Event> {
    let mut kept: Vec<Event> = Vec::new();
    for event in events {
        if let Action::Click { element, count, .. } = &event.action
            && *count > 1
        {
            let place = kept.iter().rposition(|last| {
                !matches!(
                    last.action,
                    Action::Arrived { .. } | Action::Appeared { .. }
                )
            });
            if let Some(place) = place
                && let Action::Click {
                    element: before,
                    count: earlier,
                    ..
                } = &kept[place].action
                && kept[place].page == event.page
                && before.is(element)
                && earlier + 1 == *count
            {
                kept.truncate(place);
            }
        }
        kept.push(event);
    }
    kept
}

/// Clicks that only gave the focus to the field that is filled or given a file then, and keys that
/// only moved on to the next one, are left out.
fn without_focus(events: &[Event]) -> Vec<Event> {
    let mut kept: Vec<Event> = Vec::new();
    for (place, event) in events.iter().enumerate() {
        let mut later = events[place + 1..]
            .iter()
            .filter(|next| !matches!(next.action, Action::Appeared { .. }));
        let next = later
            .next()
            .filter(|next| next.page == event.page)
            .map(|next| &next.action);
        let is_noise = match (&event.action, next) {
            (
                Action::Click { element, .. },
                Some(Action::Fill {
                    element: filled, ..
                }),
            ) => element.is(filled) && !filled.typed,
            // Whatever opened the dialog: a run puts the file into the field without it.
            (Action::Click { count: 1, .. }, Some(Action::Upload { .. })) => true,
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

/// Whether letters are typed into a field of this kind.
pub(crate) fn is_typed(kind: FieldKind) -> bool {
    matches!(
        kind,
        FieldKind::Text
            | FieldKind::Password
            | FieldKind::OneTimeCode
            | FieldKind::Secret
            | FieldKind::User
    )
}
