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
    let twice = theirs.create("release", &trust("other")).expect_err("there is one");
    assert!(matches!(twice, KeyringError::Exists(_)));
    let key = made.key.public_key();
    let id = keyring.trust(key, &trust("acme")).expect("trusted").id;
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

#[test]
fn a_key_of_a_machine_that_counts_no_more_is_replaced_and_kept_for_looking_up() {
    let (folder, keyring) = on_disk();
    let mut before = keyring.local(&owner("local:ada"), moment(5)).expect("made");
    for number in 1..=3 {
        let id = before.key.public_key().id();
        keyring.revoke(id, moment(6)).expect("revoked");
        if number == 2 {
            // It was revoked because others could read it.
            let file = folder.path().join("keys/private/local.pem");
            let mode = std::fs::Permissions::from_mode(0o644);
            std::fs::set_permissions(file, mode).expect("a mode");
        }
        let next = keyring.local(&owner("local:ada"), moment(7)).expect("another");
        assert!(next.is_new && next.name == LOCAL_KEY);
        assert_ne!(next.key.public_key(), before.key.public_key());
        let again = keyring.local(&owner("local:ada"), moment(8)).expect("the same");
        assert_eq!(again.key.public_key(), next.key.public_key());
        assert_eq!(keyring.names().expect("names").len(), number + 1);
        assert_eq!(keyring.machine().expect("a list").len(), number + 1);
        if number == 1 {
            let name = format!("{LOCAL_KEY}-{}", &id.to_string()[..16]);
            let old = keyring.private(&name).expect("it is kept");
            assert_eq!(old.public_key(), before.key.public_key());
        }
        before = next;
    }
    let (_other, expiring) = on_disk();
    let first = expiring.local(&owner("local:ada"), moment(5)).expect("made");
    let late = expiring.local(&owner("local:ada"), moment(200 * 365 * 86_400)).expect("made");
    assert_ne!(first.key.public_key(), late.key.public_key());
    let (_third, fresh) = on_disk();
    let reserved = fresh.create(LOCAL_KEY, &trust("acme")).expect_err("onx makes it");
    assert!(matches!(reserved, KeyringError::Reserved), "{reserved:?}");
    assert!(fresh.local(&owner("local:ada"), moment(5)).expect("made").is_new);
    assert_eq!(fresh.machine().expect("a list").len(), 1);
    fresh
        .create("heads", &Trust { kinds: [Kind::TreeHead].into(), ..trust("acme") })
        .expect("made");
    assert_eq!(fresh.machine().expect("a list").len(), 1, "it is a key for something else");
}

#[test]
fn keys_without_a_list_are_not_trusted_for_being_there() {
    let (folder, keyring) = on_disk();
    let made = keyring.local(&owner("local:ada"), moment(5)).expect("made");
    let id = made.key.public_key().id();
    keyring.revoke(id, moment(6)).expect("revoked");
    std::fs::remove_file(folder.path().join("keys/trusted.json")).expect("a list");
    let lost = [
        keyring.local(&owner("local:ada"), moment(7)).map(drop),
        keyring.trusted().map(drop),
        keyring.create("release", &trust("acme")).map(drop),
        keyring.trust(made.key.public_key(), &trust("acme")).map(drop),
    ];
    for lost in lost {
        let error = lost.expect_err("nobody knows what was revoked");
        assert!(matches!(error, KeyringError::Unlisted(_)), "{error:?}");
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.hint().contains("what was revoked is lost"), "{}", error.hint());
    }
    assert!(!folder.path().join("keys/trusted.json").exists());
}

#[test]
fn what_is_said_twice_is_done_once() {
    let (_folder, keyring) = on_disk();
    let later = |seconds| Trust {
        not_before: moment(seconds),
        expires: moment(seconds + 100),
        ..trust("acme")
    };
    let made = keyring.create("release", &trust("acme")).expect("made");
    let again = keyring.create("release", &later(3)).expect("the same");
    assert!(made.is_new && !again.is_new);
    assert_eq!(made.key.public_key(), again.key.public_key());
    let other = keyring.create("release", &trust("other")).expect_err("another grant");
    assert!(matches!(other, KeyringError::Exists(_)), "{other:?}");
    let (_other, theirs) = on_disk();
    let key = made.key.public_key();
    assert!(theirs.trust(key, &trust("acme")).expect("trusted").is_new);
    assert!(!theirs.trust(key, &later(3)).expect("trusted before").is_new);
    let wider = theirs.trust(key, &trust("other")).expect_err("another grant");
    assert_eq!(wider.kind(), ErrorKind::Conflict);
    assert!(theirs.trust(key, &later(100)).is_err(), "it has expired by then");
    theirs.revoke(key.id(), moment(5)).expect("revoked");
    assert!(theirs.trust(key, &trust("acme")).is_err(), "it was revoked");
}
