//! What can go wrong with a registry.

use std::path::PathBuf;

use artifact::ErrorKind;
use host::{FileError, FileErrorKind};

use crate::{EntryName, NameError, RoleError};

/// Something that a registry could not do, and why.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The name is none.
    #[error(transparent)]
    Name(#[from] NameError),
    /// Nothing was published under the name.
    #[error("nothing is published as `{0}`")]
    Missing(EntryName),
    /// Several packages have these versions.
    #[error("`{name}` may be one of {}", candidates.join(", "))]
    Ambiguous {
        /// The name.
        name: EntryName,
        /// What it may stand for.
        candidates: Vec<String>,
    },
    /// Something else was published under the name.
    #[error("something else is published as `{0}` already")]
    Taken(EntryName),
    /// The entry must not be used any more.
    #[error("`{name}` was yanked: {reason}")]
    Yanked {
        /// The name.
        name: EntryName,
        /// Why.
        reason: String,
    },
    /// What lies there is not what was published.
    #[error("`{name}` is damaged: {why}")]
    Damaged {
        /// The name.
        name: EntryName,
        /// What is wrong with it.
        why: String,
    },
    /// A file of the entry is not where the entry is.
    #[error("`{file}` of `{name}` is not in the registry")]
    Gone {
        /// The name.
        name: EntryName,
        /// The file of the bundle.
        file: String,
    },
    /// What was asked for without the registry was never fetched from it, or not all of it.
    #[error("`{0}` was not fetched yet")]
    NotFetched(EntryName),
    /// The registry has roles, and is not used without them.
    #[error("the registry has roles")]
    HasRoles,
    /// The registry has no roles, and what was asked for is done with them.
    #[error("the registry has no roles")]
    NoRoles,
    /// Another root of this registry is trusted.
    #[error("another root of this registry is trusted already")]
    OtherRootTrusted,
    /// Nobody said whom to trust in this registry.
    #[error("no root of this registry is trusted yet")]
    NothingTrusted,
    /// A registry whose root is trusted has no roles any more.
    #[error("the registry was signed, and is not any more")]
    RolesGone,
    /// A folder into which a registry was to be copied holds something else.
    #[error("the folder to copy into {0}")]
    NoMirror(&'static str),
    /// The file in which the user keeps what is trusted says nothing that can be read.
    #[error("`{}`, what is trusted of the registry, cannot be read: {why}", path.display())]
    Trust {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A file would be longer than one that is read, and was not written.
    #[error("`{file}` would be longer than {limit_bytes} bytes")]
    TooLong {
        /// The file.
        file: String,
        /// The most that is read of it.
        limit_bytes: u64,
        /// What can be done about it.
        hint: &'static str,
    },
    /// Something is not trusted.
    #[error(transparent)]
    Role(#[from] RoleError),
    /// A file of the registry could not be read or written.
    #[error("a file of the registry could not be used")]
    File(#[from] FileError),
}

impl RegistryError {
    /// Who can do something about it.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Name(_) | Self::Missing(_) | Self::Ambiguous { .. } => ErrorKind::User,
            Self::HasRoles | Self::NoRoles | Self::NothingTrusted => ErrorKind::User,
            Self::NotFetched(_) => ErrorKind::User,
            Self::Gone { .. } | Self::Trust { .. } => ErrorKind::Conflict,
            Self::TooLong { .. } => ErrorKind::User,
            Self::OtherRootTrusted => ErrorKind::User,
            Self::Taken(_) | Self::Yanked { .. } | Self::Damaged { .. } => ErrorKind::Conflict,
            Self::RolesGone | Self::NoMirror(_) => ErrorKind::Conflict,
            Self::Role(error) => error.kind(),
            Self::File(error) => match error.kind {
                FileErrorKind::Link
                | FileErrorKind::HardLink
                | FileErrorKind::NotAFile
                | FileErrorKind::NotAFolder
                | FileErrorKind::Locked(_) => ErrorKind::Conflict,
                _ => ErrorKind::Outside,
            },
        }
    }

    /// What the user can do next.
    pub fn hint(&self) -> String {
        match self {
            Self::Name(_) => {
                "a name looks like registry://core_migrations/yourlib/1.0_2.0".to_owned()
            }
            Self::Missing(_) => "`onx-manifest registry list` shows what there is".to_owned(),
            Self::Ambiguous { .. } => "name the package, too".to_owned(),
            Self::Taken(_) => {
                "what is published never changes; publish other versions, or another namespace"
                    .to_owned()
            }
            Self::Yanked { .. } => {
                "`onx-manifest registry list` shows what there is instead".to_owned()
            }
            Self::Damaged { .. } => "fetch it from another copy of the registry".to_owned(),
            Self::Gone { .. } => {
                "fetch it from another copy of the registry; who published it can \
                publish the same again"
                    .to_owned()
            }
            Self::Trust { .. } => "put it back from a copy of your own; or move it away, get the \
                root from who keeps the registry, and name it: `onx-manifest registry trust FILE`"
                .to_owned(),
            Self::TooLong { hint, .. } => (*hint).to_owned(),
            Self::NotFetched(_) => "fetch it once without --offline".to_owned(),
            Self::HasRoles => "`onx-manifest registry trust FILE` trusts the root that it has; \
                `onx-manifest registry rotate` replaces its keys"
                .to_owned(),
            Self::NoRoles => "`onx-manifest registry init` gives it some".to_owned(),
            Self::OtherRootTrusted => "a newer root is followed by itself; for another registry, \
                name its folder with --registry"
                .to_owned(),
            Self::NothingTrusted => "get the root from who keeps the registry, by a way that you \
                trust, and name it: `onx-manifest registry trust FILE`"
                .to_owned(),
            Self::RolesGone => {
                "ask who keeps the registry; without roles anybody may have written it".to_owned()
            }
            Self::NoMirror(_) => {
                "name a new folder, or one into which this registry was copied before".to_owned()
            }
            Self::Role(error) => error.hint(),
            Self::File(error) => match error.kind {
                FileErrorKind::Locked(_) => {
                    "another process writes there: try again once it has ended".to_owned()
                }
                FileErrorKind::NotAFile => {
                    "move away what stands in the place of that file, and run the same again"
                        .to_owned()
                }
                _ => error.hint().to_owned(),
            },
        }
    }
}
