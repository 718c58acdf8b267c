//! The keys of a user, on a disk.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use artifact::ErrorKind;
use host::{DiskFiles, Fault, FaultyFiles, MemoryFiles};
use ledger::{Identity, Kind, Namespaces, Refusal, Signer as _};
use store::{Keyring, KeyringError, LOCAL_KEY, Trust};

use crate::scene::moment;

fn owner(text: &str) -> Identity {
    text.parse().expect("an identity")
}

fn trust(namespace: &str) -> Trust {
    Trust {
        owner: owner("ada@example.org"),
        kinds: [Kind::Manifest].into(),
        namespaces: Namespaces::Only([namespace.parse().expect("a namespace")].into()),
        not_before: moment(0),
        expires: moment(100),
    }
}

fn on_disk() -> (tempfile::TempDir, Keyring) {
    let folder = tempfile::tempdir().expect("a folder");
    let keyring = Keyring::new(Arc::new(DiskFiles), folder.path().join("keys"));
    (folder, keyring)
}

#[test]
fn the_key_of_a_machine_is_made_once_and_trusted_there() {
    let (folder, keyring) = on_disk();
    let first = keyring.local(&owner("local:ada"), moment(5)).expect("made");
    assert!(first.is_new);
    let again = keyring.local(&owner("local:eve"), moment(6)).expect("found");
    assert!(!again.is_new);
    assert_eq!(again.owner.as_str(), "local:ada", "who holds it was said when it was made");
    assert_eq!(again.key.public_key(), first.key.public_key());
    let file = folder.path().join("keys/private/local.pem");
    let mode = std::fs::metadata(&file).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let trusted = keyring.trusted().expect("a list");
    let id = first.key.public_key().id();
    let anywhere = "acme".parse().expect("a namespace");
    assert!(trusted.check(&id, Kind::Checkpoint, &anywhere, moment(5)).is_ok());

    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).expect("a mode");
    let exposed = keyring.local(&owner("local:ada"), moment(7)).expect_err("others can read it");
    assert!(matches!(exposed, KeyringError::Exposed(_)));
    assert_eq!(exposed.kind(), ErrorKind::Config);
}

#[test]
fn keys_are_trusted_for_what_was_said_and_revoked_for_good() {
    let (_folder, keyring) = on_disk();
    let (_other, theirs) = on_disk();
    let made = theirs.create("release", &trust("acme")).expect("made");
    let twice = theirs.create("release", &trust("acme")).expect_err("there is one");
    assert!(matches!(twice, KeyringError::Exists(_)));
    let key = made.key.public_key();
    let id = keyring.trust(key, &trust("acme")).expect("trusted");
    assert_eq!(theirs.names().expect("names"), ["release"]);
    assert_eq!(keyring.names().expect("names"), [] as [String; 0]);
    let check = |namespace: &str, at| {
        let namespace = namespace.parse().expect("a namespace");
        let trusted = keyring.trusted().expect("a list");
        trusted.check(&id, Kind::Manifest, &namespace, moment(at)).map(drop)
    };
    assert_eq!(check("acme", 50), Ok(()));
    assert!(matches!(check("core", 50), Err(Refusal::WrongNamespace { .. })));
    assert!(matches!(check("acme", 100), Err(Refusal::Expired(_))));
    keyring.revoke(id, moment(60)).expect("revoked");
    assert!(matches!(check("acme", 61), Err(Refusal::Revoked(_))));
    let back = keyring.trust(key, &trust("acme")).expect_err("it was revoked");
    assert_eq!(back.kind(), ErrorKind::Conflict);
}

#[test]
fn what_is_no_key_is_told() {
    let (folder, keyring) = on_disk();
    for name in ["", "../x", "A", "a/b", "a.pem"] {
        let wrong = keyring.private(name).expect_err(name);
        assert!(matches!(wrong, KeyringError::Name(_)), "{wrong}");
    }
    assert!(matches!(keyring.private("none"), Err(KeyringError::Missing(_))));
    keyring.create("bad", &trust("acme")).expect("made");
    let file = folder.path().join("keys/private/bad.pem");
    std::fs::write(&file, "-----BEGIN PRIVATE KEY-----\n").expect("written");
    assert!(matches!(keyring.private("bad"), Err(KeyringError::Unusable { .. })));
    let list = folder.path().join("keys/trusted.json");
    let mut text = std::fs::read_to_string(&list).expect("a list");
    text.push(' ');
    std::fs::write(&list, text).expect("written");
    let damaged = keyring.trusted().expect_err("another form");
    assert!(matches!(damaged, KeyringError::Damaged { .. }));
}

#[test]
fn whatever_fails_while_it_is_made_the_key_is_whole_or_made_again() {
    for fault in [Fault::Full, Fault::StopBefore, Fault::StopAfter, Fault::StopWithin] {
        for at in 1.. {
            let disk = MemoryFiles::new();
            let faulty = Arc::new(FaultyFiles::new(disk.clone(), at, fault));
            let broken = Keyring::new(faulty.clone(), Path::new("/keys"));
            let first = broken.local(&owner("local:ada"), moment(5));
            let whole = Keyring::new(Arc::new(disk), Path::new("/keys"));
            let later = whole.local(&owner("local:ada"), moment(5)).expect("a key");
            assert_eq!(later.name, LOCAL_KEY);
            if let Ok(first) = first {
                assert_eq!(first.key.public_key(), later.key.public_key(), "{fault:?} at {at}");
            }
            let trusted = whole.trusted().expect("a list");
            assert_eq!(trusted.iter().count(), 1, "{fault:?} at {at}");
            if !faulty.has_struck() {
                break;
            }
        }
    }
}
