//! Lists manifests and applications in the store.

use artifact::{ErrorKind, Timestamp};
use code_line::work::{ApplicationListing, Listings, ManifestListing};
use code_line::{Error, ErrorCode};
use host::Clock;
use serde_json::{Map, Value};
use store::{ApplicationRow, ManifestRecord, OperationRecord, Store};
use uuid::Uuid;

use super::tasks::refused;

/// The tables of manifests and applications of a store.
pub(super) struct StoreListings<'a> {
    pub(super) store: &'a dyn Store,
    pub(super) clock: &'a dyn Clock,
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
}

impl StoreListings<'_> {
    fn now(&self) -> Timestamp {
        self.clock.now()
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
