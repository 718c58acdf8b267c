//! A log that hangs together is the one that would be written for its entries, and a head that is
//! believed is the one that would be signed.

#![no_main]

use std::sync::LazyLock;

use ledger::{AuditLog, Origin, PublicKey, Signer as _, SigningKey, TreeHead};

static ORIGIN: LazyLock<Origin> =
    LazyLock::new(|| "example.com/audit".parse().expect("the name of a log"));
static KEY: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::from_seed(&[1; 32]));
static PUBLIC: LazyLock<[PublicKey; 1]> = LazyLock::new(|| [KEY.public_key()]);

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(head) = TreeHead::open(bytes, &ORIGIN, &*PUBLIC) {
        let note = head.sign(&*KEY).expect("memory signs");
        assert!(bytes.starts_with(head.to_string().as_bytes()), "{note}");
    }
    let (mut log, mut again) = (AuditLog::begin(ORIGIN.clone()), AuditLog::begin(ORIGIN.clone()));
    for line in bytes.split(|byte| *byte == b'\n') {
        let Ok(entry) = log.accept(line) else { return };
        let written = again.append(entry.actor, entry.run, entry.event, entry.timestamp);
        assert_eq!(written.expect("it was read"), line);
        assert_eq!(log, again);
    }
    let verified = AuditLog::verify(&ORIGIN, bytes.split(|byte| *byte == b'\n'), &[log.head()]);
    assert_eq!(verified.as_ref(), Ok(&log));
});
