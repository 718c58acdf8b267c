//! Parameters of a function as its source writes them.

use std::sync::Arc;

use code_model::signature::{Binding, Parameter, ParameterKind, Signature};
use code_model::snapshot::ShortHash;
use ruff_python_ast::{self as ast, Expr};
use ruff_text_size::{Ranged, TextRange};

use super::interner::Interner;

/// The longest default or annotation that is kept as text.
const MAX_TEXT_BYTES: usize = 500;

/// Reads a signature; `binding` says what the first parameter stands for.
pub(super) fn signature(
    text: &str,
    interner: &mut Interner,
    function: &ast::StmtFunctionDef,
    binding: Binding,
) -> Signature {
    let list = &*function.parameters;
    let mut parameters = Vec::with_capacity(list.args.len() + list.kwonlyargs.len() + 2);
    let groups = [
        (&list.posonlyargs, ParameterKind::PositionalOnly),
        (&list.args, ParameterKind::Positional),
    ];
    for (group, kind) in groups {
        for parameter in group {
            parameters.push(one(text, interner, &parameter.parameter, parameter.default(), kind));
        }
    }
    if let Some(rest) = &list.vararg {
        parameters.push(one(text, interner, rest, None, ParameterKind::VariadicPositional));
    }
    for parameter in &list.kwonlyargs {
        let (inner, default) = (&parameter.parameter, parameter.default());
        parameters.push(one(text, interner, inner, default, ParameterKind::KeywordOnly));
    }
    if let Some(rest) = &list.kwarg {
        parameters.push(one(text, interner, rest, None, ParameterKind::VariadicKeyword));
    }
    let returns =
        function.returns.as_deref().map(|returns| source(text, interner, returns.range()));
    Signature { parameters, returns, binding, is_async: function.is_async }
}

fn one(
    text: &str,
    interner: &mut Interner,
    parameter: &ast::Parameter,
    default: Option<&Expr>,
    kind: ParameterKind,
) -> Parameter {
    let annotation = parameter.annotation.as_deref();
    Parameter {
        name: interner.text(parameter.name.as_str()),
        kind,
        default: default.map(|default| source(text, interner, default.range())),
        annotation: annotation.map(|annotation| source(text, interner, annotation.range())),
    }
}

/// The source of a range on one line, cut where it is too long.
pub(super) fn source(text: &str, interner: &mut Interner, range: TextRange) -> Arc<str> {
    let slice = text.get(range.to_std_range()).unwrap_or_default();
    if slice.len() <= MAX_TEXT_BYTES && !slice.contains(['\n', '\r']) {
        return interner.text(slice);
    }
    interner.text(&folded(slice, MAX_TEXT_BYTES))
}

/// White space folded to single blanks, at most so many bytes.
pub(super) fn folded(text: &str, limit: usize) -> String {
    let mut out = String::with_capacity(text.len().min(limit));
    for word in text.split_whitespace() {
        let opens = out.ends_with(['(', '[', '{']) || out.is_empty();
        let closes = word.starts_with([')', ']', '}']);
        if !opens && !closes {
            out.push(' ');
        }
        out.push_str(word);
        if out.len() > limit {
            let end = (0..=limit).rev().find(|end| out.is_char_boundary(*end)).unwrap_or(0);
            out.truncate(end);
            break;
        }
    }
    out
}

/// The hash of a signature without its annotations.
pub(crate) fn signature_hash(signature: &Signature) -> ShortHash {
    let mut bytes = Vec::with_capacity(16 * signature.parameters.len() + 2);
    for parameter in &signature.parameters {
        bytes.push(parameter.kind as u8);
        bytes.extend_from_slice(parameter.name.as_bytes());
        bytes.push(0);
        if let Some(default) = &parameter.default {
            bytes.push(b'=');
            bytes.extend_from_slice(default.as_bytes());
            bytes.push(0);
        }
    }
    bytes.push(signature.binding as u8);
    bytes.push(u8::from(signature.is_async));
    short_hash(&bytes)
}

/// The first sixteen hexadecimal digits of a BLAKE3 digest.
pub(crate) fn short_hash(bytes: &[u8]) -> ShortHash {
    let digest = blake3::hash(bytes);
    let mut first = [0; 8];
    first.copy_from_slice(&digest.as_bytes()[..8]);
    ShortHash(u64::from_be_bytes(first))
}
