"""Decisions are pure, and the core gets time, chance, ids and threads through ports only."""

import ast
import sys
from collections.abc import Iterator

import pytest

from tests.architecture.source_tree import Module, imports, is_within, modules

PURE: dict[str, set[str]] = {"skalds.model": {"pydantic"}, "skalds.planning": set()}
CORE = ("skalds.model", "skalds.planning", "skalds.ports", "skalds.system_controller", "skalds.node", "skalds.worker")
# These run in the child process, beside the code of the user, never in a simulation.
CHILD_PROCESS = ("skalds.worker.runner", "skalds.worker.procedure", "skalds.worker.outbox")

BANNED = (
    "time.time",
    "time.time_ns",
    "time.monotonic",
    "time.monotonic_ns",
    "time.perf_counter",
    "time.perf_counter_ns",
    "time.sleep",
    "datetime.datetime.now",
    "datetime.datetime.utcnow",
    "datetime.datetime.today",
    "datetime.date.today",
    "uuid.uuid1",
    "uuid.uuid4",
    "os.urandom",
    "secrets.token_bytes",
    "secrets.token_hex",
    "secrets.token_urlsafe",
    "random",
    "threading",
    "_thread",
    "concurrent.futures",
    "multiprocessing",
    "asyncio.to_thread",
)
NOT_BANNED = ("random.Random",)
ALLOWED: dict[str, set[str]] = {
    # Defaults of the public models, for scripts of users.
    "skalds.model.moment": {"time.time_ns"},
    # The id of a worker that is tried out alone, without a controller.
    "skalds.worker.baseclass": {"secrets.token_hex"},
}


def pure_modules() -> list[Module]:
    return [module for module in modules() if is_within(module.name, *PURE)]


def core_modules() -> list[Module]:
    return [m for m in modules() if is_within(m.name, *CORE) and not is_within(m.name, *CHILD_PROCESS)]


def uses(tree: ast.Module) -> Iterator[str]:
    """The dotted names a module uses of what it imports, whatever it calls them."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        match node:
            case ast.Import():
                # `import a.b` binds `a`, `import a.b as c` binds the whole path to `c`.
                tops = [(alias.asname, alias.name) if alias.asname else (top(alias.name),) * 2 for alias in node.names]
                names |= dict(tops)
            case ast.ImportFrom(module=str(source)):
                names |= {alias.asname or alias.name: f"{source}.{alias.name}" for alias in node.names}
                yield from (f"{source}.{alias.name}" for alias in node.names)
    inner = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    for node in ast.walk(tree):
        first, dot, rest = ("" if id(node) in inner else dotted(node)).partition(".")
        if first in names:
            yield f"{names[first]}{dot}{rest}"


def dotted(node: ast.AST) -> str:
    """`a.b.c` for exactly such an expression, else nothing."""
    match node:
        case ast.Name():
            return node.id
        case ast.Attribute():
            before = dotted(node.value)
            return before and f"{before}.{node.attr}"
        case _:
            return ""


def top(name: str) -> str:
    return name.partition(".")[0]


def violations(tree: ast.Module) -> set[str]:
    return {use for use in uses(tree) if is_within(use, *BANNED) and not is_within(use, *NOT_BANNED)}


@pytest.mark.parametrize("module", pure_modules(), ids=lambda module: module.name)
def test_decisions_and_nouns_are_synchronous(module: Module) -> None:
    kinds = (ast.AsyncFunctionDef, ast.AsyncFor, ast.AsyncWith, ast.Await)

    assert [node.lineno for node in ast.walk(module.tree) if isinstance(node, kinds)] == []


@pytest.mark.parametrize("module", pure_modules(), ids=lambda module: module.name)
def test_decisions_and_nouns_need_nothing_from_outside(module: Module) -> None:
    extra = next(packages for package, packages in PURE.items() if is_within(module.name, package))
    tops = {top(target) for target, _ in imports(module)}

    assert tops - sys.stdlib_module_names - {"skalds"} <= extra


@pytest.mark.parametrize("module", core_modules(), ids=lambda module: module.name)
def test_core_takes_time_chance_and_threads_through_ports(module: Module) -> None:
    assert violations(module.tree) - ALLOWED.get(module.name, set()) == set()


def test_every_exception_is_still_needed() -> None:
    trees = {module.name: module.tree for module in modules()}

    assert {name: violations(trees[name]) & uses for name, uses in ALLOWED.items()} == ALLOWED


@pytest.mark.parametrize(
    "source",
    [
        "import time; time.time()",
        "import time as t; x = t.monotonic",
        "from time import time",
        "from datetime import datetime; datetime.now()",
        "import datetime; datetime.datetime.now()",
        "import datetime as dt; dt.date.today()",
        "import random; random.random()",
        "from random import choice",
        "from uuid import uuid4",
        "import threading; threading.Lock()",
        "from concurrent.futures import ThreadPoolExecutor",
        "import concurrent.futures; concurrent.futures.Future()",
    ],
)
def test_use_of_time_or_chance_is_found_under_any_name(source: str) -> None:
    assert violations(ast.parse(source))


@pytest.mark.parametrize(
    "source",
    [
        "import random; rng: random.Random = random.Random(7); rng.random()",
        "from random import Random",
        "from datetime import datetime, timedelta; datetime.fromtimestamp(0)",
        "import time; time.struct_time",
        "snapshot.time.time()",
    ],
)
def test_seeded_chance_and_plain_values_are_fine(source: str) -> None:
    assert violations(ast.parse(source)) == set()
