//! The tests of a dependent, before and after a migration, in a sandbox.

mod interpreter;
mod needs;
mod outcome;
mod room;
mod runner;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use artifact::{Digest, Finding, FormatName, Severity, TreePath};
use code_model::manifest::ManifestMetadata;
use code_rewrite::DependentFile;
use host::{Confinement, SandboxLevel};
use run::Observer;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::outcome::{ChangedTest, TestOutcome, Trial, TrialEnding};
pub use self::runner::TestRunner;

use self::interpreter::Interpreter;
use self::needs::{Needs, name_of, needs};
use self::room::Room;
use crate::apply::{self, ApplyOptions, SandboxReport, Target};
use crate::checkpoint::Checkpoint;
use crate::requirements::normalised;
use crate::trust::SignatureState;
use crate::{Error, ErrorCode, Progress, World};

/// The format of a trial report.
pub const TRIAL_REPORT_FORMAT: FormatName = FormatName { name: "trial_report", version: 1 };

/// The largest file in which requirements and settings of tests are looked for.
const SETTINGS_LIMIT_BYTES: usize = 1 << 20;

/// What is asked of the tests of a dependent.
#[derive(Debug, Clone, PartialEq)]
pub struct TrialOptions {
    /// The migration: the manifest, the dependent, and what is applied of it.
    pub migration: ApplyOptions,
    /// The interpreter; the first `python3` when none is given.
    pub python: Option<PathBuf>,
    /// The runner; what the package is set up for when none is given.
    pub runner: Option<TestRunner>,
    /// Further arguments of the runner.
    pub test_arguments: Vec<String>,
    /// Further requirements of the tests.
    pub requirements: Vec<String>,
    /// Further requirements of the tests with the old version alone.
    pub requirements_before: Vec<String>,
    /// Further requirements of the tests with the new version alone.
    pub requirements_after: Vec<String>,
    /// The old version of the library, as the package client knows it, where it is not the name and
    /// the version of the manifest: a wheel, for example.
    pub core_before: Option<String>,
    /// The new version of the library, where it is not the name and the version of the manifest.
    pub core_after: Option<String>,
    /// Names of what is left out of what the package says that it needs.
    pub without: Vec<String>,
    /// Environment variables that the tests need.
    pub environment: BTreeMap<String, String>,
    /// Extras and groups of the package that its tests need, beside those named after tests.
    pub extras: Vec<String>,
    /// Whether packages without a wheel are built; that runs their code, outside of the sandbox
    /// where the package client asks for their metadata.
    pub allow_source: bool,
    /// Whether coverage is left out.
    pub no_coverage: bool,
    /// Whether the tests are also run with the new version and without the migration.
    pub unmigrated: bool,
    /// The least sandbox that tests are run in.
    pub level: SandboxLevel,
    /// How long each step in the sandbox may take.
    pub timeout_seconds: u64,
    /// How much memory each step may take.
    pub memory_mib: u64,
}

/// What the tests say about a migration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrialReport {
    /// Always `onx/trial_report/1`.
    pub format: String,
    /// The library.
    pub library: String,
    /// The dependent's folder, as it was named.
    pub target: String,
    /// The digest of the manifest's bytes.
    pub manifest_digest: Digest,
    /// Who signed the manifest, and whether that counts here.
    pub signature: SignatureState,
    /// Whether the tests show that what worked before works after.
    pub verified: bool,
    /// Why they do not.
    pub reasons: Vec<String>,
    /// The runner.
    pub runner: TestRunner,
    /// The version of Python.
    pub python: String,
    /// The weakest sandbox that anything ran in.
    pub sandbox: SandboxReport,
    /// The package as it was, with the old version.
    pub before: Trial,
    /// The package as it was, with the new version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unmigrated: Option<Trial>,
    /// The migrated package with the new version.
    pub after: Trial,
    /// Every test that came to something else after than before.
    pub changed: Vec<ChangedTest>,
    /// What a person should know about how the tests were run.
    pub findings: Vec<Finding>,
}

/// One file of the package under test.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum PackageFile {
    Regular { path: TreePath, content: Vec<u8>, is_executable: bool },
    Link { path: TreePath, target: PathBuf },
}

impl PackageFile {
    pub(crate) fn path(&self) -> &TreePath {
        match self {
            Self::Regular { path, .. } | Self::Link { path, .. } => path,
        }
    }
}

/// Other contents of some files.
type Contents = BTreeMap<TreePath, Vec<u8>>;

/// Runs the tests of a dependent before and after a migration, and compares what they came to. The
/// dependent itself is not touched: every run has a copy of its own. A migration that is applied
/// already is taken back in the copy for the run before.
pub fn try_migration(
    options: &TrialOptions,
    world: &World,
    progress: &dyn Progress,
    observer: &dyn Observer,
) -> Result<TrialReport, Error> {
    let plan = apply::plan(&options.migration, world, progress, observer)?;
    let metadata = &plan.loaded.manifest.metadata;
    let (old, new) = contents(&plan, world)?;
    let (package, findings) = package(&plan, world)?;
    let settings = settings(&with(&package, &old));
    let recognised = || TestRunner::of_package(&settings);
    let test_runner = options.runner.or_else(recognised).ok_or_else(|| no_tests(options))?;
    let interpreter = Interpreter::find(options.python.as_deref(), world)?;
    let needs = needs(&settings, &options.extras);
    let mut course = Course {
        options,
        world,
        progress,
        metadata,
        interpreter: &interpreter,
        test_runner,
        needs,
        confinement: None,
        findings,
    };
    let old_version = Side {
        version: &metadata.from_version,
        core: options.core_before.as_deref(),
        requirements: &options.requirements_before,
    };
    let new_version = Side {
        version: &metadata.to_version,
        core: options.core_after.as_deref(),
        requirements: &options.requirements_after,
    };
    let as_it_was = with(&package, &old);
    let before = course.trial("before", &as_it_was, &old_version)?;
    let unmigrated = options
        .unmigrated
        .then(|| course.trial("unmigrated", &as_it_was, &new_version))
        .transpose()?;
    let after = course.trial("after", &with(&package, &new), &new_version)?;
    let Course { confinement, mut findings, .. } = course;
    findings.sort();
    findings.dedup();
    let reasons = outcome::reasons(&before, &after);
    Ok(TrialReport {
        format: TRIAL_REPORT_FORMAT.to_string(),
        library: metadata.library.clone(),
        target: options.migration.target.display().to_string(),
        manifest_digest: plan.loaded.digest,
        signature: plan.signature.clone(),
        verified: reasons.is_empty(),
        reasons,
        runner: test_runner,
        python: interpreter.version,
        sandbox: SandboxReport::from(confinement.unwrap_or_default()),
        changed: outcome::changed(&before, &after),
        before,
        unmigrated,
        after,
        findings,
    })
}

fn no_tests(options: &TrialOptions) -> Error {
    let target = options.migration.target.display();
    let message = format!("`{target}` has no tests that can be recognised");
    Error::user(ErrorCode::VerificationError, message).hint(
        "say how they are run with --tests pytest, unittest, nox or tox; released archives often \
         leave tests out, the repository has them",
    )
}

/// The contents that differ from what lies in the target: those of the package as it was, and those
/// of the migrated package.
fn contents(plan: &apply::Planned, world: &World) -> Result<(Contents, Contents), Error> {
    let edited = plan.edits.files.iter();
    let new: Contents = edited.map(|(path, file)| (path.clone(), file.content.clone())).collect();
    let Some(checkpoint) = &plan.stands else { return Ok((Contents::new(), new)) };
    let unusable = |error: crate::checkpoint::CheckpointError| {
        let message = "the checkpoint of the migration that is applied cannot be read";
        Error::outside(ErrorCode::VerificationError, message, error)
    };
    let old = Checkpoint::contents_before(&*world.files, checkpoint).map_err(unusable)?;
    Ok((old, new))
}

/// Every file of the dependent that its tests may need.
fn package(
    plan: &apply::Planned,
    world: &World,
) -> Result<(Vec<PackageFile>, Vec<Finding>), Error> {
    let target = Target::open(world, &plan.order.options.target, &[])?;
    target.copies(world)
}

/// The files with other contents for some of them.
fn with(package: &[PackageFile], contents: &Contents) -> Vec<PackageFile> {
    let changed = |file: &PackageFile| match (file, contents.get(file.path())) {
        (PackageFile::Regular { path, is_executable, .. }, Some(content)) => PackageFile::Regular {
            path: path.clone(),
            content: content.clone(),
            is_executable: *is_executable,
        },
        _ => file.clone(),
    };
    package.iter().map(changed).collect()
}

/// The files that may say what tests need and how they are run.
fn settings(package: &[PackageFile]) -> Vec<DependentFile> {
    let file = |file: &PackageFile| match file {
        PackageFile::Regular { path, content, .. } if content.len() <= SETTINGS_LIMIT_BYTES => {
            Some(DependentFile {
                path: path.clone(),
                content: content.as_slice().into(),
                module: None,
            })
        }
        _ => None,
    };
    package.iter().filter_map(file).collect()
}

/// One version of the library, and what its tests need more.
struct Side<'a> {
    version: &'a str,
    /// How the package client names it, where it is not by name and version.
    core: Option<&'a str>,
    requirements: &'a [String],
}

/// What is the same for every trial, and what they add up to.
struct Course<'a> {
    options: &'a TrialOptions,
    world: &'a World,
    progress: &'a dyn Progress,
    metadata: &'a ManifestMetadata,
    interpreter: &'a Interpreter,
    test_runner: TestRunner,
    needs: Needs,
    confinement: Option<Confinement>,
    findings: Vec<Finding>,
}

impl Course<'_> {
    fn trial(
        &mut self,
        when: &str,
        package: &[PackageFile],
        side: &Side<'_>,
    ) -> Result<Trial, Error> {
        let stage = |what: &str| self.progress.stage(&format!("{when}: {what}"), None);
        let (fetched, installed) = self.requirements(side);
        let mut room = Room::with(package, self.interpreter, self.options, self.world)?;
        stage("fetching what the tests need");
        room.fetch(&fetched)?;
        stage("installing");
        if let Some(why) = room.install(&installed)? {
            let message = format!(
                "The package could not be installed and is imported from its folder: {why}"
            );
            self.findings.push(Finding::new(Severity::Warning, "not-installed", message));
        }
        stage("running the tests");
        let trial = room.test(self.test_runner, side.version)?;
        let confinement = room.confinement();
        let weaker = self.confinement.as_ref().is_none_or(|it| confinement.level() < it.level());
        if weaker {
            self.confinement = Some(confinement);
        }
        Ok(trial)
    }

    /// What is fetched, and what of it is installed, with one version of the library.
    fn requirements(&self, side: &Side<'_>) -> (Vec<String>, Vec<String>) {
        let options = self.options;
        let library = normalised(&self.metadata.library);
        let core = format!("{}=={}", self.metadata.library, side.version);
        let mut wanted: BTreeSet<String> = BTreeSet::new();
        let mut build = self.needs.build.clone();
        if build.is_empty() {
            build.push("setuptools".to_owned());
        }
        if !build.iter().any(|it| name_of(it).as_deref() == Some("wheel")) {
            build.push("wheel".to_owned());
        }
        if build.iter().any(|it| it.starts_with("hatchling") || it.starts_with("pdm")) {
            build.push("editables".to_owned());
        }
        let given = options.requirements.iter().chain(side.requirements);
        wanted.extend(self.needs.run.iter().chain(&self.needs.test).chain(&build).cloned());
        wanted.extend(self.test_runner.needs().iter().map(|it| (*it).to_owned()));
        if !options.no_coverage && self.test_runner.can_be_covered() {
            wanted.insert("coverage".to_owned());
        }
        // The library comes in one version, the package itself from its copy.
        let mut left_out: BTreeSet<String> =
            options.without.iter().map(|it| normalised(it)).collect();
        left_out.insert(library);
        left_out.extend(self.needs.name.clone());
        wanted.retain(|it| name_of(it).is_none_or(|name| !left_out.contains(&name)));
        let mut installed: Vec<String> = wanted.into_iter().collect();
        installed.extend(given.cloned());
        let mut fetched = installed.clone();
        fetched.push(side.core.map_or_else(|| core.clone(), str::to_owned));
        fetched.push("pip".to_owned());
        installed.push(if side.core.is_some() { self.metadata.library.clone() } else { core });
        (fetched, installed)
    }
}
