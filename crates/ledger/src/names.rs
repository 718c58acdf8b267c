//! Words that signed documents hold: each has one spelling, and none can be taken for another.

use std::fmt;
use std::str::FromStr;

use artifact::{is_deceptive, shown};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A text that cannot stand where it stands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no {what}: {rule}")]
pub struct WordError {
    text: String,
    what: &'static str,
    rule: &'static str,
}

macro_rules! word {
    ($(#[$documentation:meta])* $type:ident, $what:literal, $rule:literal, $fits:expr) => {
        $(#[$documentation])*
        #[derive(
            Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
        )]
        #[serde(into = "String", try_from = "String")]
        #[schemars(with = "String")]
        pub struct $type(String);

        impl $type {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $type {
            type Err = WordError;
            fn from_str(text: &str) -> Result<Self, WordError> {
                Self::try_from(text.to_owned())
            }
        }

        impl TryFrom<String> for $type {
            type Error = WordError;
            fn try_from(text: String) -> Result<Self, WordError> {
                let fits: fn(&str) -> bool = $fits;
                if fits(&text) {
                    return Ok(Self(text));
                }
                let text = shown(&text.chars().take(80).collect::<String>()).into_owned();
                Err(WordError { text, what: $what, rule: $rule })
            }
        }

        impl From<$type> for String {
            fn from(word: $type) -> Self {
                word.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
    };
}

word!(
    /// Whose names these are: the part of a registry in which one publisher publishes. Lower case,
    /// so that two that differ only in case cannot exist.
    Namespace,
    "namespace",
    "expected 1 to 64 lower-case letters, digits and - _ . that begin with a letter or digit",
    |text| lower_case(text, 64, "-_.") && text.starts_with(|c: char| c.is_ascii_alphanumeric())
);

word!(
    /// Who somebody is, whatever keys he holds. Lower case, since one person with two spellings
    /// could approve his own work.
    Identity,
    "identity",
    "expected 1 to 128 lower-case letters, digits and - _ . + : @ /",
    |text| lower_case(text, 128, "-_.+:@/")
);

word!(
    /// In which capacity somebody approves, such as `data_owner`.
    Role,
    "role",
    "expected 1 to 64 lower-case letters, digits and _",
    |text| lower_case(text, 64, "_")
);

word!(
    /// A state of whatever is approved, such as `PLANNED`.
    State,
    "state",
    "expected 1 to 64 upper-case letters, digits and _",
    |text| (1..=64).contains(&text.len())
        && text.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
);

word!(
    /// The name of an audit log, such as `example.com/audit`: the first line of its heads.
    Origin,
    "name of a log",
    "expected 1 to 128 lower-case letters, digits and - _ . : @ /",
    |text| lower_case(text, 128, "-_.:@/")
);

word!(
    /// A text within a line: a version, a name, a reason. Nothing in it deceives a reader's eye.
    Line,
    "text for a line",
    "expected 1 to 512 bytes without control, invisible or direction-changing characters",
    |text| (1..=512).contains(&text.len()) && !text.contains(is_deceptive)
);

fn lower_case(text: &str, longest: usize, signs: &str) -> bool {
    (1..=longest).contains(&text.len())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || signs.contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_has_one_spelling() {
        for good in ["core_migrations", "a", "0.x-y"] {
            assert_eq!(good.parse::<Namespace>().expect(good).as_str(), good);
        }
        for bad in ["", "Core", "cоre", "a b", "../a", ".a", "a/b", "a\u{200b}", &"a".repeat(65)] {
            assert!(bad.parse::<Namespace>().is_err(), "{bad}");
        }
        assert!("Ada".parse::<Identity>().is_err());
        assert!("local:ada@host".parse::<Identity>().is_ok());
        assert!("planned".parse::<State>().is_err());
        assert!("".parse::<Role>().is_err());
    }

    #[test]
    fn a_line_is_one_line_that_hides_nothing() {
        assert!("naïve 1.0 → 2.0".parse::<Line>().is_ok());
        for bad in ["", "a\nb", "a\u{202e}b", "\u{1b}[31m", "a\u{200b}", &"a".repeat(513)] {
            assert!(bad.parse::<Line>().is_err(), "{bad:?}");
        }
    }
}
