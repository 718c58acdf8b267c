//! The suite's `test_file_download.py`.

use registry::RoleError;
use registry::roles::{Hashes, TargetFile};
use sha2::{Digest as _, Sha512};

use super::simulator::{ONLINE, Simulator, TestClient};

const CONTENT: &[u8] = b"target file contents";

fn with_target(path: &str) -> (Simulator, TestClient) {
    let mut registry = Simulator::new();
    registry.add_target("targets", CONTENT, path);
    registry.publish(&ONLINE);
    let client = TestClient::new(&registry);
    (registry, client)
}

#[test]
fn a_target_is_what_was_published() {
    let (registry, mut client) = with_target("target_file.txt");
    let bytes = client.download(&registry, "target_file.txt").expect("signed");
    assert_eq!(bytes.as_deref(), Some(CONTENT));
}

#[test]
fn a_target_may_lie_in_folders() {
    let (registry, mut client) = with_target("path/to/a/target_file.txt");
    let bytes = client.download(&registry, "path/to/a/target_file.txt").expect("signed");
    assert_eq!(bytes.as_deref(), Some(CONTENT));
}

#[test]
fn other_bytes_under_the_name_of_a_target_are_refused() {
    let (mut registry, mut client) = with_target("target_file.txt");
    registry.add_target("targets", b"content", "another_target_file.txt");
    registry.publish(&ONLINE);
    client.download(&registry, "target_file.txt").expect("signed");
    for wrong in [&b"malicious data - should not download"[..], b"CONTENT", b""] {
        registry.change_targets(wrong);
        for path in ["target_file.txt", "another_target_file.txt"] {
            let error = client.download(&registry, path).expect_err("other bytes");
            assert!(matches!(error, RoleError::Bytes { .. }), "{error}");
        }
    }
}

#[test]
fn a_target_changes_only_with_what_is_signed() {
    let (mut registry, mut client) = with_target("target_file.txt");
    for round in 0..11 {
        let modified = format!("modified file contents {round}");
        registry.add_target("targets", modified.as_bytes(), "target_file.txt");
        registry.add_target("targets", b"new", &format!("new-target-{round}"));
        registry.publish(&ONLINE);
        if round % 5 != 0 {
            continue;
        }
        let bytes = client.download(&registry, "target_file.txt").expect("signed");
        assert_eq!(bytes.as_deref(), Some(modified.as_bytes()));
        let new = client.download(&registry, &format!("new-target-{round}")).expect("signed");
        assert_eq!(new.as_deref(), Some(&b"new"[..]));
        let kept = registry.files.clone();
        registry.change_targets(format!("malicious contents {round}").as_bytes());
        registry.publish(&ONLINE);
        assert!(client.download(&registry, "target_file.txt").is_err());
        let targets = kept.into_iter().filter(|(name, _)| name.starts_with("targets/"));
        registry.files.extend(targets);
    }
}

fn with_digests(digests: &[(&str, String)]) -> (Simulator, TestClient) {
    let (mut registry, client) = with_target("target_file.txt");
    let hashes = digests.iter().map(|(name, digest)| ((*name).to_owned(), digest.clone()));
    let hashes = Hashes(hashes.collect());
    if let Some(digest) = hashes.name() {
        registry.serve_target("target_file.txt", digest, CONTENT);
    }
    let file = TargetFile { hashes, ..TargetFile::of(CONTENT) };
    let targets = registry.targets.get_mut("targets").expect("there");
    targets.targets.insert("target_file.txt".to_owned(), file);
    registry.publish(&ONLINE);
    (registry, client)
}

fn sha512() -> String {
    Sha512::digest(CONTENT).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn sha256() -> String {
    artifact::Sha256::of(CONTENT).hex()
}

#[test]
fn both_digests_of_the_suite_are_known() {
    for digests in [
        &[("sha256", sha256())][..],
        &[("sha512", sha512())],
        &[("sha256", sha256()), ("sha512", sha512())],
        &[("sha256", sha256()), ("unknown-hash", "00".to_owned())],
    ] {
        let (registry, mut client) = with_digests(digests);
        let bytes = client.download(&registry, "target_file.txt").expect("a known digest");
        assert_eq!(bytes.as_deref(), Some(CONTENT));
    }
}

#[test]
fn a_digest_that_is_wrong_beside_a_right_one_is_refused() {
    let (registry, mut client) = with_digests(&[("sha256", sha256()), ("sha512", "00".repeat(64))]);
    let error = client.download(&registry, "target_file.txt").expect_err("a wrong digest");
    assert!(matches!(error, RoleError::Bytes { .. }), "{error}");
}

#[test]
fn a_target_without_a_known_digest_is_refused() {
    let (registry, mut client) = with_digests(&[("unknown-hash", sha512())]);
    let error = client.download(&registry, "target_file.txt").expect_err("no known digest");
    assert!(matches!(error, RoleError::Bytes { .. }), "{error}");
}

#[test]
fn the_same_holds_where_names_hold_no_digest() {
    let (mut registry, mut client) = with_digests(&[("unknown-hash", sha512())]);
    registry.root.consistent_snapshot = false;
    registry.publish(&["root"]);
    registry.files.insert("targets/target_file.txt".to_owned(), CONTENT.to_vec());
    let error = client.download(&registry, "target_file.txt").expect_err("no known digest");
    assert!(matches!(error, RoleError::Bytes { .. }), "{error}");
}
