//! Applying as a run: everything that is decided is kept before anything is written, so that
//! whoever continues the run writes the same.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use artifact::{Digest, TreePath};
use host::Place;
use run::{Durability, Event, Outcome, Recorder, RunId, RunStatus, Walker};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::edit_set::{EditSet, StepTimes, WorkAnswer};
use super::{
    ApplicationReport, Applied, ApplyOptions, CheckpointReference, Prepared, apply_request,
    contained, count_changes, expect_clean, prepare, target, worked_out,
};
use crate::application::{ApplicationOutcome, ApplicationRecord};
use crate::approvals::{ManifestStep, expect_approved};
use crate::checkpoint::Checkpoint;
use crate::nodes::checkpoint_manager::{CheckpointManager, CheckpointRequest};
use crate::nodes::codemod_generator::CodemodGenerator;
use crate::nodes::manifest_database::{DatabaseEntry, ManifestDatabase};
use crate::records::{transaction_error, transactions};
use crate::signed_file::{sign_checkpoint, sign_evidence};
use crate::work::{ApplicationListing, Listings};
use crate::{Error, ErrorCode, ErrorKind, Progress, World};

/// What was decided, in the folder of the run.
const EDIT_SET: &str = "edit_set";

/// What applying as a run is asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApplyWork {
    /// What is applied to what, and how.
    pub options: ApplyOptions,
    /// What the user calls the manifest, where that is not its path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub named: Option<String>,
    /// The folder of the registry that is asked for that name again when the work is done by a
    /// worker: what was published may be yanked by then, and a worker elsewhere has another cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registry: Option<PathBuf>,
    /// Where the report is written; beside the checkpoint when none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<PathBuf>,
    /// Where the edits are written as a patch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patch: Option<PathBuf>,
    /// The folder from which every relative path counts.
    pub working_folder: PathBuf,
}

/// Applies a manifest as the run that `recorder` keeps, or continues that run.
pub(crate) fn apply_as_run(
    work: &ApplyWork,
    world: &World,
    progress: &dyn Progress,
    walker: &Walker<'_>,
    recorder: &dyn Recorder,
    listings: &dyn Listings,
) -> Result<Applied, Error> {
    let options = &work.options;
    let prepared = prepare(options, world, progress)?;
    let target = prepared.order.options.target.clone();
    let written = written_before(recorder, &prepared, &target, world)?;
    // What was written before was approved when it was.
    let cleared = match &written {
        Some(_) => None,
        None => Some(expect_approved(world, &prepared.loaded, ManifestStep::Apply)?),
    };
    let edits = match kept_edits(recorder, &prepared)? {
        Some(kept) => kept,
        None => decide(&prepared, world, progress, walker, recorder)?,
    };
    let old = match &written {
        Some(record) => old_contents(record, &edits, world)?,
        None => contained(&edits, &target, world)?,
    };
    // From here on something is changed for good, so that there is a run of it must be certain.
    recorder.reach(RunStatus::Executing, Durability::Power)?;
    let mut report = edits.report.clone();
    report.signature = prepared.signature.clone();
    report.expired.clone_from(&options.expired);
    report.target = options.target.display().to_string();
    let patch = count_changes(&edits, &old, &mut report);
    let is_new = written.is_none() && !edits.files.is_empty();
    let record = match written {
        None if is_new => {
            progress.stage("writing", None);
            let request = apply_request(&prepared, &edits, recorder.context().run());
            let request = CheckpointRequest::of(request);
            // What cannot be signed afterwards is better not begun.
            world.trust.own_key()?;
            if let Some(cleared) = cleared {
                cleared.take_effect(world, &prepared.loaded)?;
            }
            walker.effect(&CheckpointManager { world }, request)?.record
        }
        written => written,
    };
    // At once, so that nothing that fails from here on keeps it from being told. Where nothing had
    // to be written, whoever wrote what stands may have been stopped before.
    let stands = match &record {
        Some(record) => Some(record.clone()),
        None => standing(&prepared, &target, world)?,
    };
    if let Some(stands) = &stands {
        let entry = DatabaseEntry::Application(ApplicationListing::new(stands, &report));
        walker.step(&ManifestDatabase { listings }, entry)?;
        listings.note_application(stands, &report.signature, is_new)?;
    }
    if let Some(record) = &record {
        sign_checkpoint(world, record).map_err(|error| unsigned(error, "the checkpoint"))?;
    }
    if is_new {
        expect_written(&edits, &target, world)?;
    }
    recorder.reach(RunStatus::Verifying, Durability::Process)?;
    report.checkpoint = record.as_ref().map(|record| CheckpointReference {
        id: record.id.to_string(),
        path: record.checkpoint.clone(),
    });
    if let Some(path) = &work.patch {
        world.write_named(path, &patch)?;
        report.changes.patch_file = Some(path.display().to_string());
    }
    let report_file = keep_report(work, &report, &prepared, recorder.context().run(), world)?;
    Ok(Applied { report, patch, recovered: prepared.recovered, report_file })
}

/// Writes the report, signed as evidence of what came of the manifest; nothing where nothing was
/// written and nobody asked for it.
fn keep_report(
    work: &ApplyWork,
    report: &ApplicationReport,
    prepared: &Prepared,
    run: &RunId,
    world: &World,
) -> Result<Option<PathBuf>, Error> {
    let place = work.report.clone().or_else(|| {
        let checkpoint = report.checkpoint.as_ref()?;
        Some(Path::new(&checkpoint.path).join("application_report.json"))
    });
    let Some(place) = place else { return Ok(None) };
    let bytes = serde_json::to_vec_pretty(report)
        .map_err(|error| Error::internal("the report has no JSON form").caused_by(error))?;
    let bytes = crate::generate::with_newline(bytes);
    world.write_named(&place, &bytes)?;
    let success = report.summary.operations_failed == 0;
    sign_evidence(world, (&place, &bytes), &prepared.loaded, run.as_str(), success)
        .map_err(|error| unsigned(error, "the report"))?;
    Ok(Some(place))
}

/// That something could not be signed after the files were written. Where that can pass, the run
/// stays open, so that what is left is done when the command is given again.
fn unsigned(error: Error, what: &str) -> Error {
    if matches!(error.kind(), ErrorKind::Conflict | ErrorKind::User) {
        return error.detail(format!("the files are written, and {what} is not signed"));
    }
    let message = format!("the files are written, and {what} could not be signed");
    let hint = error.report().hint;
    let unsigned = Error::outside(ErrorCode::SignatureError, message, error);
    match hint {
        Some(hint) => unsigned.hint(hint),
        None => unsigned,
    }
}

/// The application of this manifest that stands, whichever run made it.
fn standing(
    prepared: &Prepared,
    target: &Path,
    world: &World,
) -> Result<Option<ApplicationRecord>, Error> {
    let status = transactions(world).status(target).map_err(|error| transaction_error(&error))?;
    Ok(status.standing.filter(|record| record.manifest == Some(prepared.loaded.digest)))
}

/// Works the edits out and keeps them, before anything depends on them.
fn decide(
    prepared: &Prepared,
    world: &World,
    progress: &dyn Progress,
    walker: &Walker<'_>,
    recorder: &dyn Recorder,
) -> Result<EditSet, Error> {
    let node = <CodemodGenerator<'_> as run::Node>::NAME.to_owned();
    recorder.record(Event::StepBegan { node: node.clone() }, Durability::Process)?;
    let edits = worked_out(prepared, world, progress, walker.observer())
        .and_then(|edits| expect_clean(&prepared.order.options, &edits).map(|()| edits));
    let outcome = if edits.is_ok() { Outcome::Done } else { Outcome::Failed };
    let word = outcome.word().to_owned();
    recorder.record(Event::StepEnded { node, word }, Durability::Process)?;
    let answer = WorkAnswer::new(Ok(edits?), StepTimes::new());
    let bytes = answer
        .to_bytes()
        .map_err(|error| Error::internal("edits have no form").caused_by(error))?;
    recorder.attach(&edit_set_name()?, &bytes, Durability::Power)?;
    answer.outcome.map_err(Error::from)
}

/// The edits that an earlier attempt at this run decided on.
fn kept_edits(recorder: &dyn Recorder, prepared: &Prepared) -> Result<Option<EditSet>, Error> {
    let Some(bytes) = recorder.attached(&edit_set_name()?)? else { return Ok(None) };
    let answer = WorkAnswer::from_bytes(&bytes)
        .map_err(|error| Error::internal("the edits of the run cannot be read").caused_by(error))?;
    let edits = answer.outcome.map_err(Error::from)?;
    if edits.report.manifest_digest != prepared.loaded.digest {
        let message = "the manifest is not the one with which the run began";
        return Err(Error::new(ErrorKind::Conflict, ErrorCode::ApplicationError, message)
            .hint("put the manifest back, or give the run up with `onx runs abandon`")
            .begun_otherwise());
    }
    Ok(Some(edits))
}

/// What an earlier attempt at this run wrote; none when it came to nothing. Runs of different
/// stores have the same names, and the records of a target are of all stores: what was written
/// without edits that this run keeps, or by another manifest, is not of this run.
fn written_before(
    recorder: &dyn Recorder,
    prepared: &Prepared,
    target: &Path,
    world: &World,
) -> Result<Option<ApplicationRecord>, Error> {
    if recorder.attached(&edit_set_name()?)?.is_none() {
        return Ok(None);
    }
    let Some(written) = Written::by(recorder.context().run(), target, world)? else {
        return Ok(None);
    };
    if written.record.manifest != Some(prepared.loaded.digest) {
        return Ok(None);
    }
    if written.is_taken_back {
        let message = "what the run wrote was taken back since";
        return Err(Error::new(ErrorKind::Conflict, ErrorCode::ApplicationError, message)
            .hint("give the run up with `onx runs abandon`, and apply again if you want to")
            .begun_otherwise());
    }
    Ok(Some(written.record))
}

/// What a run wrote into a dependent.
struct Written {
    record: ApplicationRecord,
    /// Whether it was taken back since.
    is_taken_back: bool,
}

impl Written {
    fn by(run: &RunId, target: &Path, world: &World) -> Result<Option<Self>, Error> {
        let records = transactions(world).history(Some(target));
        let records = records.map_err(|error| transaction_error(&error))?;
        let is_ours = |record: &&ApplicationRecord| {
            record.run.as_deref() == Some(run.as_str())
                && record.outcome != ApplicationOutcome::TakenBack
        };
        let Some(record) = records.iter().rfind(is_ours) else { return Ok(None) };
        let is_taken_back = records.iter().any(|later| later.undoes == Some(record.id));
        Ok(Some(Self { record: record.clone(), is_taken_back }))
    }
}

/// Whether what a run wrote into the dependent that it is asked for was taken back since.
pub(crate) fn was_taken_back(work: &ApplyWork, run: &RunId, world: &World) -> Result<bool, Error> {
    // A dependent that is not there is for the run itself to refuse.
    let Ok(target) = target::folder(world, &work.options.target) else { return Ok(false) };
    let written = Written::by(run, &target, world)?;
    Ok(written.is_some_and(|written| written.is_taken_back))
}

/// What the files held before an earlier attempt wrote them, in the order of the edits.
fn old_contents(
    record: &ApplicationRecord,
    edits: &EditSet,
    world: &World,
) -> Result<Vec<Vec<u8>>, Error> {
    let folder = Path::new(&record.checkpoint);
    let contents = Checkpoint::contents_before(&*world.files, folder).map_err(|error| {
        let message = "the checkpoint of the run cannot be read";
        Error::outside(ErrorCode::ApplicationError, message, error)
            .hint("give the run up with `onx runs abandon`")
    })?;
    let mut contents: BTreeMap<TreePath, Vec<u8>> = contents;
    let missing = |path: &TreePath| {
        Error::internal(format!("the checkpoint of the run does not hold `{path}`"))
    };
    edits.files.keys().map(|path| contents.remove(path).ok_or_else(|| missing(path))).collect()
}

/// Every file holds what it was to hold.
fn expect_written(edits: &EditSet, target: &Path, world: &World) -> Result<(), Error> {
    for (path, file) in &edits.files {
        let place = Place::new(target, path);
        let found = world.files.read(place, target::FILE_LIMIT_BYTES);
        if !found.is_ok_and(|bytes| Digest::of(&bytes) == Digest::of(&file.content)) {
            let message = format!("`{path}` does not hold what was written into it");
            return Err(Error::new(ErrorKind::Conflict, ErrorCode::VerificationError, message)
                .hint("something else changed it; look at it, then run the command again"));
        }
    }
    Ok(())
}

fn edit_set_name() -> Result<TreePath, Error> {
    TreePath::new(EDIT_SET)
        .map_err(|error| Error::internal("an artifact has no usable name").caused_by(error))
}
