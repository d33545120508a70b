//! The least that the work of a benchmark can cost: the same written by hand, run in the release
//! build of this program (`xtask floor …`), without an engine around it.

use std::{
    collections::HashMap,
    fs::File,
    hint::black_box,
    io::{BufWriter, Write},
    path::PathBuf,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use clap::{Args, Subcommand};
use serde_json::Value;

use crate::failure::Failure;

/// Run one floor and print its milliseconds
#[derive(Debug, Args)]
pub(crate) struct Floor {
    #[command(subcommand)]
    work: Work,
    /// How often to do it
    #[arg(long, global = true, default_value_t = 1_000_000)]
    passes: u64,
}

#[derive(Debug, Subcommand)]
enum Work {
    /// Add one to a named value, and send an event to another thread for each
    Loop,
    /// Append a record to a file for each, synced to disk every 10 ms
    Journal { file: PathBuf },
}

/// What a step's event holds at the least.
struct Event {
    step: u64,
    value: Value,
}

impl Floor {
    pub(crate) fn exec(self) -> Result<(), Failure> {
        let began = Instant::now();
        match self.work {
            Work::Loop => count_and_tell(self.passes),
            Work::Journal { file } => append_and_sync(&file, self.passes)
                .map_err(Failure::io(format!("write {}", file.display())))?,
        }
        println!("{}", began.elapsed().as_secs_f64() * 1_000.0);
        Ok(())
    }
}

fn count_and_tell(passes: u64) {
    // Events leave in batches, as in the engine: a message a step would measure the channel.
    let (sender, receiver) = mpsc::sync_channel::<Vec<Event>>(64);
    let listener = thread::spawn(move || {
        for event in receiver.iter().flatten() {
            black_box((event.step, event.value));
        }
    });
    let mut variables: HashMap<String, Value> = HashMap::from([("total".to_owned(), 0.into())]);
    let mut batch = Vec::with_capacity(256);
    for step in 0..passes {
        let total = variables.get("total").and_then(Value::as_u64).unwrap_or(0) + 1;
        variables.insert("total".to_owned(), total.into());
        batch.push(Event {
            step,
            value: total.into(),
        });
        if batch.len() == batch.capacity() {
            let full = std::mem::replace(&mut batch, Vec::with_capacity(256));
            // The listener lives as long as the sender.
            let _ = sender.send(full);
        }
    }
    let _ = sender.send(batch);
    drop(sender);
    let _ = listener.join();
    black_box(variables);
}

fn append_and_sync(file: &PathBuf, passes: u64) -> std::io::Result<()> {
    const GROUP: Duration = Duration::from_millis(10);
    let mut journal = BufWriter::new(File::create(file)?);
    let mut synced = Instant::now();
    for step in 0..passes {
        writeln!(
            journal,
            r#"{{"path":"0.do[{step}].0","attempt":1,"outputs":{{"value":{step}}},"us":1}}"#
        )?;
        if synced.elapsed() >= GROUP {
            journal.flush()?;
            journal.get_ref().sync_data()?;
            synced = Instant::now();
        }
    }
    journal.flush()?;
    journal.get_ref().sync_data()
}
