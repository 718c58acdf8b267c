//! Cases as Markdown: what is read from a text.
//!
//! Above the first title stand `operation:` lines for all cases, and what the cases are run for:
//! `kinds:` names kinds for operations that are written without one; each `variant:` line is an
//! operation with words that the cases hold, `NAME: old => new`. In a case `$NAME` is the old word
//! before and the new one after, `$$NAME` always the old one, `$!NAME` always the new one.
//!
//! Below a title stand further lines for that case alone, then blocks of Python: one that stays or
//! that only differs in such words, or as many before as after.

use serde_json::{Value, json};

/// One fenced block of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) path: String,
    pub(crate) content: Vec<u8>,
}

/// One case, for one kind or variant.
#[derive(Debug, Default, Clone)]
pub(crate) struct Case {
    pub(crate) file: String,
    pub(crate) name: String,
    /// The kind or variant that it is run for.
    pub(crate) of: String,
    /// Rows of the table of cases that it stands for.
    pub(crate) covers: Vec<String>,
    /// Kinds with their match.
    pub(crate) operations: Vec<Value>,
    /// Whether the dependent is known to be on the old version.
    pub(crate) old_version: bool,
    /// Whether it is known to have left the old version.
    pub(crate) new_version: bool,
    /// What either version holds: `module/`, `name`, `alias=target`.
    pub(crate) old_names: Vec<String>,
    pub(crate) new_names: Vec<String>,
    pub(crate) unsafe_too: bool,
    /// What is done beyond what is certain: `guards`, `comments`.
    pub(crate) wishes: Vec<String>,
    /// Members and keywords that nothing but the library has.
    pub(crate) unique: Vec<String>,
    /// How many edits are shown and not made, where that is said.
    pub(crate) shown: Option<usize>,
    pub(crate) before: Vec<Block>,
    pub(crate) after: Vec<Block>,
    /// Codes with their lines.
    pub(crate) findings: Vec<String>,
}

/// A word of the cases, as one variant has it.
#[derive(Debug, Clone)]
struct Word {
    name: String,
    old: String,
    new: String,
}

/// What the cases of a text are run for.
#[derive(Debug, Clone, Default)]
struct Variant {
    /// The kind that shorthand operations lack, or the kind of its own operation.
    kind: String,
    operation: Option<Value>,
    words: Vec<Word>,
    /// What is found on every line that holds the last word.
    finds: Option<String>,
}

/// A case as it is written.
#[derive(Default)]
struct Draft<'t> {
    name: &'t str,
    covers: Vec<String>,
    operations: Vec<&'t str>,
    old_version: bool,
    new_version: bool,
    old_names: Vec<String>,
    new_names: Vec<String>,
    unsafe_too: bool,
    wishes: Vec<String>,
    unique: Vec<String>,
    shown: Option<usize>,
    only: Vec<&'t str>,
    blocks: Vec<(&'t str, Vec<&'t str>)>,
    findings: Vec<(&'t str, Vec<&'t str>)>,
}

/// All cases of a text, for every kind and variant that it names.
pub(crate) fn read(file: &str, text: &str) -> Vec<Case> {
    let mut variants = Vec::new();
    let mut shared = Vec::new();
    let mut drafts: Vec<Draft<'_>> = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        // Documents with fences of their own stand between tildes.
        let fence = ["```", "~~~"].into_iter().find(|fence| line.starts_with(fence));
        if let Some((fence, header)) = fence.map(|fence| (fence, &line[fence.len()..])) {
            let body: Vec<&str> = lines.by_ref().take_while(|line| *line != fence).collect();
            let draft = drafts.last_mut().expect("below a title");
            match header.strip_prefix("findings") {
                Some(kinds) => draft.findings.push((kinds, body)),
                None => draft.blocks.push((header, body)),
            }
        } else if let Some(name) = line.strip_prefix("## ") {
            drafts.push(Draft { name, ..Draft::default() });
        } else if let Some(draft) = drafts.last_mut() {
            draft.line(line);
        } else if let Some(kinds) = line.strip_prefix("kinds: ") {
            let kinds = kinds.split_whitespace().map(ToOwned::to_owned);
            variants.extend(kinds.map(|kind| Variant { kind, ..Variant::default() }));
        } else if let Some(variant) = line.strip_prefix("variant: ") {
            variants.push(Variant::read(variant));
        } else if let Some(operation) = line.strip_prefix("operation: ") {
            shared.push(operation);
        }
    }
    if variants.is_empty() {
        variants.push(Variant::default());
    }
    let mut cases = Vec::new();
    for draft in &drafts {
        let runs = variants.iter().filter(|variant| draft.runs_for(variant));
        cases.extend(runs.map(|variant| draft.case(file, variant, &shared)));
    }
    cases
}

impl Variant {
    /// `KIND MATCH ; NAME: old => new ; finds: code`.
    fn read(line: &str) -> Self {
        let mut parts = line.split(" ; ");
        let operation = operation(parts.next().expect("an operation"), "");
        let kind = operation["kind"].as_str().expect("a kind").to_owned();
        let mut variant = Self { kind, operation: Some(operation), ..Self::default() };
        for part in parts {
            let (name, value) = part.split_once(": ").expect("a word and its value");
            if name == "finds" {
                variant.finds = Some(value.to_owned());
                continue;
            }
            let (old, new) = value.split_once(" => ").unwrap_or((value, value));
            let (name, old, new) = (name.to_owned(), old.to_owned(), new.to_owned());
            variant.words.push(Word { name, old, new });
        }
        variant
    }

    fn filled(&self, text: &str, after: bool) -> String {
        let mut text = text.to_owned();
        for Word { name, old, new } in &self.words {
            text = text.replace(&format!("$!{name}"), new);
            text = text.replace(&format!("$${name}"), old);
            text = text.replace(&format!("${name}"), if after { new } else { old });
        }
        text
    }

    fn block(&self, header: &str, lines: &[&str], after: bool) -> Block {
        let lines = lines.iter().map(|line| self.filled(line, after) + "\n");
        let mut text: String = lines.collect();
        let mut path = "module.py".to_owned();
        let mut latin1 = false;
        for word in header.split_whitespace().skip(1) {
            match word {
                "crlf" => text = text.replace('\n', "\r\n"),
                "bom" => text.insert(0, '\u{feff}'),
                "unended" => text.truncate(text.trim_end().len()),
                "latin1" => latin1 = true,
                other => other.strip_prefix("path=").expect("a known word").clone_into(&mut path),
            }
        }
        let content = if latin1 {
            text.chars().map(|c| u8::try_from(u32::from(c)).expect("a Latin-1 character")).collect()
        } else {
            text.into_bytes()
        };
        Block { path, content }
    }
}

impl<'t> Draft<'t> {
    fn line(&mut self, line: &'t str) {
        let words = |list: &str| list.split_whitespace().map(ToOwned::to_owned).collect::<Vec<_>>();
        if let Some(operation) = line.strip_prefix("operation: ") {
            self.operations.push(operation);
        } else if let Some(rows) = line.strip_prefix("covers: ") {
            self.covers.extend(rows.split(", ").map(ToOwned::to_owned));
        } else if let Some(wishes) = line.strip_prefix("wishes: ") {
            self.wishes = words(wishes);
        } else if let Some(names) = line.strip_prefix("unique: ") {
            self.unique = words(names);
        } else if let Some(count) = line.strip_prefix("shown: ") {
            self.shown = Some(count.parse().expect("a number"));
        } else if let Some(kinds) = line.strip_prefix("only: ") {
            self.only.extend(kinds.split_whitespace());
        } else if let Some(names) = line.strip_prefix("old: ") {
            self.old_names.extend(words(names));
        } else if let Some(names) = line.strip_prefix("new: ") {
            self.new_names.extend(words(names));
        } else if line == "old-version: yes" {
            self.old_version = true;
        } else if line == "new-version: yes" {
            self.new_version = true;
        } else if line == "unsafe: yes" {
            self.unsafe_too = true;
        } else {
            assert!(line.is_empty(), "{}: what does `{line}` mean?", self.name);
        }
    }

    fn runs_for(&self, variant: &Variant) -> bool {
        self.only.is_empty() || self.only.contains(&variant.kind.as_str())
    }

    fn case(&self, file: &str, variant: &Variant, shared: &[&str]) -> Case {
        let written = if self.operations.is_empty() { shared } else { &self.operations };
        let mut operations: Vec<Value> =
            written.iter().map(|line| operation(line, &variant.kind)).collect();
        if self.operations.is_empty() {
            operations.extend(variant.operation.clone());
        }
        let count = self.blocks.len();
        let (old, new) = if count >= 2 && count.is_multiple_of(2) {
            self.blocks.split_at(count / 2)
        } else {
            (&self.blocks[..], &self.blocks[..])
        };
        let blocks = |blocks: &[(&str, Vec<&str>)], after| {
            blocks.iter().map(|(header, lines)| variant.block(header, lines, after)).collect()
        };
        Case {
            file: file.to_owned(),
            name: self.name.to_owned(),
            of: variant.kind.clone(),
            covers: self.covers.clone(),
            operations,
            old_version: self.old_version,
            new_version: self.new_version,
            old_names: self.old_names.clone(),
            new_names: self.new_names.clone(),
            unsafe_too: self.unsafe_too,
            wishes: self.wishes.clone(),
            unique: self.unique.clone(),
            shown: self.shown,
            before: blocks(old, false),
            after: blocks(new, true),
            findings: self.findings(variant, old),
        }
    }

    /// The findings that are written for all or for this kind, and those that the variant has
    /// wherever its last word stands.
    fn findings(&self, variant: &Variant, old: &[(&str, Vec<&str>)]) -> Vec<String> {
        let mut findings: Vec<String> = Vec::new();
        let mut written = false;
        for (kinds, lines) in &self.findings {
            let own = kinds.split_whitespace().any(|kind| kind == variant.kind);
            if own || kinds.trim().is_empty() {
                written |= own;
                findings.extend(lines.iter().map(|line| (*line).to_owned()));
            }
        }
        if let (Some(code), Some(word)) = (&variant.finds, variant.words.last())
            && !written
        {
            let (marked, plain) = (format!("${}", word.name), format!("$${}", word.name));
            for (_, lines) in old {
                for (number, line) in lines.iter().enumerate() {
                    let times = line.matches(&marked).count() - line.matches(&plain).count();
                    findings.extend((0..times).map(|_| format!("{code} {}", number + 1)));
                }
            }
        }
        findings
    }
}

/// `KIND {match}` as JSON, or `KIND OLD -> NEW`; cases of one kind leave the kind out. `needs N`
/// names an earlier operation by its place.
pub(crate) fn operation(line: &str, kind: &str) -> Value {
    let line = if kind.is_empty() { line.to_owned() } else { format!("{kind} {line}") };
    let (line, needs) = match line.split_once(" needs ") {
        Some((line, needs)) => (line.to_owned(), vec![format!("OP{needs:0>3}")]),
        None => (line, Vec::new()),
    };
    let (kind, rest) = line.split_once(' ').expect("a kind");
    let matched = if rest.starts_with('{') {
        serde_json::from_str(rest).unwrap_or_else(|why| panic!("{line}: {why}"))
    } else {
        shorthand(kind, rest)
    };
    json!({"kind": kind, "match": matched, "dependencies": needs})
}

fn shorthand(kind: &str, rest: &str) -> Value {
    let (old, new) = rest.split_once(" -> ").unwrap_or((rest, ""));
    let split = |name: &str| {
        let (holder, leaf) = name.rsplit_once('.').unwrap_or(("", name));
        (holder.to_owned(), leaf.to_owned())
    };
    match kind {
        "rename.import" | "move.file" => json!({"from": old, "to": new}),
        "symbol.remove" => json!({"name": old}),
        "rename.attribute" => {
            let (class, from) = split(old);
            json!({"class": class, "from": from, "to": new})
        }
        "config.key_rename" => match new.split_once(" @ ") {
            Some((new, holder)) => json!({"from": old, "to": new, "holder": holder}),
            None => json!({"from": old, "to": new}),
        },
        _ => {
            let ((module, from), (to_module, to)) = (split(old), split(new));
            if module == to_module {
                json!({"module": module, "from": from, "to": to})
            } else {
                json!({"module": module, "from": from, "to": to, "to_module": to_module})
            }
        }
    }
}
