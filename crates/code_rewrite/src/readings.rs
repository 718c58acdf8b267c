//! What reading a dependent's files gave, kept for those who read them again.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use artifact::{Finding, TreePath};
use python::parse::ParsedFile;
use python::references::FileReferences;

use crate::DependentFile;
use crate::words::Mentions;

/// Texts of trees that are kept have at most this many bytes together; a tree takes some ten times
/// the room of its text.
const KEPT_TEXT_BYTES: usize = 48 << 20;

/// Mentions and syntax trees of files, by path and content.
#[derive(Debug, Default)]
pub struct Readings {
    read: RwLock<HashMap<TreePath, Reading>>,
    text_bytes: AtomicUsize,
}

#[derive(Debug)]
struct Reading {
    content: Arc<[u8]>,
    mentions: Option<Mentions>,
    tree: Option<Arc<ParsedFile>>,
    references: Option<Arc<FileReferences>>,
}

impl Readings {
    /// The file's syntax tree, parsed at most once while there is room for it.
    pub fn tree(&self, file: &DependentFile) -> Result<Arc<ParsedFile>, Finding> {
        if let Some(tree) = self.kept_tree(file) {
            return Ok(tree);
        }
        let tree = Arc::new(parse(file)?);
        let bytes = file.content.len();
        if self.text_bytes.fetch_add(bytes, Ordering::Relaxed) + bytes <= KEPT_TEXT_BYTES {
            self.keep(file, |reading| reading.tree = Some(Arc::clone(&tree)));
        } else {
            self.text_bytes.fetch_sub(bytes, Ordering::Relaxed);
        }
        Ok(tree)
    }

    /// The file's syntax tree, if it is here.
    pub fn kept_tree(&self, file: &DependentFile) -> Option<Arc<ParsedFile>> {
        self.kept(file, |reading| reading.tree.clone())
    }

    /// What the file says, read before anything was known of its siblings; kept beside its tree.
    pub(crate) fn references(&self, file: &DependentFile) -> Option<Arc<FileReferences>> {
        self.kept(file, |reading| reading.references.clone())
    }

    pub(crate) fn keep_references(&self, file: &DependentFile, references: Arc<FileReferences>) {
        if self.kept_tree(file).is_some() {
            self.keep(file, |reading| reading.references = Some(references));
        }
    }

    /// What the file mentions, looked for at most once.
    pub(crate) fn mentions(
        &self,
        file: &DependentFile,
        look: impl FnOnce(&[u8]) -> Mentions,
    ) -> Mentions {
        self.kept(file, |reading| reading.mentions).unwrap_or_else(|| {
            let mentions = look(&file.content);
            self.keep(file, |reading| reading.mentions = Some(mentions));
            mentions
        })
    }

    fn kept<T>(&self, file: &DependentFile, take: impl FnOnce(&Reading) -> Option<T>) -> Option<T> {
        let read = self.read.read().unwrap_or_else(PoisonError::into_inner);
        take(read.get(&file.path).filter(|reading| Arc::ptr_eq(&reading.content, &file.content))?)
    }

    fn keep(&self, file: &DependentFile, note: impl FnOnce(&mut Reading)) {
        let fresh = || Reading {
            content: Arc::clone(&file.content),
            mentions: None,
            tree: None,
            references: None,
        };
        let mut read = self.read.write().unwrap_or_else(PoisonError::into_inner);
        let reading = read.entry(file.path.clone()).or_insert_with(fresh);
        if !Arc::ptr_eq(&reading.content, &file.content) {
            let other = std::mem::replace(reading, fresh());
            if other.tree.is_some() {
                self.text_bytes.fetch_sub(other.content.len(), Ordering::Relaxed);
            }
        }
        note(reading);
    }
}

/// Parses a Python file or stub.
pub(crate) fn parse(file: &DependentFile) -> Result<ParsedFile, Finding> {
    if file.path.extension() == Some("pyi") {
        ParsedFile::parse_stub(&file.content)
    } else {
        ParsedFile::parse(&file.content)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> DependentFile {
        let path = TreePath::new("a.py").expect("a path");
        DependentFile { path, content: text.as_bytes().into(), module: None }
    }

    #[test]
    fn another_content_at_the_same_path_is_read_anew() {
        let (readings, old, new) = (Readings::default(), file("a = 1\n"), file("b = 2\n"));
        let first = readings.tree(&old).expect("a tree");
        assert!(Arc::ptr_eq(&first, &readings.tree(&old).expect("a tree")));
        assert!(readings.kept_tree(&new).is_none());
        assert_eq!(readings.tree(&new).expect("a tree").text(), "b = 2\n");
        assert!(readings.kept_tree(&old).is_none());
    }
}
