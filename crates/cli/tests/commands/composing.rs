//! `compose`: one manifest over several versions.

use serde_json::Value;

use crate::scene::Scene;

/// What the one module holds in each version: a class that is renamed twice, a function that is
/// renamed and then removed, a parameter that is renamed under the function's new name, and a
/// function that only one version between has.
const VERSIONS: [&str; 3] = [
    r#""""Shapes."""


class Square:
    """A square with a side."""

    def __init__(self, side):
        self.side = side

    def describe(self, precision=2):
        """Describe the square in words."""
        text = f"{self.side:.{precision}f}"
        return " ".join(["square", text])


def area(shape, encoding="utf-8"):
    """The area of a shape."""
    if shape.side < 0:
        raise ValueError("a negative side")
    return shape.side * shape.side, encoding


def outline(shape, closed=True):
    """All the points around a shape, one after the other."""
    points = [(0, 0), (shape.side, 0), (shape.side, shape.side), (0, shape.side)]
    return points + points[:1] if closed else points
"#,
    "",
    "",
];

/// The text of version 1, 2 or 3.
fn shapes(version: usize) -> String {
    let first = VERSIONS[0].to_owned();
    match version {
        1 => first,
        2 => {
            let text = first.replace("Square", "Quadrat").replace("def area", "def surface");
            let text = text.replace("def outline", "def contour");
            format!("{text}\n\ndef between(shape):\n    return [shape, shape.side, 17]\n")
        }
        _ => {
            let text = first.replace("Square", "Tetragon").replace("def area", "def surface");
            let text = text.replace("encoding", "codec");
            text[..text.find("\n\ndef outline").expect("it is there")].to_owned() + "\n"
        }
    }
}

fn repository() -> Scene {
    let scene = Scene::empty();
    std::fs::create_dir(scene.work().join("core")).expect("a folder");
    scene.git("core", &["init", "--quiet", "--initial-branch=main"]);
    for version in 1..=3 {
        let number = format!("{version}.0");
        scene.write(
            "core/pyproject.toml",
            &format!("[project]\nname = \"yourlib\"\nversion = \"{number}\"\n"),
        );
        scene.write("core/yourlib/__init__.py", "");
        scene.write("core/yourlib/shapes.py", &shapes(version));
        scene.git("core", &["add", "--all"]);
        scene.git("core", &["commit", "--quiet", "--message", &number]);
        scene.git("core", &["tag", &format!("v{number}")]);
    }
    scene
}

const DEPENDENT: &str = "from yourlib.shapes import Square, area\n\n\
    print(area(Square(3), encoding=\"ascii\"))\n";

fn apply(scene: &Scene, manifest: &str, target: &str) {
    let ran = scene.onx(&["migrate", "apply", "--manifest", manifest, "--target", target]);
    assert_eq!(ran.code, 0, "{manifest}: {}{}", ran.out, ran.err);
}

#[test]
fn the_versions_between_are_walked_and_the_whole_does_what_its_parts_do() {
    let scene = repository();
    let ran = scene.onx(&[
        "manifest",
        "compose",
        "--core-path",
        "./core",
        "--from",
        "1.0",
        "--to",
        "3.0",
        "--json",
    ]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let answer: Value = serde_json::from_str(&ran.out).expect("JSON");
    let steps: Vec<(&str, &str)> = answer["steps"]
        .as_array()
        .expect("steps")
        .iter()
        .map(|step| {
            let text = |name: &str| step[name].as_str().expect("a text");
            (text("from_version"), text("to_version"))
        })
        .collect();
    assert_eq!(steps, [("1.0", "2.0"), ("2.0", "3.0")]);
    assert_eq!(answer["compared_directly"], true);
    let whole = "artifacts/core_diff/1.0_3.0_composed";
    assert_eq!(answer["manifest_uri"], format!("{whole}/manifest.yaml"));

    let manifest = scene.read(&format!("{whole}/manifest.yaml"));
    assert!(!manifest.contains("between"), "only version 2 has it\n{manifest}");
    assert!(manifest.contains("composed_from:"), "{manifest}");
    let verified = scene.onx(&["manifest", "verify", whole]);
    assert_eq!(verified.code, 0, "{}{}", verified.out, verified.err);

    for target in ["parts", "whole"] {
        scene.write(&format!("{target}/app.py"), DEPENDENT);
    }
    apply(&scene, "artifacts/core_diff/1.0_2.0", "parts");
    apply(&scene, "artifacts/core_diff/2.0_3.0", "parts");
    apply(&scene, whole, "whole");
    let expected = "from yourlib.shapes import Tetragon, surface\n\n\
        print(surface(Tetragon(3), codec=\"ascii\"))\n";
    assert_eq!(scene.read("whole/app.py"), expected);
    assert_eq!(scene.read("parts/app.py"), expected);
}

#[test]
fn bundles_are_composed_in_order_and_each_operation_names_its_parts() {
    let scene = repository();
    for (from, to) in [("1.0", "2.0"), ("2.0", "3.0")] {
        let ran = scene.onx(&[
            "manifest",
            "generate",
            "--core-path",
            "./core",
            "--from",
            from,
            "--to",
            to,
        ]);
        assert_eq!(ran.code, 0, "{}", ran.err);
    }
    let (one, two) = ("artifacts/core_diff/1.0_2.0", "artifacts/core_diff/2.0_3.0");
    let ran = scene.onx(&["manifest", "compose", one, two, "--out", "whole"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("yourlib 1.0 → 3.0   2 steps"), "{}", ran.out);
    let manifest = scene.read("whole/manifest.yaml");
    let square = manifest
        .split("\n  - ")
        .find(|operation| operation.contains("to: \"Tetragon\""))
        .expect("the class");
    assert_eq!(square.matches("from_version:").count(), 2, "{square}");
    // Composing is a function of the parts.
    let again = scene.onx(&["manifest", "compose", one, two, "--out", "again"]);
    assert_eq!(again.code, 0, "{}", again.err);
    assert_eq!(scene.files("whole"), scene.files("again"));
    let explained = scene.onx(&["manifest", "explain", "OP001", "--manifest", "whole"]);
    assert!(explained.out.contains("composed of:\n  1.0 → 2.0"), "{}", explained.out);

    let wrong = scene.onx(&["manifest", "compose", two, one, "--out", "wrong"]);
    assert_eq!(wrong.code, 2, "{}", wrong.out);
    assert!(wrong.err.contains("ends at 3.0"), "{}", wrong.err);
    let single = scene.onx(&["manifest", "compose", one]);
    assert_eq!(single.code, 2, "{}", single.out);
    let regenerated = scene.onx(&["manifest", "verify", "whole", "--regenerate"]);
    assert_eq!(regenerated.code, 2, "{}", regenerated.out);
    assert!(regenerated.err.contains("was made of other manifests"), "{}", regenerated.err);
}

#[test]
fn manifests_without_bundles_are_composed_and_it_is_said_what_cannot_be_known() {
    let scene = Scene::empty();
    let manifest = |from: &str, to: &str, operations: &str| {
        format!(
            "manifest_version: 1\nfrom: {from}\nto: {to}\nsummary: by hand\noperations:\n\
             {operations}"
        )
    };
    let rename = |old: &str, new: &str| {
        format!(
            "  - id: OP001\n    kind: rename.symbol\n    match:\n      module: lib.shapes\n      \
             from: {old}\n      to: {new}\n    confidence: 0.9\n"
        )
    };
    scene.write("one.yaml", &manifest("1", "2", &rename("Square", "Quadrat")));
    scene.write("two.yaml", &manifest("2", "3", &rename("Quadrat", "Tetragon")));
    let ran =
        scene.onx(&["manifest", "compose", "one.yaml", "two.yaml", "--out", "whole", "--json"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let answer: Value = serde_json::from_str(&ran.out).expect("JSON");
    // Without snapshots the name between may have been there from the first.
    assert_eq!(answer["operations_total"], 2);
    let manifest = scene.read("whole/manifest.yaml");
    assert!(manifest.contains("from: \"Square\"\n      to: \"Tetragon\""), "{manifest}");
    assert!(manifest.contains("overall: 0.81"), "{manifest}");
    assert!(ran.out.contains("composition-without-snapshots"), "{}", ran.out);
    scene.write("app/app.py", "from lib.shapes import Square\n\nSquare()\n");
    // Nobody signed the two, so nobody vouches for what they come to.
    assert_eq!(scene.onx(&["manifest", "sign", "whole"]).code, 0);
    apply(&scene, "whole", "app");
    assert_eq!(scene.read("app/app.py"), "from lib.shapes import Tetragon\n\nTetragon()\n");
}

#[test]
fn what_cannot_be_walked_is_said() {
    let scene = repository();
    let compose = |further: &[&str]| {
        let arguments = ["manifest", "compose", "--core-path", "./core"];
        scene.onx(&[&arguments[..], further].concat())
    };
    let nothing = compose(&["--from", "1.0", "--to", "2.0"]);
    assert_eq!(nothing.code, 2, "{}", nothing.out);
    assert!(nothing.err.contains("no released version lies between"), "{}", nothing.err);
    let many = compose(&["--from", "1.0", "--to", "3.0", "--limit", "1"]);
    assert_eq!(many.code, 2, "{}", many.out);
    assert!(many.err.contains("2 steps lie between, more than 1"), "{}", many.err);
    let range = compose(&["--versions", ">>1"]);
    assert_eq!(range.code, 2, "{}", range.out);
    let ranged = compose(&["--versions", ">=1,<4"]);
    assert_eq!(ranged.code, 0, "{}{}", ranged.out, ranged.err);
    let neither = scene.onx(&["manifest", "compose"]);
    assert_eq!(neither.code, 2, "{}", neither.out);
}
