//! Calls that `functools.partial` makes later, and keys that code names.

use std::sync::Arc;

use ruff_python_ast::{self as ast, Expr};
use ruff_text_size::Ranged;

use super::model::{CallId, KeyAccess, KeyUse};
use super::walk::{RawKey, Walker, span};
use crate::edit::Span;

/// Methods that take a key first, or keys as a mapping.
const KEY_METHODS: [&str; 8] =
    ["get", "pop", "setdefault", "update", "configure", "setup", "from_mapping", "override"];

/// Those of them that take keys as keywords, too.
const KEYWORD_METHODS: [&str; 5] = ["update", "configure", "setup", "from_mapping", "override"];

/// Those that are functions of their own: other functions of such a name take no settings.
const KEY_FUNCTIONS: [&str; 3] = ["configure", "setup", "override"];

impl Walker<'_> {
    /// `partial(callable, …)`: what is given here is given to `callable`.
    /// The callee and the call, when it is one.
    pub(super) fn bound_call(&mut self, call: &ast::ExprCall) -> Option<(Span, CallId)> {
        let callee = call.arguments.args.first()?;
        let named = matches!(callee, Expr::Name(_) | Expr::Attribute(_));
        if !named || !self.is_partial(&call.func) {
            return None;
        }
        let callee = span(callee.range());
        let id = CallId(self.found.calls.len() as u32);
        self.call_of(call, Some(callee));
        Some((callee, id))
    }

    /// Lets what was recorded for the callee of a bound call know that it is one.
    pub(super) fn mark_bound(&mut self, callee: Span, call: CallId) {
        for used in self.found.uses.iter_mut().rev().take_while(|u| u.span.start >= callee.start) {
            if used.span == callee {
                used.call = Some(call);
            }
        }
        for member in self.found.members.iter_mut().filter(|member| member.span == callee) {
            member.call = Some(call);
        }
    }

    /// Whether an expression is `functools.partial`, by the imports before it.
    fn is_partial(&self, callee: &Expr) -> bool {
        let imported = |local: &str, path: &str| {
            self.found.imports.iter().any(|import| {
                *import.local == *local
                    && import.target.as_ref().is_some_and(|target| target.as_str() == path)
            })
        };
        match callee {
            Expr::Name(name) => imported(&name.id, "functools.partial"),
            Expr::Attribute(attribute) => {
                attribute.attr.id == "partial"
                    && matches!(&*attribute.value, Expr::Name(name)
                        if imported(&name.id, "functools"))
            }
            _ => false,
        }
    }

    /// `thing["key"]`.
    pub(super) fn subscript_key(&mut self, subscript: &ast::ExprSubscript) {
        if let Expr::StringLiteral(string) = &*subscript.slice
            && let Some(key) = self.key_string(string)
        {
            self.keys_of(&subscript.value, vec![key], &KeyAccess::Subscript);
        }
    }

    /// `thing.get("key")`, `thing.update({"key": 1})`, `thing.update(key=1)`.
    pub(super) fn call_keys(&mut self, call: &ast::ExprCall) {
        let (holder, method, access) = match &*call.func {
            Expr::Attribute(method) => {
                let name = method.attr.id.as_str();
                (&*method.value, name, KeyAccess::Method(Arc::from(name)))
            }
            Expr::Name(function) if KEY_FUNCTIONS.contains(&function.id.as_str()) => {
                (&*call.func, function.id.as_str(), KeyAccess::Call)
            }
            _ => return,
        };
        if !KEY_METHODS.contains(&method) {
            return;
        }
        let mut keys = Vec::new();
        match call.arguments.args.first() {
            Some(Expr::StringLiteral(string)) => keys.extend(self.key_string(string)),
            Some(Expr::Dict(mapping)) => {
                for key in mapping.items.iter().filter_map(|item| item.key.as_ref()) {
                    if let Expr::StringLiteral(string) = key {
                        keys.extend(self.key_string(string));
                    }
                }
            }
            _ => {}
        }
        let keywords = call.arguments.keywords.iter().filter_map(|keyword| {
            let name = keyword.arg.as_ref()?;
            Some((span(name.range()), Arc::from(name.id.as_str())))
        });
        keys.extend(keywords.filter(|_| KEYWORD_METHODS.contains(&method)));
        self.keys_of(holder, keys, &access);
    }

    /// Records the keys that were asked for.
    pub(super) fn keys_of(
        &mut self,
        holder: &Expr,
        keys: Vec<(Span, Arc<str>)>,
        access: &KeyAccess,
    ) {
        let beside: Vec<Arc<str>> = keys.iter().map(|(_, name)| name.clone()).collect();
        let mut root = holder;
        while let Expr::Attribute(attribute) = root {
            root = &attribute.value;
        }
        let Expr::Name(root) = root else { return };
        for (at, name) in keys {
            if (self.options.members)(&name) {
                let conditions = self.conditions;
                let key = KeyUse {
                    holder: span(holder.range()),
                    access: access.clone(),
                    span: at,
                    name,
                    beside: beside.clone(),
                    conditions,
                };
                let position = self.position(span(root.range).start);
                self.found.keys.push(RawKey { root: root.id.clone(), position, key });
            }
        }
    }

    fn key_string(&self, string: &ast::ExprStringLiteral) -> Option<(Span, Arc<str>)> {
        let content = self.plain_content(string)?;
        Some((content, Arc::from(string.value.to_str())))
    }
}
