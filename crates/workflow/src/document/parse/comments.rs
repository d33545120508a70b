//! Where comments belong.

use granit_parser::Span;

use super::{Builder, Comment, Key, Open, Pending, range_of};

impl Builder<'_> {
    pub(super) fn comment(&mut self, text: &str, span: &Span) {
        let start = span.start.byte_offset().unwrap_or_default();
        let line = span.start.line();
        let text = text.trim_end().to_owned();
        let before = self.text.get(self.lines.start(line)..start);
        let own_line = before.is_none_or(|before| before.trim().is_empty());
        if !own_line && let Some(kept) = self.comment_on_line(start, line) {
            *kept = Some(text);
            return;
        }
        let blank = self.lines.is_blank_before(line);
        let before = before.unwrap_or_default();
        let column = if before.trim_start().starts_with('-') {
            // Behind a dash it belongs to the item, not to the one above.
            before.len() - before.trim_start().len()
        } else {
            span.start.col()
        };
        self.pending.push(Pending {
            comment: Comment { text, blank },
            column,
        });
    }

    /// Where a comment that stands behind something is kept.
    fn comment_on_line(&mut self, start: usize, line: usize) -> Option<&mut Option<String>> {
        if !self.pending.is_empty() {
            // One that stands after others must not overtake them.
            return None;
        }
        let Some(frame) = self.frames.last_mut() else {
            let node = &mut self.root.as_mut()?.node;
            let free = node.trailing.is_none() && node.is_inline_written();
            return free.then_some(&mut node.trailing);
        };
        let follows = frame.last.is_some_and(|last| {
            // The comment of `key: | # this` comes after the text.
            last.end_line == line || start < last.start
        });
        let opens_here = frame.last.is_none() && frame.is_flow() && frame.line == line;
        match &mut frame.open {
            Open::Map(
                _,
                Key::Got {
                    line: key, header, ..
                },
            ) => (*key == line && header.is_none()).then_some(header),
            Open::Map(_, Key::Refused) => None,
            Open::Map(map, Key::Wanted) if follows => {
                let (_, entry) = map.entries.last_mut()?;
                let trailing = &mut entry.child.node.trailing;
                trailing.is_none().then_some(trailing)
            }
            Open::List(list) if follows => {
                let trailing = &mut list.items.last_mut()?.node.trailing;
                trailing.is_none().then_some(trailing)
            }
            _ if opens_here => frame.header.is_none().then_some(&mut frame.header),
            _ => None,
        }
    }

    /// The comments before something that begins here, and whether an empty line is before it.
    pub(super) fn take_lead(&mut self, line: usize) -> (Vec<Comment>, bool) {
        let lead = self.pending.drain(..).map(|pending| pending.comment);
        (lead.collect(), self.lines.is_blank_before(line))
    }

    /// Of the dash, where the list was found behind `- # comment`.
    pub(super) fn column(&self, span: &Span, flow: bool) -> usize {
        if flow {
            return span.start.col();
        }
        let line = self.lines.start(span.start.line())..range_of(span).start;
        let line = self.text.get(line).unwrap_or_default();
        let written = line.trim_start();
        if written.starts_with("- ") && written.contains('#') {
            line.len() - written.len()
        } else {
            span.start.col()
        }
    }
}
