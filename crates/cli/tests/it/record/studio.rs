//! A browser in which a task is done by real input while `casare record` watches.

use std::{
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use casare_browser::{
    Browser, Click, Context, DialogPolicy, Drag, Keys, LaunchOptions, Locator, Page,
};
use tokio::time::{Instant, sleep};

use super::site::Site;
use crate::world::{Answer, World};

/// The one who does the task.
pub(crate) struct Person {
    pub(crate) page: Page,
    pub(crate) context: Context,
}

/// A recording under way.
pub(crate) struct Studio {
    browser: Browser,
    _profile: tempfile::TempDir,
    pub(crate) recorder: Child,
    pub(crate) person: Person,
}

pub(crate) fn soon() -> Instant {
    Instant::now() + Duration::from_secs(30)
}

pub(crate) fn at(selector: &str) -> Locator {
    selector.parse().unwrap()
}

impl Studio {
    /// A browser at `page`, with `casare record` attached to it.
    pub(crate) async fn open(world: &World, site: &Site, page: &str, arguments: &[&str]) -> Self {
        let profile = tempfile::tempdir().unwrap();
        let browser = Browser::launch(LaunchOptions {
            profile: Some(profile.path().to_owned()),
            args: vec!["--remote-debugging-port=0".to_owned()],
            ..LaunchOptions::default()
        })
        .await
        .unwrap();
        let port = profile.path().join("DevToolsActivePort");
        let endpoint = loop {
            // Written as soon as the port is open.
            let text = std::fs::read_to_string(&port).unwrap_or_default();
            if let Some(port) = text.lines().next().filter(|port| !port.is_empty()) {
                break format!("http://127.0.0.1:{port}");
            }
            sleep(Duration::from_millis(20)).await;
        };
        let context = browser.default_context();
        let before = context.mark();
        let url = site.url(page);
        let mut recorder = world.command(&[
            "record",
            &url,
            "--connect",
            &endpoint,
            "--json",
            "-o",
            "task.workflow.yaml",
        ]);
        recorder
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let recorder = recorder.spawn().unwrap();
        let page = context.page_after(before, soon()).await.unwrap();
        page.wait_for_url(&url, soon()).await.unwrap();
        let person = Person { page, context };
        person.see("css=casare-recorder").await;
        Studio {
            browser,
            _profile: profile,
            recorder,
            person,
        }
    }

    /// Stops the recording as a person does in the page, and answers what it said.
    pub(crate) async fn stop(self) -> Answer {
        self.person.press("Alt+Shift+S").await;
        self.finish().await
    }

    /// Waits for the end of the recorder.
    pub(crate) async fn finish(self) -> Answer {
        let Studio {
            recorder, browser, ..
        } = self;
        let output = tokio::task::spawn_blocking(move || recorder.wait_with_output().unwrap());
        let output = tokio::time::timeout(Duration::from_mins(1), output);
        let answer = Answer::of(output.await.unwrap().unwrap());
        browser.close().await.unwrap();
        answer
    }
}

impl Person {
    pub(crate) async fn click(&self, selector: &str) {
        let clicked = self
            .page
            .click(&at(selector), Click::default(), soon())
            .await;
        clicked.unwrap();
    }

    pub(crate) async fn types(&self, selector: &str, text: &str) {
        self.click(selector).await;
        self.types_there(selector, text).await;
    }

    pub(crate) async fn types_there(&self, selector: &str, text: &str) {
        let typed = self.page.type_text(Some(&at(selector)), text, soon()).await;
        typed.unwrap();
    }

    /// Types into whatever has the focus.
    pub(crate) async fn keys(&self, text: &str) {
        self.page.type_text(None, text, soon()).await.unwrap();
    }

    pub(crate) async fn press(&self, key: &str) {
        let keys: Keys = key.parse().unwrap();
        self.page.press(None, &keys, soon()).await.unwrap();
    }

    pub(crate) async fn hover(&self, selector: &str) {
        self.page.hover(&at(selector), soon()).await.unwrap();
    }

    pub(crate) async fn see(&self, selector: &str) {
        let expected = casare_browser::Expect::Attached;
        let seen = self.page.wait_for(&at(selector), &expected, soon()).await;
        seen.unwrap();
    }

    pub(crate) async fn drag(&self, from: &str, to: &str, drag: &Drag) {
        let dragged = self.page.drag(&at(from), &at(to), drag, soon()).await;
        dragged.unwrap();
    }

    pub(crate) fn answers(&self, answer: DialogPolicy) {
        self.page.set_dialog_policy(answer);
    }

    /// Goes on in the page that `selector` opens.
    pub(crate) async fn opens(&self, selector: &str) -> Person {
        let before = self.context.mark();
        self.click(selector).await;
        let page = self.context.page_after(before, soon()).await.unwrap();
        Person {
            page,
            context: self.context.clone(),
        }
    }

    pub(crate) async fn gives(&self, selector: &str, file: PathBuf) {
        self.page
            .upload(&at(selector), &[file], soon())
            .await
            .unwrap();
    }
}

/// Sends a signal to a process that was started here.
pub(crate) fn signal(child: &Child, signal: &str) {
    let sent = Command::new("kill")
        .args([signal, &child.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
}
