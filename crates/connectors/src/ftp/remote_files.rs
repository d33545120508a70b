//! Files, as FTP's commands reach them.

use std::time::Duration;

use async_trait::async_trait;
use casare_engine::{ErrorKind, NodeError};
use jiff::Timestamp;
use suppaftp::{FtpError, FtpResult, Status};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout,
};

use super::{
    connection::{Connection, Line, Server, late},
    fault::{fault, is_absent, is_unknown},
    listing,
};
use crate::remote::{Abilities, Entry, Remote, RemotePath, Source, Take};

/// The longest list of one folder, in bytes.
const LONGEST_LIST: u64 = 64 * 1024 * 1024;

pub(super) struct FtpFiles {
    connection: Connection,
}

impl FtpFiles {
    pub(super) async fn connect(server: Server) -> Result<Self, NodeError> {
        let connection = Connection::new(server);
        connection.line().await?.keep("connecting", Ok(()))?;
        Ok(Self { connection })
    }
}

/// The path as commands take it. An empty one is the folder of the login, and a command would do
/// without.
fn argument(path: &RemotePath) -> String {
    path.to_string()
}

#[async_trait]
impl Remote for FtpFiles {
    async fn list(&self, folder: &RemotePath) -> Result<Vec<Entry>, NodeError> {
        let doing = format!("could not list {folder}");
        let mut line = self.connection.line().await?;
        let machine = line.features().mlst;
        if !machine {
            // Many servers list nothing where there is no folder.
            let home = line.home();
            let there = line.ask(|ftp| ftp.cwd(argument(folder))).await;
            if let Err(error) = there {
                return line.keep(&doing, Err(error));
            }
            if let Err(error) = line.ask(|ftp| ftp.cwd(home)).await {
                return line.keep(&doing, Err(error));
            }
        }
        let command = if machine { "MLSD" } else { "LIST" };
        let outcome = lines(&mut line, &format!("{command} {}", argument(folder))).await;
        let listed = line.keep(&doing, outcome)?;
        let entry = if machine {
            listing::machine_line
        } else {
            listing::human_line
        };
        Ok(listed.lines().filter_map(entry).collect())
    }

    async fn info(&self, path: &RemotePath) -> Result<Option<Entry>, NodeError> {
        let doing = format!("could not look at {path}");
        let mut line = self.connection.line().await?;
        let outcome = look(&mut line, path).await;
        line.keep(&doing, outcome)
    }

    async fn download(
        &self,
        path: &RemotePath,
        offset: u64,
        take: Take<'_>,
    ) -> Result<(), NodeError> {
        let doing = format!("could not download {path}");
        let mut line = self.connection.line().await?;
        let patience = line.patience();
        let opened = line
            .ask(|ftp| async move {
                ftp.resume_transfer(offset as usize).await?;
                ftp.retr_as_stream(argument(path)).await
            })
            .await;
        let mut data = match opened {
            Ok(data) => data,
            Err(error) => return line.keep(&doing, Err(error)),
        };
        let mut piece = vec![0; 64 * 1024];
        loop {
            // An error here drops the connection: it still carries the rest of the file.
            let read = timeout(patience, data.read(&mut piece))
                .await
                .map_err(|_| late(&doing, patience))?
                .map_err(|error| fault(&doing, &FtpError::ConnectionError(error)))?;
            if read == 0 {
                break;
            }
            take(&piece[..read])?;
        }
        let outcome = timeout(patience, data.finish())
            .await
            .map_err(|_| late(&doing, patience))?;
        line.keep(&doing, outcome)
    }

    async fn upload(
        &self,
        path: &RemotePath,
        source: &Source,
        offset: u64,
    ) -> Result<(), NodeError> {
        let doing = format!("could not upload {path}");
        let mut reader = source.open(offset).await?;
        let mut line = self.connection.line().await?;
        let patience = line.patience();
        let opened = line
            .ask(|ftp| async move {
                ftp.resume_transfer(offset as usize).await?;
                ftp.put_with_stream(argument(path)).await
            })
            .await;
        let mut data = match opened {
            Ok(data) => data,
            Err(error) => return line.keep(&doing, Err(error)),
        };
        let broken = |error| fault(&doing, &FtpError::ConnectionError(error));
        let mut piece = vec![0; 64 * 1024];
        loop {
            let read = reader
                .read(&mut piece)
                .await
                .map_err(|error| NodeError::io(&doing, &error))?;
            if read == 0 {
                break;
            }
            timeout(patience, data.write_all(&piece[..read]))
                .await
                .map_err(|_| late(&doing, patience))?
                .map_err(broken)?;
        }
        let outcome = timeout(patience, data.finish())
            .await
            .map_err(|_| late(&doing, patience))?;
        line.keep(&doing, outcome)
    }

    async fn delete(&self, path: &RemotePath) -> Result<(), NodeError> {
        let mut line = self.connection.line().await?;
        let outcome = line.ask(|ftp| ftp.rm(argument(path))).await;
        line.keep(&format!("could not delete {path}"), outcome)
    }

    async fn rename(&self, from: &RemotePath, to: &RemotePath) -> Result<(), NodeError> {
        let doing = format!("could not rename {from} to {to}");
        let mut line = self.connection.line().await?;
        let outcome = line
            .ask(|ftp| async move { ftp.rename(argument(from), argument(to)).await })
            .await;
        let error = match line.keep(&doing, outcome) {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        // Some servers rename onto nothing that is there.
        let in_the_way = self.info(to).await?.is_some_and(|there| !there.is_folder);
        if !in_the_way || error.kind() == ErrorKind::Unavailable {
            return Err(error);
        }
        self.delete(to).await?;
        let mut line = self.connection.line().await?;
        let outcome = line
            .ask(|ftp| async move { ftp.rename(argument(from), argument(to)).await })
            .await;
        line.keep(&doing, outcome)
    }

    async fn make_folder(&self, path: &RemotePath) -> Result<(), NodeError> {
        let mut line = self.connection.line().await?;
        let outcome = line.ask(|ftp| ftp.mkdir(argument(path))).await;
        line.keep(&format!("could not make the folder {path}"), outcome)
    }

    async fn remove_folder(&self, path: &RemotePath) -> Result<(), NodeError> {
        let mut line = self.connection.line().await?;
        let outcome = line.ask(|ftp| ftp.rmdir(argument(path))).await;
        line.keep(&format!("could not remove the folder {path}"), outcome)
    }

    async fn set_modified(&self, path: &RemotePath, time: Timestamp) -> Result<bool, NodeError> {
        let mut line = self.connection.line().await?;
        if !line.features().mfmt {
            line.keep("", Ok(()))?;
            return Ok(false);
        }
        let time = time.strftime("%Y%m%d%H%M%S");
        let command = format!("MFMT {time} {}", argument(path));
        let outcome = line
            .ask(|ftp| ftp.custom_command(command, &[Status::File]))
            .await;
        line.keep(&format!("could not set the time of {path}"), outcome)?;
        Ok(true)
    }

    fn abilities(&self) -> Abilities {
        Abilities {
            resumes_downloads: true,
            resumes_uploads: true,
            uploads_whole: false,
            has_folders: true,
        }
    }

    async fn close(&self) {
        self.connection.close().await;
    }
}

/// What a list command answers.
async fn lines(line: &mut Line<'_>, command: &str) -> FtpResult<String> {
    // A folder without files is no failure, but some servers say so with 550 or 450 to `LIST`.
    let begins = [Status::AboutToSend, Status::AlreadyOpen];
    let (_, mut data) = line
        .ask(|ftp| ftp.custom_data_command(command.to_owned(), &begins))
        .await?;
    let mut listed = Vec::new();
    let patience = line.patience().max(Duration::from_mins(1));
    timeout(
        patience,
        (&mut data).take(LONGEST_LIST).read_to_end(&mut listed),
    )
    .await
    .map_err(|_| FtpError::ConnectionError(std::io::ErrorKind::TimedOut.into()))?
    .map_err(FtpError::ConnectionError)?;
    if listed.len() as u64 == LONGEST_LIST {
        return Err(FtpError::ConnectionError(std::io::Error::other(
            "the list of the folder has more than 64 MiB",
        )));
    }
    timeout(patience, data.finish())
        .await
        .map_err(|_| FtpError::ConnectionError(std::io::ErrorKind::TimedOut.into()))??;
    Ok(String::from_utf8_lossy(&listed).into_owned())
}

/// What is at `path`; what the server does not want to tell counts as nothing.
async fn look(line: &mut Line<'_>, path: &RemotePath) -> FtpResult<Option<Entry>> {
    let place = argument(path);
    if line.features().mlst {
        match line.ask(|ftp| ftp.mlst(Some(&place))).await {
            Ok(facts) => {
                if let Some(entry) = listing::facts(&facts, path.name()) {
                    return Ok(Some(entry));
                }
            }
            Err(error) if is_absent(&error) => return Ok(None),
            Err(error) if is_unknown(&error) => {}
            Err(error) => return Err(error),
        }
    }
    match line.ask(|ftp| ftp.size(&place)).await {
        Ok(size) => {
            let modified = line.ask(|ftp| ftp.mdtm(&place)).await.ok();
            let modified =
                modified.and_then(|time| Timestamp::from_second(time.and_utc().timestamp()).ok());
            return Ok(Some(Entry::file(path.name(), Some(size as u64), modified)));
        }
        Err(error) if !is_absent(&error) && !is_unknown(&error) => return Err(error),
        Err(_) => {}
    }
    let home = line.home();
    match line.ask(|ftp| ftp.cwd(&place)).await {
        Ok(()) => {
            line.ask(|ftp| ftp.cwd(home)).await?;
            Ok(Some(Entry::folder(path.name(), None)))
        }
        Err(error) if is_absent(&error) => Ok(None),
        Err(error) => Err(error),
    }
}
