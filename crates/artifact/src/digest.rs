//! Content digests in the two algorithms that the formats name.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A BLAKE3 digest of content, written `blake3:` and 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(into = "String", try_from = "String")]
#[schemars(with = "String")]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }

    /// The digest of several parts, each preceded by its length so that parts cannot run into each
    /// other.
    pub fn of_parts<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut hasher = blake3::Hasher::new();
        for part in parts {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        Self(*hasher.finalize().as_bytes())
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The 64 hexadecimal digits without the name of the algorithm.
    pub fn hex(&self) -> String {
        hex(&self.0)
    }

    /// A form for people: `b3:` and the first eight digits.
    pub fn short(&self) -> String {
        format!("b3:{}", &self.hex()[..8])
    }
}

/// A digest that is taken part by part; it is the same as that of all parts in one.
#[derive(Debug, Default)]
pub struct DigestBuilder(blake3::Hasher);

impl DigestBuilder {
    /// Adds these bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of everything that was added.
    pub fn finish(&self) -> Digest {
        Digest(*self.0.finalize().as_bytes())
    }
}

/// A SHA-256 digest, written `sha256:` and 64 hexadecimal digits, where a format asks for SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(into = "String", try_from = "String")]
#[schemars(with = "String")]
pub struct Sha256([u8; 32]);

impl Sha256 {
    /// The digest of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        use sha2::Digest as _;
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// The digest of these parts as one text, with nothing between them; whoever asks must know
    /// that parts cannot run into each other.
    pub fn of_joined<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        use sha2::Digest as _;
        let mut hasher = sha2::Sha256::new();
        for part in parts {
            hasher.update(part);
        }
        Self(hasher.finalize().into())
    }

    /// The digest with these bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The 64 hexadecimal digits without the name of the algorithm.
    pub fn hex(&self) -> String {
        hex(&self.0)
    }
}

/// A text that is no digest of the expected algorithm.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no digest: expected `{algorithm}:` and 64 hexadecimal digits")]
pub struct DigestParseError {
    text: String,
    algorithm: &'static str,
}

macro_rules! textual_digest {
    ($type:ident, $algorithm:literal) => {
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($algorithm, ":{}"), self.hex())
            }
        }
        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
        impl From<$type> for String {
            fn from(digest: $type) -> Self {
                digest.to_string()
            }
        }
        impl TryFrom<String> for $type {
            type Error = DigestParseError;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }
        impl FromStr for $type {
            type Err = DigestParseError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.strip_prefix(concat!($algorithm, ":")).and_then(unhex).map(Self).ok_or_else(
                    || DigestParseError {
                        text: text.chars().take(80).collect(),
                        algorithm: $algorithm,
                    },
                )
            }
        }
    };
}
textual_digest!(Digest, "blake3");
textual_digest!(Sha256, "sha256");

/// A UUID of version 8 (RFC 9562) made from a digest: the same content always has the same id.
pub fn uuid_from_digest(digest: &Digest) -> uuid::Uuid {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest.0[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// Two lower-case hexadecimal digits for each byte.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|b| [DIGITS[usize::from(b >> 4)] as char, DIGITS[usize::from(b & 15)] as char])
        .collect()
}

/// The 32 bytes that these 64 lower-case hexadecimal digits stand for.
pub fn unhex(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 {
        return None;
    }
    unhex_bytes(text)?.try_into().ok()
}

/// The bytes that these lower-case hexadecimal digits stand for, two for each.
pub fn unhex_bytes(text: &str) -> Option<Vec<u8>> {
    let digit = |c: u8| match c {
        b'0'..=b'9' => Some(c - b'0'),
        b'a'..=b'f' => Some(c - b'a' + 10),
        _ => None,
    };
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_read_back_what_they_write() {
        let digest = Digest::of(b"onx");
        assert_eq!(digest.to_string().parse(), Ok(digest));
        let sha = Sha256::of(b"abc");
        assert_eq!(
            sha.to_string(),
            "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(sha.to_string().parse(), Ok(sha));
        assert!("sha256:BA".parse::<Sha256>().is_err());
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(
            Digest::of_parts([b"ab".as_slice(), b"c"]),
            Digest::of_parts([b"a".as_slice(), b"bc"])
        );
    }

    #[test]
    fn a_digest_part_by_part_is_that_of_the_whole() {
        let mut builder = DigestBuilder::default();
        builder.update(b"on");
        builder.update(b"x");
        assert_eq!(builder.finish(), Digest::of(b"onx"));
    }

    #[test]
    fn uuids_are_of_version_eight() {
        assert_eq!(uuid_from_digest(&Digest::of(b"x")).get_version_num(), 8);
    }
}
