use std::{io, net::Ipv4Addr, sync::Arc};

use casare_debug::dap;
use clap::Args;
use tokio::net::TcpListener;

use crate::{
    config::Config,
    debugging::Workbench,
    execution,
    failure::{CliError, Exit},
    terminal::{Paint, Terminal},
};

/// Let an editor debug workflows (Debug Adapter Protocol)
///
/// Speaks over stdin and stdout, or with `--port` over TCP on this machine alone.
#[derive(Debug, Args)]
pub(crate) struct Dap {
    /// Listen on this port of 127.0.0.1 instead, for any number of editors; 0 takes a free one and
    /// tells it
    #[arg(long)]
    port: Option<u16>,
}

impl Dap {
    pub(crate) fn exec(self, config: &Config, terminal: &Terminal) -> Result<Exit, CliError> {
        let bench = Arc::new(Workbench::new(config, None, Paint { on: false })?);
        let runtime = execution::runtime()?;
        let served = runtime.block_on(async {
            match self.port {
                None => {
                    let served = dap::serve(bench, tokio::io::stdin(), tokio::io::stdout()).await;
                    if let Err(error) = served {
                        terminal.note(&format!("{}: {error}", terminal.err.red("error")));
                        return Ok(Exit::Usage);
                    }
                    Ok(Exit::Done)
                }
                Some(port) => listen(bench, port, terminal)
                    .await
                    .map_err(CliError::Runtime),
            }
        });
        // Reading stdin can't be given up: nobody waits for it.
        runtime.shutdown_background();
        served
    }
}

/// Serves editors until the process is told to end.
async fn listen(bench: Arc<Workbench>, port: u16, terminal: &Terminal) -> io::Result<Exit> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    terminal.note(&format!("listening on {}", listener.local_addr()?));
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (stream, _) = accepted?;
                let bench = bench.clone();
                tokio::spawn(async move {
                    let (reader, writer) = stream.into_split();
                    // Why a connection ends is of no interest to the others.
                    let _ = dap::serve(bench, reader, writer).await;
                });
            }
            _ = tokio::signal::ctrl_c() => return Ok(Exit::Done),
        }
    }
}
