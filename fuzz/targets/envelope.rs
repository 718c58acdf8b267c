//! An envelope that can be read is the one that would be written; and a payload that a trusted key
//! signed is believed only as the one kind that it is, in its one form.

#![no_main]

use std::num::NonZeroUsize;
use std::sync::LazyLock;

use artifact::Timestamp;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ledger::{
    ApprovalGiven, CheckpointTaken, Envelope, EvidenceGathered, Grant, Kind, ManifestMade,
    Namespaces, PlanMade, Predicate, Signer as _, SigningKey, TrustedKey, TrustedKeys, Verified,
};

static KEY: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::from_seed(&[1; 32]));
static TRUSTED: LazyLock<TrustedKeys> = LazyLock::new(|| {
    let time = |seconds| Timestamp::from_unix_seconds(seconds).expect("in range");
    let mut keys = TrustedKeys::new();
    let kinds = Kind::STATEMENTS.into_iter().collect();
    keys.trust(TrustedKey {
        expires: time(2_000_000_000),
        grants: vec![Grant { kinds, namespaces: Namespaces::Any }],
        key: KEY.public_key(),
        not_before: time(0),
        owner: "ada".parse().expect("an identity"),
        revoked_at: None,
    })
    .expect("the key is new");
    keys
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(envelope) = Envelope::read(bytes) {
        assert_eq!(envelope.write().expect("it was read"), bytes);
        opened(&envelope);
    }
    for kind in Kind::STATEMENTS {
        let Ok(envelope) = Envelope::read(signed(kind, bytes).as_bytes()) else { continue };
        assert_eq!(envelope.kind(), kind);
        if let Some(statement) = opened(&envelope) {
            assert_eq!(statement, bytes);
        }
    }
});

/// The bytes of the statement in an envelope, if it is believed.
fn opened(envelope: &Envelope) -> Option<Vec<u8>> {
    let all = [
        as_kind::<ManifestMade>(envelope),
        as_kind::<PlanMade>(envelope),
        as_kind::<ApprovalGiven>(envelope),
        as_kind::<CheckpointTaken>(envelope),
        as_kind::<EvidenceGathered>(envelope),
    ];
    let mut believed = all.into_iter().flatten();
    let (kind, statement) = believed.next()?;
    assert_eq!(kind, envelope.kind());
    assert!(believed.next().is_none(), "it is believed as two kinds");
    Some(statement)
}

fn as_kind<P: Predicate>(envelope: &Envelope) -> Option<(Kind, Vec<u8>)> {
    let now = Timestamp::from_unix_seconds(1_700_000_000).expect("in range");
    let verified: Verified<P> = envelope.open(&TRUSTED, NonZeroUsize::MIN, now).ok()?;
    Some((P::KIND, verified.statement().to_bytes().expect("it was read")))
}

/// An envelope around these bytes, whatever they are, with a good signature.
fn signed(kind: Kind, payload: &[u8]) -> String {
    let payload_type = kind.payload_type();
    let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len());
    let signature = KEY.sign(&[head.as_bytes(), payload].concat()).expect("memory signs");
    format!(
        r#"{{"payload":"{}","payloadType":"{payload_type}","signatures":[{{"keyid":"{}","sig":"{}"}}]}}"#,
        STANDARD.encode(payload),
        KEY.public_key().id(),
        STANDARD.encode(signature.as_bytes())
    )
}
