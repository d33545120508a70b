//! Where a step instance stands in a run: `1.do[17].0`.

use std::{fmt, str::FromStr, sync::Arc};

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// One execution of a step: its index in its list, below the pass of the block that holds it.
///
/// Cheap to clone. Written `1.do[17].0`: the first step of the 18th pass of the `do` block of the
/// second step. Indexes count from 0.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StepPath {
    /// The list it is in; `None` at the top of the workflow.
    pub list: Option<Arc<ListPath>>,
    /// Its place in the list.
    pub index: u32,
}

/// One pass of a list of steps.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct ListPath {
    /// The step that owns the list.
    pub step: StepPath,
    /// Which of its lists: `do`, or `cases:paid` for a list with a name.
    pub block: Arc<str>,
    /// Which pass of a loop, or attempt of a retry, from 0.
    pub pass: Option<u64>,
}

impl StepPath {
    /// The step at `index` of `list`.
    pub fn new(list: Option<Arc<ListPath>>, index: u32) -> Self {
        Self { list, index }
    }

    /// A list of this step.
    pub fn list(&self, block: &Arc<str>, pass: Option<u64>) -> Arc<ListPath> {
        Arc::new(ListPath {
            step: self.clone(),
            block: block.clone(),
            pass,
        })
    }

    /// Whether it is the step at `other` or one in its blocks.
    pub fn is_in(&self, other: &Self) -> bool {
        self == other || self.lists().iter().any(|list| list.step == *other)
    }

    /// The lists on the way down to this step, outermost first.
    pub fn lists(&self) -> Vec<&ListPath> {
        let mut lists = Vec::new();
        let mut list = self.list.as_deref();
        while let Some(path) = list {
            lists.push(path);
            list = path.step.list.as_deref();
        }
        lists.reverse();
        lists
    }
}

/// What would be read as structure in a block's name.
const RESERVED: &AsciiSet = &CONTROLS.add(b'.').add(b'[').add(b']').add(b'%');

/// The written form of a list with a name: `cases:paid`.
pub fn named_block(block: &str, name: &str) -> Arc<str> {
    format!("{block}:{}", utf8_percent_encode(name, RESERVED)).into()
}

impl fmt::Display for StepPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for list in self.lists() {
            write!(f, "{}.{}", list.step.index, list.block)?;
            if let Some(pass) = list.pass {
                write!(f, "[{pass}]")?;
            }
            f.write_str(".")?;
        }
        write!(f, "{}", self.index)
    }
}

impl FromStr for StepPath {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let unreadable = || format!("`{text}` is no path of a step; paths look like `1.do[17].0`");
        let index = |part: Option<&str>| {
            part.and_then(|part| part.parse().ok())
                .ok_or_else(unreadable)
        };
        let mut parts = text.split('.');
        let mut path = Self::new(None, index(parts.next())?);
        while let Some(block) = parts.next() {
            let (name, pass) = match block
                .strip_suffix(']')
                .and_then(|open| open.split_once('['))
            {
                Some((name, pass)) => (name, Some(pass.parse().map_err(|_| unreadable())?)),
                None => (block, None),
            };
            if percent_decode_str(name).decode_utf8().is_err() || name.is_empty() {
                return Err(unreadable());
            }
            let list = path.list(&name.into(), pass);
            path = Self::new(Some(list), index(parts.next())?);
        }
        Ok(path)
    }
}

impl Serialize for StepPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for StepPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

// A path is as deep as the workflow; dropping it link by link keeps the stack flat.
impl Drop for ListPath {
    fn drop(&mut self) {
        let mut next = self.step.list.take();
        while let Some(list) = next {
            match Arc::try_unwrap(list) {
                Ok(mut list) => next = list.step.list.take(),
                Err(_) => break,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_path_reads_as_it_is_written() {
        let top = StepPath::new(None, 1);
        let inner = StepPath::new(Some(top.list(&"do".into(), Some(17))), 0);
        let deep = StepPath::new(Some(inner.list(&named_block("cases", "a.b"), None)), 3);

        assert_eq!(deep.to_string(), "1.do[17].0.cases:a%2Eb.3");
        assert_eq!(deep.to_string().parse(), Ok(deep));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".*") {
            let _ = text.parse::<StepPath>();
        }
    }
}
