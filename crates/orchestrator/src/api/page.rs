//! Lists, a page at a time.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use casare_store::Moment;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::Problem;

/// Which part of a list.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(crate) struct Paging {
    /// `next` of the page before.
    pub(crate) cursor: Option<String>,
    /// How many, 1 to 500; 50 when nothing is said.
    #[param(minimum = 1, maximum = 500)]
    pub(crate) limit: Option<u32>,
}

/// A part of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Page<T: ToSchema> {
    pub(crate) items: Vec<T>,
    /// The `cursor` of the page after this one; nothing on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
}

impl Paging {
    /// One more than asked for: it tells whether there is another page.
    pub(crate) fn fetch(&self) -> u32 {
        self.size() + 1
    }

    fn size(&self) -> u32 {
        self.limit.unwrap_or(50).clamp(1, 500)
    }

    /// What the page begins after, as text.
    pub(crate) fn after(&self) -> Result<Option<String>, Problem> {
        let Some(cursor) = &self.cursor else {
            return Ok(None);
        };
        let wrong = || Problem::invalid("`cursor` must be the `next` of a page before");
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| wrong())?;
        let text = String::from_utf8(bytes).map_err(|_| wrong())?;
        // PostgreSQL's text has no such character.
        if text.contains('\0') {
            return Err(wrong());
        }
        Ok(Some(text))
    }

    /// What the page begins after, as an id.
    pub(crate) fn after_id(&self) -> Result<Option<Uuid>, Problem> {
        self.after_parsed()
    }

    /// What the page begins after, as whatever the list goes by.
    pub(crate) fn after_parsed<T: std::str::FromStr>(&self) -> Result<Option<T>, Problem> {
        let text = self.after()?;
        text.map(|text| {
            text.parse()
                .map_err(|_| Problem::invalid("`cursor` must be the `next` of a page before"))
        })
        .transpose()
    }

    /// A page of what was fetched; `key` is what the next one begins after.
    pub(crate) fn page<R, T: ToSchema>(
        &self,
        mut rows: Vec<R>,
        key: impl Fn(&R) -> String,
        view: impl Fn(R) -> T,
    ) -> Page<T> {
        let size = self.size() as usize;
        let more = rows.len() > size;
        rows.truncate(size);
        let next = rows
            .last()
            .filter(|_| more)
            .map(|row| URL_SAFE_NO_PAD.encode(key(row)));
        Page {
            items: rows.into_iter().map(view).collect(),
            next,
        }
    }
}

/// An instant, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(value_type = String, format = DateTime)]
pub(crate) struct Time(pub(crate) Moment);

impl From<Moment> for Time {
    fn from(moment: Moment) -> Self {
        Self(moment)
    }
}

/// A list that is short enough to be whole.
pub(crate) fn whole<T: ToSchema>(items: Vec<T>) -> Page<T> {
    Page { items, next: None }
}
