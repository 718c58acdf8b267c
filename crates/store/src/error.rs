//! What can go wrong with a store.

use std::path::{Path, PathBuf};

use artifact::{CanonicalError, ErrorKind};
use host::{FileError, FileErrorKind};
use run::{RunId, StatusError, TaskId, TaskStatus};
use uuid::Uuid;

use crate::postgres::is_server;

/// Something that a store could not do, and why.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file is a database of another program.
    #[error("`{}` is a database of another program", .0.display())]
    Foreign(PathBuf),
    /// The file is a database of tasks from before tasks and runs were kept apart.
    #[error("`{}` has a `tasks` table of the old form", .0.display())]
    Legacy(PathBuf),
    /// The file cannot be imported: it has no `tasks` table of the old form, or something else that
    /// stands against it.
    #[error("`{}` cannot be imported: {why}", path.display())]
    NotLegacy {
        /// The file.
        path: PathBuf,
        /// What is not as it should be.
        why: String,
    },
    /// A newer onx wrote the store.
    #[error("`{}` has version {found}, and this onx knows {known}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version that it has.
        found: i64,
        /// The highest version that is known here.
        known: i64,
    },
    /// The file is no database, or its content contradicts itself.
    #[error("`{}` is damaged: {why}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        why: String,
    },
    /// There is no store, and none is to be made.
    #[error("`{}` does not exist", .0.display())]
    Missing(PathBuf),
    /// Another process works with the store and does not let go of it.
    #[error("`{}` is in use by another process", .0.display())]
    InUse(PathBuf),
    /// The database could not be read or written.
    #[error("`{}` could not be {action}", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// What was attempted, as a participle.
        action: &'static str,
        /// What the database says.
        #[source]
        source: Box<sqlx::Error>,
    },
    /// The URL names no store.
    #[error("the URL of the store cannot be used: {0}")]
    BadUrl(String),
    /// No connection to the server could be made.
    #[error("`{}` cannot be reached", place.display())]
    Unreachable {
        /// The server, the database and the schema, without user and password.
        place: PathBuf,
        /// Why.
        #[source]
        source: Box<sqlx::Error>,
    },
    /// The connection ended before the answer came.
    #[error("the connection to `{}` was lost", place.display())]
    ConnectionLost {
        /// The server, the database and the schema, without user and password.
        place: PathBuf,
        /// What was noticed.
        #[source]
        source: Box<sqlx::Error>,
    },
    /// A file beside the database could not be read or written.
    #[error("a file of the store could not be used")]
    File(#[from] FileError),
    /// The thread that waits for the database could not be set up.
    #[error("the database could not be called")]
    Runtime(#[source] std::io::Error),
    /// The folder of the workspaces is another store's.
    #[error("`{}` holds the workspaces of another store, `{owner}`", folder.display())]
    OtherWorkspaces {
        /// The folder.
        folder: PathBuf,
        /// The other store.
        owner: String,
    },
    /// There is no such task.
    #[error("there is no task `{0}`")]
    NoTask(TaskId),
    /// There is no such run.
    #[error("there is no run `{0}`")]
    NoRun(RunId),
    /// There is another task of this id.
    #[error("there is another task `{0}`")]
    TaskExists(TaskId),
    /// The task is not what was planned.
    #[error("the task `{0}` is not what it was when it was planned, or somebody works at it")]
    TaskChanged(TaskId),
    /// The status of a task or run stands against it.
    #[error("`{id}` cannot do that")]
    Status {
        /// The task or run.
        id: String,
        /// Which step there is not.
        #[source]
        source: StatusError,
    },
    /// Another worker has taken the task over, or the lease was given back.
    #[error("the lease of the task `{0}` is lost")]
    LeaseLost(TaskId),
    /// Another worker holds the task.
    #[error("another worker holds the task `{0}`")]
    Claimed(TaskId),
    /// Something may still be done about the task.
    #[error("the task `{0}` is {1}, and only what is DONE or ARCHIVED is removed")]
    NotOver(TaskId, TaskStatus),
    /// There is another manifest of this id.
    #[error("there is another manifest `{0}`")]
    ManifestExists(Uuid),
    /// An operation cannot be part of the manifest with which it came.
    #[error("the operation `{id}` cannot be kept: {why}")]
    Operation {
        /// The operation.
        id: Uuid,
        /// What stands against it.
        why: String,
    },
    /// A value does not fit its column.
    #[error("the `{column}` is too long: {why}")]
    TooLong {
        /// The column.
        column: &'static str,
        /// What it takes.
        why: String,
    },
    /// An event has no id, because its payload has no canonical form.
    #[error("an event has no canonical form")]
    Canonical(#[from] CanonicalError),
    /// There is nothing to go back to.
    #[error("there is no backup `{}`", .0.display())]
    NoBackup(PathBuf),
    /// A backup is not what was backed up.
    #[error("the backup `{}` cannot be used: {why}", path.display())]
    BadBackup {
        /// The backup.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A value cannot be written as JSON.
    #[error("a record has no JSON form")]
    Json(#[from] serde_json::Error),
}

impl StoreError {
    pub(crate) fn damaged(path: &Path, why: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_owned(), why: why.into() }
    }

    pub(crate) fn lost(place: &Path, source: sqlx::Error) -> Self {
        Self::ConnectionLost { place: place.to_owned(), source: Box::new(source) }
    }

    /// What the database says, in the words of this crate.
    pub(crate) fn of_database(path: &Path, action: &'static str, source: sqlx::Error) -> Self {
        if let sqlx::Error::ColumnDecode { .. } = source {
            return Self::damaged(path, source.to_string());
        }
        let code = source.as_database_error().and_then(sqlx::error::DatabaseError::code);
        let code = code.unwrap_or_default().into_owned();
        if is_server(path) {
            return Self::of_server(path, action, source, &code);
        }
        // The low byte is the primary result code of SQLite.
        match code.parse::<u32>().ok().map(|code| code & 0xff) {
            Some(5 | 6) => Self::InUse(path.to_owned()),
            // What never was a database looks like one whose beginning is gone.
            Some(26) => Self::damaged(path, "it does not begin as a database of SQLite does"),
            Some(11) => Self::damaged(path, source.to_string()),
            _ => Self::Database { path: path.to_owned(), action, source: Box::new(source) },
        }
    }

    /// What a server says, by the class or the whole of its code.
    fn of_server(path: &Path, action: &'static str, source: sqlx::Error, code: &str) -> Self {
        let is_network = matches!(source, sqlx::Error::Io(_) | sqlx::Error::Tls(_));
        match (code, code.get(..2)) {
            _ if is_network => Self::lost(path, source),
            // Shut down, or ended for having stopped in the midst of a transaction.
            ("57P01" | "57P02" | "57P03" | "57P05" | "25P03", _) | (_, Some("08")) => {
                Self::lost(path, source)
            }
            // A lock that did not come, or one of two that waited for each other.
            ("55P03" | "40P01" | "40001", _) => Self::InUse(path.to_owned()),
            // A table or column that is not there.
            ("42P01" | "42703" | "3F000", _) => Self::damaged(path, source.to_string()),
            _ => Self::Database { path: path.to_owned(), action, source: Box::new(source) },
        }
    }

    /// Who can do something about it.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Legacy(_)
            | Self::NotLegacy { .. }
            | Self::Missing(_)
            | Self::NoTask(_)
            | Self::NoRun(_)
            | Self::NotOver(..)
            | Self::TooLong { .. }
            | Self::BadUrl(_)
            | Self::NoBackup(_) => ErrorKind::User,
            Self::Foreign(_)
            | Self::Newer { .. }
            | Self::Damaged { .. }
            | Self::InUse(_)
            | Self::TaskExists(_)
            | Self::TaskChanged(_)
            | Self::Status { .. }
            | Self::LeaseLost(_)
            | Self::Claimed(_)
            | Self::OtherWorkspaces { .. }
            | Self::ManifestExists(_)
            | Self::Operation { .. }
            | Self::BadBackup { .. } => ErrorKind::Conflict,
            Self::File(error) => match error.kind {
                FileErrorKind::Missing | FileErrorKind::Path => ErrorKind::User,
                FileErrorKind::Link | FileErrorKind::NotAFile | FileErrorKind::NotAFolder => {
                    ErrorKind::Conflict
                }
                _ => ErrorKind::Outside,
            },
            Self::Database { .. }
            | Self::Unreachable { .. }
            | Self::ConnectionLost { .. }
            | Self::Runtime(_) => ErrorKind::Outside,
            Self::Json(_) | Self::Canonical(_) => ErrorKind::Internal,
        }
    }

    /// Whether a task or run stands against it, and not the store.
    pub fn is_about_a_task(&self) -> bool {
        matches!(
            self,
            Self::NoTask(_)
                | Self::NoRun(_)
                | Self::TaskExists(_)
                | Self::TaskChanged(_)
                | Self::Status { .. }
                | Self::LeaseLost(_)
                | Self::Claimed(_)
                | Self::NotOver(..)
        )
    }

    /// What the user can do next.
    pub fn hint(&self) -> String {
        match self {
            Self::Foreign(path) | Self::Damaged { path, .. } | Self::Database { path, .. }
                if is_server(path) =>
            {
                self.hint_of_server().to_owned()
            }
            Self::Foreign(_) => "name another file with --store".to_owned(),
            Self::Legacy(path) => format!(
                "`onx tasks import-legacy --db {} --workspaces DIR` brings it into the new form",
                path.display()
            ),
            Self::NotLegacy { .. } => "check the file that --db names".to_owned(),
            Self::Newer { .. } => "use the onx that wrote it, or a newer one".to_owned(),
            Self::Damaged { path, .. } => format!(
                "name another file if this is no store, else put back a copy, such as `{0}.bak_v*` \
                 or `{0}.bak_v4` with `onx tasks import-legacy --recover`, or move the file away \
                 to begin anew",
                path.display()
            ),
            Self::Missing(_) => "check the path".to_owned(),
            Self::InUse(_) => {
                "wait until the other process has ended, and run the same command again".to_owned()
            }
            Self::BadUrl(_) | Self::Unreachable { .. } | Self::ConnectionLost { .. } => {
                self.hint_of_server().to_owned()
            }
            Self::Database { .. } | Self::Runtime(_) => {
                "check that the disk has space and that you may write there".to_owned()
            }
            Self::File(error) => error.hint().to_owned(),
            Self::OtherWorkspaces { folder, .. } => format!(
                "name another folder with --workspaces or leave that out, and give a file a folder \
                 of its own; if the store has another name now, remove `{}`",
                folder.join(".store").display()
            ),
            Self::NoTask(_) => "`onx tasks list --all` shows every task".to_owned(),
            Self::NoRun(_) => "`onx runs list` shows every run".to_owned(),
            Self::TaskExists(id) => {
                format!("`onx tasks show {id}` shows it; choose another id for the new one")
            }
            Self::TaskChanged(id) => {
                format!("`onx tasks show {id}` shows it; one that is TODO can be planned again")
            }
            Self::Status { .. } => "see how far it is with `onx tasks show`".to_owned(),
            Self::LeaseLost(_) => "leave the task to the worker that has it now".to_owned(),
            Self::Claimed(_) => {
                "leave the task to that worker, or wait until its lease has expired".to_owned()
            }
            Self::NotOver(id, _) => format!("`onx tasks archive {id}` ends it"),
            Self::ManifestExists(_) => {
                "a manifest that was changed is another one and needs another id".to_owned()
            }
            Self::Operation { .. } => "put it into the manifest that it is of".to_owned(),
            Self::TooLong { .. } => "give a shorter one".to_owned(),
            Self::NoBackup(_) => {
                "an import makes one first; nothing was imported from there".to_owned()
            }
            Self::BadBackup { .. } => {
                "put another copy of the old database in its place".to_owned()
            }
            Self::Json(_) | Self::Canonical(_) => {
                "please report this with the command that you ran".to_owned()
            }
        }
    }

    /// What the user can do about a store in PostgreSQL.
    fn hint_of_server(&self) -> &'static str {
        match self {
            Self::BadUrl(_) => {
                "write it as postgres://USER@HOST:PORT/DATABASE, with ?schema=NAME for another \
                 schema than `onx`; special characters are written as %XX"
            }
            Self::Unreachable { .. } => {
                "check that the server runs, and host, port, database, user and password of the URL"
            }
            Self::ConnectionLost { .. } => {
                "run the same command again; whether the change was kept, `onx tasks list` shows"
            }
            Self::Foreign(_) => "name another schema with `?schema=NAME` in the URL",
            Self::Damaged { .. } => {
                "put back a dump of the schema, or name another one with `?schema=NAME` in the URL \
                 to begin anew; an upgrade keeps a copy in a schema `NAME_bak_v*`"
            }
            _ => "check what the user of the URL may do in that database",
        }
    }
}
