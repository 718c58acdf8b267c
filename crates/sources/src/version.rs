//! Versions and the tags that name them.

use std::str::FromStr as _;

use artifact::Timestamp;
use pep440_rs::Version;

/// One released version that a source knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleasedVersion {
    /// The version, normalised as PEP 440 says.
    pub version: Version,
    /// What to ask the source for: the tag, or the version as the index writes it.
    pub reference: String,
    /// Whether it is a pre-release or development version.
    pub is_prerelease: bool,
    /// The reason for which it was withdrawn, when it was; empty when none was given.
    pub yanked: Option<String>,
    /// When it was released, where the source says so.
    pub released_at: Option<Timestamp>,
}

/// The version that a tag names: `1.2`, `v1.2`, `NAME-1.2`, `NAME-v1.2`, `NAME/1.2`, `release-1.2`
/// and the like.
pub fn tag_version(tag: &str, distribution: Option<&str>) -> Option<Version> {
    let rest = strip_name(tag, distribution).unwrap_or(tag);
    let rest = rest.strip_prefix(['v', 'V']).unwrap_or(rest);
    // A bare number of a date or build would make every numbered tag a version.
    if !rest.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    Version::from_str(rest).ok()
}

fn strip_name<'a>(tag: &'a str, distribution: Option<&str>) -> Option<&'a str> {
    let names = distribution.into_iter().chain(["release", "rel", "version"]);
    for name in names {
        let Some((head, rest)) = tag.split_at_checked(name.len()) else { continue };
        if normalised(head) == normalised(name)
            && let Some(rest) = rest.strip_prefix(['-', '/', '_', '@'])
        {
            return Some(rest);
        }
    }
    None
}

/// A distribution's name as PEP 503 normalises it.
pub(crate) fn normalised(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for character in name.chars() {
        if matches!(character, '-' | '_' | '.') {
            if !out.ends_with('-') {
                out.push('-');
            }
        } else {
            out.extend(character.to_lowercase());
        }
    }
    out
}

/// Tags that a version may have, in the order in which they are tried.
pub(crate) fn tag_names(version: &str, distribution: Option<&str>) -> Vec<String> {
    let bare = version.strip_prefix('v').unwrap_or(version);
    let mut names = vec![version.to_owned(), bare.to_owned(), format!("v{bare}")];
    if let Some(name) = distribution {
        for name in [name.to_owned(), normalised(name), normalised(name).replace('-', "_")] {
            for separator in ["-", "-v", "/", "/v", "_", "@"] {
                names.push(format!("{name}{separator}{bare}"));
            }
        }
    }
    for word in ["release", "rel"] {
        names.extend([format!("{word}-{bare}"), format!("{word}/{bare}")]);
    }
    let mut seen = std::collections::BTreeSet::new();
    names.retain(|name| seen.insert(name.clone()));
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_name_versions() {
        let table = [
            ("0.9.0", Some("0.9.0")),
            ("v0.9.0", Some("0.9.0")),
            ("my-lib-0.9.0", Some("0.9.0")),
            ("my_lib-v0.9.0", Some("0.9.0")),
            ("My.Lib/0.9.0", Some("0.9.0")),
            ("release-1.2rc1", Some("1.2rc1")),
            ("other-0.9.0", None),
            ("latest", None),
            ("v", None),
            ("x1.0", None),
        ];
        for (tag, expected) in table {
            let version = tag_version(tag, Some("my-lib")).map(|v| v.to_string());
            assert_eq!(version.as_deref(), expected, "{tag}");
        }
    }
}
