//! Who may sign what, where and when.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;

use artifact::Timestamp;
use ledger::{
    Envelope, Grant, Kind, ManifestMade, Namespaces, OpenError, Refusal, Signer as _, TrustError,
    TrustedKeys, Verified,
};

use crate::scene::{ONE, at, everything, key, manifest, sealed, trusted, word};

fn open(
    envelope: &Envelope,
    keys: &TrustedKeys,
    wanted: NonZeroUsize,
    now: Timestamp,
) -> Result<Verified<ManifestMade>, OpenError> {
    envelope.open(keys, wanted, now)
}

fn refusal(envelope: &Envelope, keys: &TrustedKeys, now: Timestamp) -> Refusal {
    match open(envelope, keys, ONE, now) {
        Err(OpenError::Signers { counted: 0, mut refused, .. }) => {
            refused.pop_first().expect("there is a reason").1
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_key_is_trusted_from_its_beginning_to_its_end() {
    let (keys, envelope) = (everything(), sealed(manifest(), &[1]));
    for (now, believed) in [(-1, false), (0, true), (999, true), (1000, false), (5000, false)] {
        assert_eq!(open(&envelope, &keys, ONE, at(now)).is_ok(), believed, "{now}");
    }
    assert_eq!(refusal(&envelope, &keys, at(-1)), Refusal::NotYet(at(0)));
    assert_eq!(refusal(&envelope, &keys, at(1000)), Refusal::Expired(at(1000)));
}

#[test]
fn a_revoked_key_is_not_trusted_even_with_what_it_signed_before() {
    let (mut keys, envelope) = (everything(), sealed(manifest(), &[1]));
    let id = key(1).public_key().id();
    keys.revoke(id, at(50)).expect("it is known");
    // Nor by a clock that was set back.
    for now in [-1, 0, 49, 50, 51] {
        assert_eq!(refusal(&envelope, &keys, at(now)), Refusal::Revoked(at(50)), "{now}");
    }
    // It stays revoked, whatever is tried.
    keys.revoke(id, at(80)).expect("it is known");
    assert_eq!(refusal(&envelope, &keys, at(60)), Refusal::Revoked(at(50)));
    let again = keys.trust(trusted(1, "ada", &[Kind::Manifest]));
    assert_eq!(again, Err(TrustError::Known(id)));
    assert_eq!(refusal(&envelope, &keys, at(2000)), Refusal::Revoked(at(50)));
    let unknown = key(9).public_key().id();
    assert_eq!(keys.revoke(unknown, at(1)), Err(TrustError::Unknown(unknown)));
}

#[test]
fn a_key_signs_only_in_its_namespaces_and_kinds() {
    let mut elsewhere = manifest();
    elsewhere.namespace = word("core2");
    let envelope = sealed(elsewhere, &[1]);
    assert_eq!(
        refusal(&envelope, &everything(), at(100)),
        Refusal::WrongNamespace { kind: Kind::Manifest, namespace: word("core2") }
    );
    let mut keys = TrustedKeys::new();
    keys.trust(trusted(1, "ada", &[Kind::Approval, Kind::Plan])).expect("the key is new");
    let envelope = sealed(manifest(), &[1]);
    assert_eq!(refusal(&envelope, &keys, at(100)), Refusal::WrongKind(Kind::Manifest));
    assert_eq!(refusal(&envelope, &TrustedKeys::new(), at(100)), Refusal::UnknownKey);
    // Two grants do not mix: manifests here and plans there are no manifests there.
    let mut mixed = trusted(1, "ada", &[Kind::Plan]);
    let namespaces = Namespaces::Only(BTreeSet::from([word("other")]));
    mixed.grants.push(Grant { kinds: BTreeSet::from([Kind::Manifest]), namespaces });
    let mut keys = TrustedKeys::new();
    keys.trust(mixed).expect("the key is new");
    assert!(matches!(
        refusal(&envelope, &keys, at(100)),
        Refusal::WrongNamespace { kind: Kind::Manifest, .. }
    ));
    let mut anywhere = trusted(1, "ada", &[]);
    let kinds = BTreeSet::from([Kind::Manifest]);
    anywhere.grants.push(Grant { kinds, namespaces: Namespaces::Any });
    let mut keys = TrustedKeys::new();
    keys.trust(anywhere).expect("the key is new");
    assert!(open(&envelope, &keys, ONE, at(100)).is_ok());
}

#[test]
fn as_many_distinct_trusted_keys_as_wanted_must_have_signed() {
    let two = NonZeroUsize::new(2).expect("not zero");
    let keys = everything();
    assert!(open(&sealed(manifest(), &[1]), &keys, two, at(100)).is_err());
    assert!(open(&sealed(manifest(), &[1, 1]), &keys, two, at(100)).is_err());
    let both = open(&sealed(manifest(), &[1, 2]), &keys, two, at(100)).expect("two signed");
    assert_eq!(both.signers().len(), 2);
    assert_eq!(both.statement().predicate(), &manifest());
    // A stranger's signature neither helps nor hurts.
    assert!(open(&sealed(manifest(), &[1, 7]), &keys, two, at(100)).is_err());
    assert!(open(&sealed(manifest(), &[1, 2, 7]), &keys, two, at(100)).is_ok());
    let mut revoked = everything();
    revoked.revoke(key(2).public_key().id(), at(5)).expect("it is known");
    match open(&sealed(manifest(), &[1, 2]), &revoked, two, at(100)) {
        Err(OpenError::Signers { counted: 1, refused, .. }) => {
            assert_eq!(refused[&key(2).public_key().id()], Refusal::Revoked(at(5)));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn trusted_keys_have_one_document() {
    let mut keys = everything();
    keys.revoke(key(2).public_key().id(), at(9)).expect("it is known");
    let bytes = keys.write().expect("it has a document");
    assert_eq!(TrustedKeys::read(&bytes), Ok(keys.clone()));
    assert_eq!(keys.iter().filter(|(id, trusted)| trusted.key.id() == **id).count(), 2);
    let text = String::from_utf8(bytes).expect("UTF-8");
    assert!(text.starts_with(r#"{"format":"onx/trusted-keys/1","keys":[{"expires":"#), "{text}");
    let value: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
    let (one, two) = (value["keys"][0].to_string(), value["keys"][1].to_string());
    for other in [
        text.replace("trusted-keys/1", "trusted-keys/2"),
        text.replace(&format!("{one},{two}"), &format!("{two},{one}")),
        text.replace(&format!("{one},{two}"), &format!("{one},{one}")),
        text.replace(r#""owner":"bob""#, r#""owner":"bob","revoked_at":null"#),
        text.replace("\"manifest\"", "\"manifests\""),
        text.replace("\"core\"", "\"Core\""),
        format!("{text}\n"),
    ] {
        assert_ne!(other, text);
        assert!(TrustedKeys::read(other.as_bytes()).is_err(), "{other}");
    }
}
