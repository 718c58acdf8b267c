//! Where a store in PostgreSQL is, as its URL says it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;

use sqlx::ConnectOptions as _;
use sqlx::postgres::PgConnectOptions;

use crate::StoreError;

/// The schema in which a store is unless its URL names another one.
const SCHEMA: &str = "onx";

/// Leaves room for the name of a copy in the 63 bytes that PostgreSQL gives a name.
const LONGEST_SCHEMA: usize = 44;

/// A database, a schema in it, and how to get there. It holds a password, so it is never printed;
/// its place is.
#[derive(Clone)]
pub(crate) struct Address {
    pub(crate) options: PgConnectOptions,
    pub(crate) schema: String,
    /// What is said of it.
    pub(crate) place: PathBuf,
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.place.fmt(f)
    }
}

/// Whether a place is a server and no file.
pub(crate) fn is_server(place: &Path) -> bool {
    let text = place.to_string_lossy();
    ["postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme))
}

impl Address {
    /// Reads a URL `postgres://USER:PASSWORD@HOST:PORT/DATABASE?schema=NAME`, with the parameters
    /// of a connection string of PostgreSQL. What it does not say comes from `PGHOST`, `PGUSER` and
    /// so on.
    pub(crate) fn parse(url: &str) -> Result<Self, StoreError> {
        let (front, query) = url.split_once('?').unwrap_or((url, ""));
        let mut schema = SCHEMA.to_owned();
        let mut kept = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.strip_prefix("schema=") {
                Some(name) => name.clone_into(&mut schema),
                None => kept.push(pair),
            }
        }
        if !is_name(&schema) {
            return Err(StoreError::BadUrl(format!(
                "the name of its schema has other characters than a-z, 0-9 and _, or more than \
                 {LONGEST_SCHEMA}"
            )));
        }
        let options = PgConnectOptions::from_str(&format!("{front}?{}", kept.join("&")))
            .map_err(|error| StoreError::BadUrl(cause(&error)))?;
        if options.get_database().is_none() {
            return Err(StoreError::BadUrl("it names no database".to_owned()));
        }
        let place = place(&options, &schema);
        let options = options
            .options([
                ("search_path", schema.as_str()),
                ("lock_timeout", "20s"),
                // Whoever stops in the midst of a transaction must not stop all others.
                ("idle_in_transaction_session_timeout", "30s"),
            ])
            .disable_statement_logging();
        let options = match options.get_application_name() {
            Some(_) => options,
            None => options.application_name("onx"),
        };
        Ok(Self { options, schema, place })
    }
}

fn is_name(schema: &str) -> bool {
    (1..=LONGEST_SCHEMA).contains(&schema.len())
        && !schema.starts_with(|c: char| c.is_ascii_digit())
        && !schema.starts_with("pg_")
        && schema.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// The innermost error: the outer one only says that something is not configured as it should be.
fn cause(error: &sqlx::Error) -> String {
    let mut inner: &dyn std::error::Error = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}

/// The URL without user and password, and without what nobody asked for.
fn place(options: &PgConnectOptions, schema: &str) -> PathBuf {
    let host = match options.get_socket() {
        Some(socket) => socket.display().to_string(),
        None => options.get_host().to_owned(),
    };
    let database = options.get_database().unwrap_or_default();
    let mut text = format!("postgres://{host}:{}/{database}", options.get_port());
    if schema != SCHEMA {
        text.push_str(&format!("?schema={schema}"));
    }
    PathBuf::from(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_shown_without_what_is_secret() {
        let urls = [
            "postgres://ada:s3cret@db.example:5433/work?sslmode=disable",
            "postgresql://db.example:5433/work?user=ada&password=s3cret",
        ];
        for url in urls {
            let address = Address::parse(url).expect("a URL");
            assert_eq!(format!("{address:?}"), "\"postgres://db.example:5433/work\"");
            assert_eq!(address.schema, "onx");
            assert_eq!(address.options.get_username(), "ada");
        }
        let address = Address::parse("postgres://h:1/d?schema=team_1&sslmode=disable");
        let address = address.expect("a URL");
        assert_eq!(address.schema, "team_1");
        assert_eq!(address.place, Path::new("postgres://h:1/d?schema=team_1"));
    }

    #[test]
    fn a_url_that_cannot_be_used_is_refused_without_its_password() {
        let long = format!("postgres://h/d?schema={}", "s".repeat(LONGEST_SCHEMA + 1));
        for (url, why) in [
            ("postgres://ada:s3cret@h:port/d", "port"),
            ("postgres://ada:s3cret@h/d?sslmode=perhaps", "perhaps"),
            ("postgres://ada:s3cret@h/d?schema=", "schema"),
            ("postgres://ada:s3cret@h/d?schema=a-b", "schema"),
            ("postgres://ada:s3cret@h/d?schema=pg_catalog", "schema"),
            (&*long, "schema"),
        ] {
            let error = Address::parse(url).expect_err("no URL");
            let text = format!("{error} {error:?} {}", error.hint());
            assert!(text.contains(why), "{text}");
            assert!(!text.contains("s3cret"), "{text}");
        }
    }
}
