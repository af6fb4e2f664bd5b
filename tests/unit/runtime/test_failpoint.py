"""Failpoints: nothing unless armed, and armed only by what is spelled out."""

import ast
import os
import signal
import time
from collections.abc import Iterator

import pytest

from skalds.errors import ConfigurationError
from skalds.runtime.failpoint import FAILPOINTS, arm, disarm, failpoint
from tests.architecture.source_tree import modules

POINT = "claim.committed"


@pytest.fixture(autouse=True)
def _disarmed() -> Iterator[None]:
    yield
    disarm()


def passed_points() -> list[str]:
    """The names of all points in the package, as written there."""
    calls = [node for module in modules() for node in ast.walk(module.tree) if isinstance(node, ast.Call)]
    names = [call.args[0] for call in calls if isinstance(call.func, ast.Name) and call.func.id == "failpoint"]
    return [str(name.value) for name in names if isinstance(name, ast.Constant)]


def test_the_list_names_exactly_the_points_there_are() -> None:
    assert sorted(passed_points()) == sorted(FAILPOINTS)


def test_passing_a_point_does_nothing_and_asks_nothing() -> None:
    failpoint(POINT, reached=lambda: pytest.fail("asked although nothing is armed"))


def test_nothing_is_armed_by_nothing() -> None:
    arm("", "default")
    arm(" , ", "environment")
    failpoint(POINT)


@pytest.mark.parametrize("text", ["claim.commited=kill", "kill", "claim.committed=kill,nowhere=kill", "=kill"])
def test_an_unknown_point_arms_nothing_and_is_answered_with_the_list(text: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        arm(text, "environment")

    assert all(name in refused.value.message for name in FAILPOINTS)
    failpoint(POINT)


@pytest.mark.parametrize(
    "action", ["", "die", "kill:0", "kill:x", "kill:1:2", "raise:-1", "stall", "stall:x", "stall:²"]
)
def test_an_unknown_action_is_refused(action: str) -> None:
    with pytest.raises(ConfigurationError, match="point=kill"):
        arm(f"{POINT}={action}", "environment")


def test_a_file_that_every_process_reads_arms_none() -> None:
    with pytest.raises(ConfigurationError, match="environment of the one process"):
        arm(f"{POINT}=raise", ".env")

    failpoint(POINT)


def test_the_third_passage_raises_and_the_fourth_does_not() -> None:
    arm(f"{POINT}=raise:3", "environment")

    failpoint(POINT)
    failpoint(POINT, reached=lambda: False)
    failpoint("submit.committed")
    failpoint(POINT)
    with pytest.raises(RuntimeError, match=POINT):
        failpoint(POINT)
    failpoint(POINT)


def test_kill_is_a_kill(monkeypatch: pytest.MonkeyPatch) -> None:
    killed: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda pid, number: killed.append((pid, number)))
    arm(f"{POINT}=kill", "environment")

    failpoint(POINT)

    assert killed == [(os.getpid(), signal.SIGKILL)]


def test_a_stall_blocks_for_so_many_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    stalls: list[float] = []
    monkeypatch.setattr(time, "sleep", stalls.append)
    arm(f"{POINT}=stall:5", "environment")

    failpoint(POINT)

    assert stalls == [5]
