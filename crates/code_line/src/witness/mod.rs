//! The smallest dependent that breaks without an operation and works with it.
//!
//! A witness is not only written but tried: it must fit the old version, must not fit the new one
//! once everything but the operation is applied, and must fit it once the operation is applied too.
//! What judges is the checker, which knows nothing of manifests.

mod candidates;
mod evidence;

use std::sync::Arc;

use artifact::TreePath;
use code_model::api::ApiIndex;
use code_model::manifest::Manifest;
use code_model::operation::Operation;
use code_model::snapshot::Snapshot;
use code_rewrite::{
    Applicability, DependentFile, NoReceivers, Plan, PlanOptions, Readings, Rewriter,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::candidates::{Candidate, candidates};
use crate::apply::types::{self, Texts};
use crate::bundle::{LoadedManifest, name, read_snapshot};
use crate::check::{check_files, read_files};
use crate::{Error, World};

/// A few lines that show what an operation is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Witness {
    /// The file's name.
    pub file: String,
    /// Its text, for the old version.
    pub before: String,
    /// Its text once the operation is applied; none where it is not edited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// What the new version does not accept without the operation.
    pub breaks: Vec<String>,
    /// What the new version does not accept with it.
    pub left: Vec<String>,
    /// What was shown.
    pub verdict: WitnessVerdict,
}

/// What a witness shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WitnessVerdict {
    /// It breaks without the operation and works with it.
    Repaired,
    /// It breaks without the operation; the edit that repairs it is one that is only shown, because
    /// a text alone does not prove what it means.
    RepairedWhenAsked,
    /// It breaks, and only a person can say what to write instead.
    LeftToAPerson,
    /// It works without the operation.
    WorksWithout,
    /// What it shows could not be tried: the bundle has not both versions beside it.
    NotTried,
}

/// Two versions of a library, as a bundle holds them.
#[derive(Debug)]
pub struct TwoVersions {
    /// The old version.
    pub from: Snapshot,
    /// The new version.
    pub to: Snapshot,
    stubs: [Arc<Texts>; 2],
}

impl TwoVersions {
    /// The versions beside a manifest; none when one of them is missing.
    pub fn beside(loaded: &LoadedManifest, world: &World) -> Result<Option<Self>, Error> {
        let from = read_snapshot(world, loaded, name::SNAPSHOT_FROM)?;
        let to = read_snapshot(world, loaded, name::SNAPSHOT_TO)?;
        let Some((from, to)) = from.zip(to) else { return Ok(None) };
        let stubs = |file| -> Result<Arc<Texts>, Error> {
            Ok(Arc::new(types::stub_tree(loaded, file, world)?.unwrap_or_default()))
        };
        Ok(Some(Self { from, to, stubs: [stubs(name::STUBS_FROM)?, stubs(name::STUBS_TO)?] }))
    }
}

#[cfg(test)]
impl TwoVersions {
    /// Two versions of these files, by path.
    pub(crate) fn of_texts(
        from: &std::collections::BTreeMap<String, String>,
        to: &std::collections::BTreeMap<String, String>,
    ) -> Self {
        let (from, old) = version(from, "1");
        let (to, new) = version(to, "2");
        Self { from, to, stubs: [Arc::new(old), Arc::new(new)] }
    }
}

/// The snapshot and the stubs of these files.
#[cfg(test)]
fn version(texts: &std::collections::BTreeMap<String, String>, number: &str) -> (Snapshot, Texts) {
    use code_model::snapshot::Origin;
    use python::parse::ParsedFile;

    let mut stubs = Texts::new();
    let mut files = std::collections::BTreeMap::new();
    for (path, text) in texts {
        let path = TreePath::new(path).expect("a path");
        let facts = Arc::new(python::facts::extract(&path, text.as_bytes()));
        files.insert(path.clone(), python::assemble::TreeFile { facts, last_modified: None });
        if path.extension() == Some("py") {
            let parsed = ParsedFile::parse(text.as_bytes()).expect("Python");
            let stub = python::stubs::stub_of(&parsed.syntax().body, parsed.text());
            let stem = path.as_str().trim_end_matches(".py");
            stubs.insert(TreePath::new(&format!("{stem}.pyi")).expect("a path"), stub.into());
        }
    }
    let origin = Origin {
        library: "yourlib".to_owned(),
        version: number.to_owned(),
        reference: number.to_owned(),
        commit: None,
        archive: None,
        created_at: None,
    };
    (python::assemble::assemble(origin, &files), stubs)
}

/// What becomes of a dependent.
#[cfg(test)]
pub(crate) struct Rehearsal {
    /// What the old version does not accept of it.
    pub(crate) fits_old: Vec<String>,
    /// Its text after the manifest is applied.
    pub(crate) after: String,
    /// What the new version does not accept of that.
    pub(crate) left: Vec<String>,
}

/// Applies a whole manifest to one file.
#[cfg(test)]
pub(crate) fn rehearse(
    manifest: &Manifest,
    versions: &TwoVersions,
    file: &str,
    text: &str,
    when_asked: bool,
) -> Rehearsal {
    let candidate = Candidate { file: file.to_owned(), text: text.to_owned(), needs_types: true };
    let stage = Stage::new(manifest, &manifest.operations[0], versions);
    let minimum = if when_asked { Applicability::Unsafe } else { Applicability::Safe };
    let after = stage.rewritten(&candidate, &stage.plans[1], minimum);
    Rehearsal {
        fits_old: stage.problems(&candidate, text, 0),
        left: stage.problems(&candidate, &after, 1),
        after,
    }
}

/// The witness of an operation of this manifest.
pub fn witness(
    manifest: &Manifest,
    operation: &Operation,
    versions: Option<&TwoVersions>,
) -> Option<Witness> {
    let from = versions.map(|versions| &versions.from);
    let candidates = candidates(manifest, operation, from);
    let Some(versions) = versions else {
        return candidates.into_iter().next().map(|candidate| Witness {
            file: candidate.file,
            before: candidate.text,
            after: None,
            breaks: Vec::new(),
            left: Vec::new(),
            verdict: WitnessVerdict::NotTried,
        });
    };
    let stage = Stage::new(manifest, operation, versions);
    let mut best: Option<Witness> = None;
    for candidate in candidates {
        let Some(found) = stage.try_out(&candidate) else { continue };
        if found.verdict == WitnessVerdict::Repaired {
            return Some(found);
        }
        let rank = |witness: &Witness| witness.verdict as u8;
        if best.as_ref().is_none_or(|best| rank(&found) < rank(best)) {
            best = Some(found);
        }
    }
    best
}

/// Everything that a witness is tried with.
struct Stage<'a> {
    manifest: &'a Manifest,
    operation: &'a Operation,
    versions: &'a TwoVersions,
    /// Everything that is applied but the operation, and everything with it.
    plans: [Plan; 2],
}

impl<'a> Stage<'a> {
    fn new(manifest: &'a Manifest, operation: &'a Operation, versions: &'a TwoVersions) -> Self {
        let options = PlanOptions { still_on_old_version: true, ..PlanOptions::default() };
        let mut with = manifest.clone();
        let mut sure = vec![operation.id.clone()];
        // What it is written in the names of belongs to it.
        while let Some(id) = sure.pop() {
            if let Some(found) = with.operations.iter_mut().find(|other| other.id == id) {
                found.confidence.overall = 1.0;
                sure.extend(found.dependencies.iter().cloned());
            }
        }
        let mut without = with.clone();
        without.operations.retain(|other| other.id != operation.id);
        for other in &mut without.operations {
            other.dependencies.retain(|id| *id != operation.id);
        }
        let plans = [&without, &with].map(|manifest| Plan::compile(manifest, &options));
        Self { manifest, operation, versions, plans }
    }

    /// What a candidate shows; none when it does not even fit the old version.
    fn try_out(&self, candidate: &Candidate) -> Option<Witness> {
        let TwoVersions { from, to, .. } = self.versions;
        if !self.problems(candidate, &candidate.text, 0).is_empty() {
            return None;
        }
        let [without, with] = &self.plans;
        let unrepaired = self.rewritten(candidate, without, Applicability::Safe);
        let mut breaks = self.problems(candidate, &unrepaired, 1);
        let mut verdict = WitnessVerdict::Repaired;
        let mut repaired = self.rewritten(candidate, with, Applicability::Safe);
        if repaired == unrepaired {
            repaired = self.rewritten(candidate, with, Applicability::Unsafe);
            verdict = WitnessVerdict::RepairedWhenAsked;
        }
        let mut left = self.problems(candidate, &repaired, 1);
        let judged = evidence::Judged {
            manifest: self.manifest,
            operation: self.operation,
            versions: (from, to),
            candidate,
        };
        breaks.extend(judged.breaks(&unrepaired));
        left.extend(judged.breaks(&repaired));
        let verdict = match (breaks.is_empty(), left.is_empty()) {
            (true, _) => WitnessVerdict::WorksWithout,
            (false, true) if repaired != unrepaired => verdict,
            (false, _) => WitnessVerdict::LeftToAPerson,
        };
        Some(Witness {
            file: candidate.file.clone(),
            after: (repaired != candidate.text).then_some(repaired),
            before: candidate.text.clone(),
            breaks,
            left,
            verdict,
        })
    }

    fn file(candidate: &Candidate, text: &str) -> Option<DependentFile> {
        let path = TreePath::new(&candidate.file).ok()?;
        Some(DependentFile { path, content: text.as_bytes().into(), module: None })
    }

    fn oracle(&self, file: &DependentFile, version: usize) -> python::types::TypeOracle {
        let dependent = types::texts([(&file.path, &*file.content)].into_iter());
        types::oracle_over(self.versions.stubs[version].clone(), dependent, None)
    }

    fn rewritten(&self, candidate: &Candidate, plan: &Plan, minimum: Applicability) -> String {
        let Some(file) = Self::file(candidate, &candidate.text) else {
            return candidate.text.clone();
        };
        let TwoVersions { from, to, .. } = self.versions;
        let versions = [from, to].map(|version| Some(ApiIndex::new(version)));
        let rewriter = Rewriter::new(plan, versions[0], versions[1], minimum);
        let files = std::slice::from_ref(&file);
        let results = if candidate.needs_types {
            rewriter.rewrite(files, &self.oracle(&file, 0))
        } else {
            rewriter.rewrite(files, &NoReceivers)
        };
        let content = results.into_iter().next().and_then(|result| result.content);
        let text = content.and_then(|bytes| String::from_utf8(bytes).ok());
        text.unwrap_or_else(|| candidate.text.clone())
    }

    /// What one of the versions does not accept.
    fn problems(&self, candidate: &Candidate, text: &str, version: usize) -> Vec<String> {
        let Some(file) = Self::file(candidate, text) else { return Vec::new() };
        let snapshot = [&self.versions.from, &self.versions.to][version];
        let oracle = candidate.needs_types.then(|| self.oracle(&file, version));
        let read = read_files(
            std::slice::from_ref(&file),
            snapshot,
            oracle.is_some(),
            &Readings::default(),
        );
        let report = check_files(&read, snapshot, oracle.as_ref());
        let line = |problem: &code_model::check::CheckProblem| {
            format!("line {}: {}", problem.line, problem.reason)
        };
        report.problems.iter().map(line).collect()
    }
}
