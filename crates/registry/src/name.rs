//! The names under which bundles are published: `registry://NAMESPACE/PACKAGE/FROM_TO`.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What every name of a registry begins with.
pub const SCHEME: &str = "registry://";

/// The longest part of a name, in bytes: what a file name takes on every system.
const PART_LIMIT_BYTES: usize = 200;

/// A text that is no name of a registry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no name in a registry: {why}")]
pub struct NameError {
    text: String,
    why: &'static str,
}

/// The name of an entry. Without a package it stands for the only package of its namespace that has
/// these versions.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct EntryName {
    /// Who may publish there, such as `core_migrations`.
    pub namespace: String,
    /// The library.
    pub package: Option<String>,
    /// The two versions.
    pub versions: VersionPair,
}

/// Two versions as a name writes them: `FROM_TO`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VersionPair(String);

impl VersionPair {
    /// These two versions; characters that a name cannot hold are refused.
    pub fn new(from: &str, to: &str) -> Result<Self, NameError> {
        let text = format!("{from}_{to}");
        for version in [from, to] {
            part(version, &text)?;
        }
        part(&text, &text)?;
        Ok(Self(text))
    }

    /// The pair as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl EntryName {
    /// The entry of these versions of a package.
    pub fn new(namespace: &str, package: &str, versions: VersionPair) -> Result<Self, NameError> {
        part(namespace, namespace)?;
        part(package, package)?;
        let package = Some(package.to_owned());
        Ok(Self { namespace: namespace.to_owned(), package, versions })
    }
}

impl FromStr for EntryName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let wrong = |why| NameError { text: text.chars().take(200).collect(), why };
        let rest = text.strip_prefix(SCHEME).ok_or_else(|| wrong("it begins otherwise"))?;
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let parts: Vec<&str> = rest.split('/').collect();
        let (namespace, package, versions) = match parts[..] {
            [namespace, versions] => (namespace, None, versions),
            [namespace, package, versions] => (namespace, Some(package), versions),
            _ => return Err(wrong("it is NAMESPACE/FROM_TO or NAMESPACE/PACKAGE/FROM_TO")),
        };
        for text in [Some(namespace), package, Some(versions)].into_iter().flatten() {
            part(text, text)?;
        }
        if !versions.trim_matches('_').contains('_') {
            return Err(wrong("its last part is no FROM_TO"));
        }
        Ok(Self {
            namespace: namespace.to_owned(),
            package: package.map(str::to_owned),
            versions: VersionPair(versions.to_owned()),
        })
    }
}

/// Refuses what is no part of a name: a part is a file name on every system, and says nothing to
/// any of them.
fn part(part: &str, text: &str) -> Result<(), NameError> {
    let wrong = |why| NameError { text: text.chars().take(200).collect(), why };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '+' | '!');
    match part {
        "" => Err(wrong("a part of it is empty")),
        part if part.len() > PART_LIMIT_BYTES => Err(wrong("a part of it is too long")),
        part if part.starts_with(['.', '-']) || part.ends_with('.') => {
            Err(wrong("a part of it begins or ends with a sign"))
        }
        part if !part.chars().all(plain) => {
            Err(wrong("it holds more than letters, digits and - _ . + !"))
        }
        _ => Ok(()),
    }
}

impl fmt::Display for EntryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { namespace, package, versions } = self;
        match package {
            Some(package) => write!(f, "{SCHEME}{namespace}/{package}/{}", versions.0),
            None => write!(f, "{SCHEME}{namespace}/{}", versions.0),
        }
    }
}

impl TryFrom<String> for EntryName {
    type Error = NameError;
    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

impl From<EntryName> for String {
    fn from(name: EntryName) -> Self {
        name.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn both_forms_are_names() {
        for text in [
            "registry://core_migrations/0.9.0_1.0.0",
            "registry://core_migrations/omnibase_core/0.9.0_1.0.0",
            "registry://core_migrations/yourlib/1!2.0.post1_1!2.1+local",
        ] {
            assert_eq!(text.parse::<EntryName>().expect(text).to_string(), text);
        }
        let slash = "registry://core_migrations/0.9.0_1.0.0/".parse::<EntryName>();
        assert_eq!(slash.expect("a name").package, None);
    }

    #[test]
    fn nothing_else_is() {
        for text in [
            "",
            "core_migrations/1_2",
            "registry://",
            "registry://a",
            "registry://a/b",
            "registry://a/1_",
            "registry://a/../1_2",
            "registry://a/.b/1_2",
            "registry://a//1_2",
            "registry://a/b/c/1_2",
            "registry://a/b\\c/1_2",
            "registry://a/b\u{202e}/1_2",
            "registry://a/b\0/1_2",
        ] {
            assert!(text.parse::<EntryName>().is_err(), "{text:?}");
        }
        assert!(VersionPair::new("1/2", "3").is_err());
        assert!(VersionPair::new("", "3").is_err());
    }

    proptest! {
        #[test]
        fn what_is_read_is_written_again(text in "registry://[a-z./_0-9]{0,30}") {
            if let Ok(name) = text.parse::<EntryName>() {
                prop_assert_eq!(name.to_string().parse::<EntryName>(), Ok(name));
            }
        }
    }
}
