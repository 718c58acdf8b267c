//! Bodies that do nothing but hand on, and bodies that do more.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use artifact::TreePath;
use code_model::forward::{ForwardHolder, ForwardedForm, ForwardedPart, ForwardingBody};
use code_model::snapshot::Origin;
use python::assemble::{TreeFile, assemble};

/// What the functions of a module `p.m` hand on to, one line each.
fn forwards(text: &str) -> Vec<String> {
    let path = TreePath::new("p/m.py").expect("a path");
    let package = TreePath::new("p/__init__.py").expect("a path");
    let file = |path: &TreePath, text: &str| {
        let facts = Arc::new(python::facts::extract(path, text.as_bytes()));
        (path.clone(), TreeFile { facts, last_modified: None })
    };
    let files = BTreeMap::from([file(&package, ""), file(&path, text)]);
    let origin = Origin {
        library: String::new(),
        version: "1".to_owned(),
        reference: "tree".to_owned(),
        commit: None,
        archive: None,
        created_at: None,
    };
    let snapshot = assemble(origin, &files);
    let lines = snapshot.forwards.iter().flat_map(|(owner, bodies)| {
        bodies.iter().map(move |body| format!("{owner} = {}", written(body)))
    });
    lines.collect()
}

fn written(body: &ForwardingBody) -> String {
    let forward = &body.forward;
    let mut out = match &forward.holder {
        ForwardHolder::None => forward.target.to_string(),
        ForwardHolder::Receiver => format!("self:{}", forward.target),
        ForwardHolder::Parameter(name) => format!("{name}:{}", forward.target),
    };
    for argument in forward.arguments.iter().flatten() {
        out.push(' ');
        match &argument.form {
            ForwardedForm::Positional => {}
            ForwardedForm::Keyword(name) => {
                let _ = write!(out, "{name}=");
            }
            ForwardedForm::Starred => out.push('*'),
            ForwardedForm::DoubleStarred => out.push_str("**"),
        }
        for part in &argument.value {
            match part {
                ForwardedPart::Parameter(name) => {
                    let _ = write!(out, "<{name}>");
                }
                ForwardedPart::Name(name) => {
                    let _ = write!(out, "{{{name}}}");
                }
                ForwardedPart::Text(text) => out.push_str(text),
            }
        }
    }
    let flags = [
        (forward.is_deprecated, " deprecated"),
        (forward.is_awaited, " awaited"),
        (!forward.is_returned, " lost"),
    ];
    out.extend(flags.iter().filter_map(|(on, text)| on.then_some(*text)));
    out
}

#[test]
fn bodies_that_only_hand_on_are_read() {
    for (text, expected) in [
        ("def f(a, b=1):\n    return g(b, key=a)\ndef g(): ...\n", "p.m.f = p.m.g <b> key=<a>"),
        (
            "import warnings\nfrom q import g\ndef f(a):\n    '''Old.'''\n    warnings.warn('f is deprecated', DeprecationWarning)\n    return g(a, 'x', -1, [a, None])\n",
            "p.m.f = q.g <a> 'x' -1 [<a>, None] deprecated",
        ),
        (
            "def f(*args, **kwargs):\n    from .n import g\n    return g(*args, mode='x', **kwargs)\n",
            "p.m.f = p.n.g *<args> mode='x' **<kwargs>",
        ),
        (
            "class C:\n    def f(self, a):\n        return self.g(a)\n    def g(self, a): ...\n",
            "p.m.C.f = self:p.m.C.g <a>",
        ),
        (
            "class C:\n    def f(self):\n        return self.g\n    g = 1\n",
            "p.m.C.f = self:p.m.C.g",
        ),
        (
            "class C:\n    @classmethod\n    def f(cls, a):\n        return cls.g(x=a)\n",
            "p.m.C.f = self:p.m.C.g x=<a>",
        ),
        ("class C: ...\ndef f(c: C, a):\n    return c.g(a)\n", "p.m.f = c:p.m.C.g <a>"),
        (
            "class Mode:\n    FAST = 1\ndef g(): ...\ndef f(a):\n    mode = Mode.FAST\n    result = g(a, mode)\n    return result\n",
            "p.m.f = p.m.g <a> {p.m.Mode.FAST}",
        ),
        ("async def f(a):\n    return await g(a)\ndef g(): ...\n", "p.m.f = p.m.g <a> awaited"),
        ("def f(a):\n    g(a)\ndef g(): ...\n", "p.m.f = p.m.g <a> lost"),
        (
            "from functools import wraps\n@deprecated('use g')\ndef f(a):\n    return g(a, 1)\ndef g(): ...\n",
            "p.m.f = p.m.g <a> 1 deprecated",
        ),
    ] {
        assert_eq!(forwards(text), [expected], "{text}");
    }
}

#[test]
fn bodies_that_do_more_are_not() {
    for text in [
        // Another step, or another way.
        "def f(a):\n    print(a)\n    return g(a)\ndef g(): ...\n",
        "def f(a):\n    if a:\n        return g(a)\n    return g(1)\ndef g(): ...\n",
        "def f(a):\n    if check(a):\n        warn('deprecated')\n    return g(a)\ndef g(): ...\n",
        "def f(a):\n    a = a or 1\n    return g(a)\ndef g(): ...\n",
        "def f(a):\n    with lock:\n        return g(a)\ndef g(): ...\n",
        "def f(a):\n    global state\n    return g(a)\ndef g(): ...\n",
        "class C:\n    def f(self, a):\n        self.last = a\n        return self.g(a)\n",
        // Values that are made by calls, lazily, or from what only the body has.
        "def f(a):\n    return g(len(a))\ndef g(): ...\n",
        "def f(a):\n    return g(a or 1)\ndef g(): ...\n",
        "def f(a):\n    return g(a[0])\ndef g(): ...\n",
        "def f(a):\n    return g(a.b)\ndef g(): ...\n",
        "def f(a):\n    b = make()\n    return g(a, b)\ndef g(): ...\n",
        "def f(a):\n    return g(lambda: a)\ndef g(): ...\n",
        "def f(a):\n    return g(f'{a}')\ndef g(): ...\n",
        "def f(*args):\n    return g(*args[1:])\ndef g(): ...\n",
        // Callees that are known only when the program runs.
        "def f(a):\n    return a(1)\n",
        "def f(a, b):\n    return a.g(b)\n",
        "class C:\n    def f(self, a):\n        return self.inner.g(a)\n",
        "class C:\n    def f(self, a):\n        return super().f(a, 1)\n",
        "def f(a):\n    return g(1)(a)\ndef g(): ...\n",
        // What decorators make of it.
        "@cached\ndef f(a):\n    return g(a)\ndef g(): ...\n",
        "@contextmanager\ndef f(a):\n    return g(a)\ndef g(): ...\n",
        "class C:\n    @property\n    def f(self):\n        return self.g(1)\n",
        "class C:\n    @overload\n    def f(self):\n        return self.g(1)\n",
        // Nobody knows which of several is called, and nobody calls what is private.
        "if fast:\n    def f(a):\n        return g(a)\ndef g(): ...\n",
        "def _f(a):\n    return g(a)\ndef g(): ...\n",
        "def f(a):\n    return a\n",
        "def f(a):\n    pass\n",
        "def f(a): ...\n",
    ] {
        assert_eq!(forwards(text), [""; 0], "{text}");
    }
}
