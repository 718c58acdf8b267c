//! The form of a store in PostgreSQL, version by version.
//!
//! All of a store is in one schema, and its table `onx_versions` says which steps it has behind it.
//! An upgrade is one transaction, which begins by copying every table into a schema of its own: the
//! rows as they were, without keys and indexes. A dump is what brings all of it back.

use artifact::Digest;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, SqlSafeStr as _};

use super::address::Address;
use crate::StoreError;

/// The steps to the form of today; a step that was released never changes.
pub(crate) const STEPS: &[&str] = &[include_str!("../schema/postgres/1.sql")];

/// The tables that every version has.
const TABLES: &[&str] = &[
    "tasks",
    "runs",
    "leases",
    "counters",
    "queue",
    "outbox",
    "migration_manifests",
    "manifest_operations",
    "migration_applications",
];

/// Made with the first version.
const VERSIONS: &str = "CREATE TABLE onx_versions \
    (version BIGINT PRIMARY KEY, taken_at TIMESTAMPTZ NOT NULL DEFAULT statement_timestamp())";

/// Half of the key of the lock under which a schema is changed (`onx1`); its name is the other.
const LOCK: i32 = 0x6f6e_7831;

/// What a schema is, by its tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// There is no such schema.
    Missing,
    /// Nothing is in it.
    Empty,
    /// A store of this version.
    Store(usize),
    /// Something else.
    Foreign,
}

async fn form(connection: &mut PgConnection, address: &Address) -> Result<Form, StoreError> {
    let failed = |error| StoreError::of_database(&address.place, "opened", error);
    let exists: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = $1)")
            .bind(&address.schema)
            .fetch_one(&mut *connection)
            .await
            .map_err(failed)?;
    if !exists {
        return Ok(Form::Missing);
    }
    let names = tables(connection, address).await?;
    let has = |name: &str| names.iter().any(|known| known == name);
    if names.is_empty() {
        return Ok(Form::Empty);
    }
    if !has("onx_versions") {
        return Ok(Form::Foreign);
    }
    let versions: Vec<i64> =
        sqlx::query_scalar("SELECT version FROM onx_versions ORDER BY version")
            .fetch_all(connection)
            .await
            .map_err(failed)?;
    if versions.is_empty() || !versions.iter().copied().eq((1..).take(versions.len())) {
        let why = format!("its versions are {versions:?}");
        return Err(StoreError::damaged(&address.place, why));
    }
    if let Some(missing) = TABLES.iter().find(|name| !has(name)) {
        return Err(StoreError::damaged(&address.place, format!("it has no table `{missing}`")));
    }
    Ok(Form::Store(versions.len()))
}

/// The tables, views and the like of the schema.
async fn tables(
    connection: &mut PgConnection,
    address: &Address,
) -> Result<Vec<String>, StoreError> {
    sqlx::query_scalar(
        "SELECT CAST(relname AS TEXT) FROM pg_class \
         JOIN pg_namespace ON pg_namespace.oid = relnamespace \
         WHERE nspname = $1 AND relkind IN ('r', 'p', 'v', 'm', 'f') ORDER BY relname",
    )
    .bind(&address.schema)
    .fetch_all(connection)
    .await
    .map_err(|error| StoreError::of_database(&address.place, "opened", error))
}

/// Makes a store of a schema that is empty or not there, or brings one of an older version to the
/// form of today.
pub(crate) async fn upgrade(
    connection: &mut PgConnection,
    address: &Address,
    steps: &[&'static str],
) -> Result<(), StoreError> {
    let failed = |error| StoreError::of_database(&address.place, "opened", error);
    // Read without a lock first: a store that is as it should be needs none.
    if form(connection, address).await? == Form::Store(steps.len()) {
        return Ok(());
    }
    let mut transaction = connection.begin().await.map_err(failed)?;
    sqlx::query("SELECT pg_advisory_xact_lock($1, hashtext($2))")
        .bind(LOCK)
        .bind(&address.schema)
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
    let from = match form(&mut transaction, address).await? {
        // Another process was faster. The next one need not wait until this connection is used
        // again.
        Form::Store(version) if version == steps.len() => {
            return transaction.rollback().await.map_err(failed);
        }
        Form::Store(version) if version > steps.len() => {
            let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
            let (found, known) = (number(version), number(steps.len()));
            return Err(StoreError::Newer { path: address.place.clone(), found, known });
        }
        Form::Store(version) => {
            keep_copy(&mut transaction, address, version).await?;
            version
        }
        Form::Missing => {
            let make = format!("CREATE SCHEMA {}", address.schema);
            run(&mut transaction, make).await.map_err(failed)?;
            run(&mut transaction, VERSIONS.to_owned()).await.map_err(failed)?;
            0
        }
        Form::Empty => {
            run(&mut transaction, VERSIONS.to_owned()).await.map_err(failed)?;
            0
        }
        Form::Foreign => return Err(StoreError::Foreign(address.place.clone())),
    };
    for (step, version) in steps.iter().zip(1_i64..).skip(from) {
        transaction.execute(*step).await.map_err(failed)?;
        sqlx::query("INSERT INTO onx_versions (version) VALUES ($1)")
            .bind(version)
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
    }
    transaction.commit().await.map_err(failed)
}

/// What no other store has: its database and schema, and when it was made, to the microsecond. It
/// is the same by whatever name a machine reaches the server.
pub(crate) async fn identity(
    connection: &mut PgConnection,
    address: &Address,
) -> Result<Digest, StoreError> {
    let query = "SELECT CAST(current_database() AS TEXT), \
        CAST(EXTRACT(EPOCH FROM taken_at) * 1000000 AS BIGINT) \
        FROM onx_versions WHERE version = 1";
    let (database, made): (String, i64) = sqlx::query_as(query)
        .fetch_one(connection)
        .await
        .map_err(|error| StoreError::of_database(&address.place, "opened", error))?;
    let made = made.to_string();
    Ok(Digest::of_parts([database.as_bytes(), address.schema.as_bytes(), made.as_bytes()]))
}

/// Copies every table into the schema `onx_bak_v1`, or the next one of that name that is free.
async fn keep_copy(
    connection: &mut PgConnection,
    address: &Address,
    version: usize,
) -> Result<(), StoreError> {
    let failed = |error| StoreError::of_database(&address.place, "copied", error);
    let schema = &address.schema;
    let mut copy = format!("{schema}_bak_v{version}");
    for number in 2.. {
        let taken: bool =
            sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = $1)")
                .bind(&copy)
                .fetch_one(&mut *connection)
                .await
                .map_err(failed)?;
        if !taken {
            break;
        }
        copy = format!("{schema}_bak_v{version}_{number}");
    }
    run(connection, format!("CREATE SCHEMA {copy}")).await.map_err(failed)?;
    for table in tables(connection, address).await? {
        let quoted = table.replace('"', "\"\"");
        let statement = format!("CREATE TABLE {copy}.\"{quoted}\" AS TABLE {schema}.\"{quoted}\"");
        run(connection, statement).await.map_err(failed)?;
    }
    Ok(())
}

/// Runs a statement that is made of names which were checked.
async fn run(connection: &mut PgConnection, statement: String) -> Result<(), sqlx::Error> {
    connection.execute(AssertSqlSafe(statement).into_sql_str()).await.map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::Calls;
    use crate::postgres::connect;

    const NEXT: &[&str] = &[
        STEPS[0],
        "ALTER TABLE tasks ADD COLUMN owner TEXT;",
        "UPDATE tasks SET owner = 'nobody'; CREATE TABLE owners (name TEXT);",
    ];

    async fn names(connection: &mut PgConnection, schema: &str) -> Vec<String> {
        sqlx::query_scalar(
            "SELECT CAST(relname AS TEXT) FROM pg_class JOIN pg_namespace \
             ON pg_namespace.oid = relnamespace WHERE nspname = $1 AND relkind = 'r' ORDER BY 1",
        )
        .bind(schema)
        .fetch_all(connection)
        .await
        .expect("names")
    }

    #[test]
    fn an_upgrade_keeps_a_copy_and_happens_as_a_whole() {
        let server = match testkit::postgres::shared() {
            Ok(server) => server,
            Err(why) => return testkit::skipped(why),
        };
        let schema = format!("u_{}", std::process::id());
        let address = Address::parse(&format!("{server}?schema={schema}")).expect("a URL");
        Calls::with_network().expect("a runtime").wait(async {
            let mut connection = connect(&address).await.expect("a server");
            upgrade(&mut connection, &address, STEPS).await.expect("made");
            let add = "INSERT INTO tasks (task_id, title, status) VALUES ('t', 'T', 'TODO')";
            connection.execute(add).await.expect("a task");
            let first = names(&mut connection, &schema).await;

            // A step that fails takes the ones before it with it, and the copy too.
            let wrong = [STEPS[0], NEXT[1], "CREATE TABLE tasks (id TEXT)"];
            upgrade(&mut connection, &address, &wrong).await.expect_err("a wrong step");
            assert_eq!(form(&mut connection, &address).await.expect("a form"), Form::Store(1));
            let copy = format!("{schema}_bak_v1");
            assert_eq!(names(&mut connection, &copy).await, [] as [&str; 0]);

            upgrade(&mut connection, &address, NEXT).await.expect("upgraded");
            upgrade(&mut connection, &address, NEXT).await.expect("nothing to do");
            assert_eq!(form(&mut connection, &address).await.expect("a form"), Form::Store(3));
            assert_eq!(names(&mut connection, &copy).await, first);
            let older = upgrade(&mut connection, &address, STEPS).await.expect_err("it is newer");
            assert!(matches!(older, StoreError::Newer { found: 3, known: 1, .. }), "{older}");
            let kept = format!("SELECT title FROM {copy}.tasks");
            let kept = AssertSqlSafe(kept).into_sql_str();
            let kept: Vec<String> =
                sqlx::query_scalar(kept).fetch_all(&mut connection).await.expect("a copy");
            assert_eq!(kept, ["T"]);
            for name in [&schema, &copy] {
                let drop = format!("SET client_min_messages TO error; DROP SCHEMA {name} CASCADE");
                run(&mut connection, drop).await.expect("dropped");
            }
        });
    }
}
