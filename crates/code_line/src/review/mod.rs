//! Review: a person decides what onx left open. A manifest never changes, so a review makes a new
//! one, which names the one before it.

mod items;
mod kept;
mod successor;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use artifact::Digest;
use code_change::{Addition, Amendment, Decision, Verdict, review as carry_out};
use code_model::DottedName;
use code_model::operation::{Change, Operation, OperationId};
use code_model::report::ReviewVerdict;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use items::{ReviewItem, WantedItems, open_items};
pub use kept::KeptDecisions;

use self::successor::{edited, renamed};
use crate::amendment::{BothVersions, Written, reason, write};
use crate::bundle::{LoadedManifest, load_manifest};
use crate::trust::SignatureState;
use crate::verify::expect_intact;
use crate::{Error, ErrorCode, ErrorKind, World};

/// Operations below this probability are open unless another limit is asked for.
pub const OPEN_BELOW: f64 = 0.7;

/// Most decisions of one review.
const DECISION_LIMIT: usize = 100_000;

/// What a person decided about one item of a review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewDecision {
    /// The id of an operation, or a name that has several plausible successors.
    pub item: String,
    /// What was decided.
    pub verdict: ReviewVerdict,
    /// What is right instead, where it was edited: the new name, key, path or expression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Why.
    pub reason: String,
}

/// What a review is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct ReviewRequest {
    /// The manifest or its folder.
    pub manifest: PathBuf,
    /// The digest of the manifest that was decided about.
    pub shown: Digest,
    /// What was decided, at most once about each item.
    pub decisions: Vec<ReviewDecision>,
    /// What was asked about: what of it is open in the new manifest is counted.
    pub wanted: WantedItems,
    /// Whether names that neither version has are taken all the same.
    pub unchecked: bool,
    /// The folder to write into; by default it stands beside the manifest's own.
    pub out: Option<PathBuf>,
}

/// What came out of a review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReviewAnswer {
    /// Where the new manifest lies.
    pub manifest_uri: String,
    /// Its identity.
    pub manifest_digest: Digest,
    /// Who signed it.
    pub signature: SignatureState,
    /// The manifest that was reviewed, which stays as it is.
    pub parent: Digest,
    /// How many items were accepted.
    pub accepted: u32,
    /// How many were rejected.
    pub rejected: u32,
    /// How many were edited.
    pub edited: u32,
    /// How many items that were asked about are open still.
    pub open: u32,
    /// Each file that was written, by what it is.
    pub artifacts: BTreeMap<String, String>,
}

/// Carries out what was decided, and writes a new bundle.
pub fn review(request: &ReviewRequest, world: &World) -> Result<ReviewAnswer, Error> {
    let loaded = load_manifest(world, &request.manifest)?;
    expect_shown(&loaded, request.shown)?;
    expect_intact(world, &loaded)?;
    let versions = BothVersions::beside(&loaded, world)?;
    let amended = amended(&loaded, &versions, &request.decisions, request.unchecked)?;
    let Written { uri, digest, signature, artifacts } =
        write(&amended, &loaded, request.out.as_deref(), world)?;
    let made = load_manifest(world, Path::new(&uri))?;
    let count = |verdict| {
        request.decisions.iter().filter(|decision| decision.verdict == verdict).count() as u32
    };
    Ok(ReviewAnswer {
        manifest_uri: uri,
        manifest_digest: digest,
        signature,
        parent: loaded.digest,
        accepted: count(ReviewVerdict::Accepted),
        rejected: count(ReviewVerdict::Rejected),
        edited: count(ReviewVerdict::Edited),
        open: open_items(&made, &request.wanted).len() as u32,
        artifacts,
    })
}

/// Refuses to carry out on one manifest what was decided about another: ids of operations are
/// counted anew in each, so the same id may stand for something else.
fn expect_shown(loaded: &LoadedManifest, shown: Digest) -> Result<(), Error> {
    if loaded.digest == shown {
        return Ok(());
    }
    let message =
        format!("the manifest `{}` was made anew since it was shown", loaded.path.display());
    Err(Error::new(ErrorKind::Conflict, ErrorCode::VerificationError, message)
        .detail(format!("it was {}, and is {} now", shown.short(), loaded.digest.short()))
        .hint("give the command again, and decide about what the manifest has now"))
}

/// Reads decisions, as a review keeps them and as a person may write them: YAML or JSON.
pub fn read_decisions(bytes: &[u8]) -> Result<Vec<ReviewDecision>, Error> {
    let unusable = |why: String| {
        Error::user(ErrorCode::UsageError, "the decisions cannot be read").detail(why).hint(
            "expected a list of records with `item`, `verdict` (accepted, rejected or edited), \
             `to` for what was edited, and `reason`",
        )
    };
    let decisions: Vec<ReviewDecision> =
        serde_saphyr::from_slice(bytes).map_err(|error| unusable(error.to_string()))?;
    if decisions.len() > DECISION_LIMIT {
        return Err(unusable(format!("more than {DECISION_LIMIT} decisions")));
    }
    Ok(decisions)
}

/// A manifest that somebody is deciding about, with both versions at hand: they are read once, and
/// not for every decision.
#[derive(Debug)]
pub struct ManifestInReview<'a> {
    loaded: &'a LoadedManifest,
    versions: BothVersions,
    unchecked: bool,
}

impl<'a> ManifestInReview<'a> {
    /// Reads what decisions about the manifest are checked against; `unchecked` takes names that
    /// neither version has.
    pub fn open(loaded: &'a LoadedManifest, unchecked: bool, world: &World) -> Result<Self, Error> {
        let versions = BothVersions::beside(loaded, world)?;
        Ok(Self { loaded, versions, unchecked })
    }

    /// Checks one decision, as the review will.
    pub fn expect_possible(&self, decision: &ReviewDecision) -> Result<(), Error> {
        let subject = Subject::find(self.loaded, &decision.item)?;
        reason(&decision.reason)?;
        match decided(&subject, decision, &self.versions)? {
            Decided::Change(change) if !self.unchecked => {
                self.versions.expect_true(std::iter::once(&change))
            }
            _ => Ok(()),
        }
    }

    /// Checks all decisions together, as the review will: each may be possible alone while two of
    /// them, or one and an operation, stand against each other.
    pub fn expect_compatible(&self, decisions: &[ReviewDecision]) -> Result<(), Error> {
        amended(self.loaded, &self.versions, decisions, self.unchecked).map(drop)
    }
}

/// What a decision is about.
enum Subject<'m> {
    Operation(&'m Operation),
    Ambiguous(DottedName),
}

/// What a decision comes to.
enum Decided {
    /// It is right as it is.
    Accepted,
    /// It is not so.
    Rejected,
    /// This is right.
    Change(Change),
}

impl<'m> Subject<'m> {
    /// What it is called: an id in whatever letters is one operation, and names differ by theirs.
    fn name(&self) -> String {
        match self {
            Self::Operation(operation) => operation.id.to_string(),
            Self::Ambiguous(name) => name.to_string(),
        }
    }

    fn find(loaded: &'m LoadedManifest, item: &str) -> Result<Self, Error> {
        let operations = &loaded.manifest.operations;
        if let Some(found) = operations.iter().find(|o| o.id.0.eq_ignore_ascii_case(item)) {
            return Ok(Self::Operation(found));
        }
        let ambiguous = loaded.report.iter().flat_map(|report| &report.ambiguous);
        let found = ambiguous.map(|open| &open.name).find(|name| name.to_string() == item);
        found.cloned().map(Self::Ambiguous).ok_or_else(|| {
            let item: String = item.chars().take(120).collect();
            let path = loaded.path.display();
            let message = format!("`{path}` has neither an operation nor an open name `{item}`");
            Error::user(ErrorCode::UsageError, message)
                .hint("`onx-manifest review MANIFEST --list` shows what is open")
        })
    }
}

fn decided(
    subject: &Subject<'_>,
    decision: &ReviewDecision,
    versions: &BothVersions,
) -> Result<Decided, Error> {
    let (verdict, to) = (decision.verdict, decision.to.as_deref());
    match (subject, verdict, to) {
        (Subject::Operation(_), ReviewVerdict::Accepted, None) => Ok(Decided::Accepted),
        (_, ReviewVerdict::Rejected, None) => Ok(Decided::Rejected),
        (Subject::Operation(operation), ReviewVerdict::Edited, Some(to)) => {
            edited(&operation.change, to, versions).map(Decided::Change)
        }
        (Subject::Ambiguous(name), ReviewVerdict::Edited, Some(to)) => {
            renamed(name, to, versions).map(Decided::Change)
        }
        (Subject::Ambiguous(name), ReviewVerdict::Accepted, _) => {
            let message = format!("`{name}` has several plausible successors");
            Err(Error::user(ErrorCode::UsageError, message)
                .hint("say which one it is by editing it: --edit NAME=SUCCESSOR"))
        }
        (_, ReviewVerdict::Edited, None) => {
            let message = format!("`{}` is edited without saying to what", decision.item);
            Err(Error::user(ErrorCode::UsageError, message).hint("say it with `to`"))
        }
        (_, _, Some(_)) => {
            let message = format!("`{}` is {verdict}, and `to` says something else", decision.item);
            Err(Error::user(ErrorCode::UsageError, message).hint("`to` belongs to what is edited"))
        }
    }
}

/// The manifest as the decisions leave it.
fn amended(
    loaded: &LoadedManifest,
    versions: &BothVersions,
    given: &[ReviewDecision],
    unchecked: bool,
) -> Result<Amendment, Error> {
    if given.is_empty() {
        return Err(Error::user(ErrorCode::UsageError, "nothing was decided")
            .hint("accept, reject or edit something"));
    }
    let (mut decisions, mut additions) = (Vec::new(), Vec::new());
    let mut seen = BTreeSet::new();
    for decision in given {
        let subject = Subject::find(loaded, &decision.item)?;
        if !seen.insert(subject.name()) {
            let message = format!("two decisions are about `{}`", decision.item);
            return Err(Error::user(ErrorCode::UsageError, message).hint("leave one of them out"));
        }
        let reason = reason(&decision.reason)?.to_owned();
        let decided = decided(&subject, decision, versions)?;
        match (subject, decided) {
            (Subject::Operation(operation), decided) => decisions.push(Decision {
                operation: operation.id.clone(),
                verdict: match decided {
                    Decided::Accepted => Verdict::Accept,
                    Decided::Rejected => Verdict::Reject,
                    Decided::Change(change) => Verdict::Edit(change),
                },
                reason,
            }),
            (Subject::Ambiguous(name), decided) => additions.push(Addition {
                change: match decided {
                    Decided::Change(change) => change,
                    Decided::Accepted | Decided::Rejected => Change::SymbolRemove { name },
                },
                breaking: true,
                reason,
            }),
        }
    }
    if !unchecked {
        let edits = decisions.iter().filter_map(|decision| match &decision.verdict {
            Verdict::Edit(change) => Some(change),
            Verdict::Accept | Verdict::Reject => None,
        });
        versions.expect_true(edits.chain(additions.iter().map(|addition| &addition.change)))?;
    }
    let (manifest, report) = (&loaded.manifest, loaded.report.as_ref());
    let is_gone = |name: &DottedName| versions.is_gone(name);
    let amended = carry_out(manifest, loaded.digest, report, &decisions, &additions, &is_gone);
    if amended.conflicts.is_empty() {
        Ok(amended)
    } else {
        Err(conflict(&amended.conflicts, loaded))
    }
}

fn conflict(conflicts: &[OperationId], loaded: &LoadedManifest) -> Error {
    let message = "operations stand against what was decided";
    let mut error = Error::new(ErrorKind::Conflict, ErrorCode::UsageError, message);
    for operation in loaded.manifest.operations.iter().filter(|o| conflicts.contains(&o.id)) {
        error = error.detail(format!("{}: {}", operation.id, operation.change));
    }
    error.hint(
        "an edit says what else becomes of the same old name; what is written in the names that a \
         rejected operation leaves must be rejected with it",
    )
}
