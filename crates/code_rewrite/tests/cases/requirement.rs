//! Requirements in every file that may hold them.

use artifact::TreePath;
use code_rewrite::{DependentFile, RequirementChange, may_hold_requirements, rewrite_requirement};

/// The new text, and which requirements stay: their lines and why.
fn followed(path: &str, text: &str, first: Option<&str>) -> (Option<String>, Vec<String>) {
    let file = DependentFile {
        path: TreePath::new(path).expect("a path"),
        content: text.as_bytes().into(),
        module: None,
    };
    assert!(may_hold_requirements(&file), "{path}");
    let change = RequirementChange {
        library: "core-lib".to_owned(),
        to_version: "2.1.0".to_owned(),
        first_version: first.map(ToOwned::to_owned),
    };
    let result = rewrite_requirement(&file, &change);
    let left = result.findings.iter().map(|finding| {
        assert_eq!(finding.code, "requirement-left");
        format!("{} {}", finding.line.expect("a line"), finding.message)
    });
    let left = left.collect();
    let text = result.content.map(|bytes| String::from_utf8(bytes).expect("UTF-8"));
    if let Some(text) = &text {
        let again = DependentFile { content: text.as_bytes().into(), ..file };
        assert_eq!(rewrite_requirement(&again, &change).content, None, "a second time\n{text}");
    }
    (text, left)
}

fn rewritten(path: &str, text: &str, first: Option<&str>) -> Option<String> {
    let (text, left) = followed(path, text, first);
    assert_eq!(left, [""; 0]);
    text
}

#[test]
fn bounds_are_widened_and_raised_only_as_far_as_needed() {
    let cases: &[(&str, Option<&str>, Option<&str>)] = &[
        ("core-lib>=1.0,<2.0", None, Some("core-lib>=1.0,<3.0")),
        ("core-lib >= 1.0, < 2", Some("1.5"), Some("core-lib >= 1.5, < 3")),
        (
            "Core_Lib[extra]<2 ; python_version > '3'",
            None,
            Some("Core_Lib[extra]<3 ; python_version > '3'"),
        ),
        ("core-lib==1.4.2", None, Some("core-lib==2.1.0")),
        ("core-lib==1.4.*", None, Some("core-lib==2.1.*")),
        ("core-lib~=1.4", None, Some("core-lib~=2.1")),
        ("core-lib~=1.4.2", None, Some("core-lib~=2.1.0")),
        ("core-lib<=1.9", None, Some("core-lib<=2.1.0")),
        ("core-lib>=1.0", None, None),
        ("core-lib>=1.0", Some("2.0"), Some("core-lib>=2.0")),
        ("core-lib>=3.0", Some("2.0"), None),
        ("core-lib>=1.0,!=1.5,<4", None, None),
        ("core-lib", Some("2.0"), None),
        ("core-library<2", None, None),
        ("core-lib @ https://example.org/core.zip", None, None),
        ("# core-lib<2", None, None),
        ("core-lib<2  # why", None, Some("core-lib<3  # why")),
        ("core-lib<wrong", None, None),
    ];
    for (old, first, new) in cases {
        let text = format!("other<2\r\n{old}\r\n-r base.txt");
        let expected = new.map(|new| format!("other<2\r\n{new}\r\n-r base.txt"));
        assert_eq!(rewritten("requirements-dev.txt", &text, *first), expected, "{old}");
    }
}

/// A file, its text, and the text that it becomes.
const FORMATS: &[(&str, &str, &str)] = &[
    (
        "pyproject.toml",
        "[project]\nname='x'\ndependencies = [\n  'core-lib<2', # why\n  \
             \"other<2\",\n]\n[project.optional-dependencies]\nall = [\"core_lib>=1,<2\"]\n",
        "[project]\nname='x'\ndependencies = [\n  'core-lib<3', # why\n  \
             \"other<2\",\n]\n[project.optional-dependencies]\nall = [\"core_lib>=1,<3\"]\n",
    ),
    (
        "pyproject.toml",
        "[tool.poetry.dependencies]\npython = \"^3.8\"\ncore-lib = { version = \"^1.2\", \
             extras = [\"a\"] }\n[tool.poetry.group.dev.dependencies]\ncore-lib = \"~1.2\"\n",
        "[tool.poetry.dependencies]\npython = \"^3.8\"\ncore-lib = { version = \"^2.1\", \
             extras = [\"a\"] }\n[tool.poetry.group.dev.dependencies]\ncore-lib = \"~2.1\"\n",
    ),
    (
        "setup.cfg",
        "[options]\ninstall_requires =\n    other\n    core-lib <2\n",
        "[options]\ninstall_requires =\n    other\n    core-lib <3\n",
    ),
    (
        "setup.py",
        "setup(install_requires=['core-lib<2', \"other<2\"], x='core-lib is nice')\n",
        "setup(install_requires=['core-lib<3', \"other<2\"], x='core-lib is nice')\n",
    ),
    (
        "tox.ini",
        "[testenv]\ndeps =\n    core-lib<2\n    py38,py39: core-lib==1.4\n    url: x\n",
        "[testenv]\ndeps =\n    core-lib<3\n    py38,py39: core-lib==2.1.0\n    url: x\n",
    ),
    (
        "setup.cfg",
        "[options.extras_require]\nx = core-lib<2\ny=\n  core-lib==1.4\n[o]\na = b\n",
        "[options.extras_require]\nx = core-lib<3\ny=\n  core-lib==2.1.0\n[o]\na = b\n",
    ),
    (
        "pyproject.toml",
        "[tool.hatch.envs.test]\nextra-dependencies = ['core-lib<2']\n[tool.uv]\n\
             constraint-dependencies = ['core-lib==1.*']\n",
        "[tool.hatch.envs.test]\nextra-dependencies = ['core-lib<3']\n[tool.uv]\n\
             constraint-dependencies = ['core-lib==2.*']\n",
    ),
    (
        ".pre-commit-config.yaml",
        "x:\n  additional_dependencies: [core-lib==1.4, other<2, \"core-lib >=1, <2\"]\n",
        "x:\n  additional_dependencies: [core-lib==2.1.0, other<2, \"core-lib >=1, <3\"]\n",
    ),
    (
        "noxfile.py",
        "def tests(session):\n    session.install('core-lib<2', 'pytest')\n",
        "def tests(session):\n    session.install('core-lib<3', 'pytest')\n",
    ),
    (
        "environment.yml",
        "dependencies:\n  - core-lib=1.4.*\n  - forge::core-lib=1\n  - core-lib=2.1\n",
        "dependencies:\n  - core-lib=2.1.*\n  - forge::core-lib=2\n  - core-lib=2.1\n",
    ),
    (
        "requirements.txt",
        "core-lib==1.4 \\\n  --no-binary\n",
        "core-lib==2.1.0 \\\n  --no-binary\n",
    ),
    ("tox.ini", "[testenv]\ndeps = core-lib<2\n", "[testenv]\ndeps = core-lib<3\n"),
    (
        "Pipfile",
        "[packages]\ncore-lib = \"==1.4\" # why\nother = \"==1.4\"\n[dev-packages]\n\
             core_lib = {version = \"<2\", extras = [\"a\"]}\n",
        "[packages]\ncore-lib = \"==2.1.0\" # why\nother = \"==1.4\"\n[dev-packages]\n\
             core_lib = {version = \"<3\", extras = [\"a\"]}\n",
    ),
    (
        "docker/Dockerfile.dev",
        "FROM python\n# RUN pip install core-lib==1.4\nRUN pip install -U 'core-lib[a]<2' \
             other==1.4 && echo x\nRUN python -m pip install --no-cache-dir \\\n    \
             core-lib==1.4 \\\n    other\nRUN [\"pip\", \"install\", \"core-lib<2\"]\n",
        "FROM python\n# RUN pip install core-lib==1.4\nRUN pip install -U 'core-lib[a]<3' \
             other==1.4 && echo x\nRUN python -m pip install --no-cache-dir \\\n    \
             core-lib==2.1.0 \\\n    other\nRUN [\"pip\", \"install\", \"core-lib<3\"]\n",
    ),
    (
        ".github/workflows/test.yml",
        "jobs:\n  core-lib: x\n  - run: pip install \"core-lib==1.4\" pytest # core-lib<2\n",
        "jobs:\n  core-lib: x\n  - run: pip install \"core-lib==2.1.0\" pytest # core-lib<2\n",
    ),
    (
        "environment.yml",
        "dependencies:\n  - python=3.9\n  - core-lib=1.4\n  - pip:\n    - core-lib==1.4\n",
        "dependencies:\n  - python=3.9\n  - core-lib=2.1\n  - pip:\n    - core-lib==2.1.0\n",
    ),
];

#[test]
fn formats_are_kept() {
    for (path, old, new) in FORMATS {
        assert_eq!(rewritten(path, old, None).as_deref(), Some(*new), "{path}");
    }
}

#[test]
fn a_caret_fixes_the_first_part_that_is_not_zero() {
    let cases = [
        ("^1.2", None, Some("^2.1")),
        ("^2.0", None, None),
        ("^2.0", Some("2.1.0"), Some("^2.1.0")),
        ("^2", Some("2.0.1"), Some("^2.0.1")),
        ("~2.1", Some("2.1.0"), None),
        ("~2.0", None, Some("~2.1")),
        ("^0.9,<0.9.5", None, Some("^2.1,<3.0.0")),
        ("1.4.*", None, Some("2.1.*")),
        ("2.*", None, None),
    ];
    let text = |bounds: &str| format!("[tool.poetry.dependencies]\ncore-lib = \"{bounds}\"\n");
    for (old, first, new) in cases {
        assert_eq!(rewritten("pyproject.toml", &text(old), first), new.map(text), "{old}");
    }
    let below_one = |old: &str, to: &str| {
        let path = TreePath::new("pyproject.toml").expect("a path");
        let file = DependentFile { path, content: text(old).as_bytes().into(), module: None };
        let change = RequirementChange {
            library: "core-lib".to_owned(),
            to_version: to.to_owned(),
            first_version: None,
        };
        let new = rewrite_requirement(&file, &change).content?;
        Some(String::from_utf8(new).expect("UTF-8"))
    };
    assert_eq!(below_one("^0.9", "0.10.0"), Some(text("^0.10")));
    assert_eq!(below_one("^0.9.1", "0.10.0"), Some(text("^0.10.0")));
    assert_eq!(below_one("^0.0.3", "0.0.4"), Some(text("^0.0.4")));
    assert_eq!(below_one("^0", "0.10.0"), None);
    assert_eq!(below_one("^0.9", "0.9.5"), None);
    let lists =
        "core-lib = [{version = '^0.9', python = '<3.9'}, {version = '^0.9', markers = 'x'}]";
    let text = format!("[tool.poetry.dependencies]\n{lists}\n");
    let new = text.replace("^0.9", "^2.1");
    assert_eq!(rewritten("pyproject.toml", &text, None), Some(new));
}

#[test]
fn what_holds_the_old_version_on_purpose_stays_and_is_said() {
    let purpose = "it is one of several alternatives, which may hold the old version on purpose";
    let digests = "the digests behind it are those of the pinned version; lock it anew";
    let elsewhere = "it stands where requirements are not edited";
    let cases = [
        (
            "tox.ini",
            "[testenv]\ndeps =\n  c14: core-lib>=1.4,<1.5\n  c21: core-lib>=2.1,<2.2\n",
            vec![(3, ">=1.4,<1.5", purpose)],
        ),
        (
            "pyproject.toml",
            "[project]\ndependencies = [\n\"core-lib<2; python_version<'3.9'\",\n\
             \"core-lib>=2; python_version>='3.9'\"]\n",
            vec![(3, "<2", purpose)],
        ),
        (
            "noxfile.py",
            "session.install('core-lib<2')\nsession.install('core-lib>=2')\n",
            vec![(1, "<2", purpose)],
        ),
        ("requirements.txt", "core-lib==1.4 --hash=sha256:aa\n", vec![(1, "==1.4", digests)]),
        (
            "requirements.txt",
            "core-lib==1.4 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\nother==1\n",
            vec![(1, "==1.4", digests)],
        ),
        ("requirements.txt", "core-lib==2.1.0 --hash=sha256:aa\n", vec![]),
        (
            "tox.ini",
            "[testenv]\ncommands = pip install core-lib<2\n# core-lib<1\n",
            vec![(2, "<2", elsewhere)],
        ),
    ];
    for (path, text, left) in cases {
        let left: Vec<String> = left
            .iter()
            .map(|(line, bounds, why)| {
                format!("{line} `core-lib{bounds}` does not admit 2.1.0 and stays: {why}.")
            })
            .collect();
        let (new, mut found) = followed(path, text, None);
        found.sort();
        assert_eq!((new, found), (None, left), "{path}\n{text}");
    }
}
