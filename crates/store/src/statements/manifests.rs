//! The statements about manifests, their operations, and where they were applied.

use host::Durability;
use serde_json::Value;
use uuid::Uuid;

use super::dialect::{Connection, begin_lasting, json, moment, moment_text, text, uuid};
use super::rows::{count_of, moment_of, uuid_of, wrong};
use crate::calls::Failed;
use crate::manifests::{count_column, fits};
use crate::{ApplicationRow, ManifestRecord, OperationRecord, StoreError};

type ManifestRow =
    (String, String, String, String, String, String, i32, f64, String, Option<String>);

macro_rules! manifest_row {
    () => {
        concat!(
            "SELECT ",
            text!("id"),
            ", from_version, to_version, ",
            moment_text!("created_at"),
            ", manifest_uri, checksum, operation_count, confidence_avg, status, ",
            text!("metadata"),
            " FROM migration_manifests "
        )
    };
}

type OperationRow = (String, String, String, String, f64, String, i32);

const OPERATIONS: &str = concat!(
    "SELECT ",
    text!("id"),
    ", ",
    text!("manifest_id"),
    ", operation_type, ",
    text!("operation_data"),
    ", confidence, ",
    text!("evidence"),
    ", sequence_order FROM manifest_operations WHERE manifest_id = ",
    uuid!("$1"),
    " ORDER BY sequence_order, id"
);

type ApplicationColumns = (
    String,
    String,
    String,
    String,
    Option<String>,
    bool,
    i32,
    i32,
    Option<String>,
    Option<String>,
);

const APPLICATIONS: &str = concat!(
    "SELECT ",
    text!("id"),
    ", ",
    text!("manifest_id"),
    ", package_name, ",
    moment_text!("applied_at"),
    ", applied_by, success, operations_applied, operations_failed, rollback_checkpoint, ",
    text!("logs"),
    " FROM migration_applications WHERE $1 IS NULL OR package_name = $1 ORDER BY applied_at, id"
);

pub(crate) async fn put_manifest(
    connection: &mut Connection,
    manifest: &ManifestRecord,
    operations: &[OperationRecord],
) -> Result<(), Failed> {
    fits(manifest.columns())?;
    for operation in operations {
        fits(operation.columns())?;
        if operation.manifest_id != manifest.id {
            let why = format!("it is of the manifest `{}`", operation.manifest_id);
            return Err(StoreError::Operation { id: operation.id, why }.into());
        }
    }
    // What is listed can be listed again, so nobody waits for the disk here.
    let mut transaction = begin_lasting(connection, Durability::Process).await?;
    if insert_manifest(&mut transaction, manifest).await? {
        for operation in operations {
            insert_operation(&mut transaction, operation).await?;
        }
    } else {
        renew_manifest(&mut transaction, manifest).await?;
    }
    transaction.commit().await?;
    Ok(())
}

/// Writes a manifest, unless there is one of its id; whether it was written.
async fn insert_manifest(
    connection: &mut Connection,
    manifest: &ManifestRecord,
) -> Result<bool, Failed> {
    let query = concat!(
        "INSERT INTO migration_manifests (id, from_version, to_version, created_at, \
         manifest_uri, checksum, operation_count, confidence_avg, status, metadata) VALUES (",
        uuid!("$1"),
        ", $2, $3, ",
        moment!("$4"),
        ", $5, $6, $7, $8, $9, ",
        json!("$10"),
        ") ON CONFLICT (id) DO NOTHING"
    );
    let written = sqlx::query(query)
        .bind(manifest.id.to_string())
        .bind(&manifest.from_version)
        .bind(&manifest.to_version)
        .bind(manifest.created_at.to_string())
        .bind(&manifest.manifest_uri)
        .bind(&manifest.checksum)
        .bind(count_column("operation_count", manifest.operation_count)?)
        .bind(manifest.confidence_avg)
        .bind(&manifest.status)
        .bind(manifest.metadata.as_ref().map(Value::to_string))
        .execute(connection)
        .await?;
    Ok(written.rows_affected() == 1)
}

/// What may change about a manifest while its content stays.
async fn renew_manifest(
    connection: &mut Connection,
    manifest: &ManifestRecord,
) -> Result<(), Failed> {
    let query = concat!(
        "UPDATE migration_manifests SET manifest_uri = $3, status = $4, metadata = ",
        json!("$5"),
        " WHERE id = ",
        uuid!("$1"),
        " AND checksum = $2"
    );
    let same = sqlx::query(query)
        .bind(manifest.id.to_string())
        .bind(&manifest.checksum)
        .bind(&manifest.manifest_uri)
        .bind(&manifest.status)
        .bind(manifest.metadata.as_ref().map(Value::to_string))
        .execute(connection)
        .await?;
    if same.rows_affected() == 1 {
        Ok(())
    } else {
        Err(StoreError::ManifestExists(manifest.id).into())
    }
}

async fn insert_operation(
    connection: &mut Connection,
    operation: &OperationRecord,
) -> Result<(), Failed> {
    let query = concat!(
        "INSERT INTO manifest_operations (id, manifest_id, operation_type, operation_data, \
         confidence, evidence, sequence_order) VALUES (",
        uuid!("$1"),
        ", ",
        uuid!("$2"),
        ", $3, ",
        json!("$4"),
        ", $5, ",
        json!("$6"),
        ", $7) ON CONFLICT (id) DO NOTHING"
    );
    let written = sqlx::query(query)
        .bind(operation.id.to_string())
        .bind(operation.manifest_id.to_string())
        .bind(&operation.operation_type)
        .bind(operation.operation_data.to_string())
        .bind(operation.confidence)
        .bind(operation.evidence.to_string())
        .bind(count_column("sequence_order", operation.sequence_order)?)
        .execute(connection)
        .await?;
    if written.rows_affected() == 1 {
        return Ok(());
    }
    let why = "there is another operation of this id".to_owned();
    Err(StoreError::Operation { id: operation.id, why }.into())
}

pub(crate) async fn manifests(connection: &mut Connection) -> Result<Vec<ManifestRecord>, Failed> {
    let query = concat!(manifest_row!(), "ORDER BY created_at, id");
    let rows: Vec<ManifestRow> = sqlx::query_as(query).fetch_all(connection).await?;
    rows.into_iter().map(manifest_of).collect()
}

/// A manifest with its operations in their order.
pub(crate) async fn manifest(
    connection: &mut Connection,
    id: Uuid,
) -> Result<Option<(ManifestRecord, Vec<OperationRecord>)>, Failed> {
    let query = concat!(manifest_row!(), "WHERE id = ", uuid!("$1"));
    let row: Option<ManifestRow> =
        sqlx::query_as(query).bind(id.to_string()).fetch_optional(&mut *connection).await?;
    let Some(row) = row else { return Ok(None) };
    let rows: Vec<OperationRow> =
        sqlx::query_as(OPERATIONS).bind(id.to_string()).fetch_all(connection).await?;
    let operations = rows.into_iter().map(operation_of).collect::<Result<_, _>>()?;
    Ok(Some((manifest_of(row)?, operations)))
}

pub(crate) async fn put_application(
    connection: &mut Connection,
    application: &ApplicationRow,
) -> Result<(), Failed> {
    fits(application.columns())?;
    let query = concat!(
        "INSERT INTO migration_applications (id, manifest_id, package_name, applied_at, \
         applied_by, success, operations_applied, operations_failed, rollback_checkpoint, logs) \
         VALUES (",
        uuid!("$1"),
        ", ",
        uuid!("$2"),
        ", $3, ",
        moment!("$4"),
        ", $5, $6, $7, $8, $9, ",
        json!("$10"),
        ") ON CONFLICT (id) DO NOTHING"
    );
    sqlx::query(query)
        .bind(application.id.to_string())
        .bind(application.manifest_id.to_string())
        .bind(&application.package_name)
        .bind(application.applied_at.to_string())
        .bind(&application.applied_by)
        .bind(application.success)
        .bind(count_column("operations_applied", application.operations_applied)?)
        .bind(count_column("operations_failed", application.operations_failed)?)
        .bind(&application.rollback_checkpoint)
        .bind(application.logs.as_ref().map(Value::to_string))
        .execute(connection)
        .await?;
    Ok(())
}

pub(crate) async fn applications(
    connection: &mut Connection,
    package: Option<&str>,
) -> Result<Vec<ApplicationRow>, Failed> {
    let rows: Vec<ApplicationColumns> =
        sqlx::query_as(APPLICATIONS).bind(package).fetch_all(connection).await?;
    rows.into_iter().map(application_of).collect()
}

fn manifest_of(row: ManifestRow) -> Result<ManifestRecord, Failed> {
    let (id, from_version, to_version, created_at, manifest_uri, checksum, count, ..) = row;
    Ok(ManifestRecord {
        from_version,
        to_version,
        created_at: moment_of(created_at)
            .map_err(|why| wrong("manifest", &id, "created_at", &why))?,
        manifest_uri,
        checksum,
        operation_count: count_of("manifest", &id, "operation_count", i64::from(count))?,
        confidence_avg: row.7,
        status: row.8,
        metadata: row.9.map(|text| value_of("manifest", &id, "metadata", &text)).transpose()?,
        id: uuid_of("manifest", &id)?,
    })
}

fn operation_of(row: OperationRow) -> Result<OperationRecord, Failed> {
    let (id, manifest_id, operation_type, data, confidence, evidence, order) = row;
    let of = "operation";
    Ok(OperationRecord {
        manifest_id: uuid_of("manifest", &manifest_id)?,
        operation_type,
        operation_data: value_of(of, &id, "operation_data", &data)?,
        confidence,
        evidence: value_of(of, &id, "evidence", &evidence)?,
        sequence_order: count_of(of, &id, "sequence_order", i64::from(order))?,
        id: uuid_of(of, &id)?,
    })
}

fn application_of(row: ApplicationColumns) -> Result<ApplicationRow, Failed> {
    let (id, manifest_id, package_name, applied_at, applied_by, success, applied, failed, ..) = row;
    let of = "application";
    Ok(ApplicationRow {
        manifest_id: uuid_of("manifest", &manifest_id)?,
        package_name,
        applied_at: moment_of(applied_at).map_err(|why| wrong(of, &id, "applied_at", &why))?,
        applied_by,
        success,
        operations_applied: count_of(of, &id, "operations_applied", i64::from(applied))?,
        operations_failed: count_of(of, &id, "operations_failed", i64::from(failed))?,
        rollback_checkpoint: row.8,
        logs: row.9.map(|text| value_of(of, &id, "logs", &text)).transpose()?,
        id: uuid_of(of, &id)?,
    })
}

fn value_of(of: &str, id: &str, what: &str, text: &str) -> Result<Value, Failed> {
    serde_json::from_str(text).map_err(|error| wrong(of, id, what, &error.to_string()))
}
