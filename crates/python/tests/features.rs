//! Features of definitions are those that CPython's own `ast` gives.

#![expect(
    clippy::expect_used,
    reason = "tests make and read folders of their own, and stop at the first surprise"
)]

use std::collections::BTreeMap;

use python::features::{does_nothing, feature_hashes, feature_names, feature_similarity};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    definitions: Vec<Definition>,
    similarities: Vec<(String, String, f64)>,
}

#[derive(Deserialize)]
struct Definition {
    name: String,
    bytes: (u32, u32),
    features: Vec<String>,
}

const SAMPLE: &str = include_str!("features/sample.py");

fn golden() -> Golden {
    serde_json::from_str(include_str!("features/golden.json")).expect("the golden values")
}

#[test]
fn features_are_those_of_cpython() {
    for definition in golden().definitions {
        let features = feature_names(SAMPLE, definition.bytes.0..definition.bytes.1);
        assert_eq!(features, definition.features, "{}", definition.name);
    }
}

#[test]
fn similarities_are_those_of_the_plain_algorithm() {
    let golden = golden();
    let hashes: BTreeMap<_, _> = golden
        .definitions
        .iter()
        .map(|d| (d.name.as_str(), feature_hashes(SAMPLE, d.bytes.0..d.bytes.1)))
        .collect();
    assert!(golden.similarities.len() >= 25);
    for (a, b, expected) in &golden.similarities {
        let similarity = feature_similarity(&hashes[a.as_str()], &hashes[b.as_str()]);
        assert!((similarity - expected).abs() < 1e-12, "{a} {b}: {similarity} {expected}");
    }
}

#[test]
fn what_does_not_parse_has_no_features() {
    assert!(feature_names("def (", 0..5).is_empty());
    assert!(feature_names("äö", 1..3).is_empty());
    assert!(feature_names("x", 0..9).is_empty());
    assert!(feature_names("", 0..0).is_empty());
}

#[test]
fn bodies_that_are_left_to_others_do_nothing() {
    let all = |text: &str| 0..u32::try_from(text.len()).expect("a short text");
    for text in [
        "def f(a: int = 1) -> None: ...",
        "def f():\n    \"\"\"Do it.\"\"\"\n    raise NotImplementedError(\"do it\")",
        "@decorated\nasync def f():\n    pass",
        "class C(Base):\n    \"\"\"Say it.\"\"\"",
    ] {
        assert!(does_nothing(text, all(text)), "{text}");
    }
    for text in ["def f(): return 1", "class C:\n    x = 1", "x = 1", "def f(): raise ValueError"] {
        assert!(!does_nothing(text, all(text)), "{text}");
    }
    let member = "class C:\n    def f(self):\n        pass\n";
    assert!(does_nothing(member, 13..member.len() as u32 - 1));
}
