//! Beginning, finding, finishing and forgetting runs.

use jiff::Timestamp;
use serde_json::Value;
use sqlx::{Row, sqlite::SqliteRow, types::Json};
use uuid::Uuid;

use super::{
    Durability, Journal, NewRun, RunEnd, RunFilter, RunLock, RunState, StoredRun, lock,
    packed::{Packed, unpack},
    statements,
};
use crate::StoreError;

impl Journal {
    /// Records that `run` begins in this process.
    ///
    /// Survives the end of this process at once, and a power failure from the first
    /// [`Durability::Power`] flush on.
    ///
    /// # Errors
    ///
    /// `RunExists`; `RunInUse` when a process holds its lock; those of a file that cannot be written.
    pub async fn begin(&self, run: &NewRun) -> Result<RunLock, StoreError> {
        let lock = RunLock::take(&self.file.folder, run.id).await?;
        let text = Packed::new(run.text.as_bytes());
        let mut writing = self.file.write(Durability::Process).await?;
        sqlx::query(statements::INSERT_RUN)
            .bind(&run.id.as_bytes()[..])
            .bind(run.started_at.as_microsecond())
            .bind(&run.workflow)
            .bind(&run.file)
            .bind(&run.hash)
            .bind(&run.folder)
            .bind(Json(&run.options))
            .bind(Json(&run.inputs))
            .bind(text.length)
            .bind(text.bytes)
            .execute(&mut writing.connection)
            .await
            .map_err(|error| match error.as_database_error() {
                Some(cause) if cause.is_unique_violation() => StoreError::RunExists { run: run.id },
                _ => self.file.failed("beginning a run", error),
            })?;
        Ok(lock)
    }

    /// Takes up a run again: one more attempt, state `Running`, and no end any more.
    ///
    /// Any run that no process is executing can be reopened; look at its state with
    /// [`Journal::find`] before.
    ///
    /// # Errors
    ///
    /// `NoSuchRun`; `RunInUse` when a process, this one included, is executing it.
    pub async fn reopen(&self, run: Uuid) -> Result<(StoredRun, RunLock), StoreError> {
        let lock = RunLock::take(&self.file.folder, run).await?;
        let mut writing = self.file.write(Durability::Process).await?;
        let row = sqlx::query(statements::REOPEN_RUN)
            .bind(&run.as_bytes()[..])
            .fetch_optional(&mut writing.connection)
            .await
            .map_err(|error| self.file.failed("reopening a run", error))?
            .ok_or_else(|| no_such_run(run))?;
        Ok((stored(&row)?, lock))
    }

    /// Records how `run` ended; when this returns not even a power failure undoes it.
    ///
    /// # Errors
    ///
    /// `NoSuchRun`; those of a file that cannot be written: the run then counts as interrupted.
    pub async fn finish(&self, run: Uuid, end: RunEnd) -> Result<(), StoreError> {
        let mut writing = self.file.write(Durability::Power).await?;
        if end.healed > 0 {
            sqlx::query(statements::SET_HEALED)
                .bind(&run.as_bytes()[..])
                .bind(whole(end.healed))
                .execute(&mut writing.connection)
                .await
                .map_err(|error| self.file.failed("recording what a run healed", error))?;
        }
        let done = sqlx::query(statements::FINISH_RUN)
            .bind(&run.as_bytes()[..])
            .bind(end.state.as_str())
            .bind(end.ended_at.as_microsecond())
            .bind(whole(end.steps))
            .bind(whole(end.duration_ms))
            .bind(end.error.as_ref().map(Json))
            .bind(end.outputs.as_ref().map(Json))
            .execute(&mut writing.connection)
            .await
            .map_err(|error| self.file.failed("recording the end of a run", error))?;
        changed(run, done.rows_affected())
    }

    /// The run with this id, or the one run whose id begins so. Hyphens and case do not matter.
    ///
    /// # Errors
    ///
    /// `NoSuchRun`, `AmbiguousRun` with the ids (the first five), `NotAnId`.
    pub async fn find(&self, id_or_prefix: &str) -> Result<StoredRun, StoreError> {
        let (first, last) =
            ids_beginning_with(id_or_prefix).ok_or_else(|| StoreError::NotAnId {
                text: id_or_prefix.to_owned(),
            })?;
        let rows = {
            let mut reading = self.file.read().await?;
            sqlx::query(statements::FIND_RUNS)
                .bind(&first.as_bytes()[..])
                .bind(&last.as_bytes()[..])
                .fetch_all(&mut *reading)
                .await
                .map_err(|error| self.file.failed("finding a run", error))?
        };
        match &rows[..] {
            [] => Err(StoreError::NoSuchRun {
                run: id_or_prefix.to_owned(),
            }),
            [row] => self.with_interruption(stored(row)?).await,
            rows => Err(StoreError::AmbiguousRun {
                prefix: id_or_prefix.to_owned(),
                runs: rows.iter().map(id).collect::<Result<_, _>>()?,
            }),
        }
    }

    /// Runs, the newest first, without the text of their workflows.
    pub async fn list(&self, filter: RunFilter) -> Result<Vec<StoredRun>, StoreError> {
        let before = filter.before.map(|run| run.as_bytes().to_vec());
        let rows = {
            let mut reading = self.file.read().await?;
            sqlx::query(statements::LIST_RUNS)
                .bind(filter.state.map(RunState::as_str))
                .bind(filter.workflow)
                .bind(before)
                .bind(filter.limit.map_or(-1, i64::from))
                .fetch_all(&mut *reading)
                .await
                .map_err(|error| self.file.failed("listing runs", error))?
        };
        let mut runs = Vec::with_capacity(rows.len());
        for row in &rows {
            runs.push(self.with_interruption(stored(row)?).await?);
        }
        Ok(runs)
    }

    /// Hands all records of `run` to `each`, in order, in the portions in which they were written.
    ///
    /// What one [`super::JournalWriter::append`] wrote is never split between two portions. Memory
    /// does not grow with the run. Nothing is handed over for a run that does not exist.
    ///
    /// # Errors
    ///
    /// `DamagedRun`, after what stands before the damage has been handed over.
    pub async fn segments(&self, run: Uuid, mut each: impl FnMut(&[u8])) -> Result<(), StoreError> {
        let mut after = 0;
        let mut room = Vec::new();
        loop {
            let rows = {
                let mut reading = self.file.read().await?;
                sqlx::query(statements::SELECT_SEGMENTS)
                    .bind(&run.as_bytes()[..])
                    .bind(after)
                    .fetch_all(&mut *reading)
                    .await
                    .map_err(|error| self.file.failed("reading a run", error))?
            };
            let Some(last) = rows.last() else {
                return Ok(());
            };
            after = column(last, run, "seq")?;
            for row in &rows {
                let length = column(row, run, "length")?;
                let bytes = column(row, run, "bytes")?;
                let bytes = unpack(length, bytes, &mut room).ok_or(StoreError::DamagedRun {
                    run,
                    what: "a segment cannot be decompressed",
                })?;
                each(bytes);
            }
        }
    }

    /// Forgets a run and its records.
    ///
    /// # Errors
    ///
    /// `NoSuchRun`; `RunInUse` when a process is executing it.
    pub async fn delete(&self, run: Uuid) -> Result<(), StoreError> {
        let _lock = RunLock::take(&self.file.folder, run).await?;
        let mut writing = self.file.write(Durability::Process).await?;
        let done = sqlx::query(statements::DELETE_RUN)
            .bind(&run.as_bytes()[..])
            .execute(&mut writing.connection)
            .await
            .map_err(|error| self.file.failed("deleting a run", error))?;
        changed(run, done.rows_affected())
    }

    /// Finds out whether a run in state `Running` still has a process that executes it.
    async fn with_interruption(&self, run: StoredRun) -> Result<StoredRun, StoreError> {
        if run.state != RunState::Running || lock::is_held(&self.file.folder, run.id) {
            return Ok(run);
        }
        // It may have ended properly after it was read: only a run that is still `Running` when
        // nobody holds its lock was interrupted.
        let rows = {
            let mut reading = self.file.read().await?;
            sqlx::query(statements::FIND_RUNS)
                .bind(&run.id.as_bytes()[..])
                .bind(&run.id.as_bytes()[..])
                .fetch_all(&mut *reading)
                .await
                .map_err(|error| self.file.failed("finding a run", error))?
        };
        let text = run.text;
        let mut now = match rows.first() {
            Some(row) => stored(row)?,
            None => return Err(no_such_run(run.id)),
        };
        now.interrupted = now.state == RunState::Running;
        now.text = text;
        Ok(now)
    }
}

fn stored(row: &SqliteRow) -> Result<StoredRun, StoreError> {
    let run = id(row)?;
    let damaged = |what| StoreError::DamagedRun { run, what };
    let text: &[u8] = column(row, run, "text")?;
    let mut room = Vec::new();
    let text = unpack(column(row, run, "text_length")?, text, &mut room)
        .and_then(|text| std::str::from_utf8(text).ok())
        .ok_or_else(|| damaged("its workflow cannot be decompressed"))?;
    let state: &str = column(row, run, "state")?;
    let state = state.parse().map_err(|_| damaged("its state is unknown"))?;
    let json =
        |name| column::<Option<Json<Value>>>(row, run, name).map(|json| json.map(|json| json.0));
    Ok(StoredRun {
        id: run,
        workflow: column(row, run, "workflow")?,
        file: column(row, run, "file")?,
        hash: column(row, run, "hash")?,
        text: text.to_owned(),
        inputs: json("inputs")?.unwrap_or_default(),
        started_at: time(row, run, "started_at")?.unwrap_or_default(),
        folder: column(row, run, "folder")?,
        options: json("options")?.unwrap_or_default(),
        state,
        attempt: column(row, run, "attempt")?,
        ended_at: time(row, run, "ended_at")?,
        outputs: json("outputs")?,
        error: json("error")?,
        steps: column::<i64>(row, run, "steps")?.unsigned_abs(),
        healed: column::<Option<i64>>(row, run, "healed")?.map_or(0, i64::unsigned_abs),
        duration_ms: column::<i64>(row, run, "duration_ms")?.unsigned_abs(),
        interrupted: false,
    })
}

fn id(row: &SqliteRow) -> Result<Uuid, StoreError> {
    let bytes: &[u8] = column(row, Uuid::nil(), "id")?;
    Uuid::from_slice(bytes).map_err(|_| StoreError::DamagedRun {
        run: Uuid::nil(),
        what: "its id is not a UUID",
    })
}

fn time(row: &SqliteRow, run: Uuid, name: &'static str) -> Result<Option<Timestamp>, StoreError> {
    column::<Option<i64>>(row, run, name)?
        .map(Timestamp::from_microsecond)
        .transpose()
        .map_err(|_| StoreError::DamagedRun { run, what: name })
}

fn column<'r, T>(row: &'r SqliteRow, run: Uuid, name: &'static str) -> Result<T, StoreError>
where
    T: sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
{
    row.try_get(name)
        .map_err(|_| StoreError::DamagedRun { run, what: name })
}

/// The least and the greatest id that begin with `text`, or `None` if no id can.
fn ids_beginning_with(text: &str) -> Option<(Uuid, Uuid)> {
    let digits: String = text.chars().filter(|&digit| digit != '-').collect();
    if digits.is_empty() || digits.len() > 32 {
        return None;
    }
    let first = Uuid::try_parse(&format!("{digits:0<32}")).ok()?;
    let last = Uuid::try_parse(&format!("{digits:f<32}")).ok()?;
    Some((first, last))
}

fn changed(run: Uuid, rows: u64) -> Result<(), StoreError> {
    if rows == 0 {
        return Err(no_such_run(run));
    }
    Ok(())
}

fn no_such_run(run: Uuid) -> StoreError {
    StoreError::NoSuchRun {
        run: run.to_string(),
    }
}

/// SQLite's numbers are signed.
fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
