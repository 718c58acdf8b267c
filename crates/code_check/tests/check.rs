//! Small dependents against a small library: every line that must be reported, and none else.

#![expect(
    clippy::expect_used,
    reason = "tests make and read folders of their own, and stop at the first surprise"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use artifact::TreePath;
use code_check::{CheckedFile, check, wanted_members};
use code_model::DottedName;
use code_model::api::ApiIndex;
use code_model::check::CheckReport;
use code_model::snapshot::{Origin, Snapshot};
use python::parse::ParsedFile;
use python::references::{DependentIndex, FileReferences, NoStarExports, ReferenceOptions};
use python::stubs::stub_of;
use python::types::{OracleInput, TypeOracle};

const LIBRARY: &[(&str, &str)] = &[
    (
        "kit/__init__.py",
        "from kit.a import f, g, K, D, Open, wrapped, overloaded\nimport kit.sub\n\
         __version__ = '1'\n",
    ),
    (
        "kit/a.py",
        "from dataclasses import dataclass\nfrom typing import overload\nimport warnings\n\
         from other import Base\n\
         def f(a, b=1, *, c=2): pass\n\
         def g(a, /, *args, **kw): pass\n\
         def mark(fn): return fn\n\
         @mark\n\
         def wrapped(a): pass\n\
         @overload\n\
         def overloaded(a: int) -> int: ...\n\
         @overload\n\
         def overloaded(a: str, b: str) -> str: ...\n\
         def overloaded(a, b=None): return a\n\
         class K:\n\
         \x20   def __init__(self, x, y=0): self.x = x\n\
         \x20   def m(self, p, q=1): return self\n\
         \x20   @staticmethod\n\
         \x20   def s(p): return p\n\
         @dataclass\n\
         class D:\n\
         \x20   n: int\n\
         class Open(Base):\n\
         \x20   def own(self, a): pass\n",
    ),
    ("kit/sub/__init__.py", "def deep(a): pass\n"),
    ("kit/lazy.py", "def __getattr__(name):\n    return compute(name)\n"),
];

struct Library {
    snapshot: Snapshot,
    stubs: BTreeMap<TreePath, Arc<str>>,
}

fn library() -> Library {
    let (mut files, mut stubs) = (BTreeMap::new(), BTreeMap::new());
    for (path, text) in LIBRARY {
        let path = TreePath::new(path).expect("a path");
        let parsed = ParsedFile::parse(text.as_bytes()).expect("Python");
        let stub = stub_of(&parsed.syntax().body, parsed.text());
        let facts = Arc::new(python::facts::extract(&path, text.as_bytes()));
        files.insert(path.clone(), python::assemble::TreeFile { facts, last_modified: None });
        stubs.insert(path, Arc::from(stub));
    }
    let origin = Origin {
        library: "kit".to_owned(),
        version: "1".to_owned(),
        reference: "1".to_owned(),
        commit: None,
        archive: None,
        created_at: None,
    };
    Library { snapshot: python::assemble::assemble(origin, &files), stubs }
}

fn checked(text: &str) -> CheckReport {
    let library = library();
    let api = ApiIndex::new(&library.snapshot);
    let path = TreePath::new("app.py").expect("a path");
    let parsed = ParsedFile::parse(text.as_bytes()).expect("Python");
    let module = DottedName::new("app").expect("a name");
    let wanted = wanted_members(api);
    let index = DependentIndex::new([module.clone()]);
    let options = ReferenceOptions {
        roots: &BTreeSet::from([DottedName::new("kit").expect("a name")]),
        distribution: Some("kit"),
        module: Some(&module),
        is_package: false,
        members: &|name| wanted.contains(name) || name == "gone",
        star: &NoStarExports,
        dependent: Some(&index),
    };
    let references = FileReferences::read(&parsed, &options);
    let oracle = TypeOracle::new(OracleInput {
        core: Arc::new(library.stubs.clone()),
        dependent: Arc::new(BTreeMap::from([(path.clone(), Arc::from(text))])),
        dependent_roots: Vec::new(),
        installed: None,
        python_version: (3, 13),
    });
    let file = CheckedFile { path: &path, text, references: &references };
    check(&[file], api, Some(&oracle))
}

fn problems(text: &str) -> Vec<String> {
    let report = checked(text);
    assert_eq!(report.compatible, report.problems.is_empty());
    let line = |problem: &code_model::check::CheckProblem| {
        let kind = serde_json::to_value(problem.kind).expect("a word");
        let suggestion = problem.suggestion.as_deref().unwrap_or("-");
        format!("{} {} {} {suggestion}", problem.line, kind.as_str().unwrap_or(""), problem.name)
    };
    report.problems.iter().map(line).collect()
}

#[test]
fn code_that_works_has_no_problem() {
    let text = "import kit, kit.sub, kit.lazy\nfrom kit import f, K, D, wrapped, overloaded\n\
        from kit.lazy import anything\nkit.sub.deep(1)\nf(1, c=3)\nf(*x)\nf(**x)\nf(1, 2)\n\
        kit.g(1, 2, 3, z=4)\nK(1).m(2).m(3, q=4)\nK.s(1)\nK.m(K(1), 2)\nD(1)\nD(n=1)\n\
        wrapped(1, 2, 3)\noverloaded('a', 'b')\nkit.__version__, kit.__name__, kit.__file__\n\
        kit.Open().own(1)\nkit.Open().inherited(1)\nK(1).x\nclass L(K):\n    def t(self):\n\
        \x20       return self.m(1), super().m(1)\nL(1, 2)\nkit.lazy.other\n";
    assert_eq!(problems(text), [""; 0]);
}

#[test]
fn names_that_are_gone() {
    let text = "import kit\nfrom kit import gone, F, deep\nfrom kit.nowhere import x\nkit.missing\n\
        kit.K.missing\ngone()\nx.y\nkit.sub.dep(1)\n";
    assert_eq!(
        problems(text),
        [
            "2 missing_name kit.F -",
            "2 missing_name kit.deep kit.sub.deep",
            "2 missing_name kit.gone -",
            "3 missing_name kit.nowhere -",
            "4 missing_name kit.missing -",
            "5 missing_name kit.K.missing -",
            "8 missing_name kit.sub.dep kit.sub.deep",
        ]
    );
}

#[test]
fn calls_that_do_not_bind() {
    let text = "import kit\nkit.f()\nkit.f(1, 2, 3)\nkit.f(1, d=2)\nkit.f(1, a=2)\nkit.g(a=1)\n\
        kit.K()\nkit.K(1, z=2)\nkit.K(1).m()\nkit.K(1).m(1, r=2)\nkit.K.m(1)\nkit.K(1).gone()\n";
    assert_eq!(
        problems(text),
        [
            "2 missing_argument kit.f -",
            "3 too_many_positional kit.f -",
            "4 unknown_keyword kit.f -",
            "5 repeated_argument kit.f -",
            "6 missing_argument kit.g -",
            "7 missing_argument kit.K -",
            "8 unknown_keyword kit.K -",
            "9 missing_argument kit.a.K.m -",
            "10 unknown_keyword kit.a.K.m -",
            "11 missing_argument kit.K.m -",
            "12 missing_name kit.a.K.gone -",
        ]
    );
}

#[test]
fn what_partial_leaves_out_is_given_later() {
    let text = "import functools, kit\nfrom functools import partial\npartial(kit.f)\n\
        partial(kit.f, c=3)\nfunctools.partial(kit.K, y=1)(2)\npartial(kit.f, 1, 2, 3)\n\
        partial(kit.f, d=1)\npartial(kit.f, 1, a=2)\n";
    assert_eq!(
        problems(text),
        [
            "6 too_many_positional kit.f -",
            "7 unknown_keyword kit.f -",
            "8 repeated_argument kit.f -",
        ]
    );
}

#[test]
fn what_is_guarded_is_not_reported() {
    let text = "try:\n    from kit import gone\nexcept ImportError:\n    gone = None\n\
        import kit\nif hasattr(kit, 'missing'):\n    kit.missing()\n";
    let report = checked(text);
    assert_eq!(report.problems, []);
    assert!(report.counts.guarded >= 1);
}

#[test]
fn a_failed_import_that_is_caught_guards_imports_alone() {
    let text = "try:\n    import kit\n    kit.missing\n    def f():\n        return kit.gone, kit.f()\n\
        except ImportError:\n    kit = None\n    import os\n    kit.absent\n";
    assert_eq!(
        problems(text),
        ["3 missing_name kit.missing -", "5 missing_name kit.gone -", "5 missing_argument kit.f -",]
    );
    for text in [
        "try:\n    import kit\n    kit.missing\nexcept Exception:\n    pass\n",
        "import kit\ntry:\n    kit.missing\nexcept AttributeError:\n    pass\n",
        "try:\n    from kit import gone\n    gone.x\nexcept ImportError:\n    pass\n",
        "import kit\ntry:\n    from kit import gone\nexcept ImportError:\n    gone = kit.older\n",
    ] {
        assert_eq!(problems(text), [""; 0], "{text}");
    }
    let later =
        "import kit\ntry:\n    def f():\n        kit.missing\nexcept Exception:\n    pass\n";
    assert_eq!(problems(later), ["4 missing_name kit.missing -"]);
}

#[test]
fn unknown_receivers_are_counted_not_guessed() {
    let report = checked("import kit\ndef t(a):\n    a.m(1, 2, 3, 4)\n    return kit.f(1)\n");
    assert_eq!(report.problems, []);
    assert_eq!(report.counts.unknown_receivers, 1);
    assert_eq!((report.counts.calls, report.counts.bound), (1, 1));
}
