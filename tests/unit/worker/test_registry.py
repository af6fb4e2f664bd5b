"""What may be registered, and what the registry then knows."""

from typing import Any

import pytest

from skalds.errors import ConfigurationError, NotFound
from skalds.model.task import Task
from skalds.worker.baseclass import BaseTaskWorker
from skalds.worker.registry import WorkerRegistry
from tests.unit.worker.worker_builders import Data, Recorder, a_task, run_task


class Bare(BaseTaskWorker[Data]):
    """The least a worker class can be."""

    def initialize(self, data: Data | None) -> None:
        self.data = data


def registry_of(*classes: type[BaseTaskWorker[Any]]) -> WorkerRegistry:
    registry = WorkerRegistry()
    for worker_class in classes:
        registry.register(worker_class)
    return registry


def test_a_registered_class_is_known_with_its_schema() -> None:
    registry = registry_of(Bare, Recorder)
    assert list(registry) == ["Bare", "Recorder"]
    assert registry.schemas()["Bare"]["properties"]["number"]["type"] == "integer"


def test_registering_twice_is_once() -> None:
    assert len(registry_of(Bare, Bare)) == 1


def test_two_classes_of_one_name_are_refused() -> None:
    other = type("Bare", (Bare,), {})
    with pytest.raises(ConfigurationError, match=r"test_registry\.Bare has it"):
        registry_of(Bare, other)


@pytest.mark.parametrize("candidate", [int, "Bare", Data])
def test_only_worker_classes_are_taken(candidate: Any) -> None:
    with pytest.raises(ConfigurationError, match="a subclass of BaseTaskWorker"):
        registry_of(candidate)


def test_a_class_without_a_data_model_is_refused_with_the_fix() -> None:
    class Untyped(BaseTaskWorker):  # type: ignore[type-arg]
        def initialize(self, data: Any) -> None:
            """Nothing to prepare."""

    with pytest.raises(ConfigurationError, match=r"class Untyped\(BaseTaskWorker\[MyModel\]\)"):
        registry_of(Untyped)


def test_an_unknown_way_to_launch_is_refused() -> None:
    class Odd(Bare):
        launch = "thread"

    with pytest.raises(ConfigurationError, match=r"Odd\.launch"):
        registry_of(Odd)


def test_classes_for_fresh_interpreters_are_listed() -> None:
    class Fresh(Bare):
        launch = "exec"

    assert registry_of(Bare, Fresh).exec_classes == {"Fresh"}


def test_the_data_model_is_inherited() -> None:
    class Heir(Bare):
        pass

    assert Heir.get_data_model() is Data


@pytest.mark.parametrize("parameters", ["task, redis_config, kafka_config", "task", ""])
def test_a_constructor_of_any_usual_shape_works(parameters: str) -> None:
    namespace: dict[str, Any] = {"Bare": Bare}
    code = (
        f"class Own(Bare):\n    def __init__(self{', ' + parameters if parameters else ''}):\n        self.own = True\n"
    )
    exec(code, namespace)
    registry = registry_of(namespace["Own"])
    worker = registry.create(a_task("Own"))
    assert worker.own  # type: ignore[attr-defined]


def test_a_constructor_that_leaves_out_ours_still_gets_its_run() -> None:
    seen: list[str] = []

    class Own(Bare):
        def __init__(self, task: Task | None = None) -> None:
            """Does not call the constructor of the base."""

        def initialize(self, data: Data | None) -> None:
            seen.append(f"{self.task_id} {self.attempt}")

    run_task(registry_of(Own), a_task("Own"))
    assert seen == ["t1 2"]


def test_an_unknown_class_is_not_found() -> None:
    with pytest.raises(NotFound, match="Nobody"):
        registry_of(Bare).create(a_task("Nobody"))
