//! A cheap look at a file's bytes: does it mention anything that changes.

use std::collections::BTreeSet;

use aho_corasick::AhoCorasick;
use code_model::DottedName;
use code_model::api::{ApiIndex, Resolution};
use code_model::snapshot::SymbolKind;

use crate::Plan;

/// What a file mentions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mentions {
    /// One of the core's packages.
    pub core: bool,
    /// A name that changes.
    pub name: bool,
    /// A member that changes, which only types can tell from others.
    pub member: bool,
}

/// Finds words in bytes.
#[derive(Debug, Clone)]
pub(crate) struct Words {
    finder: Option<AhoCorasick>,
    meanings: Vec<Mentions>,
}

impl Words {
    pub(crate) fn of(plan: &Plan, from: Option<ApiIndex<'_>>) -> Self {
        let mut words: std::collections::BTreeMap<String, Mentions> =
            std::collections::BTreeMap::new();
        for root in &plan.roots {
            words.entry(root.leaf().to_owned()).or_default().core = true;
        }
        for name in names(plan, from) {
            words.entry(name).or_default().name = true;
        }
        for member in &plan.members {
            let mentions = words.entry(member.from.clone()).or_default();
            mentions.member = true;
        }
        for call in plan.calls.iter().filter(|call| call.receiver.is_some()) {
            words.entry(call.callable.leaf().to_owned()).or_default().member = true;
        }
        let (patterns, meanings): (Vec<String>, Vec<Mentions>) = words.into_iter().unzip();
        Self { finder: AhoCorasick::new(&patterns).ok(), meanings }
    }

    /// What these bytes mention, as whole words.
    pub(crate) fn mentioned(&self, bytes: &[u8]) -> Mentions {
        let mut found = Mentions::default();
        let Some(finder) = &self.finder else {
            return Mentions { core: true, name: true, member: true };
        };
        let word = |byte: Option<&u8>| {
            byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte >= 0x80)
        };
        for hit in finder.find_overlapping_iter(bytes) {
            let before = bytes.get(..hit.start()).unwrap_or_default();
            // A line feed in a string of JSON ends in a letter.
            let escaped = before.ends_with(b"\\n") || before.ends_with(b"\\t");
            if !escaped && word(before.last()) || word(bytes.get(hit.end())) {
                continue;
            }
            let meaning = self.meanings.get(hit.pattern().as_usize()).copied().unwrap_or_default();
            found.core |= meaning.core;
            found.name |= meaning.name;
            found.member |= meaning.member;
            if found.core && found.name && found.member {
                break;
            }
        }
        found
    }
}

fn names(plan: &Plan, from: Option<ApiIndex<'_>>) -> BTreeSet<String> {
    let leaf = |name: &DottedName| match name.leaf() {
        // A constructor is called by the name of its class.
        dunder if dunder.starts_with("__") && dunder.ends_with("__") => {
            name.parent().map_or_else(|| dunder.to_owned(), |class| class.leaf().to_owned())
        }
        leaf => leaf.to_owned(),
    };
    let mut words: BTreeSet<String> = plan.names.keys().map(leaf).collect();
    let functions = plan.calls.iter().filter(|call| call.receiver.is_none());
    words.extend(functions.map(|call| leaf(&call.callable)));
    for key in &plan.keys {
        words.extend(key.from.rsplit('.').next().map(ToOwned::to_owned));
    }
    for file in &plan.files {
        words.extend(file.from.parts().next_back().map(ToOwned::to_owned));
    }
    // An access path of another name reaches what changes, too, and so does a class that inherits a
    // constructor.
    if let Some(api) = from {
        words.extend(heirs(plan, api));
        for (path, alias) in &api.snapshot().aliases {
            if path.leaf() != alias.target.leaf() && plan.change(&alias.target).is_some() {
                words.insert(path.leaf().to_owned());
            }
        }
    }
    words
}

/// Classes that inherit from one whose constructor changes.
fn heirs(plan: &Plan, api: ApiIndex<'_>) -> BTreeSet<String> {
    let definition = |name: &DottedName| match api.resolve(name) {
        Resolution::Symbol(definition) => Some(definition),
        _ => None,
    };
    let constructed = plan.calls.iter().filter_map(|call| match call.callable.leaf() {
        "__init__" | "__new__" => definition(&call.callable.parent()?),
        _ => definition(&call.callable),
    });
    let fields = plan.members.iter().filter(|member| member.keyword);
    let changed: BTreeSet<DottedName> =
        constructed.chain(fields.filter_map(|member| definition(&member.class))).collect();
    let is_class =
        |name: &DottedName| api.symbol(name).is_some_and(|symbol| symbol.kind == SymbolKind::Class);
    if !changed.iter().any(is_class) {
        return BTreeSet::new();
    }
    let classes = api
        .snapshot()
        .symbols
        .iter()
        .filter(|(_, symbol)| symbol.kind == SymbolKind::Class && !symbol.bases.is_empty());
    classes
        .filter(|(name, _)| api.linearised(name).iter().skip(1).any(|base| changed.contains(base)))
        .map(|(name, _)| name.leaf().to_owned())
        .collect()
}
