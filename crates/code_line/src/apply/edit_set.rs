//! What is to be written into a dependent, as a value that one process hands to another.

use std::collections::BTreeMap;

use artifact::{Digest, TreePath};
use serde::{Deserialize, Serialize};

use super::ApplicationReport;
use crate::error::ErrorReport;

/// Everything that an application writes and says, before anything is written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EditSet {
    /// The files, each once.
    pub(crate) files: BTreeMap<TreePath, EditedFile>,
    /// The report, as if everything had been written.
    pub(super) report: ApplicationReport,
    /// The dependent's name.
    pub(super) package: String,
    /// The commit that is checked out, if any.
    pub(super) git_commit: Option<String>,
    /// The versions that the dependent pins, by name.
    pub(super) dependency_versions: BTreeMap<String, String>,
    /// Those of the files that hold uncommitted work.
    pub(super) dirty: Vec<TreePath>,
    /// What stands before the paths of this target in a patch of its repository.
    pub(super) patch_prefix: String,
}

/// One file that is to be written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EditedFile {
    /// The digest of the bytes that were read.
    pub(super) old: Digest,
    /// The bytes that take their place; they travel behind the rest.
    #[serde(skip)]
    pub(crate) content: Vec<u8>,
}

/// How often each step was done, and how long it took in nanoseconds.
pub(super) type StepTimes = BTreeMap<String, (u32, u64)>;

/// What a worker answers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WorkAnswer {
    /// The edits, or why there are none.
    pub(super) outcome: Result<EditSet, ErrorReport>,
    /// How long the steps took, when somebody wants to know.
    pub(super) steps: StepTimes,
    /// The sizes of the contents that follow, in the order of the files.
    sizes_bytes: Vec<u64>,
}

/// An answer that no worker gives.
#[derive(Debug, thiserror::Error)]
#[error("the answer of the process that works out edits cannot be read: {0}")]
pub(super) struct AnswerError(String);

impl WorkAnswer {
    pub(super) fn new(outcome: Result<EditSet, ErrorReport>, steps: StepTimes) -> Self {
        let files = outcome.iter().flat_map(|edits| edits.files.values());
        let sizes_bytes = files.map(|file| file.content.len() as u64).collect();
        Self { outcome, steps, sizes_bytes }
    }

    /// The answer as bytes: one line of JSON, and behind it the contents of the files.
    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut bytes = serde_json::to_vec(self)?;
        bytes.push(b'\n');
        for file in self.outcome.iter().flat_map(|edits| edits.files.values()) {
            bytes.extend_from_slice(&file.content);
        }
        Ok(bytes)
    }

    /// Reads an answer; every byte must have its place in it.
    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, AnswerError> {
        let wrong = |why: &str| AnswerError(why.to_owned());
        let end = memchr::memchr(b'\n', bytes).ok_or_else(|| wrong("it has no end"))?;
        let (line, mut rest) = (&bytes[..end], &bytes[end + 1..]);
        let mut answer: Self =
            serde_json::from_slice(line).map_err(|error| wrong(&error.to_string()))?;
        let Self { outcome, sizes_bytes, .. } = &mut answer;
        let files = outcome.iter_mut().flat_map(|edits| edits.files.values_mut());
        let mut sizes = sizes_bytes.iter();
        for file in files {
            let size = sizes.next().ok_or_else(|| wrong("a file has no content"))?;
            let size = usize::try_from(*size).map_err(|_| wrong("a size is no size"))?;
            let (content, behind) =
                rest.split_at_checked(size).ok_or_else(|| wrong("it was cut off"))?;
            file.content = content.to_vec();
            rest = behind;
        }
        match (rest.is_empty(), sizes.next()) {
            (true, None) => Ok(answer),
            _ => Err(wrong("something follows it")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ApplicationStatus, ApplicationSummary, ChangeSummary};
    use super::*;
    use crate::trust::SignatureState;
    use crate::{Error, ErrorCode};

    impl EditSet {
        /// Nothing to write, of a report that says nothing.
        pub(in crate::apply) fn empty_for_tests() -> Self {
            let report = ApplicationReport {
                format: super::super::APPLICATION_REPORT_FORMAT.to_string(),
                application_id: String::new(),
                status: ApplicationStatus::Unchanged,
                library: "yourlib".to_owned(),
                from_version: "1".to_owned(),
                to_version: "2".to_owned(),
                target: "app".to_owned(),
                manifest_digest: Digest::of(b""),
                signature: SignatureState::Unsigned,
                expired: Vec::new(),
                sandbox: None,
                summary: ApplicationSummary::default(),
                checkpoint: None,
                changes: ChangeSummary::default(),
                failures: Vec::new(),
                skipped: Vec::new(),
                edits: Vec::new(),
                proposed: Vec::new(),
                findings: Vec::new(),
                remaining: Vec::new(),
                checked: false,
                undecided: 0,
                already_right: 0,
            };
            Self {
                files: BTreeMap::new(),
                report,
                package: "app".to_owned(),
                git_commit: None,
                dependency_versions: BTreeMap::new(),
                dirty: Vec::new(),
                patch_prefix: String::new(),
            }
        }
    }

    #[test]
    fn contents_travel_behind_the_rest() {
        let mut edits = EditSet::empty_for_tests();
        for (path, content) in [("a.py", "one\ntwo\n"), ("b.py", ""), ("c.py", "{}\u{0}")] {
            let path = TreePath::new(path).expect("a path");
            let content = content.as_bytes().to_vec();
            edits.files.insert(path, EditedFile { old: Digest::of(b"old"), content });
        }
        let steps = StepTimes::from([("codemod_generator".to_owned(), (3, 5))]);
        let bytes = WorkAnswer::new(Ok(edits.clone()), steps.clone()).to_bytes().expect("a form");
        let read = WorkAnswer::from_bytes(&bytes).expect("it is whole");
        assert_eq!(read.outcome.expect("edits"), edits);
        assert_eq!(read.steps, steps);
        for end in 0..bytes.len() {
            assert!(WorkAnswer::from_bytes(&bytes[..end]).is_err(), "{end}");
        }
    }

    #[test]
    fn only_whole_answers_are_read() {
        let error = Error::user(ErrorCode::ApplicationError, "no such thing").hint("look again");
        let answer = WorkAnswer::new(Err(error.report()), StepTimes::new());
        let bytes = answer.to_bytes().expect("it has a form");
        let read = WorkAnswer::from_bytes(&bytes).expect("it is whole");
        assert_eq!(read.outcome.expect_err("it failed"), error.report());
        for end in 0..bytes.len() {
            assert!(WorkAnswer::from_bytes(&bytes[..end]).is_err(), "{end}");
        }
        assert!(WorkAnswer::from_bytes(&[&bytes[..], b"x"].concat()).is_err());
    }
}
