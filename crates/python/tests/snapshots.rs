//! Small packages and what a snapshot of them says: access paths, constructors, hints; and hostile
//! bytes.

#![expect(
    clippy::expect_used,
    reason = "tests make and read folders of their own, and stop at the first surprise"
)]

use std::collections::BTreeMap;
use std::sync::Arc;

use artifact::TreePath;
use code_model::DottedName;
use code_model::api::{ApiIndex, Resolution};
use code_model::hint::HintSubject;
use code_model::snapshot::{Origin, Snapshot, SymbolKind};
use proptest::prelude::*;
use python::assemble::{TreeFile, assemble};

fn snapshot(files: &[(&str, &str)]) -> Snapshot {
    let file = |(path, text): &(&str, &str)| {
        let path = TreePath::new(path).expect("a path of the test");
        let facts = python::facts::extract(&path, text.as_bytes());
        (path, TreeFile { facts: Arc::new(facts), last_modified: None })
    };
    let files: BTreeMap<_, _> = files.iter().map(file).collect();
    let origin = Origin {
        library: String::new(),
        version: "1".to_owned(),
        reference: "tree".to_owned(),
        commit: None,
        archive: None,
        created_at: None,
    };
    assemble(origin, &files)
}

fn hints(files: &[(&str, &str)]) -> Vec<String> {
    let said = |subject: &HintSubject| match subject {
        HintSubject::Name { old, new, .. } => format!("{old} -> {new}"),
        HintSubject::NameDeprecated { old } => format!("{old} -> ?"),
        HintSubject::Parameter { callable, old, new } => {
            format!("{callable}({old} -> {})", new.as_deref().unwrap_or("-"))
        }
        HintSubject::Key { old, new, .. } => format!("key {old} -> {new}"),
        HintSubject::Call { callable, template, .. } => format!("{callable} = {template}"),
    };
    let mut found: Vec<_> = snapshot(files).hints.iter().map(|hint| said(&hint.subject)).collect();
    found.sort();
    found.dedup();
    found
}

/// The hints of one module `p.m` of a package `p`.
fn in_module(text: &str) -> Vec<String> {
    hints(&[("p/__init__.py", ""), ("p/m.py", text)])
}

#[test]
fn idioms_name_successors() {
    let table: &[(&str, &[&str])] = &[
        ("def fresh(): ...\nold = fresh\n", &["p.m.old -> p.m.fresh"]),
        (
            "import warnings\ndef fresh(a): ...\ndef old(a):\n    warnings.warn('old is deprecated, use fresh instead', DeprecationWarning)\n    return fresh(a)\n",
            &["p.m.old -> p.m.fresh"],
        ),
        (
            "@deprecated('1.2', alternative='fresh')\ndef old(): ...\ndef fresh(): ...\n",
            &["p.m.old -> p.m.fresh"],
        ),
        (
            "@deprecated('Use :meth:`C.fresh` instead.')\ndef old(): ...\nclass C:\n    def fresh(self): ...\n",
            &["p.m.old -> p.m.C.fresh"],
        ),
        (
            "class C:\n    def fresh(self): ...\n    @deprecated(alternative='fresh')\n    def old(self): ...\n",
            &["p.m.C.old -> p.m.C.fresh"],
        ),
        (
            "from typing_extensions import deprecated\nclass Fresh: ...\n@deprecated('moved to Fresh')\nclass Old(Fresh):\n    pass\n",
            &["p.m.Old -> p.m.Fresh"],
        ),
        (
            "class C:\n    @property\n    def old(self):\n        return self.fresh\n    @property\n    def fresh(self): ...\n",
            &["p.m.C.old -> p.m.C.fresh"],
        ),
        (
            "def fresh(): ...\ndef old():\n    \"\"\"Old.\n\n    .. deprecated:: 1.0\n       Use :func:`fresh` instead.\n    \"\"\"\n",
            &["p.m.old -> p.m.fresh"],
        ),
        ("@rename_parameter('1.2', 'old', 'fresh')\ndef f(fresh): ...\n", &["p.m.f(old -> fresh)"]),
        (
            "@deprecate_kwarg(old_arg_name='o', new_arg_name='n')\ndef f(n): ...\n",
            &["p.m.f(o -> n)"],
        ),
        ("@renamed({'o': 'n'})\ndef f(n): ...\n", &["p.m.f(o -> n)"]),
        ("@delete_parameter('1.2', 'gone')\ndef f(gone=None): ...\n", &["p.m.f(gone -> -)"]),
        (
            "import warnings\ndef f(n=None, o=None):\n    if o is not None:\n        warnings.warn('argument o is deprecated', FutureWarning)\n        n = o\n",
            &["p.m.f(o -> n)"],
        ),
        ("def f(n=None, **kwargs):\n    n = kwargs.pop('o', n)\n", &["p.m.f(o -> n)"]),
        (
            "def f(a, b):\n    \"\"\"F.\n\n    Parameters\n    ----------\n    a : int\n        A.\n\n        .. deprecated:: 1.1\n            `a` was renamed to `b`.\n    b : int\n        B.\n    \"\"\"\n",
            &["p.m.f(a -> b)"],
        ),
        ("RENAMED_KEYS = {'old_key': 'new_key'}\n", &["key old_key -> new_key"]),
        ("MOVED = {'p.m.Old': 'p.m.New'}\nclass New: ...\n", &["p.m.Old -> p.m.New"]),
    ];
    for (text, expected) in table {
        assert_eq!(in_module(text), *expected, "{text}");
    }
}

#[test]
fn ordinary_code_names_no_successor() {
    for text in [
        "def f(x):\n    return g(x)\ndef g(x): ...\n",
        "class E(Exception):\n    pass\nclass F(E):\n    pass\n",
        "class Config: ...\nclass App:\n    config_class = Config\n",
        "@route('a', 'b')\ndef f(c): ...\n",
        "@parametrize('x', 'y')\ndef f(x, y): ...\n",
        "import warnings\ndef f(x):\n    if x is None:\n        warnings.warn('x is missing, use y')\n",
        "def f(x=None, y=None):\n    if x is not None:\n        y = x\n",
        "class C:\n    @property\n    def a(self):\n        return self._a\n",
        "COLOURS = {'red': 'r', 'green': 'g'}\n",
        "def f():\n    \"\"\"Use `g` with care.\"\"\"\ndef g(): ...\n",
    ] {
        assert!(in_module(text).is_empty(), "{text}: {:?}", in_module(text));
    }
}

fn resolved(snapshot: &Snapshot, path: &str) -> String {
    let path = DottedName::new(path).expect("a dotted name of the test");
    match ApiIndex::new(snapshot).resolve(&path) {
        Resolution::Symbol(name) => format!("symbol {name}"),
        Resolution::Module(name) => format!("module {name}"),
        Resolution::External(name) => format!("external {name}"),
        Resolution::Unseen(_) => "unseen".to_owned(),
        Resolution::Missing => "missing".to_owned(),
    }
}

#[test]
fn access_paths_lead_to_definitions() {
    let found = snapshot(&[
        (
            "src/p/__init__.py",
            "from .a import *\nfrom .b import thing as other\nfrom . import c\nfrom .a import __all__ as _names\n__all__ = ['other', 'X']\n__all__ += c.__all__\n\
             def __getattr__(name):\n    if name in _LAZY:\n        return load(_LAZY[name])\n    raise AttributeError(name)\n_LAZY = {'Late': 'p.b:Late'}\n",
        ),
        ("src/p/a.py", "__all__ = ('X',)\nclass X:\n    def m(self): ...\nclass Hidden: ...\n"),
        ("src/p/b.py", "def thing(): ...\nclass Late: ...\nfrom numpy import array\n"),
        (
            "src/p/c.py",
            "__all__ = ['k']\n__all__.append('l')\nk = 1\nl = 2\ntry:\n    from fast import q\nexcept ImportError:\n    def q(): ...\n",
        ),
        ("setup.py", "from setuptools import setup\nsetup(name='p', package_dir={'': 'src'})\n"),
    ]);
    let table = [
        ("p.X", "symbol p.a.X"),
        ("p.X.m", "symbol p.a.X.m"),
        ("p.Hidden", "missing"),
        ("p.other", "symbol p.b.thing"),
        ("p.c", "module p.c"),
        ("p.c.k", "symbol p.c.k"),
        ("p.Late", "symbol p.b.Late"),
        ("p.b.array", "external numpy.array"),
        ("p.c.q", "symbol p.c.q"),
        ("p.nothing", "missing"),
    ];
    for (path, expected) in table {
        assert_eq!(resolved(&found, path), expected, "{path}");
    }
    let exported = |module: &str| {
        let module = found.modules.iter().find(|(name, _)| name.as_str() == module);
        module.and_then(|(_, module)| module.exported.clone()).unwrap_or_default().join(" ")
    };
    assert_eq!(exported("p"), "other X k l");
    assert_eq!(exported("p.c"), "k l");
}

#[test]
fn what_a_computed_list_may_export_is_unseen() {
    let listed = |list: &str| {
        let defined = format!("class A: ...\nclass B: ...\nclass C: ...\n{list}\n");
        let user = "import p\ndef f(): return p.C\n";
        let found = snapshot(&[
            ("p/__init__.py", "from .x import *\n"),
            ("p/x.py", &defined),
            ("p/y.py", user),
        ]);
        let brings =
            ApiIndex::new(&found).star_import_brings(&DottedName::new("p.x").expect("a name"), "B");
        (["p.A", "p.B", "p.C"].map(|path| resolved(&found, path)), brings)
    };
    let [a, b, c] = ["A", "B", "C"].map(|name| format!("symbol p.x.{name}"));
    for computed in [
        "__all__ = ['A'] + names()",
        "__all__ = ['A']\n__all__ += computed",
        "__all__ = ['A', *(n for n in dir() if n.isupper())]",
        "__all__ = ['A']\n__all__.extend(names())",
        "__all__ = ['A']\n__all__ = __all__ + names()",
    ] {
        let ([sure, perhaps, used], brings) = listed(computed);
        assert_eq!((sure, used), (a.clone(), c.clone()), "{computed}");
        assert!(perhaps.starts_with("unseen"), "{computed}: {perhaps}");
        assert_eq!(brings, None, "{computed}");
    }
    for public in [
        "__all__ = [name for name in dir() if not name.startswith('_')]",
        "__all__ = [n for n in sorted(globals()) if n[0] != '_' and n not in ('os', 'sys')]",
        "__all__ = dir()",
    ] {
        let (found, brings) = listed(public);
        assert_eq!(found, [a.clone(), b.clone(), c.clone()], "{public}");
        assert_eq!(brings, Some(true), "{public}");
    }
}

#[test]
fn modules_are_tests_by_what_they_hold_and_who_imports_them() {
    let found = snapshot(&[
        ("p/__init__.py", "from p.tests.tools import run\nfrom p.test_suite import *\n"),
        ("p/test_tools.py", "def helper(): ...\ndef test_line(line): ...\ndef more(): ...\n"),
        ("p/test_suite.py", "class TestA:\n    def test_it(self): ...\n"),
        (
            "p/a_test.py",
            "import unittest\nclass A(unittest.TestCase):\n    def test_b(self): ...\n",
        ),
        ("p/conftest.py", "def fixture(): ...\n"),
        ("p/tests/__init__.py", ""),
        ("p/tests/tools.py", "from p.tests.deeper import walk\ndef run(): ...\n"),
        ("p/tests/deeper.py", "def walk(): ...\n"),
        ("p/tests/helpers.py", "def helper(): ...\n"),
        ("p/tests/test_a.py", "def test_a(): ...\n"),
        ("p/stats/tests/__init__.py", "def t_test(a, b): ...\n"),
        ("p/test/client.py", "class Client: ...\n"),
    ]);
    let tests: Vec<&str> = found
        .modules
        .iter()
        .filter(|(_, module)| module.is_test)
        .map(|(name, _)| name.as_str())
        .collect();
    let expected =
        ["p.a_test", "p.conftest", "p.test_suite", "p.tests", "p.tests.helpers", "p.tests.test_a"];
    assert_eq!(tests, expected);
}

#[test]
fn what_a_package_uses_itself_is_not_offered_by_it() {
    let found = snapshot(&[
        (
            "p/a/__init__.py",
            "from p.b import used, offered\nfrom .own import inner\ndef f():\n    return used(inner())\n",
        ),
        ("p/a/own.py", "def inner(): ...\n"),
        ("p/b.py", "def used(x): ...\ndef offered(): ...\n"),
        ("p/__init__.py", ""),
    ]);
    let public = |path: &str| found.aliases[&DottedName::new(path).expect("a dotted name")].public;
    assert!(!public("p.a.used"));
    assert!(public("p.a.offered"));
    assert!(public("p.a.inner"));
}

#[test]
fn functions_that_only_import_serve_what_they_import() {
    let found = snapshot(&[
        (
            "p/__init__.py",
            "def _import_late():\n    from p.b import Late\n    return Late\n\
             def _make_other():\n    from p.b import Late\n    return Late()\n\
             def __getattr__(name):\n    if name == 'Late':\n        return _import_late()\n    elif name == 'Other':\n        return _make_other()\n    raise AttributeError(name)\n",
        ),
        ("p/b.py", "class Late: ...\n"),
    ]);
    assert_eq!(resolved(&found, "p.Late"), "symbol p.b.Late");
    assert_ne!(resolved(&found, "p.Other"), "symbol p.b.Late");
}

#[test]
fn names_that_are_served_lazily_are_there() {
    let definitions = "class A: ...\nclass B: ...\ndef c(): ...\n";
    let forms = [
        (
            "a function made from a table",
            "TABLE = {'A': 'p.x', 'B': 'p.x', 'c': 'p.x'}\n\
             importer = create_importer(__package__, module_lookup=TABLE)\n\
             def __getattr__(name):\n    return importer(name)\n",
        ),
        (
            "a table that is handed on",
            "import loader\n__getattr__, __dir__, __all__ = loader.attach(\n\
                 __name__, submodules={'x'}, submod_attrs={'x': ['A', 'B', 'c']})\n",
        ),
        (
            "something in the module's place",
            "import sys\nSTRUCTURE = {'x': ['A', 'B', 'c']}\n\
             sys.modules[__name__] = LazyModule(__name__, __file__, STRUCTURE)\n",
        ),
    ];
    for (what, text) in forms {
        let found = snapshot(&[("p/__init__.py", text), ("p/x.py", definitions)]);
        for name in ["A", "B", "c"] {
            let path = format!("p.{name}");
            assert_eq!(resolved(&found, &path), format!("symbol p.x.{name}"), "{what}");
        }
    }
}

#[test]
fn keys_of_typed_dictionaries_may_be_left_out() {
    let found = snapshot(&[(
        "p.py",
        "from typing import NotRequired, Required, TypedDict\n\
         class Whole(TypedDict):\n    a: int\n    b: NotRequired[int]\n\
         class Part(TypedDict, total=False):\n    c: int\n    d: Required[int]\n",
    )]);
    let required = |class: &str| {
        let name = DottedName::new(class).expect("a dotted name of the test");
        let signature = found.symbols[&name].signature.clone().expect("a constructor");
        let parameters = signature.caller_parameters();
        let required = parameters.iter().filter(|it| it.is_required());
        required.map(|it| it.name.to_string()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!((required("p.Whole"), required("p.Part")), ("a".to_owned(), "d".to_owned()));
}

#[test]
fn constructors_come_from_fields_and_bases() {
    let found = snapshot(&[(
        "p.py",
        "from dataclasses import dataclass, field\nfrom typing import NamedTuple\nimport enum\n\
         @dataclass\nclass D:\n    a: int\n    b: str = 'x'\n    c: list = field(default_factory=list)\n    d: int = field(init=False)\n\
         class N(NamedTuple):\n    x: int\nclass B:\n    def __init__(self, q): self.q = q\nclass S(B): ...\n\
         class E(enum.Enum):\n    ONE = 1\nclass P: ...\n",
    )]);
    let parameters = |class: &str| {
        let name = DottedName::new(class).expect("a dotted name of the test");
        let signature = found.symbols.get(&name).and_then(|symbol| symbol.signature.clone());
        signature.map(|signature| {
            let names: Vec<_> = signature
                .caller_parameters()
                .iter()
                .map(|it| format!("{}{}", it.name, if it.is_required() { "" } else { "=" }))
                .collect();
            names.join(" ")
        })
    };
    // A class that comes first in its module is read like any other.
    let alone = snapshot(&[("q.py", "class A:\n    def __init__(self, z=1): self.z = z\n")]);
    let first = alone.symbols.get(&DottedName::new("q.A").expect("a dotted name of the test"));
    let signature = first.and_then(|symbol| symbol.signature.clone()).expect("a constructor");
    assert_eq!(signature.caller_parameters().len(), 1);
    assert_eq!(parameters("p.D").as_deref(), Some("a b= c="));
    assert_eq!(parameters("p.N").as_deref(), Some("x"));
    assert_eq!(parameters("p.S").as_deref(), Some("q"));
    assert_eq!(parameters("p.P").as_deref(), Some(""));
    let kind = |path: &str| {
        let name = DottedName::new(path).expect("a dotted name of the test");
        found.symbols.get(&name).map(|symbol| symbol.kind)
    };
    assert_eq!(kind("p.D.a"), Some(SymbolKind::Field));
    assert_eq!(kind("p.E.ONE"), Some(SymbolKind::EnumMember));
    assert_eq!(kind("p.B.q"), Some(SymbolKind::Attribute));
}

#[test]
fn shapes_survive_moves_and_renames_and_nothing_else() {
    let shape = |text: &str, name: &str| {
        let found = snapshot(&[("p/__init__.py", ""), ("p/m.py", text)]);
        let name = DottedName::new(name).expect("a dotted name of the test");
        found.symbols.get(&name).map(|symbol| symbol.shape_hash)
    };
    let first = shape("from .x import y\ndef f(a):\n    'Doc.'\n    return y(f, a)\n", "p.m.f");
    let moved = shape("from p.z.x import y as k\ndef g(a):\n    return k(g, a)\n", "p.m.g");
    let other = shape("from .x import y\ndef f(a):\n    return y(a, f)\n", "p.m.f");
    assert!(first.is_some());
    assert_eq!(first, moved);
    assert_ne!(first, other);
}

#[test]
fn hostile_files_are_findings() {
    let code = |bytes: &[u8]| {
        let path = TreePath::new("m.py").expect("a path of the test");
        let facts = python::facts::extract(&path, bytes);
        facts.findings.first().map(|finding| finding.code.clone())
    };
    assert_eq!(code(b"x = 1\n"), None);
    assert_eq!(code(b"def f(:\n").as_deref(), Some("syntax-error"));
    let overlapping = b"def f(kwargs.pop('o')__all__ = **kwargs\"\"\"";
    assert_eq!(code(overlapping).as_deref(), Some("syntax-error"));
    assert_eq!(code(b"x = '\xff'\n").as_deref(), Some("undecodable"));
    assert_eq!(code(b"# -*- coding: latin-1 -*-\nx = '\xff'\n"), None);
    assert_eq!(code(b"# coding: klingon\n").as_deref(), Some("unknown-encoding"));
    assert_eq!(code(&vec![b'#'; 50 << 20]).as_deref(), Some("file-too-large"));
    let deep = |open: &str, close: &str, times: usize| {
        format!("x = {}1{}\n", open.repeat(times), close.repeat(times)).into_bytes()
    };
    assert_eq!(code(&deep("(", ")", 10_000)).as_deref(), Some("nested-too-deeply"));
    assert_eq!(code(&deep("[", "]", 2_000)), None);
    assert_eq!(code(&deep("~", "", 3_900)), None);
    assert_eq!(code(&deep("a+", "", 3_000)), None);
    assert_eq!(code(&deep("", ".b", 3_000)).as_deref(), Some("syntax-error"));
    assert_eq!(code(&deep("a if b else ", "", 3_000)), None);
    assert_eq!(code(&deep("lambda: ", "", 3_000)), None);
    assert_eq!(code(&deep("", "()", 1_500)), None);
    let ifs: String = (0..300).map(|level| format!("{}if a:\n", " ".repeat(level))).collect();
    assert_eq!(code(ifs.as_bytes()).as_deref(), Some("nested-too-deeply"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_bytes_give_facts(bytes in proptest::collection::vec(any::<u8>(), 0..400), kind in 0_usize..6) {
        let name = ["m.py", "m.pyi", "c.yaml", "pyproject.toml", "d.rst", "setup.cfg"][kind];
        let path = TreePath::new(name).expect("a path of the test");
        let facts = python::facts::extract(&path, &bytes);
        prop_assert_eq!(facts.size_bytes, bytes.len() as u64);
    }

    #[test]
    fn any_pieces_of_python_give_snapshots(
        pieces in proptest::collection::vec(
            prop::sample::select(vec![
                "def f(", "a, b=1", "):\n", "    ", "return ", "class C", "(B):\n", "x = y\n",
                "import ", "from . import ", "__all__ = ", "['a']", "\n", "@d('a', 'b')\n", "\"\"\"",
                ".. deprecated:: 1\n", "use `x`", "warnings.warn('use `", "{'a': 'b'}", "self.", "`", "é",
                "if ", "else:\n", "kwargs.pop('o')", "**kwargs", "lambda: ", "[", "]", "f'{", "}'",
            ]),
            0..40,
        ),
    ) {
        let text = pieces.concat();
        let first = snapshot(&[("p/__init__.py", &text), ("p/m.py", &text), ("CHANGES.rst", &text)]);
        let again = snapshot(&[("p/__init__.py", &text), ("p/m.py", &text), ("CHANGES.rst", &text)]);
        prop_assert_eq!(first, again);
    }
}
