use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::{
    Cli,
    failure::{CliError, Exit},
    terminal::Terminal,
};

/// Print a script that completes this command in a shell
#[derive(Debug, Args)]
#[command(
    after_help = "For bash: casare completions bash > ~/.local/share/bash-completion/completions/casare"
)]
pub(crate) struct Completions {
    /// Which shell
    shell: Shell,
}

impl Completions {
    pub(crate) fn exec(self, terminal: &Terminal) -> Result<Exit, CliError> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "casare", &mut script);
        terminal.print(&String::from_utf8_lossy(&script))?;
        Ok(Exit::Done)
    }
}
