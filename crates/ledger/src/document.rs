//! Documents that have exactly one form: the canonical JSON of their value, and nothing else.
//!
//! The one rule does the work of many: what is read must be, byte for byte, what would be written
//! for the value that was read. White space, names that stand twice, other orders, escapes that
//! need not be, floats, explicit nulls and fields that nobody knows all fail it.

use artifact::{canonical_json, shown, strict_json};
use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};

/// Why a text is no document of the expected kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// Nothing as long is read.
    #[error("it has {found} bytes; {limit} is the limit")]
    Long {
        /// The limit, in bytes.
        limit: usize,
        /// What there is, in bytes.
        found: usize,
    },
    /// The JSON is broken, a field is missing or unknown, or a value is none of those allowed.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    /// The value could be read, but this is not the one way to write it.
    #[error("it is not in canonical form from byte {0} on")]
    Form(usize),
    /// The value has no canonical form: an integer beyond 2^53.
    #[error("a value has no canonical form")]
    Value,
}

/// The value of a document of at most `limit` bytes.
pub(crate) fn read<T: Serialize + DeserializeOwned>(
    bytes: &[u8],
    limit: usize,
) -> Result<T, DocumentError> {
    if bytes.len() > limit {
        return Err(DocumentError::Long { limit, found: bytes.len() });
    }
    let value: T = serde_json::from_slice(bytes).map_err(unreadable)?;
    let written = write(&value)?;
    if written == bytes {
        return Ok(value);
    }
    // Only the reason is sought here; nothing can be accepted any more.
    strict_json::<IgnoredAny>(bytes).map_err(unreadable)?;
    let same = written.iter().zip(bytes).take_while(|(one, other)| one == other).count();
    Err(DocumentError::Form(same))
}

/// The document of a value.
pub(crate) fn write<T: Serialize>(value: &T) -> Result<Vec<u8>, DocumentError> {
    canonical_json(value).map_err(|_| DocumentError::Value)
}

fn unreadable(error: serde_json::Error) -> DocumentError {
    let text = error.to_string();
    DocumentError::Unreadable(shown(&text.chars().take(200).collect::<String>()).into_owned())
}

/// The `format` field of a document: it holds this one name and is refused with any other.
macro_rules! format_field {
    ($type:ident, $constant:ident) => {
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
        struct $type;

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(&$constant)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
                if text == $constant.to_string() {
                    return Ok(Self);
                }
                Err(serde::de::Error::custom(format!("the format is not {}", $constant)))
            }
        }

        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({"const": $constant.to_string()})
            }

            fn inline_schema() -> bool {
                true
            }
        }
    };
}
pub(crate) use format_field;
