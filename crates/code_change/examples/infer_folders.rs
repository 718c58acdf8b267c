//! Infers a manifest from two folders, for looking at inference alone: `infer_folders
//! FROM_FOLDER[,FOLDER…] TO_FOLDER[,FOLDER…] OUT_FOLDER [LIBRARY FROM_VERSION TO_VERSION]`.

#![expect(clippy::disallowed_methods, reason = "it reads and writes files itself")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use artifact::TreePath;
use code_change::{
    CommitHistory, Provenance, Rules, SourceText, Version, difference, infer, synthesize,
};
use code_model::snapshot::{Origin, Snapshot};
use python::assemble::{TreeFile, assemble};
use python::facts::extract;

struct Folder {
    texts: BTreeMap<TreePath, Arc<str>>,
    files: BTreeMap<TreePath, TreeFile>,
}

fn collect(root: &Path, folder: &Path, found: &mut Vec<(String, PathBuf)>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        let name = entry.file_name();
        let hidden = name.to_string_lossy().starts_with('.');
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() && !hidden {
            collect(root, &path, found);
        } else if kind.is_file()
            && let Ok(relative) = path.strip_prefix(root)
        {
            found.push((relative.to_string_lossy().replace('\\', "/"), path.clone()));
        }
    }
}

fn read(folders: &str) -> Folder {
    let mut folder = Folder { texts: BTreeMap::new(), files: BTreeMap::new() };
    for root in folders.split(',') {
        let mut found = Vec::new();
        collect(Path::new(root), Path::new(root), &mut found);
        for (relative, path) in found {
            let Ok(relative) = TreePath::new(&relative) else { continue };
            let Ok(bytes) = std::fs::read(&path) else { continue };
            let facts = Arc::new(extract(&relative, &bytes));
            if let Ok(text) = String::from_utf8(bytes) {
                folder.texts.insert(relative.clone(), text.into());
            }
            folder.files.insert(relative, TreeFile { facts, last_modified: None });
        }
    }
    folder
}

struct Texts {
    from: BTreeMap<TreePath, Arc<str>>,
    to: BTreeMap<TreePath, Arc<str>>,
}

impl SourceText for Texts {
    fn text(&self, version: Version, file: &TreePath) -> Option<Arc<str>> {
        match version {
            Version::From => self.from.get(file).cloned(),
            Version::To => self.to.get(file).cloned(),
        }
    }
}

fn snapshot(folder: &Folder, library: &str, version: &str) -> Snapshot {
    let origin = Origin {
        library: library.to_owned(),
        version: version.to_owned(),
        reference: version.to_owned(),
        commit: None,
        archive: None,
        created_at: None,
    };
    assemble(origin, &folder.files)
}

#[expect(clippy::print_stderr, reason = "the example reports how long each step took")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let argument = |index: usize, default: &str| {
        arguments.get(index).cloned().unwrap_or_else(|| default.to_owned())
    };
    let started = Instant::now();
    let (old, new) = (read(&argument(0, ".")), read(&argument(1, ".")));
    let from = snapshot(&old, &argument(3, ""), &argument(4, "from"));
    let to = snapshot(&new, &argument(3, ""), &argument(5, "to"));
    eprintln!("snapshots {:.2} s", started.elapsed().as_secs_f64());
    let started = Instant::now();
    let differences = difference(&from, &to);
    eprintln!("differences {:.2} s", started.elapsed().as_secs_f64());
    let started = Instant::now();
    let texts = Texts { from: old.texts, to: new.texts };
    let rules = Rules::default();
    let inference = infer(&from, &to, &differences, &texts, &CommitHistory::default(), &rules);
    eprintln!("inference {:.2} s", started.elapsed().as_secs_f64());
    let provenance = Provenance { generator: "onx/0.1.0".to_owned(), bundle: BTreeMap::default() };
    let (manifest, report) = synthesize(&from, &to, &inference, &rules, &provenance)?;
    let out = PathBuf::from(argument(2, "."));
    std::fs::create_dir_all(&out)?;
    std::fs::write(out.join("manifest.yaml"), manifest.write())?;
    std::fs::write(out.join("hints_from.json"), serde_json::to_vec(&from.hints)?)?;
    std::fs::write(out.join("hints_to.json"), serde_json::to_vec(&to.hints)?)?;
    let classes: Vec<(&str, Option<f64>)> =
        inference.operations.iter().map(|o| (o.class, o.confidence.raw)).collect();
    std::fs::write(out.join("classes.json"), serde_json::to_vec(&classes)?)?;
    std::fs::write(out.join("report.json"), serde_json::to_vec_pretty(&report)?)?;
    eprintln!(
        "{} symbols, {} hints, {} keys",
        from.symbols.len(),
        from.hints.len() + to.hints.len(),
        to.keys.len()
    );
    eprintln!("{:?}", report.accounting);
    eprintln!("{:?}", report.statistics.by_kind);
    if !report.accounting.is_complete() || report.accounting.gone as usize != differences.gone.len()
    {
        return Err(format!("{} paths are gone", differences.gone.len()).into());
    }
    Ok(())
}
