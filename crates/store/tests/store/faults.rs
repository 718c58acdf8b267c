//! An import that is stopped anywhere, and repeated.

use std::collections::BTreeMap;
use std::path::Path;

use host::{DiskFiles, Fault, FaultyFiles};
use run::TaskStatus;
use store::{Import, SqliteStore, Store as _, StoreError, import, recover};
use testkit::fixture;

use crate::scene::{Scene, execute};

const FAULTS: [Fault; 5] =
    [Fault::Full, Fault::Denied, Fault::StopBefore, Fault::StopAfter, Fault::StopWithin];

const LEGACY: &str = "
CREATE TABLE tasks (id TEXT PRIMARY KEY, goal TEXT, details TEXT, status TEXT, metadata TEXT);
INSERT INTO tasks VALUES
    ('T-1', 'Ship it', 'all', 'COMPLETED', '{\"owner\": \"ada\"}'),
    ('T-2', 'Ship more', NULL, 'FAILED', NULL),
    (NULL, 'nobody', NULL, 'FAILED', NULL);
";

struct Legacy {
    scene: Scene,
    request: Import,
    database: Vec<u8>,
}

impl Legacy {
    fn new() -> Self {
        let scene = Scene::new();
        let folder = scene.folder.path();
        let request =
            Import { database: folder.join("tasks.db"), workspaces: folder.join("workspaces") };
        std::fs::create_dir_all(request.workspaces.join("archive/T-1")).expect("folders");
        write(&request.workspaces.join("archive/T-1/log.txt"), "done");
        write(&request.workspaces.join("notes.txt"), "of old");
        std::os::unix::fs::symlink("notes.txt", request.workspaces.join("link")).expect("a link");
        execute(&request.database, LEGACY);
        let database = std::fs::read(&request.database).expect("a file");
        Self { scene, request, database }
    }

    /// Every file but the database, whose bytes depend on how often its pages were written.
    fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = fixture::files(self.scene.folder.path());
        files.remove("tasks.db");
        files
    }

    fn contents(&self) -> String {
        let store = SqliteStore::open(&self.request.database).expect("a store");
        format!("{:?}{:?}", store.tasks(TaskStatus::ALL), store.runs(None))
    }

    fn is_old(&self) -> bool {
        std::fs::read(&self.request.database).expect("a file") == self.database
    }
}

fn write(path: &Path, text: &str) {
    std::fs::write(path, text).expect("a file");
}

#[test]
fn an_import_that_is_stopped_anywhere_is_done_when_it_is_repeated() {
    let undisturbed = Legacy::new();
    import(&undisturbed.request, &DiskFiles).expect("imported");
    let (files, contents) = (undisturbed.files(), undisturbed.contents());
    assert_eq!(files["tasks.db.bak_v4"], undisturbed.database);
    assert_eq!(files["workspaces_backup/link"], b"of old");
    let mut struck = 0;
    for fault in FAULTS {
        for at in 1.. {
            let legacy = Legacy::new();
            let faulty = FaultyFiles::new(DiskFiles, at, fault);
            let first = import(&legacy.request, &faulty);
            if !faulty.has_struck() {
                first.expect("nothing happened");
                break;
            }
            struck += 1;
            if first.is_err() && !legacy.is_old() {
                assert_eq!(legacy.contents(), contents, "{fault:?} at {at}");
            }
            // Whatever is changed has its copy.
            if !legacy.is_old() {
                assert_eq!(legacy.files()["tasks.db.bak_v4"], legacy.database);
            }
            let second = import(&legacy.request, &DiskFiles);
            second.unwrap_or_else(|error| panic!("{fault:?} at {at}: {error}"));
            assert_eq!(legacy.contents(), contents, "{fault:?} at {at}");
            assert_eq!(legacy.files(), files, "{fault:?} at {at}");
        }
    }
    assert!(struck > 100, "{struck}");
}

/// What happens between an import and the way back.
fn work_on(legacy: &Legacy) {
    import(&legacy.request, &DiskFiles).expect("imported");
    write(&legacy.request.workspaces.join("notes.txt"), "of new");
    std::fs::remove_file(legacy.request.workspaces.join("archive/T-1/log.txt")).expect("removed");
    write(&legacy.request.workspaces.join("since.txt"), "came since");
}

#[test]
fn a_recovery_that_is_stopped_anywhere_is_done_when_it_is_repeated() {
    let mut struck = 0;
    for fault in [Fault::Full, Fault::StopBefore, Fault::StopAfter] {
        for at in 1.. {
            let legacy = Legacy::new();
            work_on(&legacy);
            let faulty = FaultyFiles::new(DiskFiles, at, fault);
            let first = recover(&legacy.request, &faulty);
            let happened = faulty.has_struck();
            if !happened {
                first.expect("nothing happened");
            }
            struck += u32::from(happened);
            let second = recover(&legacy.request, &DiskFiles);
            second.unwrap_or_else(|error| panic!("{fault:?} at {at}: {error}"));
            assert!(legacy.is_old(), "{fault:?} at {at}");
            let files = legacy.files();
            assert_eq!(files["workspaces/notes.txt"], b"of old", "{fault:?} at {at}");
            assert_eq!(files["workspaces/archive/T-1/log.txt"], b"done", "{fault:?} at {at}");
            assert_eq!(files["workspaces/since.txt"], b"came since");
            assert_eq!(files["workspaces_before_recovery/notes.txt"], b"of new");
            assert!(files.contains_key("tasks.db.before_recovery"), "{fault:?} at {at}");
            assert!(!files.contains_key("migration_report.json"));
            assert!(!files.keys().any(|name| name.contains(".onx-")), "{files:?}");
            if !happened {
                // And the whole once more.
                import(&legacy.request, &DiskFiles).expect("imported again");
                break;
            }
        }
    }
    assert!(struck > 50, "{struck}");
}

#[test]
fn a_copy_of_something_else_is_never_replaced() {
    let legacy = Legacy::new();
    let folder = legacy.scene.folder.path();
    write(&folder.join("tasks.db.bak_v4"), "an older copy");
    std::fs::create_dir(folder.join("workspaces_backup")).expect("a folder");
    write(&folder.join("workspaces_backup/old.txt"), "older");
    import(&legacy.request, &DiskFiles).expect("imported");
    let files = legacy.files();
    let kept = |start: &str, content: &str| {
        let found = files.iter().find(|(name, _)| name.starts_with(start));
        assert_eq!(found.expect(start).1, content.as_bytes());
    };
    kept("tasks.db.bak_v4.", "an older copy");
    kept("workspaces_backup.", "older");
    assert_eq!(files["tasks.db.bak_v4"], legacy.database);
}

#[test]
fn a_database_that_cannot_be_read_any_more_is_recovered_too() {
    for damage in [None, Some(""), Some("no database, but long enough to be looked at")] {
        let legacy = Legacy::new();
        import(&legacy.request, &DiskFiles).expect("imported");
        match damage {
            None => std::fs::remove_file(&legacy.request.database).expect("removed"),
            Some(text) => write(&legacy.request.database, &text.repeat(100)),
        }
        let recovery = recover(&legacy.request, &DiskFiles).expect("recovered");
        assert!(!recovery.unchanged);
        assert_eq!(recovery.replaced_database.is_some(), damage.is_some());
        assert!(legacy.is_old());
        assert!(recover(&legacy.request, &DiskFiles).expect("nothing to do").unchanged);
    }
}

#[test]
fn places_that_cannot_be_imported_are_refused_before_anything_is_made() {
    let legacy = Legacy::new();
    let folder = legacy.scene.folder.path();
    let inside = Import { workspaces: folder.to_owned(), ..legacy.request.clone() };
    let refused = import(&inside, &DiskFiles).expect_err("it lies in the workspaces");
    assert!(refused.to_string().contains("in the folder of the workspaces"), "{refused}");
    std::os::unix::fs::symlink("tasks.db", folder.join("link.db")).expect("a link");
    let linked = Import { database: folder.join("link.db"), ..legacy.request.clone() };
    assert!(matches!(import(&linked, &DiskFiles), Err(StoreError::File(_))));
    let nowhere = Import { workspaces: folder.join("nowhere"), ..legacy.request.clone() };
    assert!(matches!(import(&nowhere, &DiskFiles), Err(StoreError::File(_))));
    std::fs::remove_file(folder.join("link.db")).expect("removed");
    assert_eq!(legacy.scene.names(), ["tasks.db", "workspaces"]);
    assert!(legacy.is_old());
}

#[test]
fn what_a_recovery_kept_outlasts_the_next_one() {
    let legacy = Legacy::new();
    for _ in 0..3 {
        import(&legacy.request, &DiskFiles).expect("imported");
        write(&legacy.request.database, &"no database any more".repeat(100));
        recover(&legacy.request, &DiskFiles).expect("recovered");
    }
    let kept = |name: &String| name.starts_with("tasks.db.before_recovery");
    assert_eq!(legacy.scene.names().iter().filter(|name| kept(name)).count(), 3);
}

#[test]
fn a_backup_that_is_another_one_is_refused() {
    let legacy = Legacy::new();
    import(&legacy.request, &DiskFiles).expect("imported");
    let backup = legacy.scene.folder.path().join("tasks.db.bak_v4");
    let other = Legacy::new();
    execute(&other.request.database, "DELETE FROM tasks WHERE id = 'T-1'");
    std::fs::copy(&other.request.database, &backup).expect("another one");
    let before = legacy.files();
    assert!(recover(&legacy.request, &DiskFiles).is_err());
    std::fs::remove_file(&backup).expect("removed");
    let refused = recover(&legacy.request, &DiskFiles).expect_err("no backup");
    assert!(refused.to_string().contains("there is no backup"), "{refused}");
    std::fs::write(&backup, &before["tasks.db.bak_v4"]).expect("a file");
    assert_eq!(legacy.files(), before);
}
