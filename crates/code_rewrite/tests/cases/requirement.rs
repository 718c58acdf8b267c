//! Requirements in every file that may hold them.

use artifact::TreePath;
use code_rewrite::{DependentFile, RequirementChange, may_hold_requirements, rewrite_requirement};

fn rewritten(path: &str, text: &str, first: Option<&str>) -> Option<String> {
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
    assert_eq!(result.findings, []);
    let text = result.content.map(|bytes| String::from_utf8(bytes).expect("UTF-8"))?;
    let again = DependentFile { content: text.as_bytes().into(), ..file };
    assert_eq!(rewrite_requirement(&again, &change).content, None, "a second time\n{text}");
    Some(text)
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

#[test]
fn formats_are_kept() {
    let cases = [
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
             other==1.4 && echo core-lib==1.4\nRUN python -m pip install --no-cache-dir \\\n    \
             core-lib==1.4 \\\n    other\nRUN echo core-lib==1.4\n",
            "FROM python\n# RUN pip install core-lib==1.4\nRUN pip install -U 'core-lib[a]<3' \
             other==1.4 && echo core-lib==1.4\nRUN python -m pip install --no-cache-dir \\\n    \
             core-lib==2.1.0 \\\n    other\nRUN echo core-lib==1.4\n",
        ),
        (
            ".github/workflows/test.yml",
            "jobs:\n  core-lib==1.4: x\n  - run: pip install \"core-lib==1.4\" pytest\n",
            "jobs:\n  core-lib==1.4: x\n  - run: pip install \"core-lib==2.1.0\" pytest\n",
        ),
        (
            "environment.yml",
            "dependencies:\n  - python=3.9\n  - core-lib=1.4\n  - pip:\n    - core-lib==1.4\n",
            "dependencies:\n  - python=3.9\n  - core-lib=1.4\n  - pip:\n    - core-lib==2.1.0\n",
        ),
    ];
    for (path, old, new) in cases {
        assert_eq!(rewritten(path, old, None).as_deref(), Some(new), "{path}");
    }
}
