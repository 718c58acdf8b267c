//! Lists manifests and applications in the store.

use std::sync::{Mutex, PoisonError};

use artifact::{ErrorKind, Timestamp};
use code_line::application::ApplicationRecord;
use code_line::trust::SignatureState;
use code_line::work::{ApplicationListing, Listings, ManifestListing};
use code_line::{Error, ErrorCode};
use ledger::Event;
use run::RunId;
use serde_json::{Map, Value};
use store::{ApplicationRow, ManifestRecord, OperationRecord, Store};
use uuid::Uuid;

use super::Context;
use super::audit::{line, manifest_id, note, note_late};
use super::tasks::refused;

/// The tables of manifests and applications of a store, and the audit log.
pub(super) struct StoreListings<'a> {
    store: &'a dyn Store,
    context: &'a Context<'a>,
    /// Why the audit log could not be written. What was done stands all the same.
    unlogged: Mutex<Option<Error>>,
}

impl<'a> StoreListings<'a> {
    pub(super) fn new(store: &'a dyn Store, context: &'a Context<'a>) -> Self {
        Self { store, context, unlogged: Mutex::new(None) }
    }

    /// Why something that happened is not in the audit log, if so.
    pub(super) fn unlogged(self) -> Option<Error> {
        self.unlogged.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listings for StoreListings<'_> {
    fn list_manifest(&self, manifest: &ManifestListing) -> Result<(), Error> {
        let id = uuid(&manifest.id)?;
        let metadata = Map::from_iter([
            ("library".to_owned(), Value::from(manifest.library.clone())),
            ("uri".to_owned(), Value::from(manifest.uri.clone())),
            ("from_version".to_owned(), Value::from(manifest.from_version.clone())),
            ("to_version".to_owned(), Value::from(manifest.to_version.clone())),
        ]);
        let record = ManifestRecord {
            id,
            from_version: fitted(&manifest.from_version, 50),
            to_version: fitted(&manifest.to_version, 50),
            created_at: self.now(),
            manifest_uri: fitted(&manifest.uri, 500),
            checksum: manifest.digest.hex(),
            operation_count: manifest.operations.len() as u32,
            confidence_avg: manifest.confidence_avg,
            status: "draft".to_owned(),
            metadata: Some(Value::Object(metadata)),
        };
        let operations = manifest.operations.iter().map(|operation| {
            Ok(OperationRecord {
                id: uuid(&operation.id)?,
                manifest_id: id,
                operation_type: operation.kind.clone(),
                operation_data: operation.data.clone(),
                confidence: operation.confidence,
                evidence: operation.evidence.clone(),
                sequence_order: operation.sequence,
            })
        });
        let operations = operations.collect::<Result<Vec<_>, Error>>()?;
        self.store.put_manifest(&record, &operations).map_err(refused)
    }

    fn list_application(&self, application: &ApplicationListing) -> Result<(), Error> {
        let mut details = application.details.clone();
        details.insert("checkpoint".to_owned(), Value::from(application.checkpoint.clone()));
        details.insert("package".to_owned(), Value::from(application.package.clone()));
        let row = ApplicationRow {
            id: uuid(&application.id)?,
            manifest_id: uuid(&application.manifest_id)?,
            package_name: fitted(&application.package, 200),
            applied_at: application.applied_at,
            applied_by: None,
            success: application.success,
            operations_applied: application.operations_applied,
            operations_failed: application.operations_failed,
            rollback_checkpoint: Some(fitted(&application.checkpoint, 500)),
            logs: Some(Value::Object(details)),
        };
        self.store.put_application(&row).map_err(refused)
    }

    fn note_application(
        &self,
        record: &ApplicationRecord,
        signature: &SignatureState,
        is_new: bool,
    ) -> Result<(), Error> {
        let noted = || {
            if let (false, Some(subject)) = (signature.is_signed(), record.manifest) {
                let event = Event::UnsignedWorkAllowed { operation: line("apply")?, subject };
                note_once(self.context, record, event, is_new)?;
            }
            note_application(self.context, record, is_new)
        };
        if let Err(error) = noted() {
            *self.unlogged.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        }
        Ok(())
    }
}

/// Writes down that a manifest was applied. It is told as soon as it is so, and again by whoever
/// finds it, and written once.
pub(super) fn note_application(
    context: &Context<'_>,
    record: &ApplicationRecord,
    is_new: bool,
) -> Result<(), Error> {
    let manifest_id = match &record.manifest {
        Some(digest) => manifest_id(digest)?,
        None => line("unknown")?,
    };
    let event = Event::ManifestApplied {
        applied_by: context.world.trust.own_key()?.owner,
        manifest_id,
        package: line(&record.target)?,
        success: record.operations_failed == 0,
    };
    note_once(context, record, event, is_new)
}

/// Writes an event down under the id of a record, which no other store has as it may have the id of
/// a run. What is new cannot have been told long ago.
fn note_once(
    context: &Context<'_>,
    record: &ApplicationRecord,
    event: Event,
    is_new: bool,
) -> Result<(), Error> {
    let id = RunId::new(record.id.to_string())
        .map_err(|error| Error::internal("a record has no usable id").caused_by(error))?;
    if is_new { note(context, Some(&id), |_| Ok(event)) } else { note_late(context, &id, event) }
}

impl StoreListings<'_> {
    fn now(&self) -> Timestamp {
        self.context.world.clock.now()
    }
}

/// As much of a text as a column takes. Nothing is lost: what is listed beside it holds the whole,
/// and work that is done must not fail for the length of a path.
fn fitted(text: &str, characters: usize) -> String {
    if text.chars().count() <= characters {
        return text.to_owned();
    }
    let kept: String = text.chars().take(characters - 1).collect();
    format!("{kept}…")
}

fn uuid(text: &str) -> Result<Uuid, Error> {
    text.parse().map_err(|error: uuid::Error| {
        Error::new(ErrorKind::Internal, ErrorCode::InternalError, "an id is no UUID")
            .caused_by(error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_where_the_column_ends() {
        assert_eq!(fitted("1.0", 3), "1.0");
        assert_eq!(fitted("ééééé", 3), "éé…");
    }
}
