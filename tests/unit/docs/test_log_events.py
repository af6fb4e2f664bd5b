"""The page of log events names exactly what the source logs."""

import ast
import re
from collections.abc import Iterator

from tests.architecture.source_tree import modules
from tests.unit.docs.markdown import read

LEVELS = {"debug", "info", "warning", "error"}
SUPPRESSED = "log.suppressed"
FILE_FAILED = "log.file_failed"


def documented() -> list[str]:
    return re.findall(r"^\| `([^`]+)` \|", read("docs/reference/log-events.md"), re.MULTILINE)


def logged() -> set[str]:
    """Every name given to `log_event`, or to a bound loguru logger; what is not constant shows as `*`."""
    return {name for module in modules() for name in _names(module.tree)} | {SUPPRESSED, FILE_FAILED}


def _names(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="log_event"), args=[_, event, *_]):
                yield from _texts(event, tree)
            case ast.Call(
                func=ast.Attribute(
                    value=ast.Call(func=ast.Attribute(value=ast.Name(id="logger"), attr="bind")), attr=level
                ),
                args=[event, *_],
            ) if level in LEVELS:
                yield from _texts(event, tree)
            case ast.Call(func=ast.Name(id="Revision"), args=[_, _, event]):
                yield from _texts(event, tree)


def _texts(node: ast.expr, tree: ast.Module) -> Iterator[str]:
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.IfExp():
            yield from _texts(node.body, tree)
            yield from _texts(node.orelse, tree)
        case ast.JoinedStr():
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "*" for part in node.values)
        case ast.Name(id=name):
            yield from _assigned(name, tree)
        case ast.Call(func=ast.Name(id=name)):
            yield from _returned(name, tree)
        case ast.Attribute(attr="done"):
            return  # of a `Revision`, whose names are found where they are made
        case _:
            raise AssertionError(f"the name of an event cannot be found: {ast.unparse(node)}")


def _assigned(name: str, tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Name(id=target)], value=value) if target == name:
                yield from _texts(value, tree)


def _returned(name: str, tree: ast.Module) -> Iterator[str]:
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == name)
    for node in (inner for function in functions for inner in ast.walk(function)):
        if isinstance(node, ast.Return) and node.value is not None:
            yield from _texts(node.value, tree)


def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(".+".join(re.escape(part) for part in name.split("*")))


def test_every_event_is_on_the_page() -> None:
    page = documented()
    missing = [name for name in sorted(logged()) if not any(_pattern(name).fullmatch(row) for row in page)]

    assert missing == []


def test_every_row_of_the_page_is_logged() -> None:
    patterns = [_pattern(name) for name in logged()]
    stale = [row for row in documented() if not any(pattern.fullmatch(row) for pattern in patterns)]

    assert stale == []


def test_no_event_is_explained_twice() -> None:
    page = documented()

    assert len(page) == len(set(page))
