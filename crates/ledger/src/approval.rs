//! Approvals: who must have said yes before a step is taken, and the one way to the step.
//!
//! A policy is data. What is approved is bytes, and what takes effect is the same bytes: an
//! [`Effect`] comes only out of an [`Approved`] decision that held once more at that moment.

use std::collections::{BTreeMap, BTreeSet};
use std::num::{NonZeroU32, NonZeroUsize};

use artifact::{Digest, ErrorKind, FormatName, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::document::{self, DocumentError, format_field};
use crate::envelope::{Envelope, OpenError};
use crate::key::KeyId;
use crate::names::{Identity, Line, Namespace, Role};
use crate::statement::{
    ApprovalGiven, CheckpointTaken, EvidenceGathered, Kind, ManifestMade, PlanMade, Predicate,
    SubjectDigest, Transition,
};
use crate::trust::TrustedKeys;

/// The format of the document of a policy.
pub const APPROVAL_POLICY_FORMAT: FormatName = FormatName { name: "approval-policy", version: 1 };

/// Longest document of a policy, in bytes.
const POLICY_LIMIT: usize = 1024 * 1024;

/// Which transitions there are, how many approvals in which roles each of them takes, and who holds
/// the roles.
#[derive(Debug, Clone, PartialEq, Eq, Default, JsonSchema)]
#[schemars(with = "PolicyDocument")]
pub struct ApprovalPolicy {
    roles: BTreeMap<Role, BTreeSet<Identity>>,
    transitions: BTreeMap<Transition, Requirements>,
}

/// How many distinct people must approve in each role. None at all is said by an empty map.
pub type Requirements = BTreeMap<Role, NonZeroU32>;

/// A policy that nobody could ever satisfy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// It is not in the one form of a policy.
    #[error("the policy is no document: {0}")]
    Document(#[from] DocumentError),
    /// A role is asked more often than it has holders.
    #[error("{transition} asks {wanted} of the role `{role}`, which {holders} hold")]
    Holders {
        /// The step.
        transition: Transition,
        /// The role.
        role: Role,
        /// How many it asks for.
        wanted: NonZeroU32,
        /// How many there are.
        holders: usize,
    },
    /// A step asks for more people than hold its roles together: one person stands for one role.
    #[error("{transition} asks for {wanted} people, and no more than {people} can stand for it")]
    People {
        /// The step.
        transition: Transition,
        /// How many it asks for.
        wanted: u64,
        /// How many can stand for one of its roles each.
        people: usize,
    },
}

/// A step that is to be taken with something that was made.
#[derive(Debug, Clone, Copy)]
pub struct Step<'a> {
    /// The bytes of what was made: the manifest, the plan, the report.
    pub bytes: &'a [u8],
    /// The signed statement that it was made.
    pub made: &'a Envelope,
    /// The project, task or run in which the step is taken.
    pub scope: &'a Line,
    /// The step.
    pub transition: &'a Transition,
}

/// The decision that a step may be taken. Only [`decide`] makes one, and it is used up by the step.
#[derive(Debug, PartialEq, Eq)]
pub struct Approved {
    digest: SubjectDigest,
    scope: Line,
    transition: Transition,
    approvers: BTreeMap<Identity, Role>,
}

/// A step that takes effect now. Whoever carries out approved work asks for this and takes the
/// bytes from it, so that what was approved is what is carried out. It comes only from
/// [`Approved::take_effect`], is not copied, and is not kept.
#[derive(Debug, PartialEq, Eq)]
pub struct Effect<'a> {
    bytes: &'a [u8],
    approved: Approved,
}

/// Why a step may not be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Missing {
    /// The statement about what was made is not to be believed.
    #[error("nobody trusted says that this was made: {0}")]
    Made(#[from] OpenError),
    /// The statement is about other bytes.
    #[error("the signed statement is about something else")]
    OtherBytes,
    /// What was signed is nothing of which a step could be taken.
    #[error("a step is taken with what was made, and this is signed as {0}")]
    NoWork(Kind),
    /// The policy does not know this step.
    #[error("the policy has no rule for {0}")]
    NoRule(Transition),
    /// Approvals are missing.
    #[error("approvals are missing: {}{}", lacking_words(lacking), refused_words(refused))]
    Approvals {
        /// How many are missing in which role.
        lacking: BTreeMap<Role, u32>,
        /// What was given and does not count, by the digest of the statement.
        refused: BTreeMap<Digest, Uncounted>,
    },
    /// The decision was made about another step.
    #[error("what was approved is another step")]
    OtherStep,
}

impl Missing {
    /// Who can do something about it.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Made(error) => error.kind(),
            Self::NoRule(_) => ErrorKind::Config,
            Self::Approvals { .. } => ErrorKind::Conflict,
            Self::OtherBytes | Self::NoWork(_) | Self::OtherStep => ErrorKind::User,
        }
    }

    /// What the user can do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Made(error) => error.hint(),
            Self::OtherBytes | Self::OtherStep => "what changed must be signed and approved anew",
            Self::NoWork(_) => "give the signature of the manifest or plan",
            Self::NoRule(_) => "add the transition to the policy, or take one that it has",
            Self::Approvals { .. } => "ask those who hold the roles to review it and approve",
        }
    }
}

/// Why an approval does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Uncounted {
    /// The statement is not to be believed.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// It approves something else.
    #[error("it approves something else")]
    OtherSubject,
    /// It approves another step.
    #[error("it approves {0}")]
    OtherTransition(Transition),
    /// It approves this somewhere else.
    #[error("it approves this for `{0}`")]
    OtherScope(Line),
    /// It speaks in another namespace.
    #[error("it approves this in `{0}`")]
    OtherNamespace(Namespace),
    /// It counts later.
    #[error("it counts only from {0} on")]
    NotYet(Timestamp),
    /// It counted until then.
    #[error("it expired at {0}")]
    Expired(Timestamp),
    /// A key of somebody else signed it.
    #[error("a key that is not his signed for `{0}`")]
    OtherSigner(Identity),
    /// He made what he approves.
    #[error("`{0}` approves his own work")]
    OwnWork(Identity),
    /// He approves in a role that this step does not ask for.
    #[error("the step asks for no `{0}`")]
    NotAsked(Role),
    /// He does not hold the role.
    #[error("`{approver}` does not hold the role `{role}`")]
    NotHeld {
        /// Who approved.
        approver: Identity,
        /// The role.
        role: Role,
    },
}

impl ApprovalPolicy {
    /// A policy with these holders of roles and these transitions. A transition that is not named
    /// is never approved.
    pub fn new(
        roles: BTreeMap<Role, BTreeSet<Identity>>,
        transitions: BTreeMap<Transition, Requirements>,
    ) -> Result<Self, PolicyError> {
        for (transition, requirements) in &transitions {
            for (role, wanted) in requirements {
                let holders = roles.get(role).map_or(0, BTreeSet::len);
                if holders < wanted.get() as usize {
                    return Err(PolicyError::Holders {
                        transition: transition.clone(),
                        role: role.clone(),
                        wanted: *wanted,
                        holders,
                    });
                }
            }
            let mut held: BTreeMap<Identity, BTreeSet<Role>> = BTreeMap::new();
            for role in requirements.keys() {
                for holder in roles.get(role).into_iter().flatten() {
                    held.entry(holder.clone()).or_default().insert(role.clone());
                }
            }
            let people = assign(requirements, &held).len();
            let wanted: u64 = requirements.values().map(|it| u64::from(it.get())).sum();
            if (people as u64) < wanted {
                let transition = transition.clone();
                return Err(PolicyError::People { transition, wanted, people });
            }
        }
        Ok(Self { roles, transitions })
    }

    /// What a transition takes; nothing if the policy does not know it.
    pub fn requirements(&self, transition: &Transition) -> Option<&Requirements> {
        self.transitions.get(transition)
    }

    /// Who holds a role.
    pub fn holders(&self, role: &Role) -> impl Iterator<Item = &Identity> {
        self.roles.get(role).into_iter().flatten()
    }

    /// The document.
    pub fn write(&self) -> Result<Vec<u8>, DocumentError> {
        let rules = self.transitions.iter();
        document::write(&PolicyDocument {
            format: PolicyFormat,
            roles: self.roles.clone(),
            transitions: rules
                .map(|(transition, requires)| Rule {
                    from_to: transition.clone(),
                    requires: requires.clone(),
                })
                .collect(),
        })
    }

    /// Reads a document.
    pub fn read(bytes: &[u8]) -> Result<Self, PolicyError> {
        let document: PolicyDocument = document::read(bytes, POLICY_LIMIT)?;
        let rules = document.transitions.into_iter();
        let transitions = rules.map(|rule| (rule.from_to, rule.requires)).collect();
        let policy = Self::new(document.roles, transitions)?;
        if policy.write()? != bytes {
            let order = "the transitions are not in order, each once".to_owned();
            return Err(DocumentError::Unreadable(order).into());
        }
        Ok(policy)
    }

    fn holds(&self, role: &Role, identity: &Identity) -> bool {
        self.roles.get(role).is_some_and(|holders| holders.contains(identity))
    }
}

format_field!(PolicyFormat, APPROVAL_POLICY_FORMAT);

/// A policy as a document.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PolicyDocument {
    format: PolicyFormat,
    roles: BTreeMap<Role, BTreeSet<Identity>>,
    transitions: Vec<Rule>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Rule {
    requires: Requirements,
    #[serde(rename = "transition")]
    from_to: Transition,
}

/// Whether this step may be taken at this time: a trusted key signed what was made, and as many
/// distinct people as the policy asks for approved exactly these bytes, this transition and this
/// scope, none of whom made it. One person stands for one role, however many he holds.
pub fn decide(
    policy: &ApprovalPolicy,
    step: &Step<'_>,
    statements: &[Envelope],
    trusted: &TrustedKeys,
    now: Timestamp,
) -> Result<Approved, Missing> {
    let work = Work::of(step, trusted, now)?;
    let requirements = policy
        .requirements(step.transition)
        .ok_or_else(|| Missing::NoRule(step.transition.clone()))?;
    let mut given: BTreeMap<Identity, BTreeSet<Role>> = BTreeMap::new();
    let mut refused = BTreeMap::new();
    for envelope in statements {
        match work.counts(policy, step, requirements, envelope, trusted, now) {
            Ok(ApprovalGiven { approver, role, .. }) => {
                given.entry(approver).or_default().insert(role);
            }
            Err(why) => drop(refused.insert(envelope.digest(), why)),
        }
    }
    let approvers = assign(requirements, &given);
    let mut lacking = BTreeMap::new();
    for (role, wanted) in requirements {
        let there = approvers.values().filter(|filled| *filled == role).count() as u32;
        if there < wanted.get() {
            lacking.insert(role.clone(), wanted.get() - there);
        }
    }
    if !lacking.is_empty() {
        return Err(Missing::Approvals { lacking, refused });
    }
    Ok(Approved {
        digest: work.digest,
        scope: step.scope.clone(),
        transition: step.transition.clone(),
        approvers,
    })
}

impl Approved {
    /// Who stands for which role.
    pub fn approvers(&self) -> &BTreeMap<Identity, Role> {
        &self.approvers
    }

    /// Takes the step with these bytes, if at this time everything still holds: keys may have been
    /// revoked, approvals may have expired, the policy or the bytes may be others by now.
    pub fn take_effect<'a>(
        self,
        policy: &ApprovalPolicy,
        step: &Step<'a>,
        statements: &[Envelope],
        trusted: &TrustedKeys,
        now: Timestamp,
    ) -> Result<Effect<'a>, Missing> {
        let approved = decide(policy, step, statements, trusted, now)?;
        let same = self.digest == approved.digest
            && self.scope == approved.scope
            && self.transition == approved.transition;
        if !same {
            return Err(Missing::OtherStep);
        }
        Ok(Effect { bytes: step.bytes, approved })
    }
}

impl<'a> Effect<'a> {
    /// The bytes that were approved: what is to be carried out is read from these.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The digests of the bytes.
    pub fn digest(&self) -> &SubjectDigest {
        &self.approved.digest
    }

    /// The step.
    pub fn transition(&self) -> &Transition {
        &self.approved.transition
    }

    /// The project, task or run.
    pub fn scope(&self) -> &Line {
        &self.approved.scope
    }

    /// Who stands for which role.
    pub fn approvers(&self) -> &BTreeMap<Identity, Role> {
        &self.approved.approvers
    }
}

/// What was made, and by whom.
struct Work {
    digest: SubjectDigest,
    namespace: Namespace,
    keys: BTreeSet<KeyId>,
    people: BTreeSet<Identity>,
}

impl Work {
    fn of(step: &Step<'_>, trusted: &TrustedKeys, now: Timestamp) -> Result<Self, Missing> {
        match step.made.kind() {
            Kind::Manifest => Self::read::<ManifestMade>(step, trusted, now),
            Kind::Plan => Self::read::<PlanMade>(step, trusted, now),
            Kind::Checkpoint => Self::read::<CheckpointTaken>(step, trusted, now),
            Kind::Evidence => Self::read::<EvidenceGathered>(step, trusted, now),
            other @ (Kind::Approval | Kind::TreeHead) => Err(Missing::NoWork(other)),
        }
    }

    fn read<P: Predicate>(
        step: &Step<'_>,
        trusted: &TrustedKeys,
        now: Timestamp,
    ) -> Result<Self, Missing> {
        let verified = step.made.open::<P>(trusted, NonZeroUsize::MIN, now)?;
        let digest = SubjectDigest::of(step.bytes);
        if !verified.statement().is_about(&digest) {
            return Err(Missing::OtherBytes);
        }
        let predicate = verified.statement().predicate();
        // Whoever is named as the author made it, and so did whoever signed that it was made, even
        // with a key that is not trusted with it now.
        let mut people = BTreeSet::from([predicate.author().clone()]);
        let known = step.made.key_ids().filter_map(|id| trusted.get(id));
        people.extend(known.map(|key| key.owner.clone()));
        let keys = step.made.key_ids().copied().collect();
        Ok(Self { digest, namespace: predicate.namespace().clone(), keys, people })
    }

    /// The approval in this envelope, if it counts for this step.
    fn counts(
        &self,
        policy: &ApprovalPolicy,
        step: &Step<'_>,
        requirements: &Requirements,
        envelope: &Envelope,
        trusted: &TrustedKeys,
        now: Timestamp,
    ) -> Result<ApprovalGiven, Uncounted> {
        let verified = envelope.open::<ApprovalGiven>(trusted, NonZeroUsize::MIN, now)?;
        let [subject] = verified.statement().subjects() else {
            return Err(Uncounted::OtherSubject);
        };
        let approval = verified.statement().predicate().clone();
        let ApprovalGiven { approver, expires, given_at, namespace, role, scope, transition } =
            approval.clone();
        if subject.digest != self.digest {
            return Err(Uncounted::OtherSubject);
        }
        if transition != *step.transition {
            return Err(Uncounted::OtherTransition(transition));
        }
        if scope != *step.scope {
            return Err(Uncounted::OtherScope(scope));
        }
        if namespace != self.namespace {
            return Err(Uncounted::OtherNamespace(namespace));
        }
        if now < given_at {
            return Err(Uncounted::NotYet(given_at));
        }
        if now >= expires {
            return Err(Uncounted::Expired(expires));
        }
        if verified.signers().values().any(|owner| *owner != approver) {
            return Err(Uncounted::OtherSigner(approver));
        }
        let own_key = verified.signers().keys().any(|id| self.keys.contains(id));
        if own_key || self.people.contains(&approver) {
            return Err(Uncounted::OwnWork(approver));
        }
        if !requirements.contains_key(&role) {
            return Err(Uncounted::NotAsked(role));
        }
        if !policy.holds(&role, &approver) {
            return Err(Uncounted::NotHeld { approver, role });
        }
        Ok(approval)
    }
}

/// Gives as many people as possible one role each, out of those in which they approved: a largest
/// matching, found by augmenting paths.
fn assign(
    requirements: &Requirements,
    given: &BTreeMap<Identity, BTreeSet<Role>>,
) -> BTreeMap<Identity, Role> {
    let mut assigned = BTreeMap::new();
    for (role, wanted) in requirements {
        for _ in 0..wanted.get() {
            if !fill(role, given, &mut assigned, &mut BTreeSet::new()) {
                break;
            }
        }
    }
    assigned
}

/// Finds somebody for one more place in this role; who stands for another role may change over to
/// it if somebody else can take his place.
fn fill(
    role: &Role,
    given: &BTreeMap<Identity, BTreeSet<Role>>,
    assigned: &mut BTreeMap<Identity, Role>,
    asked: &mut BTreeSet<Identity>,
) -> bool {
    for (identity, roles) in given {
        if !roles.contains(role) || !asked.insert(identity.clone()) {
            continue;
        }
        let free = match assigned.get(identity).cloned() {
            None => true,
            Some(other) => fill(&other, given, assigned, asked),
        };
        if free {
            assigned.insert(identity.clone(), role.clone());
            return true;
        }
    }
    false
}

fn lacking_words(lacking: &BTreeMap<Role, u32>) -> String {
    let words: Vec<_> = lacking.iter().map(|(role, count)| format!("{count} × {role}")).collect();
    words.join(", ")
}

fn refused_words(refused: &BTreeMap<Digest, Uncounted>) -> String {
    refused
        .iter()
        .map(|(digest, why)| format!("; {} does not count: {why}", digest.short()))
        .collect()
}
