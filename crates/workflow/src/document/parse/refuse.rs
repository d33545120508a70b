//! Corners of YAML that workflows do not have.

use granit_parser::{Event, Span};

use super::{Builder, Key, Open, SourceRange, problem, range_of, syntax};

impl Builder<'_> {
    pub(super) fn refuse_second_document(&mut self, range: SourceRange) {
        let mut found = problem(
            "several-documents",
            range,
            "the text holds several documents",
        );
        found.label = Some("a second one begins here".to_owned());
        found.help = Some("keep each workflow in a file of its own".to_owned());
        self.report(found);
    }

    pub(super) fn refuse_alias(&mut self, range: SourceRange) {
        let alias = self.text.get(range.start..range.end).unwrap_or("*");
        let message = format!("`{alias}` refers to an anchor of YAML, which workflows don't have");
        let mut found = problem("alias", range, message);
        found.help = Some(format!("if it is meant as text, quote it: \"{alias}\""));
        self.report(found);
    }

    pub(super) fn refuse_tag_and_anchor(
        &mut self,
        event: &Event<'_>,
        span: &Span,
        range: SourceRange,
    ) {
        if event.tag().is_some() {
            let place = span.tag_span().map_or(range, |tag| range_of(&tag));
            let tag = self.text.get(place.start..place.end).unwrap_or("!");
            let mut found = problem(
                "tag",
                place,
                format!("`{tag}` is a tag of YAML, which workflows don't have"),
            );
            found.help = Some(format!(
                "leave it out; a text that begins with `!` has to be quoted: \"{tag}\""
            ));
            self.report(found);
        }
        if !event.is_alias() && event.anchor_id().is_some_and(|id| id > 0) {
            let anchor = self.text[..range.start].rfind('&').unwrap_or(range.start);
            let length = self.text[anchor..]
                .find(char::is_whitespace)
                .unwrap_or(self.text.len() - anchor);
            let place = SourceRange {
                start: anchor,
                end: anchor + length,
            };
            let name = &self.text[place.start..place.end];
            let mut found = problem(
                "anchor",
                place,
                format!("`{name}` is an anchor of YAML, which workflows don't have"),
            );
            found.help = Some(format!(
                "write the value wherever it is needed, or keep it under `variables`; \
                 if `{name}` is meant as text, quote it"
            ));
            self.report(found);
        }
    }

    /// `{{ x }}` without quotes is a map whose key is a map.
    pub(super) fn refuse_collection_as_key(&mut self, range: SourceRange) {
        let Some(frame) = self.frames.last_mut() else {
            return;
        };
        if let Open::Map(_, key) = &mut frame.open {
            *key = Key::Refused;
        }
        let outer = frame.start;
        let found = if self.text[outer..].starts_with("{{") {
            syntax::unquoted_expression(self.text, outer)
        } else {
            problem("key", range, "a list or map can't be a key")
        };
        self.report(found);
    }
}
