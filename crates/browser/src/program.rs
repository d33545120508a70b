//! Running one program of the page script: find, wait, check and do, in one round trip.
//!
//! The waiting happens inside the page. Here is only what a page cannot do for itself: go on in the
//! next document when this one is replaced, look into frames of other origins, and give up when the
//! page no longer answers.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value, json, value::RawValue};
use tokio::time::{Instant, sleep, timeout_at};

use crate::{
    cdp::runtime,
    connection::{CallError, Session},
    error::{BrowserError, Check},
    events::exception_text,
    locator::{Locator, unfit},
    page::Page,
    scope::Scope,
    understanding,
};

/// What the page is given beyond the deadline to send its own answer.
pub(crate) const GRACE: Duration = Duration::from_millis(1500);
/// How often frames of other origins are looked into while the main document waits by itself.
pub(crate) const FOREIGN_PAUSE: Duration = Duration::from_millis(150);

/// What a program of the page script found and did.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub(crate) struct Outcome {
    pub(crate) ok: Option<Box<RawValue>>,
    /// The check that failed last, when the time was over.
    failed: Option<String>,
    detail: String,
    waited: f64,
    nearest: Vec<String>,
    /// How many elements each step of the locator found.
    trace: Vec<usize>,
    several: Option<Vec<String>>,
    total: usize,
    pub(crate) invalid: Option<String>,
    unusable: Option<String>,
    /// Which of several locators it is about.
    field: Option<usize>,
    /// Not in this document: look into the frames that it cannot see into.
    pub(crate) handover: bool,
    /// Not found, but something may hide it from us.
    closed: bool,
    /// Where it ran.
    #[serde(skip)]
    scope: Option<Scope>,
}

impl Default for Outcome {
    fn default() -> Self {
        Outcome {
            ok: None,
            failed: None,
            detail: String::new(),
            waited: 0.0,
            nearest: Vec::new(),
            trace: Vec::new(),
            several: None,
            total: 0,
            invalid: None,
            unusable: None,
            field: None,
            handover: false,
            closed: false,
            scope: None,
        }
    }
}

/// What runs in the page: an operation of `page_script.js` with its settings.
#[derive(Debug, Clone)]
pub(crate) struct Program<'a> {
    pub(crate) op: &'static str,
    /// The locators that it is about, in the order that outcomes count them.
    pub(crate) locators: Vec<&'a Locator>,
    pub(crate) settings: Map<String, Value>,
    /// Whether it may simply be done again when it turns out that the document was being replaced.
    pub(crate) repeatable: bool,
}

impl<'a> Program<'a> {
    pub(crate) fn new(op: &'static str, locator: &'a Locator) -> Self {
        let settings = Map::from_iter([
            ("op".to_owned(), op.into()),
            ("steps".to_owned(), steps_of(locator)),
            ("handover".to_owned(), true.into()),
        ]);
        Program {
            op,
            locators: vec![locator],
            settings,
            repeatable: false,
        }
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.settings.insert(name.to_owned(), value.into());
        self
    }

    pub(crate) fn repeatable(mut self) -> Self {
        self.repeatable = true;
        self
    }

    /// Whether it needs the scripts that understand pages, which are not in every document from the start.
    fn understands(&self) -> bool {
        understanding::OPS.contains(&self.op)
            || self
                .locators
                .iter()
                .any(|locator| locator.needs_understanding())
    }
}

pub(crate) fn steps_of(locator: &Locator) -> Value {
    // Plain enums of strings: always serialisable.
    serde_json::to_value(&locator.steps).unwrap_or_default()
}

/// A place on the page, in CSS pixels from the top left of the viewport.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
pub(crate) struct Point {
    pub(crate) x: f64,
    pub(crate) y: f64,
}

/// What a program answered, and where in the page the document that answered lies.
#[derive(Debug)]
pub(crate) struct Found<T> {
    pub(crate) value: T,
    pub(crate) offset: Point,
    /// The document that answered; `None` where nothing ran.
    pub(crate) scope: Option<Scope>,
}

/// Told to programs so that they can be cancelled one by one.
static TOKENS: AtomicU64 = AtomicU64::new(1);

/// Cancels a program in the page when its caller stops waiting: it must not act later on.
struct CancelOnDrop<'a> {
    session: &'a Session,
    context: i64,
    token: u64,
    armed: bool,
}

impl Drop for CancelOnDrop<'_> {
    fn drop(&mut self) {
        if self.armed {
            self.session.tell(&call_function(
                "t => casare.cancel(t)",
                self.context,
                vec![argument(&self.token)],
            ));
        }
    }
}

pub(crate) fn argument(value: &impl serde::Serialize) -> runtime::CallArgument {
    let value = serde_json::value::to_raw_value(value).ok();
    runtime::CallArgument {
        value,
        object_id: None,
    }
}

pub(crate) fn call_function(
    declaration: &str,
    context: i64,
    arguments: Vec<runtime::CallArgument>,
) -> runtime::CallFunctionOn {
    runtime::CallFunctionOn {
        function_declaration: declaration.into(),
        arguments: Some(arguments),
        return_by_value: Some(true),
        user_gesture: Some(true),
        await_promise: Some(true),
        execution_context_id: Some(context),
        object_id: None,
    }
}

impl Page {
    /// Runs `program` until the deadline, wherever in the page its locator leads.
    pub(crate) async fn run<T: DeserializeOwned>(
        &self,
        program: &Program<'_>,
        deadline: Instant,
    ) -> Result<Found<T>, BrowserError> {
        if let Some(place) = program.locators.iter().find(|one| one.is_sighted()) {
            return Err(unfit(place));
        }
        let main = self.run_in_main(program, deadline).await?;
        if !main.handover {
            let main = self.look_into_closed(program, main).await;
            return self.conclude(program, main, Point::default());
        }
        let mut alone = program.clone();
        alone.settings.insert("handover".into(), false.into());
        // The main document goes on waiting by itself while the frames are looked into.
        let waiting = self.run_in_main(&alone, deadline);
        tokio::pin!(waiting);
        loop {
            let look = async {
                sleep(FOREIGN_PAUSE.min(deadline.saturating_duration_since(Instant::now()))).await;
            };
            if let Some(scope) = self.scope_that_has(program).await? {
                let mut there = alone.clone();
                there.settings.insert("starts".into(), json!(scope.starts));
                match self.run_in(&scope, &there, deadline).await {
                    Ok(outcome) => return self.conclude(program, outcome, scope.offset),
                    Err(error) if error.is_lost_document() => {}
                    Err(error) => return Err(self.core.explain(error)),
                }
            }
            tokio::select! {
                biased;
                outcome = &mut waiting => {
                    let outcome = self.look_into_closed(program, outcome?).await;
                    return self.conclude(program, outcome, Point::default());
                }
                () = look => {}
            }
        }
    }

    /// Runs an operation that needs no locator, once, in the main document.
    pub(crate) async fn run_here<T: DeserializeOwned>(
        &self,
        op: &'static str,
        deadline: Instant,
    ) -> Result<T, BrowserError> {
        self.run_here_with(op, [], deadline).await
    }

    /// The same, with settings.
    pub(crate) async fn run_here_with<T: DeserializeOwned>(
        &self,
        op: &'static str,
        settings: impl IntoIterator<Item = (&'static str, Value)>,
        deadline: Instant,
    ) -> Result<T, BrowserError> {
        let settings = settings.into_iter().chain([("op", op.into())]);
        let settings: Map<String, Value> = settings
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        let program = Program {
            op,
            locators: Vec::new(),
            settings,
            repeatable: true,
        };
        let outcome = self.run_in_main(&program, deadline).await?;
        self.conclude(&program, outcome, Point::default())
            .map(|found| found.value)
    }

    /// In the main document, or in the one that replaces it meanwhile.
    async fn run_in_main(
        &self,
        program: &Program<'_>,
        deadline: Instant,
    ) -> Result<Outcome, BrowserError> {
        loop {
            self.core.settle(deadline).await?;
            let scope = self.main_scope(deadline).await?;
            let announced = self.core.state.lock().progress.announced;
            match self.run_in(&scope, program, deadline).await {
                Ok(outcome) => {
                    // A navigation that began meanwhile makes a dying document of the one that answered.
                    let dying = program.repeatable && {
                        let state = self.core.state.lock();
                        state.progress.announced != announced && state.progress.is_navigating()
                    };
                    if !dying || Instant::now() >= deadline {
                        return Ok(outcome);
                    }
                }
                Err(CallError::SessionGone) => {
                    return Err(self.core.explain(CallError::SessionGone));
                }
                Err(error) if error.is_lost_document() && Instant::now() < deadline => {
                    self.core.forget_world(&scope);
                }
                Err(error) => return Err(self.core.explain(error)),
            }
        }
    }

    /// Why an element was not found, where a closed shadow root has it: a clear refusal instead of a riddle.
    async fn look_into_closed(&self, program: &Program<'_>, mut outcome: Outcome) -> Outcome {
        if !outcome.closed {
            return outcome;
        }
        let at = outcome.field.unwrap_or_default();
        if let Some(locator) = program.locators.get(at).or(program.locators.first())
            && let Ok(Some(host)) =
                timeout_at(Instant::now() + GRACE, self.closed_host_of(locator)).await
        {
            outcome.failed = Some("closed".into());
            outcome.detail = host;
            outcome.nearest.clear();
        }
        outcome
    }

    /// What every frame's storage holds; frames that go away meanwhile are left out.
    pub(crate) async fn storage_of_frames<T: DeserializeOwned>(&self) -> Vec<T> {
        let worlds: Vec<(Session, i64)> = {
            let state = self.core.state.lock();
            let known = state.frames.iter().map(|(_, frame)| frame);
            known
                .filter_map(|frame| frame.world.map(|world| (frame.session.clone(), world)))
                .collect()
        };
        let mut found = Vec::new();
        for (session, world) in worlds {
            let call = call_function("() => casare.run({ op: 'storage' })", world, Vec::new());
            let Ok(Ok(reply)) = timeout_at(Instant::now() + GRACE, session.call(&call)).await
            else {
                continue;
            };
            let outcome = reply
                .result
                .value
                .and_then(|value| serde_json::from_str::<Outcome>(value.get()).ok()?.ok);
            found.extend(outcome.and_then(|ok| serde_json::from_str(ok.get()).ok()));
        }
        found
    }

    pub(crate) async fn run_in(
        &self,
        scope: &Scope,
        program: &Program<'_>,
        deadline: Instant,
    ) -> Result<Outcome, CallError> {
        let token = TOKENS.fetch_add(1, Ordering::Relaxed);
        let started = Instant::now();
        let timeout = deadline.saturating_duration_since(started).as_secs_f64() * 1000.0;
        let mut settings = program.settings.clone();
        settings.insert("timeout".into(), timeout.into());
        settings.insert("token".into(), token.into());
        let declaration = if program.understands() {
            understanding::RUN
        } else {
            "p => casare.run(p)"
        };
        let command = call_function(declaration, scope.context, vec![argument(&settings)]);
        let reply = async {
            let reply = scope.session.call(&command).await?;
            if !understanding::is_missing(&reply) {
                return Ok(reply);
            }
            let installed = scope.session.call(&understanding::install(scope.context));
            let reply = scope.session.call(&command).await;
            match installed.await?.exception_details {
                Some(failure) => Err(CallError::Refused {
                    method: "Runtime.callFunctionOn",
                    message: exception_text(&failure),
                }),
                None => reply,
            }
        };
        let mut guard = CancelOnDrop {
            session: &scope.session,
            context: scope.context,
            token,
            armed: true,
        };
        let reply = timeout_at(deadline + GRACE, reply).await;
        guard.armed = reply.is_err();
        let Ok(reply) = reply else {
            return Ok(Outcome {
                failed: Some("unresponsive".into()),
                waited: started.elapsed().as_secs_f64() * 1000.0,
                ..Outcome::default()
            });
        };
        let reply = reply?;
        if let Some(details) = &reply.exception_details {
            let message = exception_text(details);
            return Err(CallError::Refused {
                method: "Runtime.callFunctionOn",
                message,
            });
        }
        let value = reply.result.value.as_deref().map_or("{}", RawValue::get);
        let mut outcome: Outcome =
            serde_json::from_str(value).map_err(|source| CallError::Answer {
                method: "Runtime.callFunctionOn",
                source,
            })?;
        outcome.scope = Some(scope.clone());
        Ok(outcome)
    }

    /// Turns what the page answered into a value or an error that says what was missing.
    pub(crate) fn conclude<T: DeserializeOwned>(
        &self,
        program: &Program<'_>,
        outcome: Outcome,
        offset: Point,
    ) -> Result<Found<T>, BrowserError> {
        let locator = || {
            let at = outcome.field.unwrap_or_default();
            program
                .locators
                .get(at)
                .or(program.locators.first())
                .map(|locator| (*locator).clone())
        };
        let waited = Duration::from_secs_f64(outcome.waited.max(0.0) / 1000.0);
        let url = self.url();
        if let (Some(reason), Some(locator)) = (&outcome.unusable, locator()) {
            let (locator, reason) = (Box::new(locator), reason.clone());
            return Err(BrowserError::Unusable { locator, reason });
        }
        if let (Some(reason), Some(locator)) = (&outcome.invalid, locator()) {
            let (locator, reason) = (Box::new(locator), reason.clone());
            return Err(BrowserError::InvalidValue { locator, reason });
        }
        if let (Some(matches), Some(locator)) = (&outcome.several, locator()) {
            return Err(BrowserError::Ambiguous {
                locator: Box::new(locator),
                total: outcome.total,
                url,
                matches: matches.clone(),
            });
        }
        if let Some(failed) = &outcome.failed {
            let check = match failed.as_str() {
                "not-attached" => Check::NotAttached,
                "not-visible" => Check::NotVisible,
                "not-stable" => Check::NotStable,
                "not-enabled" => Check::NotEnabled,
                "not-editable" => Check::NotEditable,
                "covered" => Check::CoveredBy(outcome.detail.clone()),
                "closed" => Check::InClosedShadow(outcome.detail.clone()),
                "out-of-view" => Check::OutOfView,
                "no-such-option" => Check::NoSuchOption(outcome.detail.clone()),
                "not-yet" => Check::NotYet(outcome.detail.clone()),
                _ => return Err(self.core.unresponsive(waited)),
            };
            let Some(locator) = locator() else {
                return Err(self.core.unresponsive(waited));
            };
            let mut nearest = outcome.nearest;
            nearest.extend(where_it_stops(&locator, &outcome.trace));
            let locator = Box::new(locator);
            return Err(BrowserError::NotActionable {
                locator,
                check,
                waited,
                url,
                nearest,
            });
        }
        let value = outcome.ok.as_deref().map_or("null", RawValue::get);
        let method = program.op;
        serde_json::from_str(value)
            .map(|value| Found {
                value,
                offset,
                scope: outcome.scope.clone(),
            })
            .map_err(|source| BrowserError::Answer { method, source })
    }
}

/// For a chain that finds nothing: up to where it did find something.
fn where_it_stops(locator: &Locator, trace: &[usize]) -> Option<String> {
    let stop = trace
        .iter()
        .position(|found| *found == 0)
        .filter(|stop| *stop > 0)?;
    let found = Locator {
        steps: locator.steps[..stop].to_vec(),
    };
    let step = Locator {
        steps: vec![locator.steps.get(stop)?.clone()],
    };
    Some(format!(
        "(`{found}` matches {}, but nothing in it matches `{step}`)",
        trace[stop - 1]
    ))
}
