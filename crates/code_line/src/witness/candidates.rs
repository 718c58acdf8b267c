//! Programs that may show what an operation is for, the smallest first.

use code_model::DottedName;
use code_model::api::{ApiIndex, Resolution};
use code_model::manifest::Manifest;
use code_model::operation::{Change, Operation};
use code_model::signature::{Binding, Parameter, Signature};
use code_model::snapshot::Snapshot;

/// A program to try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) file: String,
    pub(super) text: String,
    /// Whether only types tell what it means.
    pub(super) needs_types: bool,
}

/// The programs for one operation, in the names of the old version.
pub(super) fn candidates(
    manifest: &Manifest,
    operation: &Operation,
    from: Option<&Snapshot>,
) -> Vec<Candidate> {
    let old = Old { from };
    match &operation.change {
        Change::RenameImport { from, .. } => {
            vec![python(format!("import {from}\n"))]
        }
        Change::SymbolRemove { name } => old.uses(name),
        Change::RenameSymbol(name) | Change::RenameCallable(name) => {
            name.old().map(|name| old.uses(&name)).unwrap_or_default()
        }
        Change::RenameAttribute { class, from, .. } => old.uses(&class.join(from)),
        Change::ArgRename { callable, parameter, .. } => {
            old.calls(callable, &Wanted::Keyword(&parameter.from))
        }
        Change::ArgRemove { callable, parameter, .. } => {
            let mut all = old.calls(callable, &Wanted::Keyword(&parameter.name));
            all.extend(old.calls(callable, &Wanted::Position(&parameter.name)));
            all
        }
        Change::ArgAddDefault { callable, .. } | Change::ArgAddRequired { callable, .. } => {
            old.calls(callable, &Wanted::Nothing)
        }
        Change::ArgReorder { callable, from, .. } => {
            old.calls(callable, &Wanted::Positions(from.len()))
        }
        Change::ArgKeywordOnly { callable, positional, parameters, .. } => {
            let last = parameters
                .iter()
                .filter_map(|name| positional.iter().position(|other| other == name))
                .min();
            old.calls(callable, &Wanted::Positions(last.map_or(0, |at| at + 1)))
        }
        Change::CallRewrite { callable, parameters, .. } => {
            let mut all = old.calls(callable, &Wanted::Nothing);
            let plain = parameters.iter().filter(|name| !name.starts_with('*')).count();
            all.extend(old.calls(callable, &Wanted::Positions(plain)));
            all
        }
        Change::ConfigKeyRename { from, .. } => {
            let packages = &manifest.metadata.packages;
            let stem = packages.first().map_or("settings", |root| root.root());
            vec![Candidate { file: format!("{stem}.yaml"), text: nested(from), needs_types: false }]
        }
        Change::MoveFile { from, .. } => {
            vec![python(format!("PATH = \"{from}\"\n"))]
        }
    }
}

fn python(text: String) -> Candidate {
    Candidate { file: "dependent.py".to_owned(), text, needs_types: false }
}

/// A key below the tables that hold it.
fn nested(key: &str) -> String {
    let mut text = String::new();
    let parts: Vec<&str> = key.split('.').collect();
    for (depth, part) in parts.iter().enumerate() {
        let end = if depth + 1 == parts.len() { ": 1\n" } else { ":\n" };
        text.push_str(&format!("{}{part}{end}", "  ".repeat(depth)));
    }
    text
}

/// What a call must give.
enum Wanted<'a> {
    /// This parameter by its keyword.
    Keyword(&'a str),
    /// This parameter and those before it by position.
    Position(&'a str),
    /// So many by position, told apart by their numbers.
    Positions(usize),
    /// What is required and nothing else.
    Nothing,
}

/// The old version.
struct Old<'a> {
    from: Option<&'a Snapshot>,
}

impl Old<'_> {
    /// The import that reaches a name, and the expression for it.
    fn reach(&self, name: &DottedName) -> Option<(String, String)> {
        let is_module = |name: &DottedName| match self.from {
            Some(from) => from.modules.contains_key(name),
            // Modules are written small, classes are not.
            None => name.leaf().chars().all(|c| !c.is_uppercase()),
        };
        let mut module = name.parent()?;
        while !is_module(&module) {
            module = module.parent()?;
        }
        let rest = name.below(&module).filter(|rest| !rest.is_empty())?;
        let first = rest.split('.').next().unwrap_or(rest);
        Some((format!("from {module} import {first}\n"), rest.to_owned()))
    }

    /// Programs that use a name: an import, an attribute of a class, an attribute of an object.
    fn uses(&self, name: &DottedName) -> Vec<Candidate> {
        if self.from.is_some_and(|from| from.modules.contains_key(name)) {
            return vec![python(format!("import {name}\n"))];
        }
        let Some((import, expression)) = self.reach(name) else {
            return vec![python(format!("import {name}\n"))];
        };
        let Some((holder, member)) = expression.rsplit_once('.') else {
            return vec![python(import)];
        };
        let typed = format!("{import}\n\ndef use(thing: {holder}):\n    return thing.{member}\n");
        vec![
            python(format!("{import}\n{expression}\n")),
            Candidate { needs_types: true, ..python(typed) },
        ]
    }

    /// Programs that call something.
    fn calls(&self, callable: &DottedName, wanted: &Wanted<'_>) -> Vec<Candidate> {
        let constructor = callable.parent().filter(|_| callable.leaf() == "__init__");
        let callable = constructor.as_ref().unwrap_or(callable);
        let Some((import, expression)) = self.reach(callable) else { return Vec::new() };
        let signature = self.signature(callable);
        let arguments = arguments(signature, wanted);
        let mut all = Vec::new();
        match expression.rsplit_once('.') {
            None => all.push(python(format!("{import}\n{expression}({arguments})\n"))),
            Some((holder, member)) => {
                let instance =
                    signature.is_none_or(|signature| signature.binding == Binding::Instance);
                if !instance {
                    all.push(python(format!("{import}\n{expression}({arguments})\n")));
                }
                let typed = format!(
                    "{import}\n\ndef use(thing: {holder}):\n    return \
                     thing.{member}({arguments})\n"
                );
                all.push(Candidate { needs_types: true, ..python(typed) });
            }
        }
        all
    }

    fn signature(&self, callable: &DottedName) -> Option<&Signature> {
        let index = ApiIndex::new(self.from?);
        let Resolution::Symbol(definition) = index.resolve(callable) else { return None };
        index.symbol(&definition)?.signature.as_ref()
    }
}

/// The arguments of a call that gives what is required and what is wanted.
fn arguments(signature: Option<&Signature>, wanted: &Wanted<'_>) -> String {
    let parameters = signature.map(Signature::caller_parameters).unwrap_or_default();
    let positional = || parameters.iter().filter(|parameter| parameter.takes_position());
    let by_position = match wanted {
        Wanted::Positions(count) => *count,
        Wanted::Position(name) => {
            positional().position(|parameter| *parameter.name == **name).map_or(1, |at| at + 1)
        }
        Wanted::Keyword(_) | Wanted::Nothing => 0,
    };
    let keyword = match wanted {
        Wanted::Keyword(name) => Some(*name),
        _ => None,
    };
    let mut parts: Vec<String> = (1..=by_position).map(|number| number.to_string()).collect();
    let mut named = false;
    for parameter in positional().skip(by_position).chain(keyword_only(parameters)) {
        let is_wanted = keyword == Some(&*parameter.name);
        if !parameter.is_required() && !is_wanted {
            named = true;
            continue;
        }
        named |= is_wanted || !parameter.takes_position();
        parts.push(if named && parameter.takes_keyword() {
            format!("{}=...", parameter.name)
        } else {
            "...".to_owned()
        });
    }
    if let Some(name) = keyword
        && !parts.iter().any(|part| *part == format!("{name}=..."))
    {
        parts.push(format!("{name}=..."));
    }
    parts.join(", ")
}

fn keyword_only(parameters: &[Parameter]) -> impl Iterator<Item = &Parameter> {
    parameters.iter().filter(|parameter| !parameter.takes_position() && parameter.takes_keyword())
}
