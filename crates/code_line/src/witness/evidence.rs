//! What breaks without a reference that does not resolve or a call that does not bind: arguments
//! that reach another parameter, defaults that mean something else, keys and files that are gone.

use std::collections::{BTreeMap, BTreeSet};

use code_model::DottedName;
use code_model::api::{ApiIndex, Resolution};
use code_model::manifest::Manifest;
use code_model::operation::{Change, Operation};
use code_model::snapshot::Snapshot;
use configuration::Format;
use python::parse::ParsedFile;
use python::references::{ArgumentForm, CallSite, FileReferences, NoStarExports, ReferenceOptions};

use super::candidates::Candidate;

/// What a text is judged by.
pub(super) struct Judged<'a> {
    pub(super) manifest: &'a Manifest,
    pub(super) operation: &'a Operation,
    pub(super) versions: (&'a Snapshot, &'a Snapshot),
    pub(super) candidate: &'a Candidate,
}

impl Judged<'_> {
    /// What the new version takes otherwise than the old one, as far as this operation is about it.
    pub(super) fn breaks(&self, text: &str) -> Vec<String> {
        match &self.operation.change {
            Change::RenameAttribute { class, from, .. } => self.gone_member(class, from, text),
            Change::RenameCallable(name) => match &name.class {
                Some(class) => self.gone_member(class, &name.from, text),
                None => Vec::new(),
            },
            Change::CallRewrite { callable, receiver: Some(class), .. } => {
                self.gone_member(class, callable.leaf(), text)
            }
            Change::ArgReorder { callable, .. } => self.moved_arguments(callable, text),
            Change::ArgAddDefault { callable, parameter, .. } => {
                let Some(value) = &parameter.old_behaviour else { return Vec::new() };
                let given = self.bound(callable, text, self.versions.1);
                if given.is_none_or(|given| given.contains_key(&parameter.name)) {
                    return Vec::new();
                }
                let default = parameter.default.as_deref().unwrap_or("another default");
                vec![format!(
                    "`{callable}` without `{}` did what it now does for {value}; now it takes \
                     {default}",
                    parameter.name
                )]
            }
            Change::ConfigKeyRename { from, to, .. } => {
                let format = self.candidate.file.rsplit_once('.').map(|(_, ending)| ending);
                let Some(format) = format.and_then(Format::of_extension) else {
                    return Vec::new();
                };
                let (keys, _) = configuration::read(format, text);
                let has = |key: &str| keys.iter().any(|found| found.path.join(".") == key);
                if has(from) && !has(to) {
                    vec![format!("the new version does not read `{from}`")]
                } else {
                    Vec::new()
                }
            }
            Change::MoveFile { from, .. } => {
                if text.contains(&format!("\"{from}\"")) {
                    vec![format!("the new version has no file `{from}`")]
                } else {
                    Vec::new()
                }
            }
            _ => Vec::new(),
        }
    }

    /// A member that the class has no longer. The checker says so only where it sees all bases of
    /// the class, which those of enumerations and models hide.
    fn gone_member(&self, class: &DottedName, member: &str, text: &str) -> Vec<String> {
        let index = ApiIndex::new(self.versions.1);
        let is_used = text.contains(&format!(".{member}"));
        let is_there = std::iter::once(class.clone())
            .chain(self.successors(class))
            .any(|class| matches!(index.resolve(&class.join(member)), Resolution::Symbol(_)));
        if is_used && !is_there {
            vec![format!("`{class}` has no `{member}` in this version")]
        } else {
            Vec::new()
        }
    }

    /// Arguments that reach another parameter than in the old version.
    fn moved_arguments(&self, callable: &DottedName, text: &str) -> Vec<String> {
        let old = self.bound(callable, &self.candidate.text, self.versions.0);
        let new = self.bound(callable, text, self.versions.1);
        let (Some(old), Some(new)) = (old, new) else { return Vec::new() };
        let renamed: BTreeMap<&str, &str> = self
            .manifest
            .operations
            .iter()
            .filter_map(|operation| match &operation.change {
                Change::ArgRename { callable: other, parameter, .. } if other == callable => {
                    Some((parameter.from.as_str(), parameter.to.as_str()))
                }
                _ => None,
            })
            .collect();
        let moved = old.iter().filter_map(|(name, value)| {
            let expected = renamed.get(name.as_str()).copied().unwrap_or(name);
            let reached = new.iter().find(|(_, other)| *other == value).map(|(name, _)| name);
            match reached {
                Some(reached) if reached != expected => {
                    Some(format!("{value}, which was given for `{name}`, is taken for `{reached}`"))
                }
                _ => None,
            }
        });
        moved.collect()
    }

    /// What each parameter gets in the last call of the text.
    fn bound(
        &self,
        callable: &DottedName,
        text: &str,
        version: &Snapshot,
    ) -> Option<BTreeMap<String, String>> {
        let index = ApiIndex::new(version);
        let signature = std::iter::once(callable.clone())
            .chain(self.successors(callable))
            .find_map(|name| match index.resolve(&name) {
                Resolution::Symbol(definition) => {
                    Some(index.symbol(&definition)?.signature.as_ref()?)
                }
                _ => None,
            })?;
        let call = last_call(text, version)?;
        let mut positional =
            signature.caller_parameters().iter().filter(|parameter| parameter.takes_position());
        let mut given = BTreeMap::new();
        for (form, value) in call {
            let name = match form {
                Some(keyword) => keyword,
                None => positional.next()?.name.to_string(),
            };
            given.insert(name, value);
        }
        Some(given)
    }

    /// What the callable is called in the new version.
    fn successors(&self, callable: &DottedName) -> Vec<DottedName> {
        let operations = self.manifest.operations.iter();
        operations
            .filter_map(|operation| match &operation.change {
                Change::RenameCallable(name) | Change::RenameSymbol(name)
                    if name.old().as_ref() == Some(callable) =>
                {
                    name.new_name()
                }
                Change::RenameImport { from, to } => callable.rebased(from, to),
                _ => None,
            })
            .collect()
    }
}

/// The arguments of the text's last call of the library: keyword, where it has one, and value.
fn last_call(text: &str, version: &Snapshot) -> Option<Vec<(Option<String>, String)>> {
    let parsed = ParsedFile::parse(text.as_bytes()).ok()?;
    let roots: BTreeSet<DottedName> = version.roots.iter().map(|root| root.name.clone()).collect();
    let options = ReferenceOptions {
        roots: &roots,
        distribution: None,
        module: None,
        is_package: false,
        members: &|_| true,
        star: &NoStarExports,
        dependent: None,
    };
    let references = FileReferences::read(&parsed, &options);
    let arguments = |call: &CallSite| {
        let argument = |argument: &python::references::Argument| {
            let value = argument.value.of(parsed.text()).to_owned();
            match &argument.form {
                ArgumentForm::Keyword { name, .. } => Some((Some(name.to_string()), value)),
                ArgumentForm::Positional => Some((None, value)),
                ArgumentForm::Starred | ArgumentForm::DoubleStarred => None,
            }
        };
        call.arguments.iter().map(argument).collect::<Option<Vec<_>>>()
    };
    references.calls.last().and_then(arguments)
}
