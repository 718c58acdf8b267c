//! What was applied to a dependent, and the way back.

use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::application::ApplicationRecord;
use crate::transaction::{RollbackRequest, TransactionError, Transactions};
use crate::{Error, ErrorCode, ErrorKind, World};

/// What was brought back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RollbackAnswer {
    /// The record of the rollback; none when every file was as the checkpoint says already.
    pub record: Option<ApplicationRecord>,
}

/// What is known about a target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StatusAnswer {
    /// The target.
    pub target: String,
    /// A change that had been interrupted and was brought to its end just now.
    pub recovered: Option<ApplicationRecord>,
    /// The newest application that was not taken back.
    pub standing: Option<ApplicationRecord>,
}

/// Brings a dependent back to a checkpoint.
pub fn rollback(request: &RollbackRequest, world: &World) -> Result<RollbackAnswer, Error> {
    let record = transactions(world).rollback(request).map_err(|e| transaction_error(&e))?;
    Ok(RollbackAnswer { record })
}

/// What is applied to a dependent; ends a change that was interrupted.
pub fn status(target: &Path, world: &World) -> Result<StatusAnswer, Error> {
    let folder = world.environment.absolute(target);
    let recovered = transactions(world).recover(&folder).map_err(|e| transaction_error(&e))?;
    let status = transactions(world).status(&folder).map_err(|e| transaction_error(&e))?;
    Ok(StatusAnswer { target: target.display().to_string(), recovered, standing: status.standing })
}

/// Every application and rollback of a dependent, the newest first.
pub fn history(target: &Path, world: &World) -> Result<Vec<ApplicationRecord>, Error> {
    let folder = world.environment.absolute(target);
    let records = transactions(world).history(Some(&folder));
    let mut records = records.map_err(|error| transaction_error(&error))?;
    records.reverse();
    Ok(records)
}

/// Changes of targets whose records lie in the user's state folder.
pub(crate) fn transactions(world: &World) -> Transactions<'_> {
    Transactions::new(&*world.files, &*world.clock, &world.folders.state)
}

/// What a transaction says, as an error of the code line.
pub(crate) fn transaction_error(error: &TransactionError) -> Error {
    let kind = match error {
        TransactionError::File(file) if file.kind == host::FileErrorKind::Missing => {
            ErrorKind::User
        }
        TransactionError::File(file) if is_locked(file) => ErrorKind::Conflict,
        TransactionError::NoCheckpoint(_) | TransactionError::OtherVersion { .. } => {
            ErrorKind::User
        }
        error if error.is_conflict() => ErrorKind::Conflict,
        _ => ErrorKind::Outside,
    };
    let mut converted = Error::new(kind, ErrorCode::ApplicationError, error.to_string());
    let mut cause = std::error::Error::source(error);
    while let Some(current) = cause {
        converted = converted.detail(current.to_string());
        cause = current.source();
    }
    let converted = converted.hint(error.hint());
    match error {
        TransactionError::File(file) if is_locked(file) => converted.busy(),
        _ => converted,
    }
}

/// Whether another process has the target in hand.
fn is_locked(file: &host::FileError) -> bool {
    matches!(file.kind, host::FileErrorKind::Locked(_))
}
