//! From an inferred type to an answer.

use code_model::DottedName;
use ruff_db::files::File;
use ruff_db::parsed::parsed_module;
use ruff_python_ast::Expr;
use ruff_text_size::Ranged;
use ty_python_core::definition::{Definition, DefinitionKind};
use ty_python_semantic::types::{Type, TypeDefinition, TypeVarKind};
use ty_python_semantic::{Db as _, HasType, SemanticModel};

use super::answer::{Alternative, AlternativeKind, ClassInFile, Origin, Place, Receiver};
use super::lineage::{ClassKey, Classes};

/// One file's questions.
pub(super) struct Inquiry<'a> {
    pub(super) classes: Classes<'a>,
}

/// What is gathered while a type is taken apart.
struct Gathering<'a, 'q> {
    inquiry: &'q Inquiry<'a>,
    model: &'q SemanticModel<'a>,
    /// Where the question stands: `Self` is the class around it.
    byte: u32,
    member: Option<&'q str>,
    receiver: Receiver,
}

/// The deepest nesting of unions, aliases and bounds that is followed.
const DEEPEST: usize = 16;

impl<'a> Inquiry<'a> {
    /// What an expression is.
    pub(super) fn receiver(
        &self,
        model: &SemanticModel<'a>,
        expression: &Expr,
        member: Option<&str>,
    ) -> Receiver {
        self.receiver_within(model, expression, member, 0)
    }

    /// The same, after `depth` steps of following what inference leaves open.
    pub(super) fn receiver_within(
        &self,
        model: &SemanticModel<'a>,
        expression: &Expr,
        member: Option<&str>,
        depth: usize,
    ) -> Receiver {
        let byte = expression.start().to_u32();
        let mut gathering =
            Gathering { inquiry: self, model, byte, member, receiver: Receiver::default() };
        match expression.inferred_type(model) {
            Some(Type::BoundSuper(_)) => gathering.super_object(expression),
            Some(ty) => gathering.take(ty, false, 0),
            None => gathering.unsure("the expression is not reached by inference"),
        }
        let mut receiver = gathering.receiver;
        if receiver.alternatives.is_empty()
            && receiver.unknown.is_some()
            && let Some(found) = self.followed(model, expression, member, depth)
        {
            receiver = found;
        }
        receiver.alternatives.sort();
        receiver.alternatives.dedup();
        receiver
    }

    /// The classes that a file defines.
    pub(super) fn classes_of(&self, file: File) -> Vec<ClassInFile> {
        let definitions = self.classes.definitions(file);
        let found = definitions.classes.keys().filter_map(|name_start| {
            let class = self.class((file, *name_start), AlternativeKind::ClassObject, None)?;
            Some(ClassInFile { name_start: *name_start, class })
        });
        found.collect()
    }

    fn class(
        &self,
        key: ClassKey,
        kind: AlternativeKind,
        member: Option<&str>,
    ) -> Option<Alternative> {
        let lineage = self.classes.lineage(key);
        let searched = lineage.classes.iter().skip(usize::from(kind == AlternativeKind::Super));
        let places: Vec<Place> = searched.filter_map(|key| self.classes.place(*key)).collect();
        let defined_in = member.map(|member| self.defining(key, kind, member)).unwrap_or_default();
        Some(Alternative {
            kind,
            place: self.classes.place(key)?,
            lineage: places,
            lineage_complete: lineage.complete,
            defined_in,
        })
    }

    /// The classes of a class's lineage that define a member, in the order in which it is looked
    /// up.
    pub(super) fn defining(
        &self,
        key: ClassKey,
        kind: AlternativeKind,
        member: &str,
    ) -> Vec<Place> {
        let lineage = self.classes.lineage(key);
        let searched = lineage.classes.iter().skip(usize::from(kind == AlternativeKind::Super));
        let defining = searched.filter(|key| self.classes.defines(**key, member));
        defining.filter_map(|key| self.classes.place(*key)).collect()
    }
}

impl<'a> Gathering<'a, '_> {
    fn unsure(&mut self, reason: &str) {
        self.receiver.unknown.get_or_insert_with(|| reason.to_owned());
    }

    fn add(&mut self, kind: AlternativeKind, place: Option<Place>) {
        if let Some(place) = place {
            self.receiver.alternatives.push(Alternative {
                kind,
                place,
                lineage: Vec::new(),
                lineage_complete: true,
                defined_in: Vec::new(),
            });
        }
    }

    fn add_class(&mut self, key: ClassKey, kind: AlternativeKind) {
        match self.inquiry.class(key, kind, self.member) {
            Some(alternative) => self.receiver.alternatives.push(alternative),
            None => self.unsure("its class is not written as a `class` statement"),
        }
    }

    /// `object` says whether the type is that of a class object's instances where it names a type
    /// variable.
    fn take(&mut self, ty: Type<'a>, as_class: bool, depth: usize) {
        let db = self.inquiry.classes.database;
        if depth > DEEPEST {
            return self.unsure("its type is nested too deeply");
        }
        match ty {
            Type::Dynamic(dynamic) => self.unsure(why_dynamic(&dynamic.to_string())),
            Type::Divergent(_) => self.unsure("its type refers to itself"),
            Type::Never => self.unsure("the code is never reached"),
            Type::Union(union) => {
                for element in union.elements(db).iter().filter(|element| !element.is_none(db)) {
                    self.take(*element, as_class, depth + 1);
                }
            }
            Type::Intersection(intersection) => {
                let positive: Vec<_> = intersection.iter_positive(db).collect();
                self.intersection(&positive, as_class, depth);
            }
            Type::TypeAlias(alias) => self.take(alias.value_type(db), as_class, depth + 1),
            Type::TypeVar(variable) => {
                let kind = variable.typevar(db).kind(db);
                self.type_variable(ty, kind, as_class, depth);
            }
            Type::ClassLiteral(_) | Type::GenericAlias(_) => {
                self.nominal(ty, AlternativeKind::ClassObject);
            }
            Type::SubclassOf(_) => self.class_object(ty, depth),
            Type::ModuleLiteral(_) | Type::FunctionLiteral(_) | Type::BoundMethod(_) => {
                self.named(ty);
            }
            Type::AlwaysTruthy | Type::AlwaysFalsy => {}
            _ => self.nominal(ty, AlternativeKind::Instance),
        }
    }

    /// All parts hold at once: what is known of any of them is enough.
    fn intersection(&mut self, positive: &[Type<'a>], as_class: bool, depth: usize) {
        let before = (self.receiver.alternatives.len(), self.receiver.unknown.clone());
        for part in positive {
            self.take(*part, as_class, depth + 1);
        }
        if self.receiver.alternatives.len() > before.0 {
            self.receiver.unknown = before.1;
            let gained = self.receiver.alternatives.split_off(before.0);
            let defining = |alternative: &Alternative| !alternative.defined_in.is_empty();
            let narrowed = self.member.is_some() && gained.iter().any(defining);
            self.receiver
                .alternatives
                .extend(gained.into_iter().filter(|a| !narrowed || defining(a)));
        }
    }

    fn nominal(&mut self, ty: Type<'a>, kind: AlternativeKind) {
        let db = self.inquiry.classes.database;
        if let Some(key) = self.inquiry.classes.key_of(self.model, ty) {
            return self.add_class(key, kind);
        }
        match ty.definition(db, &self.model.program_environment()) {
            Some(TypeDefinition::StaticClass(class)) => match self.class_key(class) {
                Some(key) => self.add_class(key, kind),
                None => self.unsure("its class could not be located"),
            },
            Some(TypeDefinition::EnumMember(member)) => self.enumeration(member),
            Some(TypeDefinition::NewType(_)) => self.unsure("it is a `NewType`"),
            Some(TypeDefinition::DynamicClass(_)) => {
                self.unsure("its class is not written as a `class` statement");
            }
            _ if kind == AlternativeKind::ClassObject => {
                self.unsure("the class is not known");
            }
            // Callables, properties and special forms are no instances of a library's class.
            _ => {}
        }
    }

    /// `type[X]`, where X may be a type variable; a variable inside is only told by how it is
    /// written.
    fn class_object(&mut self, ty: Type<'a>, depth: usize) {
        let db = self.inquiry.classes.database;
        let environment = self.model.program_environment();
        if self.inquiry.classes.key_of(self.model, ty).is_some() {
            self.nominal(ty, AlternativeKind::ClassObject);
        } else if ty.display(db, &environment).to_string().starts_with("type[Self@") {
            self.type_variable(ty, TypeVarKind::TypingSelf, true, depth);
        } else if let Some(TypeDefinition::TypeVar(_)) = ty.definition(db, &environment) {
            self.type_variable(ty, TypeVarKind::LegacyTypeVar, true, depth);
        } else {
            self.nominal(ty, AlternativeKind::ClassObject);
        }
    }

    fn class_key(&self, definition: Definition<'a>) -> Option<ClassKey> {
        let db = self.inquiry.classes.database;
        let parsed = parsed_module(db, definition.python_file(db)).load(db);
        let DefinitionKind::Class(node) = definition.kind(db) else {
            return None;
        };
        Some((definition.file(db), node.node(&parsed).name.range.start().to_u32()))
    }

    fn enumeration(&mut self, member: Definition<'a>) {
        let db = self.inquiry.classes.database;
        let parsed = parsed_module(db, member.python_file(db)).load(db);
        let byte = member.full_range(db, &parsed).range().start().to_u32();
        let file = member.file(db);
        match self.inquiry.classes.definitions(file).enclosing_class(byte) {
            Some(name_start) => self.add_class((file, name_start), AlternativeKind::Instance),
            None => self.unsure("its enumeration could not be located"),
        }
    }

    fn named(&mut self, ty: Type<'a>) {
        let db = self.inquiry.classes.database;
        let kind = if matches!(ty, Type::BoundMethod(_)) {
            AlternativeKind::Method
        } else {
            AlternativeKind::Function
        };
        match ty.definition(db, &self.model.program_environment()) {
            Some(TypeDefinition::Module(module)) => {
                let name = DottedName::new(module.name(db).as_str()).ok();
                let origin = module.file(db).and_then(|file| self.inquiry.classes.module(file));
                let origin = origin.map_or(Origin::Installed, |(origin, _)| origin);
                self.add(AlternativeKind::Module, name.map(|name| Place { origin, name }));
            }
            Some(TypeDefinition::Function(function)) => {
                let parsed = parsed_module(db, function.python_file(db)).load(db);
                let start = function.focus_range(db, &parsed).range().start().to_u32();
                let file = function.file(db);
                let definitions = self.inquiry.classes.definitions(file);
                let place = definitions
                    .qualified_name(start)
                    .and_then(|name| self.inquiry.classes.place_in(file, name));
                self.add(kind, place);
            }
            _ => {}
        }
    }

    /// `Self` is the class around the question; other variables are what bounds them.
    fn type_variable(&mut self, ty: Type<'a>, kind: TypeVarKind, as_class: bool, depth: usize) {
        let class_kind =
            if as_class { AlternativeKind::ClassObject } else { AlternativeKind::Instance };
        if matches!(kind, TypeVarKind::TypingSelf) {
            let file = self.model.file();
            let around = self.inquiry.classes.definitions(file).enclosing_class(self.byte);
            return match around {
                Some(name_start) => self.add_class((file, name_start), class_kind),
                None => self.unsure("`self` outside of a class"),
            };
        }
        let db = self.inquiry.classes.database;
        let environment = self.model.program_environment();
        let Some(TypeDefinition::TypeVar(definition)) = ty.definition(db, &environment) else {
            return self.unsure("it is a type variable");
        };
        let model = SemanticModel::new(db, db.program_file(definition.file(db)));
        let parsed = parsed_module(db, definition.python_file(db)).load(db);
        let bound = match definition.kind(db) {
            DefinitionKind::TypeVar(node) => node.node(&parsed).bound.as_deref(),
            other => other.value(&parsed).and_then(bound_argument),
        };
        match bound.and_then(|bound| bound.inferred_type(&model)) {
            Some(
                class @ (Type::ClassLiteral(_) | Type::GenericAlias(_) | Type::NominalInstance(_)),
            ) if depth < DEEPEST => self.nominal(class, class_kind),
            _ => self.unsure("it is a type variable without a class as its bound"),
        }
    }

    /// `super()` searches behind the class around it, `super(C, self)` behind `C`.
    fn super_object(&mut self, expression: &Expr) {
        let file = self.model.file();
        let first = expression.as_call_expr().and_then(|call| call.arguments.args.first());
        let key = match first {
            Some(class) => class
                .inferred_type(self.model)
                .and_then(|ty| self.inquiry.classes.key_of(self.model, ty)),
            None => self
                .inquiry
                .classes
                .definitions(file)
                .enclosing_class(self.byte)
                .map(|name_start| (file, name_start)),
        };
        match key {
            Some(key) => self.add_class(key, AlternativeKind::Super),
            None => self.unsure("`super()` outside of a class"),
        }
    }
}

/// The bound in `TypeVar("T", bound=...)`.
fn bound_argument(value: &Expr) -> Option<&Expr> {
    let call = value.as_call_expr()?;
    call.arguments.find_keyword("bound").map(|keyword| &keyword.value)
}

fn why_dynamic(name: &str) -> &'static str {
    match name {
        "Any" => "it is annotated `Any`",
        _ => "its type cannot be inferred",
    }
}
