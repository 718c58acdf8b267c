//! Calls: parameters that change in one step and change again in the next.

use std::collections::BTreeSet;

use artifact::Finding;
use code_model::DottedName;
use code_model::operation::{Change, ParameterRename, RemovedParameter};

use super::names::{Form, Names};
use super::template;
use super::{Group, Known, Part, Stated, warning};

/// One change of a callable, in the names of the first version.
#[derive(Debug, Clone)]
pub(super) struct Call<'m> {
    /// The definition behind the callable: what is said of one of its names is said of all.
    pub(super) definition: DottedName,
    pub(super) change: Change,
    /// The same as the steps before the current one left it: a step says all at once.
    before: Change,
    pub(super) parts: Vec<Part<'m>>,
    /// Why a person must decide, if so.
    pub(super) doubt: Option<String>,
    /// Whether it comes to nothing.
    is_void: bool,
}

impl<'m> Call<'m> {
    fn new(definition: DottedName, change: Change, parts: Vec<Part<'m>>) -> Self {
        let before = change.clone();
        Self { definition, change, before, parts, doubt: None, is_void: false }
    }
}

/// Everything that changes about calls.
#[derive(Debug, Clone, Default)]
pub(super) struct Calls<'m> {
    pub(super) changes: Vec<Call<'m>>,
}

/// What following a step says about names.
#[derive(Default)]
pub(super) struct Followed {
    /// Operations about callables that the first version does not have.
    pub(super) between: u32,
    /// Fields whose keyword goes its own way from here on.
    pub(super) given_up: BTreeSet<DottedName>,
}

impl<'m> Calls<'m> {
    /// Lets one more step follow: `before` is where the steps so far lead, `step` is its own map.
    pub(super) fn follow(
        &mut self,
        before: &Names<'m>,
        step: &Names<'m>,
        stated: &[Stated<'m>],
        known: &Known<'_>,
        findings: &mut BTreeSet<Finding>,
    ) -> Followed {
        self.follow_templates(step, stated);
        let mut followed = Followed::default();
        let mut arrived = Vec::new();
        for Stated { change, part } in stated {
            let (Some(callable), receiver) = callable_of(change) else { continue };
            let originals = before.originals(callable, &|name| known.existed(name));
            followed.between += u32::from(originals.is_empty());
            let mut seen = BTreeSet::new();
            for original in &originals {
                let definition = known.definition(original);
                if !seen.insert(definition.clone()) {
                    continue;
                }
                let receiver = receiver.map(|class| {
                    let classes = before.originals(class, &|name| known.existed(name));
                    classes.into_iter().next().unwrap_or_else(|| class.clone())
                });
                let change = at_callable(change, original, receiver);
                let parts = vec![*part];
                let mut call = Call::new(definition, change, parts);
                self.keyword_of_field(before, &mut call, &mut followed);
                arrived.push(call);
            }
        }
        // What a step says, it says at once: none of its operations reads another's outcome.
        let standing = self.changes.len();
        for call in &mut self.changes {
            call.before = call.change.clone();
        }
        for call in arrived {
            let (old, new) = self.changes.split_at_mut(standing);
            let twice = new.iter().any(|n| n.change == call.change);
            let group: Group<'_, 'm> =
                old.iter_mut().filter(|c| c.definition == call.definition).collect();
            if !twice && let Some(call) = combine(group, call, known, findings) {
                self.changes.push(call);
            }
        }
        for Stated { change, part } in stated {
            self.follow_field(before, change, *part, known);
        }
        self.changes.retain(|call| !call.is_void);
        followed
    }

    /// A parameter that the steps so far renamed together with a field.
    fn keyword_of_field(&self, before: &Names<'m>, call: &mut Call<'m>, followed: &mut Followed) {
        let keyword = match &call.change {
            Change::ArgRename { parameter, .. } => &parameter.from,
            Change::ArgRemove { parameter, .. } => &parameter.name,
            _ => return,
        };
        let field = before.entries.iter().find(|(old, entry)| {
            entry.form == (Form::Attribute { keyword: true })
                && entry.new.as_ref().is_some_and(|new| new.leaf() == keyword)
                && old.parent().as_ref() == Some(&call.definition)
        });
        let Some((field, entry)) = field else { return };
        let old = field.leaf().to_owned();
        match &mut call.change {
            Change::ArgRename { parameter, .. } => parameter.from = old,
            Change::ArgRemove { parameter, .. } => parameter.name = old,
            _ => return,
        }
        call.parts.splice(0..0, entry.parts.iter().copied());
        followed.given_up.insert(field.clone());
    }

    /// A field that is renamed with its keyword, where the steps so far renamed the keyword alone.
    fn follow_field(
        &mut self,
        before: &Names<'m>,
        change: &Change,
        part: Part<'m>,
        known: &Known<'_>,
    ) {
        let Change::RenameAttribute { class, from, to, keyword: true } = change else { return };
        for original in before.originals(class, &|name| known.existed(name)) {
            let definition = known.definition(&original);
            for call in self.changes.iter_mut().filter(|call| call.definition == definition) {
                if let Change::ArgRename { parameter, .. } = &mut call.change
                    && parameter.to == *from
                {
                    parameter.to.clone_from(to);
                    call.is_void = parameter.from == parameter.to;
                    call.parts.push(part);
                }
            }
        }
    }

    /// Adds the keyword of a constructor that goes another way than its field.
    pub(super) fn add_keyword(
        &mut self,
        class: DottedName,
        from: String,
        to: String,
        parts: Vec<Part<'m>>,
        known: &Known<'_>,
    ) {
        let definition = known.definition(&class);
        let parameter = ParameterRename { from, to, default: None, required: false };
        let change = Change::ArgRename { callable: class, receiver: None, parameter };
        self.changes.push(Call::new(definition, change, parts));
    }

    /// Templates are written in names of the version that the step starts from.
    fn follow_templates(&mut self, step: &Names<'m>, stated: &[Stated<'m>]) {
        for call in &mut self.changes {
            let Change::CallRewrite { template, .. } = &mut call.change else { continue };
            let followed = template::through(template, step);
            *template = followed.text;
            call.parts.extend(followed.parts);
            let touched = stated.iter().find_map(|stated| {
                let (callable, _) = callable_of(&stated.change);
                callable.filter(|c| followed.names.iter().any(|name| name.leaf() == c.leaf()))
            });
            let doubt = match (followed.gone, touched) {
                (Some(gone), _) => Some(format!("`{gone}`, which its template calls, is gone")),
                (None, Some(callable)) => {
                    Some(format!("calls of `{callable}`, which its template writes, change later"))
                }
                (None, None) => None,
            };
            call.doubt = call.doubt.take().or(doubt);
        }
    }
}

/// Combines a change of a callable with what the steps before say about the same one. None when it
/// went into one of those, or comes to nothing.
fn combine<'m>(
    mut group: Group<'_, 'm>,
    mut call: Call<'m>,
    known: &Known<'_>,
    findings: &mut BTreeSet<Finding>,
) -> Option<Call<'m>> {
    let rewritten = group.iter_mut().find(|c| matches!(c.change, Change::CallRewrite { .. }));
    if let Some(rewritten) = rewritten {
        let message = "the call that an earlier step rewrites changes again".to_owned();
        rewritten.doubt.get_or_insert(message);
        return None;
    }
    match call.change.clone() {
        Change::ArgRename { parameter, .. } => rename(&mut group, call, &parameter, findings),
        Change::ArgRemove { parameter, .. } => remove(&mut group, call, &parameter.name, known),
        Change::ArgAddDefault { parameter, .. } | Change::ArgAddRequired { parameter, .. } => {
            add(&mut group, call, &parameter.name, findings)
        }
        Change::ArgReorder { from, to, .. } => {
            let before = original_order(&group, &call.definition, &from, known);
            let to = original_names(&group, &to);
            let earlier = group.iter_mut().find(|c| matches!(c.change, Change::ArgReorder { .. }));
            let target = match earlier {
                Some(earlier) => {
                    earlier.parts.append(&mut call.parts);
                    &mut **earlier
                }
                None => &mut call,
            };
            if let Change::ArgReorder { from: old, to: new, .. } = &mut target.change {
                target.is_void = before.iter().filter(|name| to.contains(name)).eq(&to);
                *old = before;
                *new = to;
            }
            call_unless_merged(call, &group)
        }
        Change::ArgKeywordOnly { positional, parameters, .. } => {
            let before = original_order(&group, &call.definition, &positional, known);
            let named = original_names(&group, &parameters);
            let earlier =
                group.iter_mut().find(|c| matches!(c.change, Change::ArgKeywordOnly { .. }));
            let target = match earlier {
                Some(earlier) => {
                    earlier.parts.append(&mut call.parts);
                    &mut **earlier
                }
                None => &mut call,
            };
            if let Change::ArgKeywordOnly { positional, parameters, .. } = &mut target.change {
                let mut all = std::mem::take(parameters);
                all.retain(|name| before.contains(name) && !named.contains(name));
                all.extend(named);
                all.sort_by_key(|name| before.iter().position(|other| other == name));
                *parameters = all;
                *positional = before;
                target.is_void = parameters.is_empty();
            }
            call_unless_merged(call, &group)
        }
        Change::CallRewrite { .. } => {
            if !group.is_empty() {
                let doubt = "its parameters changed in an earlier step".to_owned();
                call.doubt.get_or_insert(doubt);
            }
            Some(call)
        }
        _ => Some(call),
    }
}

/// The call, unless its parts went into one of the group.
fn call_unless_merged<'m>(call: Call<'m>, group: &Group<'_, 'm>) -> Option<Call<'m>> {
    let kind = call.change.kind();
    (!call.is_void && !group.iter().any(|other| other.change.kind() == kind)).then_some(call)
}

fn rename<'m>(
    group: &mut Group<'_, 'm>,
    call: Call<'m>,
    step: &ParameterRename,
    findings: &mut BTreeSet<Finding>,
) -> Option<Call<'m>> {
    // What has the name now decides; what had it before comes after that, wherever it stands.
    if let Some(earlier) = group.iter_mut().find(|earlier| has_now(earlier, &step.from)) {
        match &mut earlier.change {
            Change::ArgRename { parameter, .. } => {
                parameter.to.clone_from(&step.to);
                parameter.default.clone_from(&step.default);
                parameter.required = step.required;
                earlier.is_void = parameter.from == parameter.to;
            }
            Change::ArgAddDefault { parameter, .. } | Change::ArgAddRequired { parameter, .. } => {
                parameter.name.clone_from(&step.to);
                parameter.default = step.default.clone().or_else(|| parameter.default.clone());
            }
            _ => {}
        }
        earlier.parts.extend(call.parts);
        return None;
    }
    if let Some(earlier) = group.iter().find(|earlier| had_first(earlier, &step.from)) {
        if matches!(earlier.before, Change::ArgRemove { .. }) {
            returned(&earlier.before, &step.to, findings);
        }
        return None;
    }
    Some(call)
}

/// Whether a change left a parameter with this name before the current step.
fn has_now(earlier: &Call<'_>, name: &str) -> bool {
    match &earlier.before {
        Change::ArgRename { parameter, .. } => parameter.to == name,
        Change::ArgAddDefault { parameter, .. } | Change::ArgAddRequired { parameter, .. } => {
            parameter.name == name
        }
        _ => false,
    }
}

/// Whether a change took this name from the parameter that had it in the first version, so that
/// what has it now is another one.
fn had_first(earlier: &Call<'_>, name: &str) -> bool {
    match &earlier.before {
        Change::ArgRename { parameter, .. } => parameter.from == name,
        Change::ArgRemove { parameter, .. } => parameter.name == name,
        _ => false,
    }
}

fn remove<'m>(
    group: &mut Group<'_, 'm>,
    mut call: Call<'m>,
    name: &str,
    known: &Known<'_>,
) -> Option<Call<'m>> {
    if let Some(earlier) = group.iter_mut().find(|earlier| has_now(earlier, name)) {
        earlier.is_void = true;
        let Change::ArgRename { parameter, .. } = &earlier.before else { return None };
        let old = parameter.from.clone();
        call.parts.splice(0..0, std::mem::take(&mut earlier.parts));
        if let Change::ArgRemove { parameter, .. } = &mut call.change {
            parameter.name = old;
        }
    } else if group.iter().any(|earlier| had_first(earlier, name)) {
        return None;
    }
    place(group, &mut call, known);
    Some(call)
}

/// Gives a removed parameter the position that it had in the first version.
fn place(group: &Group<'_, '_>, call: &mut Call<'_>, known: &Known<'_>) {
    let positional = known.positional(&call.definition);
    let Change::ArgRemove { parameter: RemovedParameter { name, position }, .. } = &mut call.change
    else {
        return;
    };
    if let Some(positional) = positional {
        *position = positional.iter().position(|other| other == name).map(|p| p as u32);
        return;
    }
    // Without the signature: what earlier steps took out before it stood before it.
    let mut removed: Vec<u32> = group
        .iter()
        .filter_map(|earlier| match &earlier.before {
            Change::ArgRemove { parameter, .. } => parameter.position,
            _ => None,
        })
        .collect();
    removed.sort_unstable();
    if let Some(position) = position {
        for other in removed {
            *position += u32::from(other <= *position);
        }
    }
}

fn add<'m>(
    group: &mut Group<'_, 'm>,
    call: Call<'m>,
    name: &str,
    findings: &mut BTreeSet<Finding>,
) -> Option<Call<'m>> {
    for earlier in group.iter_mut().filter(|earlier| !earlier.is_void) {
        // What the same step gave another name is none of this name.
        match &earlier.change {
            Change::ArgRemove { parameter, .. } if parameter.name == name => {
                returned(&earlier.change, name, findings);
                earlier.is_void = true;
                return None;
            }
            Change::ArgAddDefault { parameter, .. } | Change::ArgAddRequired { parameter, .. }
                if parameter.name == name =>
            {
                let change = match (callable_of(&earlier.change), &call.change) {
                    ((Some(callable), receiver), change) => {
                        at_callable(change, callable, receiver.cloned())
                    }
                    (_, change) => change.clone(),
                };
                earlier.change = change;
                earlier.parts.extend(call.parts);
                return None;
            }
            _ => {}
        }
    }
    Some(call)
}

fn returned(removal: &Change, new: &str, findings: &mut BTreeSet<Finding>) {
    if let Change::ArgRemove { callable, parameter, .. } = removal {
        let message = format!(
            "`{callable}` loses `{}` in one step and takes `{new}` in a later one: the steps one \
             after the other take the argument out, the whole leaves it",
            parameter.name
        );
        findings.insert(warning("composition-returned", message));
    }
}

/// Parameters as the first version calls them; those that it does not have are left out.
fn original_names(group: &Group<'_, '_>, names: &[String]) -> Vec<String> {
    let original = |name: &String| {
        for call in group {
            match &call.before {
                Change::ArgRename { parameter, .. } if parameter.to == *name => {
                    return Some(parameter.from.clone());
                }
                Change::ArgAddDefault { parameter, .. }
                | Change::ArgAddRequired { parameter, .. }
                    if parameter.name == *name =>
                {
                    return None;
                }
                _ => {}
            }
        }
        Some(name.clone())
    };
    names.iter().filter_map(original).collect()
}

/// The positional parameters in the order of the first version.
fn original_order(
    group: &Group<'_, '_>,
    definition: &DottedName,
    stated: &[String],
    known: &Known<'_>,
) -> Vec<String> {
    if let Some(positional) = known.positional(definition) {
        return positional;
    }
    let earlier = group.iter().find_map(|call| match &call.change {
        Change::ArgReorder { from, .. } => Some(from.clone()),
        Change::ArgKeywordOnly { positional, .. } => Some(positional.clone()),
        _ => None,
    });
    earlier.unwrap_or_else(|| original_names(group, stated))
}

/// The callable that a change is about, and the class of its receiver.
pub(super) fn callable_of(change: &Change) -> (Option<&DottedName>, Option<&DottedName>) {
    match change {
        Change::ArgRename { callable, receiver, .. }
        | Change::ArgAddDefault { callable, receiver, .. }
        | Change::ArgRemove { callable, receiver, .. }
        | Change::ArgReorder { callable, receiver, .. }
        | Change::ArgKeywordOnly { callable, receiver, .. }
        | Change::ArgAddRequired { callable, receiver, .. }
        | Change::CallRewrite { callable, receiver, .. } => (Some(callable), receiver.as_ref()),
        _ => (None, None),
    }
}

/// The same change about another name of the callable.
fn at_callable(change: &Change, name: &DottedName, class: Option<DottedName>) -> Change {
    let mut changed = change.clone();
    match &mut changed {
        Change::ArgRename { callable, receiver, .. }
        | Change::ArgAddDefault { callable, receiver, .. }
        | Change::ArgRemove { callable, receiver, .. }
        | Change::ArgReorder { callable, receiver, .. }
        | Change::ArgKeywordOnly { callable, receiver, .. }
        | Change::ArgAddRequired { callable, receiver, .. }
        | Change::CallRewrite { callable, receiver, .. } => {
            *callable = name.clone();
            *receiver = class;
        }
        _ => {}
    }
    changed
}
