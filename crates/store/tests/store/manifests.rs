//! What is known about manifests, and where they were applied.

use artifact::{Digest, uuid_from_digest};
use serde_json::json;
use store::{ApplicationRow, ManifestRecord, OperationRecord, StoreError};

use crate::scene::{Scene, everywhere, moment};

fn id(name: &str) -> uuid::Uuid {
    uuid_from_digest(&Digest::of(name.as_bytes()))
}

fn manifest(name: &str, seconds: i64) -> ManifestRecord {
    ManifestRecord {
        id: id(name),
        from_version: "2.8.0".to_owned(),
        to_version: "3.0.0".to_owned(),
        created_at: moment(seconds),
        manifest_uri: format!("file:///{name}.yaml"),
        checksum: Digest::of(name.as_bytes()).hex(),
        operation_count: 2,
        confidence_avg: 0.1 + 0.2,
        status: "draft".to_owned(),
        metadata: None,
    }
}

fn operation(of: &ManifestRecord, place: u32) -> OperationRecord {
    OperationRecord {
        id: id(&format!("{} {place}", of.id)),
        manifest_id: of.id,
        operation_type: "rename.symbol".to_owned(),
        operation_data: json!({ "from": "a.b", "to": "a.c" }),
        confidence: 0.9,
        evidence: json!([{ "kind": "alias", "at": 3 }]),
        sequence_order: place,
    }
}

fn application(name: &str, package: &str, seconds: i64) -> ApplicationRow {
    ApplicationRow {
        id: id(name),
        manifest_id: id("a manifest from elsewhere"),
        package_name: package.to_owned(),
        applied_at: moment(seconds),
        applied_by: None,
        success: false,
        operations_applied: 3,
        operations_failed: 1,
        rollback_checkpoint: Some("checkpoint-1".to_owned()),
        logs: Some(json!({ "lines": ["one"] })),
    }
}

everywhere!(a_manifest_is_kept_with_its_operations);
fn a_manifest_is_kept_with_its_operations(scene: &Scene) {
    let store = scene.store();
    let (first, second) = (manifest("later", 9), manifest("earlier", 3));
    let operations = [operation(&first, 2), operation(&first, 1)];
    store.put_manifest(&first, &operations).expect("kept");
    store.put_manifest(&second, &[]).expect("kept");
    assert_eq!(store.manifests().expect("read"), [second.clone(), first.clone()]);
    let [last, front] = operations;
    let known = store.manifest(first.id).expect("read").expect("there");
    assert_eq!(known, (first.clone(), vec![front, last]));
    assert_eq!(store.manifest(id("nowhere")).expect("read"), None);
    // The same again may have moved, or be published by now.
    let published = ManifestRecord {
        status: "published".to_owned(),
        metadata: Some(json!({ "by": "ada" })),
        ..first.clone()
    };
    store.put_manifest(&published, &known.1).expect("the same manifest");
    assert_eq!(store.manifest(first.id).expect("read"), Some((published, known.1)));
}

everywhere!(another_manifest_under_a_known_id_is_refused);
fn another_manifest_under_a_known_id_is_refused(scene: &Scene) {
    let store = scene.store();
    let known = manifest("known", 0);
    store.put_manifest(&known, &[operation(&known, 1)]).expect("kept");
    let changed = ManifestRecord { checksum: "0".repeat(64), ..known.clone() };
    let refused = store.put_manifest(&changed, &[]);
    assert!(matches!(refused, Err(StoreError::ManifestExists(_))), "{refused:?}");
    let other = manifest("other", 0);
    let astray = store.put_manifest(&other, &[operation(&known, 7)]);
    assert!(matches!(astray, Err(StoreError::Operation { .. })), "{astray:?}");
    let taken = OperationRecord { manifest_id: other.id, ..operation(&known, 1) };
    let twice = store.put_manifest(&other, &[operation(&other, 1), taken]);
    assert!(matches!(twice, Err(StoreError::Operation { .. })), "{twice:?}");
    assert_eq!(store.manifests().expect("read"), [known], "what was refused left nothing");
}

everywhere!(what_is_too_long_for_a_column_is_refused);
fn what_is_too_long_for_a_column_is_refused(scene: &Scene) {
    let store = scene.store();
    let fitting = ManifestRecord { to_version: "ä".repeat(50), ..manifest("fits", 0) };
    store.put_manifest(&fitting, &[]).expect("fifty characters");
    let long = ManifestRecord { to_version: "ä".repeat(51), ..manifest("long", 0) };
    let refused = store.put_manifest(&long, &[]).expect_err("one too many");
    assert_eq!(refused.to_string(), "the `to_version` is too long: it takes 50 characters");
    let many = ManifestRecord { operation_count: u32::MAX, ..manifest("many", 0) };
    assert!(matches!(store.put_manifest(&many, &[]), Err(StoreError::TooLong { .. })));
    let applied = application("one", &"p".repeat(201), 0);
    assert!(matches!(store.put_application(&applied), Err(StoreError::TooLong { .. })));
}

everywhere!(an_application_is_kept_whoever_has_its_manifest);
fn an_application_is_kept_whoever_has_its_manifest(scene: &Scene) {
    let store = scene.store();
    let second = application("second", "billing", 5);
    let first = ApplicationRow {
        applied_by: Some("ada".to_owned()),
        success: true,
        rollback_checkpoint: None,
        logs: None,
        ..application("first", "shop", 1)
    };
    for row in [&second, &first] {
        store.put_application(row).expect("kept");
    }
    let again = ApplicationRow { success: true, ..second.clone() };
    store.put_application(&again).expect("it is known");
    assert_eq!(store.applications(None).expect("read"), [first, second.clone()]);
    assert_eq!(store.applications(Some("billing")).expect("read"), [second]);
    assert_eq!(store.applications(Some("nobody")).expect("read"), []);
}
