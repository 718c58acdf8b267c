//! Canonical JSON as RFC 8785 (JSON Canonicalization Scheme) defines it.

use serde::Serialize;
use serde_json::Value;

use crate::Digest;

/// A value that has no canonical JSON form.
#[derive(Debug, thiserror::Error)]
pub enum CanonicalError {
    /// The value could not be turned into JSON at all.
    #[error("the value has no JSON form")]
    NoJson(#[source] serde_json::Error),
    /// An integer beyond 2^53 would not survive as the double that RFC 8785 prescribes.
    #[error("the number {0} has no exact form in canonical JSON")]
    Inexact(String),
}

/// The bytes of RFC 8785 for this value: sorted keys, shortest numbers, no white space.
pub fn canonical_json<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, CanonicalError> {
    let value = serde_json::to_value(value).map_err(CanonicalError::NoJson)?;
    let mut out = Vec::new();
    write(&value, &mut out)?;
    Ok(out)
}

/// The digest of the canonical bytes: the identity of a payload.
pub fn canonical_digest<T: Serialize + ?Sized>(value: &T) -> Result<Digest, CanonicalError> {
    canonical_json(value).map(|bytes| Digest::of(&bytes))
}

fn write(value: &Value, out: &mut Vec<u8>) -> Result<(), CanonicalError> {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(number) => write_number(number, out)?,
        Value::String(text) => write_string(text, out),
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
            // RFC 8785, 3.2.3: members are sorted by the UTF-16 code units of their names.
            members.sort_by(|a, b| a.0.encode_utf16().cmp(b.0.encode_utf16()));
            out.push(b'{');
            for (position, (name, member)) in members.into_iter().enumerate() {
                if position > 0 {
                    out.push(b',');
                }
                write_string(name, out);
                out.push(b':');
                write(member, out)?;
            }
            out.push(b'}');
        }
    }
    Ok(())
}

fn write_number(number: &serde_json::Number, out: &mut Vec<u8>) -> Result<(), CanonicalError> {
    const EXACT: u64 = 1 << 53;
    if let Some(integer) = number.as_i64() {
        if integer.unsigned_abs() > EXACT {
            return Err(CanonicalError::Inexact(number.to_string()));
        }
        out.extend_from_slice(integer.to_string().as_bytes());
        return Ok(());
    }
    let Some(double) = number.as_f64().filter(|_| !number.is_u64()) else {
        return Err(CanonicalError::Inexact(number.to_string()));
    };
    out.extend_from_slice(ryu_js::Buffer::new().format(double).as_bytes());
    Ok(())
}

fn write_string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    for character in text.chars() {
        match character {
            '"' => out.extend_from_slice(b"\\\""),
            '\\' => out.extend_from_slice(b"\\\\"),
            '\u{8}' => out.extend_from_slice(b"\\b"),
            '\u{c}' => out.extend_from_slice(b"\\f"),
            '\n' => out.extend_from_slice(b"\\n"),
            '\r' => out.extend_from_slice(b"\\r"),
            '\t' => out.extend_from_slice(b"\\t"),
            control if control < ' ' => {
                out.extend_from_slice(format!("\\u{:04x}", control as u32).as_bytes());
            }
            other => out.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(json: &str) -> String {
        let value: Value = serde_json::from_str(json).expect("test input is JSON");
        String::from_utf8(canonical_json(&value).expect("test input is canonical")).expect("UTF-8")
    }

    #[test]
    fn the_example_of_the_standard() {
        // RFC 8785, 3.2.2 and 3.2.3.
        let input = r#"{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],
            "string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}"#;
        let expected = r#"{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}"#;
        assert_eq!(canonical(input), expected);
    }

    #[test]
    fn names_sort_by_utf16_units() {
        assert_eq!(
            canonical(r#"{"\ufb33":1,"\ud83d\ude00":2,"a":3}"#),
            "{\"a\":3,\"\u{1f600}\":2,\"\u{fb33}\":1}"
        );
    }

    #[test]
    fn integers_that_a_double_cannot_hold_are_refused() {
        assert!(canonical_json(&9_007_199_254_740_993_u64).is_err());
        assert!(canonical_json(&u64::MAX).is_err());
    }
}
