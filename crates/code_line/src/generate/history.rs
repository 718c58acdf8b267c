//! What the commits between the two versions say, where both come from one repository.

use artifact::{Finding, Severity, TreePath};
use code_change::{CommitHistory, SoughtNames};
use rayon::prelude::*;
use sources::{GitRepository, HistoryLimits, SourceError, WantedChanges};

use super::side::keeps;
use crate::Error;
use crate::nodes::difference_detector::SnapshotPair;
use crate::nodes::git_operations::OpenedSource;
use crate::snapshot::{SnapshotConfig, globs};

/// Two commits of one repository.
#[derive(Debug, Clone)]
pub(super) struct CommitRange {
    repository: GitRepository,
    from: String,
    to: String,
}

impl CommitRange {
    /// The range between two versions; none when they do not come from the same repository.
    pub(super) fn between(from: &OpenedSource, to: &OpenedSource) -> Option<Self> {
        let (old, new) = (from.repository.as_ref()?, to.repository.as_ref()?);
        if !old.is_same_place(new) {
            return None;
        }
        let (from, to) = (from.commit.clone()?, to.commit.clone()?);
        (from != to).then(|| Self { repository: new.clone(), from, to })
    }

    /// The commits at which a shallow clone ends.
    pub(super) fn shallow_boundary(&self) -> Vec<String> {
        self.repository.shallow_boundary()
    }

    /// Reads the commits that took out what only the old version has.
    pub(super) fn read(
        &self,
        versions: &SnapshotPair,
        config: &SnapshotConfig,
    ) -> Result<CommitHistory, Error> {
        let sought = SoughtNames::new(&versions.from, &versions.to);
        if sought.is_empty() {
            return Ok(CommitHistory::default());
        }
        let excluded = globs(&config.exclude)?;
        let kept = |path: &str| {
            is_text(path) && TreePath::new(path).is_ok_and(|path| keeps(&path, config, &excluded))
        };
        let wanted = WantedChanges { anchor: &|path| sought.may_have_held(path), kept: &kept };
        let limits = HistoryLimits::default();
        let history = match self.repository.changes_between(&self.from, &self.to, limits, &wanted) {
            Ok(history) => history,
            Err(error) => {
                return Ok(CommitHistory {
                    commits: Vec::new(),
                    findings: vec![unreadable(&error)],
                });
            }
        };
        let examine = |commit: &sources::CommitChanges| {
            let paths: Vec<&TreePath> = commit.files.iter().map(|file| &file.path).collect();
            let read = |index: usize| history.texts(&commit.files[index]);
            sought.examine((&commit.id, &commit.subject), &paths, &read)
        };
        let commits = history.commits.par_iter().filter_map(examine).collect();
        let findings = if history.is_cut { vec![cut(limits)] } else { Vec::new() };
        Ok(CommitHistory { commits, findings })
    }
}

/// Files in which names of the library are written.
fn is_text(path: &str) -> bool {
    const ENDINGS: [&str; 6] = ["py", "pyi", "md", "rst", "txt", "ipynb"];
    path.rsplit_once('.').is_some_and(|(_, ending)| ENDINGS.contains(&ending))
}

fn unreadable(error: &SourceError) -> Finding {
    let text = format!("the commits between the versions say nothing: {error}");
    Finding::new(Severity::Warning, "history-unreadable", text)
}

fn cut(limits: HistoryLimits) -> Finding {
    let text = format!(
        "of the commits between the versions only the newest were read: at most {} commits and {} \
         changed files",
        limits.commits, limits.files
    );
    Finding::new(Severity::Note, "history-cut", text)
}
