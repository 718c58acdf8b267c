//! Libraries that change at random, with what was done to them as a manifest for each step.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use artifact::{Digest, TreePath};
use code_model::manifest::Manifest;
use code_model::snapshot::{Origin, Snapshot};
use serde_json::{Value, json};

/// A parameter, with an identity that outlives its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parameter {
    id: u32,
    pub(crate) name: String,
    pub(crate) has_default: bool,
}

/// A function, or a class with methods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    id: u32,
    pub(crate) name: String,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) methods: Vec<Item>,
    pub(crate) is_class: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Module {
    id: u32,
    pub(crate) name: String,
    pub(crate) items: Vec<Item>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Library {
    pub(crate) modules: Vec<Module>,
    next: u32,
}

/// Numbers that decide what happens.
pub(crate) struct Tape<'a> {
    numbers: std::iter::Copied<std::slice::Iter<'a, u16>>,
}

impl<'a> Tape<'a> {
    pub(crate) fn new(numbers: &'a [u16]) -> Self {
        Self { numbers: numbers.iter().copied() }
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        usize::from(self.numbers.next().unwrap_or(0)) % limit.max(1)
    }
}

const ITEMS: [&str; 7] = ["alpha", "beta", "gamma", "delta", "omega", "sigma", "kappa"];
const PARAMETERS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
const MODULES: [&str; 5] = ["one", "two", "three", "four", "five"];

impl Library {
    pub(crate) fn new(tape: &mut Tape<'_>) -> Self {
        let mut library = Self { modules: Vec::new(), next: 0 };
        for name in &MODULES[..2 + tape.below(2)] {
            let id = library.id();
            let mut module = Module { id, name: (*name).to_owned(), items: Vec::new() };
            for name in &ITEMS[..=tape.below(3)] {
                let item = library.item(name, tape);
                module.items.push(item);
            }
            library.modules.push(module);
        }
        library
    }

    fn id(&mut self) -> u32 {
        self.next += 1;
        self.next
    }

    fn item(&mut self, name: &str, tape: &mut Tape<'_>) -> Item {
        let is_class = tape.below(3) == 0;
        let parameters = self.parameters(tape);
        let mut methods = Vec::new();
        if is_class {
            for name in ["run", "stop"] {
                let (id, parameters) = (self.id(), self.parameters(tape));
                let name = name.to_owned();
                methods.push(Item { id, name, parameters, methods: Vec::new(), is_class: false });
            }
        }
        Item { id: self.id(), name: name.to_owned(), parameters, methods, is_class }
    }

    fn parameters(&mut self, tape: &mut Tape<'_>) -> Vec<Parameter> {
        let count = tape.below(4);
        let parameter =
            |name: &&str| Parameter { id: self.id(), name: (*name).to_owned(), has_default: true };
        PARAMETERS[..count].iter().map(parameter).collect()
    }

    /// The library after one step of changes.
    pub(crate) fn changed(&self, tape: &mut Tape<'_>) -> Self {
        let mut library = self.clone();
        for _ in 0..=tape.below(4) {
            library.change(tape);
        }
        library
    }

    fn change(&mut self, tape: &mut Tape<'_>) {
        let at = tape.below(self.modules.len());
        let fresh = self.id();
        let what = tape.below(10);
        let target = tape.below(self.modules.len());
        if what == 0 {
            let free = MODULES.iter().find(|n| self.modules.iter().all(|m| m.name != **n));
            if let Some(free) = free {
                (*free).clone_into(&mut self.modules[at].name);
            }
            return;
        }
        let count = self.modules[at].items.len();
        if count == 0 {
            return;
        }
        let item = tape.below(count);
        match what {
            1 | 2 => {
                let name = ITEMS[tape.below(ITEMS.len())];
                rename(&mut self.modules[at].items, item, name);
            }
            3 => {
                let taken = &self.modules[at].items[item].name;
                if self.modules[target].items.iter().all(|other| other.name != *taken) {
                    let moved = self.modules[at].items.remove(item);
                    self.modules[target].items.push(moved);
                }
            }
            4 => drop(self.modules[at].items.remove(item)),
            5 => {
                let name = ITEMS[tape.below(ITEMS.len())];
                let added = self.item(name, tape);
                if self.modules[at].items.iter().all(|other| other.name != name) {
                    self.modules[at].items.push(added);
                }
            }
            6 => {
                let methods = &mut self.modules[at].items[item].methods;
                if !methods.is_empty() {
                    let which = tape.below(methods.len());
                    rename(methods, which, ["run", "stop", "go", "halt"][tape.below(4)]);
                }
            }
            _ => {
                let parameters = &mut self.modules[at].items[item].parameters;
                let name = PARAMETERS[tape.below(PARAMETERS.len())];
                let is_free = parameters.iter().all(|other| other.name != name);
                if what == 7 && is_free {
                    let has_default = true;
                    parameters.push(Parameter { id: fresh, name: name.to_owned(), has_default });
                } else if what == 8 && !parameters.is_empty() {
                    drop(parameters.remove(tape.below(parameters.len())));
                } else if !parameters.is_empty() && is_free {
                    let which = tape.below(parameters.len());
                    name.clone_into(&mut parameters[which].name);
                }
            }
        }
    }

    /// Its files.
    pub(crate) fn files(&self) -> BTreeMap<String, String> {
        let mut files = BTreeMap::from([("pkg/__init__.py".to_owned(), String::new())]);
        for module in &self.modules {
            let mut text = String::from("\"\"\"A module.\"\"\"\n");
            for item in &module.items {
                if item.is_class {
                    let _ = writeln!(text, "\nclass {}:", item.name);
                    let own = signature("self", &item.parameters);
                    let _ = writeln!(text, "    def __init__({own}): ...");
                    for method in &item.methods {
                        let own = signature("self", &method.parameters);
                        let _ = writeln!(text, "    def {}({own}): ...", method.name);
                    }
                } else {
                    let own = signature("", &item.parameters);
                    let _ = writeln!(text, "\ndef {}({own}): ...", item.name);
                }
            }
            files.insert(format!("pkg/{}.py", module.name), text);
        }
        files
    }

    pub(crate) fn snapshot(&self, version: &str) -> Snapshot {
        let mut files = BTreeMap::new();
        for (path, text) in self.files() {
            let path = TreePath::new(&path).expect("a path");
            let facts = Arc::new(python::facts::extract(&path, text.as_bytes()));
            files.insert(path, python::assemble::TreeFile { facts, last_modified: None });
        }
        let origin = Origin {
            library: "pkg".to_owned(),
            version: version.to_owned(),
            reference: version.to_owned(),
            commit: None,
            archive: None,
            created_at: None,
        };
        python::assemble::assemble(origin, &files)
    }

    /// What a dependent must do to follow from this library to the next.
    pub(crate) fn manifest_to(&self, next: &Self, versions: [&str; 2]) -> Manifest {
        let mut operations = Vec::new();
        let mut new_places = BTreeMap::new();
        for module in &next.modules {
            for item in &module.items {
                new_places.insert(item.id, (module, item));
            }
        }
        for module in &self.modules {
            let kept = next.modules.iter().find(|new| new.id == module.id);
            let path = format!("pkg.{}", module.name);
            let follows = kept.map_or(path.clone(), |new| format!("pkg.{}", new.name));
            if follows != path {
                operations.push(operation("rename.import", json!({"from": path, "to": follows})));
            }
            for item in &module.items {
                let old = format!("{path}.{}", item.name);
                let Some((new_module, new)) = new_places.get(&item.id) else {
                    operations.push(operation("symbol.remove", json!({"name": old})));
                    continue;
                };
                let new_path = format!("pkg.{}", new_module.name);
                if new_path != follows || new.name != item.name {
                    let kind = if item.is_class { "rename.symbol" } else { "rename.callable" };
                    operations.push(operation(
                        kind,
                        json!({"module": path, "from": item.name, "to": new.name,
                               "to_module": new_path}),
                    ));
                }
                operations.extend(arguments(&old, item, new));
                for method in &item.methods {
                    let kept = new.methods.iter().find(|other| other.id == method.id);
                    let kept = kept.expect("methods stay in their class");
                    if kept.name != method.name {
                        operations.push(operation(
                            "rename.callable",
                            json!({"class": old, "from": method.name, "to": kept.name}),
                        ));
                    }
                }
            }
        }
        manifest(operations, versions)
    }
}

fn signature(first: &str, parameters: &[Parameter]) -> String {
    let mut parts: Vec<String> = if first.is_empty() { Vec::new() } else { vec![first.to_owned()] };
    parts.extend(parameters.iter().map(|parameter| format!("{}=None", parameter.name)));
    parts.join(", ")
}

fn rename(items: &mut [Item], at: usize, name: &str) {
    // A name that is taken is exchanged.
    let old = items[at].name.clone();
    if let Some(other) = items.iter_mut().find(|other| other.name == name) {
        other.name = old;
    }
    name.clone_into(&mut items[at].name);
}

fn arguments(callable: &str, old: &Item, new: &Item) -> Vec<Value> {
    let mut operations = Vec::new();
    for (position, parameter) in old.parameters.iter().enumerate() {
        let matched = match new.parameters.iter().find(|other| other.id == parameter.id) {
            None => json!({"callable": callable,
                           "parameter": {"name": parameter.name, "position": position}}),
            Some(kept) if kept.name != parameter.name => {
                operations.push(operation(
                    "arg.rename",
                    json!({"callable": callable,
                           "parameter": {"from": parameter.name, "to": kept.name}}),
                ));
                continue;
            }
            Some(_) => continue,
        };
        operations.push(operation("arg.remove", matched));
    }
    for parameter in &new.parameters {
        if old.parameters.iter().all(|other| other.id != parameter.id) {
            operations.push(operation(
                "arg.add_default",
                json!({"callable": callable,
                       "parameter": {"name": parameter.name, "default": "None"}}),
            ));
        }
    }
    operations
}

fn operation(kind: &str, matched: Value) -> Value {
    json!({
        "kind": kind, "match": matched,
        "evidence": {"method": "hash_match", "detection": "automatic"},
        "confidence": {"overall": 1.0, "factors": {}, "recommendation": "auto_apply"},
        "metadata": {"breaking": true, "safe_rollback": true, "estimated_impact": "low"},
    })
}

pub(crate) fn manifest(operations: Vec<Value>, [from, to]: [&str; 2]) -> Manifest {
    let digest = serde_json::to_value(Digest::of(b"")).expect("a digest");
    let mut operations = operations;
    for (position, operation) in operations.iter_mut().enumerate() {
        operation["id"] = json!(format!("OP{:03}", position + 1));
        operation["sequence"] = json!(position + 1);
    }
    serde_json::from_value(json!({
        "manifest_version": 1, "schema_url": "", "requires": [], "operations": operations,
        "metadata": {
            "library": "pkg", "packages": ["pkg"], "from_version": from, "to_version": to,
            "from_reference": from, "to_reference": to, "generator": "onx/0",
            "rules_digest": digest,
        },
        "summary": {"title": "", "breaking_changes": 0, "safe_changes": 0,
                    "manual_review_required": 0},
    }))
    .expect("a manifest")
}
