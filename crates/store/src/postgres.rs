//! A store in a schema of PostgreSQL.

mod address;
mod dialect;
#[path = "statements/leases.rs"]
mod leases;
#[path = "statements/manifests.rs"]
mod manifests;
#[path = "statements/outbox.rs"]
mod outbox;
#[path = "statements/queue.rs"]
mod queue;
#[path = "statements/rows.rs"]
mod rows;
mod schema;
#[path = "statements/tasks.rs"]
mod tasks;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use artifact::Timestamp;
use run::{Lease, LeaseTerm, Run, RunId, Task, TaskId, TaskStatus, WorkerId};
use sqlx::postgres::PgConnection;
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::time::timeout;
use uuid::Uuid;

use self::address::Address;
pub(crate) use self::address::is_server;
use crate::calls::{Calls, Failed};
use crate::forwarded::implement_store;
use crate::{
    Advance, ApplicationRow, Claim, EventId, ManifestRecord, NewTask, OperationRecord, OutboxEvent,
    Owner, SignedPlan, Store, StoreError, Workspaces,
};

/// How long a server may take until it answers for the first time.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

/// How long a call may take; what waits for a lock gives up long before.
const CALL_TIMEOUT: Duration = Duration::from_mins(5);

/// A store in a schema of its own of a database of PostgreSQL, shared by any number of machines.
///
/// It has one connection, with a session of its own: what pools connections on the way must not
/// hand them out by the transaction. A text that holds a NUL is refused, which SQLite would take.
#[derive(Debug)]
pub struct PostgresStore {
    address: Address,
    workspaces: PathBuf,
    owner: Owner,
    calls: Calls,
    /// None after it was lost; the next call connects again.
    connection: Mutex<Option<PgConnection>>,
}

/// Whether a call can be made again when nobody knows whether it was carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Again {
    Once,
    Never,
}

impl PostgresStore {
    const IS_OF_ONE_MACHINE: bool = false;

    /// Opens the store at this URL, and makes it when its schema is empty or not there; the
    /// database has to be there. `workspaces` is the folder that holds the workspaces of all tasks,
    /// which all workers share.
    pub fn open(url: &str, workspaces: &Path) -> Result<Self, StoreError> {
        Self::open_with(url, Workspaces::Here(workspaces))
    }

    pub(crate) fn open_with(url: &str, workspaces: Workspaces<'_>) -> Result<Self, StoreError> {
        let address = Address::parse(url)?;
        let calls = Calls::with_network()?;
        let (connection, id) = calls.wait(async {
            let mut connection = connect(&address).await?;
            schema::upgrade(&mut connection, &address, schema::STEPS).await?;
            let id = schema::identity(&mut connection, &address).await?;
            Ok::<_, StoreError>((connection, id))
        })?;
        let id = id.hex();
        let workspaces = match workspaces {
            Workspaces::Here(folder) => folder.to_owned(),
            Workspaces::Below(state) => state.join(format!("workspaces-{}", &id[..16])),
        };
        let name = address.place.display().to_string();
        Ok(Self {
            address,
            workspaces,
            owner: Owner { id: format!("schema {id}"), name },
            calls,
            connection: Mutex::new(Some(connection)),
        })
    }

    fn read<T>(
        &self,
        call: impl AsyncFn(&mut PgConnection) -> Result<T, Failed>,
    ) -> Result<T, StoreError> {
        self.call("read", Again::Once, call)
    }

    fn write<T>(
        &self,
        call: impl AsyncFn(&mut PgConnection) -> Result<T, Failed>,
    ) -> Result<T, StoreError> {
        self.call("written", Again::Never, call)
    }

    fn call<T>(
        &self,
        action: &'static str,
        mut again: Again,
        call: impl AsyncFn(&mut PgConnection) -> Result<T, Failed>,
    ) -> Result<T, StoreError> {
        let place = &self.address.place;
        let mut held = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        self.calls.wait(async {
            loop {
                // It is put back only after the call has ended, so one that panicked midway is not
                // used again.
                let mut connection = match held.take() {
                    Some(connection) => connection,
                    None => connect(&self.address).await?,
                };
                let called = match timeout(CALL_TIMEOUT, call(&mut connection)).await {
                    Ok(called) => called.map_err(|failed| failed.at(place, action)),
                    Err(_) => Err(StoreError::lost(place, silent())),
                };
                match called {
                    Err(StoreError::ConnectionLost { .. }) if again == Again::Once => {
                        again = Again::Never;
                    }
                    Err(lost @ StoreError::ConnectionLost { .. }) => return Err(lost),
                    Err(error) => {
                        // What it began is rolled back now and not by the next call, so that
                        // nobody waits for it until then.
                        if connection.ping().await.is_ok() {
                            *held = Some(connection);
                        }
                        return Err(error);
                    }
                    Ok(value) => {
                        *held = Some(connection);
                        return Ok(value);
                    }
                }
            }
        })
    }
}

async fn connect(address: &Address) -> Result<PgConnection, StoreError> {
    let unreachable = |source: sqlx::Error| StoreError::Unreachable {
        place: address.place.clone(),
        source: Box::new(source),
    };
    match timeout(CONNECT_TIMEOUT, address.options.connect()).await {
        Ok(connected) => connected.map_err(unreachable),
        Err(_) => Err(unreachable(silent())),
    }
}

/// What is said when a server says nothing.
fn silent() -> sqlx::Error {
    sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, "it does not answer"))
}

impl Drop for PostgresStore {
    fn drop(&mut self) {
        let connection = self.connection.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(connection) = connection {
            // Every call has ended and lasts; this only spares the server a line in its log.
            let closed = async { timeout(Duration::from_secs(1), connection.close()).await };
            let _ = self.calls.wait(closed);
        }
    }
}

implement_store!(PostgresStore);
