"""Two controllers and four nodes survive hundreds of seeds of faults; a system with a defect does not."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from skalds.testing.simulation.connection import Cut
from skalds.testing.simulation.history import Entered, LeaseMoved, Noted, Refused, SessionClosed
from skalds.testing.simulation.run import main
from skalds.testing.simulation.simulation import simulate
from tests.simulation.broken_parts import BROKEN, RARE

SEEDS = 200
SEEDS_TO_NOTICE = 300
"""How many seeds a defect may take to be noticed; most show in the first few."""

ROOT = Path(__file__).parents[2]
DIGESTS = """
import sys
from skalds.testing.simulation.simulation import simulate
for seed in sys.argv[1:]:
    print(simulate(int(seed)).history.digest())
"""


def test_nothing_breaks_in_two_hundred_seeds(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["--seeds", str(SEEDS), "--processes", "2"])

    assert status == 0, capsys.readouterr().out


def test_every_kind_of_fault_takes_place() -> None:
    texts, kinds = "", set()
    for seed in range(80):
        history = simulate(seed).history
        kinds |= {type(event) for _, event in history.events}
        texts += "\n".join(str(event) for _, event in history.of(Noted))

    faults = ("crashes", "restarts", "freezes", "goes on", "second process", "asked to stop", "no beat", "wall clock")
    cuts = tuple(f"cut off ({cut.value})" for cut in Cut)
    ends = ("WorkerLaunchFailed", "SessionReplaced", "hints stay lost", "hints arrive")
    assert [word for word in (*faults, *cuts, *ends) if word not in texts] == []
    assert {Entered, LeaseMoved, Refused, SessionClosed} <= kinds


@pytest.mark.parametrize("name", BROKEN)
def test_defect_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    check, breaks = BROKEN[name]
    parts = breaks(monkeypatch)

    first = RARE.get(name, 0)
    seeds = range(first, first + SEEDS_TO_NOTICE)
    found = (violation for seed in seeds for violation in simulate(seed, parts).violations)
    assert any(violation.startswith(f"{check}: ") for violation in found)


def test_same_seed_gives_the_same_trace_again() -> None:
    first, second = simulate(7).history, simulate(7).history

    assert first.lines() == second.lines()


def test_same_seed_gives_the_same_trace_in_a_process_with_another_hash_seed() -> None:
    seeds = [str(seed) for seed in range(1, 13)]
    digests = [
        subprocess.run(
            [sys.executable, "-c", DIGESTS, *seeds],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        for hash_seed in ("1", "2")
    ]

    assert digests[0] == digests[1] == [simulate(int(seed)).history.digest() for seed in seeds]


def test_one_seed_prints_a_readable_trace(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["--seed", "3", "--trace"])
    lines = capsys.readouterr().out.splitlines()

    assert status == 0
    assert any("enters user code on n" in line for line in lines)
    assert any("log of c" in line for line in lines)
    assert lines[-1].startswith("seed 3: ")


def test_failure_names_seed_statement_and_last_events(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    BROKEN["failures never end a task"][1](monkeypatch)
    status = main(["--seeds", "5", "--processes", "1"])
    out = capsys.readouterr().out

    assert status == 1
    assert "violates" in out
    assert "S8: t-" in out
    assert "replay: make simulate SEED=" in out
