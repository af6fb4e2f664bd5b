"""Imports point one way: the table of the house style, row by row."""

import pytest

from tests.architecture.source_tree import Module, imports, is_within, modules, nearest_module

LEAVES = ("skalds.config._enum", "skalds.errors")
CORE = ("skalds.config", "skalds.errors", "skalds.model", "skalds.planning", "skalds.ports", "skalds.runtime")
ADAPTER = ("skalds.ports", "skalds.model", "skalds.errors")
BOOTSTRAPS = (
    "skalds.system_controller.bootstrap",
    "skalds.system_controller.db_bootstrap",
    "skalds.system_controller.doctor_bootstrap",
    "skalds.node.bootstrap",
)
CLI = ("skalds.cli", "skalds.client", "skalds.config", "skalds.errors", "skalds.app", "skalds.demo")
ANYTHING = ("skalds",)
PUBLIC_ROOT = ("skalds.__version__", "skalds.Skalds", "skalds.Skald")

# The row of the longest matching name counts. A package may import itself where its row says so.
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "skalds.config._enum": (),
    "skalds.errors": (),
    "skalds.config": ("skalds.config", "skalds.errors"),
    "skalds.model": ("skalds.model", *LEAVES),
    "skalds.planning": ("skalds.planning", "skalds.model", *LEAVES),
    "skalds.ports": ("skalds.ports", "skalds.model", *LEAVES),
    "skalds.runtime": ("skalds.runtime", "skalds.ports", "skalds.errors"),
    "skalds.adapters": (),
    # What a task looks like once stored is the same in both engines, and no engine may import another.
    "skalds.adapters.stored_form": ("skalds.model", "skalds.errors"),
    "skalds.adapters.extra": ("skalds.errors",),
    # How the checkups of the three servers tell a wrong name, a closed port and silence apart.
    "skalds.adapters.reachability": ("skalds.ports",),
    # The same for what a node says of itself, and for how often a log tells what repeats itself.
    "skalds.adapters.node_form": ("skalds.model",),
    "skalds.adapters.log_sampling": (),
    "skalds.adapters.memory": ("skalds.adapters.memory", "skalds.adapters.stored_form", *ADAPTER),
    "skalds.adapters.sqlite": (
        "skalds.adapters.sqlite",
        "skalds.adapters.node_form",
        "skalds.adapters.stored_form",
        *ADAPTER,
    ),
    "skalds.adapters.mongo": (
        "skalds.adapters.mongo",
        "skalds.adapters.node_form",
        "skalds.adapters.reachability",
        "skalds.adapters.stored_form",
        *ADAPTER,
    ),
    "skalds.adapters.kafka": (
        "skalds.adapters.kafka",
        "skalds.adapters.log_sampling",
        "skalds.adapters.reachability",
        *ADAPTER,
    ),
    "skalds.adapters.redis": (
        "skalds.adapters.redis",
        "skalds.adapters.log_sampling",
        "skalds.adapters.reachability",
        *ADAPTER,
    ),
    # Wiring of three engines into one, and of the settings into their options.
    "skalds.adapters.distributed": (
        "skalds.adapters.distributed",
        "skalds.adapters.mongo",
        "skalds.adapters.kafka",
        "skalds.adapters.redis",
        "skalds.config",
        *ADAPTER,
    ),
    "skalds.adapters.process": ("skalds.adapters.process", *ADAPTER),
    "skalds.system_controller": ("skalds.system_controller", *CORE),
    "skalds.node": ("skalds.node", *CORE),
    "skalds.worker": ("skalds.worker", *CORE),
    "skalds.system_controller.bootstrap": ("skalds.system_controller", "skalds.adapters", *CORE),
    "skalds.system_controller.doctor_bootstrap": ("skalds.system_controller", "skalds.adapters", *CORE),
    "skalds.system_controller.db_bootstrap": ("skalds.system_controller", "skalds.adapters", *CORE),
    "skalds.node.bootstrap": ("skalds.node", "skalds.adapters", *CORE),
    "skalds.testing": ("skalds.testing", "skalds.adapters", *CORE),
    # Whole controllers and nodes in one process, on the memory engine.
    "skalds.testing.simulation": (
        "skalds.testing",
        "skalds.system_controller",
        "skalds.node",
        "skalds.adapters",
        *CORE,
    ),
    "skalds.client": ("skalds.client", "skalds.model", "skalds.errors"),
    "skalds.cli": CLI,
    "skalds.cli.controller": (*CLI, *BOOTSTRAPS),
    "skalds.cli.node": (*CLI, *BOOTSTRAPS),
    "skalds.cli.doctor": (*CLI, *BOOTSTRAPS),
    "skalds.cli.doctor_page": (*CLI, *BOOTSTRAPS),
    "skalds.cli.db": (*CLI, *BOOTSTRAPS),
    "skalds.cli.demo_run": (*CLI, *BOOTSTRAPS),
    "skalds.app": ANYTHING,
    # An application as a user would write it: the public surface and nothing else.
    "skalds.demo": ("skalds.demo", "skalds.app", "skalds.worker.baseclass"),
    "skalds.proxy": ("skalds.proxy", "skalds.model", "skalds.errors"),
    "skalds.repository": ("skalds.repository", "skalds.model", "skalds.errors"),
    "skalds.store": ("skalds.store", "skalds.model", "skalds.errors"),
    "skalds.handler": ("skalds.handler", "skalds.model", "skalds.errors"),
    # Not in the table: the public logger of 0.3.8 is a thin module over the log of the runtime.
    "skalds.utils": ("skalds.utils", "skalds.runtime", "skalds.errors"),
}
MAY_NOT_IMPORT: dict[str, tuple[str, ...]] = {"skalds.app": ("skalds.adapters",)}

DRIVERS: dict[str, tuple[str, ...]] = {
    "apsw": ("skalds.adapters.sqlite",),
    "sqlite3": (),
    "pymongo": ("skalds.adapters.mongo", "skalds.testing.services", "skalds.proxy", "skalds.repository"),
    "confluent_kafka": ("skalds.adapters.kafka", "skalds.testing.services", "skalds.proxy"),
    "redis": ("skalds.adapters.redis", "skalds.testing.services", "skalds.proxy"),
}
STARTS_PROCESSES = ("skalds.cli.up", "skalds.cli.demo", "skalds.cli.doctor")


def rule_of(name: str) -> str:
    return max((row for row in MAY_IMPORT if is_within(name, row)), key=len, default="")


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.name)
def test_module_imports_only_what_its_row_allows(module: Module) -> None:
    if module.name == "skalds":
        return
    row = rule_of(module.name)
    assert row, f"{module.name} belongs to no row of the table"

    refused = [
        f"{module.path}:{line} imports {target}"
        for target, line in imports(module)
        if is_within(target, "skalds") and target not in PUBLIC_ROOT
        if not is_within(nearest_module(target), *MAY_IMPORT[row])
        or is_within(nearest_module(target), *MAY_NOT_IMPORT.get(row, ()))
    ]
    assert refused == []


def test_package_itself_imports_only_the_application_class() -> None:
    (root,) = (module for module in modules() if module.name == "skalds")

    assert {nearest_module(target) for target, _ in imports(root) if is_within(target, "skalds")} <= {"skalds.app"}


@pytest.mark.parametrize("driver", DRIVERS)
def test_driver_is_imported_by_its_own_adapter_only(driver: str) -> None:
    importers = {module.name for module in modules() for target, _ in imports(module) if is_within(target, driver)}

    assert [name for name in importers if not is_within(name, *DRIVERS[driver])] == []


def test_only_some_commands_start_processes() -> None:
    targets = {m.name: {nearest_module(target) for target, _ in imports(m)} for m in modules()}
    commands = {name for name in targets.get("skalds.cli.main", ()) if is_within(name, "skalds.cli")}

    def starts_processes(name: str) -> bool:
        return any(
            is_within(target, "subprocess", "multiprocessing")
            or (is_within(target, "skalds.cli") and starts_processes(target))
            for target in targets.get(name, set()) - {name, "skalds.cli.main"}
        )

    assert {name for name in commands if starts_processes(name)} <= set(STARTS_PROCESSES)


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("skalds.config._enum", "skalds.config._enum"),
        ("skalds.config.loading", "skalds.config"),
        ("skalds.node.bootstrap", "skalds.node.bootstrap"),
        ("skalds.node.agent", "skalds.node"),
        ("skalds.nodes", ""),
    ],
)
def test_longest_matching_row_counts(name: str, row: str) -> None:
    assert rule_of(name) == row
