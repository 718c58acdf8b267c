//! From a body that hands on to the template of a call, proved by binding both signatures.
//!
//! Every call that binds to the old signature binds to the new one through the template, with the
//! same values: what cannot be shown has no template.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use code_model::DottedName;
use code_model::forward::{
    Forward, ForwardHolder, ForwardedArgument, ForwardedForm, ForwardedPart,
};
use code_model::signature::{Parameter, ParameterKind, Signature};

/// How a call of an old callable is written in the new version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Template {
    /// As `call.rewrite` has them.
    pub(super) parameters: Vec<String>,
    pub(super) defaults: BTreeMap<String, String>,
    pub(super) text: String,
    /// Whether nothing but the callee changes.
    pub(super) is_rename: bool,
    /// Whether nothing but the callee and the names of parameters changes.
    pub(super) keeps_places: bool,
}

/// What a template is derived from.
pub(super) struct Derivation<'a> {
    pub(super) old: &'a Signature,
    pub(super) forward: &'a Forward<DottedName>,
    /// The signature of what the body calls, in the body's version; none for attributes.
    pub(super) called: Option<&'a Signature>,
    /// The same in the new version.
    pub(super) new: Option<&'a Signature>,
    /// How the new version writes what is called or read.
    pub(super) callee: String,
    /// Whether equal names in defaults of both signatures mean the same.
    pub(super) same_names: bool,
}

/// A value with the parameter that it is for in the version of the body.
struct Bound<'a> {
    /// None for what `*` or `**` of the callable takes.
    parameter: Option<&'a Parameter>,
    keyword: Option<Arc<str>>,
    value: &'a [ForwardedPart<DottedName>],
}

impl Derivation<'_> {
    /// The template; none where it cannot be proved. `names` writes names of the body's version in
    /// the new one.
    pub(super) fn template(
        &self,
        names: &dyn Fn(&DottedName) -> Option<String>,
    ) -> Option<Template> {
        if !self.is_plain() || !self.values_are_used_once() || !self.names_are_told_apart() {
            return None;
        }
        let Some(arguments) = &self.forward.arguments else { return self.of_attribute() };
        let (called, new) = (self.called?, self.new?);
        let bound = bind(arguments, called)?;
        let rest = Rest::of(arguments);
        if !rest.takes_all(self.old) || !rest.fits(&bound, called, new) {
            return None;
        }
        let mut written = Writing::new(self, new, &rest);
        for value in &bound {
            written.argument(value, names)?;
        }
        let required = new.caller_parameters().iter().filter(|it| it.is_required());
        let mut open = required.filter(|it| !written.given.contains(&*it.name));
        if open.next().is_some() && !rest.positions && !rest.keywords {
            return None;
        }
        let keeps_places = written.changes_nothing(self.old, false);
        let is_rename = keeps_places && written.changes_nothing(self.old, true);
        let mut texts = written.texts;
        if rest.positions {
            let kind = ParameterKind::VariadicPositional;
            texts.insert(written.without_keyword, format!("*{}", name_of(self.old, kind)));
        }
        if rest.keywords {
            texts.push(format!("**{}", name_of(self.old, ParameterKind::VariadicKeyword)));
        }
        Some(Template {
            parameters: listed(self.old),
            defaults: written.defaults,
            text: format!("{}({})", self.callee, texts.join(", ")),
            is_rename,
            keeps_places,
        })
    }

    /// Whether the call itself, and no step around it, is what the body gives back.
    fn is_plain(&self) -> bool {
        let (old, new) = (self.old.is_async, self.new.is_some_and(|new| new.is_async));
        let returns_none = || {
            let says = |signature: Option<&Signature>| {
                signature.is_some_and(|it| it.returns.as_deref() == Some("None"))
            };
            says(self.new) && (says(Some(self.old)) || self.old.returns.is_none())
        };
        let awaited = self.forward.is_awaited;
        (self.forward.is_returned || returns_none()) && old == awaited && (!old || new)
    }

    fn values_are_used_once(&self) -> bool {
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        if let ForwardHolder::Parameter(name) = &self.forward.holder {
            seen.insert(name);
            let parameter = self.old.parameter(name);
            if parameter.is_none_or(|it| !it.is_required()) {
                return false;
            }
        }
        let parts = self.forward.arguments.iter().flatten().flat_map(|it| &it.value);
        let mut used = parts.filter_map(|part| match part {
            ForwardedPart::Parameter(name) => Some(&**name),
            _ => None,
        });
        used.all(|name| seen.insert(name))
    }

    /// Whether no parameter can be taken for something else that a template may hold.
    fn names_are_told_apart(&self) -> bool {
        const OTHERS: [&str; 14] = [
            "self", "cls", "list", "dict", "tuple", "set", "str", "int", "float", "bool", "len",
            "sorted", "bytes", "print",
        ];
        let root = self.callee.split('.').next().unwrap_or_default();
        let root = if self.forward.holder == ForwardHolder::None { root } else { "" };
        self.old
            .caller_parameters()
            .iter()
            .all(|it| !OTHERS.contains(&&*it.name) && *it.name != *root)
    }

    /// `return self.name`: only where nothing can be passed that the template would lose.
    fn of_attribute(&self) -> Option<Template> {
        let takes_nothing = self.old.caller_parameters().is_empty()
            || matches!(self.forward.holder, ForwardHolder::Parameter(_))
                && self.old.caller_parameters().len() == 1;
        takes_nothing.then(|| Template {
            parameters: listed(self.old),
            defaults: BTreeMap::new(),
            text: self.callee.clone(),
            is_rename: false,
            keeps_places: false,
        })
    }
}

/// The parameter of each argument, as the call in the body binds them.
fn bind<'a>(
    arguments: &'a [ForwardedArgument<DottedName>],
    called: &'a Signature,
) -> Option<Vec<Bound<'a>>> {
    let mut positions = called.caller_parameters().iter().filter(|it| it.takes_position());
    let mut bound: Vec<Bound<'a>> = Vec::new();
    let mut behind_star = false;
    for argument in arguments {
        let value = argument.value.as_slice();
        match &argument.form {
            // What stands behind `*args` has no place that is known.
            ForwardedForm::Positional if behind_star => return None,
            ForwardedForm::Positional => {
                let parameter = positions.next();
                if parameter.is_none() && !called.takes_any_position() {
                    return None;
                }
                bound.push(Bound { parameter, keyword: None, value });
            }
            ForwardedForm::Keyword(name) => {
                let parameter = called.parameter(name).filter(|it| it.takes_keyword());
                if parameter.is_none() && !called.takes_any_keyword() {
                    return None;
                }
                let keyword = parameter.is_none().then(|| name.clone());
                bound.push(Bound { parameter, keyword, value });
            }
            ForwardedForm::Starred => behind_star = true,
            ForwardedForm::DoubleStarred => {}
        }
    }
    let mut names = BTreeSet::new();
    let all = bound.iter().filter_map(|it| it.parameter.map(|it| &it.name).or(it.keyword.as_ref()));
    all.into_iter().all(|name| names.insert(name.clone())).then_some(bound)
}

/// What a body hands on without naming it.
struct Rest {
    positions: bool,
    keywords: bool,
}

impl Rest {
    fn of(arguments: &[ForwardedArgument<DottedName>]) -> Self {
        let has = |form| arguments.iter().filter(|it| it.form == form).count();
        Self {
            positions: has(ForwardedForm::Starred) > 0,
            keywords: has(ForwardedForm::DoubleStarred) > 0,
        }
    }

    /// Whether everything that the old callable takes beyond its names is handed on.
    fn takes_all(&self, old: &Signature) -> bool {
        self.positions == old.takes_any_position() && self.keywords == old.takes_any_keyword()
    }

    /// Whether what is handed on without a name means the same in both versions.
    fn fits(&self, bound: &[Bound<'_>], called: &Signature, new: &Signature) -> bool {
        let given = |name: &str| {
            bound.iter().any(|it| it.parameter.is_some_and(|parameter| &*parameter.name == name))
        };
        let open = |signature: &Signature| -> Vec<Arc<str>> {
            let all = signature.caller_parameters().iter();
            let open = all.filter(|it| it.takes_position() && !given(&it.name));
            open.map(|it| it.name.clone()).collect()
        };
        let positions = !self.positions
            || open(new).starts_with(&open(called))
                && (new.takes_any_position() || !called.takes_any_position());
        let keywords = !self.keywords
            || called
                .caller_parameters()
                .iter()
                .filter(|it| it.takes_keyword() && !given(&it.name))
                .all(|it| {
                    new.takes_any_keyword()
                        || new.parameter(&it.name).is_some_and(Parameter::takes_keyword)
                })
                && (new.takes_any_keyword() || !called.takes_any_keyword());
        positions && keywords
    }
}

/// The arguments of the template as far as they are written.
struct Writing<'a> {
    derivation: &'a Derivation<'a>,
    new: &'a Signature,
    /// The new parameters that take positions, in order.
    positional: Vec<&'a Parameter>,
    /// How many of them are written by position; none once a keyword stands.
    places: Option<usize>,
    must_be_positional: bool,
    texts: Vec<String>,
    /// How many of the texts have no keyword.
    without_keyword: usize,
    defaults: BTreeMap<String, String>,
    given: BTreeSet<String>,
    /// Old parameters that are handed on as they are, with the new parameter.
    kept: BTreeMap<Arc<str>, &'a Parameter>,
    only_kept: bool,
}

impl<'a> Writing<'a> {
    fn new(derivation: &'a Derivation<'a>, new: &'a Signature, rest: &Rest) -> Self {
        let all = new.caller_parameters().iter();
        Self {
            derivation,
            new,
            positional: all.filter(|it| it.takes_position()).collect(),
            places: Some(0),
            must_be_positional: rest.positions,
            texts: Vec::new(),
            without_keyword: 0,
            defaults: BTreeMap::new(),
            given: BTreeSet::new(),
            kept: BTreeMap::new(),
            only_kept: true,
        }
    }

    fn argument(
        &mut self,
        bound: &Bound<'_>,
        names: &dyn Fn(&DottedName) -> Option<String>,
    ) -> Option<()> {
        let Some(name) =
            bound.parameter.map(|it| it.name.clone()).or_else(|| bound.keyword.clone())
        else {
            return self.surplus(bound.value, names);
        };
        let taken = self.new.parameter(&name);
        if taken.is_none() && !self.new.takes_any_keyword() {
            return None;
        }
        let may_be_left_out = self.may_be_left_out(bound.value, taken)?;
        let text = text_of(bound.value, names)?;
        let place = self.places.filter(|place| {
            let here = self.positional.get(*place);
            here.is_some_and(|it| it.name == name)
        });
        let is_optional = match bound.value {
            [ForwardedPart::Parameter(name)] => self.defaults.contains_key(&**name),
            _ => false,
        };
        // A position that may stay empty moves what stands behind it; a keyword does not.
        let by_position = place.is_some() && bound.keyword.is_none() && !may_be_left_out;
        let by_keyword = taken.is_none_or(Parameter::takes_keyword);
        if by_position && (!is_optional || self.must_be_positional || !by_keyword) {
            self.places = place.map(|place| place + 1);
            self.without_keyword += 1;
            self.texts.push(text);
        } else if by_keyword
            && !(self.must_be_positional && taken.is_some_and(Parameter::takes_position))
        {
            self.places = None;
            self.texts.push(format!("{name}={text}"));
        } else {
            return None;
        }
        match (bound.value, taken) {
            ([ForwardedPart::Parameter(old)], Some(taken)) => {
                self.kept.insert(old.clone(), taken);
            }
            _ => self.only_kept = false,
        }
        self.given.insert(name.to_string());
        Some(())
    }

    /// An argument behind all positions that have names.
    fn surplus(
        &mut self,
        value: &[ForwardedPart<DottedName>],
        names: &dyn Fn(&DottedName) -> Option<String>,
    ) -> Option<()> {
        let all_given = self.places == Some(self.positional.len());
        if !all_given || !self.new.takes_any_position() || self.may_be_left_out(value, None)? {
            return None;
        }
        self.without_keyword += 1;
        self.texts.push(text_of(value, names)?);
        self.only_kept = false;
        Some(())
    }

    /// Whether a call that does not give what a value is made of can leave the argument out: the
    /// new default is what the old one was. Else the old defaults are written; none where they
    /// cannot be.
    fn may_be_left_out(
        &mut self,
        value: &[ForwardedPart<DottedName>],
        taken: Option<&Parameter>,
    ) -> Option<bool> {
        for part in value {
            let ForwardedPart::Parameter(name) = part else { continue };
            let Some(default) = &self.derivation.old.parameter(name)?.default else { continue };
            let is_whole = value.len() == 1;
            let taken_default = taken.and_then(|it| it.default.as_deref());
            let equal = taken_default.is_some_and(|it| it == &**default || same_text(it, default));
            let same = equal && (is_literal(default) || self.derivation.same_names);
            let positional_only = taken.is_some_and(|it| it.kind == ParameterKind::PositionalOnly);
            if is_whole && same && !positional_only && !self.must_be_positional {
                return Some(true);
            }
            if !is_literal(default) {
                return None;
            }
            self.defaults.insert(name.to_string(), default.to_string());
        }
        Some(false)
    }

    /// Whether every call stays as it is but for the callee, and perhaps for its keywords.
    fn changes_nothing(&self, old: &Signature, with_names: bool) -> bool {
        let place = |signature: &Signature, name: &str| {
            let mut all = signature.caller_parameters().iter().filter(|it| it.takes_position());
            all.position(|it| &*it.name == name)
        };
        let kept = |parameter: &Parameter| {
            self.kept.get(&parameter.name).is_some_and(|new| {
                let by_place = !parameter.takes_position()
                    || place(old, &parameter.name) == place(self.new, &new.name)
                        && new.takes_position();
                let may_be_other = !with_names && parameter.takes_position();
                let by_name = may_be_other
                    || !parameter.takes_keyword()
                    || new.name == parameter.name && new.takes_keyword();
                by_place && by_name
            })
        };
        let mut named = old.caller_parameters().iter().filter(|it| !is_variadic(it));
        self.only_kept && self.defaults.is_empty() && named.all(kept)
    }
}

fn is_variadic(parameter: &Parameter) -> bool {
    matches!(parameter.kind, ParameterKind::VariadicPositional | ParameterKind::VariadicKeyword)
}

fn name_of(signature: &Signature, kind: ParameterKind) -> &str {
    signature.parameters.iter().find(|it| it.kind == kind).map_or("", |it| &it.name)
}

/// The caller's parameters as a signature lists them, without defaults and annotations.
fn listed(signature: &Signature) -> Vec<String> {
    let mut list = Vec::new();
    let (mut behind_star, mut before_slash) = (false, false);
    for parameter in signature.caller_parameters() {
        if before_slash && parameter.kind != ParameterKind::PositionalOnly {
            list.push("/".to_owned());
        }
        before_slash = parameter.kind == ParameterKind::PositionalOnly;
        match parameter.kind {
            ParameterKind::VariadicPositional => {
                behind_star = true;
                list.push(format!("*{}", parameter.name));
            }
            ParameterKind::VariadicKeyword => list.push(format!("**{}", parameter.name)),
            ParameterKind::KeywordOnly if !behind_star => {
                behind_star = true;
                list.extend(["*".to_owned(), parameter.name.to_string()]);
            }
            _ => list.push(parameter.name.to_string()),
        }
    }
    if before_slash {
        list.push("/".to_owned());
    }
    list
}

fn text_of(
    value: &[ForwardedPart<DottedName>],
    names: &dyn Fn(&DottedName) -> Option<String>,
) -> Option<String> {
    let mut text = String::new();
    for part in value {
        match part {
            ForwardedPart::Parameter(name) => text.push_str(name),
            ForwardedPart::Name(name) => text.push_str(&names(name)?),
            ForwardedPart::Text(literal) => text.push_str(literal),
        }
    }
    Some(text)
}

/// Whether two source texts are the same string between other quotation marks.
fn same_text(one: &str, other: &str) -> bool {
    let inner = |text: &str| {
        let quotes = ['"', '\''];
        (is_literal(text) && text.starts_with(quotes)).then(|| text.trim_matches(quotes).to_owned())
    };
    inner(one).is_some() && inner(one) == inner(other)
}

/// Whether the source text of a default means the same wherever it stands.
pub(super) fn is_literal(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    let is_number = text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '+' | '-'));
    let quoted = |quote: char| {
        let inner = text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
        inner.is_some_and(|inner| !inner.contains([quote, '\\', '\n']))
    };
    matches!(text, "None" | "True" | "False" | "()" | "[]" | "{}")
        || is_number
        || quoted('"')
        || quoted('\'')
}
