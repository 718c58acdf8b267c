//! Small programs; every receiver that is asked about is followed by a comment that says what it
//! is.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use artifact::TreePath;

use super::{AlternativeKind, OracleInput, Question, Receiver, TextTree, TypeOracle};

const CORE: &[(&str, &str)] = &[
    ("lib/__init__.py", "from lib.client import Client, make, session\nfrom lib import tools\n"),
    (
        "lib/client.py",
        "from typing import Self, TypeVar, overload, Iterator, ContextManager\n\
         from contextlib import contextmanager\n\
         from lib.tools import renamed, unknown_thing\n\
         class Base:\n\
         \x20   limit: int\n\
         \x20   def __init__(self, old=0):\n\
         \x20       self.child = Client()\n\
         \x20       self.plain = old\n\
         \x20   def method(self, old: int = 0) -> Self: ...\n\
         \x20   @classmethod\n\
         \x20   def build(cls, old=...) -> Self: ...\n\
         class Client(Base):\n\
         \x20   @property\n\
         \x20   def parent(self) -> Base: ...\n\
         \x20   def __enter__(self) -> \"Client\": ...\n\
         \x20   def __exit__(self, *args) -> None: ...\n\
         \x20   @renamed('old', 'new')\n\
         \x20   def decorated(self) -> Base: ...\n\
         \x20   def untyped(self): ...\n\
         @unknown_thing\n\
         class Wrapped(Base): ...\n\
         def make(name: str) -> Client: ...\n\
         def maybe() -> Client | None: ...\n\
         def many() -> list[Client]: ...\n\
         @contextmanager\n\
         def session() -> Iterator[Client]: ...\n\
         DEFAULT = Client()\n",
    ),
    ("lib/tools.py", "def renamed(old, new): ...\ndef helper() -> int: ...\n"),
];

fn tree(files: &[(&str, &str)]) -> Arc<dyn TextTree> {
    let files: BTreeMap<TreePath, Arc<str>> = files
        .iter()
        .map(|(path, text)| (TreePath::new(path).expect("a path"), Arc::from(*text)))
        .collect();
    Arc::new(files)
}

fn oracle(dependent: &[(&str, &str)]) -> TypeOracle {
    TypeOracle::new(OracleInput {
        core: tree(CORE),
        dependent: tree(dependent),
        dependent_roots: Vec::new(),
        installed: None,
        python_version: (3, 13),
    })
}

fn shown(receiver: &Receiver) -> String {
    let mut text = String::new();
    for alternative in &receiver.alternatives {
        let kind = match alternative.kind {
            AlternativeKind::Instance => "",
            AlternativeKind::ClassObject => "class ",
            AlternativeKind::Super => "super ",
            AlternativeKind::Module => "module ",
            AlternativeKind::Function => "function ",
            AlternativeKind::Method => "method ",
        };
        let separator = if text.is_empty() { "" } else { " | " };
        let _ = write!(text, "{separator}{kind}{}", alternative.place.name);
        if let Some(first) = alternative.defined_in.first() {
            let _ = write!(text, " by {}", first.name);
        }
        if !alternative.lineage_complete {
            text.push_str(" (bases unknown)");
        }
    }
    if let Some(reason) = &receiver.unknown {
        let separator = if text.is_empty() { "" } else { " | " };
        let _ = write!(text, "{separator}? {reason}");
    }
    text
}

/// Asks about every `‹expression›` of a program, with `method` as the member, and writes each
/// answer on a line.
fn answers(program: &str) -> Vec<String> {
    let (mut text, mut questions) = (String::new(), Vec::new());
    let mut open = Vec::new();
    for character in program.chars() {
        match character {
            '‹' => open.push(text.len() as u32),
            '›' => {
                let start = open.pop().expect("a mark is opened before it is closed");
                questions.push(Question {
                    bytes: (start, text.len() as u32),
                    member: Some("method".to_owned()),
                });
            }
            other => text.push(other),
        }
    }
    let file = TreePath::new("app/main.py").expect("a path");
    let oracle = oracle(&[("app/main.py", &text), ("app/__init__.py", "")]);
    oracle.ask(&file, &questions).iter().map(shown).collect()
}

macro_rules! programs {
    ($($name:ident: $program:literal => $expected:expr;)*) => {
        $(#[test]
        fn $name() {
            assert_eq!(answers($program), $expected, "{}", $program);
        })*
    };
}

programs! {
    constructors_and_modules: "import lib\nc = ‹lib›.Client()\n‹c›.method()\n‹lib.Client›.method(c)\n"
        => ["module lib", "lib.client.Client by lib.client.Base",
            "class lib.client.Client by lib.client.Base"];
    factories_and_chains: "from lib import make\n‹make('x')›.method()\n‹make('x').method()›.method()\n"
        => ["lib.client.Client by lib.client.Base", "lib.client.Client by lib.client.Base"];
    optional_and_narrowed:
        "from lib.client import maybe\nx = maybe()\n‹x›.method()\nif x is not None:\n    ‹x›.method()\n"
        => ["lib.client.Client by lib.client.Base", "lib.client.Client by lib.client.Base"];
    containers: "from lib.client import many\nfor c in many():\n    ‹c›.method()\n[‹d›.method() for d in many()]\n"
        => ["lib.client.Client by lib.client.Base", "lib.client.Client by lib.client.Base"];
    context_managers:
        "import lib\nwith lib.Client() as c, lib.session() as s:\n    ‹c›.method()\n    ‹s›.method()\n"
        => ["lib.client.Client by lib.client.Base", "lib.client.Client by lib.client.Base"];
    same_name_of_another_class: "class Other:\n    def method(self): ...\n‹Other()›.method()\n"
        => ["app.main.Other by app.main.Other"];
    attributes_of_self:
        "import lib\nclass A:\n    def __init__(self):\n        self.c = lib.Client()\n    def f(self):\n        ‹self.c›.method()\n        ‹self›.method()\n"
        => ["lib.client.Client by lib.client.Base", "app.main.A"];
    subclasses:
        "import lib\nclass A(lib.Client):\n    def f(self):\n        ‹self›.method()\n        ‹super()›.method()\n    @classmethod\n    def g(cls):\n        ‹cls›.method()\n        ‹cls()›.method()\n    def method(self): ...\n‹A()›.method()\n"
        => ["app.main.A by app.main.A", "super app.main.A by lib.client.Base",
            "class app.main.A by app.main.A", "app.main.A by app.main.A",
            "app.main.A by app.main.A"];
    annotated_parameters:
        "import lib\ndef f(a: lib.Client, b: 'lib.Client', c: type[lib.Client], d: lib.Client | int, e, *f: lib.Client):\n    ‹a›\n    ‹b›\n    ‹c›\n    ‹d›\n    ‹e›\n    ‹f[0]›\n"
        => ["lib.client.Client by lib.client.Base", "lib.client.Client by lib.client.Base",
            "class lib.client.Client by lib.client.Base",
            "lib.client.Client by lib.client.Base | builtins.int",
            "? its type cannot be inferred", "lib.client.Client by lib.client.Base"];
    bounded_variables:
        "import lib\nfrom typing import TypeVar\nT = TypeVar('T', bound=lib.Client)\nU = TypeVar('U')\ndef f(a: T, b: U, c: type[T]):\n    ‹a›\n    ‹b›\n    ‹c›\ndef g[V: lib.Client](a: V):\n    ‹a›\n"
        => ["lib.client.Client by lib.client.Base",
            "? it is a type variable without a class as its bound",
            "class lib.client.Client by lib.client.Base", "lib.client.Client by lib.client.Base"];
    narrowed_unknown:
        "import lib\ndef f(a, b=None):\n    if isinstance(a, lib.Client):\n        ‹a›.method()\n    b = b or lib.Client()\n    ‹b›.method()\n"
        => ["lib.client.Client by lib.client.Base",
            "lib.client.Client by lib.client.Base | ? its type cannot be inferred"];
    attributes_of_the_library:
        "import lib\nc = lib.Client()\n‹c.child›.method()\n‹c.parent›.method()\n‹lib.client.DEFAULT›.method()\n‹c.plain›.method()\n"
        => ["lib.client.Client by lib.client.Base", "lib.client.Base by lib.client.Base",
            "lib.client.Client by lib.client.Base", "builtins.int | ? its type cannot be inferred"];
    decorated_definitions:
        "import lib\nfrom lib.client import Wrapped\n‹lib.Client().decorated()›.method()\n‹Wrapped()›.method()\n"
        => ["lib.client.Base by lib.client.Base", "lib.client.Wrapped by lib.client.Base"];
    unannotated_results: "import lib\n‹lib.Client().untyped()›.method()\n"
        => ["? its type cannot be inferred"];
    functions_and_bound_methods:
        "import lib\nm = lib.Client().method\n‹m›(old=1)\n‹lib.Client.method›\n‹lib.make›\n"
        => ["method lib.client.Base.method", "function lib.client.Base.method",
            "function lib.client.make"];
    unreachable_code: "import lib, sys\nif sys.version_info < (3,):\n    ‹lib.Client()›.method()\n"
        => ["? the code is never reached"];
    walrus_and_conditional:
        "import lib\nif (c := lib.make('x')):\n    ‹c›.method()\n‹(lib.Client() if c else lib.Client())›.method()\n"
        => ["lib.client.Client by lib.client.Base", "? there is no expression at this place"];
    unannotated_functions_of_the_dependent:
        "import lib\ndef f():\n    return lib.Client()\nclass A:\n    def g(self):\n        return f()\n‹f()›.method()\n‹A().g()›.method()\n"
        => ["lib.client.Client by lib.client.Base", "lib.client.Client by lib.client.Base"];
    followed_names_and_attributes:
        "import lib\ndef make(flag):\n    if flag:\n        return None\n    return lib.Client()\nclass A:\n    def __init__(self):\n        self.c = make(1)\n    def me(self):\n        return self\n    @property\n    def p(self):\n        return self.c\nc = make(1)\n‹c›.method()\n‹A().c›.method()\n‹A().me().p›.method()\nasync def g():\n    return lib.Client()\nasync def h():\n    ‹(await g())›.method()\n    x = await g()\n    ‹x›.method()\ndef two(flag):\n    return lib.Client() if flag else unseen()\n‹two(1)›.method()\ndef rec(n):\n    return rec(n - 1)\n‹rec(1)›.method()\n"
        => ["lib.client.Client by lib.client.Base", "lib.client.Client by lib.client.Base",
            "lib.client.Client by lib.client.Base", "? there is no expression at this place",
            "lib.client.Client by lib.client.Base",
            "lib.client.Client by lib.client.Base | ? its type cannot be inferred",
            "? its type cannot be inferred"];
    unresolved_imports_of_others:
        "import lib\nfrom unseen import Mixin, decorate\nclass A(Mixin, lib.Client): ...\n@decorate\nclass B(lib.Client): ...\n@decorate\ndef f() -> lib.Client: ...\n‹A()›.method()\n‹B()›.method()\n‹f()›.method()\n"
        => ["app.main.A by lib.client.Base (bases unknown)", "app.main.B by lib.client.Base",
            "? its type cannot be inferred"];
}

#[test]
fn broken_code_is_answered() {
    assert_eq!(
        answers("import lib\nc = lib.Client(\n‹c›.method()\ndef ("),
        ["lib.client.Client by lib.client.Base"]
    );
}

#[test]
fn nesting_neither_panics_nor_overflows() {
    let deep = format!(
        "import lib\nx = {}lib.Client(){}\n‹x›.method()\n",
        "(".repeat(3000),
        ")".repeat(3000)
    );
    assert_eq!(answers(&deep), ["lib.client.Client by lib.client.Base"]);
    let sum = format!("x = {}1\n‹x›.method()\n", "1 + ".repeat(20_000));
    assert_eq!(answers(&sum).len(), 1);
}

#[test]
fn classes_of_a_file_have_their_lineage() {
    let oracle =
        oracle(&[("app.py", "import lib\nclass A(lib.Client):\n    class B(lib.Wrapped): ...\n")]);
    let classes = oracle.classes(&TreePath::new("app.py").expect("a path")).expect("classes");
    let shown: Vec<String> = classes
        .iter()
        .map(|class| {
            let lineage: Vec<_> =
                class.class.lineage.iter().map(|place| place.name.as_str()).collect();
            format!("{} {}", lineage.join(" "), class.class.lineage_complete)
        })
        .collect();
    assert_eq!(
        shown,
        [
            "app.A lib.client.Client lib.client.Base builtins.object true",
            "app.A.B builtins.object false"
        ]
    );
}
