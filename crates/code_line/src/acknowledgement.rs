//! Changes that a library's maintainers intend and say so: for which version, and why.
//!
//! What a tree says of itself is only believed as far as it is shown: an acknowledged change is
//! listed with the reason and the place that acknowledges it, and one that acknowledges everything
//! is pointed out.

use std::str::FromStr as _;

use artifact::{Finding, Severity, TreePath};
use code_model::report::{AcknowledgedBreakage, BREAKAGE_CODES, Breakage};
use pep440_rs::{Version, VersionSpecifiers};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sources::SourceTree;

/// The most of one file that is read for acknowledgements, in bytes.
const FILE_LIMIT_BYTES: usize = 1 << 20;

/// The most acknowledgements that a file may hold.
const COUNT_LIMIT: usize = 10_000;

/// The longest pattern and the longest reason, in bytes.
const TEXT_LIMIT_BYTES: usize = 1000;

/// One intended change, in `[[acknowledge]]` of `onx.toml` or `[[tool.onx.acknowledge]]` of the
/// library's `pyproject.toml`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Acknowledgement {
    /// The access path that users write. `*` stands for any part of one identifier, `**` at the end
    /// for everything below.
    pub path: String,
    /// What happened to it, as `diff` names it, for example `object-removed`; anything when it is
    /// left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The new version for which it holds, or a range of them, such as `>=2.0,<2.1`.
    pub version: String,
    /// Why the change is intended.
    pub reason: String,
}

impl Acknowledgement {
    /// What is wrong with it, if anything.
    pub fn problem(&self) -> Option<String> {
        let segment = |text: &str| {
            !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '*')
        };
        let segments: Vec<&str> = self.path.split('.').collect();
        let inner = segments.split_last().map_or(&[] as &[&str], |(_, inner)| inner);
        if self.path.len() > TEXT_LIMIT_BYTES
            || !segments.iter().all(|text| segment(text))
            || inner.iter().any(|text| text.contains("**"))
            || segments.last().is_some_and(|last| last.contains("**") && *last != "**")
        {
            return Some(
                "`path` is a dotted name, in which `*` stands for part of an identifier and a \
                 last `**` for everything below"
                    .to_owned(),
            );
        }
        if let Some(kind) = &self.kind
            && !BREAKAGE_CODES.contains(&kind.as_str())
        {
            return Some(format!("`kind` is one of {}", BREAKAGE_CODES.join(", ")));
        }
        if self.versions().is_none() {
            return Some("`version` is a version or a range such as `>=2.0,<2.1`".to_owned());
        }
        let reason = self.reason.trim();
        if reason.is_empty() || reason.len() > TEXT_LIMIT_BYTES {
            return Some(format!("`reason` has 1 to {TEXT_LIMIT_BYTES} bytes"));
        }
        None
    }

    fn versions(&self) -> Option<VersionSpecifiers> {
        let text = self.version.trim();
        match Version::from_str(text) {
            Ok(version) => VersionSpecifiers::from_str(&format!("=={version}")).ok(),
            Err(_) if text.is_empty() => None,
            Err(_) => VersionSpecifiers::from_str(text).ok(),
        }
    }

    fn holds_for(&self, version: &Version) -> bool {
        self.versions().is_some_and(|versions| versions.contains(version))
    }

    fn matches(&self, breakage: &Breakage) -> bool {
        self.kind.as_ref().is_none_or(|kind| *kind == breakage.code)
            && path_matches(&self.path, breakage.path.as_str())
    }

    /// Whether it names nothing but a whole package, or not even that.
    fn is_broad(&self) -> bool {
        let mut segments = self.path.split('.');
        let first = segments.next().unwrap_or_default();
        let wild = |text: &str| text.chars().all(|c| c == '*');
        let rest: Vec<&str> = segments.collect();
        wild(first) || (!rest.is_empty() && rest.iter().all(|text| wild(text)))
    }
}

fn path_matches(pattern: &str, path: &str) -> bool {
    let mut names = path.split('.');
    for segment in pattern.split('.') {
        if segment == "**" {
            return names.next().is_some();
        }
        if !names.next().is_some_and(|name| identifier_matches(segment, name)) {
            return false;
        }
    }
    names.next().is_none()
}

/// Whether `*` in the pattern can stand for what is missing; each part is taken where it comes
/// first, so that the time is that of searching.
fn identifier_matches(pattern: &str, name: &str) -> bool {
    let Some((head, tail)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut rest) = name.strip_prefix(head) else { return false };
    let mut parts: Vec<&str> = tail.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// Everything that is acknowledged, with where it is written.
#[derive(Debug, Default)]
pub(crate) struct Acknowledgements {
    entries: Vec<(Acknowledgement, String)>,
    findings: Vec<Finding>,
}

/// Breakages, those that are acknowledged apart.
#[derive(Debug, Default)]
pub(crate) struct Judged {
    /// What nobody has acknowledged.
    pub(crate) breakages: Vec<Breakage>,
    pub(crate) acknowledged: Vec<AcknowledgedBreakage>,
    /// Acknowledgements that are unused, broad or unreadable.
    pub(crate) findings: Vec<Finding>,
}

impl Acknowledgements {
    /// Those of the user's own configuration and those that the library's tree has. What in a tree
    /// cannot be used is a finding and acknowledges nothing.
    pub(crate) fn gather(own: &[Acknowledgement], tree: &SourceTree) -> Self {
        let own = own.iter().map(|entry| (entry.clone(), "the configuration".to_owned()));
        let mut gathered = Self { entries: own.collect(), findings: Vec::new() };
        for (file, place) in [("onx.toml", &[][..]), ("pyproject.toml", &["tool", "onx"][..])] {
            gathered.read(tree, file, place);
        }
        gathered
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.findings.is_empty()
    }

    fn read(&mut self, tree: &SourceTree, file: &str, place: &[&str]) {
        if tree.entry(file).is_none() {
            return;
        }
        let mut wrong = |message: String| {
            let finding = Finding::new(Severity::Warning, "acknowledgement-unusable", message);
            let path = TreePath::new(file).ok();
            self.findings.push(path.map_or(finding.clone(), |path| finding.in_file(&path)));
        };
        let text = tree.read(file).ok().filter(|bytes| bytes.len() <= FILE_LIMIT_BYTES);
        let text = text.and_then(|bytes| String::from_utf8(bytes).ok());
        let table = text.and_then(|text| toml::from_str::<toml::Table>(&text).ok());
        let Some(table) = table else {
            wrong(format!("`{file}` of the library cannot be read, and acknowledges nothing"));
            return;
        };
        let holder = place.iter().try_fold(&table, |table, name| table.get(*name)?.as_table());
        let Some(list) = holder.and_then(|holder| holder.get("acknowledge")) else { return };
        let Some(list) = list.as_array().filter(|list| list.len() <= COUNT_LIMIT) else {
            wrong(format!("`acknowledge` in `{file}` is no list of at most {COUNT_LIMIT} tables"));
            return;
        };
        for (position, value) in list.iter().enumerate() {
            let entry: Result<Acknowledgement, String> = value
                .clone()
                .try_into()
                .map_err(|error: toml::de::Error| error.message().chars().take(200).collect());
            match entry.and_then(|entry| entry.problem().map_or(Ok(entry), Err)) {
                Ok(entry) if self.entries.iter().any(|(other, _)| *other == entry) => {}
                Ok(entry) => self.entries.push((entry, file.to_owned())),
                Err(problem) => {
                    wrong(format!(
                        "acknowledgement {} in `{file}` is left out: {problem}",
                        position + 1
                    ));
                }
            }
        }
    }

    /// Tells what is acknowledged for this version from what is not.
    pub(crate) fn judge(&self, breakages: Vec<Breakage>, version: Option<&Version>) -> Judged {
        let mut judged = Judged { findings: self.findings.clone(), ..Judged::default() };
        let Some(version) = version else {
            judged.breakages = breakages;
            if !self.entries.is_empty() {
                let message = "the new version has no number, so that no acknowledgement holds for \
                               it; give it with --declared";
                judged
                    .findings
                    .push(warning("acknowledgement-without-version", message.to_owned()));
            }
            return judged;
        };
        let in_force: Vec<&(Acknowledgement, String)> =
            self.entries.iter().filter(|(entry, _)| entry.holds_for(version)).collect();
        let mut used = vec![0_u32; in_force.len()];
        for breakage in breakages {
            match in_force.iter().position(|(entry, _)| entry.matches(&breakage)) {
                None => judged.breakages.push(breakage),
                Some(at) => {
                    used[at] += 1;
                    let (entry, written_in) = in_force[at];
                    judged.acknowledged.push(AcknowledgedBreakage {
                        breakage,
                        reason: entry.reason.trim().to_owned(),
                        path: entry.path.clone(),
                        version: entry.version.clone(),
                        written_in: written_in.clone(),
                    });
                }
            }
        }
        for ((entry, written_in), used) in in_force.into_iter().zip(used) {
            let kind = entry.kind.as_ref().map(|kind| format!(" ({kind})")).unwrap_or_default();
            if used == 0 {
                let message = format!(
                    "`{}`{kind} in {written_in} is acknowledged for {} and does not happen",
                    entry.path, entry.version
                );
                judged.findings.push(warning("acknowledgement-unused", message));
            } else if entry.is_broad() {
                let message = format!(
                    "`{}`{kind} in {written_in} acknowledges whatever happens below it: {used} \
                     changes",
                    entry.path
                );
                judged.findings.push(warning("acknowledgement-broad", message));
            }
        }
        judged
    }
}

fn warning(code: &str, message: String) -> Finding {
    Finding::new(Severity::Warning, code, message)
}

/// The number of a version: as it was declared, as it is called, or as its own project file says.
pub(crate) fn number(declared: Option<&str>, label: &str, tree: &SourceTree) -> Option<Version> {
    let parsed = |text: &str| Version::from_str(text).ok();
    match declared {
        Some(declared) => parsed(declared),
        None => parsed(label).or_else(|| parsed(&crate::versions::project_version(tree)?)),
    }
}

#[cfg(test)]
mod tests {
    use code_model::DottedName;
    use code_model::report::Bump;

    use super::*;

    fn entry(path: &str, kind: Option<&str>, version: &str) -> Acknowledgement {
        Acknowledgement {
            path: path.to_owned(),
            kind: kind.map(str::to_owned),
            version: version.to_owned(),
            reason: "announced".to_owned(),
        }
    }

    fn breakage(path: &str) -> Breakage {
        Breakage {
            path: DottedName::new(path).expect("a name"),
            code: "object-removed".to_owned(),
            bump: Bump::Major,
            message: String::new(),
            file: TreePath::new("lib.py").expect("a path"),
            line: 1,
            successor: None,
        }
    }

    fn judge(entries: &[Acknowledgement], paths: &[&str]) -> Judged {
        let entries = entries.iter().map(|entry| (entry.clone(), "here".to_owned())).collect();
        let all = Acknowledgements { entries, findings: Vec::new() };
        let version = Version::from_str("2.0").expect("a version");
        all.judge(paths.iter().map(|path| breakage(path)).collect(), Some(&version))
    }

    #[test]
    fn patterns_stand_for_identifiers_and_for_what_is_below() {
        let table = [
            ("lib.old", "lib.old", true),
            ("lib.old", "lib.old.f", false),
            ("lib.old", "lib.older", false),
            ("lib.*", "lib.old", true),
            ("lib.*", "lib.old.f", false),
            ("lib.get_*_by_*", "lib.get_user_by_name", true),
            ("lib.get_*_by_*", "lib.get_user", false),
            ("lib.*_old", "lib.very_old", true),
            ("lib.a*a", "lib.a", false),
            ("lib.**", "lib.old.f", true),
            ("lib.**", "lib", false),
            ("lib.old.**", "lib.old", false),
            ("**", "lib", true),
        ];
        for (pattern, path, expected) in table {
            assert_eq!(path_matches(pattern, path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn what_is_acknowledged_for_this_version_is_set_apart() {
        let judged = judge(
            &[entry("lib.a", Some("object-removed"), "2.0"), entry("lib.b", None, ">=3")],
            &["lib.a", "lib.b", "lib.c"],
        );
        let left: Vec<&str> = judged.breakages.iter().map(|b| b.path.as_str()).collect();
        assert_eq!(left, ["lib.b", "lib.c"]);
        assert_eq!(judged.acknowledged.len(), 1);
        assert_eq!(judged.acknowledged[0].reason, "announced");
        assert_eq!(judged.findings, []);
    }

    #[test]
    fn unused_and_broad_acknowledgements_are_pointed_out() {
        let entries = [
            entry("lib.gone", None, "2.0"),
            entry("lib.a", Some("parameter-removed"), "2.0.0"),
            entry("lib.**", None, "==2.*"),
        ];
        let judged = judge(&entries, &["lib.a", "lib.b"]);
        assert_eq!(judged.breakages, []);
        let codes: Vec<&str> = judged.findings.iter().map(|f| f.code.as_str()).collect();
        let (unused, broad) = ("acknowledgement-unused", "acknowledgement-broad");
        assert_eq!(codes, [unused, unused, broad]);
    }

    #[test]
    fn what_makes_no_sense_is_a_problem() {
        assert_eq!(entry("lib.a", None, "2.0").problem(), None);
        for wrong in [
            entry("lib..a", None, "2.0"),
            entry("lib.**.a", None, "2.0"),
            entry("lib.a**", None, "2.0"),
            entry("lib.a;b", None, "2.0"),
            entry("lib.a", Some("object-gone"), "2.0"),
            entry("lib.a", None, "two"),
            entry("lib.a", None, ""),
            Acknowledgement { reason: "  ".to_owned(), ..entry("lib.a", None, "2.0") },
        ] {
            assert!(wrong.problem().is_some(), "{wrong:?}");
        }
    }
}
