//! The order of the work.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use artifact::{Digest, TreePath};
use code_change::{SourceText, Version, breakages};
use code_model::difference::DifferenceSet;
use code_model::snapshot::Snapshot;
use run::{Durability, Recorder, RunStatus, Walker};
use sources::SourceTree;

use super::answer::GenerateAnswer;
use super::history::CommitRange;
use super::record::{self, Record};
use super::side::prepared;
use super::{GenerateRequest, verification};
use crate::acknowledgement::{Acknowledgements, Judged, number};
use crate::bundle::{
    BundleFolder, Content, Parts, StubStore, load_manifest, name, write_differences, write_graph,
    write_snapshot, write_stamps, write_tree,
};
use crate::facts::FactStore;
use crate::nodes::artifact_storage::{ArtifactStorage, ArtifactToStore};
use crate::nodes::confidence_scorer::{ConfidenceScorer, ScoredManifest, ScoringRequest};
use crate::nodes::dependency_resolver::{DependencyResolver, OperationList};
use crate::nodes::difference_detector::{DifferenceDetector, SnapshotPair};
use crate::nodes::git_operations::{GitOperations, OpenedSource};
use crate::nodes::inference_engine::{
    InferenceEngine, InferenceRequest, InferredOperations, Texts,
};
use crate::nodes::manifest_database::{DatabaseEntry, ManifestDatabase};
use crate::nodes::snapshot_generator::{GeneratedSnapshot, SnapshotGenerator, SnapshotRequest};
use crate::publish::{DEFAULT_NAMESPACE, publish};
use crate::trust::{self, SignatureState};
use crate::versions::folder_name;
use crate::work::{Listings, ManifestListing};
use crate::{Error, ErrorCode, ErrorKind, Progress, World};

/// One walk from two versions to a bundle.
pub struct Pipeline<'a> {
    /// The doors to the machine.
    pub world: &'a World,
    /// Is told how far it is.
    pub progress: &'a dyn Progress,
    /// Runs the nodes.
    pub walker: Walker<'a>,
}

/// Two versions, read and compared.
pub struct Compared {
    /// The two versions.
    pub versions: SnapshotPair,
    /// What differs between them.
    pub differences: Arc<DifferenceSet>,
    /// Their files.
    pub trees: [SourceTree; 2],
    /// The commits between them, where both come from one repository.
    commits: Option<CommitRange>,
}

type Digests = BTreeMap<String, Digest>;

impl Pipeline<'_> {
    /// Runs the whole pipeline, or finds that everything is there already.
    ///
    /// Every step gives the same again for the same versions, and what was read before is in the
    /// cache of facts; so a run that is continued walks from the beginning, and stops where the
    /// versions are not the ones that it began with.
    pub fn run(
        &self,
        request: &GenerateRequest,
        listings: Option<&dyn Listings>,
    ) -> Result<GenerateAnswer, Error> {
        let start = self.world.clock.elapsed();
        let [from, to] = self.open(request)?;
        let default =
            format!("artifacts/core_diff/{}_{}", folder_name(&from.label), folder_name(&to.label));
        let out = request.out.clone().unwrap_or_else(|| default.into());
        let path = self.world.environment.absolute(&out);
        let may_repeat =
            request.config.cache_enabled && request.previews.is_empty() && request.corpus.is_none();
        let identity = record::inputs_digest(request, [&from, &to]);
        if let Some(recorder) = self.walker.recorder() {
            expect_same_versions(recorder, identity.as_ref(), [&from, &to])?;
        }
        let inputs = identity.filter(|_| may_repeat);
        self.walker.reach(RunStatus::Executing)?;
        if let Some(inputs) = &inputs
            && let Some(found) = record::find(self.world, inputs, &BundleFolder::at(&path))
        {
            let mut answer = found.answer;
            answer.unchanged = true;
            answer.artifacts = artifacts(&out, found.outputs.keys());
            answer.manifest_uri = answer.artifacts.get("manifest").cloned().unwrap_or_default();
            self.walker.reach(RunStatus::Verifying)?;
            answer.signature = self.sign(request, &path)?;
            self.publish(request, &path, &mut answer)?;
            answer.processing_time_ms = self.milliseconds_since(start);
            return Ok(answer);
        }
        let stubs = StubStore::default();
        let compared = self.compare(request, [from, to], Some(&stubs))?;
        let library = compared.versions.to.origin.library.clone();
        let folder = BundleFolder::claim(self.world, &path, &library)?;
        let (mut scored, mut outputs) = self.store(request, &compared, &stubs, &folder)?;
        drop(compared);
        self.walker.reach(RunStatus::Verifying)?;
        let signature = self.sign(request, &path)?;
        let observer = self.walker.observer();
        let manifest = &scored.manifest;
        let verified =
            verification::verify(request, &folder, manifest, self.world, self.progress, observer)?;
        let mut verification = None;
        if let Some(verified) = verified {
            outputs.extend(verified.written);
            scored.report.verification = Some(verified.outcome);
            outputs.extend(self.put_report(&folder, &scored)?);
            verification = Some(verified.report);
        }
        let listed = artifacts(&out, outputs.keys());
        let mut answer = GenerateAnswer::new(&scored.manifest, &scored.report, listed);
        answer.signature = signature;
        if let Some(listings) = listings {
            self.list(&scored, &answer, listings)?;
        }
        answer.verification = verification;
        if let Some(inputs) = &inputs {
            let answer = answer.clone();
            let record = Record { outputs, answer };
            record::keep(self.world, inputs, &record);
        }
        self.publish(request, &path, &mut answer)?;
        answer.processing_time_ms = self.milliseconds_since(start);
        Ok(answer)
    }

    /// Signs the manifest in this folder with the own key, unless somebody signed it who is trusted
    /// here; what the signature is worth.
    fn sign(
        &self,
        request: &GenerateRequest,
        bundle: &std::path::Path,
    ) -> Result<SignatureState, Error> {
        let namespace = request.publish.as_ref().map(|it| it.namespace.as_str());
        let loaded = load_manifest(self.world, bundle)?;
        trust::sign_unless_signed(self.world, &loaded, namespace.unwrap_or(DEFAULT_NAMESPACE))
    }

    /// Publishes the bundle where that was asked for. A refusal leaves what was made as it is, and
    /// the answer says why; where something outside failed, the run goes on later.
    fn publish(
        &self,
        request: &GenerateRequest,
        bundle: &std::path::Path,
        answer: &mut GenerateAnswer,
    ) -> Result<(), Error> {
        let Some(publication) = &request.publish else { return Ok(()) };
        self.progress.stage("publishing", None);
        match publish(publication, bundle, self.world, &self.walker) {
            Ok(published) => answer.published_uri = Some(published.uri),
            Err(error)
                if error.is_busy()
                    || matches!(error.kind(), ErrorKind::Outside | ErrorKind::Internal) =>
            {
                return Err(error);
            }
            Err(refused) => answer.unpublished = Some(refused.report()),
        }
        Ok(())
    }

    /// Lists the manifest with its operations.
    fn list(
        &self,
        scored: &ScoredManifest,
        answer: &GenerateAnswer,
        listings: &dyn Listings,
    ) -> Result<(), Error> {
        let uri = self.world.environment.absolute(&answer.manifest_uri).display().to_string();
        let listing = ManifestListing::new(&scored.manifest, answer.manifest_digest, uri)?;
        self.walker.step(&ManifestDatabase { listings }, DatabaseEntry::Manifest(listing))?;
        Ok(())
    }

    /// Opens both versions: lists their files.
    pub fn open(&self, request: &GenerateRequest) -> Result<[OpenedSource; 2], Error> {
        self.progress.stage("reading both versions", None);
        let node = GitOperations { world: self.world };
        let open = |selection| -> Result<OpenedSource, Error> {
            let mut opened = self.walker.step(&node, selection)?;
            opened.tree = match opened.tree {
                Some(tree) => Some(prepared(tree, &request.config, &self.world.environment)?),
                None => None,
            };
            Ok(opened)
        };
        let core = &request.core;
        let (from, to) = rayon::join(|| open(core.from_side()), || open(core.to_side()));
        Ok([from?, to?])
    }

    /// Reads and compares two versions; nothing is written but the cache of facts. Stubs are made
    /// of what is read anyway, if anybody wants them.
    pub(crate) fn compare(
        &self,
        request: &GenerateRequest,
        [from, to]: [OpenedSource; 2],
        stubs: Option<&StubStore>,
    ) -> Result<Compared, Error> {
        let config = &request.config;
        let commits = CommitRange::between(&from, &to);
        let files = &*self.world.files;
        let chunk = config.chunk_size as usize;
        let mut store = if config.cache_enabled {
            FactStore::open(files, &self.world.folders.cache, request.core.family(), chunk)
        } else {
            FactStore::without_cache(files, chunk)
        };
        if let Some(stubs) = stubs {
            store = store.offering_stubs_to(stubs);
        }
        self.progress.stage("taking facts", Some(from.files + to.files));
        let node = SnapshotGenerator { facts: &store, progress: self.progress };
        let generate = |source: OpenedSource| {
            self.walker.step(&node, SnapshotRequest { source, config: config.clone() })
        };
        // One after the other: files that both versions share are read once.
        let from = generate(from)?;
        let to = generate(to)?;
        store.save();
        for (side, generated) in [("old", &from), ("new", &to)] {
            expect_python(side, &generated.snapshot)?;
        }
        let versions = SnapshotPair { from: from.snapshot.clone(), to: to.snapshot.clone() };
        self.progress.stage("comparing", None);
        let differences = self.walker.step(&DifferenceDetector, versions.clone())?;
        let tree = |generated: GeneratedSnapshot| {
            generated.tree.ok_or_else(|| Error::internal("a version lost its files"))
        };
        Ok(Compared {
            versions,
            differences: Arc::new(differences),
            trees: [tree(from)?, tree(to)?],
            commits,
        })
    }

    /// Infers what a dependent must do about the differences.
    pub fn infer(
        &self,
        request: &GenerateRequest,
        compared: &Compared,
    ) -> Result<InferredOperations, Error> {
        self.progress.stage("inferring operations", None);
        self.walker.step(&InferenceEngine, inference_request(request, compared)?)
    }

    fn store(
        &self,
        request: &GenerateRequest,
        compared: &Compared,
        stubs: &StubStore,
        folder: &BundleFolder,
    ) -> Result<(ScoredManifest, Digests), Error> {
        let (stored, inferred) = rayon::join(
            || self.store_inputs(compared, stubs, folder),
            || self.infer(request, compared),
        );
        let (mut outputs, inferred) = (stored?, inferred?);
        let applied = [name::SNAPSHOT_FROM, name::SNAPSHOT_TO, name::STUBS_FROM, name::STUBS_TO];
        let bundle = outputs
            .iter()
            .filter(|(file, _)| applied.contains(&file.as_str()))
            .map(|(file, digest)| (file.clone(), *digest))
            .collect();
        let judged = acknowledged(request, compared, &inferred);
        let mut scored = self.walker.step(
            &ConfidenceScorer,
            ScoringRequest {
                versions: compared.versions.clone(),
                inferred,
                rules: request.rules.clone(),
                bundle,
            },
        )?;
        scored.report.acknowledged = judged.acknowledged;
        scored.report.findings.extend(judged.findings);
        // An order must exist; the manifest is written in it.
        let operations = std::mem::take(&mut scored.manifest.operations);
        let ordered = self.walker.step(&DependencyResolver, OperationList { operations })?;
        scored.manifest.operations = ordered.operations;
        self.progress.stage("writing", None);
        outputs.extend(self.put_report(folder, &scored)?);
        let manifest = scored.manifest.write().into_bytes();
        outputs.extend(self.put(folder, name::MANIFEST, Content::of_bytes(manifest))?);
        Ok((scored, outputs))
    }

    /// Writes what is known before anything is inferred.
    fn store_inputs(
        &self,
        compared: &Compared,
        stubs: &StubStore,
        folder: &BundleFolder,
    ) -> Result<Digests, Error> {
        use rayon::prelude::*;
        let SnapshotPair { from, to } = &compared.versions;
        let (from, to) = (&**from, &**to);
        let differences = &*compared.differences;
        let [from_tree, to_tree] = &compared.trees;
        let stubs_of = |snapshot: &Snapshot, tree: &SourceTree, out: &mut Parts<'_>| {
            let too_large = || std::io::Error::other("the stub tree exceeds 4 GiB or 65,535 files");
            out.write_all(&stubs.archive(snapshot, tree).ok_or_else(too_large)?)
        };
        let contents: Vec<(&str, Content<'_>)> = vec![
            (name::SNAPSHOT_FROM, Content::new(|out| write_snapshot(from, out))),
            (name::SNAPSHOT_TO, Content::new(|out| write_snapshot(to, out))),
            (name::STUBS_FROM, Content::new(move |out| stubs_of(from, from_tree, out))),
            (name::STUBS_TO, Content::new(move |out| stubs_of(to, to_tree, out))),
            (name::GRAPH_FROM, Content::new(|out| write_graph(from, out))),
            (name::GRAPH_TO, Content::new(|out| write_graph(to, out))),
            (name::TREE_FROM, Content::new(|out| write_tree(from, out))),
            (name::TREE_TO, Content::new(|out| write_tree(to, out))),
            (name::STAMPS, Content::new(|out| write_stamps(from, to, out))),
            (name::DIFFERENCES, Content::new(|out| write_differences(differences, out))),
        ];
        let stored: Vec<Result<Digests, Error>> = contents
            .into_par_iter()
            .map(|(file, content)| self.put(folder, file, content))
            .collect();
        let mut digests = Digests::new();
        for stored in stored {
            digests.extend(stored?);
        }
        Ok(digests)
    }

    fn put_report(&self, folder: &BundleFolder, scored: &ScoredManifest) -> Result<Digests, Error> {
        let report = serde_json::to_vec_pretty(&scored.report)
            .map_err(|error| Error::internal("the report has no JSON form").caused_by(error))?;
        self.put(folder, name::REPORT, Content::of_bytes(with_newline(report)))
    }

    fn milliseconds_since(&self, start: Duration) -> u64 {
        let elapsed = self.world.clock.elapsed().saturating_sub(start);
        u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
    }

    fn put(
        &self,
        folder: &BundleFolder,
        file: &str,
        content: Content<'_>,
    ) -> Result<Digests, Error> {
        let node = ArtifactStorage { world: self.world, folder };
        Ok(self.walker.step(&node, ArtifactToStore::new(file, content))?.files)
    }
}

/// Keeps which versions the run reads; one that is continued must find the same ones.
fn expect_same_versions(
    recorder: &dyn Recorder,
    identity: Option<&Digest>,
    sides: [&OpenedSource; 2],
) -> Result<(), Error> {
    let name = TreePath::new("versions.json")
        .map_err(|error| Error::internal("an artifact has no usable name").caused_by(error))?;
    let [from, to] = sides.map(|source| {
        serde_json::json!({
            "label": source.label,
            "reference": source.reference,
            "commit": source.commit,
            "files": source.files,
        })
    });
    let identity = identity.map(ToString::to_string);
    let versions = serde_json::json!({ "from": from, "to": to, "identity": identity });
    let bytes = serde_json::to_vec_pretty(&versions)
        .map_err(|error| Error::internal("the versions have no JSON form").caused_by(error))?;
    let bytes = with_newline(bytes);
    match recorder.attached(&name)? {
        None => Ok(recorder.attach(&name, &bytes, Durability::Process)?),
        Some(before) if before == bytes => Ok(()),
        Some(_) => {
            let message = "the versions are not the ones with which the run began";
            Err(Error::new(ErrorKind::Conflict, ErrorCode::SnapshotError, message)
                .hint("give the run up with `onx runs abandon`, and generate again")
                .begun_otherwise())
        }
    }
}

/// What of the differences the library's maintainers intend; nothing is compared for it when they
/// say nothing.
fn acknowledged(
    request: &GenerateRequest,
    compared: &Compared,
    inferred: &InferredOperations,
) -> Judged {
    let tree = &compared.trees[1];
    let all = Acknowledgements::gather(&request.acknowledge, tree);
    if all.is_empty() {
        return Judged::default();
    }
    let SnapshotPair { from, to } = &compared.versions;
    let breakages = breakages(from, to, &inferred.inference);
    all.judge(breakages, number(None, &to.origin.version, tree).as_ref())
}

fn inference_request(
    request: &GenerateRequest,
    compared: &Compared,
) -> Result<InferenceRequest, Error> {
    let [from, to] = compared.trees.clone();
    let read = |commits: &CommitRange| commits.read(&compared.versions, &request.config);
    Ok(InferenceRequest {
        versions: compared.versions.clone(),
        differences: compared.differences.clone(),
        rules: request.rules.clone(),
        texts: Texts(Some(Arc::new(TreeTexts { from, to, kept: Mutex::default() }))),
        history: compared.commits.as_ref().map(read).transpose()?.unwrap_or_default(),
    })
}

/// The texts of both versions' files. Many definitions of one file are asked for one after the
/// other, so that texts are kept for a while.
struct TreeTexts {
    from: SourceTree,
    to: SourceTree,
    kept: Mutex<KeptTexts>,
}

#[derive(Default)]
struct KeptTexts {
    texts: BTreeMap<(Version, TreePath), Option<Arc<str>>>,
    bytes: usize,
}

/// When the kept texts come to more than this, all of them are let go.
const KEPT_TEXTS_BYTES: usize = 64 << 20;

impl TreeTexts {
    fn read(&self, version: Version, file: &TreePath) -> Option<Arc<str>> {
        let tree = match version {
            Version::From => &self.from,
            Version::To => &self.to,
        };
        let bytes = tree.read(file.as_str()).ok()?;
        Some(python::parse::SourceText::decode(&bytes).ok()?.text.into())
    }
}

impl SourceText for TreeTexts {
    fn text(&self, version: Version, file: &TreePath) -> Option<Arc<str>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(text) = kept.texts.get(&(version, file.clone())) {
            return text.clone();
        }
        let text = self.read(version, file);
        if kept.bytes > KEPT_TEXTS_BYTES {
            *kept = KeptTexts::default();
        }
        kept.bytes += text.as_ref().map_or(0, |text| text.len());
        kept.texts.insert((version, file.clone()), text.clone());
        text
    }
}

fn expect_python(side: &str, snapshot: &Snapshot) -> Result<(), Error> {
    if snapshot.modules.is_empty() {
        let reference = &snapshot.origin.reference;
        let message = format!("the {side} version `{reference}` holds no importable Python module");
        return Err(Error::user(ErrorCode::SnapshotError, message)
            .hint("name the folder, repository or distribution that holds the package"));
    }
    Ok(())
}

fn artifacts<'a>(
    out: &std::path::Path,
    names: impl Iterator<Item = &'a String>,
) -> BTreeMap<String, String> {
    names
        .map(|file| {
            let what = file.rsplit_once('.').map_or(file.as_str(), |(stem, _)| stem);
            (what.to_owned(), out.join(file).display().to_string())
        })
        .collect()
}

pub(crate) fn with_newline(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.push(b'\n');
    bytes
}
