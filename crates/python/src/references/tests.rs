use super::*;
use crate::parse::ParsedFile;

fn read(source: &str) -> FileReferences {
    let roots = BTreeSet::from([DottedName::new("np_like").expect("a name")]);
    let options = ReferenceOptions {
        roots: &roots,
        distribution: None,
        module: None,
        is_package: false,
        members: &|_| false,
        star: &NoStarExports,
        dependent: None,
    };
    FileReferences::read(&ParsedFile::parse(source.as_bytes()).expect("parses"), &options)
}

/// One line for each reference: its text, what it means, and `?` where that is not certain.
fn table(source: &str) -> Vec<String> {
    let references = read(source).references;
    references
        .iter()
        .map(|reference| {
            let text = reference.span.of(source);
            let target = reference.target().map(ToString::to_string).unwrap_or_default();
            let mark = if reference.certainty == Certainty::Certain { "" } else { "?" };
            let guard = if reference.conditions.version_guard { "!" } else { "" };
            format!("{text} = {target}{mark}{guard}")
        })
        .collect()
}

#[test]
fn names_are_followed_through_scopes() {
    let cases: &[(&str, &[&str])] = &[
        ("import np_like as np\nnp.a.b()\n", &["np.a.b = np_like.a.b"]),
        ("from np_like import f\nf()\ndef g(f):\n    return f()\n", &["f = np_like.f"]),
        ("from np_like import f as g\n[g for g in g()]\n", &["g = np_like.f"]),
        ("import np_like.x.y\nnp_like.x.y.f\n", &["np_like.x.y.f = np_like.x.y.f"]),
        ("import np_like as np\np = np.f\np(1)\n", &["np.f = np_like.f", "p = np_like.f"]),
        (
            "import np_like as np\nclass A:\n    np = 1\n    def m(self):\n        return np.f\n",
            &["np.f = np_like.f"],
        ),
        ("import other as np\nnp.f()\n", &[]),
        ("def g():\n    from np_like import f\n    return f()\nf()\n", &["f = np_like.f"]),
        ("from np_like import f\nx: 'f' = 1\n", &["f = np_like.f"]),
        ("from np_like import f\nprint(f'{f(1)}')\n", &["f = np_like.f"]),
        ("import np_like as np\ngetattr(np, 'f')\n", &["np = np_like", "np, 'f = np_like.f"]),
        ("from np_like import f\nf = wrap(f)\nf()\n", &["f = np_like.f"]),
        ("from np_like import f\nif c:\n    f = 3\nf()\n", &["f = np_like.f?"]),
        (
            "try:\n    import np_like as np\nexcept ImportError:\n    np = None\nnp.f()\n",
            &["np.f = np_like.f"],
        ),
        (
            "try:\n    from np_like import f\nexcept ImportError:\n    from np_like import g as \
             f\nf()\n",
            &["f = np_like.f?!"],
        ),
        (
            "import np_like as np\nif hasattr(np, 'f'):\n    np.f()\nelse:\n    np.g()\n",
            &["np = np_like!", "np, 'f = np_like.f!", "np.f = np_like.f!", "np.g = np_like.g!"],
        ),
        (
            "import np_like as np\nV2 = np.__version__ > '2'\nif V2:\n    np.f()\n",
            &["np.__version__ = np_like.__version__", "np.f = np_like.f!"],
        ),
        ("mock.patch('np_like.a.B')\n", &["np_like.a.B = np_like.a.B"]),
        ("import np_like as np\nwhile c:\n    np.f()\n    np = 1\n", &["np.f = np_like.f?"]),
        (
            "def g():\n    global np\n    import np_like as np\ndef h():\n    np.f()\n",
            &["np.f = np_like.f"],
        ),
    ];
    for (source, expected) in cases {
        assert_eq!(table(source), *expected, "{source}");
    }
}

#[test]
fn problems_are_undefined_and_unused_names() {
    let problems = read("import os\nimport np_like\nfoo\n").problems();
    assert_eq!(
        problems,
        [
            NameProblem::Undefined("foo".into()),
            NameProblem::Unused("np_like".into()),
            NameProblem::Unused("os".into()),
        ]
    );
}
