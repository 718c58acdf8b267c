"""Changes of parameters: a callable of which every call is known, its signature and those calls."""

import ast
import collections
import re
import tokenize

import mutate_names
from mutate_index import is_public, named
from mutate_release import NOT_FOLLOWED, Mutation, Unfit


class Signature:
    """The parameters of a function, to be written anew."""

    def __init__(self, file, node):
        self.file, self.node = file, node
        given = node.args
        if given.posonlyargs:
            raise Unfit
        defaults = [None] * (len(given.args) - len(given.defaults)) + given.defaults
        self.positional = [self.entry(arg, default) for arg, default in zip(given.args, defaults)]
        self.keywords = [self.entry(arg, default) for arg, default in zip(given.kwonlyargs, given.kw_defaults)]
        self.rest = given.vararg and "*" + file.source(given.vararg)
        self.more = given.kwarg and "**" + file.source(given.kwarg)

    def entry(self, arg, default) -> tuple:
        return arg.arg, self.file.source(arg), default, default is not None and self.text(default)

    def text(self, node) -> str:
        """The text of an expression, with its parentheses if it has any."""
        return self.file.source(node) if not isinstance(node, ast.Tuple) else f"({self.file.source(node).strip('()')})"

    def written(self) -> str:
        star = [self.rest] if self.rest else ["*"] if self.keywords else []
        parts = [*map(one, self.positional), *star, *map(one, self.keywords), *([self.more] if self.more else [])]
        return "(" + ", ".join(parts) + ")"

    def edit(self) -> tuple:
        start = self.file.text.index(
            b"(",
            self.file.text.index(
                self.node.name.encode(),
                self.file.text.index(b"def", self.file.offset(self.node.lineno, self.node.col_offset)) + 3,
            ),
        )
        return start, closing(self.file.text, start), self.written()


def one(entry: tuple) -> str:
    name, text, _, default = entry
    return text if default is False else f"{text} = {default}" if ":" in text else f"{text}={default}"


def closing(text: bytes, start: int) -> int:
    """The offset behind the parenthesis that closes the one at `start`."""
    depth, lines = 0, text[start:].splitlines(keepends=True)
    ends = [start]
    for line in lines:
        ends.append(ends[-1] + len(line))
    for token in tokenize.generate_tokens(iter([line.decode() for line in lines]).__next__):
        if token.type == tokenize.OP and token.string in "([{":
            depth += 1
        elif token.type == tokenize.OP and token.string in ")]}":
            depth -= 1
            if not depth:
                return ends[token.end[0] - 1] + len(token.line[: token.end[1]].encode())
    raise Unfit


class Callable:
    """A callable of the library with every call of it in library and tests."""

    def __init__(self, release, file, node):
        self.release, self.file, self.place = release, file, f"{file.module}.{node.name}"
        self.name, self.function, self.skip = node.name, node, 0
        if isinstance(node, ast.ClassDef):
            self.constructor(node)
        elif isinstance(file.owners[node], ast.ClassDef):
            self.method(node)
        elif node.decorator_list or not release.public(self.place):
            raise Unfit
        else:
            self.found = release.plain(self.name, self.place)
        release.claim(self.place)
        self.signature = Signature(self.function and file, self.function)
        self.calls = self.every_call()

    def constructor(self, node) -> None:
        self.release.class_place(self.file, node)
        own = [each for each in node.body if isinstance(each, ast.FunctionDef) and each.name == "__init__"]
        if len(own) != 1 or own[0].decorator_list or node.decorator_list or node.keywords:
            raise Unfit
        self.lonely(node, self.file)
        self.function, self.skip = own[0], 1
        self.found = self.release.plain(self.name, self.place)

    def lonely(self, node, file) -> None:
        """Neither the class nor its bases make instances of whatever class they are."""
        if not self.release.index.bases_known(node, file) or re.search(
            r"\bcls\(|__class__|type\(self\)|__new__", file.source(node)
        ):
            raise Unfit
        for base in node.bases:
            place = self.release.index.reached(file, base.value if isinstance(base, ast.Subscript) else base)
            if place:
                self.lonely(*self.release.index.definition(place))

    def method(self, node) -> None:
        holder = self.file.owners[node]
        self.place = f"{self.release.class_place(self.file, holder)}.{self.name}"
        kinds = [named(each) for each in node.decorator_list]
        if not self.release.index.bases_known(holder, self.file) or any(
            each not in ("staticmethod", "classmethod") for each in kinds
        ):
            raise Unfit
        self.found = self.release.own(self.name, True)
        self.skip = 0 if "staticmethod" in kinds else 1
        if not kinds and any(
            each.role == "attribute" and re.match("[A-Z]", named(each.node.value) or "") for _, each in self.found
        ):
            raise Unfit

    def every_call(self) -> list:
        uses = {"load", "class-load", "attribute"}
        if any(each.role in uses and not each.called for _, each in self.found):
            raise Unfit
        calls = [
            (file, call)
            for file in {file.path: file for file, _ in self.found}.values()
            for call in file.calls.get(self.name, ())
        ]
        for _, call in calls:
            if any(isinstance(each, (ast.Starred, ast.GeneratorExp)) for each in call.args):
                raise Unfit
            if any(each.arg is None for each in call.keywords):
                raise Unfit
            if len(call.args) > len(self.signature.positional) - self.skip and not self.signature.rest:
                raise Unfit
        return calls

    def followed(self, name: str) -> list:
        """Every place in the body that reads or writes a parameter, if that is all that there is."""
        places = []
        for each in (inner for statement in self.function.body for inner in ast.walk(statement)):
            if isinstance(each, ast.ClassDef) or isinstance(each, ast.arg) and each.arg == name:
                raise Unfit
            if isinstance(each, (ast.Global, ast.Nonlocal)) and name in each.names:
                raise Unfit
            if isinstance(each, ast.JoinedStr) and re.search(rf"\b{name}\b", self.file.source(each)):
                raise Unfit
            if isinstance(each, ast.Call) and named(each.func) in NOT_FOLLOWED:
                raise Unfit
            if isinstance(each, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and each.name == name:
                raise Unfit
            if isinstance(each, ast.Name) and each.id == name:
                places.append(each)
        outer = [*self.function.args.defaults, *filter(None, self.function.args.kw_defaults)]
        if any(isinstance(each, ast.Name) and each.id == name for part in outer for each in ast.walk(part)):
            raise Unfit
        # A name inside of a string of format's position is not known.
        inside = {
            id(each)
            for statement in self.function.body
            for whole in ast.walk(statement)
            if isinstance(whole, ast.JoinedStr)
            for each in ast.walk(whole)
        }
        return [each for each in places if id(each) not in inside]

    def finish(self, kind: str, parameter: str, becomes, edits) -> Mutation:
        self.release.replace(edits)
        final = self.signature
        self.release.signatures[self.place] = ([each[0] for each in final.positional[self.skip :]], self.name)
        return self.release.made(Mutation(kind, self.place, self.place, parameter, becomes, words=(self.name,)))

    def named_from(self, edits, first: int, names: list) -> None:
        """Gives arguments by name from a position on."""
        for file, call in self.calls:
            for at, argument in enumerate(call.args[first:], first):
                start = expression_start(file, argument)
                edits[file.path].append((start, start, f"{names[at]}="))

    def names(self) -> list:
        return [each[0] for each in self.signature.positional[self.skip :]]


def expression_start(file, node) -> int:
    """Where an argument starts, with the parentheses around it."""
    start = file.span(node)[0]
    before = file.text[:start].rstrip()
    if before.endswith(b"(") and not isinstance(node, ast.Tuple):
        # The parenthesis of the call itself, or one around the argument: only a comma or the call's own tells.
        inner = re.search(rb"[\w\])]\s*\($", before)
        if not inner:
            raise Unfit
    elif not before.endswith(b","):
        raise Unfit
    return start


def rename_parameter(release, file, node):
    what = Callable(release, file, node)
    entries = [*what.signature.positional[what.skip :], *what.signature.keywords]
    entries = [each for each in entries if is_public(each[0]) and len(each[0]) > 1]
    if not entries:
        raise Unfit
    given = [each for each in entries if any(word.arg == each[0] for _, call in what.calls for word in call.keywords)]
    name = release.draw.choice(given if given and release.draw.random() < 0.8 else entries)[0]
    new = mutate_names.fresh(name, "value", release.draw, release.taken)
    if not new:
        raise Unfit
    edits = collections.defaultdict(list)
    for each in what.followed(name):
        start, end = file.span(each)
        edits[file.path].append((start, end, new))
    for arg in [*what.function.args.args, *what.function.args.kwonlyargs]:
        if arg.arg == name:
            start = file.span(arg)[0]
            edits[file.path].append((start, start + len(name.encode()), new))
    for where, call in what.calls:
        for word in call.keywords:
            if word.arg == name:
                start = where.offset(word.lineno, word.col_offset)
                edits[where.path].append((start, start + len(name.encode()), new))
    document = ast.get_docstring(what.function, clean=False)
    if document:
        start, end = file.span(what.function.body[0].value)
        for found in re.finditer(
            rb"(?<=:param )%s(?=:)|(?<=``)%s(?=``)|(?<=\*)%s(?=\*)" % ((name.encode(),) * 3), file.text[start:end]
        ):
            edits[file.path].append((start + found.start(), start + found.end(), new))
    for entries in (what.signature.positional, what.signature.keywords):
        entries[:] = [(new, *each[1:]) if each[0] == name else each for each in entries]
    return what.finish("rename parameter", name, new, edits)


def remove_parameter(release, file, node):
    what = Callable(release, file, node)
    if what.signature.rest:
        raise Unfit
    entries = [*what.signature.positional[what.skip :], *what.signature.keywords]
    fitting = [each for each in entries if isinstance(each[2], ast.Constant) and is_public(each[0])]
    if not fitting:
        raise Unfit
    name, _, default, text = release.draw.choice(fitting)
    edits = collections.defaultdict(list)
    for each in what.followed(name):
        if not isinstance(each.ctx, ast.Load):
            raise Unfit
        edits[file.path].append((*file.span(each), text if default.value in (None, True, False) else f"({text})"))
    positions = what.names()
    for where, call in what.calls:
        at = positions.index(name) if name in positions else len(call.args)
        gone = call.args[at : at + 1] + [word for word in call.keywords if word.arg == name]
        for each in gone:
            value = each.value if isinstance(each, ast.keyword) else each
            if not isinstance(value, (ast.Constant, ast.Name)):
                raise Unfit
            edits[where.path].append(without(where, call, each))
    what.signature.positional = [each for each in what.signature.positional if each[0] != name]
    what.signature.keywords = [each for each in what.signature.keywords if each[0] != name]
    edits[file.path].append(what.signature.edit())
    return what.finish("remove parameter", name, None, edits)


def without(file, call, gone) -> tuple:
    """The edit that takes one argument out of a call."""
    given = sorted([*call.args, *call.keywords], key=lambda each: file.span(each)[0])
    at = given.index(gone)
    if at:
        return file.span(given[at - 1])[1], file.span(gone)[1], ""
    end = file.span(given[1])[0] if len(given) > 1 else file.span(gone)[1]
    if len(given) == 1 and file.text[end:].lstrip().startswith(b","):
        end = file.text.index(b",", end) + 1
    return file.span(gone)[0], end, ""


def add_optional(release, file, node):
    what = Callable(release, file, node)
    name = new_parameter(release, what)
    names, entries = what.names(), what.signature.positional
    if what.signature.rest:
        raise Unfit
    default = release.draw.choice(["None", "False", "None", "0"])
    entry = (name, name, ast.parse(default).body[0].value, default)
    last = len(entries)
    optional = [at for at in range(what.skip, last) if entries[at][2] is not None]
    edits = collections.defaultdict(list)
    if optional and release.draw.random() < 0.4:
        last = release.draw.choice(optional)
        what.named_from(edits, last - what.skip, names)
    entries.insert(last, entry)
    edits[file.path].append(what.signature.edit())
    return what.finish("add optional parameter", name, what.names(), edits)


def add_required(release, file, node):
    what = Callable(release, file, node)
    name = new_parameter(release, what)
    names, entries = what.names(), what.signature.positional
    if what.signature.rest:
        raise Unfit
    last = next((at for at in range(what.skip, len(entries)) if entries[at][2] is not None), len(entries))
    edits = collections.defaultdict(list)
    what.named_from(edits, last - what.skip, names)
    for where, call in what.calls:
        given = [where.span(each)[1] for each in [*call.args, *call.keywords]]
        if given:
            # The end of an argument in parentheses of its own is not the end of its expression.
            after = where.text[max(given) :].lstrip()
            if not after.startswith((b",", b")")):
                raise Unfit
            end = max(given)
            if after.startswith(b")") and closing(where.text, opening(where, call)) != where.span(call)[1]:
                raise Unfit
            edits[where.path].append((end, end, f", {name}=None"))
        else:
            end = where.span(call)[1] - 1
            edits[where.path].append((end, end, f"{name}=None"))
    entries.insert(last, (name, name, None, False))
    edits[file.path].append(what.signature.edit())
    return what.finish("add required parameter", name, what.names(), edits)


def opening(file, call) -> int:
    return file.text.index(b"(", file.span(call.func)[1])


def new_parameter(release, what) -> str:
    fitting = [
        name for name in mutate_names.PARAMETERS if not re.search(rf"\b{name}\b", what.file.source(what.function))
    ]
    fitting = [
        name for name in fitting if not any(word.arg == name for _, call in what.calls for word in call.keywords)
    ]
    if not fitting:
        raise Unfit
    return release.draw.choice(fitting)


def keyword_only(release, file, node):
    what = Callable(release, file, node)
    names, entries = what.names(), what.signature.positional
    if what.signature.rest or not names:
        raise Unfit
    fitting = [at for at in range(len(names)) if at >= 1 or len(names) == 1]
    at = release.draw.choice(fitting)
    edits = collections.defaultdict(list)
    what.named_from(edits, at, names)
    what.signature.keywords = entries[at + what.skip :] + what.signature.keywords
    del entries[at + what.skip :]
    edits[file.path].append(what.signature.edit())
    return what.finish("keyword-only parameter", names[at], names[at:], edits)


def reorder(release, file, node):
    what = Callable(release, file, node)
    names, entries = what.names(), what.signature.positional
    if what.signature.rest:
        raise Unfit
    fitting = [
        at for at in range(what.skip, len(entries) - 1) if (entries[at][2] is None) == (entries[at + 1][2] is None)
    ]
    if not fitting:
        raise Unfit
    at = release.draw.choice(fitting)
    edits = collections.defaultdict(list)
    what.named_from(edits, at - what.skip, names)
    entries[at], entries[at + 1] = entries[at + 1], entries[at]
    edits[file.path].append(what.signature.edit())
    return what.finish("reorder parameters", names[at - what.skip], what.names(), edits)
