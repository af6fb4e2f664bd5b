"""Finding hooks, and calling them with the arguments they take."""

import functools
from collections.abc import Callable
from typing import Any

import pytest

from skalds.worker.baseclass import BaseTaskWorker, LifecycleHandler, UpdateEventHandler, run_main_handler
from skalds.worker.hooks import call_fitting, find_hook
from tests.unit.worker.worker_builders import Data, Recorder


class Quiet(BaseTaskWorker[Data]):
    """Has no hook at all."""

    def initialize(self, data: Data | None) -> None:
        """Nothing to prepare."""


def test_of_several_hooks_the_alphabetically_last_wins() -> None:
    class Several(Quiet):
        @run_main_handler
        def zulu(self) -> str:
            return "zulu"

        @run_main_handler
        def alpha(self) -> str:
            return "alpha"

    hook = find_hook(Several(), LifecycleHandler.RUN_MAIN)
    assert hook is not None
    assert hook() == "zulu"


def test_hooks_are_inherited_and_an_unmarked_override_takes_them_away() -> None:
    class Heir(Recorder):
        pass

    class Disinherited(Recorder):
        def main(self) -> None:
            """Not marked."""

    assert find_hook(Heir(), LifecycleHandler.RUN_MAIN) is not None
    assert find_hook(Disinherited(), LifecycleHandler.RUN_MAIN) is None


@pytest.mark.parametrize("kind", [*LifecycleHandler, *UpdateEventHandler])
def test_a_worker_without_the_hook_has_none(kind: Any) -> None:
    assert find_hook(Quiet(), kind) is None


def test_a_hook_of_a_mixin_counts() -> None:
    class Mixin:
        @run_main_handler
        def work(self) -> str:
            return "mixed in"

    class Mixed(Mixin, Quiet):
        pass

    assert find_hook(Mixed(), LifecycleHandler.RUN_MAIN) is not None


def wrapped(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(*arguments: Any) -> Any:
        return function(*arguments)

    return call


class Shapes:
    """Methods of every shape a hook may have."""

    def none(self) -> Any:
        return ()

    def two(self, signum: int, frame: object) -> Any:
        return (signum, frame)

    def optional(self, signum: int = -1, frame: object = None) -> Any:
        return (signum, frame)

    def any_number(self, *arguments: Any) -> Any:
        return arguments

    def keyword(self, signum: int, *, loud: bool = True) -> Any:
        return (signum, loud)

    @staticmethod
    def static(signum: int) -> Any:
        return (signum,)

    @wrapped
    def decorated(self) -> Any:
        return "decorated"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("none", ()),
        ("two", (15, "frame")),
        ("optional", (15, "frame")),
        ("any_number", (15, "frame")),
        ("keyword", (15, True)),
        ("static", (15,)),
        ("decorated", "decorated"),
    ],
)
def test_a_hook_gets_the_first_arguments_that_fit(name: str, expected: Any) -> None:
    assert call_fitting(getattr(Shapes(), name), (15, "frame"), (15,), ()) == expected


def test_a_hook_that_takes_something_else_is_told_so() -> None:
    with pytest.raises(TypeError, match=r"two.* 0 arguments"):
        call_fitting(Shapes().two, ())


def test_a_type_error_inside_a_hook_is_not_taken_for_a_wrong_shape() -> None:
    def broken() -> None:
        raise TypeError("from inside")

    with pytest.raises(TypeError, match="from inside"):
        call_fitting(broken, (), (1,))
