//! Dotted names of Python: modules, symbols and access paths.

use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

/// One or more identifiers with dots between them, for example `package.module.Class.method`.
///
/// Cloning is cheap. Identifiers are as Python has them after NFKC normalisation; keywords are not
/// excluded.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub struct DottedName(Arc<str>);

/// A text that is no dotted name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no dotted Python name")]
pub struct DottedNameError(String);

impl DottedName {
    /// Checks and takes a name.
    pub fn new(name: &str) -> Result<Self, DottedNameError> {
        let identifier = |part: &str| {
            let mut characters = part.chars();
            characters.next().is_some_and(|c| c == '_' || c.is_alphabetic())
                && characters.all(|c| c == '_' || c.is_alphanumeric())
        };
        let ascii_identifier = |part: &[u8]| {
            part.first().is_some_and(|b| *b == b'_' || b.is_ascii_alphabetic())
                && part.iter().all(|b| *b == b'_' || b.is_ascii_alphanumeric())
        };
        let is_name = if name.is_ascii() {
            name.as_bytes().split(|b| *b == b'.').all(ascii_identifier)
        } else {
            name.split('.').all(identifier)
        };
        if name.len() > 4096 || !is_name {
            return Err(DottedNameError(name.chars().take(200).collect()));
        }
        Ok(Self(name.into()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last identifier.
    pub fn leaf(&self) -> &str {
        self.0.rsplit('.').next().unwrap_or(&self.0)
    }

    /// The first identifier: the importable top-level package.
    pub fn root(&self) -> &str {
        self.0.split('.').next().unwrap_or(&self.0)
    }

    /// Everything before the last identifier; none for a single one.
    pub fn parent(&self) -> Option<Self> {
        self.0.rsplit_once('.').map(|(parent, _)| Self(parent.into()))
    }

    /// This name followed by a dot and `rest`, which must itself be a dotted name.
    #[must_use]
    pub fn join(&self, rest: &str) -> Self {
        debug_assert!(!rest.is_empty());
        Self(format!("{}.{rest}", self.0).into())
    }

    /// The identifiers from the outside in.
    pub fn parts(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('.')
    }

    /// What follows `prefix` and a dot; the empty text when the names are equal; none when it is no
    /// prefix.
    pub fn below<'a>(&'a self, prefix: &Self) -> Option<&'a str> {
        let rest = self.0.strip_prefix(&*prefix.0)?;
        if rest.is_empty() { Some(rest) } else { rest.strip_prefix('.') }
    }

    /// This name with `from` at its start replaced by `to`; none when `from` is no prefix of it.
    pub fn rebased(&self, from: &Self, to: &Self) -> Option<Self> {
        self.below(from).map(|rest| if rest.is_empty() { to.clone() } else { to.join(rest) })
    }

    /// Whether any identifier starts with an underscore and is not a dunder name.
    pub fn is_private(&self) -> bool {
        let bytes = self.0.as_bytes();
        // Most names have no identifier that starts so.
        let may_be = bytes.first() == Some(&b'_') || bytes.windows(2).any(|pair| pair == b"._");
        may_be
            && self.parts().any(|part| {
                part.starts_with('_') && !(part.starts_with("__") && part.ends_with("__"))
            })
    }

    /// All proper prefixes, the longest first.
    pub fn ancestors(&self) -> impl Iterator<Item = Self> {
        std::iter::successors(self.parent(), Self::parent)
    }
}

impl fmt::Display for DottedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for DottedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl std::borrow::Borrow<str> for DottedName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl Serialize for DottedName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl From<DottedName> for String {
    fn from(name: DottedName) -> Self {
        name.0.as_ref().to_owned()
    }
}

impl TryFrom<String> for DottedName {
    type Error = DottedNameError;
    fn try_from(name: String) -> Result<Self, Self::Error> {
        Self::new(&name)
    }
}

impl std::str::FromStr for DottedName {
    type Err = DottedNameError;
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::new(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> DottedName {
        DottedName::new(text).expect("a dotted name")
    }

    #[test]
    fn prefixes_end_at_dots() {
        assert_eq!(name("a.bc.d").below(&name("a.b")), None);
        assert_eq!(name("a.b.c").below(&name("a.b")), Some("c"));
        assert_eq!(name("a.b").rebased(&name("a.b"), &name("x")), Some(name("x")));
        assert_eq!(name("a.b.c").rebased(&name("a"), &name("x.y")), Some(name("x.y.b.c")));
    }

    #[test]
    fn only_identifiers_are_names() {
        for wrong in ["", ".", "a.", "a..b", "1a", "a-b", "a b", "a\n"] {
            assert!(DottedName::new(wrong).is_err(), "{wrong:?}");
        }
        assert!(name("a._b").is_private());
        assert!(!name("a.B.__init__").is_private());
        assert!(name("a.__init__._b").is_private());
        assert!(name("_a").is_private());
        assert!(!name("a_.b_").is_private());
        assert!(DottedName::new("ä.ö1").is_ok());
        assert!(DottedName::new("ä.1ö").is_err());
    }
}
