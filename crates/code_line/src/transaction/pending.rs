//! Changes that were interrupted: brought to their end, or taken back.

use std::path::{Path, PathBuf};

use artifact::TreePath;

use super::{RollbackRequest, Transactions, changed_checkpoint};
use crate::application::{ApplicationKind, ApplicationOutcome, ApplicationRecord, TargetState};
use crate::checkpoint::{CheckpointFolder, Touched};
use crate::settling::{SettleError, Side, Situation, settle};
use crate::transaction_error::TransactionError;

impl Transactions<'_> {
    /// Brings a change that was interrupted to its end; none when there is none.
    pub fn recover(&self, target: &Path) -> Result<Option<ApplicationRecord>, TransactionError> {
        let target = self.files.canonical(target)?;
        let state = TargetState::of(self.files, &self.state, &target);
        if state.pending()?.is_none() {
            return Ok(None);
        }
        let _lock = self.lock(&state)?;
        let Some(record) = state.pending()? else { return Ok(None) };
        self.end_pending(&target, &state, record, Side::After).map(Some)
    }

    /// Does with a change that was interrupted what this rollback asks for, and says which
    /// checkpoint that restores, where it is known.
    pub(super) fn roll_pending_back(
        &self,
        request: &RollbackRequest,
        target: &Path,
        state: &TargetState<'_>,
        pending: &ApplicationRecord,
        named: &mut Option<PathBuf>,
    ) -> Result<ApplicationRecord, TransactionError> {
        let (side, version) = match pending.kind {
            ApplicationKind::Apply => (Side::Before, &pending.from_version),
            ApplicationKind::Rollback => (Side::After, &pending.to_version),
        };
        let is_meant = match (named.as_deref(), pending.kind) {
            (None, _) => true,
            (Some(folder), ApplicationKind::Apply) => folder == Path::new(&pending.checkpoint),
            (Some(folder), ApplicationKind::Rollback) => self.is_restored_by(folder, pending)?,
        };
        if !is_meant {
            return Err(TransactionError::Pending(target.to_owned()));
        }
        if let Some(wanted) = request.to_version.as_ref().filter(|wanted| *wanted != version) {
            let (wanted, found) = (wanted.clone(), version.clone());
            return Err(TransactionError::OtherVersion { wanted, found });
        }
        if named.is_none() {
            let undone = match pending.kind {
                ApplicationKind::Apply => Some(pending.checkpoint.clone()),
                ApplicationKind::Rollback => {
                    let records = state.records()?;
                    let undone = records.into_iter().find(|it| Some(it.id) == pending.undoes);
                    undone.map(|record| record.checkpoint)
                }
            };
            *named = undone.map(PathBuf::from);
        }
        self.end_pending(target, state, pending.clone(), side)
    }

    /// Whether this rollback, which was interrupted, restores that checkpoint.
    fn is_restored_by(
        &self,
        folder: &Path,
        rollback: &ApplicationRecord,
    ) -> Result<bool, TransactionError> {
        let (wanted, _) = CheckpointFolder::new(self.files, folder).load()?;
        let own = Path::new(&rollback.checkpoint);
        let (taken, _) = CheckpointFolder::new(self.files, own).load()?;
        let restores = |(path, touched): (&TreePath, &Touched)| {
            wanted.files.get(path).is_some_and(|it| it.before == touched.after)
        };
        Ok(taken.files.iter().all(restores))
    }

    fn end_pending(
        &self,
        target: &Path,
        state: &TargetState<'_>,
        record: ApplicationRecord,
        side: Side,
    ) -> Result<ApplicationRecord, TransactionError> {
        let folder = PathBuf::from(&record.checkpoint);
        let store = CheckpointFolder::new(self.files, &folder);
        let (checkpoint, digest) = store.load()?;
        if digest != record.checkpoint_digest {
            return Err(changed_checkpoint(&folder).into());
        }
        match settle(self.files, target, &checkpoint, store, side, Situation::Resumed) {
            Ok(()) => {}
            Err(SettleError::Edited(paths)) => return Err(TransactionError::Edited(paths)),
            Err(error) => return Err(TransactionError::Interrupted(error)),
        }
        let outcome = match side {
            Side::After => ApplicationOutcome::Recovered,
            Side::Before => ApplicationOutcome::TakenBack,
        };
        self.finish(state, record, outcome)
    }
}
