//! The form of a store, version by version.

use std::path::{Path, PathBuf};

use artifact::TreePath;
use host::{Files, Place, split_path};
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, SqlSafeStr as _};

use crate::StoreError;

/// Written into the header of every store (`onx1`), so that nothing else is taken for one.
pub(crate) const APPLICATION_ID: i64 = 0x6f6e_7831;

/// The steps to the form of today. The version of a store is how many of them it has behind it;
/// a step that was released never changes.
pub(crate) const STEPS: &[&str] =
    &[include_str!("schema/sqlite/1.sql"), include_str!("schema/sqlite/2.sql")];

/// What a file is, by its header and its tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Nothing is in it.
    Empty,
    /// A store of this version.
    Store(i64),
    /// A `tasks` table of the old form.
    Legacy,
    /// Something else.
    Foreign,
}

/// What a database is.
pub(crate) async fn form(connection: &mut SqliteConnection) -> Result<Form, sqlx::Error> {
    let application: i64 =
        sqlx::query_scalar("PRAGMA application_id").fetch_one(&mut *connection).await?;
    let version: i64 =
        sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut *connection).await?;
    if application == APPLICATION_ID {
        return Ok(Form::Store(version));
    }
    let tables: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_schema")
        .fetch_one(&mut *connection)
        .await?;
    if application == 0 && version == 0 && tables == 0 {
        return Ok(Form::Empty);
    }
    let columns = columns(connection, "tasks").await?;
    let has = |name: &str| columns.iter().any(|column| column.eq_ignore_ascii_case(name));
    if has("id") && has("goal") && has("status") { Ok(Form::Legacy) } else { Ok(Form::Foreign) }
}

/// The columns of a table in their order; none when there is no such table.
pub(crate) async fn columns(
    connection: &mut SqliteConnection,
    table: &str,
) -> Result<Vec<String>, sqlx::Error> {
    let query = "SELECT name FROM pragma_table_info(?1) WHERE EXISTS \
                 (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND lower(name) = lower(?1)) \
                 ORDER BY cid";
    sqlx::query_scalar(query).bind(table).fetch_all(connection).await
}

/// Brings a database from one version to the next ones, within the transaction of the caller.
pub(crate) async fn take_steps(
    connection: &mut SqliteConnection,
    from: usize,
    steps: &[&'static str],
) -> Result<(), sqlx::Error> {
    for step in steps.iter().skip(from) {
        connection.execute(*step).await?;
    }
    let header =
        format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {};", steps.len());
    connection.execute(AssertSqlSafe(header).into_sql_str()).await?;
    Ok(())
}

/// Makes a store of an empty database, or brings one of an older version to the form of today.
/// Before it changes an older one, it writes a copy beside it.
pub(crate) async fn upgrade(
    connection: &mut SqliteConnection,
    path: &Path,
    files: &dyn Files,
    steps: &[&'static str],
) -> Result<(), StoreError> {
    let failed = |error| StoreError::of_database(path, "opened", error);
    let known = i64::try_from(steps.len()).unwrap_or(i64::MAX);
    // Read without a lock first: a store that is as it should be needs none.
    if form(connection).await.map_err(failed)? == Form::Store(known) {
        return Ok(());
    }
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
    let from = match form(&mut transaction).await.map_err(failed)? {
        // Another process was faster.
        Form::Store(version) if version == known => return Ok(()),
        Form::Store(version) if version > known => {
            return Err(StoreError::Newer { path: path.to_owned(), found: version, known });
        }
        Form::Store(version) => match usize::try_from(version) {
            Ok(from) if from > 0 => from,
            _ => return Err(StoreError::damaged(path, format!("its version is {version}"))),
        },
        Form::Empty => 0,
        Form::Legacy => return Err(StoreError::Legacy(path.to_owned())),
        Form::Foreign => return Err(StoreError::Foreign(path.to_owned())),
    };
    if from > 0 {
        let copy = transaction.serialize(None).await.map_err(failed)?;
        let (folder, name) = beside(path, &format!(".bak_v{from}"))?;
        files.write(Place::new(&folder, &name), &copy, None)?;
    }
    take_steps(&mut transaction, from, steps).await.map_err(failed)?;
    transaction.commit().await.map_err(failed)
}

/// The file that has the same name with this ending.
pub(crate) fn beside(path: &Path, ending: &str) -> Result<(PathBuf, TreePath), StoreError> {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    Ok(split_path(Path::new(&name))?)
}

#[cfg(test)]
mod tests {
    use host::{DiskFiles, Fault, FaultyFiles};
    use sqlx::ConnectOptions as _;

    use super::*;
    use crate::calls::Calls;
    use crate::sqlite::options;

    const FIRST: &[&str] = &[STEPS[0]];
    const NEXT: &[&str] = &[
        STEPS[0],
        "ALTER TABLE tasks ADD COLUMN owner TEXT;",
        "UPDATE tasks SET owner = 'nobody'; CREATE TABLE owners (name TEXT);",
    ];

    async fn upgraded(
        path: &Path,
        files: &dyn Files,
        steps: &[&'static str],
    ) -> Result<i64, StoreError> {
        let failed = |error| StoreError::of_database(path, "opened", error);
        let opened = options(path).create_if_missing(true).connect().await;
        let mut connection = opened.map_err(failed)?;
        let done = upgrade(&mut connection, path, files, steps).await;
        let version = sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut connection).await;
        connection.close().await.map_err(failed)?;
        done.and(version.map_err(failed))
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test reads a folder of its own")]
    fn an_upgrade_keeps_a_copy_and_happens_as_a_whole() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("onx.db");
        Calls::new().expect("a runtime").wait(async {
            assert_eq!(upgraded(&path, &DiskFiles, FIRST).await.expect("made"), 1);
            let first = std::fs::read(&path).expect("a file");
            // Without its copy, nothing is changed.
            for at in 1..=3 {
                let full = FaultyFiles::new(DiskFiles, at, Fault::Full);
                upgraded(&path, &full, NEXT).await.expect_err("no copy");
                assert!(std::fs::read(&path).expect("a file") == first);
            }
            // A step that fails takes the ones before it with it.
            let wrong = [STEPS[0], NEXT[1], "CREATE TABLE tasks (id)"];
            upgraded(&path, &DiskFiles, &wrong).await.expect_err("a wrong step");
            assert!(std::fs::read(&path).expect("a file") == first);

            assert_eq!(upgraded(&path, &DiskFiles, NEXT).await.expect("upgraded"), 3);
            assert_eq!(upgraded(&path, &DiskFiles, NEXT).await.expect("nothing to do"), 3);
            let copy = folder.path().join("onx.db.bak_v1");
            assert!(std::fs::read(copy).expect("the copy") == first);
            let older = upgraded(&path, &DiskFiles, FIRST).await.expect_err("it is newer");
            assert!(matches!(older, StoreError::Newer { found: 3, known: 1, .. }));
        });
    }
}
