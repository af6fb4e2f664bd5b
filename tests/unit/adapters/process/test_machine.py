"""What the machine has and how busy it is, read without waiting."""

import os
import time
from pathlib import Path

import psutil
import pytest

from skalds.adapters.process.machine_load import PsutilMachineLoad
from skalds.adapters.process.machine_resources import machine_resources


@pytest.mark.parametrize(
    ("files", "cpu", "memory"),
    [
        ({}, None, None),
        ({"cpu.max": "max 100000\n", "memory.max": "max\n"}, None, None),
        ({"cpu.max": "25000 100000\n", "memory.max": "1048576\n"}, 0.25, 1_048_576),
        ({"cpu.max": "900000000 100000\n", "memory.max": f"{2**62}\n"}, None, None),
        ({"cpu.max": "nonsense", "memory.max": ""}, None, None),
    ],
)
def test_the_machine_offers_what_it_has_or_its_container_allows(
    tmp_path: Path, files: dict[str, str], cpu: float | None, memory: int | None
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)

    assert machine_resources(tmp_path) == {
        "cpu": cpu or float(os.cpu_count() or 1),
        "memory": memory or psutil.virtual_memory().total,
    }


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that `time.monotonic` tells."""
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_load_is_the_larger_of_cpu_and_memory(monkeypatch: pytest.MonkeyPatch, clock: list[float]) -> None:
    load = PsutilMachineLoad()
    monkeypatch.setattr(psutil, "cpu_percent", lambda interval: 12.5)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: type("Memory", (), {"percent": 75.0}))
    clock[0] = 1.0

    assert load.sample() == 0.75


def test_load_is_unknown_until_it_was_measured_over_a_while_and_is_not_measured_anew_at_once(
    monkeypatch: pytest.MonkeyPatch, clock: list[float]
) -> None:
    looks: list[None] = []

    def look(interval: None) -> float:
        looks.append(interval)
        return 50.0

    load = PsutilMachineLoad()
    monkeypatch.setattr(psutil, "cpu_percent", look)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: type("Memory", (), {"percent": 1.0}))
    assert load.sample() is None

    clock[0] = 1.0
    assert (load.sample(), load.sample()) == (0.5, 0.5)
    assert looks == [None]


def test_machine_that_does_not_tell_is_no_error(monkeypatch: pytest.MonkeyPatch, clock: list[float]) -> None:
    def refuse(interval: None) -> float:
        raise PermissionError

    monkeypatch.setattr(psutil, "cpu_percent", refuse)
    load = PsutilMachineLoad()
    clock[0] = 1.0

    assert load.sample() is None


def test_real_machine_answers_between_nothing_and_all(clock: list[float]) -> None:
    load = PsutilMachineLoad()
    clock[0] = 1.0
    answer = load.sample()

    assert answer is not None
    assert 0 <= answer <= 1
