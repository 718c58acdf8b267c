//! What a refusal says: who can do something about it, what, and why it was refused.

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use artifact::{ErrorKind, Timestamp};
use ledger::{
    AuditLog, BreakReason, DocumentError, Envelope, Event, Fork, KeyError, Kind, LogBreak,
    ManifestMade, Missing, OpenError, PublicKey, Refusal, Signature, SignatureError, Signer,
    SignerError, Statement, TrustedKeys, decide,
};

use crate::scene::{
    ONE, WORK, at, everything, evidence, key, manifest, plan, sealed, subject, transition, word,
};

fn open(envelope: &Envelope, keys: &TrustedKeys) -> OpenError {
    envelope.open::<ManifestMade>(keys, ONE, at(100)).expect_err("it is refused")
}

#[test]
fn a_refused_envelope_says_what_can_be_done() {
    let signers = open(&sealed(manifest(), &[7]), &everything());
    let id = key(7).public_key().id();
    assert_eq!(
        signers.to_string(),
        format!("0 of 1 signatures count; {id}: the key is not trusted here")
    );
    assert_eq!(signers.kind(), ErrorKind::Config);
    assert!(signers.hint().contains("ask the publisher for the key"));

    // What is wrong with a key that is known says more than that nobody knows the other one.
    let mut keys = everything();
    keys.revoke(key(1).public_key().id(), at(50)).expect("it is known");
    for signers in [&[1, 7][..], &[7, 1]] {
        let revoked = open(&sealed(manifest(), signers), &keys);
        assert!(revoked.hint().contains("whoever has the key now"), "{}", revoked.hint());
    }

    let other = open(&sealed(plan(), &[1]), &everything());
    assert_eq!(other.to_string(), "this is signed as plan, and manifest was asked for");
    assert_eq!(other.kind(), ErrorKind::User);
    assert!(other.hint().contains("the signature that belongs to this file"));

    let (key, why) = (key(1).public_key().id(), SignatureError::Mismatch);
    let changed = OpenError::Signature { key, why };
    assert_eq!(changed.kind(), ErrorKind::User);
    assert!(changed.hint().contains("do not use this copy"));
}

#[test]
fn each_reason_against_a_key_has_a_next_step() {
    let namespace = word("elsewhere");
    for (refusal, hint) in [
        (Refusal::UnknownKey, "ask the publisher for the key"),
        (Refusal::NotYet(at(1)), "the clock of this machine"),
        (Refusal::Revoked(at(1)), "signed with another key"),
        (Refusal::Expired(at(1)), "a key that is still good"),
        (Refusal::WrongKind(Kind::Plan), "what each key may sign"),
        (Refusal::WrongNamespace { kind: Kind::Plan, namespace }, "what each key may sign"),
    ] {
        assert!(refusal.hint().contains(hint), "{refusal}: {}", refusal.hint());
    }
}

#[test]
fn what_is_believed_is_named_by_what_was_signed() {
    let envelope = sealed(manifest(), &[1, 2]);
    let verified = envelope.open::<ManifestMade>(&everything(), ONE, at(100)).expect("believed");
    assert_eq!(verified.digest(), envelope.digest());
    let owners: Vec<&str> = verified.signers().values().map(ledger::Identity::as_str).collect();
    assert_eq!(owners.into_iter().collect::<BTreeSet<_>>(), BTreeSet::from(["ada", "bob"]));
    assert_eq!(verified.statement().subjects(), [subject()]);
    assert_eq!(
        verified.statement().to_bytes(),
        Statement::new(vec![subject()], manifest()).expect("it has a subject").to_bytes()
    );
}

#[test]
fn a_refused_step_says_what_can_be_done() {
    let approvals = Missing::Approvals {
        lacking: [(word("tech_lead"), 2), (word("security"), 1)].into(),
        refused: [(artifact::Digest::of(b"x"), ledger::Uncounted::OwnWork(word("ada")))].into(),
    };
    let short = artifact::Digest::of(b"x").short();
    assert_eq!(
        approvals.to_string(),
        format!(
            "approvals are missing: 1 × security, 2 × tech_lead; {short} does not count: `ada` \
             approves his own work"
        )
    );
    let no_rule = Missing::NoRule(transition("PROPOSED", "PLANNED"));
    assert_eq!(no_rule.to_string(), "the policy has no rule for PROPOSED → PLANNED");
    let made = Missing::Made(open(&sealed(manifest(), &[7]), &everything()));
    for (missing, kind, hint) in [
        (approvals, ErrorKind::Conflict, "ask those who hold the roles"),
        (no_rule, ErrorKind::Config, "add the transition to the policy"),
        (made, ErrorKind::Config, "ask the publisher for the key"),
        (Missing::OtherBytes, ErrorKind::User, "approved anew"),
        (Missing::OtherStep, ErrorKind::User, "approved anew"),
        (Missing::NoWork(Kind::Approval), ErrorKind::User, "the signature of the manifest or plan"),
    ] {
        assert_eq!(missing.kind(), kind, "{missing}");
        assert!(missing.hint().contains(hint), "{missing}: {}", missing.hint());
    }
}

#[test]
fn a_decision_about_one_step_is_none_about_another() {
    let free = |from: &str, to: &str| (transition(from, to), ledger::Requirements::new());
    let rules = [free("PROPOSED", "PLANNED"), free("PLANNED", "EXECUTED")].into();
    let policy = ledger::ApprovalPolicy::new([].into(), rules).expect("it can be satisfied");
    let (made, scope, first) =
        (sealed(plan(), &[1]), word("project-1"), transition("PROPOSED", "PLANNED"));
    let step = ledger::Step { bytes: WORK, made: &made, scope: &scope, transition: &first };
    let keys = everything();
    let approved = || decide(&policy, &step, &[], &keys, at(100)).expect("it takes nobody");
    let effect = approved().take_effect(&policy, &step, &[], &keys, at(100)).expect("the same");
    assert_eq!(effect.digest(), &ledger::SubjectDigest::of(WORK));
    let second = transition("PLANNED", "EXECUTED");
    let other = ledger::Step { transition: &second, ..step };
    let effect = approved().take_effect(&policy, &other, &[], &keys, at(100));
    assert_eq!(effect, Err(Missing::OtherStep), "another transition");
    // Other bytes, of which somebody trusted says, too, that they were made.
    let bytes = b"operations: [x]\n";
    let about = vec![ledger::Subject::of(word("x"), bytes)];
    let statement = Statement::new(about, evidence()).expect("it has a subject");
    let made = Envelope::sign(&statement, &key(1)).expect("memory signs");
    let other = ledger::Step { bytes, made: &made, ..step };
    assert!(decide(&policy, &other, &[], &keys, at(100)).is_ok());
    let effect = approved().take_effect(&policy, &other, &[], &keys, at(100));
    assert_eq!(effect, Err(Missing::OtherStep), "other bytes");
}

#[test]
fn a_broken_log_says_what_is_wrong() {
    for (reason, text) in [
        (BreakReason::Unreadable(DocumentError::Form(3)), "not in canonical form from byte 3 on"),
        (BreakReason::Sequence { found: 7 }, "it has the number 7"),
        (BreakReason::Predecessor, "it follows on another entry"),
        (BreakReason::Head { size: 9 }, "whose head of 9 was kept"),
        (BreakReason::Missing { size: 9 }, "it is missing; there were 9 entries"),
        (BreakReason::Origin, "that of another log"),
    ] {
        let broken = LogBreak { position: 4, reason }.to_string();
        assert!(broken.starts_with("entry 4 does not fit: ") && broken.contains(text), "{broken}");
    }
    assert_eq!(
        Fork::Shorter { earlier: 3, size: 2 }.to_string(),
        "the log has 2 entries and had 3"
    );
}

#[test]
fn another_form_is_refused_where_it_differs() {
    let text = String::from_utf8(everything().write().expect("a document")).expect("UTF-8");
    for place in [1, 9, 40] {
        let other = format!("{} {}", &text[..place], &text[place..]);
        let error = TrustedKeys::read(other.as_bytes()).expect_err("another form");
        // A space within a text makes another value of it, which is refused for what it is.
        match error {
            DocumentError::Form(from) => assert_eq!(from, place),
            DocumentError::Unreadable(_) => assert_ne!(place, 1),
            other => panic!("{other:?}"),
        }
    }
    let mut log = AuditLog::begin(word("example.com/audit"));
    let event = Event::KeyCreated { key: key(1).public_key().id(), owner: word("ada") };
    let line = log.append(word("ada"), None, event, at(0)).expect("it fits");
    let other = [b"{ ", &line[1..]].concat();
    let broken = AuditLog::begin(word("example.com/audit")).accept(&other).expect_err("a space");
    assert_eq!(broken.reason, BreakReason::Unreadable(DocumentError::Form(1)));
}

#[test]
fn a_key_of_another_kind_is_refused_for_its_kind() {
    let text = key(1).public_key().document().expect("a key has a document");
    for (one, other) in [
        (r#""keytype":"ed25519""#, r#""keytype":"ed448""#),
        (r#""scheme":"ed25519""#, r#""scheme":"ed448""#),
    ] {
        match PublicKey::from_document(&text.replace(one, other)) {
            Err(KeyError::Document(why)) => assert!(why.contains("another kind"), "{why}"),
            read => panic!("{read:?}"),
        }
    }
}

#[test]
fn keys_are_ordered_and_shown_by_their_bytes() {
    let mut keys: Vec<PublicKey> = (1..9).map(|number| key(number).public_key()).collect();
    keys.sort();
    assert!(keys.is_sorted_by_key(|key| *key.as_bytes()));
    for (one, next) in keys.iter().zip(&keys[1..]) {
        assert!(one < next && one != next);
        assert_eq!(one.partial_cmp(next), Some(one.cmp(next)));
    }
    let digits = artifact::hex(keys[0].as_bytes());
    assert_eq!(format!("{:?}", keys[0]), format!("PublicKey({digits})"));
    assert_eq!(format!("{:?}", key(1)), format!("SigningKey(of {:?})", key(1).public_key()));
    let id = key(1).public_key().id();
    assert_eq!(format!("{id:?}"), id.to_string());
    let signature = Signature::from_bytes([7; 64]);
    assert_eq!(format!("{signature:?}"), format!("Signature({})", "07".repeat(64)));
    let text = key(1).to_pem().expect("a key has a file");
    assert_eq!(format!("{text:?}"), "SecretText");
    let word: ledger::Identity = word("ada");
    assert_eq!(format!("{word} {word:?}"), "ada \"ada\"");
    assert_eq!(transition("A", "B").to_string(), "A → B");
}

/// A service that signs with another version of its key, or not at all.
struct Service(Result<u8, SignerError>);

impl Signer for Service {
    fn sign(&self, message: &[u8]) -> Result<Signature, SignerError> {
        self.0.clone().and_then(|number| key(number).sign(message))
    }

    fn public_key(&self) -> PublicKey {
        key(1).public_key()
    }
}

#[test]
fn what_a_signer_gives_is_verified_before_it_is_believed() {
    let statement = Statement::new(vec![subject()], manifest()).expect("it has a subject");
    let head = AuditLog::begin(word("example.com/audit")).head();
    for (service, expected) in [
        (Service(Ok(2)), SignerError::Wrong),
        (
            Service(Err(SignerError::Refused("no".to_owned()))),
            SignerError::Refused("no".to_owned()),
        ),
    ] {
        assert_eq!(Envelope::sign(&statement, &service), Err(expected.clone().into()));
        assert_eq!(head.sign(&service), Err(expected.clone()));
        let mut envelope = sealed(manifest(), &[2]);
        assert_eq!(envelope.cosign(&service), Err(expected.into()));
        assert_eq!(envelope, sealed(manifest(), &[2]), "what was refused changed nothing");
    }
    assert!(Envelope::sign(&statement, &Service(Ok(1))).is_ok());
    for (error, kind, hint) in [
        (SignerError::Unavailable(String::new()), ErrorKind::Outside, "try again"),
        (SignerError::Refused(String::new()), ErrorKind::User, "whether you may sign"),
        (SignerError::Wrong, ErrorKind::Outside, "which version of the key"),
    ] {
        assert_eq!(error.kind(), kind);
        assert!(error.hint().contains(hint), "{error}");
    }
}

#[test]
fn an_approval_counts_from_its_very_first_moment() {
    // That it counts until its last, and not at its end, is tried beside the other rules.
    let given = |from: Timestamp| {
        let mut approval = crate::scene::approval();
        (approval.approver, approval.given_at) = (word("bob"), from);
        sealed(approval, &[2])
    };
    let rules =
        [(transition("PROPOSED", "PLANNED"), [(word("tech_lead"), NonZeroU32::MIN)].into())];
    let holders = [(word("tech_lead"), BTreeSet::from([word("bob")]))];
    let policy =
        ledger::ApprovalPolicy::new(holders.into(), rules.into()).expect("it can be satisfied");
    let (made, scope, first) =
        (sealed(plan(), &[1]), word("project-1"), transition("PROPOSED", "PLANNED"));
    let step = ledger::Step { bytes: WORK, made: &made, scope: &scope, transition: &first };
    for (from, counts) in [(99, true), (100, true), (101, false)] {
        let decided = decide(&policy, &step, &[given(at(from))], &everything(), at(100));
        assert_eq!(decided.is_ok(), counts, "{from}");
    }
}
