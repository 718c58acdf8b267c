//! Links, pipes, sockets and devices that stand where a file or folder is expected.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;

use host::{DiskFiles, Durability, FileErrorKind, Files as _, Place};
use nix::sys::stat::{Mode, SFlag, makedev, mknod};
use nix::unistd::mkfifo;

use crate::{SECRET, Scene, path};

/// Everything that is done with a file, by name, with how it ended.
fn everything(scene: &Scene, name: &str) -> Vec<(&'static str, Result<(), FileErrorKind>)> {
    let at = path(name);
    let place = Place::new(&scene.base, &at);
    let read = DiskFiles.read(place, 1 << 20);
    assert_ne!(read.as_deref().ok(), Some(SECRET.as_bytes()), "{name} was read");
    [
        ("read", read.map(drop)),
        ("write", DiskFiles.write(place, b"x", None)),
        ("append", DiskFiles.append(place, b"x", Durability::Power).map(drop)),
        ("set mode", DiskFiles.set_mode(place, 0o777)),
        ("create", DiskFiles.create(place, b"x", Some(0o600))),
        ("lock", DiskFiles.lock(place, "a test").map(drop)),
    ]
    .into_iter()
    .map(|(name, outcome)| (name, outcome.map_err(|error| error.kind)))
    .collect()
}

#[test]
fn links_are_never_followed() {
    let scene = Scene::new();
    let before = scene.outside();
    symlink(scene.outside.join("file"), scene.base.join("file")).expect("a link");
    symlink(&scene.outside, scene.base.join("folder")).expect("a link");
    symlink("/proc/self/root", scene.base.join("root")).expect("a link");
    symlink("folder", scene.base.join("twice")).expect("a link");
    for (what, outcome) in everything(&scene, "file") {
        let wanted = if what == "create" { FileErrorKind::Exists } else { FileErrorKind::Link };
        assert_eq!(outcome, Err(wanted), "{what}");
    }
    let rooted = scene.outside.strip_prefix("/").expect("absolute").join("file");
    for name in ["folder/file", "folder/deep/file", "twice/file", "folder/new"] {
        for (what, outcome) in everything(&scene, name) {
            assert_eq!(outcome, Err(FileErrorKind::Link), "{what} {name}");
        }
    }
    for (what, outcome) in everything(&scene, &format!("root/{}", rooted.display())) {
        assert_eq!(outcome, Err(FileErrorKind::Link), "{what} through /proc");
    }
    let below = path("folder/new/file");
    let made = DiskFiles.create_parents(&scene.base, &below).map_err(|error| error.kind);
    assert_eq!(made, Err(FileErrorKind::Link));
    for (from, to) in [("sub/file", "folder/file"), ("folder/file", "sub/file")] {
        let moved = DiskFiles.rename(&scene.base, &path(from), &path(to));
        assert_eq!(moved.map_err(|error| error.kind), Err(FileErrorKind::Link), "{from} to {to}");
    }
    assert_eq!(scene.outside(), before);
}

#[test]
fn the_links_of_open_files_are_never_followed() {
    let scene = Scene::new();
    let held = fs::File::open(scene.outside.join("file")).expect("a file");
    let number = std::os::fd::AsRawFd::as_raw_fd(&held);
    let proc = fs::canonicalize("/proc/self").expect("a process");
    for name in [format!("fd/{number}"), "cwd/Cargo.toml".to_owned(), "root/etc/passwd".to_owned()]
    {
        let name = path(&name);
        let read = DiskFiles.read(Place::new(&proc, &name), 1 << 20);
        assert_eq!(read.map_err(|error| error.kind), Err(FileErrorKind::Link), "{name}");
    }
}

#[test]
fn a_file_with_a_second_name_is_replaced_and_never_changed_in_place() {
    let scene = Scene::new();
    let before = scene.outside();
    fs::hard_link(scene.outside.join("file"), scene.base.join("hard")).expect("a link");
    let at = path("hard");
    let place = Place::new(&scene.base, &at);
    for (what, outcome) in [
        ("append", DiskFiles.append(place, b"x", Durability::Power).map(drop)),
        ("set mode", DiskFiles.set_mode(place, 0o777)),
        ("lock", DiskFiles.lock(place, "a test").map(drop)),
    ] {
        assert_eq!(outcome.map_err(|error| error.kind), Err(FileErrorKind::HardLink), "{what}");
    }
    DiskFiles.write(place, b"mine", None).expect("it is replaced");
    assert_eq!(DiskFiles.read(place, 10).expect("a file"), b"mine");
    assert_eq!(scene.outside(), before);
}

#[test]
fn pipes_sockets_and_devices_neither_block_nor_are_used() {
    let scene = Scene::new();
    mkfifo(&scene.base.join("pipe"), Mode::S_IRWXU).expect("a pipe");
    let _listener = UnixListener::bind(scene.base.join("socket")).expect("a socket");
    let mut names = vec!["pipe", "socket", "sub"];
    let zero = scene.base.join("zero");
    // Only root makes devices; elsewhere nobody could have put one there.
    if mknod(&zero, SFlag::S_IFCHR, Mode::S_IRWXU, makedev(1, 5)).is_ok() {
        names.push("zero");
    }
    for name in names {
        for (what, outcome) in everything(&scene, name) {
            let wanted =
                if what == "create" { FileErrorKind::Exists } else { FileErrorKind::NotAFile };
            assert_eq!(outcome, Err(wanted), "{what} {name}");
        }
        let mode = fs::metadata(scene.base.join(name)).expect("it stays").permissions().mode();
        assert_ne!(mode & 0o777, 0o777, "{name}");
    }
}

#[test]
fn what_only_the_user_may_read_is_never_readable_by_others() {
    let scene = Scene::new();
    let at = path("private");
    let place = Place::new(&scene.base, &at);
    let seen = std::cell::Cell::new(0);
    let mut fill = |out: &mut dyn std::io::Write| {
        let while_written = fs::read_dir(&scene.base).expect("a folder").filter_map(|entry| {
            let entry = entry.expect("an entry");
            let metadata = entry.metadata().expect("an entry");
            metadata.is_file().then(|| metadata.permissions().mode() & 0o777)
        });
        seen.set(while_written.fold(0, |all, mode| all | mode));
        out.write_all(b"secret")
    };
    DiskFiles.write_with(place, &mut fill, Some(0o600)).expect("written");
    assert_eq!(seen.get(), 0o600);
}
