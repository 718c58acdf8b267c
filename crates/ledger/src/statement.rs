//! What is signed: in-toto statements (Statement v1) of five kinds, each with a type of its own.

use std::fmt;

use artifact::{Digest, Sha256, Timestamp};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::document::{self, DocumentError};
use crate::names::{Identity, Line, Namespace, Role, State};

/// Longest statement, in bytes.
pub const STATEMENT_LIMIT: usize = 64 * 1024;

/// Most subjects of a statement.
const SUBJECT_LIMIT: usize = 1024;

/// The type that in-toto gives every statement.
const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";

/// What a signature may stand under. A key is trusted for some kinds and not for others.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A manifest was made.
    Manifest,
    /// A plan was made.
    Plan,
    /// Somebody approves a step of what was made.
    Approval,
    /// The files of a target were put aside before they are touched.
    Checkpoint,
    /// What came of a run.
    Evidence,
    /// The head of an audit log. It is a signed note and no statement.
    TreeHead,
}

impl Kind {
    /// The kinds that are statements.
    pub const STATEMENTS: [Self; 5] =
        [Self::Manifest, Self::Plan, Self::Approval, Self::Checkpoint, Self::Evidence];

    fn word(self) -> &'static str {
        match self {
            Self::Manifest => "manifest",
            Self::Plan => "plan",
            Self::Approval => "approval",
            Self::Checkpoint => "checkpoint",
            Self::Evidence => "evidence",
            Self::TreeHead => "tree head",
        }
    }

    /// The type in the envelope, under the signature. It is the form that in-toto has for the type
    /// of one predicate, so that an envelope says its kind before anything of it is read.
    pub fn payload_type(self) -> String {
        format!("application/vnd.in-toto.onx-{}+json", self.word())
    }

    /// The type in the statement. A URN resolves nowhere, so that no owner of a host could say what
    /// it means.
    pub fn predicate_type(self) -> String {
        format!("urn:onx:{}:v1", self.word())
    }

    /// The statement that has this type in its envelope.
    pub(crate) fn of_payload_type(text: &str) -> Option<Self> {
        Self::STATEMENTS.into_iter().find(|kind| kind.payload_type() == text)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The file that a statement is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// The digests of its bytes.
    pub digest: SubjectDigest,
    /// What it is called; it says nothing about what it is.
    pub name: Line,
}

/// The digests of a subject, in both algorithms; both must fit.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(into = "DigestSet", try_from = "DigestSet")]
#[schemars(with = "DigestSet")]
pub struct SubjectDigest {
    /// The BLAKE3 digest.
    pub blake3: Digest,
    /// The SHA-256 digest.
    pub sha256: Sha256,
}

impl SubjectDigest {
    /// The digests of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self { blake3: Digest::of(bytes), sha256: Sha256::of(bytes) }
    }
}

impl Subject {
    /// The subject with these bytes.
    pub fn of(name: Line, bytes: &[u8]) -> Self {
        Self { digest: SubjectDigest::of(bytes), name }
    }
}

/// Digests as in-toto writes them: hexadecimal digits by the name of the algorithm.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct DigestSet {
    blake3: String,
    sha256: String,
}

impl From<SubjectDigest> for DigestSet {
    fn from(digest: SubjectDigest) -> Self {
        Self { blake3: digest.blake3.hex(), sha256: digest.sha256.hex() }
    }
}

impl TryFrom<DigestSet> for SubjectDigest {
    type Error = artifact::DigestParseError;
    fn try_from(set: DigestSet) -> Result<Self, Self::Error> {
        let blake3 = format!("blake3:{}", set.blake3).parse()?;
        Ok(Self { blake3, sha256: format!("sha256:{}", set.sha256).parse()? })
    }
}

/// What one kind of statement says about its subjects. The kinds are those of this crate.
pub trait Predicate: Serialize + DeserializeOwned + Clone + sealed::Sealed {
    /// The kind that has this predicate and no other.
    const KIND: Kind;

    /// In whose namespace it speaks.
    fn namespace(&self) -> &Namespace;

    /// Who says so, or made what it is about.
    fn author(&self) -> &Identity;
}

mod sealed {
    /// Two predicates of one kind could be read as each other, so nobody else adds any.
    pub trait Sealed {}
}

macro_rules! predicate {
    ($type:ident, $kind:ident, $author:ident) => {
        impl sealed::Sealed for $type {}

        impl Predicate for $type {
            const KIND: Kind = Kind::$kind;

            fn namespace(&self) -> &Namespace {
                &self.namespace
            }

            fn author(&self) -> &Identity {
                &self.$author
            }
        }
    };
}

/// A manifest was made; its subjects are the manifest and the files of its bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ManifestMade {
    /// Who made it.
    pub author: Identity,
    /// The version that dependents come from.
    pub from_version: Line,
    /// The program and version that made it.
    pub generator: Line,
    /// The id that the manifest has.
    pub manifest_id: Line,
    /// Where it is published.
    pub namespace: Namespace,
    /// The library.
    pub package: Line,
    /// The version that dependents go to.
    pub to_version: Line,
}
predicate!(ManifestMade, Manifest, author);

/// A plan was made; its subject is the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanMade {
    /// Who made it.
    pub author: Identity,
    /// Whose plan it is.
    pub namespace: Namespace,
    /// The version of the policy that it was checked against.
    pub policy_version: Line,
    /// The project or task that it is for.
    pub scope: Line,
}
predicate!(PlanMade, Plan, author);

/// From one state to another.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(deny_unknown_fields)]
pub struct Transition {
    /// The state before.
    pub from: State,
    /// The state after.
    pub to: State,
}

impl fmt::Display for Transition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} → {}", self.from, self.to)
    }
}

/// Somebody approves one step of what was made; the one subject is what he reviewed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApprovalGiven {
    /// Who approves.
    pub approver: Identity,
    /// From when on it counts no more.
    pub expires: Timestamp,
    /// From when on it counts.
    pub given_at: Timestamp,
    /// Whose it is that is approved.
    pub namespace: Namespace,
    /// The capacity in which he approves.
    pub role: Role,
    /// The project, task or run that it is for; it counts in no other.
    pub scope: Line,
    /// The step.
    pub transition: Transition,
}
predicate!(ApprovalGiven, Approval, approver);

/// The files of a target were put aside; the subject is the record of the checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckpointTaken {
    /// Who had it taken.
    pub author: Identity,
    /// How many files it holds.
    pub files: u64,
    /// Whose target it is.
    pub namespace: Namespace,
    /// The run that took it.
    pub run: Line,
    /// When.
    pub taken_at: Timestamp,
}
predicate!(CheckpointTaken, Checkpoint, author);

/// What came of a run; the subjects are the reports and logs that show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EvidenceGathered {
    /// Who carried it out.
    pub author: Identity,
    /// Whose run it was.
    pub namespace: Namespace,
    /// The digests of the manifest or plan that was carried out.
    pub carried_out: SubjectDigest,
    /// When it was gathered.
    pub gathered_at: Timestamp,
    /// The run.
    pub run: Line,
    /// Whether the run reached what it was for.
    pub success: bool,
}
predicate!(EvidenceGathered, Evidence, author);

/// A statement of one kind about its subjects: it has the one predicate type of that kind.
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema)]
#[schemars(with = "StatementDocument<P>", bound = "P: JsonSchema")]
pub struct Statement<P> {
    subjects: Vec<Subject>,
    predicate: P,
}

/// Why a text is no statement of the expected kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// It is not in the one form of a statement.
    #[error("the statement is no document: {0}")]
    Document(#[from] DocumentError),
    /// It is no statement of in-toto, or one of another kind.
    #[error("the statement is none of the kind {0}")]
    Kind(Kind),
    /// The subjects are none, too many, or not in the order of their digests, each once.
    #[error("the subjects are not 1 to {SUBJECT_LIMIT} in the order of their digests, each once")]
    Subjects,
}

impl<P: Predicate> Statement<P> {
    /// The statement about these subjects, whose order says nothing.
    pub fn new(mut subjects: Vec<Subject>, predicate: P) -> Result<Self, StatementError> {
        subjects.sort();
        let statement = Self { subjects, predicate };
        statement.check_subjects()?;
        Ok(statement)
    }

    /// What it is about, in the order of the digests.
    pub fn subjects(&self) -> &[Subject] {
        &self.subjects
    }

    /// What it says.
    pub fn predicate(&self) -> &P {
        &self.predicate
    }

    /// Whether it is about exactly these bytes.
    pub fn is_about(&self, digest: &SubjectDigest) -> bool {
        self.subjects.iter().any(|subject| subject.digest == *digest)
    }

    /// The bytes that are signed.
    pub fn to_bytes(&self) -> Result<Vec<u8>, StatementError> {
        let bytes = document::write(&StatementDocument {
            statement_type: STATEMENT_TYPE.to_owned(),
            predicate: self.predicate.clone(),
            predicate_type: P::KIND.predicate_type(),
            subject: self.subjects.clone(),
        })?;
        if bytes.len() > STATEMENT_LIMIT {
            let (limit, found) = (STATEMENT_LIMIT, bytes.len());
            return Err(DocumentError::Long { limit, found }.into());
        }
        Ok(bytes)
    }

    /// Reads the bytes of a statement of this kind. They say nothing until a signature over them
    /// was verified.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, StatementError> {
        let document: StatementDocument<P> = document::read(bytes, STATEMENT_LIMIT)?;
        let kind = P::KIND.predicate_type();
        if document.statement_type != STATEMENT_TYPE || document.predicate_type != kind {
            return Err(StatementError::Kind(P::KIND));
        }
        let statement = Self { subjects: document.subject, predicate: document.predicate };
        statement.check_subjects()?;
        Ok(statement)
    }

    fn check_subjects(&self) -> Result<(), StatementError> {
        let ordered = self.subjects.is_sorted_by(|one, next| one < next);
        if !ordered || !(1..=SUBJECT_LIMIT).contains(&self.subjects.len()) {
            return Err(StatementError::Subjects);
        }
        Ok(())
    }
}

/// A statement as in-toto writes it.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct StatementDocument<P> {
    #[serde(rename = "_type")]
    statement_type: String,
    predicate: P,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    subject: Vec<Subject>,
}
