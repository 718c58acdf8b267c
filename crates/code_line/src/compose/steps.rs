//! Which versions lie between two, and a manifest for each step from one to the next.

use std::path::PathBuf;
use std::str::FromStr as _;

use pep440_rs::{Version, VersionSpecifiers};
use run::Observer;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sources::{ReleasedVersion, SourceSpec, tag_version};

use super::ComposeRequest;
use crate::generate::{GenerateRequest, generate};
use crate::versions::{CoreSelection, distribution_of, source_error};
use crate::{Error, ErrorCode, Progress, World};

/// A library whose released versions are walked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ComposeLibrary {
    /// A git repository, whose tags are the versions, or `pypi:NAME`.
    pub core: String,
    /// The first version; the oldest of the range when none is given.
    pub from: Option<String>,
    /// The last version; the newest of the range when none is given.
    pub to: Option<String>,
    /// A range of versions, as a requirement writes it.
    pub versions: Option<String>,
    /// The versions between, when they are named one by one.
    pub through: Vec<String>,
    /// Which of the releases between are walked.
    pub every: Every,
    /// At most this many steps.
    pub limit: usize,
}

/// Which releases are walked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Every {
    /// All of them.
    Release,
    /// The first of each minor series.
    Minor,
    /// The first of each major series.
    Major,
}

impl Every {
    /// The part of a version's number by which series are told apart.
    fn series(self, version: &Version) -> (u64, Vec<u64>) {
        let length = match self {
            Self::Release => usize::MAX,
            Self::Minor => 2,
            Self::Major => 1,
        };
        let mut parts: Vec<u64> = version.release().iter().copied().take(length).collect();
        if self != Self::Release {
            parts.resize(length, 0);
        }
        (version.epoch(), parts)
    }
}

/// Makes a manifest for each step, and one of the direct comparison.
pub(super) fn walk(
    library: &ComposeLibrary,
    request: &ComposeRequest,
    world: &World,
    progress: &dyn Progress,
    observer: &dyn Observer,
) -> Result<(Vec<PathBuf>, Option<PathBuf>), Error> {
    let versions = chosen(library, world)?;
    if versions.len() < 3 {
        let message = "no released version lies between the two, so there is nothing to compose";
        return Err(Error::user(ErrorCode::UsageError, message)
            .hint("compare them with onx-manifest generate, or fetch the repository's tags"));
    }
    if versions.len() > library.limit + 1 {
        let steps = versions.len() - 1;
        let message = format!("{steps} steps lie between, more than {}", library.limit);
        return Err(Error::user(ErrorCode::UsageError, message)
            .hint("walk fewer with --every minor or --through, or allow them with --limit"));
    }
    let make = |from: &Chosen, to: &Chosen| -> Result<PathBuf, Error> {
        let step = GenerateRequest {
            core: CoreSelection {
                core: Some(library.core.clone()),
                from: from.reference.clone(),
                to: to.reference.clone(),
                with_from: Vec::new(),
                with_to: Vec::new(),
                labels: Some([from.label.clone(), to.label.clone()]),
                file_times: request.config.file_times,
            },
            out: None,
            config: request.config.clone(),
            rules: request.rules.clone(),
            previews: Vec::new(),
            corpus: None,
            publish: None,
            acknowledge: Vec::new(),
        };
        Ok(generate(step, world, progress, observer)?.manifest_uri.into())
    };
    let mut parts = Vec::new();
    for pair in versions.windows(2) {
        parts.push(make(&pair[0], &pair[1])?);
    }
    let direct = make(&versions[0], &versions[versions.len() - 1])?;
    Ok((parts, Some(direct)))
}

/// A version that is walked.
struct Chosen {
    /// What the source is asked for.
    reference: String,
    /// What it is called.
    label: String,
}

/// The versions to walk, the outer ones included.
fn chosen(library: &ComposeLibrary, world: &World) -> Result<Vec<Chosen>, Error> {
    let spec =
        SourceSpec::parse(&library.core, &world.environment).map_err(|e| source_error(&e))?;
    let distribution = match &spec {
        SourceSpec::Index { name, .. } => Some(name.clone()),
        spec => distribution_of(spec, world),
    };
    let known = spec
        .versions(distribution.as_deref(), &world.sources())
        .map_err(|error| source_error(&error))?;
    let known: Vec<ReleasedVersion> =
        known.into_iter().filter(|release| release.yanked.is_none()).collect();
    let releases = Releases { known, distribution };
    let range = library.versions.as_deref().map(range).transpose()?;
    let inside = |release: &&ReleasedVersion| match &range {
        Some(range) => range.contains(&release.version) && !release.is_prerelease,
        None => false,
    };
    let end = |given: &Option<String>, found: Option<&ReleasedVersion>, flag: &str| {
        given.clone().or_else(|| found.map(|release| release.reference.clone())).ok_or_else(|| {
            let message = format!("no version is given by {flag} or found in the range");
            Error::user(ErrorCode::UsageError, message)
                .hint("give --from and --to, or a range with --versions that has releases in it")
        })
    };
    let from = end(&library.from, releases.known.iter().find(inside), "--from")?;
    let to = end(&library.to, releases.known.iter().rfind(inside), "--to")?;
    let between = if library.through.is_empty() {
        releases.between(&from, &to, library.every, range.as_ref())?
    } else {
        releases.named(&library.through)?
    };
    let all = std::iter::once(from).chain(between).chain([to]);
    let chosen = all.map(|reference| {
        let number = releases.number(&reference).map(|number| number.to_string());
        Chosen { label: number.unwrap_or_else(|| reference.clone()), reference }
    });
    Ok(chosen.collect())
}

fn range(text: &str) -> Result<VersionSpecifiers, Error> {
    VersionSpecifiers::from_str(text).map_err(|error| {
        Error::user(ErrorCode::UsageError, format!("`{text}` is no range of versions"))
            .detail(error.to_string())
            .hint("write it like '>=0.9,<2.0'")
    })
}

fn unnumbered(reference: &str) -> Error {
    let message = format!("`{reference}` is no version number and no tag of one");
    Error::user(ErrorCode::UsageError, message)
        .hint("name the versions between with --through, oldest first")
}

/// The versions that a source knows, without those that were withdrawn.
struct Releases {
    known: Vec<ReleasedVersion>,
    distribution: Option<String>,
}

impl Releases {
    /// The releases between two versions, one for each series that is entered.
    fn between(
        &self,
        from: &str,
        to: &str,
        every: Every,
        range: Option<&VersionSpecifiers>,
    ) -> Result<Vec<String>, Error> {
        let low = self.number(from).ok_or_else(|| unnumbered(from))?;
        let high = self.number(to);
        let prereleases =
            low.any_prerelease() || high.as_ref().is_some_and(Version::any_prerelease);
        // The last version's own series is not entered twice.
        let last = high.as_ref().map(|high| every.series(high));
        let mut between = Vec::new();
        let mut series = every.series(&low);
        for release in &self.known {
            let is_between = release.version > low
                && high.as_ref().is_none_or(|high| release.version < *high)
                && (prereleases || !release.is_prerelease)
                && range.is_none_or(|range| range.contains(&release.version));
            let own = every.series(&release.version);
            if !is_between || (every != Every::Release && own == series) {
                continue;
            }
            if every == Every::Release || last.as_ref() != Some(&own) {
                between.push(release.reference.clone());
            }
            series = own;
        }
        Ok(between)
    }

    /// The versions that were named, oldest first.
    fn named(&self, versions: &[String]) -> Result<Vec<String>, Error> {
        let mut named = Vec::new();
        for version in versions {
            let number = self.number(version).ok_or_else(|| unnumbered(version))?;
            named.push((number, version.clone()));
        }
        named.sort();
        named.dedup();
        Ok(named.into_iter().map(|(_, version)| version).collect())
    }

    /// The number of a version, as it is written or as its tag says it.
    fn number(&self, reference: &str) -> Option<Version> {
        let tagged = self.known.iter().find(|release| release.reference == reference);
        let tagged = tagged.map(|release| release.version.clone());
        tagged.or_else(|| tag_version(reference, self.distribution.as_deref()))
    }
}
