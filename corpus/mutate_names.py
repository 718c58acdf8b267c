"""New names as a maintainer would choose them, drawn at random."""

import re

SYNONYMS = [
    ("get", "fetch", "read", "load"),
    ("make", "create", "build", "construct"),
    ("set", "assign", "put"),
    ("remove", "delete", "drop", "discard"),
    ("add", "append", "insert"),
    ("find", "search", "locate", "lookup"),
    ("parse", "decode", "scan"),
    ("format", "render", "style"),
    ("write", "dump", "emit"),
    ("send", "submit", "transmit"),
    ("check", "validate", "verify", "ensure"),
    ("start", "begin", "open"),
    ("stop", "end", "finish", "close"),
    ("error", "failure", "fault", "problem"),
    ("exception", "error"),
    ("list", "sequence", "collection"),
    ("dict", "mapping", "table"),
    ("text", "string", "content"),
    ("name", "label", "title"),
    ("value", "item", "entry"),
    ("size", "length", "extent"),
    ("handler", "processor", "callback"),
    ("config", "settings", "options"),
    ("client", "session", "connection"),
    ("request", "query", "call"),
    ("response", "reply", "answer"),
    ("token", "credential", "ticket"),
    ("field", "column", "property"),
    ("is", "has"),
    ("to", "as", "into"),
    ("from", "of"),
    ("iter", "each", "walk"),
    ("split", "divide", "partition"),
    ("merge", "combine", "join"),
    ("default", "standard", "initial"),
    ("base", "abstract", "common"),
    ("type", "kind", "category"),
    ("util", "helper", "support"),
    ("utils", "helpers", "tools"),
    ("key", "identifier", "handle"),
    ("path", "location", "route"),
    ("data", "payload", "content"),
    ("count", "number", "total"),
    ("first", "leading", "initial"),
    ("last", "final", "trailing"),
    ("filter", "select", "choose"),
    ("func", "function", "callable"),
    ("cls", "klass"),
    ("attr", "attribute"),
    ("param", "parameter"),
    ("max", "maximum", "largest"),
    ("min", "minimum", "smallest"),
    ("index", "position", "offset"),
    ("message", "notice", "note"),
    ("node", "element", "vertex"),
    ("group", "cluster", "batch"),
    ("cache", "store", "memory"),
    ("reader", "loader", "source"),
    ("writer", "sink", "output"),
]
BEFORE = {
    "function": ["do", "make", "run", "get", "safe", "full", "new"],
    "class": ["Base", "Simple", "Core", "Default", "Basic"],
    "value": ["the", "given", "raw", "current", "base", "my"],
    "module": ["core", "base", "new", "common"],
}
AFTER = {
    "function": ["now", "all", "one", "ex", "for", "value"],
    "class": ["Object", "Impl", "Type", "Base", "Model"],
    "value": ["value", "spec", "arg", "option", "info"],
    "module": ["api", "core", "impl", "tools", "support"],
}
PARAMETERS = [
    "context",
    "strict",
    "encoding",
    "deadline",
    "verbose",
    "backend",
    "policy",
    "tracer",
    "scope",
    "hint",
    "dialect",
    "quiet",
    "audit_log",
    "on_error",
    "locale_name",
    "max_depth",
    "dry_run",
    "namespace_hint",
]
MODULES = [
    "helpers",
    "support",
    "common",
    "extras",
    "shared",
    "toolbox",
    "internals",
    "machinery",
    "foundation",
    "primitives",
    "plumbing",
    "routines",
    "facilities",
    "toolkit",
    "kernel",
    "essentials",
    "basics",
]


def words_of(name: str) -> list[str]:
    return [part for part in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+|[0-9]+", name) if part] or [name]


def joined(parts: list[str], like: str, kind: str) -> str:
    if kind == "class":
        return "".join(part[:1].upper() + part[1:] for part in parts)
    if like.isupper():
        return "_".join(part.upper() for part in parts)
    if "_" not in like and re.search(r"[a-z][A-Z]", like):
        return parts[0].lower() + "".join(part[:1].upper() + part[1:] for part in parts[1:])
    return "_".join(part.lower() for part in parts)


def synonym(parts: list[str], draw) -> list[str] | None:
    places = [(at, group) for at, part in enumerate(parts) for group in SYNONYMS if part.lower() in group]
    if not places:
        return None
    at, group = draw.choice(places)
    return [*parts[:at], draw.choice([word for word in group if word != parts[at].lower()]), *parts[at + 1 :]]


def candidate(name: str, kind: str, draw) -> str | None:
    """One new name; none when the way that was drawn does not fit this name."""
    parts = words_of(name)
    way = draw.choice(["synonym", "synonym", "synonym", "order", "before", "after", "shorter", "case"])
    if way == "synonym":
        parts = synonym(parts, draw)
    elif way == "order":
        parts = [*parts[1:], parts[0]] if len(parts) > 1 else None
    elif way == "before":
        parts = [draw.choice(BEFORE[kind]), *parts]
    elif way == "after":
        parts = [*parts, draw.choice(AFTER[kind])]
    elif way == "shorter":
        parts = [*parts[:-2], parts[-1]] if len(parts) > 2 else None
    elif kind == "class" or name.isupper():
        parts = None
    else:
        other = "".join(part.lower() for part in parts) if "_" in name else "_".join(part.lower() for part in parts)
        return other if other != name else None
    return joined(parts, name, kind) if parts else None


def fresh(name: str, kind: str, draw, taken) -> str | None:
    """A name that nothing else has."""
    for _ in range(30):
        new = candidate(name, kind, draw)
        if new and new != name and len(new) > 2 and new.isidentifier() and not taken(new):
            return new
    return None
