//! Names of the standard library, as the declarations have them that inference reads.

use std::collections::BTreeSet;

use ruff_db::vendored::{DirectoryEntry, VendoredPathBuf};

use crate::defined::defined_names;

/// Those of these names that the standard library gives to something of its own.
pub fn standard_library_defines(wanted: &BTreeSet<String>) -> BTreeSet<String> {
    let library = ty_vendored::file_system();
    let mut found = BTreeSet::new();
    let mut pending = vec![VendoredPathBuf::from("stdlib")];
    while let Some(path) = pending.pop() {
        if library.is_directory(&path) {
            pending.extend(library.read_directory(&path).map(DirectoryEntry::into_path));
        } else if let Ok(text) = library.read_to_string(&path) {
            found.extend(defined_names(&text, wanted, &BTreeSet::new()));
        }
    }
    found
}
