//! Gives the outputs of a run an identity of the code that made them: a digest of the sources of
//! every crate that decides what is written.

#![expect(
    clippy::disallowed_methods,
    reason = "a build script runs before there is a door to the host"
)]

use std::hash::{Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let here = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).unwrap_or_default();
    let crates = here.parent().unwrap_or(&here).to_path_buf();
    let mut hasher = std::hash::DefaultHasher::new();
    for name in ["artifact", "code_change", "code_line", "code_model", "configuration", "python"] {
        let sources = crates.join(name).join("src");
        println!("cargo::rerun-if-changed={}", sources.display());
        digest_folder(&sources, &mut hasher)?;
    }
    println!("cargo::rustc-env=ONX_CODE_IDENTITY={:016x}", hasher.finish());
    Ok(())
}

fn digest_folder(folder: &Path, hasher: &mut std::hash::DefaultHasher) -> io::Result<()> {
    let mut entries = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        entry.file_name().hash(hasher);
        if entry.file_type()?.is_dir() {
            digest_folder(&entry.path(), hasher)?;
        } else {
            fs::read(entry.path())?.hash(hasher);
        }
    }
    Ok(())
}
