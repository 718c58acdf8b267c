//! What a store knows about manifests: columns. What they mean is not for here.

use artifact::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use crate::StoreError;

/// A row of `migration_manifests`.
#[derive(Debug, Clone, PartialEq)]
pub struct ManifestRecord {
    /// Names it.
    pub id: Uuid,
    /// The version that it leads from.
    pub from_version: String,
    /// The version that it leads to.
    pub to_version: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Where its text is.
    pub manifest_uri: String,
    /// The BLAKE3 digest of its text, in 64 hexadecimal digits.
    pub checksum: String,
    /// How many operations it has.
    pub operation_count: u32,
    /// The mean of their confidence.
    pub confidence_avg: f64,
    /// `draft`, `published` or `deprecated`.
    pub status: String,
    /// What else is known about it.
    pub metadata: Option<Value>,
}

/// A row of `manifest_operations`.
#[derive(Debug, Clone, PartialEq)]
pub struct OperationRecord {
    /// Names it among the operations of all manifests.
    pub id: Uuid,
    /// The manifest that it is part of.
    pub manifest_id: Uuid,
    /// What kind of operation it is, such as `rename.import`.
    pub operation_type: String,
    /// The operation itself.
    pub operation_data: Value,
    /// How sure it is.
    pub confidence: f64,
    /// What speaks for it.
    pub evidence: Value,
    /// Its place in the manifest.
    pub sequence_order: u32,
}

/// A row of `migration_applications`.
#[derive(Debug, Clone, PartialEq)]
pub struct ApplicationRow {
    /// Names it.
    pub id: Uuid,
    /// The manifest that was applied, which need not be in the store.
    pub manifest_id: Uuid,
    /// What it was applied to.
    pub package_name: String,
    /// When.
    pub applied_at: Timestamp,
    /// By whom.
    pub applied_by: Option<String>,
    /// Whether everything was done that was to be done.
    pub success: bool,
    /// How many operations were carried out.
    pub operations_applied: u32,
    /// How many were not.
    pub operations_failed: u32,
    /// What leads back to before.
    pub rollback_checkpoint: Option<String>,
    /// What was said meanwhile.
    pub logs: Option<Value>,
}

/// A text that a column takes, with the name of the column and how many characters it takes.
pub(crate) type TextColumn<'a> = (&'static str, Option<&'a str>, usize);

impl ManifestRecord {
    pub(crate) fn columns(&self) -> impl Iterator<Item = TextColumn<'_>> {
        [
            ("from_version", Some(&*self.from_version), 50),
            ("to_version", Some(&*self.to_version), 50),
            ("manifest_uri", Some(&*self.manifest_uri), 500),
            ("checksum", Some(&*self.checksum), 64),
            ("status", Some(&*self.status), 20),
        ]
        .into_iter()
    }
}

impl OperationRecord {
    pub(crate) fn columns(&self) -> impl Iterator<Item = TextColumn<'_>> {
        [("operation_type", Some(&*self.operation_type), 50)].into_iter()
    }
}

impl ApplicationRow {
    pub(crate) fn columns(&self) -> impl Iterator<Item = TextColumn<'_>> {
        [
            ("package_name", Some(&*self.package_name), 200),
            ("applied_by", self.applied_by.as_deref(), 100),
            ("rollback_checkpoint", self.rollback_checkpoint.as_deref(), 500),
        ]
        .into_iter()
    }
}

/// Refuses a text that is too long for its column. SQLite would take it and PostgreSQL would not,
/// and a store must not depend on which of them keeps it.
pub(crate) fn fits<'a>(
    mut columns: impl Iterator<Item = TextColumn<'a>>,
) -> Result<(), StoreError> {
    let long = columns.find(|(_, text, limit)| text.is_some_and(|it| it.chars().count() > *limit));
    match long {
        Some((column, _, limit)) => {
            Err(StoreError::TooLong { column, why: format!("it takes {limit} characters") })
        }
        None => Ok(()),
    }
}

/// A count as a column of these tables holds it.
pub(crate) fn count_column(column: &'static str, count: u32) -> Result<i32, StoreError> {
    i32::try_from(count)
        .map_err(|_| StoreError::TooLong { column, why: format!("it takes up to {}", i32::MAX) })
}
