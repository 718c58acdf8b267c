//! Reading on where inference stops: through functions without a return annotation.
//!
//! Inference takes what an unannotated function returns as unknown. Much code is written that way,
//! and what its `return` statements give is often plain. Only what every one of them says is taken;
//! one that cannot be told leaves the answer uncertain.

use ruff_db::parsed::parsed_module;
use ruff_python_ast::{Expr, Stmt, StmtFunctionDef};
use ruff_text_size::Ranged;
use ty_python_core::definition::{Definition, DefinitionKind};
use ty_python_semantic::types::TypeDefinition;
use ty_python_semantic::{
    Db as _, HasType, ImportAliasResolution, ResolvedDefinition, SemanticModel,
    definitions_for_name,
};

use super::answer::{Alternative, AlternativeKind, Receiver};
use super::inquiry::Inquiry;
use super::lineage::{ClassKey, class_named_at};
use crate::stubs::returned_values;

/// The longest chain of functions and attributes that is followed.
const LONGEST: usize = 6;

/// The most places that may give one name its value.
const MOST_DEFINITIONS: usize = 16;

impl<'a> Inquiry<'a> {
    /// What an expression of unknown type is, where following it says so.
    pub(super) fn followed(
        &self,
        model: &SemanticModel<'a>,
        expression: &Expr,
        member: Option<&str>,
        depth: usize,
    ) -> Option<Receiver> {
        if depth >= LONGEST {
            return None;
        }
        let depth = depth + 1;
        let found = match expression {
            Expr::Call(call) => self.result_of(model, &call.func, member, false, depth)?,
            Expr::Await(awaited) => {
                let call = awaited.value.as_call_expr()?;
                self.result_of(model, &call.func, member, true, depth)?
            }
            Expr::Attribute(attribute) => {
                let name = attribute.attr.as_str();
                let holder = self.receiver_within(model, &attribute.value, Some(name), depth);
                self.attribute_of(&holder, name, member, depth)?
            }
            Expr::Name(_) => self.named_value(model, expression, member, depth)?,
            Expr::Named(named) => self.receiver_within(model, &named.value, member, depth),
            Expr::BoolOp(operation) => {
                let parts = operation.values.iter();
                merged(parts.map(|part| self.receiver_within(model, part, member, depth)))
            }
            Expr::If(choice) => merged(
                [&choice.body, &choice.orelse]
                    .map(|part| self.receiver_within(model, part, member, depth)),
            ),
            _ => return None,
        };
        (!found.alternatives.is_empty()).then_some(found)
    }

    /// What calling `callee` gives.
    fn result_of(
        &self,
        model: &SemanticModel<'a>,
        callee: &Expr,
        member: Option<&str>,
        awaited: bool,
        depth: usize,
    ) -> Option<Receiver> {
        let db = self.classes.database;
        let environment = model.program_environment();
        let holder = callee.as_attribute_expr().map(|attribute| {
            let name = attribute.attr.as_str();
            (self.receiver_within(model, &attribute.value, Some(name), depth), name)
        });
        let known = callee.inferred_type(model).and_then(|ty| ty.definition(db, &environment));
        if let Some(TypeDefinition::Function(function)) = known {
            let holder = holder.map(|(holder, _)| holder);
            return self.function_result(function, member, awaited, holder.as_ref(), depth);
        }
        let (holder, name) = holder?;
        let (class, _) = self.defining_class(&holder, name)?;
        let model = SemanticModel::new(db, db.program_file(class.0));
        let parsed = parsed_module(db, model.python_file()).load(db);
        let class = class_named_at(&parsed.syntax().body, class.1)?;
        let function = method_named(&class.body, name)?;
        self.returned(&model, function, member, awaited, Some(&holder), depth)
    }

    fn function_result(
        &self,
        function: Definition<'a>,
        member: Option<&str>,
        awaited: bool,
        holder: Option<&Receiver>,
        depth: usize,
    ) -> Option<Receiver> {
        let db = self.classes.database;
        let parsed = parsed_module(db, function.python_file(db)).load(db);
        let DefinitionKind::Function(node) = function.kind(db) else {
            return None;
        };
        let model = SemanticModel::new(db, db.program_file(function.file(db)));
        self.returned(&model, node.node(&parsed), member, awaited, holder, depth)
    }

    fn returned(
        &self,
        model: &SemanticModel<'a>,
        function: &StmtFunctionDef,
        member: Option<&str>,
        awaited: bool,
        holder: Option<&Receiver>,
        depth: usize,
    ) -> Option<Receiver> {
        if function.is_async != awaited || !keeps_its_result(function) {
            return None;
        }
        if let Some(annotation) = &function.returns {
            return Some(self.receiver_within(model, annotation, member, depth));
        }
        let first = function.parameters.iter_non_variadic_params().next();
        let first = first.map(|parameter| parameter.name().as_str());
        let values = returned_values(function)?;
        let parts = values.into_iter().map(|value| match holder {
            // A method that gives back its receiver gives back what it was called on.
            Some(holder) if first.is_some() && receiver_name(value) == first => {
                self.as_instances(holder, member)
            }
            _ => self.receiver_within(model, value, member, depth),
        });
        Some(merged(parts))
    }

    /// The receivers themselves, with the classes that define another member of them.
    fn as_instances(&self, holder: &Receiver, member: Option<&str>) -> Receiver {
        let mut receiver = holder.clone();
        for alternative in &mut receiver.alternatives {
            if alternative.kind == AlternativeKind::ClassObject {
                alternative.kind = AlternativeKind::Instance;
            }
            alternative.defined_in = match (member, self.classes.key_at(&alternative.place)) {
                (Some(member), Some(key)) => self.defining(key, alternative.kind, member),
                _ => Vec::new(),
            };
        }
        receiver
    }

    /// What an attribute of a receiver is, by the one class that defines it.
    fn attribute_of(
        &self,
        holder: &Receiver,
        name: &str,
        member: Option<&str>,
        depth: usize,
    ) -> Option<Receiver> {
        let db = self.classes.database;
        let (class, uncertain) = self.defining_class(holder, name)?;
        let model = SemanticModel::new(db, db.program_file(class.0));
        let parsed = parsed_module(db, model.python_file()).load(db);
        let class = class_named_at(&parsed.syntax().body, class.1)?;
        let mut receiver = if let Some(function) = method_named(&class.body, name) {
            if !is_property(function) {
                return None;
            }
            let results = match &function.returns {
                Some(annotation) => vec![&**annotation],
                None => returned_values(function)?,
            };
            let parts = results.into_iter();
            merged(parts.map(|value| self.receiver_within(&model, value, member, depth)))
        } else {
            let mut values = Vec::new();
            values_of_attribute(&class.body, name, &mut values);
            if values.is_empty() || values.len() > MOST_DEFINITIONS {
                return None;
            }
            let parts = values.into_iter();
            merged(parts.map(|value| self.receiver_within(&model, value, member, depth)))
        };
        receiver.unknown = receiver.unknown.or(uncertain);
        Some(receiver)
    }

    /// The one class that defines a member of everything that the receiver may be.
    fn defining_class(&self, holder: &Receiver, name: &str) -> Option<(ClassKey, Option<String>)> {
        let mut found = None;
        for alternative in &holder.alternatives {
            let lineage = self.classes.lineage(self.classes.key_at(&alternative.place)?);
            let key = lineage.classes.iter().find(|key| self.classes.defines(**key, name))?;
            if found.is_some_and(|found| found != *key) {
                return None;
            }
            found = Some(*key);
        }
        Some((found?, holder.unknown.clone()))
    }

    /// What a name is, by everything that is assigned to it.
    fn named_value(
        &self,
        model: &SemanticModel<'a>,
        expression: &Expr,
        member: Option<&str>,
        depth: usize,
    ) -> Option<Receiver> {
        let db = self.classes.database;
        let name = expression.as_name_expr()?;
        let definitions = definitions_for_name(
            model,
            name.id.as_str(),
            name.into(),
            ImportAliasResolution::ResolveAliases,
        );
        if definitions.is_empty() || definitions.len() > MOST_DEFINITIONS {
            return None;
        }
        let mut parts = Vec::new();
        for resolved in definitions {
            let ResolvedDefinition::Definition(definition) = resolved else {
                return None;
            };
            let parsed = parsed_module(db, definition.python_file(db)).load(db);
            let model = SemanticModel::new(db, db.program_file(definition.file(db)));
            match definition.kind(db) {
                DefinitionKind::Assignment(assignment) if assignment.unpack().is_none() => {
                    let value = assignment.value(&parsed);
                    parts.push(self.receiver_within(&model, value, member, depth));
                }
                DefinitionKind::NamedExpression(named) => {
                    let value = &named.node(&parsed).value;
                    parts.push(self.receiver_within(&model, value, member, depth));
                }
                DefinitionKind::Parameter(_) => {
                    let start = definition.focus_range(db, &parsed).range().start().to_u32();
                    let file = definition.file(db);
                    parts.push(self.fixture(file, start, name.id.as_str(), member, depth)?);
                }
                _ => return None,
            }
        }
        Some(merged(parts))
    }
}

/// `self`, `cls(...)`: the name of the method's own first parameter, if that is what a value gives
/// back.
fn receiver_name(value: &Expr) -> Option<&str> {
    let name = match value {
        Expr::Call(call) => call.func.as_name_expr()?,
        other => other.as_name_expr()?,
    };
    Some(name.id.as_str())
}

fn method_named<'b>(body: &'b [Stmt], name: &str) -> Option<&'b StmtFunctionDef> {
    body.iter().find_map(|statement| {
        statement.as_function_def_stmt().filter(|function| function.name.as_str() == name)
    })
}

fn decorator_names(function: &StmtFunctionDef) -> impl Iterator<Item = &str> {
    function.decorator_list.iter().map(|decorator| match &decorator.expression {
        Expr::Name(name) => name.id.as_str(),
        Expr::Attribute(attribute) => attribute.attr.as_str(),
        _ => "",
    })
}

/// Whether calling it gives what its `return` statements give.
fn keeps_its_result(function: &StmtFunctionDef) -> bool {
    decorator_names(function).all(|name| {
        matches!(name, "staticmethod" | "classmethod" | "abstractmethod" | "override" | "final")
    })
}

fn is_property(function: &StmtFunctionDef) -> bool {
    decorator_names(function).any(|name| matches!(name, "property" | "cached_property"))
}

/// Everything that is assigned to an attribute, in the class body and in methods.
fn values_of_attribute<'b>(body: &'b [Stmt], name: &str, values: &mut Vec<&'b Expr>) {
    for statement in body {
        match statement {
            Stmt::Assign(assign) => {
                let sets = |target: &Expr| match target {
                    Expr::Name(target) => target.id.as_str() == name,
                    _ => false,
                };
                if assign.targets.iter().any(sets) {
                    values.push(&assign.value);
                }
            }
            Stmt::FunctionDef(function) => {
                if let Some(first) = function.parameters.iter_non_variadic_params().next() {
                    values_set_on(&function.body, first.name().as_str(), name, values, 0);
                }
            }
            _ => {}
        }
    }
}

fn values_set_on<'b>(
    body: &'b [Stmt],
    receiver: &str,
    name: &str,
    values: &mut Vec<&'b Expr>,
    depth: usize,
) {
    for statement in body {
        if let Stmt::Assign(assign) = statement {
            let sets = |target: &Expr| {
                target.as_attribute_expr().is_some_and(|attribute| {
                    attribute.attr.as_str() == name
                        && matches!(&*attribute.value, Expr::Name(n) if n.id.as_str() == receiver)
                })
            };
            if assign.targets.iter().any(sets) {
                values.push(&assign.value);
            }
        } else if !statement.is_function_def_stmt() && depth < 32 {
            for body in crate::statements::bodies(statement) {
                values_set_on(body, receiver, name, values, depth + 1);
            }
        }
    }
}

/// Everything that any part may be.
pub(super) fn merged(parts: impl IntoIterator<Item = Receiver>) -> Receiver {
    let mut whole = Receiver::default();
    for part in parts {
        whole.alternatives.extend(part.alternatives);
        whole.unknown = whole.unknown.or(part.unknown);
    }
    whole.alternatives.sort();
    whole.alternatives.dedup_by(|a: &mut Alternative, b| a == b);
    whole
}
