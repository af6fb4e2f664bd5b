"""The situations of docs/troubleshooting.md, brought about, and its commands typed: what comes out stands there."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from skalds.testing.local_processes import LocalProcesses
from skalds.testing.waiting import wait_for
from tests.acceptance.command_line import type_skalds
from tests.acceptance.running_system import RunningSystem
from tests.unit.docs.markdown import ROOT, blocks, read

pytestmark = pytest.mark.acceptance

PAGE = "docs/troubleshooting.md"
APP = str(ROOT / "examples" / "log_survey.py")
WIDTH = 96
PROMPT = "$ skalds "

VARYING = (
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "<moment>"),
    (r"\d\d:\d\d:\d\d", "<time>"),
    (r"\d+(\.\d+)? (ms|s)\b", "<span>"),
    (r"(?m)^(node-1 .*LogSurvey) .*$", r"\1 <host>"),
    (r"(leader +)\S+", r"\1<leader>"),
    (r"[█·]+ (\d+/\d+)", r"\1"),
    (r"assigned +\d+ since", "assigned <n> since"),
    (r" +", " "),
)
"""What differs from run to run, and what stands for it when outputs are compared."""


def commands(section: str) -> list[tuple[str, str]]:
    """The commands of a section of the page, each with the output that is printed there."""
    text = read(PAGE).split(f"## {section}\n")[1].split("\n## ")[0]
    typed = "".join(block.text for block in blocks(text) if block.language == "console")
    parts = [part.partition("\n") for part in f"\n{typed}".split(f"\n{PROMPT}")[1:]]
    return [(command, output.rstrip("\n")) for command, _, output in parts]


def comparable(output: str) -> str:
    for pattern, stand_in in VARYING:
        output = re.sub(pattern, stand_in, output)
    return "\n".join(line.rstrip() for line in output.splitlines())


def type_and_compare(system: RunningSystem, command: str, printed: str) -> None:
    done = type_skalds(command, system.address, width=WIDTH)

    assert comparable(done.out + done.err) == comparable(printed), f"the page shows another output of: {command}"


@pytest.fixture
def configured(tmp_path: Path) -> Iterator[RunningSystem]:
    """A controller that is told to use RANDOM."""
    with LocalProcesses(tmp_path, {"DISPATCHER_STRATEGY": "RANDOM"}) as processes, httpx.Client(timeout=30) as http:
        system = RunningSystem(processes, tmp_path, http)
        system.start_controller()
        yield system


def test_no_node_is_available(system: RunningSystem) -> None:
    submit, *looks = commands("No node is available")

    type_and_compare(system, *submit)
    wait_for(lambda: system.task("survey-1")["waiting"] == "no_node_online")
    for command, printed in looks:
        type_and_compare(system, command, printed)

    system.start_nodes("node-1", app=APP)
    (task,) = system.wait_final(["survey-1"])
    assert task["lifecycleStatus"] == "Finished"


def test_a_task_is_not_assigned(system: RunningSystem) -> None:
    system.start_nodes("node-1", app=APP)
    submit, *looks = commands("A task is not assigned")

    type_and_compare(system, *submit)
    wait_for(lambda: system.task("resize-1")["waiting"] == "class_not_supported")
    wait_for(lambda: (system.call("GET", "/api/dispatcher").json()["lastPass"] or {}).get("waitingLanes"))
    for command, printed in looks:
        type_and_compare(system, command, printed)


def test_a_node_did_not_hear_of_its_task(system: RunningSystem) -> None:
    system.start_nodes("node-1", app=APP)
    sockets = system.processes.directory / "data" / "sockets"
    (inbox,) = sockets.glob("node-*")

    inbox.unlink()

    for command, printed in commands("A node did not hear of its task"):
        type_and_compare(system, command, printed)
    task = system.task("survey-1")
    (run,) = task["runs"]
    assert task["lifecycleStatus"] == "Finished"
    assert run["accepted"] - run["assigned"] < 5000
    logged = system.processes.log_of("controller")
    (lines,) = [block.text for block in blocks(read(PAGE)) if block.text.startswith("WARNING")]
    assert lines.splitlines()[0] in logged


def test_the_strategy_is_not_the_one_expected(configured: RunningSystem) -> None:
    asked, reset = commands("The strategy is not the one I expect")
    type_skalds("dispatcher strategy ROUND_ROBIN", configured.address)

    configured.processes.kill("controller")
    configured.start_controller()

    type_and_compare(configured, *asked)
    type_and_compare(configured, *reset)
    assert configured.call("GET", "/api/dispatcher").json()["strategySource"] == "environment"
