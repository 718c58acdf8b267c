//! What was applied to a dependent, and the way back.

use std::path::{Path, PathBuf};

use artifact::Digest;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::application::ApplicationRecord;
use crate::checkpoint::checkpoint_folder;
use crate::signed_file::{SignedFile, look_at_checkpoint, sign_checkpoint};
use crate::transaction::{RollbackRequest, TransactionError, Transactions};
use crate::trust::SignatureState;
use crate::{Error, ErrorCode, ErrorKind, World};

/// What was brought back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RollbackAnswer {
    /// The record of the rollback; none when every file was as the checkpoint says already.
    pub record: Option<ApplicationRecord>,
    /// The digest of the checkpoint, where nobody who is trusted here signed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsigned: Option<Digest>,
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

/// Brings a dependent back to a checkpoint: one that was taken here, or that a trusted key signed,
/// or any whose signature is not broken, where that is allowed. That the files are back stands,
/// whether or not the checkpoint that was taken of what they held before could be signed.
pub fn rollback(
    request: &RollbackRequest,
    allow_unsigned: bool,
    world: &World,
) -> Result<(RollbackAnswer, Result<(), Error>), Error> {
    let looked = look_at_named(request, world)?;
    let (vouched, unsigned) = match looked {
        None => (None, None),
        Some(SignedFile { signature: SignatureState::Broken { why }, .. }) => {
            let message = "the signature of the checkpoint does not hold";
            return Err(Error::new(ErrorKind::Conflict, ErrorCode::SignatureError, message)
                .detail(why)
                .hint("restore the files from version control, and do not use this checkpoint"));
        }
        Some(looked) if looked.signature.is_signed() => (Some(looked.digest), None),
        Some(looked) if allow_unsigned => (Some(looked.digest), Some(looked.digest)),
        Some(_) => (None, None),
    };
    let request = RollbackRequest { vouched, ..request.clone() };
    let record = transactions(world).rollback(&request).map_err(|e| transaction_error(&e))?;
    let signed = record.as_ref().map_or(Ok(()), |record| sign_checkpoint(world, record));
    Ok((RollbackAnswer { record, unsigned }, signed))
}

/// The checkpoint that a rollback is to restore, with what its signature is worth; none where that
/// is for the rollback itself to say.
fn look_at_named(request: &RollbackRequest, world: &World) -> Result<Option<SignedFile>, Error> {
    let folder = match &request.checkpoint {
        Some(path) => checkpoint_folder(&*world.files, path).ok(),
        None => {
            let status = transactions(world).status(&request.target);
            status.ok().and_then(|it| it.standing).map(|it| PathBuf::from(it.checkpoint))
        }
    };
    let Some(folder) = folder else { return Ok(None) };
    match look_at_checkpoint(world, &folder) {
        Ok(looked) => Ok(Some(looked)),
        // A checkpoint that cannot be read is refused with the reason by who restores it.
        Err(error) if error.code() == ErrorCode::UsageError => Ok(None),
        Err(error) => Err(error),
    }
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
    let converted = Error::new(kind, ErrorCode::ApplicationError, error.to_string());
    let converted = converted.because_of(error).hint(error.hint());
    match error {
        TransactionError::File(file) if is_locked(file) => converted.busy(),
        _ => converted,
    }
}

/// Whether another process has the target in hand.
fn is_locked(file: &host::FileError) -> bool {
    matches!(file.kind, host::FileErrorKind::Locked(_))
}
