"""Files, functions and classes keep the sizes of the house style."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.source_tree import PACKAGE, ROOT, Module, is_within, modules

FILE_LINES = 400
FUNCTION_LINES = 40
PUBLIC_METHODS = 10
PORT_METHODS = 8
BANNED_FILE_NAMES = {"utils.py", "helpers.py", "common.py", "misc.py"}
# The path of the public logger since 0.3.8.
BANNED_FOLDER_EXCEPTIONS = {PACKAGE / "utils"}

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


def python_files() -> Iterator[Path]:
    for folder in (PACKAGE, ROOT / "tests"):
        yield from sorted(folder.rglob("*.py"))


def classes(module: Module) -> Iterator[ast.ClassDef]:
    return (node for node in ast.walk(module.tree) if isinstance(node, ast.ClassDef))


def public_methods(node: ast.ClassDef) -> set[str]:
    functions = (item for item in node.body if isinstance(item, FunctionNode))
    # The tests of a suite are not a public surface.
    return {item.name for item in functions if not item.name.startswith(("_", "test_")) and not is_property(item)}


def is_property(function: FunctionNode) -> bool:
    names = {ast.unparse(decorator).rpartition(".")[2] for decorator in function.decorator_list}
    return bool(names & {"property", "cached_property", "setter"})


def is_protocol(node: ast.ClassDef) -> bool:
    return any(ast.unparse(base).startswith("Protocol") for base in node.bases)


def length(function: FunctionNode) -> int:
    docstring = function.body[0] if ast.get_docstring(function) is not None else None
    return lines_of(function) - (lines_of(docstring) if docstring else 0)


def lines_of(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def test_files_hold_one_concept() -> None:
    sizes = {str(path): len(path.read_text(encoding="utf-8").splitlines()) for path in python_files()}

    assert {path: size for path, size in sizes.items() if size > FILE_LINES} == {}


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.name)
def test_functions_fit_a_screen(module: Module) -> None:
    functions = [node for node in ast.walk(module.tree) if isinstance(node, FunctionNode)]

    assert {f.name: length(f) for f in functions if length(f) > FUNCTION_LINES} == {}


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.name)
def test_classes_have_one_reason_to_exist(module: Module) -> None:
    limit = PORT_METHODS if is_within(module.name, "skalds.ports") else PUBLIC_METHODS
    counts = {
        node.name: len(public_methods(node))
        for node in classes(module)
        if is_protocol(node) or not is_within(module.name, "skalds.ports")
    }

    assert {name: count for name, count in counts.items() if count > limit} == {}


def test_no_file_is_a_drawer() -> None:
    drawers = [path for path in python_files() if path.name in BANNED_FILE_NAMES]
    folders = [
        path.parent
        for path in python_files()
        if path.name == "__init__.py" and f"{path.parent.name}.py" in BANNED_FILE_NAMES
    ]

    assert drawers == []
    assert set(folders) <= BANNED_FOLDER_EXCEPTIONS
