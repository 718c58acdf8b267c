//! Whether the version number moved far enough for what changed.

use artifact::Finding;
use code_model::report::{AcknowledgedBreakage, Breakage, Bump};
use pep440_rs::Version;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Error, ErrorCode};

/// The bump that was made, the one that the changes demand, and what demands it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SemverAnswer {
    /// The old version.
    pub from_version: String,
    /// The new version.
    pub to_version: String,
    /// The smallest bump that the changes allow.
    pub demanded: Bump,
    /// The bump that was made.
    pub made: Bump,
    /// Whether the bump is large enough.
    pub sufficient: bool,
    /// Whether both versions lie before 1.0, where a minor bump may break.
    pub before_one: bool,
    /// What demands it.
    pub breakages: Vec<Breakage>,
    /// Changes that the library's maintainers intend; they demand nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub acknowledged: Vec<AcknowledgedBreakage>,
    /// Acknowledgements that are unused, that cover everything, or that cannot be used.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
}

/// Compares the bump between two version numbers with the one that the changes demand.
pub fn semver(
    from: &str,
    to: &str,
    demanded: Bump,
    breakages: Vec<Breakage>,
) -> Result<SemverAnswer, Error> {
    let (old, new) = (version(from, "old")?, version(to, "new")?);
    if new < old {
        let message = format!("the new version `{to}` is older than `{from}`");
        return Err(Error::user(ErrorCode::UsageError, message).hint("exchange --from and --to"));
    }
    let made = bump(&old, &new);
    let before_one = old.epoch() == new.epoch() && part(&old, 0) == 0 && part(&new, 0) == 0;
    let sufficient = match (demanded, before_one) {
        (Bump::Major, true) => made >= Bump::Minor,
        // Before 1.0 there is no number below the patch for what a minor bump would say.
        (Bump::Minor, true) => true,
        (demanded, _) => made >= demanded,
    };
    Ok(SemverAnswer {
        from_version: from.to_owned(),
        to_version: to.to_owned(),
        demanded,
        made,
        sufficient,
        before_one,
        breakages,
        acknowledged: Vec::new(),
        findings: Vec::new(),
    })
}

fn version(text: &str, which: &str) -> Result<Version, Error> {
    text.parse().map_err(|_| {
        let message = format!("`{text}`, the {which} version, is no version number");
        Error::user(ErrorCode::UsageError, message)
            .hint("name the number of the new version with --declared, the old one by its tag")
    })
}

fn part(version: &Version, position: usize) -> u64 {
    version.release().get(position).copied().unwrap_or(0)
}

fn bump(old: &Version, new: &Version) -> Bump {
    if old.epoch() != new.epoch() || part(old, 0) != part(new, 0) {
        Bump::Major
    } else if part(old, 1) != part(new, 1) {
        Bump::Minor
    } else {
        Bump::Patch
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sufficient(from: &str, to: &str, demanded: Bump) -> bool {
        semver(from, to, demanded, Vec::new()).expect("versions").sufficient
    }

    #[test]
    fn a_bump_must_be_as_large_as_what_changed() {
        assert!(sufficient("1.4.0", "2.0.0", Bump::Major));
        assert!(!sufficient("1.4.0", "1.5.0", Bump::Major));
        assert!(sufficient("1.4.0", "1.5", Bump::Minor));
        assert!(!sufficient("1.4.0", "1.4.1", Bump::Minor));
        assert!(sufficient("v1.4.0", "1.4.1.post1", Bump::Patch));
        assert!(sufficient("1.4", "2.0rc1", Bump::Major));
    }

    #[test]
    fn before_one_a_minor_bump_may_break() {
        assert!(sufficient("0.4.0", "0.5.0", Bump::Major));
        assert!(!sufficient("0.4.0", "0.4.1", Bump::Major));
        assert!(sufficient("0.4.0", "1.0.0", Bump::Major));
    }

    #[test]
    fn what_is_no_number_or_goes_back_is_an_error() {
        assert!(semver("main", "2.0", Bump::Patch, Vec::new()).is_err());
        assert!(semver("2.0", "1.0", Bump::Patch, Vec::new()).is_err());
    }
}
