"""Every import path and name of the documentation exists."""

import importlib
from enum import Enum
from importlib.metadata import entry_points

import pytest

import skalds

PUBLIC: dict[str, str] = {
    "skalds": "Skald Skalds __version__",
    "skalds.config._enum": "LogLevelEnum SkaldEnvEnum SkaldModeEnum SystemControllerModeEnum DispatcherStrategyEnum",
    "skalds.config.skald_config": "SkaldConfig",
    "skalds.config.system_controller_config": "SystemControllerConfig",
    "skalds.model.event": "TaskEvent UpdateTaskWorkerEvent",
    "skalds.model.task": "Task ModeEnum TaskLifecycleStatus TaskWorkerSimpleMap TaskWorkerSimpleMapList",
    "skalds.system_controller.main": "SystemController main",
    "skalds.system_controller.monitor.dispatcher": "Dispatcher",
    "skalds.utils.logging": "logger init_logger",
    "skalds.worker.baseclass": (
        "BaseTaskWorker AbstractTaskWorker TaskWorkerConfig run_before_handler run_main_handler run_after_handler "
        "release_handler update_event_handler LifecycleHandler UpdateEventHandler"
    ),
}
NAMES = [(path, name) for path, names in PUBLIC.items() for name in names.split()]

ENUMS: dict[str, dict[str, str]] = {
    "skalds.model.task.ModeEnum": {"ACTIVE": "Active", "PASSIVE": "Passive", "PASSIVE_PROCESS": "PassiveProcess"},
    "skalds.model.task.TaskLifecycleStatus": {
        name.upper(): name for name in ("Created", "Assigning", "Running", "Paused", "Finished", "Failed", "Cancelled")
    },
    "skalds.config._enum.SkaldModeEnum": {"EDGE": "edge", "NODE": "node", "SINGLE_PROCESS": "single_process"},
    "skalds.config._enum.SkaldEnvEnum": {name: name for name in ("DEV", "PRODUCTION")},
    "skalds.config._enum.LogLevelEnum": {
        name: name for name in ("TRACE", "DEBUG", "INFO", "SUCCESS", "WARNING", "ERROR", "CRITICAL")
    },
    "skalds.config._enum.SystemControllerModeEnum": {name: name for name in ("CONTROLLER", "MONITOR", "DISPATCHER")},
    "skalds.config._enum.DispatcherStrategyEnum": {
        name: name
        for name in (
            "LEAST_TASKS",
            "ROUND_ROBIN",
            "RANDOM",
            "POWER_OF_TWO",
            "WEIGHTED",
            "BIN_PACK",
            "SPREAD",
            "STICKY",
            "LEAST_LOADED",
        )
    },
}
WITH_LIST = (
    "skalds.model.task.ModeEnum",
    "skalds.model.task.TaskLifecycleStatus",
    "skalds.config._enum.SystemControllerModeEnum",
    "skalds.config._enum.DispatcherStrategyEnum",
)


def find(path: str) -> object:
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


@pytest.mark.parametrize(("path", "name"), NAMES)
def test_documented_name_exists(path: str, name: str) -> None:
    assert find(f"{path}.{name}") is not None


@pytest.mark.parametrize("path", ENUMS)
def test_enum_has_the_documented_members_and_text(path: str) -> None:
    enum = find(path)

    assert isinstance(enum, type)
    assert issubclass(enum, str)
    assert issubclass(enum, Enum)
    assert {member.name: member.value for member in enum} == ENUMS[path]


@pytest.mark.parametrize("path", WITH_LIST)
def test_enum_lists_its_texts(path: str) -> None:
    listing = getattr(find(path), "list")  # noqa: B009 - mypy knows no list on object

    assert listing() == list(ENUMS[path].values())


def test_skald_and_skalds_are_the_same_class() -> None:
    assert skalds.Skald is skalds.Skalds


def test_unknown_name_of_the_package_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nothing_like_it"):
        skalds.nothing_like_it  # noqa: B018


def test_command_line_is_installed_under_the_documented_name() -> None:
    (command,) = entry_points(group="console_scripts", name="skalds")

    assert command.value == "skalds.cli.main:main"
    assert callable(command.load())
