//! A source and its stub, side by side.

use ruff_python_ast::PySourceType;
use ruff_python_parser::parse_unchecked_source;

use super::{LazyName, stub_of, with_lazy_names};
use code_model::DottedName;

fn stub(source: &str) -> String {
    stub_of(&parse_unchecked_source(source, PySourceType::Python).syntax().body, source)
}

macro_rules! stubs {
    ($($name:ident: $source:literal => $expected:literal;)*) => {
        $(#[test]
        fn $name() {
            let written = stub($source);
            assert_eq!(written, $expected, "{}", $source);
            // What a stub keeps, its own stub keeps.
            assert_eq!(stub(&written), written);
        })*
    };
}

stubs! {
    bodies_and_docstrings_go:
        "\"\"\"Doc.\"\"\"\nimport os, sys as s\ndef f(a, b: int = 1, /, c='x', *args: str, d, e=[1], **kw) -> int:\n    \"\"\"Doc.\"\"\"\n    secret = a + b\n    return secret\n"
        => "import os as os, sys as _as_s\ns = _as_s\ndef f(a, b: int=1, /, c='x', *args: str, d, e=[1], **kw) -> int: ...\n";
    imports_lose_their_comments:
        "from . import (\n    a,  # why\n    b as c,\n)\nfrom ..x.y import *\n"
        => "from . import a as a, b as _as_c\nc = _as_c\nfrom ..x.y import *\n";
    imports_are_offered_as_a_module_of_source_offers_them:
        "from __future__ import annotations\nimport a.b, a.c as d, e\nfrom .f import g, h as _i\nclass K:\n    from .l import m\n"
        => "from __future__ import annotations\nimport a.b, a.c as _as_d, e as e\nd = _as_d\nfrom .f import g as g, h as _i\nclass K:\n  from .l import m\n";
    classes_keep_what_they_offer:
        "@decorate(1)\nclass A(Base, metaclass=Meta):\n    x = 1\n    y: int\n    \"\"\"Doc.\"\"\"\n    def __init__(self, p: P):\n        self.p = p\n        if p:\n            self.q: list[int] = []\n        self.r = lambda: p\n        local = 1\n    @property\n    def z(self):\n        return self._z\nclass B: pass\n"
        => "@decorate(1)\nclass A(Base, metaclass=Meta):\n  x = 1\n  y: int\n  def __init__(self, p: P):\n    self.p = p\n    self.q: list[int]\n    self.r: Incomplete\n  @property\n  def z(self): ...\nclass B:\n  ...\n";
    plain_results_stay:
        "class A:\n    def f(self):\n        if x:\n            return self\n        return self\n    @classmethod\n    def g(cls, a):\n        return cls(a)\n    def h(self):\n        return self.other\n    def i(self):\n        yield self\n        return A()\ndef j():\n    x = 1\n    return A(x)\ndef k():\n    return A(), 1\n"
        => "class A:\n  def f(self): return self\n  @classmethod\n  def g(cls, a): return cls(a)\n  def h(self): ...\n  def i(self): ...\ndef j(): return A(x)\ndef k(): ...\n";
    long_values_keep_their_kind:
        "A = {'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa': 1, 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb': 2, 'cccccccccccccccccccccccccccccccccccccccccccccc': 3, 'ddddddddddddddddddddddddddddddddddddddd': 4}\nB = [x for x in y]\nC = make(lambda: 1)\nD = lambda: 1\nE = F = G\n"
        => "A = {}\nB = []\nC = make(...)\nD: Incomplete\nE = F = G\n";
    exports_stay_whole:
        "__all__ = ['a']\n__all__ += ['b'] + sub.__all__\n__all__.extend(['c'])\nprint('x')\nglobals()['d'] = 1\nfor n in names:\n    globals()[n] = 1\nfor n in names:\n    total += n\n"
        => "__all__ = ['a']\n__all__ += ['b'] + sub.__all__\n__all__.extend(['c'])\nglobals()['d'] = 1\nfor n in names:\n  globals()[n] = 1\n";
    branches_stay:
        "if TYPE_CHECKING:\n    from a import b\nelse:\n    b = None\ntry:\n    import c\nexcept ImportError as e:\n    raise X from e\nif x:\n    print(1)\n"
        => "if TYPE_CHECKING:\n  from a import b as b\nelse:\n  b = None\ntry:\n  import c as c\nexcept ImportError as e:\n  ...\n";
    overloads_and_async:
        "@overload\ndef f(a: int) -> int: ...\n@overload\ndef f(a: str) -> str: ...\nasync def g[T](a: T) -> T:\n    return a\ntype X[T] = list[T]\ndel f\n"
        => "@overload\ndef f(a: int) -> int: ...\n@overload\ndef f(a: str) -> str: ...\nasync def g[T](a: T) -> T: ...\ntype X[T] = list[T]\ndel f\n";
}

#[test]
fn lazy_names_become_imports() {
    let text = stub("_T = {'A': '.a'}\ndef __getattr__(name):\n    return load(name)\n");
    let name = |target: &str, name: &str| LazyName {
        name: name.to_owned(),
        target: DottedName::new(target).expect("a name"),
    };
    let names = [name("p.a.A", "A"), name("p.b", "b"), name("p.c", "d")];
    let with = "_T = {'A': '.a'}\nfrom p.a import A as A\nfrom p import b as b\n\
        from p import c as _as_d\nd = _as_d\n";
    assert_eq!(with_lazy_names(&text, &names, true), with);
    assert!(with_lazy_names(&text, &names, false).contains("def __getattr__(name): ..."));
    assert_eq!(with_lazy_names(&text, &[], true), text);
}

#[test]
fn broken_code_has_a_stub() {
    for source in
        ["def f(", "class A(\n  x =", "if :\n  x", "@\ndef f(): pass", "import", "from . import"]
    {
        stub(source);
    }
}
