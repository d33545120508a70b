//! Who a robot is: what enrolling gave it, in a file that only its user can read.

use std::{
    fs,
    path::{Path, PathBuf},
};

use casare_tunnel::{Enrolled, Enrolment};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::RobotError;

const FILE: &str = "robot.json";

/// A robot as its server knows it.
#[derive(Debug, Clone)]
pub struct Identity {
    pub robot: Uuid,
    pub name: String,
    /// The server's address, such as `https://casare.example.com`.
    pub server: String,
    pub key: SecretString,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    robot: Uuid,
    name: String,
    server: String,
    key: String,
}

impl Identity {
    /// Where it is kept in a robot's folder.
    pub fn file(home: &Path) -> PathBuf {
        home.join(FILE)
    }

    /// # Errors
    ///
    /// `NotEnrolled` where there is none.
    pub fn read(home: &Path) -> Result<Self, RobotError> {
        let path = Self::file(home);
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(RobotError::NotEnrolled { path });
            }
            text => text.map_err(RobotError::file("read", &path))?,
        };
        let kept: Kept =
            serde_json::from_str(&text).map_err(|_| RobotError::Unreadable { path })?;
        Ok(Self {
            robot: kept.robot,
            name: kept.name,
            server: kept.server,
            key: kept.key.into(),
        })
    }

    /// Keeps it, whole or not at all.
    pub fn write(&self, home: &Path) -> Result<(), RobotError> {
        let path = Self::file(home);
        make_folder(home)?;
        let kept = Kept {
            robot: self.robot,
            name: self.name.clone(),
            server: self.server.clone(),
            key: self.key.expose_secret().to_owned(),
        };
        let text = serde_json::to_vec_pretty(&kept).unwrap_or_default();
        write_whole(home, &path, &text).map_err(RobotError::file("write", &path))
    }
}

/// Temporary files are their owner's alone, and so is what becomes of them.
fn write_whole(home: &Path, path: &Path, text: &[u8]) -> std::io::Result<()> {
    let mut file = tempfile::NamedTempFile::new_in(home)?;
    std::io::Write::write_all(&mut file, text)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

/// A folder that only its owner can look into.
pub(crate) fn make_folder(path: &Path) -> Result<(), RobotError> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .recursive(true)
        .create(path)
        .map_err(RobotError::file("make", path))
}

/// Trades a one-time token for a key.
///
/// # Errors
///
/// `Unreachable`; `Refused` with what the server says.
pub async fn enroll(
    server: &str,
    token: &SecretString,
    name: &str,
    slots: u32,
) -> Result<Identity, RobotError> {
    let server = server.trim_end_matches('/').to_owned();
    if !server.starts_with("http://") && !server.starts_with("https://") {
        return Err(RobotError::Address(server));
    }
    let unreachable = |error: reqwest::Error| RobotError::Unreachable {
        server: server.clone(),
        why: casare_engine::chain(&error),
    };
    let answer = reqwest::Client::new()
        .post(format!("{server}/api/v1/robot/enroll"))
        .json(&Enrolment {
            token: token.expose_secret().to_owned(),
            name: name.to_owned(),
            slots,
        })
        .send()
        .await
        .map_err(unreachable)?;
    if !answer.status().is_success() {
        let why = refusal(answer).await;
        return Err(RobotError::Refused { server, why });
    }
    let enrolled: Enrolled = answer.json().await.map_err(unreachable)?;
    Ok(Identity {
        robot: enrolled.robot,
        name: name.to_owned(),
        server,
        key: enrolled.key.into(),
    })
}

impl Identity {
    /// What the server knows of this robot.
    pub async fn show(&self) -> Result<serde_json::Value, RobotError> {
        let answer = reqwest::Client::new().get(self.own_address());
        let answer = self.ask(answer).await?;
        answer
            .json()
            .await
            .map_err(|error| self.unreachable(&error))
    }

    /// Says whether it takes jobs: `online`, `paused` or `draining`.
    pub async fn set_status(&self, status: &str) -> Result<(), RobotError> {
        let body = serde_json::json!({ "status": status });
        let answer = reqwest::Client::new().put(self.own_address()).json(&body);
        self.ask(answer).await.map(|_| ())
    }

    fn own_address(&self) -> String {
        format!("{}/api/v1/robot/me", self.server)
    }

    async fn ask(&self, request: reqwest::RequestBuilder) -> Result<reqwest::Response, RobotError> {
        let request = request.bearer_auth(self.key.expose_secret());
        let answer = request
            .send()
            .await
            .map_err(|error| self.unreachable(&error))?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        Err(RobotError::Refused {
            server: self.server.clone(),
            why: refusal(answer).await,
        })
    }

    fn unreachable(&self, error: &reqwest::Error) -> RobotError {
        RobotError::Unreachable {
            server: self.server.clone(),
            why: casare_engine::chain(error),
        }
    }
}

/// What a problem document says, or the status.
pub(crate) async fn refusal(answer: reqwest::Response) -> String {
    let status = answer.status();
    let problem: serde_json::Value = answer.json().await.unwrap_or_default();
    let said = problem["detail"].as_str().or(problem["title"].as_str());
    said.map_or_else(|| status.to_string(), str::to_owned)
}
