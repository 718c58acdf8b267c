//! A walk sees what git sees, and nothing that a stranger's files of patterns can do makes it read
//! or wait elsewhere.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use host::{WalkOptions, Walked, walk_folder};
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use crate::Scene;

fn put(base: &Path, name: &str, text: &str) {
    let path = base.join(name);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(path, text).expect("a file");
}

fn walk(folder: &Path) -> Walked {
    walk_folder(folder, WalkOptions::default()).expect("a folder")
}

fn names(walked: &Walked) -> Vec<&str> {
    walked.files.iter().map(|file| file.path.as_str()).collect()
}

#[test]
fn patterns_that_are_links_pipes_or_endless_have_no_effect() {
    let scene = Scene::new();
    fs::create_dir(scene.base.join(".git")).expect("a folder");
    put(&scene.outside, "patterns", "file\n");
    symlink("/dev/zero", scene.base.join(".gitignore")).expect("a link");
    symlink(scene.outside.join("patterns"), scene.base.join("sub/.gitignore")).expect("a link");
    fs::create_dir_all(scene.base.join("pipes")).expect("a folder");
    mkfifo(&scene.base.join("pipes/.gitignore"), Mode::S_IRWXU).expect("a pipe");
    put(&scene.base, "large/.gitignore", &"x\n".repeat(1 << 20));
    put(&scene.base, "large/x", "");
    let walked = walk(&scene.base);
    assert_eq!(
        names(&walked),
        [".gitignore", "large/.gitignore", "large/x", "sub/.gitignore", "sub/file"]
    );
    assert_eq!(walked.problems.len(), 4, "{:?}", walked.problems);
}

#[test]
fn names_that_cannot_be_used_are_named_without_steering_the_terminal() {
    let scene = Scene::new();
    put(&scene.base, "a\u{1b}[2J.py", "");
    put(&scene.base, "a\\b.py", "");
    let walked = walk(&scene.base);
    assert_eq!(names(&walked), ["sub/file"]);
    assert!(walked.problems.iter().all(|problem| !problem.contains('\u{1b}')));
    for reason in ["control character", "backslash"] {
        let is_told = walked.problems.iter().any(|problem| problem.contains(reason));
        assert!(is_told, "{reason}: {:?}", walked.problems);
    }
}

#[test]
fn links_and_virtual_environments_and_nested_repositories_are_not_entered() {
    let scene = Scene::new();
    symlink(&scene.outside, scene.base.join("link")).expect("a link");
    put(&scene.base, "env/pyvenv.cfg", "");
    put(&scene.base, "env/lib/x.py", "");
    put(&scene.base, "other/.git/config", "");
    put(&scene.base, "other/x.py", "");
    put(&scene.base, "node_modules/x/y.js", "");
    let walked = walk(&scene.base);
    assert_eq!(names(&walked), ["link", "sub/file"]);
    assert!(walked.files[0].is_link);
    assert_eq!(walked.nested_repositories.len(), 1);
}

/// What git would add or has added, of a repository below which no other one lies.
fn of_git(folder: &Path) -> Vec<String> {
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .expect("git runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("names of the test");
    let mut names: Vec<String> = text.split_terminator('\0').map(str::to_owned).collect();
    names.sort();
    names
}

#[test]
fn git_and_a_walk_agree() {
    let scene = Scene::new();
    let made = Command::new("git")
        .args(["init", "-q", "."])
        .current_dir(&scene.base)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .status();
    assert!(made.expect("git runs").success());
    put(&scene.base, ".gitignore", "*.log\n/build\n!keep.log\nonly/\ndeep/**/gone.py\n# x\n\\#y\n");
    put(&scene.base, "a/.gitignore", "*.py\n!b.py\n/local\n");
    put(&scene.base, "a/c/.gitignore", "!*.log\n");
    put(&scene.base, ".git/info/exclude", "excluded\n");
    for name in [
        "x.log",
        "keep.log",
        "build/x",
        "a/build/x",
        "a/a.py",
        "a/b.py",
        "a/local",
        "a/c/local",
        "a/c/x.log",
        "only/x",
        "a/only",
        "deep/gone.py",
        "deep/1/2/gone.py",
        "deep/1/kept.py",
        "excluded",
        "a/excluded",
        "#x",
        "#y",
    ] {
        put(&scene.base, name, "");
    }
    for folder in ["", "a", "a/c", "deep"] {
        let folder = scene.base.join(folder);
        assert_eq!(names(&walk(&folder)), of_git(&folder), "{}", folder.display());
    }
    let linked = scene.outside.join("linked");
    for arguments in [
        vec![
            "-c",
            "user.name=a",
            "-c",
            "user.email=a@b",
            "commit",
            "-q",
            "--allow-empty",
            "-m",
            "x",
        ],
        vec!["worktree", "add", "-q", linked.to_str().expect("a path"), "-b", "other"],
    ] {
        let mut git = Command::new("git");
        git.args(arguments).current_dir(&scene.base).env("GIT_CONFIG_GLOBAL", "/dev/null");
        assert!(git.status().expect("git runs").success());
    }
    put(&linked, "excluded", "");
    put(&linked, "kept", "");
    assert_eq!(names(&walk(&linked)), of_git(&linked));
    assert_eq!(names(&walk(&linked)), ["kept"]);
}
