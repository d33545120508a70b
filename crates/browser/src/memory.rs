//! How much memory a browser takes with all of its processes.

use std::{collections::HashMap, fs};

use crate::browser::Browser;

impl Browser {
    /// The memory of the browser that was started here and of all its processes, in bytes: shared pages are counted
    /// once. `None` where the system does not say.
    pub fn memory(&self) -> Option<u64> {
        let root = self.pid()?;
        let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
        for entry in fs::read_dir("/proc").ok()?.flatten() {
            let Some(pid) = entry
                .file_name()
                .to_str()
                .and_then(|name| name.parse().ok())
            else {
                continue;
            };
            if let Some(parent) = parent_of(pid) {
                children.entry(parent).or_default().push(pid);
            }
        }
        let (mut open, mut sum) = (vec![root], 0);
        while let Some(pid) = open.pop() {
            sum += share_of(pid).unwrap_or_default();
            open.extend(children.remove(&pid).unwrap_or_default());
        }
        (sum > 0).then_some(sum)
    }
}

fn parent_of(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything.
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_whitespace().nth(1)?.parse().ok()
}

/// Its own memory and its share of what it has in common with others.
fn share_of(pid: u32) -> Option<u64> {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    let kilobytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes << 10)
}
