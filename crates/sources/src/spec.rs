//! The words by which a user names a source.

use std::path::PathBuf;
use std::str::FromStr as _;
use std::sync::Arc;

use host::{Clock, DiskFiles, Environment, Files as _, UserFolders};
use pep440_rs::Version;

use crate::{
    ArchiveKind, ArchiveLimits, FolderOptions, GitRepository, PackageIndex, ReleasedVersion,
    SourceError, SourceTree, open_archive, open_folder,
};

/// What opening a source needs from the user's machine.
#[derive(Debug, Clone)]
pub struct SourceContext {
    /// The environment: proxies, pip's settings, working folder.
    pub environment: Environment,
    /// Where downloads are kept.
    pub folders: UserFolders,
    /// Tells when a listing of the index is too old to be used again.
    pub clock: Arc<dyn Clock>,
}

/// Where a code base can be had; a version may still be missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceSpec {
    /// A project on the package index.
    Index {
        /// The distribution's name.
        name: String,
        /// The version.
        version: Option<String>,
    },
    /// A folder, which may be or lie in a git repository.
    Folder {
        /// The folder.
        path: PathBuf,
        /// A version, tag, branch or commit of the repository; the files on the disk when there is
        /// none.
        version: Option<String>,
    },
    /// An sdist or wheel.
    Archive {
        /// The file.
        path: PathBuf,
    },
}

impl SourceSpec {
    /// Reads `pypi:NAME`, `pypi:NAME==VERSION`, the path of a folder or archive, or `PATH@REF`.
    pub fn parse(text: &str, environment: &Environment) -> Result<Self, SourceError> {
        let wrong = |problem: &str| SourceError::Spec {
            text: text.chars().take(200).collect(),
            problem: problem.to_owned(),
        };
        if let Some(rest) = text.strip_prefix("pypi:") {
            let (name, version) = match rest.split_once("==") {
                Some((name, version)) => (name.trim(), Some(version.trim())),
                None => (rest.trim(), None),
            };
            if !is_distribution_name(name) {
                return Err(wrong("a project's name has letters, digits, `-`, `_` and `.`"));
            }
            if let Some(version) = version {
                Version::from_str(version).map_err(|_| wrong("the version is none of PEP 440"))?;
            }
            return Ok(Self::Index { name: name.to_owned(), version: version.map(str::to_owned) });
        }
        if text.contains("://") {
            return Err(wrong("addresses are not read: clone the repository first"));
        }
        if text.trim().is_empty() {
            return Err(wrong("it is empty"));
        }
        let exists = |path: &str| DiskFiles.canonical(&environment.absolute(path)).is_ok();
        if let Some((path, version)) = text.rsplit_once('@')
            && !exists(text)
            && !path.is_empty()
            && !version.is_empty()
            && exists(path)
        {
            let path = environment.absolute(path);
            return Ok(Self::Folder { path, version: Some(version.to_owned()) });
        }
        let path = environment.absolute(text);
        let is_folder = DiskFiles.list(&path, None).is_ok();
        if !is_folder && ArchiveKind::of_name(text).is_some() {
            return Ok(Self::Archive { path });
        }
        Ok(Self::Folder { path, version: None })
    }

    /// The same source at a version; one that the words name already must be the same.
    pub fn at_version(self, wanted: &str) -> Result<Self, SourceError> {
        let agree = |named: Option<String>, text: String| match named {
            Some(named) if named != wanted => Err(SourceError::Spec {
                text,
                problem: format!("it names version `{named}`, but `{wanted}` is asked for"),
            }),
            _ => Ok(Some(wanted.to_owned())),
        };
        Ok(match self {
            Self::Index { name, version } => {
                let version = agree(version, format!("pypi:{name}"))?;
                Self::Index { name, version }
            }
            Self::Folder { path, version } => {
                let version = agree(version, path.display().to_string())?;
                Self::Folder { path, version }
            }
            Self::Archive { path } => Self::Archive { path },
        })
    }

    /// Opens the source: lists its files, and fetches what the cache does not hold yet.
    pub fn open(
        &self,
        distribution: Option<&str>,
        context: &SourceContext,
    ) -> Result<SourceTree, SourceError> {
        match self {
            Self::Folder { path, version: Some(version) } => {
                let no_repository =
                    || SourceError::NoRepository { path: path.clone(), version: version.clone() };
                GitRepository::discover(path)?
                    .ok_or_else(no_repository)?
                    .open(version, distribution)
            }
            Self::Folder { path, version: None } => {
                Ok(open_folder(path, FolderOptions::default())?)
            }
            Self::Archive { path } => open_archive(path, ArchiveLimits::default()),
            Self::Index { name, version: Some(version) } => {
                PackageIndex::new(context)?.open(name, version)
            }
            Self::Index { name, version: None } => Err(SourceError::Spec {
                text: format!("pypi:{name}"),
                problem: "it names no version".to_owned(),
            }),
        }
    }

    /// The released versions that the source knows, oldest first: the tags of a repository, or the
    /// index.
    pub fn versions(
        &self,
        distribution: Option<&str>,
        context: &SourceContext,
    ) -> Result<Vec<ReleasedVersion>, SourceError> {
        match self {
            Self::Folder { path, .. } => match GitRepository::discover(path)? {
                Some(repository) => repository.versions(distribution),
                None => {
                    Err(SourceError::NoRepository { path: path.clone(), version: "*".to_owned() })
                }
            },
            Self::Archive { .. } => Ok(Vec::new()),
            Self::Index { name, .. } => PackageIndex::new(context)?.versions(name),
        }
    }
}

fn is_distribution_name(name: &str) -> bool {
    let alphanumeric = |c: char| c.is_ascii_alphanumeric();
    name.len() <= 200
        && name.starts_with(alphanumeric)
        && name.ends_with(alphanumeric)
        && name.chars().all(|c| alphanumeric(c) || matches!(c, '-' | '_' | '.'))
}
