//! Strings that are code: quoted annotations, `__all__`, paths given to importers and patchers.

use std::sync::Arc;

use code_model::DottedName;
use ruff_python_ast::name::Name;
use ruff_python_ast::visitor::Visitor;
use ruff_python_ast::{self as ast, Expr};
use ruff_python_parser::parse_string_annotation;
use ruff_text_size::Ranged;

use super::model::{
    Access, Conditions, ImportForm, MemberUse, Place, ScopeId, SegmentForm, StringForm,
};
use super::walk::{MemberQuestion, RawPath, RawUse, Walker, span};
use crate::edit::Span;

/// Callables whose string argument at this position names a module or object.
const PATH_ARGUMENTS: &[(&str, usize)] = &[
    ("import_module", 0),
    ("__import__", 0),
    ("importorskip", 0),
    ("import_string", 0),
    ("locate", 0),
    ("resolve_name", 0),
    ("find_spec", 0),
    ("patch", 0),
    ("setattr", 0),
    ("delattr", 0),
    ("get_class", 0),
    ("lazy_import", 0),
];

/// Callables that take an object and the name of one of its attributes.
const ATTRIBUTE_ARGUMENTS: &[&str] =
    &["getattr", "setattr", "delattr", "hasattr", "object", "spy", "stub"];

/// Callables that tell about an installed distribution by its name.
const VERSION_CALLABLES: &[&str] = &[
    "importlib.metadata.distribution",
    "importlib.metadata.metadata",
    "importlib.metadata.version",
    "importlib_metadata.distribution",
    "importlib_metadata.metadata",
    "importlib_metadata.version",
    "pkg_resources.get_distribution",
    "pkg_resources.require",
];

impl Walker<'_> {
    /// The content's range of a string that is written in one piece and without escapes.
    pub(super) fn plain_content(&self, string: &ast::ExprStringLiteral) -> Option<Span> {
        let literal = string.as_single_part_string()?;
        let content = span(literal.content_range());
        (content.of(self.source) == &*literal.value).then_some(content)
    }

    pub(super) fn string(&mut self, string: &ast::ExprStringLiteral) {
        if self.quoted_types {
            self.quoted_annotation(string);
            return;
        }
        let Some(content) = self.plain_content(string) else { return };
        self.path(content, Place::Text(StringForm::Plain));
    }

    fn quoted_annotation(&mut self, string: &ast::ExprStringLiteral) {
        if self.string_depth > 2 || self.plain_content(string).is_none() {
            return;
        }
        let Some(literal) = string.as_single_part_string() else { return };
        if literal.value.len() > 10_000 || literal.value.bytes().filter(|b| *b == b'[').count() > 40
        {
            return;
        }
        let Ok(parsed) = parse_string_annotation(self.source, literal) else { return };
        self.in_text(Place::Text(StringForm::Annotation), |walker| {
            walker.visit_expr(parsed.expr());
        });
    }

    /// Records a string that is exactly a dotted name of one of the packages, or of the dependent
    /// itself.
    fn path(&mut self, content: Span, place: Place) {
        let text = content.of(self.source);
        if text.len() > 300 || !text.contains(['.', ':']) && place == Place::Text(StringForm::Plain)
        {
            return;
        }
        // Entry points write the object behind a colon.
        let dotted = text.replacen(':', ".", 1);
        let Ok(name) = DottedName::new(&dotted) else { return };
        if !(self.options.is_core(&name) || self.options.is_internal(&name)) {
            return;
        }
        if self.found.paths.iter().rev().take(4).any(|path| path.span == content) {
            return;
        }
        self.found.paths.push(RawPath {
            text: dotted,
            span: content,
            position: self.position(content.start),
            conditions: self.conditions,
            place,
        });
    }

    /// Whether a string at this argument of a call is a quoted type.
    pub(super) fn is_type_argument(
        &self,
        call: &ast::ExprCall,
        position: Option<usize>,
        keyword: Option<&str>,
    ) -> bool {
        matches!(
            (callee_leaf(call), position, keyword),
            ("cast" | "ForwardRef", Some(0), _)
                | ("NewType" | "TypeVar", Some(1), _)
                | ("TypeVar", Some(2..), _)
                | ("TypeVar", None, Some("bound" | "default"))
        )
    }

    /// Looks at calls whose strings name modules, objects or attributes.
    pub(super) fn special_call(&mut self, call: &ast::ExprCall) {
        let leaf = callee_leaf(call);
        if self.asks_for_the_installed_version(call) {
            self.found.version_questions.push(span(call.range()));
        }
        let arguments = &call.arguments.args;
        if let Some((_, index)) = PATH_ARGUMENTS.iter().find(|(name, _)| *name == leaf)
            && let Some(Expr::StringLiteral(string)) = arguments.get(*index)
            && let Some(content) = self.plain_content(string)
        {
            self.path(content, Place::Text(StringForm::Import));
        }
        if ATTRIBUTE_ARGUMENTS.contains(&leaf)
            && let (Some(object), Some(Expr::StringLiteral(string))) =
                (arguments.first(), arguments.get(1))
            && let Some(content) = self.plain_content(string)
            && DottedName::new(content.of(self.source)).is_ok_and(|name| name.parent().is_none())
        {
            let mut conditions = self.conditions;
            // Asking whether a name exists, or what to take when it does not, is a choice between
            // versions.
            conditions.version_guard |=
                leaf == "hasattr" || leaf == "getattr" && call.arguments.len() > 2;
            conditions.defaulted = leaf == "getattr" && call.arguments.len() > 2;
            self.attribute_string(object, content, conditions);
            self.member_string(object, content, conditions);
            if leaf == "hasattr" {
                self.found.member_questions.push(MemberQuestion {
                    object: receiver_text(self.source, object),
                    name: content.of(self.source).to_owned(),
                    at: span(call.range()),
                    wanted: (self.options.members)(content.of(self.source)),
                });
            }
        }
    }

    /// Whether a call asks which version of the packages is installed. Methods of that name, and
    /// questions about other distributions, say nothing about it.
    fn asks_for_the_installed_version(&self, call: &ast::ExprCall) -> bool {
        let Some(callee) = self.imported_name(&call.func) else { return false };
        if !VERSION_CALLABLES.contains(&callee.as_str()) {
            return false;
        }
        match (call.arguments.args.first(), self.options.distribution) {
            (Some(Expr::StringLiteral(asked)), Some(ours)) => {
                let name = normal_name(asked.value.to_str());
                let named_after = |root: &DottedName| normal_name(root.root()) == name;
                name == normal_name(ours) || self.options.roots.iter().any(named_after)
            }
            (first, _) => first.is_some(),
        }
    }

    /// What a chain of names means by the imports before it.
    fn imported_name(&self, expression: &Expr) -> Option<DottedName> {
        match expression {
            Expr::Name(name) => {
                let imports = self.found.imports.iter();
                let mut bound = imports.filter(|import| *import.local == *name.id);
                bound.find_map(|import| match import.form {
                    ImportForm::Module => DottedName::new(import.target.as_ref()?.root()).ok(),
                    _ => import.target.clone(),
                })
            }
            Expr::Attribute(attribute) => {
                Some(self.imported_name(&attribute.value)?.join(&attribute.attr.id))
            }
            _ => None,
        }
    }

    /// A member that a string names: `getattr(thing, "name")`.
    fn member_string(&mut self, object: &Expr, name: Span, conditions: Conditions) {
        let text = name.of(self.source);
        if !(self.options.members)(text) {
            return;
        }
        let receiver = span(object.range());
        self.found.members.push(MemberUse {
            span: receiver.cover(name),
            receiver,
            receiver_node: receiver,
            name_span: name,
            name: Arc::from(text),
            access: Access::Load,
            scope: ScopeId(self.scope),
            conditions,
            call: None,
        });
    }

    fn attribute_string(&mut self, object: &Expr, name: Span, conditions: Conditions) {
        let text = name.of(self.source);
        let mut attributes = vec![(Name::new(text), name, SegmentForm::AttributeString)];
        let mut current = object;
        let root = loop {
            match current {
                Expr::Attribute(attribute) => {
                    attributes.push((
                        attribute.attr.id.clone(),
                        span(attribute.attr.range()),
                        SegmentForm::Identifier,
                    ));
                    current = &attribute.value;
                }
                Expr::Name(name) => break name,
                _ => return,
            }
        };
        attributes.reverse();
        self.found.uses.push(RawUse {
            root: root.id.clone(),
            root_span: span(root.range),
            attributes,
            span: span(object.range()).cover(name),
            position: self.position(span(root.range).start),
            conditions,
            access: Access::Load,
            place: self.place,
            call: None,
            repeated: true,
        });
    }

    /// `__all__ = […]` and `__all__ += […]`.
    pub(super) fn exported_names(&mut self, target: &Expr, value: &Expr) {
        if self.scope == 0 && matches!(target, Expr::Name(name) if name.id == "__all__") {
            self.export(value);
        }
    }

    /// `__all__.extend([…])` and `__all__.append("…")`.
    pub(super) fn export_call(&mut self, expression: &Expr) {
        let Expr::Call(call) = expression else { return };
        let Expr::Attribute(attribute) = &*call.func else { return };
        if matches!(&*attribute.value, Expr::Name(name) if name.id == "__all__") {
            call.arguments.args.iter().for_each(|argument| self.export(argument));
        }
    }

    fn export(&mut self, value: &Expr) {
        match value {
            Expr::StringLiteral(string) => {
                self.found.exported.insert(Arc::from(string.value.to_str()));
            }
            Expr::List(ast::ExprList { elts, .. })
            | Expr::Tuple(ast::ExprTuple { elts, .. })
            | Expr::Set(ast::ExprSet { elts, .. }) => {
                for element in elts {
                    self.export(element);
                }
            }
            Expr::BinOp(sum) => {
                self.export(&sum.left);
                self.export(&sum.right);
            }
            _ => {}
        }
    }
}

/// A distribution's name as installers compare it: without the requirement behind it, in small
/// letters, and with one kind of separator.
fn normal_name(name: &str) -> String {
    let end = name.find(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_' | '.')));
    let mut normal = String::new();
    for c in name.get(..end.unwrap_or(name.len())).unwrap_or(name).chars() {
        match c {
            '-' | '_' | '.' if normal.ends_with('-') => {}
            '-' | '_' | '.' => normal.push('-'),
            c => normal.extend(c.to_lowercase()),
        }
    }
    normal
}

/// An object as the text has it, to compare with the receivers of members.
fn receiver_text(source: &str, object: &Expr) -> String {
    span(object.range()).of(source).to_owned()
}

fn callee_leaf(call: &ast::ExprCall) -> &str {
    match &*call.func {
        Expr::Name(name) => name.id.as_str(),
        Expr::Attribute(attribute) => attribute.attr.id.as_str(),
        _ => "",
    }
}
