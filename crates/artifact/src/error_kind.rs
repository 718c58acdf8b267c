//! Whose turn it is when something failed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Who can do something about an error; decides the exit code.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// What was asked for cannot be done as asked: a wrong argument, a missing reference, a bad
    /// manifest.
    User,
    /// A configuration file is wrong.
    Config,
    /// The state of the world stands against it: a dirty target, another package's folder.
    Conflict,
    /// Something outside failed: the disk, the network, git.
    Outside,
    /// onx itself is wrong.
    Internal,
}
