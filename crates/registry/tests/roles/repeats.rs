//! Doing the same again, and two processes that do the same at once.

use std::path::Path;
use std::sync::Arc;

use artifact::TreePath;
use host::{Files, Place};
use registry::{Lifetimes, RegistryError, RegistryKeeper, SignedRegistry};

use super::interruptions::{Hands, set};
use super::simulator::moment;
use super::watched::Watched;

#[test]
fn of_two_processes_that_make_roles_at_once_one_is_refused() {
    for (trust, refused) in [("/state/other", "has roles"), ("/state/keeper", "has roles")] {
        let files = Watched::default();
        let init = |files: Arc<dyn Files>, trust: &str, seed: u8| {
            let reader = SignedRegistry::new(files, "/registry", trust, "/cache/keeper");
            let (hands, offline) = (Hands::of(&[seed, 10]), set(&[seed], 1));
            RegistryKeeper::new(reader, Lifetimes::default()).init(
                &offline,
                &set(&[10], 1),
                &hands.all(),
                moment(0),
            )
        };
        let disk: Arc<dyn Files> = Arc::new(files.clone());
        let meanwhile = disk.clone();
        files.before_lock(move || drop(init(meanwhile, "/state/keeper", 1).expect("the first")));
        let error = init(disk.clone(), trust, 2).expect_err("the second");
        assert!(matches!(error, RegistryError::HasRoles), "{error}");
        assert!(error.to_string().contains(refused));
        let path = TreePath::new("metadata/root.json").expect("a path");
        let root = disk.read(Place::new(Path::new("/registry"), &path), 1 << 20).expect("a root");
        let reader = SignedRegistry::new(disk, "/registry", "/state/keeper", "/cache/keeper");
        let trusted = reader.trusted().expect("read").expect("pinned");
        assert_eq!(trusted.root().bytes(), root, "the root of the first one stays");
    }
}
