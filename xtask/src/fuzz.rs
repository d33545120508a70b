//! Throws broken input at the parsers of outside text.
//!
//! libFuzzer's runtime comes with the `libfuzzer-sys` crate; the coverage counters it needs are
//! plain code generation options, so that the stable compiler is enough.

use std::process::Command;

use clap::Args;

use crate::{failure::Failure, paths};

const TARGETS: &[&str] = &["yaml", "expression"];

const COUNTERS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table -Ccodegen-units=1";

/// Fuzz the parsers of outside input
#[derive(Debug, Args)]
pub(crate) struct Fuzz {
    /// How long to fuzz each target
    #[arg(long, default_value_t = 10)]
    minutes: u32,
    /// Only this one: `yaml` or `expression`
    target: Option<String>,
}

impl Fuzz {
    pub(crate) fn exec(self) -> Result<(), Failure> {
        let root = paths::root();
        let folder = paths::cache().join("fuzz");
        let host = host()?;
        for target in TARGETS {
            if self
                .target
                .as_deref()
                .is_some_and(|wanted| wanted != *target)
            {
                continue;
            }
            let corpus = folder.join("corpus").join(target);
            std::fs::create_dir_all(&corpus)
                .map_err(|error| Failure::Unexpected(format!("{}: {error}", corpus.display())))?;
            let status = Command::new("cargo")
                .args(["run", "--release", "--manifest-path"])
                .arg(root.join("fuzz/Cargo.toml"))
                // A target of its own keeps the counters out of build scripts, which can't link them.
                .args(["--target", &host, "--bin", target, "--"])
                .arg(&corpus)
                .arg(format!("-max_total_time={}", self.minutes * 60))
                .args([
                    "-timeout=10",
                    "-rss_limit_mb=2048",
                    "-max_len=4096",
                    "-print_final_stats=1",
                ])
                .arg(format!("-artifact_prefix={}/", folder.display()))
                .env("RUSTFLAGS", COUNTERS)
                .env("CARGO_TARGET_DIR", folder.join("target"))
                .status()
                .map_err(|error| Failure::Unexpected(format!("cargo: {error}")))?;
            if !status.success() {
                return Err(Failure::Unexpected(format!(
                    "fuzzing `{target}` found something; the input lies in {}",
                    folder.display()
                )));
            }
        }
        Ok(())
    }
}

/// The triple of this machine, as rustc names it.
fn host() -> Result<String, Failure> {
    let told = Command::new("rustc")
        .arg("-vV")
        .output()
        .map_err(|source| Failure::NotStarted {
            program: "rustc".to_owned(),
            source,
        })?;
    String::from_utf8_lossy(&told.stdout)
        .lines()
        .find_map(|line| line.strip_prefix("host: ").map(str::to_owned))
        .ok_or_else(|| Failure::Unexpected("`rustc -vV` names no host".to_owned()))
}
