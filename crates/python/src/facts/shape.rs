//! The shape of a definition: a hash that survives moves and renames, its size, and what it uses.
//!
//! One walk gives all three. The walk writes kinds and payloads of nodes into a buffer that is
//! hashed at the end of each definition; a member's hash stands in its class's buffer, so that
//! nothing is hashed twice.

use code_model::snapshot::ShortHash;
use ruff_python_ast::visitor::source_order::{SourceOrderVisitor, TraversalSignal, walk_stmt};
use ruff_python_ast::{self as ast, AnyNodeRef, Expr, ExprContext, Stmt};
use ruff_text_size::Ranged;
use rustc_hash::FxHashSet;

use super::imports::ScopeNames;
use super::interner::Interner;
use super::signatures::short_hash;
use super::{Reference, ReferenceIndex};

/// What a walk found out about one definition.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) hash: ShortHash,
    pub(super) nodes: u32,
    pub(super) uses: Vec<ReferenceIndex>,
    /// Whether something like `warn(…)` or `deprecated` is mentioned.
    pub(super) warns: bool,
}

/// An attribute that a method sets on its instance.
#[derive(Debug, Clone, Copy)]
pub(super) struct InstanceAttribute<'a> {
    pub(super) name: &'a ast::Identifier,
    pub(super) annotation: Option<&'a Expr>,
    pub(super) value: Option<&'a Expr>,
}

/// Walks definitions of one module.
pub(super) struct Shaper<'a, 's> {
    text: &'a str,
    names: &'s ScopeNames<'a>,
    interner: &'s mut Interner,
    buffer: Vec<u8>,
    scratch: String,
    /// Names of the enclosing definitions: they are blanked.
    own: Vec<&'a str>,
    /// The dotted path of the innermost class.
    frames: Vec<Frame<'a>>,
    /// Attributes that the last method set on its first parameter.
    pub(super) instance_attributes: Vec<InstanceAttribute<'a>>,
}

struct Frame<'a> {
    start: usize,
    nodes: u32,
    warns: bool,
    used: Vec<Used<'a>>,
    locals: FxHashSet<&'a str>,
    imports: ScopeNames<'a>,
    /// The first parameter of a method and the path of its class.
    receiver: Option<(&'a str, String)>,
}

impl Frame<'_> {
    fn empty() -> Self {
        Self {
            start: 0,
            nodes: 0,
            warns: false,
            used: Vec::new(),
            locals: FxHashSet::default(),
            imports: ScopeNames::default(),
            receiver: None,
        }
    }
}

/// A name with the attributes read from it.
#[derive(Clone, Copy)]
struct Used<'a> {
    root: &'a str,
    outermost: Option<&'a ast::ExprAttribute>,
}

/// The first byte of payloads; kinds of nodes are below.
const TEXT: u8 = 0xF0;
const END: u8 = 0xF1;
const OPERATOR: u8 = 0xF2;
const OWN_NAME: u8 = 0xF3;
const MEMBER: u8 = 0xF4;

impl<'a, 's> Shaper<'a, 's> {
    pub(super) fn new(
        text: &'a str,
        names: &'s ScopeNames<'a>,
        interner: &'s mut Interner,
    ) -> Self {
        Self {
            text,
            names,
            interner,
            buffer: Vec::new(),
            scratch: String::new(),
            own: Vec::new(),
            frames: Vec::new(),
            instance_attributes: Vec::new(),
        }
    }

    /// The source of a range.
    pub(super) fn text_of_range(&self, range: ruff_text_size::TextRange) -> &'a str {
        self.text.get(range.to_std_range()).unwrap_or_default()
    }

    /// The reference to a name of this module.
    pub(super) fn local_reference(&mut self, path: &str) -> ReferenceIndex {
        let path = self.interner.text(path);
        self.interner.reference(Reference::Local(path))
    }

    /// The reference that a dotted expression means inside a function, whose imports come first.
    pub(super) fn reference_in_function(
        &mut self,
        function: &'a ast::StmtFunctionDef,
        expression: &'a Expr,
    ) -> Option<ReferenceIndex> {
        let used = used_by(expression)?;
        let mut frame = Frame::empty();
        for statement in &function.body {
            match statement {
                Stmt::Import(import) => frame.imports.import(import),
                Stmt::ImportFrom(import) => frame.imports.import_from(import),
                _ => {}
            }
        }
        self.resolve_or_unbound(&frame, used, true)
    }

    /// The shared texts and references.
    pub(super) fn interner(&mut self) -> &mut Interner {
        self.interner
    }

    /// Starts a definition of this name; everything until [`Shaper::finish`] belongs to it.
    pub(super) fn begin(&mut self, name: Option<&'a str>, receiver: Option<(&'a str, String)>) {
        if let Some(name) = name {
            self.own.push(name);
        }
        self.frames.push(Frame {
            start: self.buffer.len(),
            nodes: 0,
            warns: false,
            used: Vec::new(),
            locals: FxHashSet::default(),
            imports: ScopeNames::default(),
            receiver,
        });
    }

    /// Adds a statement to the definition that was begun last.
    pub(super) fn statement(&mut self, statement: &'a Stmt) {
        self.visit_stmt(statement);
    }

    /// Adds an expression to the definition that was begun last.
    pub(super) fn expression(&mut self, expression: &'a Expr) {
        self.visit_expr(expression);
    }

    /// Adds a function with everything inside it to the definition that was begun last.
    pub(super) fn function(&mut self, function: &'a Stmt) {
        self.instance_attributes.clear();
        walk_stmt(self, function);
    }

    /// Adds a member that was finished before.
    pub(super) fn member(&mut self, name: &str, shape: &Shape) {
        self.buffer.push(MEMBER);
        self.write(name.as_bytes());
        self.buffer.extend_from_slice(&shape.hash.0.to_le_bytes());
        if let Some(frame) = self.frames.last_mut() {
            frame.nodes = frame.nodes.saturating_add(shape.nodes);
        }
    }

    /// Names that the definition binds itself.
    pub(super) fn bind(&mut self, name: &'a str) {
        if let Some(frame) = self.frames.last_mut() {
            frame.locals.insert(name);
        }
    }

    /// Ends the definition that was begun last.
    pub(super) fn finish(&mut self, named: bool) -> Shape {
        if named {
            self.own.pop();
        }
        let Some(frame) = self.frames.pop() else {
            return Shape { hash: ShortHash(0), nodes: 0, uses: Vec::new(), warns: false };
        };
        let hash = short_hash(&self.buffer[frame.start..]);
        self.buffer.truncate(frame.start);
        let mut uses = Vec::with_capacity(frame.used.len());
        for used in &frame.used {
            uses.extend(self.resolve(&frame, *used));
        }
        uses.sort_unstable();
        uses.dedup();
        Shape { hash, nodes: frame.nodes, uses, warns: frame.warns }
    }

    /// The reference that a dotted expression means in the module's own scope.
    pub(super) fn reference_of(&mut self, expression: &'a Expr) -> Option<ReferenceIndex> {
        let used = used_by(expression)?;
        self.resolve_or_unbound(&Frame::empty(), used, true)
    }

    fn resolve(&mut self, frame: &Frame<'a>, used: Used<'a>) -> Option<ReferenceIndex> {
        self.resolve_or_unbound(frame, used, false)
    }

    fn resolve_or_unbound(
        &mut self,
        frame: &Frame<'a>,
        used: Used<'a>,
        keep_unbound: bool,
    ) -> Option<ReferenceIndex> {
        self.scratch.clear();
        let mut rest = String::new();
        if let Some(outermost) = used.outermost {
            write_attributes(outermost, &mut rest);
        }
        if let Some((receiver, class)) = &frame.receiver
            && used.root == *receiver
        {
            let first = rest.get(1..).and_then(|rest| rest.split('.').next())?;
            let path = self.interner.text(&format!("{class}.{first}"));
            return Some(self.interner.reference(Reference::Local(path)));
        }
        let imported = frame.imports.imports.get(used.root);
        let imported = match imported {
            Some(imported) => Some(imported),
            None if frame.locals.contains(used.root) => return None,
            None => self.names.imports.get(used.root),
        };
        let reference = if let Some(imported) = imported {
            imported.reference(&rest, &mut self.scratch)
        } else {
            let path = self.interner.text(&format!("{}{rest}", used.root));
            if self.names.definitions.contains(used.root) {
                Reference::Local(path)
            } else if keep_unbound || self.names.has_star_import {
                Reference::Unbound(path)
            } else {
                return None;
            }
        };
        Some(self.interner.reference(reference))
    }

    fn write(&mut self, bytes: &[u8]) {
        self.buffer.push(TEXT);
        self.buffer.extend_from_slice(bytes);
        self.buffer.push(END);
    }

    /// Writes a name so that neither the definition's own name nor the way it is imported matters.
    fn write_name(&mut self, name: &str) {
        if let Some(place) = self.own.iter().rposition(|own| *own == name) {
            self.buffer.push(OWN_NAME);
            self.buffer.push((self.own.len() - place) as u8);
            return;
        }
        self.write(name.as_bytes());
    }

    fn imported_leaf(&self, root: &str) -> Option<&'a str> {
        let local = self.frames.last().and_then(|frame| frame.imports.imports.get(root));
        local.or_else(|| self.names.imports.get(root)).map(super::imports::Imported::leaf)
    }

    fn dotted(&mut self, outermost: &'a ast::ExprAttribute, root: &'a str, length: u32) {
        let leaf = outermost.attr.as_str();
        if self.imported_leaf(root).is_some() {
            self.write_name(leaf);
        } else {
            self.write_name(root);
            let mut rest = String::new();
            write_attributes(outermost, &mut rest);
            self.write(rest.as_bytes());
        }
        if let Some(frame) = self.frames.last_mut() {
            frame.nodes = frame.nodes.saturating_add(length);
            frame.warns |= mentions_warning(leaf);
            frame.used.push(Used { root, outermost: Some(outermost) });
        }
    }

    fn name(&mut self, name: &'a ast::ExprName) {
        let id = name.id.as_str();
        if !matches!(name.ctx, ExprContext::Load) {
            self.write_name(id);
            self.bind(id);
            return;
        }
        match self.imported_leaf(id) {
            Some(leaf) => self.write_name(leaf),
            None => self.write_name(id),
        }
        if let Some(frame) = self.frames.last_mut() {
            frame.warns |= mentions_warning(id);
            frame.used.push(Used { root: id, outermost: None });
        }
    }

    fn note_instance_attribute(
        &mut self,
        target: &'a Expr,
        annotation: Option<&'a Expr>,
        value: Option<&'a Expr>,
    ) {
        let Some((receiver, _)) = self.frames.last().and_then(|frame| frame.receiver.as_ref())
        else {
            return;
        };
        match target {
            Expr::Attribute(attribute)
                if attribute
                    .value
                    .as_name_expr()
                    .is_some_and(|name| name.id.as_str() == *receiver) =>
            {
                let name = &attribute.attr;
                self.instance_attributes.push(InstanceAttribute { name, annotation, value });
            }
            Expr::Tuple(tuple) => {
                for element in &tuple.elts {
                    self.note_instance_attribute(element, None, None);
                }
            }
            _ => {}
        }
    }

    fn source(&self, node: impl Ranged) -> &'a str {
        self.text.get(node.range().to_std_range()).unwrap_or_default()
    }
}

impl<'a> SourceOrderVisitor<'a> for Shaper<'a, '_> {
    fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
        match node {
            AnyNodeRef::ExprAttribute(attribute) => {
                if let Some((root, length)) = root_of(attribute) {
                    self.dotted(attribute, root, length);
                    return TraversalSignal::Skip;
                }
            }
            // Documentation is no part of a shape, and neither is the way in which names are
            // imported.
            AnyNodeRef::StmtExpr(statement) if statement.value.is_string_literal_expr() => {
                return TraversalSignal::Skip;
            }
            AnyNodeRef::StmtImport(import) => {
                if let Some(frame) = self.frames.last_mut() {
                    frame.imports.import(import);
                }
                return TraversalSignal::Skip;
            }
            AnyNodeRef::StmtImportFrom(import) => {
                if let Some(frame) = self.frames.last_mut() {
                    frame.imports.import_from(import);
                }
                return TraversalSignal::Skip;
            }
            _ => {}
        }
        self.buffer.push(node.kind() as u8);
        if let Some(frame) = self.frames.last_mut() {
            frame.nodes = frame.nodes.saturating_add(1);
        }
        self.payload(node)
    }

    fn leave_node(&mut self, node: AnyNodeRef<'a>) {
        let is_left_out = match node {
            AnyNodeRef::StmtExpr(statement) => statement.value.is_string_literal_expr(),
            AnyNodeRef::StmtImport(_) | AnyNodeRef::StmtImportFrom(_) => true,
            _ => false,
        };
        if !is_left_out {
            self.buffer.push(END);
        }
    }
}

impl<'a> Shaper<'a, '_> {
    fn payload(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
        match node {
            AnyNodeRef::ExprName(name) => self.name(name),
            AnyNodeRef::Identifier(identifier) => self.write_name(identifier.as_str()),
            AnyNodeRef::Parameter(parameter) => self.bind(parameter.name.as_str()),
            AnyNodeRef::ExprStringLiteral(literal) => {
                self.buffer.push(TEXT);
                for part in &literal.value {
                    self.buffer.extend_from_slice(part.value.as_bytes());
                }
                self.buffer.push(END);
                return TraversalSignal::Skip;
            }
            AnyNodeRef::ExprBytesLiteral(literal) => {
                let source = self.source(literal);
                self.write(source.as_bytes());
                return TraversalSignal::Skip;
            }
            AnyNodeRef::InterpolatedStringLiteralElement(literal) => {
                self.write(literal.value.as_bytes());
            }
            AnyNodeRef::ExprNumberLiteral(literal) => {
                let source = self.source(literal);
                self.write(source.as_bytes());
            }
            AnyNodeRef::ExprBooleanLiteral(literal) => self.buffer.push(u8::from(literal.value)),
            AnyNodeRef::ExprBinOp(operation) => self.operator(operation.op as u8),
            AnyNodeRef::ExprUnaryOp(operation) => self.operator(operation.op as u8),
            AnyNodeRef::ExprBoolOp(operation) => self.operator(operation.op as u8),
            AnyNodeRef::StmtAugAssign(assign) => self.operator(assign.op as u8),
            AnyNodeRef::ExprCompare(comparison) => {
                comparison.ops.iter().for_each(|operator| self.operator(*operator as u8));
            }
            AnyNodeRef::StmtAssign(assign) => {
                for target in &assign.targets {
                    self.note_instance_attribute(target, None, Some(&assign.value));
                }
            }
            AnyNodeRef::StmtAnnAssign(assign) => {
                let (annotation, value) = (Some(&*assign.annotation), assign.value.as_deref());
                self.note_instance_attribute(&assign.target, annotation, value);
            }
            AnyNodeRef::ExceptHandlerExceptHandler(handler) => {
                handler.name.iter().for_each(|name| self.bind(name.as_str()));
            }
            AnyNodeRef::StmtFunctionDef(function) => self.bind(function.name.as_str()),
            AnyNodeRef::StmtClassDef(class) => self.bind(class.name.as_str()),
            AnyNodeRef::PatternMatchAs(pattern) => {
                pattern.name.iter().for_each(|name| self.bind(name.as_str()));
            }
            AnyNodeRef::PatternMatchStar(pattern) => {
                pattern.name.iter().for_each(|name| self.bind(name.as_str()));
            }
            _ => {}
        }
        TraversalSignal::Traverse
    }

    fn operator(&mut self, operator: u8) {
        self.buffer.push(OPERATOR);
        self.buffer.push(operator);
    }
}

/// The name at the start of a chain of attributes, and the chain's number of nodes.
pub(super) fn root_of(outermost: &ast::ExprAttribute) -> Option<(&str, u32)> {
    let mut length = 2;
    let mut inner = &*outermost.value;
    loop {
        match inner {
            Expr::Name(name) => return Some((name.id.as_str(), length)),
            Expr::Attribute(attribute) => {
                length += 1;
                inner = &attribute.value;
            }
            _ => return None,
        }
    }
}

fn used_by(expression: &Expr) -> Option<Used<'_>> {
    match expression {
        Expr::Name(name) => Some(Used { root: name.id.as_str(), outermost: None }),
        Expr::Attribute(attribute) => {
            let (root, _) = root_of(attribute)?;
            Some(Used { root, outermost: Some(attribute) })
        }
        _ => None,
    }
}

/// The first eight attributes of a chain, each with its dot in front.
pub(super) fn write_attributes(outermost: &ast::ExprAttribute, out: &mut String) {
    let chain =
        || std::iter::successors(Some(outermost), |attribute| attribute.value.as_attribute_expr());
    let mut attributes = [""; 8];
    let surplus = chain().count().saturating_sub(attributes.len());
    for (slot, attribute) in attributes.iter_mut().zip(chain().skip(surplus)) {
        *slot = attribute.attr.as_str();
    }
    for attribute in attributes.iter().rev().filter(|attribute| !attribute.is_empty()) {
        out.push('.');
        out.push_str(attribute);
    }
}

fn mentions_warning(name: &str) -> bool {
    let name = name.as_bytes();
    memchr::memmem::find(name, b"warn").is_some()
        || memchr::memmem::find(name, b"eprecat").is_some()
        || memchr::memmem::find(name, b"Warn").is_some()
}
