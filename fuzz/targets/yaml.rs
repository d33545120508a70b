//! Any text: reading a workflow neither panics nor hangs, and what is read is written back.

#![no_main]

use casare_workflow::{Source, format};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(canonical) = format::canonical("fuzz.yaml", text) {
        let again = format::canonical("fuzz.yaml", &canonical);
        assert_eq!(again.ok().as_deref(), Some(canonical.as_str()));
    }
    if let Ok((workflow, _)) = Source::read("fuzz.workflow.yaml", text) {
        let written = format::write(&workflow);
        let (read, _) = Source::read("fuzz.workflow.yaml", &written)
            .unwrap_or_else(|list| panic!("{:?}\n{written}", list.problems));
        assert_eq!(read, workflow, "{written}");
    }
});
