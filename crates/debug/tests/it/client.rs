//! An editor, as far as its protocol goes.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use casare_debug::dap;
use serde_json::{Value as Json, json};
use tokio::{
    io::{
        AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream, ReadHalf, WriteHalf,
    },
    task::JoinHandle,
};

use crate::host::Lab;

/// Longer than anything takes on a slow machine.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Client {
    pub(crate) reader: BufReader<ReadHalf<DuplexStream>>,
    pub(crate) writer: WriteHalf<DuplexStream>,
    events: VecDeque<Json>,
    sequence: u64,
    pub(crate) server: JoinHandle<Result<(), dap::DapError>>,
}

impl Client {
    /// An editor that has just connected.
    pub(crate) fn connect(lab: &Arc<Lab>) -> Self {
        let (ours, theirs) = tokio::io::duplex(1 << 16);
        let (reader, writer) = tokio::io::split(theirs);
        let server = tokio::spawn(dap::serve(lab.clone(), reader, writer));
        let (reader, writer) = tokio::io::split(ours);
        Self {
            reader: BufReader::new(reader),
            writer,
            events: VecDeque::new(),
            sequence: 0,
            server,
        }
    }

    /// An editor that has launched the main workflow and may set breakpoints now.
    pub(crate) async fn launch(lab: &Arc<Lab>) -> Self {
        let mut client = Self::connect(lab);
        client
            .ask("initialize", json!({ "adapterID": "casare" }))
            .await;
        client.ask("launch", json!({ "program": lab.main() })).await;
        client.event("initialized").await;
        client
    }

    /// Sets breakpoints in the main workflow.
    pub(crate) async fn breakpoints(&mut self, lab: &Lab, breakpoints: Json) -> Json {
        let source = json!({ "path": lab.main() });
        let arguments = json!({ "source": source, "breakpoints": breakpoints });
        self.ask("setBreakpoints", arguments).await["breakpoints"].take()
    }

    /// Begins the run, and waits until it stands still: the body of the event, and the frames.
    pub(crate) async fn run_to_stop(&mut self) -> (Json, Json) {
        self.ask("configurationDone", Json::Null).await;
        self.stopped().await
    }

    pub(crate) async fn stopped(&mut self) -> (Json, Json) {
        let stopped = self.event("stopped").await;
        let thread = json!({ "threadId": stopped["threadId"] });
        let mut frames = self.ask("stackTrace", thread).await;
        (stopped, frames["stackFrames"].take())
    }

    /// The variables of the scope called `scope` in a frame.
    pub(crate) async fn scope(&mut self, frame: &Json, scope: &str) -> (u64, Vec<Json>) {
        let scopes = self.ask("scopes", json!({ "frameId": frame["id"] })).await;
        let scopes = scopes["scopes"].as_array().unwrap().clone();
        let found = scopes.iter().find(|one| one["name"] == scope);
        let number = found.unwrap_or_else(|| panic!("{scopes:?}"))["variablesReference"].clone();
        let body = self
            .ask("variables", json!({ "variablesReference": number }))
            .await;
        (
            number.as_u64().unwrap(),
            body["variables"].as_array().unwrap().clone(),
        )
    }

    /// The output until the run has ended.
    pub(crate) async fn output_to_end(&mut self) -> String {
        let mut text = String::new();
        loop {
            let event = self.next_event().await;
            match event["event"].as_str().unwrap() {
                "output" => text.push_str(event["body"]["output"].as_str().unwrap()),
                "terminated" => return text,
                _ => {}
            }
        }
    }

    /// Asks and gets what was asked for.
    pub(crate) async fn ask(&mut self, command: &str, arguments: Json) -> Json {
        let response = self.request(command, arguments).await;
        assert_eq!(response["success"], true, "{response}");
        response["body"].clone()
    }

    /// Asks and is refused.
    pub(crate) async fn refused(&mut self, command: &str, arguments: Json) -> String {
        let response = self.request(command, arguments).await;
        assert_eq!(response["success"], false, "{response}");
        response["message"].as_str().unwrap().to_owned()
    }

    /// Asks; the whole answer as text, whatever it is.
    pub(crate) async fn ask_or_be_refused(&mut self, command: &str, arguments: Json) -> String {
        self.request(command, arguments).await.to_string()
    }

    async fn request(&mut self, command: &str, arguments: Json) -> Json {
        self.sequence += 1;
        let request = json!({
            "seq": self.sequence, "type": "request", "command": command, "arguments": arguments,
        });
        self.send(&request.to_string()).await;
        loop {
            let message = self.read().await;
            if message["type"] == "response" && message["request_seq"] == self.sequence {
                return message;
            }
            self.events.push_back(message);
        }
    }

    pub(crate) async fn send(&mut self, content: &str) {
        let frame = format!("Content-Length: {}\r\n\r\n{content}", content.len());
        self.writer.write_all(frame.as_bytes()).await.unwrap();
    }

    /// The body of the next event of this name; others are passed over.
    pub(crate) async fn event(&mut self, name: &str) -> Json {
        loop {
            let event = self.next_event().await;
            assert!(
                name == "terminated" || event["event"] != "terminated",
                "the run ended before `{name}`"
            );
            if event["event"] == name {
                return event["body"].clone();
            }
        }
    }

    async fn next_event(&mut self) -> Json {
        match self.events.pop_front() {
            Some(event) => event,
            None => self.read().await,
        }
    }

    async fn read(&mut self) -> Json {
        let reading = async {
            let mut header = String::new();
            while !header.ends_with("\r\n\r\n") {
                assert_ne!(
                    self.reader.read_line(&mut header).await.unwrap(),
                    0,
                    "the end"
                );
            }
            let length = header.trim().split(' ').nth(1).unwrap().parse().unwrap();
            let mut content = vec![0; length];
            self.reader.read_exact(&mut content).await.unwrap();
            serde_json::from_slice(&content).unwrap()
        };
        tokio::time::timeout(PATIENCE, reading).await.unwrap()
    }
}
