//! Running a script of the workflow's author in the page's own world.

use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};

use crate::{
    cdp::runtime,
    connection::CallError,
    error::BrowserError,
    events::exception_text,
    page::Page,
    program::{argument, call_function},
};

impl Page {
    /// Runs JavaScript in the page: an expression, statements of which the last has the value, or a function
    /// that is called with `args`. A promise is waited for.
    ///
    /// The script may have had its effect when the page navigates before it answers: it is not repeated.
    ///
    /// # Errors
    ///
    /// `Script` with what it threw, or where its value cannot be data.
    pub async fn evaluate(
        &self,
        script: &str,
        args: &[Value],
        deadline: Instant,
    ) -> Result<Value, BrowserError> {
        let started = Instant::now();
        self.core.settle(deadline).await?;
        let main = self.core.wait(deadline, |state| {
            let main = state.frames.main();
            main.main_world
                .map(|context| (main.session.clone(), context))
        });
        let late = || self.core.unresponsive(started.elapsed());
        let (session, context) = main.await?.ok_or_else(late)?;

        self.touch();
        let body = script.trim().trim_end_matches(';');
        // Protocol calls are not subject to the page's content security policy, `eval` would be.
        let declaration = format!(
            "async (...args) => {{ const value = (\n{body}\n); return typeof value === 'function' ? value(...args) : value; }}"
        );
        let call = call_function(&declaration, context, args.iter().map(argument).collect());
        let reply = timeout_at(deadline, session.call(&call))
            .await
            .map_err(|_| late())?;
        let (result, failure) = match reply {
            Ok(reply) => (reply.result, reply.exception_details),
            // Not an expression: the declaration did not even compile.
            Err(CallError::SessionGone) => {
                return Err(self.core.explain(CallError::SessionGone));
            }
            Err(error) if error.is_lost_document() => return Err(Self::replaced()),
            Err(error) => return Err(self.script_error(error)),
        };
        let statements = failure.as_ref().is_some_and(|details| {
            exception_text(details).starts_with("SyntaxError")
                || details.text.contains("SyntaxError")
        });
        let (result, failure) = if statements {
            let command = runtime::Evaluate {
                expression: script.to_owned(),
                context_id: Some(context),
                return_by_value: Some(true),
                user_gesture: Some(true),
                await_promise: Some(true),
                repl_mode: Some(true),
            };
            let reply = timeout_at(deadline, session.call(&command))
                .await
                .map_err(|_| late())?;
            match reply {
                Ok(reply) => (reply.result, reply.exception_details),
                Err(CallError::SessionGone) => {
                    return Err(self.core.explain(CallError::SessionGone));
                }
                Err(error) if error.is_lost_document() => return Err(Self::replaced()),
                Err(error) => return Err(self.script_error(error)),
            }
        } else {
            (result, failure)
        };
        match failure {
            Some(details) => Err(BrowserError::Script {
                message: exception_text(&details),
            }),
            None => value_of(&result),
        }
    }

    fn replaced() -> BrowserError {
        BrowserError::Script {
            message: "the page navigated before the script had ended".into(),
        }
    }

    /// Chromium refuses values that are no data, such as elements or circular objects.
    fn script_error(&self, error: CallError) -> BrowserError {
        match self.core.explain(error) {
            BrowserError::Protocol { message, .. } => BrowserError::Script { message },
            other => other,
        }
    }
}

fn value_of(result: &runtime::RemoteObject) -> Result<Value, BrowserError> {
    if let Some(value) = &result.value {
        let answer = |source| BrowserError::Answer {
            method: "Runtime.callFunctionOn",
            source,
        };
        return serde_json::from_str(value.get()).map_err(answer);
    }
    Ok(match result.unserializable_value.as_deref() {
        Some("-0") => json!(0),
        // A big integer: as text it loses nothing.
        Some(text) if text.ends_with('n') => json!(text.trim_end_matches('n')),
        _ => Value::Null,
    })
}
