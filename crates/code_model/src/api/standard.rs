//! What classes of the standard library hand down: those that others are made of, whose public
//! members are few and have been the same for long.

use crate::DottedName;

const EXCEPTION: &[&str] = &["add_note", "args", "with_traceback"];
const ENUMERATION: &[&str] = &["name", "value"];
const TUPLE: &[&str] = &["count", "index"];
const DICTIONARY: &[&str] = &[
    "clear",
    "copy",
    "fromkeys",
    "get",
    "items",
    "keys",
    "pop",
    "popitem",
    "setdefault",
    "update",
    "values",
];
const INTEGER: &[&str] = &[
    "as_integer_ratio",
    "bit_count",
    "bit_length",
    "conjugate",
    "denominator",
    "from_bytes",
    "imag",
    "is_integer",
    "numerator",
    "real",
    "to_bytes",
];

/// Built-in exceptions that have no members but those of every exception.
const EXCEPTIONS: [&str; 35] = [
    "ArithmeticError",
    "AssertionError",
    "BaseException",
    "BufferError",
    "BytesWarning",
    "DeprecationWarning",
    "EOFError",
    "EncodingWarning",
    "Exception",
    "FloatingPointError",
    "FutureWarning",
    "GeneratorExit",
    "ImportWarning",
    "IndexError",
    "KeyError",
    "KeyboardInterrupt",
    "LookupError",
    "MemoryError",
    "NotImplementedError",
    "OverflowError",
    "PendingDeprecationWarning",
    "RecursionError",
    "ReferenceError",
    "ResourceWarning",
    "RuntimeError",
    "RuntimeWarning",
    "StopAsyncIteration",
    "SyntaxWarning",
    "SystemError",
    "TypeError",
    "UnicodeWarning",
    "UserWarning",
    "ValueError",
    "Warning",
    "ZeroDivisionError",
];

/// The public members of a class that is no library's own; none where they are not known.
pub(super) fn members(class: &DottedName) -> Option<&'static [&'static str]> {
    let (module, name) = class.as_str().rsplit_once('.').unwrap_or(("builtins", class.as_str()));
    match (module, name) {
        ("builtins", "object")
        | ("abc", "ABC")
        | ("typing" | "typing_extensions", "Generic" | "Protocol") => Some(&[]),
        ("builtins", name) if EXCEPTIONS.contains(&name) => Some(EXCEPTION),
        ("builtins", "int") => Some(INTEGER),
        ("builtins", "dict") | ("typing" | "typing_extensions", "TypedDict") => Some(DICTIONARY),
        ("builtins", "tuple") | ("typing" | "typing_extensions", "NamedTuple") => Some(TUPLE),
        ("enum", "Enum" | "Flag" | "ReprEnum") => Some(ENUMERATION),
        // Their values are numbers, which bring what numbers have.
        ("enum", "IntEnum" | "IntFlag") => Some(NUMBERED),
        _ => None,
    }
}

const NUMBERED: &[&str] = &[
    "as_integer_ratio",
    "bit_count",
    "bit_length",
    "conjugate",
    "denominator",
    "from_bytes",
    "imag",
    "is_integer",
    "name",
    "numerator",
    "real",
    "to_bytes",
    "value",
];
