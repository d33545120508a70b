//! The machine a run is on: programs, processes, screen, clipboard, services.

use casare_engine::Node;

mod clipboard;
mod desktop_program;
mod environment;
mod info;
mod kill;
mod notify;
mod process;
mod processes;
mod run;
mod screenshot;
mod service;
mod sound;
mod speak;
mod start;
mod wait;

pub(crate) fn nodes() -> Vec<Node> {
    vec![
        run::node(),
        start::node(),
        wait::node(),
        kill::node(),
        processes::node(),
        info::node(),
        environment::node(),
        service::node(),
        clipboard::node(),
        notify::node(),
        sound::node(),
        speak::node(),
        screenshot::node(),
    ]
}
