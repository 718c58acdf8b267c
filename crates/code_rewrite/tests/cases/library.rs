//! The library of the typed cases, from its stubs: what a bundle holds is all that applying sees.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use artifact::TreePath;
use code_model::kept_copies::{kept_copies, with_kept_copies};
use code_model::snapshot::{Origin, Snapshot};
use python::parse::ParsedFile;
use python::stubs::stub_of;

/// One version of it.
pub(crate) struct Library {
    pub(crate) snapshot: Snapshot,
    pub(crate) stubs: BTreeMap<TreePath, Arc<str>>,
}

impl Library {
    pub(crate) fn read(folder: &Path) -> Self {
        let mut stubs = BTreeMap::new();
        let mut files = BTreeMap::new();
        for (name, text) in testkit::fixture::files(folder) {
            let path = TreePath::new(&name).expect("a path");
            let parsed = ParsedFile::parse(&text).expect("Python");
            let stub = stub_of(&parsed.syntax().body, parsed.text());
            let facts = Arc::new(python::facts::extract(&path, &text));
            files.insert(path, python::assemble::TreeFile { facts, last_modified: None });
            let written = TreePath::new(&format!("{name}i")).expect("a path");
            stubs.insert(written, Arc::from(stub));
        }
        let version = folder.file_name().expect("a name").to_string_lossy();
        let origin = Origin {
            library: "core".to_owned(),
            version: version.clone().into_owned(),
            reference: version.into_owned(),
            commit: None,
            archive: None,
            created_at: None,
        };
        Self { snapshot: python::assemble::assemble(origin, &files), stubs }
    }
    /// The same, with the modules that the new version keeps as copies of what they named.
    pub(crate) fn beside(mut self, new: &Self) -> Self {
        let copies = kept_copies(&self.snapshot, &new.snapshot);
        self.snapshot = with_kept_copies(&self.snapshot, &new.snapshot, &copies);
        let inside = |path: &TreePath| {
            copies.iter().any(|copy| {
                let folder = copy.as_str().replace('.', "/");
                path.as_str().starts_with(&format!("{folder}/"))
                    || path.as_str() == format!("{folder}.pyi")
            })
        };
        self.stubs.retain(|path, _| !inside(path));
        let copied = new.stubs.iter().filter(|(path, _)| inside(path));
        self.stubs.extend(copied.map(|(path, text)| (path.clone(), text.clone())));
        self
    }
}
