//! Works out what an application writes: reads the bundle and the dependent, writes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use artifact::{Digest, Finding, TreePath, uuid_from_digest};
use code_model::DottedName;
use code_model::api::ApiIndex;
use code_model::kept_copies::{kept_copies, with_kept_copies};
use code_model::manifest::Manifest;
use code_model::operation::Operation;
use code_model::snapshot::Snapshot;
use code_rewrite::{
    Applicability, DependentFile, EmbeddedFile, FileRewrite, NoReceivers, Plan, PlanOptions,
    Receivers, RequirementChange, Rewriter, may_hold_requirements, rewrite_requirement,
};
use python::defined::defined_names;
use python::references::{DependentIndex, ModuleSurface};
use python::types::{TextTree, standard_library_defines};
use rayon::prelude::*;
use run::Walker;
use serde::{Deserialize, Serialize};

use super::edit_set::{EditSet, EditedFile};
use super::installed::InstalledPackages;
use super::{
    APPLICATION_REPORT_FORMAT, ApplicationReport, ApplicationStatus, ApplyOptions, ChangeSummary,
    Target, answers, types,
};
use crate::bundle::{LoadedManifest, load_manifest, name, read_snapshot};
use crate::nodes::codemod_generator::{CodemodGenerator, CodemodRequest};
use crate::nodes::verification_engine::{VerificationEngine, VerificationRequest};
use crate::trust::SignatureState;
use crate::{Error, ErrorCode, ErrorKind, Progress, World, requirements};

/// What is to be worked out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct WorkOrder {
    /// What the user asked for, every path absolute and without links.
    pub(crate) options: ApplyOptions,
    /// The digest of the manifest that was found intact.
    pub(super) manifest: Digest,
    /// Whether this manifest is applied to the dependent already.
    pub(super) stands: bool,
}

/// Everything that is known before anything is written.
pub(super) struct Prepared {
    pub(super) loaded: LoadedManifest,
    pub(super) target: Target,
    pub(super) files: Vec<DependentFile>,
    pub(super) findings: Vec<Finding>,
    pub(super) plan: Plan,
    pub(super) suppressed: Vec<Operation>,
}

/// What working out needs of the machine.
struct Doors<'a> {
    world: &'a World,
    progress: &'a dyn Progress,
    walker: &'a Walker<'a>,
}

/// Works out every edit, and what is left once they are made.
pub(super) fn work_out(
    order: &WorkOrder,
    world: &World,
    progress: &dyn Progress,
    walker: &Walker<'_>,
) -> Result<EditSet, Error> {
    let options = &order.options;
    let loaded = load_manifest(world, &options.manifest)?;
    if loaded.digest != order.manifest {
        let message = format!("`{}` changed while it was read", loaded.path.display());
        return Err(Error::new(ErrorKind::Conflict, ErrorCode::VerificationError, message)
            .hint("run the command again"));
    }
    let packages = &loaded.manifest.metadata.packages;
    let packages: Vec<&str> = packages.iter().map(code_model::DottedName::as_str).collect();
    let target = Target::open(world, &options.target, &packages)?;
    let prepared = prepare(order, loaded, target, world)?;
    let mut from = read_snapshot(world, &prepared.loaded, name::SNAPSHOT_FROM)?;
    let to = read_snapshot(world, &prepared.loaded, name::SNAPSHOT_TO)?;
    let mut copies = Vec::new();
    if let (Some(old), Some(new)) = (&mut from, &to) {
        copies = kept_copies(old, new);
        if !copies.is_empty() {
            *old = with_kept_copies(old, new, &copies);
        }
    }
    progress.stage("working out edits", Some(prepared.files.len() as u64));
    let installed = options.wishes.site_packages.as_deref();
    let installed = installed.map(|folder| InstalledPackages::open(world, folder)).transpose()?;
    let installed = installed.map(Arc::new);
    let versions = (from.as_ref(), to.as_ref());
    let rewriter = rewriter(options, &prepared, versions, installed.as_deref());
    let doors = Doors { world, progress, walker };
    let rewrites = rewrite(options, &prepared, &rewriter, (installed, &copies), &doors)?;
    let changed = changed_files(&prepared, &rewrites);
    let mut report = outline(options, &prepared, &rewrites);
    if let Some(to) = &to {
        progress.stage("checking against the new version", None);
        check(options, &prepared, &rewriter, &changed, to, &doors, &mut report)?;
        answers::say_once(&mut report.findings, &mut report.remaining);
    }
    let paths: Vec<TreePath> = changed.keys().map(|path| (*path).clone()).collect();
    let edited = changed.values().map(|changed| {
        let old = Digest::of(&changed.file.content);
        (changed.file.path.clone(), EditedFile { old, content: changed.content.to_vec() })
    });
    Ok(EditSet {
        files: edited.collect(),
        report,
        package: prepared.target.package(&prepared.files),
        git_commit: prepared.target.commit(),
        dependency_versions: answers::dependency_versions(&prepared.files),
        dirty: prepared.target.dirty(&paths)?,
        patch_prefix: prepared.target.patch_prefix(),
    })
}

fn prepare(
    order: &WorkOrder,
    mut loaded: LoadedManifest,
    target: Target,
    world: &World,
) -> Result<Prepared, Error> {
    let (files, findings) = target.files(world, &order.options.exclude)?;
    let suppressed = suppress(&mut loaded.manifest, &target.settings.suppress);
    let metadata = &loaded.manifest.metadata;
    let still_on_old_version =
        !order.stands && requirements::excludes(&files, &metadata.library, &metadata.to_version);
    let past_old_version = order.stands
        || requirements::begins_at(
            &files,
            &metadata.library,
            &metadata.from_version,
            &metadata.to_version,
        );
    let threshold = order.options.auto_apply_threshold;
    let options = PlanOptions { threshold, still_on_old_version, past_old_version };
    let plan = Plan::compile(&loaded.manifest, &options);
    Ok(Prepared { loaded, target, files, findings, plan, suppressed })
}

/// Takes operations out that the dependent does not want.
fn suppress(manifest: &mut Manifest, names: &[String]) -> Vec<Operation> {
    if names.is_empty() {
        return Vec::new();
    }
    let wanted = |operation: &Operation| {
        let subject = operation.change.to_string();
        let old = subject.split(" → ").next().unwrap_or(&subject).to_owned();
        !names.iter().any(|name| {
            let name = name.trim_end_matches(".*");
            old.strip_prefix(name)
                .is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
        })
    };
    let (kept, suppressed) = std::mem::take(&mut manifest.operations).into_iter().partition(wanted);
    manifest.operations = kept;
    suppressed
}

fn rewrite(
    options: &ApplyOptions,
    prepared: &Prepared,
    rewriter: &Rewriter<'_>,
    (installed, copies): (Option<Arc<InstalledPackages>>, &[DottedName]),
    doors: &Doors<'_>,
) -> Result<Vec<FileRewrite>, Error> {
    let plan = &prepared.plan;
    let asks_types = !plan.members.is_empty() || !plan.calls.is_empty() || !plan.keys.is_empty();
    let typed = if options.untyped || !asks_types {
        None
    } else {
        let embedded = rewriter.embedded(&prepared.files);
        let files = prepared
            .files
            .iter()
            .chain(embedded.iter().map(|it| &it.file))
            .map(|file| (&file.path, &*file.content));
        let installed = installed.map(|installed| installed as Arc<dyn TextTree>);
        let texts = types::texts(files);
        types::old_oracle(&prepared.loaded, copies, texts, installed, doors.world)?
    };
    let receivers: &(dyn Receivers + Sync) = match &typed {
        Some(oracle) => oracle,
        None => &NoReceivers,
    };
    let index = index(rewriter, &prepared.files, receivers.knows_types());
    let node = CodemodGenerator { rewriter, index: &index, receivers };
    let rewrites: Result<Vec<FileRewrite>, Error> = prepared
        .files
        .par_iter()
        .map(|file| {
            let codemod = doors.walker.step(&node, CodemodRequest::of(file))?;
            doors.progress.advance(1);
            Ok(codemod.rewrite)
        })
        .collect();
    let mut rewrites = rewrites?;
    if !options.keep_requirement {
        follow_requirement(prepared, rewriter, &mut rewrites);
    }
    Ok(rewrites)
}

/// The index of the dependent's modules; their surfaces are read in parallel.
fn index(rewriter: &Rewriter<'_>, files: &[DependentFile], knows_types: bool) -> DependentIndex {
    let empty = rewriter.empty_index(files);
    let surfaces: Vec<(DottedName, ModuleSurface)> = files
        .par_iter()
        .filter(|file| rewriter.concerns(file, knows_types))
        .filter_map(|file| Some((file.module.clone()?, rewriter.surface(file, &empty))))
        .collect();
    let mut index = empty;
    for (module, surface) in surfaces {
        index.add(module, surface);
    }
    index
}

/// A rewriter that does what was wished for.
fn rewriter<'a>(
    options: &ApplyOptions,
    prepared: &'a Prepared,
    (from, to): (Option<&'a Snapshot>, Option<&'a Snapshot>),
    installed: Option<&InstalledPackages>,
) -> Rewriter<'a> {
    let (plan, metadata) = (&prepared.plan, &prepared.loaded.manifest.metadata);
    let wishes = &options.wishes;
    let (api_from, api_to) = (from.map(ApiIndex::new), to.map(ApiIndex::new));
    let least = if wishes.assume_unique { Applicability::Assumed } else { Applicability::Safe };
    let mut rewriter = Rewriter::new(plan, api_from, api_to, least);
    if let Some(api) = api_from.filter(|_| wishes.assume_unique) {
        let mut unique = plan.alike_everywhere(api);
        let members = plan.members.iter().map(|member| member.from.clone()).collect();
        let drop = |unique: &mut BTreeSet<String>, text: &str| {
            for name in defined_names(text, unique, &members) {
                unique.remove(&name);
            }
        };
        let is_python =
            |file: &&DependentFile| matches!(file.path.extension(), Some("py" | "pyi" | "pyw"));
        for file in prepared.files.iter().filter(is_python) {
            drop(&mut unique, &String::from_utf8_lossy(&file.content));
        }
        for text in installed.into_iter().flat_map(|packages| packages.texts(&plan.roots)) {
            drop(&mut unique, &text);
        }
        for name in standard_library_defines(&unique) {
            unique.remove(&name);
        }
        rewriter = rewriter.with_unique(unique);
    }
    if wishes.simplify_guards {
        rewriter = rewriter.with_simplified_guards(&metadata.from_version, &metadata.to_version);
    }
    if wishes.todo_comments { rewriter.with_comments() } else { rewriter }
}

/// Lets the requirement of the library follow the edits; a package that only admits the old version
/// must admit the new one, and one whose text now needs the new version must say so.
fn follow_requirement(prepared: &Prepared, rewriter: &Rewriter<'_>, rewrites: &mut [FileRewrite]) {
    let metadata = &prepared.loaded.manifest.metadata;
    let mut pairs = prepared.files.iter().zip(&*rewrites);
    let written = pairs.any(|(file, rewrite)| rewriter.runs_what_was_written(file, rewrite));
    let change = RequirementChange {
        library: metadata.library.clone(),
        to_version: metadata.to_version.clone(),
        first_version: written.then(|| metadata.to_version.clone()),
    };
    for (file, rewrite) in prepared.files.iter().zip(rewrites) {
        if !may_hold_requirements(file) {
            continue;
        }
        let current = DependentFile {
            content: rewrite.content.as_deref().unwrap_or(&file.content).into(),
            ..file.clone()
        };
        let followed = rewrite_requirement(&current, &change);
        rewrite.findings.extend(followed.findings);
        rewrite.held_back.extend(followed.held_back);
        if followed.content.is_some() {
            rewrite.content = followed.content;
        }
    }
}

/// One file that is to be written.
struct Changed<'a> {
    file: &'a DependentFile,
    content: &'a [u8],
}

fn changed_files<'a>(
    prepared: &'a Prepared,
    rewrites: &'a [FileRewrite],
) -> BTreeMap<&'a TreePath, Changed<'a>> {
    let pairs = prepared.files.iter().zip(rewrites);
    pairs
        .filter_map(|(file, rewrite)| {
            let content =
                rewrite.content.as_deref().filter(|content| *content != &*file.content)?;
            Some((&file.path, Changed { file, content }))
        })
        .collect()
}

/// The report before anything is written.
fn outline(
    options: &ApplyOptions,
    prepared: &Prepared,
    rewrites: &[FileRewrite],
) -> ApplicationReport {
    let metadata = &prepared.loaded.manifest.metadata;
    let mut parts: Vec<Vec<u8>> = vec![
        prepared.loaded.digest.as_bytes().to_vec(),
        prepared.target.folder.display().to_string().into_bytes(),
    ];
    let mut findings = prepared.findings.clone();
    let mut edits = Vec::new();
    let mut proposed = Vec::new();
    let mut already_right = 0;
    for (file, rewrite) in prepared.files.iter().zip(rewrites) {
        findings.extend(rewrite.findings.iter().cloned());
        already_right += rewrite.already_right;
        proposed.extend(answers::proposed(file, rewrite));
        if let Some(content) = &rewrite.content {
            parts.push(file.path.as_str().into());
            parts.push(Digest::of(content).as_bytes().to_vec());
            edits.extend(answers::edits_of(file, rewrite));
        }
    }
    edits.sort();
    proposed.sort();
    findings.sort();
    findings.dedup();
    let identity = Digest::of_parts(parts.iter().map(Vec::as_slice));
    let (summary, failures, skipped) = answers::tally(prepared, rewrites);
    let status = match (failures.is_empty(), rewrites.iter().any(|it| it.content.is_some())) {
        (false, _) => ApplicationStatus::Partial,
        (true, false) => ApplicationStatus::Unchanged,
        (true, true) => ApplicationStatus::Success,
    };
    ApplicationReport {
        format: APPLICATION_REPORT_FORMAT.to_string(),
        application_id: uuid_from_digest(&identity).to_string(),
        status,
        library: metadata.library.clone(),
        from_version: metadata.from_version.clone(),
        to_version: metadata.to_version.clone(),
        target: options.target.display().to_string(),
        manifest_digest: prepared.loaded.digest,
        signature: SignatureState::Unsigned,
        expired: Vec::new(),
        sandbox: None,
        summary,
        checkpoint: None,
        changes: ChangeSummary::default(),
        failures,
        skipped,
        edits,
        proposed,
        findings,
        remaining: Vec::new(),
        checked: false,
        undecided: 0,
        already_right,
    }
}

/// Lists what does not resolve or bind in the new version, with the edits in place.
fn check(
    options: &ApplyOptions,
    prepared: &Prepared,
    rewriter: &Rewriter<'_>,
    changed: &BTreeMap<&TreePath, Changed<'_>>,
    to: &Snapshot,
    doors: &Doors<'_>,
    report: &mut ApplicationReport,
) -> Result<(), Error> {
    let files: Vec<DependentFile> = prepared
        .files
        .iter()
        .map(|file| match changed.get(&file.path) {
            Some(changed) => DependentFile { content: changed.content.into(), ..file.clone() },
            None => file.clone(),
        })
        .collect();
    let embedded: Vec<EmbeddedFile> =
        rewriter.embedded(&files).into_iter().filter(|it| !it.tells_of_changes()).collect();
    let files: Vec<DependentFile> =
        files.into_iter().chain(embedded.iter().map(|it| it.file.clone())).collect();
    let oracle = if options.untyped {
        None
    } else {
        let files = files.iter().map(|file| (&file.path, &*file.content));
        types::oracle(&prepared.loaded, name::STUBS_TO, types::texts(files), None, doors.world)?
    };
    let node =
        VerificationEngine { snapshot: to, oracle: oracle.as_ref(), readings: rewriter.readings() };
    let request = VerificationRequest {
        version: to.origin.version.clone(),
        files: prepared.files.len() as u32,
        contents: files,
    };
    let checked = doors.walker.step(&node, request)?;
    let embedded: BTreeMap<&TreePath, &EmbeddedFile> =
        embedded.iter().map(|it| (&it.file.path, it)).collect();
    report.remaining =
        checked.problems.iter().filter_map(|it| answers::remaining(it, &embedded)).collect();
    report.checked = true;
    report.undecided = checked.counts.undecidable;
    Ok(())
}
