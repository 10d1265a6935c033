"""What the code writes into the audit trail, read from the code itself: the purposes and object types of entries."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import plugin

WRITER: Final = "add_audit_entries"
"""The function by which every entry is written; others call it with what they were given."""
ANYTHING: Final = "*"
"""What stands in a text for a value that the code works out."""
_FILES: Final = tuple(Path(plugin.__file__).parent.rglob("*.py"))

_Places = Mapping[str, int | None]
"""Functions with the place of the parameter among the arguments of a call; None where it is given by its name alone."""
_Values = Mapping[str, Sequence[ast.expr]]
"""What is assigned to a name."""


@dataclass(frozen=True)
class Written:
    """The texts that the code writes in one place of an entry, and the expressions whose texts it works out."""

    texts: frozenset[str]
    computed: frozenset[str]


def written_entries(parameter: str) -> Written:
    """Return what the code writes for a parameter of `add_audit_entries`, straight or by way of others that pass it on.

    A function that does so under a name with an underscore is called in its own file alone.
    """
    trees = [ast.parse(path.read_text()) for path in _FILES]
    constants = {name: values for tree in trees for name, values in _assigned(tree).items() if _is_constant(name)}
    writers = _writers(trees, parameter)
    texts: set[str] = set()
    computed: set[str] = set()
    for tree, places in zip(trees, writers, strict=True):
        names = {**constants, **_assigned(tree)}
        for value in _arguments(tree, places, parameter):
            for text, is_known in _texts(value, names, parameter):
                (texts if is_known else computed).add(text)
    return Written(frozenset(texts), frozenset(computed))


def _writers(trees: Sequence[ast.AST], parameter: str) -> list[_Places]:
    """Return for each file the functions that it may call to write an entry with this parameter."""
    candidates = [_functions(tree, parameter) for tree in trees]
    found: list[dict[str, int | None]] = [{} for _ in trees]
    shared: dict[str, int | None] = {WRITER: None}
    while True:
        before = sum(map(len, found)) + len(shared)
        for functions, own in zip(candidates, found, strict=True):
            for function in functions:
                given = _arguments(function, {**shared, **own}, parameter)
                if any(isinstance(value, ast.Name) and value.id == parameter for value in given):
                    own[function.name] = _place(function, parameter)
                    if not function.name.startswith("_"):
                        shared[function.name] = own[function.name]
        if sum(map(len, found)) + len(shared) == before:
            return [{**shared, **own} for own in found]


def _functions(tree: ast.AST, parameter: str) -> list[ast.FunctionDef]:
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        and parameter in {each.arg for each in (*node.args.args, *node.args.kwonlyargs)}
    ]


def _place(function: ast.FunctionDef, parameter: str) -> int | None:
    names = [each.arg for each in function.args.args if each.arg != "self"]
    return names.index(parameter) if parameter in names else None


def _arguments(tree: ast.AST, places: _Places, parameter: str) -> Iterator[ast.expr]:
    """Yield what calls of these functions give for the parameter, and what a function has where nothing is given."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name in places:
            for name, default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True):
                if name.arg == parameter and default is not None:
                    yield default
        if isinstance(node, ast.Call):
            # A function is called, or handed over with what it will be called with.
            handed_over = ((each, node.args[at:]) for at, each in enumerate(node.args, start=1))
            for called, given in ((node.func, node.args), *handed_over):
                place = places.get(_called(called), -1)
                if place != -1:
                    yield from (each.value for each in node.keywords if each.arg == parameter)
                if place is not None and 0 <= place < len(given):
                    yield given[place]


def _called(function: ast.expr) -> str:
    """Return the name by which a function is called; empty for any other expression."""
    match function:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return ""


def _assigned(tree: ast.AST) -> dict[str, list[ast.expr]]:
    """Return what is assigned to each name of a file; of several names at once, all of it."""
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            targets: list[ast.expr] = node.targets
        elif isinstance(node, ast.AnnAssign):
            targets = [node.target]
        else:
            continue
        for target in targets:
            for each in target.elts if isinstance(target, ast.Tuple) else [target]:
                if isinstance(each, ast.Name) and node.value is not None:
                    found.setdefault(each.id, []).append(node.value)
    return found


def _texts(value: ast.expr, names: _Values, parameter: str) -> Iterator[tuple[str, bool]]:
    """Yield the texts that an expression can be, or the expression itself where it is worked out."""
    match value:
        case ast.Constant(value=str(text)):
            yield text, True
        case ast.JoinedStr(values=parts):
            text = "".join(_part(part, names) for part in parts)
            is_known = bool(set(text) - {*ANYTHING, " "})
            yield (text if is_known else ast.unparse(value)), is_known
        case ast.IfExp(body=one, orelse=other):
            yield from _texts(one, names, parameter)
            yield from _texts(other, names, parameter)
        case ast.Tuple(elts=several):  # of which one is the text, and the others are no texts
            yield from (found for each in several for found in _texts(each, names, parameter) if found[1])
        case ast.Name(id=name) if name in names:
            for each in names[name]:
                yield from _texts(each, names, parameter)
        case ast.Name(id=name) if name == parameter:
            return  # passed on by a function whose own callers are read
        case _:
            yield ast.unparse(value), False


def _part(part: ast.expr, names: _Values) -> str:
    """Return a part of an f-string: its words, or those of a constant."""
    match part:
        case ast.Constant(value=text):
            return str(text)
        case ast.FormattedValue(value=ast.Name(id=name)) if _is_constant(name):
            return str(ast.literal_eval(names[name][0]))
    return ANYTHING


def _is_constant(name: str) -> bool:
    return name.lstrip("_").isupper()
