//! Canonical JSON as TUF 1.0 signs it: the form of OLPC.
//!
//! It differs from RFC 8785 in texts with control characters, which stay as they are, and in names
//! beyond the Basic Multilingual Plane, which are ordered by code points. Nothing that onx writes
//! holds either, but a key in PEM form has line ends, and metadata of others must verify, too.

use serde::Serialize;
use serde_json::Value;

/// A value that has no canonical form.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoForm {
    /// It is no JSON.
    #[error("the value has no JSON form")]
    NoJson(#[source] serde_json::Error),
    /// The form has no fractions and no numbers beyond 64 bits.
    #[error("the number {0} is no integer that has a canonical form")]
    Number(String),
}

/// The bytes over which this value is signed.
pub(crate) fn canonical<T: Serialize>(value: &T) -> Result<Vec<u8>, NoForm> {
    let value = serde_json::to_value(value).map_err(NoForm::NoJson)?;
    let mut out = Vec::new();
    write(&value, &mut out)?;
    Ok(out)
}

fn write(value: &Value, out: &mut Vec<u8>) -> Result<(), NoForm> {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(number) if number.is_i64() || number.is_u64() => {
            out.extend_from_slice(number.to_string().as_bytes());
        }
        Value::Number(number) => return Err(NoForm::Number(number.to_string())),
        Value::String(text) => write_text(text, out),
        Value::Array(items) => {
            out.push(b'[');
            for (position, item) in items.iter().enumerate() {
                if position > 0 {
                    out.push(b',');
                }
                write(item, out)?;
            }
            out.push(b']');
        }
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(name, _)| *name);
            out.push(b'{');
            for (position, (name, member)) in members.into_iter().enumerate() {
                if position > 0 {
                    out.push(b',');
                }
                write_text(name, out);
                out.push(b':');
                write(member, out)?;
            }
            out.push(b'}');
        }
    }
    Ok(())
}

fn write_text(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    for byte in text.bytes() {
        if matches!(byte, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(byte);
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn text(value: &Value) -> String {
        String::from_utf8(canonical(value).expect("it has a form")).expect("it is a text")
    }

    #[test]
    fn only_quotes_and_backslashes_are_escaped() {
        assert_eq!(
            text(&json!({"b": "a\n\"\\\t", "a": [1, -2, null, true]})),
            "{\"a\":[1,-2,null,true],\"b\":\"a\n\\\"\\\\\t\"}"
        );
        assert_eq!(
            text(&json!({"\u{ff5e}": 1, "\u{1f600}": 2})),
            "{\"\u{ff5e}\":1,\"\u{1f600}\":2}"
        );
    }

    #[test]
    fn fractions_have_no_form() {
        assert!(canonical(&json!(1.5)).is_err());
        assert!(canonical(&serde_json::from_str::<Value>("1e3").expect("JSON")).is_err());
        assert!(canonical(&serde_json::from_str::<Value>("-0").expect("JSON")).is_err());
        assert_eq!(text(&json!(u64::MAX)), u64::MAX.to_string());
    }

    proptest! {
        /// For what onx itself writes into metadata, both forms are the same bytes.
        #[test]
        fn without_control_characters_it_is_the_form_of_rfc_8785(
            members in prop::collection::btree_map("[ -~]{0,12}", "[ -~äß]{0,12}", 0..6),
            number in -(1_i64 << 53)..(1_i64 << 53),
        ) {
            let value = json!({"members": members, "number": number, "list": [true, null]});
            prop_assert_eq!(
                canonical(&value).expect("a form"),
                artifact::canonical_json(&value).expect("a form")
            );
        }
    }
}
