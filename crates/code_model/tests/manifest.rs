//! Reading, checking and writing manifests.

#![expect(
    clippy::expect_used,
    reason = "tests make and read folders of their own, and stop at the first surprise"
)]

use code_model::manifest::{Manifest, ManifestError, application_order};
use code_model::operation::{Change, Operation};
use proptest::prelude::*;

const FULL: &str = include_str!("manifests/full.yaml");
const COMPACT: &str = include_str!("manifests/compact.yaml");

fn read(text: &str) -> Manifest {
    Manifest::read(text.as_bytes()).expect("a valid manifest")
}

fn error(text: &str) -> String {
    Manifest::read(text.as_bytes()).expect_err("an invalid manifest").to_string()
}

#[test]
fn the_full_form_is_read_as_written() {
    let manifest = read(FULL);
    assert_eq!(manifest.metadata.from_version, "0.9.0");
    assert_eq!(manifest.metadata.packages.len(), 1);
    assert_eq!(manifest.summary.manual_review_required, 3);
    assert_eq!(manifest.operations[1].dependencies[0].0, "OP001");
    let Change::ArgRename { callable, parameter, .. } = &manifest.operations[2].change else {
        panic!("{:?}", manifest.operations[2].change);
    };
    assert_eq!(callable.as_str(), "omninode.utils.io.read_file_text");
    assert_eq!((&*parameter.to, parameter.default.as_deref()), ("codec", Some("utf-8")));
}

#[test]
fn the_compact_form_says_the_same_as_the_full_one() {
    let (full, compact) = (read(FULL), read(COMPACT));
    assert_eq!(compact.metadata.to_version, "1.0.0");
    assert_eq!(compact.operations[2].evidence.callsites_found, Some(37));
    assert!((compact.operations[2].confidence.overall - 0.98).abs() < 1e-9);
    for (a, b) in full.operations.iter().zip(&compact.operations) {
        assert_eq!(a.change, b.change);
    }
}

#[test]
fn a_checksum_covers_everything_else() {
    let sealed = read(FULL).sealed();
    assert_eq!(sealed.checksum, Some(sealed.expected_checksum()));
    assert_eq!(read(&sealed.write()), sealed);
    assert_eq!(sealed.clone().sealed(), sealed);
    let mut edited = sealed.clone();
    edited.operations[0].confidence.overall = 0.5;
    assert_ne!(edited.checksum, Some(edited.expected_checksum()));
    let mut extended = sealed;
    extended.extensions.insert("x-reviewer".to_owned(), "somebody".into());
    assert_ne!(extended.checksum, Some(extended.expected_checksum()));
}

#[test]
fn writing_is_stable_and_reads_back_equal() {
    for text in [FULL, COMPACT] {
        let manifest = read(text);
        let written = manifest.write();
        let again = read(&written);
        assert_eq!(again, manifest);
        assert_eq!(again.write(), written);
        assert_eq!(again.digest(), manifest.digest());
    }
}

#[test]
fn fields_are_written_in_the_order_of_the_format() {
    let written = read(FULL).write();
    let lines: Vec<&str> = written.lines().collect();
    assert_eq!(lines[0], "manifest_version: 1");
    let start = lines.iter().position(|line| line.contains("OP002")).expect("the operation");
    let expected = "  - id: \"OP002\"
    kind: \"rename.symbol\"
    sequence: 2
    dependencies: [\"OP001\"]
    match:
      module: \"omninode.validators.base\"
      from: \"BaseValidator\"
      to: \"ValidatorBase\"
    evidence:
      method: \"ast_similarity\"
      detection: \"automatic\"
      ast_similarity: 0.98";
    assert_eq!(lines[start..start + 12].join("\n"), expected);
}

#[test]
fn versions_that_look_like_numbers_stay_texts() {
    let manifest = read("manifest_version: 1\nfrom: 1.10\nto: 2.0\noperations: []\n");
    assert_eq!(manifest.metadata.from_version, "1.10");
    assert_eq!(manifest.metadata.from_reference, "1.10");
}

#[test]
fn extensions_are_kept_and_nothing_else_is() {
    let text = COMPACT.replacen("  - id: OP001", "  - x-owner: {team: [1, two]}\n    id: OP001", 1)
        + "x-note: \"kept\"\n";
    let manifest = read(&text);
    assert_eq!(manifest.extensions.len(), 1);
    assert_eq!(manifest.operations[0].extensions.len(), 1);
    assert_eq!(read(&manifest.write()), manifest);
    assert_eq!(
        error(&COMPACT.replace("      to: \"ValidatorBase\"", "      too: \"ValidatorBase\"")),
        "line 21: unknown field `operations[1].match.too` (did you mean `to`?)"
    );
    assert!(error(&(COMPACT.to_owned() + "y-note: 1\n")).contains("unknown field `y-note`"));
    assert!(
        error(&COMPACT.replace("      symbol_sha", "      x-symbol_sha"))
            .contains("operations[0].evidence.x-symbol_sha")
    );
}

/// What is wrong, the text to replace, its replacement, and a part of the message.
const WRONG: &[(&str, &str, &str)] = &[
    ("manifest_version: 1", "manifest_version: 2", "this onx reads version 1"),
    ("manifest_version: 1\n", "", "`manifest_version` is missing"),
    ("kind: rename.symbol", "kind: rename.symbols", "did you mean `rename.symbol`?"),
    ("id: OP002", "id: OP001", "belongs to an earlier operation"),
    ("id: OP002", "id: second", "`OP` and at least three digits"),
    ("confidence: 0.98", "confidence: 1.5", "is not from 0 to 1"),
    ("confidence: 0.98", "confidence: .nan", "must be a number"),
    ("confidence: 0.98", "confidence: [1]", "must be a record"),
    ("    confidence: 0.98\n", "", "missing field `confidence`"),
    ("to: \"ValidatorBase\"", "to: \"x; import os\"", "is no identifier"),
    ("to: \"ValidatorBase\"", "from: \"ValidatorBase\"", "stands here twice"),
    ("to: \"omninode.validators.base\"", "to: \"../base\"", "no dotted Python name"),
    ("module: \"omninode.validators.base\"", "", "either `module` or `class`"),
    ("    confidence: 0.98", "    sequence: -1\n    confidence: 0.98", "must be a whole number"),
    ("    confidence: 0.98", "    dependencies: [OP01]\n    confidence: 0.98", "no operation OP01"),
    (
        "    confidence: 0.98",
        "    metadata: {breaking: yes}\n    confidence: 0.98",
        "true or false",
    ),
    ("from: 0.9.0", "from: &a 0.9.0\nx-b: *a", "anchors and aliases"),
    ("from: 0.9.0", "from: 0.9.0\n---\nx: 1", "one YAML document"),
    ("from: 0.9.0", "from: [0.9.0", "no valid YAML"),
    (
        "operations:",
        "requires: [arg.invented]\noperations:",
        "`requires[0]`: this onx does not know",
    ),
];

#[test]
fn every_defect_is_named_with_its_place() {
    for (text, replacement, message) in WRONG {
        assert!(COMPACT.contains(text), "{text}");
        let found = error(&COMPACT.replacen(text, replacement, 1));
        assert!(found.contains(message), "{replacement}: {found}");
    }
}

#[test]
fn a_name_that_is_read_can_be_written() {
    for (name, is_read) in [
        ("x".repeat(900), true),
        ("\u{e9}".repeat(900), true),
        ("\u{7}".repeat(160), true),
        ("\u{7}".repeat(170), false),
        ("x".repeat(1000), false),
    ] {
        let text = format!("{COMPACT}\nx-{name}: 1\n");
        match Manifest::read(text.as_bytes()) {
            Ok(manifest) => assert_eq!((read(&manifest.write()), is_read), (manifest, true)),
            Err(error) => assert!(!is_read && error.to_string().contains("1000"), "{error}"),
        }
    }
}

#[test]
fn an_unknown_kind_names_the_onx_that_knows_it() {
    let text = FULL.replacen("kind: \"arg.rename\"", "kind: \"arg.split\"", 1);
    let found = error(&text.replace("migration-system/1.0.0", "onx/3.4.0"));
    assert!(found.contains("written by onx/3.4.0: use that version or a newer one"), "{found}");
}

#[test]
fn paths_that_leave_the_target_are_refused() {
    for path in ["../x.yaml", "/etc/passwd", "a\\\\b", "C:/x"] {
        let text = COMPACT.replacen("rename.import", "move.file", 1).replacen(
            "omninode.core.validators.base",
            path,
            1,
        );
        assert!(error(&text).contains("no relative path inside a tree"), "{path}");
    }
}

#[test]
fn cycles_are_named() {
    let depends = |text: String, id: &str, on: &str| {
        text.replacen(&format!("id: {id}"), &format!("id: {id}\n    dependencies: [{on}]"), 1)
    };
    let text = depends(COMPACT.to_owned(), "OP001", "OP003");
    let text = depends(depends(text, "OP003", "OP002"), "OP002", "OP001");
    assert!(error(&text).ends_with("OP001 → OP003 → OP002 → OP001"), "{}", error(&text));
}

#[test]
fn nesting_size_and_text_are_limited() {
    let deep =
        format!("manifest_version: 1\nx-deep: {}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(matches!(
        Manifest::read(deep.as_bytes()),
        Err(ManifestError::TooDeep { .. } | ManifestError::Syntax { .. })
    ));
    let long = format!("manifest_version: 1\nx-long: {}", "a".repeat(70_000));
    assert!(matches!(Manifest::read(long.as_bytes()), Err(ManifestError::TextTooLong { .. })));
    assert!(matches!(Manifest::read(b"\xff"), Err(ManifestError::NotUtf8(0))));
    assert!(matches!(Manifest::read(b""), Err(ManifestError::Empty)));
}

#[test]
fn dependencies_come_first_then_the_sequence_decides() {
    let mut operations: Vec<Operation> = read(FULL).operations;
    operations.reverse();
    operations[2].sequence = 9;
    let order = application_order(&operations).expect("no cycle");
    let ids: Vec<&str> = order.iter().map(|p| operations[*p].id.0.as_str()).collect();
    assert_eq!(ids, ["OP003", "OP001", "OP002"]);
}

#[test]
fn the_schema_has_the_fields_that_readers_accept() {
    let schema = schemars::schema_for!(Manifest).to_value();
    let text = schema.to_string();
    for field in ["schema_url", "from_checksum", "not_repeatable", "to_module", "old_behaviour"] {
        assert!(text.contains(&format!("\"{field}\"")), "{field}");
    }
    assert_eq!(schema["patternProperties"]["^x-"], true);
    assert_eq!(schema["unevaluatedProperties"], false);
    assert!(schema.get("additionalProperties").is_none());
    let operation = &schema["$defs"]["Operation"];
    assert_eq!(operation["unevaluatedProperties"], false);
    let kinds: Vec<&str> = operation["oneOf"]
        .as_array()
        .expect("one schema a kind")
        .iter()
        .filter_map(|kind| kind["properties"]["kind"]["const"].as_str())
        .collect();
    assert_eq!(kinds.len(), Change::KINDS.len(), "{operation:#}");
}

#[test]
fn a_manifest_that_lacks_lines_is_read_or_refused_and_reads_back() {
    for text in [FULL, COMPACT] {
        let lines: Vec<&str> = text.lines().collect();
        for first in 0..lines.len() {
            for last in first..lines.len().min(first + 6) {
                let rest = [&lines[..first], &lines[last + 1..]].concat().join("\n");
                if let Ok(manifest) = Manifest::read(rest.as_bytes()) {
                    assert_eq!(read(&manifest.write()), manifest, "{rest}");
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_the_reader_panic(text in "\\PC*") {
        let _ = Manifest::read(text.as_bytes());
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        let _ = Manifest::read(&bytes);
    }

    #[test]
    fn what_is_read_from_a_damaged_manifest_reads_back(
        position in 0..COMPACT.len(), length in 0..40_usize, inserted in "[-:\\[\\]{}\"'#&*!|> \nxa0.]{0,8}",
    ) {
        let end = (position + length).min(COMPACT.len());
        if let Ok(manifest) =
            Manifest::read(format!("{}{inserted}{}", &COMPACT[..position], &COMPACT[end..]).as_bytes())
        {
            prop_assert_eq!(&read(&manifest.write()), &manifest);
        }
    }

    #[test]
    fn any_text_survives_writing(title in any::<String>(), note in any::<String>()) {
        let mut manifest = read(COMPACT);
        manifest.summary.title = title;
        manifest.operations[0].metadata.note = Some(note);
        prop_assert_eq!(&read(&manifest.write()), &manifest);
    }
}
