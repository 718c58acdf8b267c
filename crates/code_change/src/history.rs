//! What the commits between two versions say: which definitions one commit took out, which it
//! brought in, and which other files gave up the old name for the new one with it.

use std::collections::{BTreeMap, BTreeSet};

use artifact::{Finding, TreePath};
use code_model::DottedName;
use code_model::snapshot::{Snapshot, SymbolKind};
use python::facts::{ModuleFacts, extract};
use rustc_hash::{FxHashMap, FxHashSet};
use similar::{Algorithm, DiffTag, capture_diff_slices};

use crate::surface::is_plain;

/// A commit that changes more Python files than this rearranges everything and shows nothing.
const PYTHON_FILES_MAX: usize = 400;

/// Of a longer run of changed lines only so many are compared.
const HUNK_LINES_MAX: usize = 60;

/// The commits between two versions that took out definitions which only the old version has.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CommitHistory {
    /// The newest first.
    pub commits: Vec<CommitRecord>,
    /// What a reader should know about the history itself.
    pub findings: Vec<Finding>,
}

/// What one commit did to definitions and to the files that mention them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitRecord {
    id: String,
    subject: String,
    /// Definitions of the old version that it took out.
    gone: BTreeSet<DottedName>,
    /// Definitions of the new version that it brought in.
    came: BTreeSet<DottedName>,
    /// All public names that it took out of modules and classes, without their modules.
    removed: BTreeSet<String>,
    /// All public names that it brought in.
    added: BTreeSet<String>,
    files: Vec<FileWords>,
    index: Index,
}

/// What is looked up for each pair.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Index {
    /// The definitions that came, by the last part of their names.
    came: BTreeMap<String, Vec<DottedName>>,
    /// How many definitions with this last part are gone.
    gone: BTreeMap<String, usize>,
    /// Public names that were taken out for good, by the class that they stood in.
    removed: BTreeMap<String, BTreeSet<String>>,
    /// Public names that are new, likewise.
    added: BTreeMap<String, BTreeSet<String>>,
    /// Files that have a word less often.
    lost: BTreeMap<String, Vec<usize>>,
    /// For each old word the new ones that took its place, with the files.
    replaced: BTreeMap<String, BTreeMap<String, Vec<usize>>>,
}

/// How a file's words changed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct FileWords {
    /// Old and new definitions that the file itself holds.
    defines: BTreeSet<DottedName>,
    /// Words that it has less often afterwards.
    lost: BTreeSet<String>,
    /// Old and new words where a line stayed the same but for them.
    replaced: BTreeSet<(String, String)>,
}

/// What one commit says about an old definition and a new one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Verdict<'a> {
    pub(crate) commit: &'a CommitRecord,
    /// Files that gave up the old name, the defining ones left out.
    pub(crate) left: usize,
    /// How many of them took up the new one.
    pub(crate) followed: usize,
    /// Whether nothing else can be meant.
    pub(crate) is_strong: bool,
    /// From 0 to 1.
    pub(crate) value: f64,
}

/// Definitions that only one of two versions has: what to look for in the commits between them.
pub struct SoughtNames {
    gone: Definitions,
    came: Definitions,
}

/// Definitions by the module that holds them.
#[derive(Default)]
struct Definitions {
    by_module: FxHashMap<DottedName, Vec<Sought>>,
    by_file: FxHashMap<TreePath, DottedName>,
}

struct Sought {
    path: DottedName,
    /// The name inside the module.
    qualified: String,
}

impl SoughtNames {
    /// What the one version defines and the other does not; members only of classes that both
    /// have.
    pub fn new(from: &Snapshot, to: &Snapshot) -> Self {
        Self { gone: Definitions::only_in(from, to), came: Definitions::only_in(to, from) }
    }

    /// Whether no commit could say anything.
    pub fn is_empty(&self) -> bool {
        self.gone.by_module.is_empty() || self.came.by_module.is_empty()
    }

    /// Whether a definition that is gone may have stood in this file.
    pub fn may_have_held(&self, path: &str) -> bool {
        self.gone.module_of(path).is_some()
    }

    /// Reads a commit's changes: the paths of its files, and the bytes of each before and after.
    /// None when it took out nothing that is sought.
    pub fn examine(
        &self,
        (id, subject): (&str, &str),
        paths: &[&TreePath],
        read: &dyn Fn(usize) -> [Option<Vec<u8>>; 2],
    ) -> Option<CommitRecord> {
        let python = paths.iter().filter(|path| is_python(path.as_str())).count();
        let takes_out = |(index, path): (usize, &&TreePath)| {
            let sought = self.gone.in_file(path.as_str());
            !sought.is_empty() && loses_word(sought, &read(index))
        };
        if python > PYTHON_FILES_MAX || !paths.iter().enumerate().any(takes_out) {
            return None;
        }
        let mut record = CommitRecord {
            id: id.to_owned(),
            subject: subject.chars().filter(|c| !c.is_control()).take(100).collect(),
            gone: BTreeSet::new(),
            came: BTreeSet::new(),
            removed: BTreeSet::new(),
            added: BTreeSet::new(),
            files: vec![FileWords::default(); paths.len()],
            index: Index::default(),
        };
        let texts: Vec<_> = (0..paths.len()).map(read).collect();
        for (index, path) in paths.iter().enumerate() {
            if is_python(path.as_str()) {
                self.compare_definitions(&mut record, index, path, &texts[index]);
            }
        }
        if record.gone.is_empty() || record.came.is_empty() {
            return None;
        }
        let words = record.words();
        for (file, texts) in record.files.iter_mut().zip(&texts) {
            file.compare(texts, &words);
        }
        record.files.retain(|file| !file.lost.is_empty());
        record.index = Index::of(&record);
        Some(record)
    }

    fn compare_definitions(
        &self,
        record: &mut CommitRecord,
        index: usize,
        path: &TreePath,
        [before, after]: &[Option<Vec<u8>>; 2],
    ) {
        let names = |bytes: &Option<Vec<u8>>| {
            bytes.as_ref().map(|bytes| qualified_names(path, bytes)).unwrap_or_default()
        };
        let (before, after) = (names(before), names(after));
        let (removed, added) = (&before - &after, &after - &before);
        let file = &mut record.files[index];
        for (definitions, changed, found) in
            [(&self.gone, &removed, &mut record.gone), (&self.came, &added, &mut record.came)]
        {
            for sought in definitions.in_file(path.as_str()) {
                if changed.contains(&sought.qualified) {
                    found.insert(sought.path.clone());
                    file.defines.insert(sought.path.clone());
                }
            }
        }
        let role = python::module_names::role_of(path, &[]);
        if role != code_model::snapshot::FileRole::Test {
            let public = |name: &String| !name.split('.').any(|part| part.starts_with('_'));
            record.removed.extend(removed.into_iter().filter(public));
            record.added.extend(added.into_iter().filter(public));
        }
    }
}

impl Definitions {
    fn only_in(one: &Snapshot, other: &Snapshot) -> Self {
        let mut definitions = Self::default();
        for (path, symbol) in &one.symbols {
            let of_both = symbol.parent.as_ref().is_none_or(|class| {
                other.symbols.contains_key(class)
                    && one.symbols.get(class).is_some_and(|it| it.kind == SymbolKind::Class)
            });
            if other.symbols.contains_key(path) || !of_both || !is_plain(one, path) {
                continue;
            }
            let Some(qualified) = path.below(&symbol.module) else { continue };
            let qualified = qualified.to_owned();
            definitions.by_file.insert(symbol.file.clone(), symbol.module.clone());
            let sought = Sought { path: path.clone(), qualified };
            definitions.by_module.entry(symbol.module.clone()).or_default().push(sought);
        }
        definitions
    }

    /// The module that a file held: by its path now, or by the end of its path, for packages change
    /// their folders.
    fn module_of(&self, path: &str) -> Option<&DottedName> {
        if !is_python(path) {
            return None;
        }
        if let Some(module) = self.by_file.get(path) {
            return Some(module);
        }
        let stem = path.rsplit_once('.')?.0;
        let dotted = stem.strip_suffix("/__init__").unwrap_or(stem).replace('/', ".");
        let ends = std::iter::successors(Some(dotted.as_str()), |rest| {
            rest.split_once('.').map(|(_, rest)| rest)
        });
        let mut known = ends.filter_map(|end| self.by_module.get_key_value(end));
        known.next().map(|(module, _)| module)
    }

    fn in_file(&self, path: &str) -> &[Sought] {
        let known = self.module_of(path).and_then(|module| self.by_module.get(module));
        known.map(Vec::as_slice).unwrap_or_default()
    }
}

fn is_python(path: &str) -> bool {
    path.strip_suffix('i').unwrap_or(path).ends_with(".py")
}

/// Everything that a file defines, by the name inside the module.
fn qualified_names(path: &TreePath, bytes: &[u8]) -> BTreeSet<String> {
    let facts = extract(path, bytes);
    let Some(module) = facts.module.as_deref() else { return BTreeSet::new() };
    (0..module.definitions.len()).map(|index| qualified_name(module, index)).collect()
}

fn qualified_name(module: &ModuleFacts, index: usize) -> String {
    let definition = &module.definitions[index];
    match definition.parent {
        Some(parent) => format!("{}.{}", qualified_name(module, parent as usize), definition.name),
        None => definition.name.to_string(),
    }
}

/// The names and other words of a text; bytes beyond ASCII belong to words.
fn words(text: &[u8]) -> impl Iterator<Item = &str> {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte >= 0x80;
    text.split(move |byte| !is_word(byte))
        .filter(|word| !word.is_empty())
        .filter_map(|word| std::str::from_utf8(word).ok())
}

/// How often each of these words stands in a text.
fn count<'w>(text: Option<&Vec<u8>>, wanted: &FxHashSet<&'w str>) -> FxHashMap<&'w str, u32> {
    let mut counts = FxHashMap::default();
    for word in text.into_iter().flat_map(|text| words(text)) {
        if let Some(word) = wanted.get(word) {
            *counts.entry(*word).or_default() += 1;
        }
    }
    counts
}

fn loses_word(sought: &[Sought], [before, after]: &[Option<Vec<u8>>; 2]) -> bool {
    let wanted = sought.iter().map(|sought| sought.path.leaf()).collect();
    let (before, after) = (count(before.as_ref(), &wanted), count(after.as_ref(), &wanted));
    before.iter().any(|(word, count)| after.get(word).is_none_or(|left| left < count))
}

impl FileWords {
    fn compare(&mut self, [before, after]: &[Option<Vec<u8>>; 2], wanted: &BTreeSet<String>) {
        let wanted = wanted.iter().map(String::as_str).collect();
        let counts = [count(before.as_ref(), &wanted), count(after.as_ref(), &wanted)];
        let of = |index: usize, word: &str| counts[index].get(word).copied().unwrap_or(0);
        let lost = wanted.iter().filter(|word| of(1, word) < of(0, word));
        self.lost = lost.map(|word| (*word).to_owned()).collect();
        let gained: FxHashSet<&str> =
            wanted.iter().copied().filter(|word| of(1, word) > of(0, word)).collect();
        if let (Some(before), Some(after)) = (before, after)
            && !self.lost.is_empty()
            && !gained.is_empty()
        {
            self.replaced = replaced_words(before, after, &|old, new| {
                self.lost.contains(old) && gained.contains(new)
            });
        }
    }
}

/// The words that took the place of others in lines that otherwise stayed as they were.
fn replaced_words(
    before: &[u8],
    after: &[u8],
    is_sought: &dyn Fn(&str, &str) -> bool,
) -> BTreeSet<(String, String)> {
    let before: Vec<&[u8]> = before.split(|byte| *byte == b'\n').collect();
    let after: Vec<&[u8]> = after.split(|byte| *byte == b'\n').collect();
    let mut found = BTreeSet::new();
    for operation in capture_diff_slices(Algorithm::Myers, &before, &after) {
        if operation.tag() != DiffTag::Replace {
            continue;
        }
        let old = words_of(&before[operation.old_range()]);
        let new = words_of(&after[operation.new_range()]);
        for one in &old {
            for other in new.iter().filter(|other| other.len() == one.len()) {
                let pairs = one.iter().zip(other);
                let changed: Vec<_> = pairs.filter(|(old, new)| old != new).collect();
                let is_same_line = changed.len() * 2 <= one.len()
                    && changed.iter().all(|(old, new)| is_sought(old, new));
                if is_same_line {
                    let owned = |(old, new): (&&str, &&str)| ((*old).to_owned(), (*new).to_owned());
                    found.extend(changed.into_iter().map(owned));
                }
            }
        }
    }
    found
}

/// The words of each line, of at most so many lines.
fn words_of<'t>(lines: &[&'t [u8]]) -> Vec<Vec<&'t str>> {
    lines.iter().take(HUNK_LINES_MAX).map(|line| words(line).collect()).collect()
}

/// What a name is written with, that is different before and after: the name itself, or the part of
/// the module's path by which the places differ.
fn differing_words<'a>(old: &'a DottedName, new: &'a DottedName) -> Option<(&'a str, &'a str)> {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.parts().collect(), new.parts().collect());
    old.into_iter().rev().zip(new.into_iter().rev()).find(|(a, b)| a != b)
}

impl CommitRecord {
    /// What the witness of a manifest says about the commit.
    pub(crate) fn title(&self) -> String {
        format!("commit {}: {}", self.id, self.subject)
    }

    /// Definitions of the old version that it took out.
    pub(crate) fn gone(&self) -> impl Iterator<Item = &DottedName> {
        self.gone.iter()
    }

    /// Definitions of the new version that it brought in and that its other files wrote in place of
    /// the old name, or that have its name.
    pub(crate) fn came_for(&self, old: &DottedName) -> Vec<&DottedName> {
        let others = self.index.replaced.get(old.leaf()).into_iter().flatten();
        let words = others.map(|(word, _)| word.as_str()).chain([old.leaf()]);
        words.filter_map(|word| self.index.came.get(word)).flatten().collect()
    }

    /// The words by which call sites can be told.
    fn words(&self) -> BTreeSet<String> {
        let names = self.removed.iter().chain(&self.added);
        let mut words: BTreeSet<String> = names.map(|name| leaf(name).to_owned()).collect();
        for name in self.gone.iter().chain(&self.came) {
            words.extend(name.parts().map(str::to_owned));
        }
        words
    }

    /// What it says about these two; none when it did not both take out the one and bring in the
    /// other.
    pub(crate) fn verdict(&self, old: &DottedName, new: &DottedName) -> Option<Verdict<'_>> {
        if !self.gone.contains(old) || !self.came.contains(new) {
            return None;
        }
        let is_move = old.leaf() == new.leaf();
        let (before, after) = differing_words(old, new)?;
        let (left, followed) = self.followers((old, before), (new, after));
        // Files that no longer name the old place may have meant other things there.
        let left = if is_move { followed } else { left };
        let own_old = qualified(&self.removed, old)?;
        let own_new = qualified(&self.added, new)?;
        let alone = |names: &BTreeMap<String, BTreeSet<String>>, own: &String| {
            let beside = names.get(scope(own));
            beside.is_none_or(|beside| beside.iter().all(|name| name == own))
        };
        let is_only = if is_move {
            self.index.gone.get(old.leaf()) == Some(&1)
                && self.index.came.get(new.leaf()).is_some_and(|homes| homes.len() == 1)
        } else {
            alone(&self.index.removed, own_old) && alone(&self.index.added, own_new)
        };
        let beside = self.index.added.get(scope(own_new)).into_iter().flatten();
        let beside: BTreeSet<&str> = beside.map(|name| leaf(name)).collect();
        let rivals = self.index.replaced.get(before).into_iter().flatten();
        let rival = rivals
            .filter(|(word, _)| word.as_str() != after && beside.contains(word.as_str()))
            .map(|(_, files)| files.len())
            .max();
        let leads = is_move || rival.unwrap_or(0) * 2 < followed;
        let enough = if is_only { 1 } else { 2 };
        let is_strong = followed >= enough && followed * 2 >= left && leads;
        let value = match (left, is_only) {
            (0, true) => 1.0,
            (0, false) => 0.5,
            _ => followed as f64 / left as f64,
        };
        Some(Verdict { commit: self, left, followed, is_strong, value })
    }

    /// Files beside the defining ones that gave up the old word, and how many of them have lines in
    /// which the new one took its place.
    fn followers(
        &self,
        (old, before): (&DottedName, &str),
        (new, after): (&DottedName, &str),
    ) -> (usize, usize) {
        let is_other = |file: &&usize| {
            let defines = &self.files[**file].defines;
            !defines.contains(old) && !defines.contains(new)
        };
        let left = self.index.lost.get(before).into_iter().flatten().filter(is_other);
        let followed = self.index.replaced.get(before).and_then(|words| words.get(after));
        (left.count(), followed.into_iter().flatten().filter(is_other).count())
    }
}

impl Index {
    fn of(record: &CommitRecord) -> Self {
        let mut index = Self::default();
        for name in &record.came {
            index.came.entry(name.leaf().to_owned()).or_default().push(name.clone());
        }
        for name in &record.gone {
            *index.gone.entry(name.leaf().to_owned()).or_default() += 1;
        }
        for (names, others, by_scope) in [
            (&record.removed, &record.added, &mut index.removed),
            (&record.added, &record.removed, &mut index.added),
        ] {
            for name in names.difference(others) {
                by_scope.entry(scope(name).to_owned()).or_default().insert(name.clone());
            }
        }
        for (number, file) in record.files.iter().enumerate() {
            for word in &file.lost {
                index.lost.entry(word.clone()).or_default().push(number);
            }
            for (old, new) in &file.replaced {
                let words = index.replaced.entry(old.clone()).or_default();
                words.entry(new.clone()).or_default().push(number);
            }
        }
        index
    }
}

/// The class that a name inside a module stands in; empty for the module itself.
fn scope(qualified: &str) -> &str {
    qualified.rsplit_once('.').map_or("", |(class, _)| class)
}

fn leaf(qualified: &str) -> &str {
    qualified.rsplit('.').next().unwrap_or_default()
}

/// The name inside its module, as the commit's files have it.
fn qualified<'n>(names: &'n BTreeSet<String>, name: &DottedName) -> Option<&'n String> {
    let parts: Vec<&str> = name.parts().collect();
    (0..parts.len()).find_map(|start| names.get(&parts[start..].join(".")))
}

/// What the commits say of each old definition, by its name.
pub(crate) fn by_old(history: &CommitHistory) -> BTreeMap<&DottedName, Vec<&CommitRecord>> {
    let mut by_old: BTreeMap<&DottedName, Vec<&CommitRecord>> = BTreeMap::new();
    for commit in &history.commits {
        for old in commit.gone() {
            by_old.entry(old).or_default().push(commit);
        }
    }
    by_old
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> DottedName {
        DottedName::new(text).expect("a dotted name of the test")
    }

    fn sought(gone: &[&str], came: &[&str]) -> SoughtNames {
        let definitions = |paths: &[&str]| {
            let mut definitions = Definitions::default();
            for path in paths {
                let path = name(path);
                let module = name("lib.a");
                let qualified = path.below(&module).expect("a name of the module").to_owned();
                let sought = Sought { path, qualified };
                definitions.by_module.entry(module).or_default().push(sought);
            }
            definitions
        };
        SoughtNames { gone: definitions(gone), came: definitions(came) }
    }

    fn examine(sought: &SoughtNames, files: &[(&str, &str, &str)]) -> Option<CommitRecord> {
        let paths: Vec<TreePath> =
            files.iter().map(|file| TreePath::new(file.0).expect("a path")).collect();
        let bytes = |text: &str| (!text.is_empty()).then(|| text.as_bytes().to_vec());
        let read = |index: usize| [bytes(files[index].1), bytes(files[index].2)];
        sought.examine(("1a", "a change"), &paths.iter().collect::<Vec<_>>(), &read)
    }

    const USES: (&str, &str, &str) = ("docs/x.md", "call one", "call two");

    #[test]
    fn one_commit_with_its_callers_leaves_no_doubt() {
        let sought = sought(&["lib.a.one"], &["lib.a.two"]);
        // Packages change their folders.
        let definition = ("src/lib/a.py", "def one(): 1\n", "def two(): 2\n");
        let record = examine(&sought, &[definition, USES]).expect("a record");
        let verdict = record.verdict(&name("lib.a.one"), &name("lib.a.two")).expect("a verdict");
        assert!(verdict.is_strong);
        assert_eq!((verdict.left, verdict.followed), (1, 1));
        // Without callers it may be a coincidence.
        let record = examine(&sought, &[definition]).expect("a record");
        let verdict = record.verdict(&name("lib.a.one"), &name("lib.a.two")).expect("a verdict");
        assert!(!verdict.is_strong);
    }

    #[test]
    fn a_rival_or_callers_that_go_elsewhere_leave_doubt() {
        let sought = sought(&["lib.a.one"], &["lib.a.two", "lib.a.three"]);
        let both = ("lib/a.py", "def one(): 1\n", "def two(): 2\ndef three(): 3\n");
        let uses = ("docs/x.md", "call one\n\ncall one", "call two\n\ncall three");
        let more = ("docs/y.md", "call one\n\ncall one", "call two\n\ncall three");
        let record = examine(&sought, &[both, uses, more]).expect("a record");
        for new in ["lib.a.two", "lib.a.three"] {
            let verdict = record.verdict(&name("lib.a.one"), &name(new)).expect("a verdict");
            assert!(!verdict.is_strong, "{new}");
        }
        // A name that is not in the new version any more is a rival as well.
        let passing = ("lib/a.py", "def one(): 1\n", "def two(): 2\ndef passing(): 3\n");
        let record = examine(&sought, &[passing, USES]).expect("a record");
        let verdict = record.verdict(&name("lib.a.one"), &name("lib.a.two")).expect("a verdict");
        assert!(!verdict.is_strong);
        let gone = ("docs/y.md", "call one", "call nothing");
        let record = examine(&sought, &[both, USES, gone, ("docs/z.md", "one", "none")]);
        let record = record.expect("a record");
        let verdict = record.verdict(&name("lib.a.one"), &name("lib.a.two")).expect("a verdict");
        assert_eq!((verdict.left, verdict.followed), (3, 1));
        assert!(!verdict.is_strong);
    }

    #[test]
    fn what_only_mentions_a_name_takes_nothing_out() {
        let sought = sought(&["lib.a.one"], &["lib.a.two"]);
        let rewritten = ("lib/a.py", "def one(): one\n", "def one(): 1\ndef two(): 2\n");
        assert!(examine(&sought, &[rewritten, USES]).is_none());
        assert!(examine(&sought, &[("lib/b.py", "def one(): 1", "def two(): 1"), USES]).is_none());
    }

    #[test]
    fn members_are_told_from_names_of_the_module() {
        let sought = sought(&["lib.a.C.one"], &["lib.a.C.two", "lib.a.two"]);
        let body = |name: &str| format!("class C:\n    def {name}(self): 1\n");
        let (old, new) = (body("one"), format!("{}def two(): 1\n", body("two")));
        let record = examine(&sought, &[("lib/a.py", &old, &new), USES]).expect("a record");
        let verdict = record.verdict(&name("lib.a.C.one"), &name("lib.a.C.two"));
        assert!(verdict.expect("a verdict").is_strong);
    }
}
