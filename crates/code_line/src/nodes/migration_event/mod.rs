//! Tells others that a manifest is ready.

use run::{Node, OutgoingEvent, Recorder, RunContext};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::Error;

/// The topic of the event.
const TOPIC: &str = "onex.evt.onx.migration-ready.v1";

/// Notes `core.migration.ready` for the world outside; it is sent off with the success of the run,
/// once.
#[derive(Debug)]
pub struct MigrationEvent<'a> {
    /// Keeps the run.
    pub recorder: &'a dyn Recorder,
}

/// A manifest that is ready.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ManifestReady {
    /// The library.
    pub core_package: String,
    /// The version that is left.
    pub from_version: String,
    /// The version that is reached.
    pub to_version: String,
    /// Where the manifest can be fetched.
    pub manifest_uri: String,
    /// Operations without which a dependent breaks.
    pub breaking_changes: u32,
    /// The other operations.
    pub safe_changes: u32,
    /// Mean confidence of the operations.
    pub confidence_avg: f64,
}

/// What was noted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct NotedEvent {
    /// The kind of event.
    pub event_type: String,
    /// The topic to which it goes.
    pub topic: String,
}

impl Node for MigrationEvent<'_> {
    type Input = ManifestReady;
    type Output = NotedEvent;
    type Error = Error;

    const NAME: &'static str = "migration_event";
    const CONTRACT: &'static str = include_str!("contract.yaml");

    fn process(&self, context: &RunContext, input: ManifestReady) -> Result<NotedEvent, Error> {
        const EVENT_TYPE: &str = "core.migration.ready";
        let payload = serde_json::to_value(&input)
            .map_err(|error| Error::internal("an event has no JSON form").caused_by(error))?;
        let metadata = serde_json::json!({
            "publisher": "onx",
            "correlation_id": context.trace().to_string(),
        });
        // The time is that of the outbox: what is told twice is the same event.
        let event = [
            ("event_type", Value::from(EVENT_TYPE)),
            ("version", Value::from("1.0.0")),
            ("payload", payload),
            ("metadata", metadata),
        ];
        self.recorder.publish(OutgoingEvent {
            topic: TOPIC.to_owned(),
            key: input.core_package,
            payload: event
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect::<Map<_, _>>(),
        });
        Ok(NotedEvent { event_type: EVENT_TYPE.to_owned(), topic: TOPIC.to_owned() })
    }
}
