//! The statements about events that wait for their delivery.

use super::dialect::{Connection, begin, moment, moment_now, moment_text, text, uuid};
use super::rows::{moment_of, uuid_of, wrong};
use crate::calls::Failed;
use crate::{EventId, NewEvent, OutboxEvent, StoreError};

type EventRow = (String, String, String, String, String);

/// Writes events within a transaction; one that is known is written once.
pub(crate) async fn publish(
    connection: &mut Connection,
    events: &[NewEvent],
) -> Result<(), Failed> {
    for event in events {
        let payload = serde_json::to_string(&event.payload).map_err(StoreError::from)?;
        let query = concat!(
            "INSERT INTO outbox (event_id, topic, event_key, payload, created_at) VALUES (",
            uuid!("$1"),
            ", $2, $3, $4, ",
            moment!("$5"),
            ") ON CONFLICT (event_id) DO NOTHING"
        );
        sqlx::query(query)
            .bind(event.id()?.to_string())
            .bind(&event.topic)
            .bind(&event.key)
            .bind(payload)
            .bind(event.created_at.to_string())
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

pub(crate) async fn undelivered(
    connection: &mut Connection,
    limit: u32,
) -> Result<Vec<OutboxEvent>, Failed> {
    let query = concat!(
        "SELECT ",
        text!("event_id"),
        ", topic, event_key, payload, ",
        moment_text!("created_at"),
        " FROM outbox WHERE delivered_at IS NULL ORDER BY position LIMIT $1"
    );
    let rows: Vec<EventRow> =
        sqlx::query_as(query).bind(i64::from(limit)).fetch_all(connection).await?;
    rows.into_iter().map(event_of).collect()
}

fn event_of(row: EventRow) -> Result<OutboxEvent, Failed> {
    let (id, topic, key, payload, created_at) = row;
    let wrong = |what: &str, why: String| wrong("event", &id, what, &why);
    Ok(OutboxEvent {
        id: EventId(uuid_of("event", &id)?),
        payload: serde_json::from_str(&payload)
            .map_err(|error| wrong("payload", error.to_string()))?,
        created_at: moment_of(created_at).map_err(|why| wrong("created_at", why))?,
        topic,
        key,
    })
}

pub(crate) async fn mark_delivered(
    connection: &mut Connection,
    events: &[EventId],
) -> Result<(), Failed> {
    let mut transaction = begin(connection).await?;
    for event in events {
        let query = concat!(
            "UPDATE outbox SET delivered_at = ",
            moment_now!(),
            " WHERE event_id = ",
            uuid!("$1"),
            " AND delivered_at IS NULL"
        );
        sqlx::query(query).bind(event.to_string()).execute(&mut *transaction).await?;
    }
    transaction.commit().await?;
    Ok(())
}
