//! How much memory a run holds.

use std::{collections::HashMap, fs};

/// Bytes that a process and all that it has started hold for themselves: what programs share, such as the code of a
/// browser's processes, does not count. Nothing where this system does not tell (`/proc` of Linux does).
pub(crate) fn held_by(root: u32) -> Option<u64> {
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    let mut held: HashMap<u32, u64> = HashMap::new();
    for entry in fs::read_dir("/proc").ok()?.flatten() {
        let Some(id) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        // One that has ended meanwhile holds nothing.
        let Ok(status) = fs::read_to_string(entry.path().join("status")) else {
            continue;
        };
        let of = |name: &str| -> Option<u64> {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_whitespace().next()?.parse().ok()
        };
        if let Some(parent) = of("PPid:").and_then(|id| u32::try_from(id).ok()) {
            children.entry(parent).or_default().push(id);
        }
        held.insert(id, of("RssAnon:").unwrap_or(0) * 1024);
    }
    let mut sum = *held.get(&root)?;
    let mut open = vec![root];
    while let Some(id) = open.pop() {
        for child in children.remove(&id).unwrap_or_default() {
            sum += held.get(&child).copied().unwrap_or(0);
            open.push(child);
        }
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn what_a_process_has_started_counts() {
        use std::io::{BufRead, BufReader};
        let mut child = std::process::Command::new("sh")
            .args([
                "-c",
                "python3 -c 'b = bytearray(80 << 20); print(1, flush=True); input()' & cat; wait",
            ])
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();

        let held = held_by(child.id()).unwrap();

        child.kill().unwrap();
        child.wait().unwrap();
        assert!((80 << 20..160 << 20).contains(&held), "{held}");
    }
}
