//! `events`.

use artifact::Timestamp;
use code_line::Error;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use store::{EventId, OutboxEvent};

use super::Context;
use super::tasks::{open, refused};
use crate::Answer;
use crate::arguments::EventsArguments;

/// A line of what `events` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub struct EventItem {
    /// A UUID of version 8 from topic, key and payload: what is delivered twice has it twice.
    pub event_id: String,
    /// Where it goes.
    pub topic: String,
    /// What it is about; events of one key come in the order in which they were written.
    pub key: String,
    /// When it was made.
    #[schemars(with = "String")]
    pub created_at: Timestamp,
    /// What it says.
    pub payload: Value,
}

pub(crate) fn events(context: &Context<'_>, arguments: &EventsArguments) -> Result<Answer, Error> {
    let store = open(context, &arguments.store)?;
    if !arguments.delivered.is_empty() {
        let ids: Vec<EventId> = arguments.delivered.iter().copied().map(EventId).collect();
        store.mark_delivered(&ids).map_err(refused)?;
        return Ok(Answer::Yes);
    }
    let waiting = store.undelivered(arguments.limit).map_err(refused)?;
    let ids: Vec<EventId> = waiting.iter().map(|event| event.id).collect();
    let mut lines = String::new();
    for event in waiting {
        let line = serde_json::to_string(&EventItem::from(event))
            .map_err(|error| Error::internal("an event has no JSON form").caused_by(error))?;
        lines.push_str(&line);
        lines.push('\n');
    }
    let is_taken = context.output.lines(&lines)?;
    if arguments.take && is_taken && !ids.is_empty() {
        store.mark_delivered(&ids).map_err(refused)?;
    }
    if ids.is_empty() {
        context.output.note("nobody is to be told anything\n");
    }
    Ok(Answer::Yes)
}

impl From<OutboxEvent> for EventItem {
    fn from(event: OutboxEvent) -> Self {
        let OutboxEvent { id, topic, key, payload, created_at } = event;
        Self { event_id: id.to_string(), topic, key, created_at, payload }
    }
}
