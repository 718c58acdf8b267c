//! Versions are looked up in repositories that each test makes for itself.

#![expect(
    clippy::expect_used,
    reason = "tests make and read folders of their own, and stop at the first surprise"
)]

use std::path::Path;

use artifact::TreePath;
use gix::object::tree::EntryKind as Mode;
use host::{DiskFiles, Files as _, Place};
use sources::{Dependent, EntryKind, FileStatus, GitRepository, HistoryLimits, SourceError};

const TIME: &str = "1700000000 +0000";

fn who() -> gix::actor::SignatureRef<'static> {
    gix::actor::SignatureRef { name: "Ada".into(), email: "ada@example.org".into(), time: TIME }
}

/// Adds a commit with these files to the branch, and returns its id.
fn commit(
    repository: &gix::Repository,
    parents: &[gix::ObjectId],
    files: &[(&str, Mode, &[u8])],
) -> gix::ObjectId {
    let empty = repository.empty_tree().id().detach();
    let mut editor = repository.edit_tree(empty).expect("an editor");
    for (path, mode, content) in files {
        let id = match mode {
            Mode::Commit => gix::ObjectId::from_hex(&[b'1'; 40]).expect("an id"),
            _ => repository.write_blob(content).expect("a blob").detach(),
        };
        editor.upsert(*path, *mode, id).expect("an entry");
    }
    let tree = editor.write().expect("a tree").detach();
    let parents = parents.iter().copied();
    repository.new_commit_as(who(), who(), "a change", tree, parents).expect("a commit").id
}

fn tag(repository: &gix::Repository, name: &str, commit: gix::ObjectId) {
    use gix::refs::transaction::PreviousValue;
    repository.tag_reference(name, commit, PreviousValue::Any).expect("a tag");
}

fn branch(repository: &gix::Repository, name: &str, commit: gix::ObjectId) {
    use gix::refs::transaction::PreviousValue;
    let name = format!("refs/heads/{name}");
    repository.reference(name, commit, PreviousValue::Any, "test").expect("a branch");
}

fn file<'a>(path: &'a str, text: &'a str) -> (&'a str, Mode, &'a [u8]) {
    (path, Mode::Blob, text.as_bytes())
}

fn fresh() -> (tempfile::TempDir, gix::Repository) {
    let folder = tempfile::tempdir().expect("a folder");
    let repository = gix::init(folder.path()).expect("a repository");
    (folder, repository)
}

fn open(folder: &Path) -> GitRepository {
    GitRepository::discover(folder).expect("readable").expect("a repository")
}

#[test]
fn a_version_finds_its_tag_in_every_usual_form() {
    for tag_name in
        ["0.9.0", "v0.9.0", "my-lib-0.9.0", "my-lib-v0.9.0", "my-lib/0.9.0", "my_lib-0.9.0", "0.9"]
    {
        let (folder, repository) = fresh();
        let first = commit(&repository, &[], &[file("a.py", "old")]);
        let second = commit(&repository, &[first], &[file("a.py", "new")]);
        tag(&repository, tag_name, first);
        branch(&repository, "main", second);
        let tree = open(folder.path()).open("0.9.0", Some("my-lib")).expect(tag_name);
        assert_eq!(tree.identity().commit, Some(first.to_string()), "{tag_name}");
        assert_eq!(tree.identity().reference, tag_name);
        assert_eq!(tree.read("a.py").expect("a file"), b"old");
        let created = tree.identity().created_at.map(artifact::Timestamp::unix_seconds);
        assert_eq!(created, Some(1_700_000_000));
    }
}

#[test]
fn branches_commits_and_exact_tags_are_found() {
    let (folder, repository) = fresh();
    let first = commit(&repository, &[], &[file("a.py", "1")]);
    let second = commit(&repository, &[first], &[file("a.py", "2")]);
    branch(&repository, "main", second);
    branch(&repository, "feature/x", first);
    tag(&repository, "nightly", second);
    let opened = open(folder.path());
    for (name, expected) in [
        ("main", second),
        ("feature/x", first),
        ("nightly", second),
        (&first.to_string()[..12], first),
        (&second.to_string(), second),
        ("main~1", first),
    ] {
        let (_, commit) = opened.resolve(name, None).expect(name);
        assert_eq!(commit, expected.to_string(), "{name}");
    }
}

#[test]
fn two_tags_of_one_version_must_name_one_commit() {
    let (folder, repository) = fresh();
    let first = commit(&repository, &[], &[file("a.py", "1")]);
    let second = commit(&repository, &[first], &[file("a.py", "2")]);
    tag(&repository, "1.0.0", first);
    tag(&repository, "v1.0.0", second);
    tag(&repository, "2.0", second);
    tag(&repository, "v2.0", second);
    let opened = open(folder.path());
    let error = opened.open("1.0.0", None).expect_err("two commits");
    let text = error.to_string();
    assert!(matches!(error, SourceError::AmbiguousVersion { .. }));
    assert!(text.contains(&first.to_string()) && text.contains(&second.to_string()), "{text}");
    assert!(opened.open("2.0", None).is_ok());
}

#[test]
fn an_unknown_version_names_those_that_are_alike() {
    let (folder, repository) = fresh();
    let first = commit(&repository, &[], &[file("a.py", "1")]);
    for name in ["v1.0.0", "v1.2.0", "v1.2.1", "v2.0.0"] {
        tag(&repository, name, first);
    }
    let error = open(folder.path()).open("1.2.2", None).expect_err("no such version");
    assert!(
        error.hint().contains("v1.2.1") && !error.hint().contains("v2.0.0"),
        "{}",
        error.hint()
    );
    let versions = open(folder.path()).versions(None).expect("versions");
    let names: Vec<_> = versions.iter().map(|known| known.version.to_string()).collect();
    assert_eq!(names, ["1.0.0", "1.2.0", "1.2.1", "2.0.0"]);
}

#[test]
fn links_submodules_pointers_and_modes_are_told() {
    let (folder, repository) = fresh();
    let pointer = "version https://git-lfs.github.com/spec/v1\n\
                   oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\n\
                   size 12345\n";
    let only = commit(
        &repository,
        &[],
        &[
            file("a.py", "x"),
            file("A.py", "y"),
            file("big.bin", pointer),
            ("link.py", Mode::Link, b"a.py"),
            ("out.py", Mode::Link, b"../../etc/passwd"),
            ("other", Mode::Commit, b""),
            ("run", Mode::BlobExecutable, b"#!/bin/sh\n"),
        ],
    );
    tag(&repository, "1.0", only);
    let tree = open(folder.path()).open("1.0", None).expect("a tree");
    let kind = |path: &str| tree.entry(path).map(|entry| (entry.kind, entry.is_executable));
    assert_eq!(kind("link.py"), Some((EntryKind::Symlink, false)));
    assert_eq!(kind("other"), Some((EntryKind::Submodule, false)));
    assert_eq!(kind("big.bin"), Some((EntryKind::LfsPointer, false)));
    assert_eq!(kind("run"), Some((EntryKind::File, true)));
    assert_eq!(tree.read("link.py").expect("a file"), b"x");
    for nothing in ["out.py", "other", "big.bin"] {
        assert!(tree.read(nothing).is_err(), "{nothing}");
    }
    let codes: Vec<_> = tree.findings().iter().map(|finding| finding.code.as_str()).collect();
    assert_eq!(codes, ["case-collision", "lfs-pointer", "submodule"]);
}

#[test]
fn a_folder_of_a_repository_stands_for_itself() {
    let (folder, repository) = fresh();
    let first = commit(&repository, &[], &[file("libs/one/a.py", "1"), file("libs/two/b.py", "2")]);
    let second = commit(&repository, &[first], &[file("libs/two/b.py", "2")]);
    tag(&repository, "1.0", first);
    tag(&repository, "2.0", second);
    let below = folder.path().join("libs/one");
    DiskFiles.create_base(&below).expect("a folder");
    let opened = open(&below);
    let tree = opened.open("1.0", None).expect("a tree");
    assert_eq!(tree.entries().len(), 1);
    assert_eq!(tree.read("a.py").expect("a file"), b"1");
    let gone = opened.open("2.0", None).expect_err("the folder is gone");
    assert!(matches!(gone, SourceError::MissingFolder { .. }));
}

#[test]
fn times_of_files_come_from_the_history() {
    let (folder, repository) = fresh();
    let first = commit(&repository, &[], &[file("a.py", "1"), file("b.py", "1")]);
    let second = commit(&repository, &[first], &[file("a.py", "2"), file("b.py", "1")]);
    let times = open(folder.path()).last_modified(&second.to_string()).expect("times");
    assert_eq!(times.len(), 2);
}

#[test]
fn a_folder_without_a_repository_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    assert!(GitRepository::discover(folder.path()).expect("readable").is_none());
    DiskFiles.create_base(&folder.path().join(".git")).expect("a folder");
    assert!(GitRepository::discover(folder.path()).is_err(), "a damaged repository is no folder");
}

#[test]
fn a_dependent_lists_what_may_be_edited_and_how_it_stands() {
    let (folder, repository) = fresh();
    let put = |name: &str, text: &str| {
        let path = TreePath::new(name).expect("a path");
        DiskFiles.create_parents(folder.path(), &path).expect("folders");
        DiskFiles.write(Place::new(folder.path(), &path), text.as_bytes(), None).expect("a file");
    };
    for (name, text) in [
        (".gitignore", "ignored.py\nbuild/\n"),
        ("app/clean.py", "clean\n"),
        ("app/crlf.py", "one\r\ntwo\r\n"),
        ("app/edited.py", "edited\n"),
        ("app/_vendor/core/x.py", "copy\n"),
        ("untracked.py", "new\n"),
        ("ignored.py", "ignored\n"),
        ("build/out.py", "ignored\n"),
        ("env/pyvenv.cfg", ""),
        ("env/lib/x.py", "installed\n"),
        ("app/__pycache__/x.py", "cache\n"),
        ("node_modules/x.py", "other\n"),
    ] {
        put(name, text);
    }
    let link = TreePath::new("loop").expect("a path");
    DiskFiles.symlink(Place::new(folder.path(), &link), Path::new(".")).expect("a link");
    let committed = commit(
        &repository,
        &[],
        &[
            file("app/clean.py", "clean\n"),
            file("app/crlf.py", "one\ntwo\n"),
            file("app/edited.py", "before\n"),
            file("app/_vendor/core/x.py", "copy\n"),
            file("build/out.py", "ignored\n"),
        ],
    );
    branch(&repository, "main", committed);
    let tree = repository.find_commit(committed).expect("a commit").tree_id().expect("a tree");
    let mut index = repository.index_from_tree(&tree).expect("an index");
    index.write(gix::index::write::Options::default()).expect("written");
    let dependent = Dependent::open(folder.path(), &["core"]).expect("a dependent");
    let editable: Vec<_> = dependent.editable().map(|entry| entry.path.as_str()).collect();
    assert_eq!(
        editable,
        [
            ".gitignore",
            "app/clean.py",
            "app/crlf.py",
            "app/edited.py",
            "build/out.py",
            "untracked.py"
        ]
    );
    assert_eq!(dependent.vendored().len(), 1);
    let paths: Vec<_> = dependent.editable().map(|entry| entry.path.clone()).collect();
    let status = dependent.status(&paths).expect("comparable").expect("a repository");
    let of = |name: &str| status.get(name).copied();
    assert_eq!(of("app/clean.py"), Some(FileStatus::Clean));
    assert_eq!(of("app/crlf.py"), Some(FileStatus::Clean));
    assert_eq!(of("app/edited.py"), Some(FileStatus::Modified));
    assert_eq!(of("untracked.py"), Some(FileStatus::Untracked));
}

#[test]
fn the_commits_between_two_versions_are_read_where_they_touch_wanted_files() {
    let (folder, repository) = fresh();
    let base = [file("lib/a.py", "old"), file("docs/a.md", "old"), file("other.py", "1")];
    let first = commit(&repository, &[], &base);
    let aside = [file("lib/a.py", "old"), file("docs/a.md", "old"), file("other.py", "2")];
    let second = commit(&repository, &[first], &aside);
    let renamed = [file("lib/b.py", "new"), file("docs/a.md", "new"), file("other.py", "2")];
    let third = commit(&repository, &[second], &renamed);
    let fourth = commit(&repository, &[third, second], &renamed);
    branch(&repository, "main", fourth);
    let paths = |history: &sources::History| -> Vec<(String, Vec<String>)> {
        let commits = history.commits.iter();
        commits
            .map(|it| (it.id.clone(), it.files.iter().map(|f| f.path.to_string()).collect()))
            .collect()
    };
    let read = |opened: &GitRepository, from: gix::ObjectId, limits| {
        let wanted = sources::WantedChanges {
            anchor: &|path| path.ends_with("a.py"),
            kept: &|path| !path.starts_with("other"),
        };
        opened
            .changes_between(&from.to_string(), &fourth.to_string(), limits, &wanted)
            .expect("a history")
    };
    let opened = open(folder.path());
    let history = read(&opened, first, HistoryLimits::default());
    let files = ["docs/a.md", "lib/a.py", "lib/b.py"].map(str::to_owned).to_vec();
    assert_eq!(paths(&history), [(third.to_string(), files)]);
    assert_eq!(history.commits[0].subject, "a change");
    assert!(!history.is_cut);
    let texts: Vec<_> = history.commits[0].files.iter().map(|file| history.texts(file)).collect();
    let bytes = |text: &str| Some(text.as_bytes().to_vec());
    assert_eq!(texts, [[bytes("old"), bytes("new")], [bytes("old"), None], [None, bytes("new")]]);
    // What the old version has already is no news, and limits cut.
    assert!(read(&opened, third, HistoryLimits::default()).commits.is_empty());
    let few = HistoryLimits { files: 2, ..HistoryLimits::default() };
    assert!(read(&opened, first, few).is_cut);
    let short = HistoryLimits { file_bytes: 2, ..HistoryLimits::default() };
    let history = read(&opened, first, short);
    assert_eq!(history.texts(&history.commits[0].files[0]), [None, None]);
    // A folder of the repository sees its own files alone.
    DiskFiles.create_base(&folder.path().join("lib")).expect("a folder");
    let below = open(&folder.path().join("lib"));
    let files = ["a.py", "b.py"].map(str::to_owned).to_vec();
    assert_eq!(paths(&read(&below, first, HistoryLimits::default())), [(third.to_string(), files)]);
    assert!(!below.is_same_place(&opened) && opened.is_same_place(&open(folder.path())));
}
