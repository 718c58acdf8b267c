//! Approvals of steps with a manifest: who must say yes before it is published or applied.
//!
//! An approval is a signed statement in a file beside the manifest, or in the user's state where
//! the manifest is somebody else's. Which steps need whose approval is said by the policy of the
//! machine on which the step is taken; without one, none is needed.

use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::{Path, PathBuf};

use artifact::{Digest, Timestamp, TreePath};
use host::{FileErrorKind, FileLock, Place, lock_patiently, remove_temporary_files, tree_path};
use ledger::{
    ApprovalGiven, ApprovalPolicy, Approved, ENVELOPE_LIMIT, Effect, Envelope, Line, ManifestMade,
    Missing, Role, SealError, State, Statement, Step, Subject, Transition, TrustedKeys, Uncounted,
    decide,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::bundle::{Content, LoadedManifest, name};
use crate::trust::{OwnKey, signature_file};
use crate::{Error, ErrorCode, ErrorKind, World};

/// Most approvals of one manifest.
const APPROVAL_LIMIT: usize = 256;

/// The state of a manifest that somebody signed, before any step is taken with it.
const SIGNED: &str = "SIGNED";

/// A step that is taken with a manifest.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ManifestStep {
    /// It is put into a registry.
    Publish,
    /// Dependents are edited by it.
    Apply,
}

impl ManifestStep {
    /// Every step.
    pub const ALL: [Self; 2] = [Self::Publish, Self::Apply];

    /// The step in the words of a policy.
    pub fn transition(self) -> Result<Transition, Error> {
        let to = match self {
            Self::Publish => "PUBLISHED",
            Self::Apply => "APPLIED",
        };
        let state = |text: &str| {
            text.parse::<State>()
                .map_err(|error| Error::internal("a state has no name").caused_by(error))
        };
        Ok(Transition { from: state(SIGNED)?, to: state(to)? })
    }

    /// The step as the command line has it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Publish => "publish",
            Self::Apply => "apply",
        }
    }
}

/// Where a step stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ApprovalStanding {
    /// The step.
    pub step: ManifestStep,
    /// Whether it may be taken now.
    pub approved: bool,
    /// How many approvals in which role the policy asks for; none where there is no policy.
    pub required: Option<BTreeMap<String, u32>>,
    /// Whose approvals count, each with the role.
    pub approvers: BTreeMap<String, String>,
    /// How many are missing in which role.
    pub lacking: BTreeMap<String, u32>,
    /// What was given and does not count, each with the reason.
    pub refused: BTreeMap<Digest, String>,
    /// Why nothing can be approved at all, if so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// An approval that was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenApproval {
    /// What was said.
    pub approval: ApprovalGiven,
    /// The digest of the signed statement.
    pub statement: Digest,
    /// The file that holds it.
    pub file: PathBuf,
    /// Whether it did not stand there before.
    pub is_new: bool,
    /// Whether a key of the same account signed the manifest: then only people know whether it was
    /// somebody else who made it.
    pub is_of_the_same_account: bool,
    /// What the same key said before, which stands there still, with the digest of each statement:
    /// whoever gave it may have been stopped before it was written down.
    pub earlier: Vec<(ApprovalGiven, Digest)>,
}

/// Where approvals of a manifest are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApprovalPlace {
    /// In a file beside it, which goes with it.
    Beside,
    /// In the user's state, where the manifest is a copy of what a registry has.
    State,
}

/// Approves a step with a manifest. What would not count is refused, and nothing is written.
pub fn approve(
    world: &World,
    loaded: &LoadedManifest,
    step: ManifestStep,
    (role, key): (Role, &OwnKey),
    expires: Timestamp,
    place: ApprovalPlace,
) -> Result<GivenApproval, Error> {
    let asked = Asked::of(world, loaded, step)?;
    let namespace = asked.namespace(world)?;
    let approval = ApprovalGiven {
        approver: key.owner.clone(),
        expires,
        given_at: world.clock.now(),
        namespace,
        role,
        scope: asked.scope.clone(),
        transition: asked.transition.clone(),
    };
    let subject = Subject::of(line(name::MANIFEST)?, &loaded.bytes);
    let statement = Statement::new(vec![subject], approval.clone())
        .map_err(|error| Error::internal("an approval has no statement").caused_by(error))?;
    let envelope = Envelope::sign(&statement, &*key.signer).map_err(|error| not_signed(&error))?;
    expect_counting(world, &asked, &envelope, &approval)?;
    let _held = lock(world)?;
    let mut given = read(world, loaded, place)?;
    let (trusted, now) = (world.trust.trusted()?, world.clock.now());
    let by = key.signer.public_key().id();
    let earlier = given.values().filter_map(|envelope| {
        let opened = envelope.open::<ApprovalGiven>(&trusted, NonZeroUsize::MIN, now).ok()?;
        let is_own = opened.signers().contains_key(&by);
        is_own.then(|| (opened.statement().predicate().clone(), envelope.digest()))
    });
    let earlier = earlier.collect();
    let is_new = given.insert(identity(&envelope)?, envelope.clone()).is_none();
    let file = write(world, loaded, place, &given)?;
    // It is a remark only, so keys that cannot be read keep nobody from approving.
    let own = world.trust.own_keys().unwrap_or_default();
    let mut own = own.iter().map(|key| key.public_key().id());
    let is_of_the_same_account = own.any(|id| asked.made.key_ids().any(|it| *it == id));
    let statement = envelope.digest();
    Ok(GivenApproval { approval, statement, file, is_new, is_of_the_same_account, earlier })
}

/// Takes up approvals of others, out of the file in which they keep them; how many were new.
pub fn add(
    world: &World,
    loaded: &LoadedManifest,
    bytes: &[u8],
    place: ApprovalPlace,
) -> Result<usize, Error> {
    let added = parse(bytes).map_err(|why| {
        Error::user(ErrorCode::ApprovalError, "the approvals cannot be read")
            .detail(why)
            .hint("ask for the file that `onx-manifest approve` names")
    })?;
    let _held = lock(world)?;
    let mut given = read(world, loaded, place)?;
    let before = given.len();
    given.extend(added);
    if given.len() > before {
        write(world, loaded, place, &given)?;
    }
    Ok(given.len() - before)
}

/// Where a step with a manifest stands.
pub fn standing(
    world: &World,
    loaded: &LoadedManifest,
    step: ManifestStep,
) -> Result<ApprovalStanding, Error> {
    let mut standing = ApprovalStanding {
        step,
        approved: true,
        required: None,
        approvers: BTreeMap::new(),
        lacking: BTreeMap::new(),
        refused: BTreeMap::new(),
        why: None,
    };
    let Some(policy) = world.trust.approval_policy()? else { return Ok(standing) };
    let transition = step.transition()?;
    let required = policy.requirements(&transition).into_iter().flatten();
    let required: BTreeMap<String, u32> =
        required.map(|(role, count)| (role.to_string(), count.get())).collect();
    let needs_none = policy.requirements(&transition).is_some() && required.is_empty();
    standing.required = Some(required);
    if needs_none {
        return Ok(standing);
    }
    let asked = match Asked::of(world, loaded, step) {
        Ok(asked) => asked,
        Err(error) => {
            standing.approved = false;
            standing.why = Some(error.to_string());
            return Ok(standing);
        }
    };
    match asked.decide(&policy, &world.trust.trusted()?, world.clock.now()) {
        Ok(approved) => {
            let approvers = approved.approvers().iter();
            standing.approvers =
                approvers.map(|(who, role)| (who.to_string(), role.to_string())).collect();
        }
        Err(Missing::Approvals { lacking, refused }) => {
            standing.approved = false;
            standing.lacking =
                lacking.into_iter().map(|(role, count)| (role.to_string(), count)).collect();
            standing.refused =
                refused.into_iter().map(|(digest, why)| (digest, why.to_string())).collect();
        }
        Err(missing) => {
            standing.approved = false;
            standing.why = Some(missing.to_string());
        }
    }
    Ok(standing)
}

/// A step for which nothing is missing. It is decided once more when it takes effect.
#[derive(Debug)]
pub(crate) struct Cleared {
    step: ManifestStep,
    /// What was decided; none where no approval was asked for.
    approved: Option<Approved>,
}

/// Refuses a step whose approvals are missing.
pub(crate) fn expect_approved(
    world: &World,
    loaded: &LoadedManifest,
    step: ManifestStep,
) -> Result<Cleared, Error> {
    let Some(policy) = policy_for(world, step)? else {
        return Ok(Cleared { step, approved: None });
    };
    let asked = Asked::of(world, loaded, step)?;
    let (trusted, now) = (world.trust.trusted()?, world.clock.now());
    let approved = asked.decide(&policy, &trusted, now);
    let approved = approved.map_err(|missing| refused(&missing, step))?;
    Ok(Cleared { step, approved: Some(approved) })
}

/// The policy, where it asks for approvals of this step, or does not know it.
fn policy_for(world: &World, step: ManifestStep) -> Result<Option<ApprovalPolicy>, Error> {
    let Some(policy) = world.trust.approval_policy()? else { return Ok(None) };
    let needs_none = policy.requirements(&step.transition()?).is_some_and(BTreeMap::is_empty);
    Ok(if needs_none { None } else { Some(policy) })
}

/// Whether anybody approved anything of this manifest, whether or not it counts.
pub(crate) fn has_approvals(world: &World, loaded: &LoadedManifest) -> Result<bool, Error> {
    let beside = read(world, loaded, ApprovalPlace::Beside)?;
    Ok(!beside.is_empty() || !read(world, loaded, ApprovalPlace::State)?.is_empty())
}

impl Cleared {
    /// Takes the step with these bytes, if everything still holds at this moment: the policy, the
    /// keys and the approvals are read anew.
    pub(crate) fn take_effect(self, world: &World, loaded: &LoadedManifest) -> Result<(), Error> {
        let Self { step: asked_for, approved } = self;
        // Who set a policy meanwhile wants it to be followed; who took it away asks for nothing.
        let Some(approved) = approved else {
            return expect_approved(world, loaded, asked_for).map(drop);
        };
        let Some(policy) = policy_for(world, asked_for)? else { return Ok(()) };
        let now = Asked::of(world, loaded, asked_for)?;
        let trusted = world.trust.trusted()?;
        let step = now.step();
        let effect: Effect<'_> = approved
            .take_effect(&policy, &step, &now.approvals, &trusted, world.clock.now())
            .map_err(|missing| refused(&missing, asked_for))?;
        if effect.bytes() == loaded.bytes {
            Ok(())
        } else {
            Err(Error::internal("a step takes effect with other bytes than were approved"))
        }
    }
}

/// A step that is to be taken, with all that decides about it.
#[derive(Debug)]
struct Asked {
    step: ManifestStep,
    bytes: Vec<u8>,
    made: Envelope,
    scope: Line,
    transition: Transition,
    approvals: Vec<Envelope>,
}

impl Asked {
    fn of(world: &World, loaded: &LoadedManifest, step: ManifestStep) -> Result<Self, Error> {
        let path = loaded.path.display();
        let made = loaded.folder.read(&*world.files, &signature_file(loaded))?;
        let made = made.ok_or_else(|| {
            let message =
                format!("nobody signed `{path}`, so there is nothing that could be approved");
            Error::user(ErrorCode::ApprovalError, message)
                .hint("whoever made it signs it with `onx-manifest sign`")
        })?;
        let made = Envelope::read(&made).map_err(|error| {
            let message = format!("the signature of `{path}` does not hold");
            Error::new(ErrorKind::Conflict, ErrorCode::ApprovalError, message)
                .caused_by(error)
                .hint("fetch it again from where it was published, and do not use this copy")
        })?;
        let metadata = &loaded.manifest.metadata;
        let scope =
            format!("{} {} → {}", metadata.library, metadata.from_version, metadata.to_version);
        let mut approvals = read(world, loaded, ApprovalPlace::Beside)?;
        approvals.extend(read(world, loaded, ApprovalPlace::State)?);
        Ok(Self {
            step,
            bytes: loaded.bytes.clone(),
            made,
            scope: line(&scope)?,
            transition: step.transition()?,
            approvals: approvals.into_values().collect(),
        })
    }

    fn step(&self) -> Step<'_> {
        let Self { bytes, made, scope, transition, .. } = self;
        Step { bytes, made, scope, transition }
    }

    fn decide(
        &self,
        policy: &ApprovalPolicy,
        trusted: &TrustedKeys,
        now: Timestamp,
    ) -> Result<Approved, Missing> {
        decide(policy, &self.step(), &self.approvals, trusted, now)
    }

    /// The namespace for which the manifest is signed.
    fn namespace(&self, world: &World) -> Result<ledger::Namespace, Error> {
        let (trusted, now) = (world.trust.trusted()?, world.clock.now());
        let verified = self.made.open::<ManifestMade>(&trusted, NonZeroUsize::MIN, now);
        let verified = verified.map_err(|error| {
            let hint = error.hint();
            Error::new(
                error.kind(),
                ErrorCode::ApprovalError,
                "what was made is not to be believed",
            )
            .caused_by(error)
            .hint(hint)
        })?;
        Ok(verified.statement().predicate().namespace.clone())
    }
}

/// Refuses an approval that counts nowhere on this machine, whatever else is given.
fn expect_counting(
    world: &World,
    asked: &Asked,
    envelope: &Envelope,
    said: &ApprovalGiven,
) -> Result<(), Error> {
    let policy = match world.trust.approval_policy()? {
        Some(policy) => policy,
        None => lenient(said)?,
    };
    let trusted = world.trust.trusted()?;
    let alone = std::slice::from_ref(envelope);
    let decided = decide(&policy, &asked.step(), alone, &trusted, world.clock.now());
    let Err(missing) = decided else { return Ok(()) };
    let Missing::Approvals { refused: why, .. } = &missing else {
        return Err(refused(&missing, asked.step));
    };
    let Some(why) = why.get(&envelope.digest()) else { return Ok(()) };
    let (kind, hint) = match why {
        Uncounted::OwnWork(_) => {
            (ErrorKind::Conflict, "nobody approves what he made: ask somebody else")
        }
        Uncounted::Open(_) => (
            ErrorKind::Config,
            "the key must be trusted with approvals: `onx keys new NAME --owner WHO --kind approval`",
        ),
        _ => (ErrorKind::Conflict, "`onx policy show` says who approves what, in which role"),
    };
    Err(Error::new(kind, ErrorCode::ApprovalError, "the approval would not count here")
        .detail(why.to_string())
        .hint(hint))
}

/// A policy under which everybody may approve this: where none is set, an approval is for a machine
/// that has one, and only what counts nowhere is refused.
fn lenient(said: &ApprovalGiven) -> Result<ApprovalPolicy, Error> {
    let holders = std::iter::once(said.approver.clone()).collect();
    let requirements = BTreeMap::from([(said.role.clone(), NonZeroU32::MIN)]);
    let transitions = BTreeMap::from([(said.transition.clone(), requirements)]);
    ApprovalPolicy::new(BTreeMap::from([(said.role.clone(), holders)]), transitions)
        .map_err(|error| Error::internal("a policy for one cannot be made").caused_by(error))
}

fn refused(missing: &Missing, step: ManifestStep) -> Error {
    let message = format!("the manifest may not be used for `{}` yet", step.word());
    Error::new(missing.kind(), ErrorCode::ApprovalError, message)
        .detail(missing.to_string())
        .hint(format!("{}; `onx-manifest approvals MANIFEST` shows who did", missing.hint()))
}

fn line(text: &str) -> Result<Line, Error> {
    text.parse().map_err(|error: ledger::WordError| {
        Error::user(ErrorCode::ApprovalError, error.to_string())
            .hint("such a manifest cannot be approved")
    })
}

fn not_signed(error: &SealError) -> Error {
    Error::new(ErrorKind::Internal, ErrorCode::ApprovalError, "the approval could not be signed")
        .detail(error.to_string())
        .hint("see `onx keys list`")
}

/// Keeps others on this machine from adding approvals meanwhile.
fn lock(world: &World) -> Result<FileLock, Error> {
    let (files, base) = (&*world.files, &world.folders.state);
    let locked = tree_path("approvals/lock").and_then(|path| {
        files.create_base(base)?;
        files.create_parents(base, &path)?;
        lock_patiently(files, Place::new(base, &path), "somebody who approves")
    });
    locked.map_err(|error| {
        let hint = error.hint().to_owned();
        Error::outside(ErrorCode::ApprovalError, "the approvals are not to be had", error)
            .hint(hint)
    })
}

/// Removes what somebody left who ended while he wrote this file.
fn clear(world: &World, base: &Path, file: &TreePath) -> Result<(), Error> {
    let place = Place::new(base, file);
    remove_temporary_files(&*world.files, place).map(drop).map_err(|error| {
        let message = format!("`{}` cannot be written", place.to_path().display());
        Error::outside(ErrorCode::ApprovalError, message, error)
    })
}

/// The name of the file beside a manifest that holds approvals.
fn file_beside(loaded: &LoadedManifest) -> String {
    let stem = loaded.path.file_stem().unwrap_or_default().to_string_lossy();
    format!("{stem}.approvals.jsonl")
}

fn file_in_state(loaded: &LoadedManifest) -> Result<TreePath, Error> {
    TreePath::new(&format!("approvals/{}.jsonl", loaded.digest.hex()))
        .map_err(|error| Error::internal("approvals have no usable name").caused_by(error))
}

/// What tells one approval from another: all of it, signatures included. Two that say the same
/// under other signatures are two, so that a copy that counts nowhere replaces none that counts.
fn identity(envelope: &Envelope) -> Result<Digest, Error> {
    let bytes = envelope
        .write()
        .map_err(|error| Error::internal("an approval has no form").caused_by(error))?;
    Ok(Digest::of(&bytes))
}

/// The approvals that are kept in one place.
fn read(
    world: &World,
    loaded: &LoadedManifest,
    place: ApprovalPlace,
) -> Result<BTreeMap<Digest, Envelope>, Error> {
    let (bytes, path) = match place {
        ApprovalPlace::Beside => {
            let file = file_beside(loaded);
            (loaded.folder.read(&*world.files, &file)?, loaded.folder.file(&file))
        }
        ApprovalPlace::State => {
            let (file, base) = (file_in_state(loaded)?, &world.folders.state);
            let limit = (APPROVAL_LIMIT * (ENVELOPE_LIMIT + 1)) as u64;
            match world.files.read(Place::new(base, &file), limit) {
                Ok(bytes) => (Some(bytes), base.join(file.as_str())),
                Err(error) if error.kind == FileErrorKind::Missing => {
                    (None, base.join(file.as_str()))
                }
                Err(error) => {
                    let message = "approvals cannot be read";
                    return Err(Error::outside(ErrorCode::ApprovalError, message, error));
                }
            }
        }
    };
    parse(bytes.as_deref().unwrap_or_default()).map_err(|why| {
        let message = format!("`{}` does not hold approvals", path.display());
        Error::new(ErrorKind::Config, ErrorCode::ApprovalError, message)
            .detail(why)
            .hint("put back a copy of it, or remove it and ask for the approvals again")
    })
}

fn parse(bytes: &[u8]) -> Result<BTreeMap<Digest, Envelope>, String> {
    let mut approvals = BTreeMap::new();
    for (number, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        if line.is_empty() {
            continue;
        }
        if approvals.len() >= APPROVAL_LIMIT {
            return Err(format!("more than {APPROVAL_LIMIT} approvals"));
        }
        let envelope =
            Envelope::read(line).map_err(|error| format!("line {}: {error}", number + 1))?;
        if envelope.kind() != ledger::Kind::Approval {
            return Err(format!("line {} is signed as {}", number + 1, envelope.kind()));
        }
        approvals.insert(Digest::of(line), envelope);
    }
    Ok(approvals)
}

fn write(
    world: &World,
    loaded: &LoadedManifest,
    place: ApprovalPlace,
    approvals: &BTreeMap<Digest, Envelope>,
) -> Result<PathBuf, Error> {
    if approvals.len() > APPROVAL_LIMIT {
        let message = format!("there would be more than {APPROVAL_LIMIT} approvals");
        return Err(Error::user(ErrorCode::ApprovalError, message)
            .hint("take up only those that are about this manifest"));
    }
    let mut bytes = Vec::new();
    for envelope in approvals.values() {
        let line = envelope
            .write()
            .map_err(|error| Error::internal("an approval has no form").caused_by(error))?;
        bytes.extend_from_slice(&line);
        bytes.push(b'\n');
    }
    match place {
        ApprovalPlace::Beside => {
            let file = file_beside(loaded);
            let path = TreePath::new(&file).map_err(|error| {
                Error::internal("approvals have no usable name").caused_by(error)
            })?;
            clear(world, loaded.folder.path(), &path)?;
            loaded.folder.write(&*world.files, &file, &Content::of_bytes(bytes))?;
            Ok(loaded.folder.file(&file))
        }
        ApprovalPlace::State => {
            let (file, base) = (file_in_state(loaded)?, &world.folders.state);
            let files = &*world.files;
            clear(world, base, &file)?;
            let written = files
                .create_base(base)
                .and_then(|()| files.create_parents(base, &file))
                .and_then(|_| files.write(Place::new(base, &file), &bytes, None));
            written.map_err(|error| {
                Error::outside(ErrorCode::ApprovalError, "the approval cannot be kept", error)
            })?;
            Ok(base.join(file.as_str()))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex, PoisonError};

    use ledger::Signer;

    use super::*;
    use crate::bundle::load_manifest;
    use crate::trust::Trust;

    const MANIFEST: &str = "manifest_version: 1\nfrom: 1.0\nto: 2.0\noperations: []\n";

    /// A machine whose policy changes while something is done.
    #[derive(Debug, Default)]
    struct Changing(Mutex<Option<ApprovalPolicy>>);

    impl Changing {
        fn set(&self, policy: Option<ApprovalPolicy>) {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = policy;
        }
    }

    impl Trust for Changing {
        fn trusted(&self) -> Result<TrustedKeys, Error> {
            Ok(TrustedKeys::new())
        }

        fn own_key(&self) -> Result<OwnKey, Error> {
            Err(Error::internal("nothing is signed here"))
        }

        fn approval_policy(&self) -> Result<Option<ApprovalPolicy>, Error> {
            Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone())
        }

        fn own_keys(&self) -> Result<Vec<Box<dyn Signer>>, Error> {
            Ok(Vec::new())
        }
    }

    /// A policy under which each of these steps needs one owner, and every other one nobody.
    fn policy(steps: &[ManifestStep]) -> ApprovalPolicy {
        let role: Role = "owner".parse().expect("a role");
        let holder = "ada@example.org".parse().expect("an identity");
        let rule = |step: ManifestStep| {
            let one = (role.clone(), NonZeroU32::MIN);
            let needs = steps.contains(&step).then_some(one).into_iter().collect();
            (step.transition().expect("a transition"), needs)
        };
        let roles = BTreeMap::from([(role.clone(), std::iter::once(holder).collect())]);
        let rules = ManifestStep::ALL.into_iter().map(rule).collect();
        ApprovalPolicy::new(roles, rules).expect("it can be satisfied")
    }

    #[test]
    fn a_policy_that_is_set_meanwhile_counts_when_the_step_takes_effect() {
        let folder = tempfile::tempdir().expect("a folder");
        let trust = Arc::new(Changing::default());
        let world = World { trust: trust.clone(), ..World::of_a_test(folder.path()) };
        let manifest = folder.path().join("manifest.yaml");
        world.write_named(&manifest, MANIFEST.as_bytes()).expect("written");
        let loaded = load_manifest(&world, &manifest).expect("a manifest");
        let cleared =
            || expect_approved(&world, &loaded, ManifestStep::Apply).expect("nobody is asked");

        let before = cleared();
        trust.set(Some(policy(&[ManifestStep::Apply])));
        let refused = before.take_effect(&world, &loaded).expect_err("an owner is asked now");
        assert_eq!(refused.code(), ErrorCode::ApprovalError, "{refused}");
        assert!(expect_approved(&world, &loaded, ManifestStep::Apply).is_err());

        for still_nobody in [None, Some(policy(&[ManifestStep::Publish]))] {
            trust.set(None);
            let before = cleared();
            trust.set(still_nobody);
            before.take_effect(&world, &loaded).expect("nobody is asked for this step");
        }
    }
}
