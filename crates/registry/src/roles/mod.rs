//! Who may publish what, signed: the roles of TUF 1.0 over a registry.
//!
//! The root and the top-level targets are signed by keys that are kept offline, and a threshold of
//! them. Each namespace is delegated to the keys of its publishers. The snapshot and the timestamp
//! are signed by a key that is online, and say which versions belong together and that they are
//! current.

mod canonical;
mod client;
mod error;
mod folder;
mod keeper;
mod key;
mod metadata;
mod names;
mod paths;
mod signed;
mod standing;
mod state;

pub use client::{
    Client, ExpiredRole, FoundTarget, ROLES_FOR_A_PATH, ROOTS_AT_ONCE, Rules, Transport,
    TransportError,
};
pub use error::RoleError;
pub use folder::FolderTransport;
pub use keeper::{KeySet, Lifetimes, RegistryKeeper, Renewed, RootKeys};
pub use key::{Key, VerifyingKey};
pub use metadata::{
    DelegatedRole, Delegations, Expiry, Hashes, Header, MetaFile, OtherFields, Role, RoleKeys,
    RoleKind, RootRole, SPEC_VERSION, Signed, SnapshotRole, TargetFile, TargetsRole, TimestampRole,
    VerificationKeys, Version,
};
pub(crate) use names::expect_no_own_folder;
pub use paths::quoted;
pub use signed::{Listing, Mirrored, Reach, Refused, SignedRegistry, VerifiedEntry};
pub use state::{REGISTRY_TRUST_FORMAT, TRUST_LIMIT_BYTES, TrustDocument, TrustedState};
