//! How a call that blocks waits for a database, and how it fails.

use std::path::Path;

use tokio::runtime::{Builder, Runtime};

use crate::StoreError;

/// Waits for the database on the thread that calls.
#[derive(Debug)]
pub(crate) struct Calls(Runtime);

impl Calls {
    pub(crate) fn new() -> Result<Self, StoreError> {
        Builder::new_current_thread().build().map(Self).map_err(StoreError::Runtime)
    }

    /// The same for a database at the other end of a network.
    pub(crate) fn with_network() -> Result<Self, StoreError> {
        Builder::new_current_thread().enable_all().build().map(Self).map_err(StoreError::Runtime)
    }

    pub(crate) fn wait<T>(&self, call: impl Future<Output = T>) -> T {
        self.0.block_on(call)
    }
}

/// Why a call failed, before it is said where.
#[derive(Debug)]
pub(crate) enum Failed {
    Database(sqlx::Error),
    Row(String),
    Store(StoreError),
}

impl Failed {
    /// The same with the place where it happened.
    pub(crate) fn at(self, path: &Path, action: &'static str) -> StoreError {
        match self {
            Self::Database(error) => StoreError::of_database(path, action, error),
            Self::Row(why) => StoreError::damaged(path, why),
            Self::Store(error) => error,
        }
    }
}

impl From<sqlx::Error> for Failed {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
