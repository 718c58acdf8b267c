//! The fields of the format, in the order in which they are written: one table for reading and
//! writing.

/// One field of a record.
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) shape: Shape,
}

/// What a field holds.
#[derive(Clone, Copy)]
pub(super) enum Shape {
    Text,
    Integer,
    Number,
    Boolean,
    TextList,
    TextMap,
    NumberMap,
    Record(&'static [Field]),
    Records(&'static [Field]),
    /// The `match` of an operation, whose fields depend on its `kind`.
    Match,
}

use Shape::{Boolean, Integer, Match, Number, Record, Records, Text, TextList, TextMap};

macro_rules! fields {
    ($($name:literal: $shape:expr),* $(,)?) => { &[$(Field { name: $name, shape: $shape }),*] };
}

pub(super) const MANIFEST: &[Field] = fields! {
    "manifest_version": Integer,
    "schema_url": Text,
    "metadata": Record(METADATA),
    "summary": Record(SUMMARY),
    "requires": TextList,
    "operations": Records(OPERATION),
    "checksum": Text,
};

const METADATA: &[Field] = fields! {
    "library": Text,
    "packages": TextList,
    "from_version": Text,
    "to_version": Text,
    "from_commit": Text,
    "to_commit": Text,
    "from_reference": Text,
    "to_reference": Text,
    "generated_at": Text,
    "generator": Text,
    "from_checksum": Text,
    "to_checksum": Text,
    "rules_digest": Text,
    "bundle": TextMap,
    "parent": Text,
    "composed_from": Records(COMPOSED_STEP),
};

const COMPOSED_STEP: &[Field] = fields! {
    "from_version": Text, "to_version": Text, "manifest": Text,
};

const SUMMARY: &[Field] = fields! {
    "title": Text,
    "breaking_changes": Integer,
    "safe_changes": Integer,
    "manual_review_required": Integer,
};

pub(super) const OPERATION: &[Field] = fields! {
    "id": Text,
    "kind": Text,
    "sequence": Integer,
    "dependencies": TextList,
    "match": Match,
    "evidence": Record(EVIDENCE),
    "confidence": Record(CONFIDENCE),
    "metadata": Record(OPERATION_METADATA),
};

const EVIDENCE: &[Field] = fields! {
    "method": Text,
    "content_hash": Text,
    "detection": Text,
    "sig_from": Text,
    "sig_to": Text,
    "ast_similarity": Number,
    "doc_similarity": Number,
    "usage_similarity": Number,
    "callsites_found": Integer,
    "safe_auto_fix_rate": Number,
    "witnesses": Records(WITNESS),
    "candidates": Records(CANDIDATE),
    "composed_of": Records(COMPOSED_PART),
    "reason": Text,
};

const COMPOSED_PART: &[Field] = fields! {
    "from_version": Text,
    "to_version": Text,
    "manifest": Text,
    "operation": Text,
    "confidence": Number,
};

const WITNESS: &[Field] = fields! {
    "kind": Text, "version": Text, "file": Text, "line": Integer, "text": Text,
};

const CANDIDATE: &[Field] = fields! { "name": Text, "score": Number };

const CONFIDENCE: &[Field] = fields! {
    "overall": Number,
    "raw": Number,
    "factors": Shape::NumberMap,
    "recommendation": Text,
};

const OPERATION_METADATA: &[Field] = fields! {
    "breaking": Boolean,
    "safe_rollback": Boolean,
    "estimated_impact": Text,
    "not_repeatable": Boolean,
    "works_before": Boolean,
    "note": Text,
};

const FROM_TO: &[Field] = fields! { "from": Text, "to": Text };

const NAME: &[Field] = fields! {
    "module": Text, "class": Text, "from": Text, "to": Text, "to_module": Text,
};

const ATTRIBUTE: &[Field] = fields! {
    "class": Text, "from": Text, "to": Text, "keyword": Boolean,
};

const PARAMETER_RENAME: &[Field] = fields! {
    "callable": Text,
    "receiver": Text,
    "parameter": Record(fields! {
        "from": Text, "to": Text, "default": Text, "required": Boolean,
    }),
};

const PARAMETER_ADDED: &[Field] = fields! {
    "callable": Text,
    "receiver": Text,
    "parameter": Record(fields! { "name": Text, "default": Text, "old_behaviour": Text }),
};

const PARAMETER_REMOVED: &[Field] = fields! {
    "callable": Text,
    "receiver": Text,
    "parameter": Record(fields! { "name": Text, "position": Integer }),
};

const REORDER: &[Field] = fields! {
    "callable": Text, "receiver": Text, "from": TextList, "to": TextList,
};

const KEYWORD_ONLY: &[Field] = fields! {
    "callable": Text, "receiver": Text, "positional": TextList, "parameters": TextList,
};

const REWRITE: &[Field] = fields! {
    "callable": Text, "receiver": Text, "parameters": TextList, "defaults": TextMap,
    "template": Text,
};

const KEY: &[Field] = fields! { "from": Text, "to": Text, "holder": Text };

const REMOVED: &[Field] = fields! { "name": Text };

/// The fields of a kind's `match`; none for a kind that is not known.
pub(super) fn of_match(kind: &str) -> Option<&'static [Field]> {
    Some(match kind {
        "rename.import" | "move.file" => FROM_TO,
        "rename.symbol" | "rename.callable" => NAME,
        "rename.attribute" => ATTRIBUTE,
        "arg.rename" => PARAMETER_RENAME,
        "arg.add_default" | "arg.add_required" => PARAMETER_ADDED,
        "arg.remove" => PARAMETER_REMOVED,
        "arg.reorder" => REORDER,
        "arg.keyword_only" => KEYWORD_ONLY,
        "call.rewrite" => REWRITE,
        "config.key_rename" => KEY,
        "symbol.remove" => REMOVED,
        _ => return None,
    })
}

/// The known name that is nearest to a mistyped one, when one is near.
pub(super) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > 64 {
        return None;
    }
    known
        .map(|candidate| {
            (rapidfuzz::distance::levenshtein::distance(name.chars(), candidate.chars()), candidate)
        })
        .filter(|(distance, candidate)| *distance * 3 <= candidate.len().max(name.len()))
        .min()
        .map(|(_, candidate)| candidate)
}
