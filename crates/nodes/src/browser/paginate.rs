//! Reading on: further pages, more on the same page, and what comes while scrolling.

use std::{collections::HashSet, time::Duration};

use casare_browser::{
    BrowserError, Click, Expect, Locator, Page,
    understanding::{Growth, ListMark},
};
use casare_engine::StepContext;
use casare_workflow::Span;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use tokio::time::Instant;

use super::target::Target;

/// How to go on to more of what is read.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Pages {
    /// What leads on: the control of the next page or of "load more", for example `role=link[name=Next]`;
    /// `scroll` where more comes while scrolling; `auto` takes what the page offers.
    #[serde(default)]
    pub(super) next: Next,
    /// Stop where this can be seen.
    pub(super) until: Option<Target>,
    /// Read at most so many pages, or so many times more of the same page.
    #[serde(default = "hundred")]
    limit: usize,
    /// Read at most so many records.
    #[serde(default = "ten_thousand")]
    most: usize,
    /// The fields by which a record is known again, such as `[link]`; one that was read before is left out. Without,
    /// only the parts of a page that were read before are.
    #[serde(default)]
    key: Vec<String>,
    /// How long more may take to come before it counts as the end.
    #[serde(default = "five_seconds")]
    patience: Span,
}

fn hundred() -> usize {
    100
}

fn ten_thousand() -> usize {
    10_000
}

fn five_seconds() -> Span {
    Span::from_secs(5)
}

/// What leads on.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum Next {
    By(Way),
    Control(Target),
}

impl Default for Next {
    fn default() -> Self {
        Next::By(Way::Auto)
    }
}

/// A way on that has no name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Way {
    /// What the page offers.
    Auto,
    /// Scrolling down.
    Scroll,
}

/// Why no more was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Stopped {
    /// There is no more.
    End,
    /// The `limit` of pages was reached.
    Limit,
    /// The `most` records were read.
    Most,
    /// What `until` names was seen.
    Until,
}

/// The records of several pages.
struct Gathered<'a> {
    records: Vec<Json>,
    key: &'a [String],
    seen: HashSet<String>,
    before: Vec<Json>,
}

impl Gathered<'_> {
    /// Takes on what a page has; false if nothing of it is new.
    fn add(&mut self, page: Vec<Json>, same_page: bool) -> bool {
        let count = self.records.len();
        if !self.key.is_empty() {
            for record in page {
                let parts = self.key.iter().map(|key| record[key].clone());
                if self.seen.insert(parts.collect::<Json>().to_string()) {
                    self.records.push(record);
                }
            }
            return self.records.len() > count;
        }
        if page == self.before {
            return false;
        }
        // A list that has grown begins with what it had, one that forgets its beginning goes on with its end.
        let known = if same_page {
            overlap(&self.records, &page)
        } else {
            0
        };
        self.records.extend(page.iter().skip(known).cloned());
        self.before = page;
        self.records.len() > count
    }
}

/// How many of the first of `page` are the last of `records`.
fn overlap(records: &[Json], page: &[Json]) -> usize {
    let most = records.len().min(page.len());
    (1..=most)
        .rev()
        .find(|count| records[records.len() - count..] == page[..*count])
        .unwrap_or_default()
}

/// How a page leads on, once that is known.
enum Road {
    Control(Locator),
    Scroll,
}

/// What is read, page by page.
pub(super) struct Gathering {
    pub(super) records: Vec<Json>,
    pub(super) pages: usize,
    pub(super) stopped: Stopped,
}

/// Reads with `read` what `items` finds, and goes on as `pages` says. `next` and `until` are their selectors.
pub(super) async fn gather<R>(
    cx: &StepContext,
    page: &Page,
    items: &Locator,
    pages: &Pages,
    (next, stop_at): (Option<&Locator>, Option<&Locator>),
    until: Instant,
    read: impl Fn() -> R,
) -> Result<Gathering, BrowserError>
where
    R: Future<Output = Result<Vec<Json>, BrowserError>>,
{
    let mut gathered = Gathered {
        records: Vec::new(),
        key: &pages.key,
        seen: HashSet::new(),
        before: Vec::new(),
    };
    let (mut count, mut same_page) = (0, false);
    let stopped = loop {
        let fresh = gathered.add(read().await?, same_page);
        count += 1;
        cx.progress(gathered.records.len() as u64, None);
        if gathered.records.len() >= pages.most {
            gathered.records.truncate(pages.most);
            break Stopped::Most;
        }
        if !fresh && count > 1 {
            count -= 1;
            break Stopped::End;
        }
        if let Some(stop_at) = stop_at
            && is_seen(page, stop_at).await?
        {
            break Stopped::Until;
        }
        if count >= pages.limit {
            break Stopped::Limit;
        }
        let Some(road) = road(page, pages, next, until).await? else {
            break Stopped::End;
        };
        let before = page.list_mark(items, until).await?;
        if !go(page, items, &road, &before, pages.patience.get(), until).await? {
            break Stopped::End;
        }
        same_page = match road {
            Road::Scroll => true,
            Road::Control(_) => page.list_mark(items, until).await?.begins_like(&before),
        };
    };
    Ok(Gathering {
        records: gathered.records,
        pages: count,
        stopped,
    })
}

/// Follows a road; false if it leads nowhere.
async fn go(
    page: &Page,
    items: &Locator,
    road: &Road,
    before: &ListMark,
    patience: Duration,
    until: Instant,
) -> Result<bool, BrowserError> {
    let scroll = matches!(road, Road::Scroll);
    if let Road::Control(at) = road {
        let clicked = page
            .click(at, Click::default(), soon(until, patience))
            .await;
        match clicked {
            Ok(()) => {}
            // The last page has a control that cannot be clicked.
            Err(BrowserError::NotActionable { .. }) if Instant::now() < until => return Ok(false),
            Err(error) => return Err(error),
        }
    }
    let growth = Growth { patience, scroll };
    page.list_grown(items, before, growth, until).await
}

/// What leads on from here.
async fn road(
    page: &Page,
    pages: &Pages,
    next: Option<&Locator>,
    until: Instant,
) -> Result<Option<Road>, BrowserError> {
    match (&pages.next, next) {
        (Next::By(Way::Scroll), _) => Ok(Some(Road::Scroll)),
        (Next::Control(_), Some(next)) => {
            let enabled = page
                .wait_for(next, &Expect::Enabled, soon(until, LOOK))
                .await;
            let there = match enabled {
                Ok(()) => is_seen(page, next).await?,
                Err(BrowserError::NotActionable { .. }) => false,
                Err(error) => return Err(error),
            };
            Ok(there.then(|| Road::Control(next.clone())))
        }
        _ => {
            let offered = page.analyze(until).await?.pagination;
            let Some(offered) = offered else {
                return Ok(Some(Road::Scroll));
            };
            let control = match (offered.next, offered.more) {
                (Some(control), _) | (None, Some(control)) => control,
                // Numbers without a way on end here; what grows by scrolling does not say where it ends.
                (None, None) if offered.last.is_some() => return Ok(None),
                (None, None) => return Ok(Some(Road::Scroll)),
            };
            let at = control.selector.parse()?;
            Ok((!control.disabled).then_some(Road::Control(at)))
        }
    }
}

/// How long a control is looked for on a page that is there.
const LOOK: Duration = Duration::from_millis(300);

fn soon(until: Instant, at_most: Duration) -> Instant {
    until.min(Instant::now() + at_most)
}

async fn is_seen(page: &Page, at: &Locator) -> Result<bool, BrowserError> {
    match page.wait_for(at, &Expect::Visible, Instant::now()).await {
        Ok(()) => Ok(true),
        Err(BrowserError::NotActionable { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn gathered(key: &[String], pages: &[(Json, bool)]) -> Vec<Json> {
        let mut all = Gathered {
            records: Vec::new(),
            key,
            seen: HashSet::new(),
            before: Vec::new(),
        };
        for (page, same_page) in pages {
            all.add(page.as_array().unwrap().clone(), *same_page);
        }
        all.records
    }

    #[test]
    fn what_a_growing_list_showed_before_counts_once_and_equal_records_of_pages_each() {
        let grown = [(json!([1, 1, 2]), false), (json!([1, 1, 2, 3]), true)];
        let moved = [(json!([1, 2, 3]), false), (json!([2, 3, 4]), true)];
        let turned = [(json!([1, 2]), false), (json!([2, 3]), false)];

        assert_eq!(gathered(&[], &grown), [1, 1, 2, 3]);
        assert_eq!(gathered(&[], &moved), [1, 2, 3, 4]);
        assert_eq!(gathered(&[], &turned), [1, 2, 2, 3]);
        let keyed = [
            (json!([{ "id": 1 }, { "id": 2 }]), false),
            (json!([{ "id": 2 }, { "id": 3 }]), false),
        ];
        assert_eq!(gathered(&["id".to_owned()], &keyed).len(), 3);
    }
}
