"""The package as the architecture tests see it: modules, their syntax trees and their imports."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "skalds"


class Module(NamedTuple):
    """A module of the package by its dotted name."""

    name: str
    path: Path

    @property
    def tree(self) -> ast.Module:
        return _parse(self.path)


class Import(NamedTuple):
    """What a module imports: a module, or a name that is none, with the line it stands on."""

    target: str
    line: int


@cache
def modules() -> tuple[Module, ...]:
    return tuple(Module(_dotted_name(path), path) for path in sorted(PACKAGE.rglob("*.py")))


def is_within(name: str, *packages: str) -> bool:
    """Whether the module is one of the packages or inside one."""
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def imports(module: Module) -> Iterator[Import]:
    """Every import, also those inside functions and under TYPE_CHECKING; a name from a package counts as
    `package.name`."""
    for node in ast.walk(module.tree):
        match node:
            case ast.Import():
                yield from (Import(alias.name, node.lineno) for alias in node.names)
            case ast.ImportFrom():
                source = _resolve_source(module, node)
                yield from (Import(f"{source}.{alias.name}", node.lineno) for alias in node.names)


def nearest_module(target: str) -> str:
    """`skalds.model.task` for `skalds.model.task.Task`."""
    names = {module.name for module in modules()}
    while target not in names and "." in target:
        target = target.rpartition(".")[0]
    return target


@cache
def _parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def _dotted_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _resolve_source(module: Module, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    depth = node.level - (module.path.name == "__init__.py")
    base = module.name.split(".")
    return ".".join([*base[: len(base) - depth], *([node.module] if node.module else [])])
