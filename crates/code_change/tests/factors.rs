//! What single factors count, on small libraries with tests.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::sync::Arc;

use artifact::TreePath;
use code_change::{CommitHistory, NoSources, Rules, difference, infer};
use code_model::evidence::{Confidence, Evidence};
use code_model::snapshot::{Origin, Snapshot};
use python::assemble::{TreeFile, assemble};
use python::facts::extract;

fn snapshot(files: &[(&str, &str)]) -> Snapshot {
    let origin = Origin {
        library: "shop".to_owned(),
        version: "1".to_owned(),
        reference: "1".to_owned(),
        commit: None,
        archive: None,
        created_at: None,
    };
    let facts: BTreeMap<TreePath, TreeFile> = files
        .iter()
        .map(|(path, text)| {
            let path = TreePath::new(path).expect("a path");
            let facts = Arc::new(extract(&path, text.as_bytes()));
            (path, TreeFile { facts, last_modified: None })
        })
        .collect();
    assemble(origin, &facts)
}

/// What is inferred about `collect`.
fn about_collect(old: &[(&str, &str)], new: &[(&str, &str)]) -> (Confidence, Evidence) {
    let (from, to) = (snapshot(old), snapshot(new));
    let (differences, history) = (difference(&from, &to), CommitHistory::default());
    let inference = infer(&from, &to, &differences, &NoSources, &history, &Rules::default());
    let operation = inference
        .operations
        .into_iter()
        .find(|operation| operation.change.to_string() == "shop.basket.collect → shop.basket.draw")
        .expect("the rename");
    (operation.confidence, operation.evidence)
}

const OLD: &str = "def collect(items):\n    return [item for item in items if item.ordered]\n";
const NEW: &str = "def draw(items):\n    return [item for item in items if item.ordered]\n";

/// Three tests that call this name, and one that calls nothing.
fn tests(first: &str, second: &str, third: &str) -> String {
    let one = |name: &str, called: &str| {
        format!("def test_{name}():\n    assert shop.basket.{called}([]) == []\n\n\n")
    };
    let tests = [one("one", first), one("two", second), one("three", third)].concat();
    format!("import shop.basket\n\n\n{tests}def test_nothing():\n    pass\n")
}

#[test]
fn tests_that_dropped_the_old_name_are_counted_where_they_use_the_new_one() {
    let was = tests("collect", "collect", "collect");
    // The second test goes on with the old name, and the third went elsewhere.
    let kept = "def other(items):\n    return []\n";
    let now = tests("draw", "collect", "other");
    for place in ["tests/test_basket.py", "shop/tests/test_basket.py"] {
        let old = [("shop/__init__.py", ""), ("shop/basket.py", OLD), (place, was.as_str())];
        let text = format!("{NEW}\n\n{kept}");
        let new = [("shop/__init__.py", ""), ("shop/basket.py", &text), (place, now.as_str())];
        let (confidence, evidence) = about_collect(&old, &new);
        let factor = |name: &str| confidence.factors.get(name).copied();
        // What is gone resolves to nothing, so that the second test dropped it as well.
        assert_eq!(factor("test_coverage"), Some(0.3333), "{place}");
        assert_eq!(factor("callsite_coverage"), None, "{place}");
        assert_eq!(evidence.callsites_found, Some(3), "{place}");
    }
}

#[test]
fn without_a_test_that_used_the_old_name_nothing_is_claimed() {
    let user = |name: &str| {
        format!("import shop.basket\n\n\ndef pay(items):\n    return shop.basket.{name}(items)\n")
    };
    let (was, now) = (user("collect"), user("draw"));
    let gone = tests("collect", "collect", "collect");
    let old = [
        ("shop/__init__.py", ""),
        ("shop/basket.py", OLD),
        ("shop/till.py", was.as_str()),
        ("tests/test_gone.py", gone.as_str()),
        ("tests/test_other.py", "def test_one():\n    pass\n"),
    ];
    let new = [
        ("shop/__init__.py", ""),
        ("shop/basket.py", NEW),
        ("shop/till.py", now.as_str()),
        ("tests/test_other.py", "def test_one():\n    pass\n"),
    ];
    let (confidence, _) = about_collect(&old, &new);
    assert!(!confidence.factors.contains_key("test_coverage"), "{:?}", confidence.factors);
}
