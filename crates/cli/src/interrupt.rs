//! Ctrl-C and SIGTERM.

use std::io;

use casare_engine::{Cancel, CancelReason};

use crate::failure::Exit;

/// The first signal cancels the run, so that `finally` blocks run and browsers are closed; the
/// second ends the process at once.
pub(crate) fn cancel_on_signals(cancel: Cancel) -> io::Result<()> {
    let mut signals = Signals::listen()?;
    tokio::spawn(async move {
        signals.next().await;
        cancel.cancel(CancelReason::User);
        signals.next().await;
        #[expect(
            clippy::disallowed_methods,
            reason = "whoever asks twice wants no clean-up"
        )]
        std::process::exit(Exit::Cancelled as i32);
    });
    Ok(())
}

/// Comes with the first signal; the second ends the process at once.
pub(crate) fn stop_on_signals() -> io::Result<impl Future<Output = ()> + Send> {
    let mut signals = Signals::listen()?;
    Ok(async move {
        signals.next().await;
        tokio::spawn(async move {
            signals.next().await;
            #[expect(
                clippy::disallowed_methods,
                reason = "whoever asks twice wants no clean-up"
            )]
            std::process::exit(Exit::Cancelled as i32);
        });
    })
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hangup: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            // Listening would undo what `nohup` asked for.
            hangup: if hangup_ends_processes() {
                Some(signal(SignalKind::hangup())?)
            } else {
                None
            },
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = async { self.hangup.as_mut()?.recv().await }, if self.hangup.is_some() => {}
        }
    }
}

/// Whether a hangup is not ignored, as far as the system tells.
#[cfg(unix)]
fn hangup_ends_processes() -> bool {
    const HANGUP: u64 = 1;
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else {
        return false;
    };
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask & HANGUP == 0)
}

#[cfg(windows)]
struct Signals {
    interrupt: tokio::signal::windows::CtrlC,
    close: tokio::signal::windows::CtrlClose,
}

#[cfg(windows)]
impl Signals {
    fn listen() -> io::Result<Self> {
        use tokio::signal::windows::{ctrl_c, ctrl_close};
        Ok(Self {
            interrupt: ctrl_c()?,
            close: ctrl_close()?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.close.recv() => {}
        }
    }
}
