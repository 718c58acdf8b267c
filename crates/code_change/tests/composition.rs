//! What two steps come to, case by case. Each line is an operation: kind, a space, and its match.
#![expect(clippy::expect_used, reason = "tests stop at the first surprise")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use artifact::Digest;
use code_change::{CompositionStep, Inference, OuterVersions, compose};
use code_model::DottedName;
use code_model::manifest::Manifest;
use code_model::operation::Change;
use code_model::snapshot::Snapshot;
use serde_json::{Value, json};

fn manifest(operations: &[(&str, Value)], confidence: f64) -> Manifest {
    let operations: Vec<Value> = operations
        .iter()
        .enumerate()
        .map(|(position, (kind, matched))| {
            json!({
                "id": format!("OP{:03}", position + 1), "sequence": position + 1,
                "kind": kind, "match": matched,
                "evidence": {"method": "hash_match", "detection": "automatic"},
                "confidence": {"overall": confidence, "factors": {},
                               "recommendation": "auto_apply"},
                "metadata": {"breaking": true, "safe_rollback": true, "estimated_impact": "low"},
            })
        })
        .collect();
    serde_json::from_value(json!({
        "manifest_version": 1, "schema_url": "", "operations": operations,
        "metadata": {
            "library": "p", "packages": ["p"], "from_version": "1", "to_version": "2",
            "from_reference": "1", "to_reference": "2", "generator": "by hand",
        },
        "summary": {"title": "", "breaking_changes": 0, "safe_changes": 0,
                    "manual_review_required": 0},
    }))
    .expect("a manifest")
}

fn composed(steps: &[&[(&str, Value)]], confidence: f64) -> Inference {
    let manifests: Vec<Manifest> =
        steps.iter().map(|operations| manifest(operations, confidence)).collect();
    let steps: Vec<CompositionStep<'_>> = manifests
        .iter()
        .map(|manifest| CompositionStep { manifest, digest: Digest::of(b""), report: None })
        .collect();
    let from = snapshot(&names_of_the_first_version(&manifests));
    let to = snapshot(&BTreeSet::new());
    compose(&steps, Some(OuterVersions { from: &from, to: &to }), None)
}

/// The old names of the first step, and those of later ones that no step before leads to, below
/// what moved under the name that it had first.
fn names_of_the_first_version(manifests: &[Manifest]) -> BTreeSet<DottedName> {
    let mut names = BTreeSet::new();
    let mut led_to: Vec<(DottedName, DottedName)> = Vec::new();
    for manifest in manifests {
        let changes = manifest.operations.iter().map(|operation| &operation.change);
        let olds: Vec<DottedName> = changes.clone().flat_map(old_names).collect();
        for old in olds {
            match led_to.iter().find(|(_, new)| old.below(new).is_some()) {
                Some((_, new)) if old == *new => {}
                Some((first, new)) => names.extend(old.rebased(new, first)),
                None => {
                    names.insert(old);
                }
            }
        }
        led_to.extend(
            changes.filter_map(|change| Some((old_names(change).pop()?, new_name(change)?))),
        );
    }
    // What lies below a module that moves was there before it moved.
    let below: Vec<DottedName> = manifests[0]
        .operations
        .iter()
        .filter_map(|operation| match &operation.change {
            Change::RenameImport { from, .. } => Some(from),
            _ => None,
        })
        .flat_map(|module| ["A", "f"].map(|name| module.join(name)))
        .collect();
    names.extend(below);
    names
}

fn old_names(change: &Change) -> Vec<DottedName> {
    match change {
        Change::RenameImport { from, .. } => vec![from.clone()],
        Change::RenameSymbol(name) | Change::RenameCallable(name) => {
            name.old().into_iter().collect()
        }
        Change::RenameAttribute { class, from, .. } => vec![class.clone(), class.join(from)],
        Change::SymbolRemove { name } => vec![name.clone()],
        Change::ArgRename { callable, .. }
        | Change::ArgAddDefault { callable, .. }
        | Change::ArgRemove { callable, .. }
        | Change::ArgReorder { callable, .. }
        | Change::CallRewrite { callable, .. } => vec![callable.clone()],
        _ => Vec::new(),
    }
}

fn new_name(change: &Change) -> Option<DottedName> {
    match change {
        Change::RenameImport { to, .. } => Some(to.clone()),
        Change::RenameSymbol(name) | Change::RenameCallable(name) => name.new_name(),
        Change::RenameAttribute { class, to, .. } => Some(class.join(to)),
        _ => None,
    }
}

/// A version with these names, none of which anybody may call public.
fn snapshot(names: &BTreeSet<DottedName>) -> Snapshot {
    let symbols: BTreeMap<String, Value> = names
        .iter()
        .map(|name| {
            let symbol = json!({
                "kind": "class", "module": "p", "file": "p/x.py", "lines": [1, 1],
                "bytes": [0, 1], "stability": "internal", "nodes": 1,
                "signature_hash": "blake3:0000000000000000",
                "shape_hash": "blake3:0000000000000000",
            });
            (name.to_string(), symbol)
        })
        .collect();
    serde_json::from_value(json!({
        "format": "onx/snapshot/1",
        "origin": {"library": "p", "version": "1", "reference": "1"},
        "roots": [], "files": {}, "modules": {}, "symbols": symbols, "aliases": {}, "keys": [],
        "edges": [], "hints": [], "findings": [],
        "checksum": serde_json::to_value(Digest::of(b"")).expect("a digest"),
    }))
    .expect("a snapshot")
}

/// What comes out, a line for each operation; those that a person must decide are marked.
fn lines(inference: &Inference) -> String {
    inference.operations.iter().fold(String::new(), |mut text, operation| {
        let doubt = if operation.confidence.overall < 0.7 { "? " } else { "" };
        let again = if operation.not_repeatable { " (once)" } else { "" };
        let _ = writeln!(text, "{doubt}{}{again}", operation.change);
        text
    })
}

fn check(steps: &[&[(&str, Value)]], expected: &str) {
    assert_eq!(lines(&composed(steps, 1.0)).trim_end(), expected, "{steps:?}");
}

fn module(from: &str, to: &str) -> (&'static str, Value) {
    ("rename.import", json!({"from": from, "to": to}))
}

fn symbol(module: &str, from: &str, to: &str) -> (&'static str, Value) {
    ("rename.symbol", json!({"module": module, "from": from, "to": to}))
}

fn moved(module: &str, from: &str, to_module: &str, to: &str) -> (&'static str, Value) {
    let matched = json!({"module": module, "from": from, "to": to, "to_module": to_module});
    ("rename.callable", matched)
}

fn attribute(class: &str, from: &str, to: &str, keyword: bool) -> (&'static str, Value) {
    let matched = json!({"class": class, "from": from, "to": to, "keyword": keyword});
    ("rename.attribute", matched)
}

fn removed(name: &str) -> (&'static str, Value) {
    ("symbol.remove", json!({"name": name}))
}

fn renamed_argument(callable: &str, from: &str, to: &str) -> (&'static str, Value) {
    let parameter = json!({"from": from, "to": to});
    ("arg.rename", json!({"callable": callable, "parameter": parameter}))
}

fn removed_argument(callable: &str, name: &str, position: u32) -> (&'static str, Value) {
    let parameter = json!({"name": name, "position": position});
    ("arg.remove", json!({"callable": callable, "parameter": parameter}))
}

fn added_argument(callable: &str, name: &str) -> (&'static str, Value) {
    let parameter = json!({"name": name, "default": "None"});
    ("arg.add_default", json!({"callable": callable, "parameter": parameter}))
}

fn order(callable: &str, from: &[&str], to: &[&str]) -> (&'static str, Value) {
    ("arg.reorder", json!({"callable": callable, "from": from, "to": to}))
}

#[test]
fn names_go_through_all_steps() {
    check(&[&[symbol("p.m", "A", "B")], &[symbol("p.m", "B", "C")]], "p.m.A → p.m.C");
    check(&[&[symbol("p.m", "A", "B")], &[removed("p.m.B")]], "p.m.A is gone");
    check(&[&[symbol("p.m", "A", "B")], &[symbol("p.m", "B", "A")]], "");
    check(&[&[module("p.m", "p.n")], &[module("p.n", "p.k")]], "p.m → p.k");
    check(&[&[module("p.m", "p.n")], &[symbol("p.n", "A", "B")]], "p.m → p.n\np.m.A → p.n.B");
    check(&[&[symbol("p.m", "A", "B")], &[module("p.m", "p.n")]], "p.m → p.n\np.m.A → p.n.B");
    check(&[&[moved("p.m", "f", "p.n", "g")], &[moved("p.n", "g", "p.k", "h")]], "p.m.f → p.k.h");
    check(&[&[removed("p.m.A")], &[symbol("p.m", "B", "C")]], "p.m.B → p.m.C\np.m.A is gone");
}

#[test]
fn swaps_come_out_right() {
    let swap = [symbol("p.m", "A", "B"), symbol("p.m", "B", "A")];
    check(&[&swap], "p.m.A → p.m.B (once)\np.m.B → p.m.A (once)");
    check(&[&swap, &swap], "");
    check(&[&swap, &[symbol("p.m", "A", "C")]], "p.m.A → p.m.B (once)\np.m.B → p.m.C");
}

#[test]
fn a_name_that_is_used_again_is_another_one() {
    // B of the second step is not the B that became C before.
    check(
        &[&[symbol("p.m", "B", "C")], &[symbol("p.m", "B", "D"), removed("p.m.C")]],
        "p.m.B is gone",
    );
}

#[test]
fn members_follow_their_class() {
    check(
        &[&[symbol("p.m", "A", "B")], &[attribute("p.m.B", "x", "y", true)]],
        "p.m.A → p.m.B\np.m.A.x → p.m.A.y",
    );
    check(
        &[&[attribute("p.m.A", "x", "y", true)], &[attribute("p.m.A", "y", "z", true)]],
        "p.m.A.x → p.m.A.z",
    );
    check(
        &[&[attribute("p.m.A", "x", "y", true)], &[removed_argument("p.m.A", "y", 0)]],
        "p.m.A(− x)\np.m.A.x → p.m.A.y",
    );
    check(
        &[&[renamed_argument("p.m.A", "k", "x")], &[attribute("p.m.A", "x", "y", true)]],
        "p.m.A(k → y)\np.m.A.x → p.m.A.y",
    );
}

#[test]
fn arguments_are_found_under_names_that_changed() {
    check(
        &[&[moved("p.m", "f", "p.n", "g")], &[renamed_argument("p.n.g", "a", "b")]],
        "p.m.f → p.n.g\np.m.f(a → b)",
    );
    check(
        &[&[renamed_argument("p.f", "a", "b")], &[renamed_argument("p.f", "b", "c")]],
        "p.f(a → c)",
    );
    check(&[&[renamed_argument("p.f", "a", "b")], &[renamed_argument("p.f", "b", "a")]], "");
    check(&[&[renamed_argument("p.f", "a", "b")], &[removed_argument("p.f", "b", 1)]], "p.f(− a)");
    check(&[&[added_argument("p.f", "a")], &[removed_argument("p.f", "a", 1)]], "");
    check(&[&[added_argument("p.f", "a")], &[renamed_argument("p.f", "a", "b")]], "p.f(+ b=None)");
    check(
        &[
            &[order("p.f", &["a", "b", "c"], &["c", "a", "b"])],
            &[order("p.f", &["c", "a", "b"], &["a", "b", "c"])],
        ],
        "",
    );
    check(
        &[&[renamed_argument("p.f", "a", "x")], &[order("p.f", &["x", "b"], &["b", "x"])]],
        "p.f(a → x)\np.f(a, b → b, a)",
    );
}

#[test]
fn a_keyword_that_is_used_again_is_another_one() {
    check(
        &[
            &[renamed_argument("p.f", "a", "b"), renamed_argument("p.f", "z", "a")],
            &[removed_argument("p.f", "a", 1)],
        ],
        "p.f(a → b)\np.f(− z)",
    );
    check(
        &[
            &[renamed_argument("p.f", "a", "b"), renamed_argument("p.f", "b", "a")],
            &[renamed_argument("p.f", "a", "c")],
        ],
        "p.f(a → b) (once)\np.f(b → c)",
    );
    // A step says all at once.
    check(
        &[
            &[renamed_argument("p.f", "a", "b")],
            &[renamed_argument("p.f", "b", "c"), renamed_argument("p.f", "c", "b")],
        ],
        "p.f(a → c) (once)\np.f(c → b)",
    );
}

#[test]
fn positions_are_those_of_the_first_version() {
    let inference =
        composed(&[&[removed_argument("p.f", "a", 0)], &[removed_argument("p.f", "c", 1)]], 1.0);
    let changes = serde_json::to_value(
        inference.operations.iter().map(|operation| &operation.change).collect::<Vec<_>>(),
    )
    .expect("JSON");
    let positions: Vec<&Value> = changes
        .as_array()
        .expect("a list")
        .iter()
        .map(|change| &change["match"]["parameter"]["position"])
        .collect();
    assert_eq!(positions, [0, 2]);
}

#[test]
fn templates_are_followed_into_later_names() {
    let rewrite = |template: &str| {
        let matched = json!({"callable": "p.f", "parameters": ["a"], "template": template});
        ("call.rewrite", matched)
    };
    check(
        &[&[rewrite("p.n.g(a, 'p.n.g')")], &[moved("p.n", "g", "p.k", "h")]],
        "p.n.g → p.k.h\np.f(a) → p.k.h(a, 'p.n.g')",
    );
    check(
        &[&[rewrite("p.n.g(a)")], &[renamed_argument("p.n.g", "x", "y")]],
        "p.n.g(x → y)\n? p.f(a) → p.n.g(a)",
    );
    check(&[&[rewrite("p.n.g(a)")], &[removed("p.n.g")]], "? p.f(a) → p.n.g(a)\np.n.g is gone");
}

#[test]
fn keys_and_files_are_followed() {
    let key = |from: &str, to: &str| ("config.key_rename", json!({"from": from, "to": to}));
    let file = |from: &str, to: &str| ("move.file", json!({"from": from, "to": to}));
    check(&[&[key("a", "b")], &[key("b", "c")]], "a → c");
    check(&[&[key("a", "b")], &[key("b", "a")]], "");
    check(
        &[&[file("p/a.json", "p/b.json")], &[file("p/b.json", "p/c.json")]],
        "p/a.json → p/c.json",
    );
}

#[test]
fn what_no_manifest_can_say_is_left_to_a_person() {
    let inference = composed(&[&[module("p.m", "p.n")], &[moved("p.n", "f", "p.m", "f")]], 1.0);
    assert_eq!(lines(&inference), "? p.m → p.n\n");
    let codes: Vec<&str> = inference.findings.iter().map(|f| f.code.as_str()).collect();
    assert!(codes.contains(&"composition-inexpressible"), "{codes:?}");
}

#[test]
fn the_whole_is_as_sure_as_all_of_its_parts_together() {
    let steps: [&[(&str, Value)]; 2] = [&[symbol("p.m", "A", "B")], &[symbol("p.m", "B", "C")]];
    let inference = composed(&steps, 0.8);
    let operation = &inference.operations[0];
    assert!((operation.confidence.overall - 0.64).abs() < 1e-9);
    assert_eq!(operation.evidence.composed_of.len(), 2);
    let codes: Vec<&str> = inference.findings.iter().map(|f| f.code.as_str()).collect();
    assert!(codes.contains(&"composition-less-sure"), "{codes:?}");
    let alone = composed(&[&[symbol("p.m", "A", "B")], &[]], 0.8);
    assert!((alone.operations[0].confidence.overall - 0.8).abs() < 1e-9);
}

#[test]
fn what_one_step_takes_out_and_a_later_one_brings_back_is_said() {
    let inference =
        composed(&[&[removed_argument("p.f", "a", 0)], &[added_argument("p.f", "a")]], 1.0);
    assert_eq!(lines(&inference), "");
    let codes: Vec<&str> = inference.findings.iter().map(|f| f.code.as_str()).collect();
    assert!(codes.contains(&"composition-returned"), "{codes:?}");
}
