//! JSON as one value and no other: a name that stands twice in one object is an error, for another
//! reader might take the other of the two.

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use crate::shown;

/// Reads a JSON document, in which no object may have a name twice.
pub fn strict_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, serde_json::Error> {
    serde_json::from_slice::<Unique>(bytes)?;
    serde_json::from_slice(bytes)
}

/// Any value whose objects have each name once; nothing of it is kept.
struct Unique;

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Looking)
    }
}

struct Looking;

impl<'de> Visitor<'de> for Looking {
    type Value = Unique;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_str<E>(self, _: &str) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_unit<E>(self) -> Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Unique, A::Error> {
        while items.next_element::<Unique>()?.is_some() {}
        Ok(Unique)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Unique, A::Error> {
        let mut names = BTreeSet::new();
        while let Some(name) = members.next_key::<String>()? {
            members.next_value::<Unique>()?;
            if let Some(name) = names.replace(name) {
                let name: String = name.chars().take(80).collect();
                return Err(A::Error::custom(format!("`{}` stands twice", shown(&name))));
            }
        }
        Ok(Unique)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    type Numbers = BTreeMap<String, serde_json::Value>;

    #[test]
    fn a_name_that_stands_twice_is_an_error_wherever_it_stands() {
        for text in [
            r#"{"a": 1, "a": 2}"#,
            r#"{"x": [{"a": null, "b": {}, "a": null}]}"#,
            r#"{"a": 1, "\u0061": 2}"#,
            r#"{"x": {"": true, "": true}}"#,
        ] {
            let error = strict_json::<Numbers>(text.as_bytes()).expect_err(text);
            assert!(error.to_string().contains("stands twice"), "{error}");
        }
        let text = r#"{"a": {"a": [1, -1, 1.5, "a", false, null]}, "b": {"a": {}}}"#;
        assert_eq!(strict_json::<Numbers>(text.as_bytes()).expect("valid").len(), 2);
    }

    #[test]
    fn depth_and_bytes_that_are_no_text_are_errors() {
        let deep = format!("{{\"a\": {}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(strict_json::<Numbers>(deep.as_bytes()).is_err());
        assert!(strict_json::<Numbers>(b"{\"a\": \"\xff\"}").is_err());
        assert!(strict_json::<Numbers>(b"{\"a\": 1").is_err());
    }
}
