//! What can go wrong with a source.

use std::path::PathBuf;

use host::FileError;

/// A source that could not be opened: what was wanted, what is wrong, and what to do next.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// A file or folder could not be used.
    #[error(transparent)]
    File(#[from] FileError),
    /// The words that name a source are none.
    #[error("`{text}` names no source: {problem}")]
    Spec {
        /// The words.
        text: String,
        /// What is wrong with them.
        problem: String,
    },
    /// A folder holds no git repository, but a version was asked for.
    #[error(
        "`{}` is no git repository, so version `{version}` cannot be looked up there",
        path.display()
    )]
    NoRepository {
        /// The folder.
        path: PathBuf,
        /// The version that was asked for.
        version: String,
    },
    /// The repository could not be read.
    #[error("could not {action} in the git repository `{}`", path.display())]
    Git {
        /// What was attempted, as a verb phrase.
        action: String,
        /// The repository.
        path: PathBuf,
        /// What git's data says.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// No tag, branch or commit of that name.
    #[error("`{version}` is no tag, branch or commit of the git repository `{}`", path.display())]
    UnknownVersion {
        /// The version that was asked for.
        version: String,
        /// The repository.
        path: PathBuf,
        /// Tags that look alike, nearest first.
        alike: Vec<String>,
    },
    /// Two tags of that version name different commits.
    #[error(
        "`{version}` could be {}",
        choices.iter().map(|(name, commit)| format!("`{name}` ({commit})"))
            .collect::<Vec<_>>().join(" or ")
    )]
    AmbiguousVersion {
        /// The version that was asked for.
        version: String,
        /// The refs and the commits that they name.
        choices: Vec<(String, String)>,
    },
    /// The folder that was named does not exist in that commit.
    #[error("`{folder}` does not exist in commit {commit}")]
    MissingFolder {
        /// The folder below the repository's root.
        folder: String,
        /// The commit.
        commit: String,
    },
    /// An archive is damaged, hostile or of an unknown kind.
    #[error("the archive `{name}` cannot be used: {problem}")]
    Archive {
        /// The file name of the archive.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The package index has no such project or version.
    #[error("the package index has no {wanted}")]
    NotOnIndex {
        /// The project, or the project and version.
        wanted: String,
        /// Versions that exist, newest first.
        available: Vec<String>,
    },
    /// The package index did not answer as it should.
    #[error("the package index could not be asked for {wanted}: {problem}")]
    Index {
        /// What was asked for.
        wanted: String,
        /// What went wrong.
        problem: String,
    },
    /// A download is not what the index said it would be.
    #[error("the download of {file} is not what the package index announced: {problem}")]
    WrongDownload {
        /// The file.
        file: String,
        /// What differs.
        problem: String,
    },
    /// The user's pip settings cannot be used.
    #[error("the pip setting {setting} cannot be used: {problem}")]
    Settings {
        /// The setting and where it stands.
        setting: String,
        /// What is wrong with it.
        problem: String,
    },
}

impl SourceError {
    /// What the user can do next.
    pub fn hint(&self) -> String {
        match self {
            Self::File(error) => error.hint().to_owned(),
            Self::Spec { .. } => "name a folder, a repository, an sdist or wheel file, or \
                                  `pypi:NAME==VERSION`"
                .to_owned(),
            Self::NoRepository { .. } => {
                "name a git repository, `pypi:NAME`, or two folders or archives".to_owned()
            }
            Self::Git { .. } => "run `git fsck` there, or make a fresh clone".to_owned(),
            Self::UnknownVersion { alike, .. } if alike.is_empty() => {
                "fetch the tags of the repository (`git fetch --tags`) or name a commit".to_owned()
            }
            Self::UnknownVersion { alike, .. } => format!("there are {}", alike.join(", ")),
            Self::AmbiguousVersion { choices, .. } => format!(
                "name the ref itself, for example `{}`",
                choices.first().map_or("v1.0", |(name, _)| name.as_str())
            ),
            Self::MissingFolder { .. } => "name the repository's root instead".to_owned(),
            Self::Archive { .. } => "download it again, and check where it came from".to_owned(),
            Self::NotOnIndex { available, .. } if available.is_empty() => {
                "check the spelling, and the index that pip is configured for".to_owned()
            }
            Self::NotOnIndex { available, .. } => format!("there are {}", available.join(", ")),
            Self::Index { .. } => {
                "check the network and pip's settings (`pip config list`), then run again"
                    .to_owned()
            }
            Self::WrongDownload { .. } => {
                "run again; if it happens twice, the index or a proxy changes files".to_owned()
            }
            Self::Settings { .. } => "correct the setting (`pip config list` shows it)".to_owned(),
        }
    }
}
