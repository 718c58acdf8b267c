//! Keys, people and signed things that the tests share.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::num::NonZeroUsize;
use std::str::FromStr;

use artifact::Timestamp;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ledger::{
    ApprovalGiven, CheckpointTaken, Envelope, EvidenceGathered, Grant, Kind, ManifestMade,
    Namespaces, PlanMade, Predicate, Signer as _, SigningKey, Statement, Subject, SubjectDigest,
    Transition, TrustedKey, TrustedKeys, Verified,
};

/// What was made and is approved.
pub(crate) const WORK: &[u8] = b"operations: []\n";

pub(crate) const ONE: NonZeroUsize = NonZeroUsize::MIN;

pub(crate) const EVERY_KIND: [Kind; 6] =
    [Kind::Manifest, Kind::Plan, Kind::Approval, Kind::Checkpoint, Kind::Evidence, Kind::TreeHead];

/// A word of any type.
pub(crate) fn word<T: FromStr<Err: Debug>>(text: &str) -> T {
    text.parse().expect("the test's word is one")
}

/// So many seconds after the tests' beginning of time.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_seconds(1_700_000_000 + seconds).expect("in range")
}

/// The key with this number.
pub(crate) fn key(number: u8) -> SigningKey {
    SigningKey::from_seed(&[number; 32])
}

/// A key that may sign these kinds in the namespace `core` from 0 to 1000.
pub(crate) fn trusted(number: u8, owner: &str, kinds: &[Kind]) -> TrustedKey {
    let namespaces = Namespaces::Only(BTreeSet::from([word("core")]));
    TrustedKey {
        expires: at(1000),
        grants: vec![Grant { kinds: kinds.iter().copied().collect(), namespaces }],
        key: key(number).public_key(),
        not_before: at(0),
        owner: word(owner),
        revoked_at: None,
    }
}

/// Ada's key 1 and Bob's key 2, which may sign everything.
pub(crate) fn everything() -> TrustedKeys {
    let mut keys = TrustedKeys::new();
    for (number, owner) in [(1, "ada"), (2, "bob")] {
        keys.trust(trusted(number, owner, &EVERY_KIND)).expect("the key is new");
    }
    keys
}

pub(crate) fn subject() -> Subject {
    Subject::of(word("manifest.yaml"), WORK)
}

pub(crate) fn manifest() -> ManifestMade {
    ManifestMade {
        author: word("ada"),
        from_version: word("1.0"),
        generator: word("onx 0.1.0"),
        manifest_id: word("b3:7f3a9c12"),
        namespace: word("core"),
        package: word("yourlib"),
        to_version: word("2.0"),
    }
}

pub(crate) fn plan() -> PlanMade {
    PlanMade {
        author: word("ada"),
        namespace: word("core"),
        policy_version: word("3"),
        scope: word("project-1"),
    }
}

pub(crate) fn transition(from: &str, to: &str) -> Transition {
    Transition { from: word(from), to: word(to) }
}

pub(crate) fn approval() -> ApprovalGiven {
    ApprovalGiven {
        approver: word("ada"),
        expires: at(500),
        given_at: at(10),
        namespace: word("core"),
        role: word("tech_lead"),
        scope: word("project-1"),
        transition: transition("PROPOSED", "PLANNED"),
    }
}

pub(crate) fn checkpoint() -> CheckpointTaken {
    CheckpointTaken {
        author: word("ada"),
        files: 12,
        namespace: word("core"),
        run: word("run-1"),
        taken_at: at(20),
    }
}

pub(crate) fn evidence() -> EvidenceGathered {
    EvidenceGathered {
        author: word("ada"),
        namespace: word("core"),
        carried_out: SubjectDigest::of(WORK),
        gathered_at: at(30),
        run: word("run-1"),
        success: true,
    }
}

/// A statement about [`WORK`], signed by these keys.
pub(crate) fn sealed<P: Predicate>(predicate: P, signers: &[u8]) -> Envelope {
    let statement = Statement::new(vec![subject()], predicate).expect("it has a subject");
    let mut envelope = Envelope::sign(&statement, &key(signers[0])).expect("memory signs");
    for number in &signers[1..] {
        envelope.cosign(&key(*number)).expect("memory signs");
    }
    envelope
}

/// One envelope of each kind, signed by these keys.
pub(crate) fn one_of_each(signers: &[u8]) -> BTreeMap<Kind, Envelope> {
    BTreeMap::from([
        (Kind::Manifest, sealed(manifest(), signers)),
        (Kind::Plan, sealed(plan(), signers)),
        (Kind::Approval, sealed(approval(), signers)),
        (Kind::Checkpoint, sealed(checkpoint(), signers)),
        (Kind::Evidence, sealed(evidence(), signers)),
    ])
}

/// Whether these bytes are believed as this kind by somebody who wants so many signatures.
pub(crate) fn believed(bytes: &[u8], kind: Kind, trusted: &TrustedKeys, wanted: usize) -> bool {
    fn open<P: Predicate>(envelope: &Envelope, trusted: &TrustedKeys, wanted: usize) -> bool {
        let wanted = NonZeroUsize::new(wanted).expect("not zero");
        let verified: Result<Verified<P>, _> = envelope.open(trusted, wanted, at(100));
        verified.is_ok()
    }
    let Ok(envelope) = Envelope::read(bytes) else { return false };
    match kind {
        Kind::Manifest => open::<ManifestMade>(&envelope, trusted, wanted),
        Kind::Plan => open::<PlanMade>(&envelope, trusted, wanted),
        Kind::Approval => open::<ApprovalGiven>(&envelope, trusted, wanted),
        Kind::Checkpoint => open::<CheckpointTaken>(&envelope, trusted, wanted),
        Kind::Evidence => open::<EvidenceGathered>(&envelope, trusted, wanted),
        Kind::TreeHead => false,
    }
}

/// An envelope made by hand: this payload as this type, truly signed by these keys as it stands.
pub(crate) fn by_hand(payload_type: &str, payload: &[u8], signers: &[u8]) -> String {
    let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len());
    let message = [head.as_bytes(), payload].concat();
    let mut signatures: Vec<_> = signers
        .iter()
        .map(|number| {
            let signature = key(*number).sign(&message).expect("memory signs");
            let id = key(*number).public_key().id();
            format!(r#"{{"keyid":"{id}","sig":"{}"}}"#, STANDARD.encode(signature.as_bytes()))
        })
        .collect();
    signatures.sort();
    format!(
        r#"{{"payload":"{}","payloadType":"{payload_type}","signatures":[{}]}}"#,
        STANDARD.encode(payload),
        signatures.join(",")
    )
}

/// The payload of an envelope.
pub(crate) fn payload(envelope: &Envelope) -> Vec<u8> {
    let text = String::from_utf8(envelope.write().expect("it has bytes")).expect("UTF-8");
    let start = r#"{"payload":""#.len();
    let end = start + text[start..].find('"').expect("the payload ends");
    STANDARD.decode(&text[start..end]).expect("it is base64")
}

/// A number that a nightly run sets higher.
#[expect(clippy::disallowed_methods, reason = "a nightly run says by a variable how much to try")]
pub(crate) fn scaled(variable: &str, usual: u64) -> u64 {
    std::env::var(variable).map_or(usual, |text| text.parse().expect("a number is given"))
}

/// Numbers that look random and are the same for the same seed (SplitMix64).
pub(crate) struct Numbers(u64);

impl Numbers {
    /// Numbers for one test; a failure is repeated with the same `ONX_PROOF_SEED`.
    pub(crate) fn new(test: u64) -> Self {
        Self(scaled("ONX_PROOF_SEED", 1).wrapping_mul(0x9e37_79b9) ^ test)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below this one.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// A time below this one.
    pub(crate) fn seconds(&mut self, end: u64) -> i64 {
        self.below(end).cast_signed()
    }

    pub(crate) fn one_of<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len() as u64) as usize]
    }
}
