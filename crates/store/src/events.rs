//! Events that are kept together with what they tell, until they are delivered.

use std::fmt;

use artifact::{Digest, Timestamp, canonical_json, uuid_from_digest};
use serde_json::Value;
use uuid::Uuid;

use crate::StoreError;

/// Names an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(pub Uuid);

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An event that is to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEvent {
    /// Where it goes.
    pub topic: String,
    /// What it is about; events of one key are delivered in the order in which they were written.
    pub key: String,
    /// What it says.
    pub payload: Value,
    /// When it was made.
    pub created_at: Timestamp,
}

impl NewEvent {
    /// The id, which follows from topic, key and payload. When it was made is no part of that:
    /// whoever goes on with a run that was stopped tells the same at another time, and it counts
    /// once. What may happen twice says in its payload which time it is.
    pub fn id(&self) -> Result<EventId, StoreError> {
        let payload = canonical_json(&self.payload)?;
        let parts = [self.topic.as_bytes(), self.key.as_bytes(), &payload];
        Ok(EventId(uuid_from_digest(&Digest::of_parts(parts))))
    }
}

/// An event that waits for its delivery. It may be delivered more than once: whoever delivers it
/// may be stopped before it says so.
#[derive(Debug, Clone, PartialEq)]
pub struct OutboxEvent {
    /// Names it.
    pub id: EventId,
    /// Where it goes.
    pub topic: String,
    /// What it is about.
    pub key: String,
    /// What it says.
    pub payload: Value,
    /// When it was made.
    pub created_at: Timestamp,
}
