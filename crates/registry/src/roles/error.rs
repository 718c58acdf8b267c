//! Why something of a registry with roles is not trusted.

use artifact::{ErrorKind, Timestamp, shown};
use ledger::SignerError;

use super::TransportError;

/// Something that is not trusted, or could not be made, and why.
#[derive(Debug, thiserror::Error)]
pub enum RoleError {
    /// The file is no metadata of this role.
    #[error("the metadata of `{}` cannot be read: {why}", shown(role))]
    Malformed {
        /// The role.
        role: String,
        /// What is wrong with it.
        why: String,
    },
    /// Fewer keys of the role than its threshold have signed.
    #[error("`{}` is signed by {valid} of the {threshold} keys that it needs", shown(role))]
    Unsigned {
        /// The role.
        role: String,
        /// How many different keys have signed.
        valid: usize,
        /// How many must.
        threshold: u64,
    },
    /// Fewer keys of the role are here than must sign.
    #[error("`{}` needs {threshold} of its keys to sign, and {own} of them are here", shown(role))]
    TooFewKeys {
        /// The role.
        role: String,
        /// How many are here.
        own: usize,
        /// How many must sign.
        threshold: u64,
    },
    /// The version is lower than one that was trusted before.
    #[error("`{}` goes back from version {trusted} to {offered}", shown(role))]
    Rollback {
        /// The role.
        role: String,
        /// The version that is trusted.
        trusted: u64,
        /// The version that was offered.
        offered: u64,
    },
    /// The version is not the one that was asked for.
    #[error("`{}` has version {found} where {expected} belongs", shown(role))]
    Version {
        /// The role.
        role: String,
        /// The version that belongs there.
        expected: u64,
        /// The version that is there.
        found: u64,
    },
    /// The metadata is too old to be trusted.
    #[error("`{}` expired at {at}", shown(role))]
    Expired {
        /// The role.
        role: String,
        /// When.
        at: Timestamp,
    },
    /// A role names another one that is not there.
    #[error("`{}` is not in the registry", shown(file))]
    Missing {
        /// The file.
        file: String,
    },
    /// The snapshot does not say which version of the role is the current one.
    #[error("the snapshot does not name `{}`", shown(role))]
    Unlisted {
        /// The role.
        role: String,
    },
    /// The bytes are not those that a trusted role names.
    #[error("`{}` is not what was signed: {why}", shown(file))]
    Bytes {
        /// The file.
        file: String,
        /// What differs.
        why: &'static str,
    },
    /// What was published has been changed or taken away.
    #[error("`{}`, published before, {what}", shown(target))]
    Changed {
        /// The path of the target.
        target: String,
        /// What happened to it.
        what: &'static str,
    },
    /// More roles are asked for one path than a client asks.
    #[error("more than {limit} roles are asked for one path")]
    TooDeep {
        /// How many are asked.
        limit: usize,
    },
    /// More versions than a client follows at once.
    #[error("the registry has more {what} than {limit}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many are followed.
        limit: usize,
    },
    /// The roots of the registry are not those of the root that is trusted.
    #[error("root {version} of the registry is not the one that is trusted")]
    OtherRoots {
        /// The version of the root that is trusted.
        version: u64,
    },
    /// The name cannot be given to a namespace or a package.
    #[error("`{}` cannot be used: {why}", shown(name))]
    Name {
        /// The name.
        name: String,
        /// Why.
        why: &'static str,
    },
    /// Nobody publishes in the namespace.
    #[error("the namespace `{}` was given to nobody", shown(namespace))]
    NotDelegated {
        /// The namespace.
        namespace: String,
    },
    /// Two namespaces of the registry could be taken for each other.
    #[error("the namespace `{}` could be taken for another one of the registry", shown(namespace))]
    Alike {
        /// One of them.
        namespace: String,
    },
    /// A role signed an entry of a namespace that is not its own.
    #[error("an entry of `{}` is signed by the role `{}`", shown(namespace), shown(role))]
    Foreign {
        /// The namespace.
        namespace: String,
        /// Who signed.
        role: String,
    },
    /// What was signed would not be trusted by anybody.
    #[error("`{}` cannot be signed so: {why}", shown(role))]
    Unfit {
        /// The role.
        role: String,
        /// Why.
        why: String,
        /// What can be done about it.
        hint: &'static str,
    },
    /// Nothing was signed.
    #[error("`{}` was not signed", shown(role))]
    Signer {
        /// The role.
        role: String,
        /// Why.
        #[source]
        source: SignerError,
    },
    /// The registry could not be reached.
    #[error("the registry could not be read: {0}")]
    Transport(#[from] TransportError),
}

impl RoleError {
    /// Who can do something about it.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Name { .. } | Self::NotDelegated { .. } => ErrorKind::User,
            Self::TooFewKeys { .. } | Self::Unfit { .. } => ErrorKind::User,
            Self::Signer { source, .. } => source.kind(),
            Self::Transport(_) => ErrorKind::Outside,
            _ => ErrorKind::Conflict,
        }
    }

    /// What the user can do next.
    pub fn hint(&self) -> String {
        let text = match self {
            Self::Expired { .. } => {
                "ask who keeps the registry to renew it; set the clock right if it is wrong"
            }
            Self::Unsigned { .. } | Self::Malformed { .. } | Self::Bytes { .. } => {
                "do not use it; ask who keeps the registry, or take another copy of it"
            }
            Self::TooFewKeys { .. } => {
                "`onx keys list` shows the keys that are here; ask who has the others"
            }
            Self::OtherRoots { .. } => "somebody put other roles there; ask who keeps the registry",
            Self::Alike { .. } | Self::Foreign { .. } => {
                "do not use it; ask who keeps the registry"
            }
            Self::Rollback { .. } | Self::Version { .. } | Self::Changed { .. } => {
                "an old or a changed copy is shown; ask who keeps the registry"
            }
            Self::Missing { .. } | Self::Unlisted { .. } => {
                "the copy of the registry is not whole; take another one"
            }
            Self::TooDeep { .. } => {
                "ask who keeps the registry to delegate to fewer roles; trying again does not help"
            }
            Self::TooMany { .. } => "refresh again; what was verified so far is kept",
            Self::Name { .. } => "take another name",
            Self::NotDelegated { .. } => {
                "who keeps the registry gives it with `onx-manifest registry delegate`"
            }
            Self::Unfit { hint, .. } => hint,
            Self::Signer { source, .. } => source.hint(),
            Self::Transport(_) => "see whether the folder of the registry can be read",
        };
        text.to_owned()
    }
}
