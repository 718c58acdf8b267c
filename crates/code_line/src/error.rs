//! How the code line fails: five kinds, stable codes, what happened, the detail and what to do
//! next.

use std::error::Error as StdError;
use std::fmt;

pub use artifact::ErrorKind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The stable name of an error, for programs.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum ErrorCode {
    /// An argument is wrong.
    UsageError,
    /// A configuration file is wrong.
    ConfigurationError,
    /// A version could not be read.
    SnapshotError,
    /// No operations could be derived.
    InferenceError,
    /// Operations or packages depend on each other in a circle.
    DependencyError,
    /// A manifest, bundle or dependent is not what it should be.
    VerificationError,
    /// A manifest could not be applied or undone.
    ApplicationError,
    /// A key or a signature is not what it should be, or nobody signed.
    SignatureError,
    /// A step needs approvals that it does not have, or an approval cannot be given.
    ApprovalError,
    /// The audit log is not what was written, or cannot be.
    AuditError,
    /// The store, or a file that belongs to it, is not what it should be.
    StoreError,
    /// A task or run cannot do what was asked of it.
    TaskError,
    /// A registry does not have it, or does not take it.
    RegistryError,
    /// A result could not be written.
    OutputError,
    /// onx itself is wrong.
    InternalError,
}

/// What happened, the detail, and what to do next.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    code: ErrorCode,
    message: String,
    detail: Vec<String>,
    hint: Option<String>,
    remedy: Remedy,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// What helps a run beyond what the user can do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Remedy {
    /// Nothing.
    None,
    /// To wait for somebody else.
    Wait,
    /// To begin another run.
    Anew,
}

impl Error {
    /// An error of this kind and code; `message` says in one sentence what happened.
    pub fn new(kind: ErrorKind, code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            kind,
            code,
            message: message.into(),
            detail: Vec::new(),
            hint: None,
            remedy: Remedy::None,
            source: None,
        }
    }

    /// An error that the user's next command can avoid.
    pub fn user(code: ErrorCode, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::User, code, message)
    }

    /// An error of something outside, with its cause.
    pub fn outside(
        code: ErrorCode,
        message: impl Into<String>,
        source: impl StdError + Send + Sync + 'static,
    ) -> Self {
        Self::new(ErrorKind::Outside, code, message).caused_by(source)
    }

    /// An error in onx itself.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, ErrorCode::InternalError, message)
            .hint("please report this with the command that you ran")
    }

    /// The same error with what is known beyond the first sentence.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail.push(detail.into());
        self
    }

    /// The same error with what lies behind this one, the nearest cause first.
    #[must_use]
    pub fn because_of(self, error: &dyn StdError) -> Self {
        causes(error).fold(self, Self::detail)
    }

    /// The same error with what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same error with its cause.
    #[must_use]
    pub fn caused_by(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.source = Some(Box::new(source));
        self
    }

    /// The same error, which is over when somebody else has ended what they do.
    #[must_use]
    pub(crate) fn busy(mut self) -> Self {
        self.remedy = Remedy::Wait;
        self
    }

    /// The same error, which a run has that was begun with something else than is there now.
    #[must_use]
    pub(crate) fn begun_otherwise(mut self) -> Self {
        self.remedy = Remedy::Anew;
        self
    }

    /// Whether it is over when somebody else has ended what they do.
    pub fn is_busy(&self) -> bool {
        self.remedy == Remedy::Wait
    }

    /// Whether the run was begun with something else than is there now, so that only another run
    /// can do the work.
    pub fn is_begun_otherwise(&self) -> bool {
        self.remedy == Remedy::Anew
    }

    /// Who can do something about it.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Its stable name.
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// The error as programs read it.
    pub fn report(&self) -> ErrorReport {
        ErrorReport {
            kind: self.kind,
            code: self.code,
            message: self.message.clone(),
            detail: self.detail.iter().cloned().chain(causes(self)).collect(),
            hint: self.hint.clone(),
        }
    }
}

/// What lies behind an error, the nearest cause first.
fn causes(error: &dyn StdError) -> impl Iterator<Item = String> {
    std::iter::successors(error.source(), |&cause| cause.source()).map(ToString::to_string)
}

impl From<ErrorReport> for Error {
    fn from(report: ErrorReport) -> Self {
        let ErrorReport { kind, code, message, detail, hint } = report;
        Self { kind, code, message, detail, hint, remedy: Remedy::None, source: None }
    }
}

impl From<run::RecordError> for Error {
    fn from(error: run::RecordError) -> Self {
        let (kind, hint) = (error.kind(), error.hint());
        let code = match &error {
            run::RecordError::LeaseLost(_) => ErrorCode::TaskError,
            _ => ErrorCode::StoreError,
        };
        Self::new(kind, code, error.to_string()).hint(hint).caused_by(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

/// An error as programs read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ErrorReport {
    /// Who can do something about it.
    pub kind: ErrorKind,
    /// Its stable name.
    pub code: ErrorCode,
    /// What happened.
    pub message: String,
    /// What is known beyond that, the nearest cause first.
    pub detail: Vec<String>,
    /// What to do next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}
