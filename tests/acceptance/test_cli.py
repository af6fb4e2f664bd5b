"""`skalds task`, `skalds node` and `skalds dispatcher` against a real system."""

import json
from collections.abc import Iterator

import httpx
import pytest

from skalds.testing.local_processes import LocalProcesses
from skalds.testing.waiting import wait_for
from tests.acceptance.command_line import Typed, type_skalds
from tests.acceptance.running_system import RunningSystem

pytestmark = pytest.mark.acceptance


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSystem]:
    """One system for all tests of this file: none of them needs it untouched."""
    directory = tmp_path_factory.mktemp("cli")
    folder = directory / "files"
    folder.mkdir()
    with LocalProcesses(directory) as processes, httpx.Client(timeout=30) as http:
        running = RunningSystem(processes, folder, http)
        running.start_controller()
        running.start_nodes("a", "b")
        yield running


def typed(system: RunningSystem, arguments: str, stdin: str = "") -> Typed:
    return type_skalds(arguments, system.address, stdin=stdin)


def until_stopped(system: RunningSystem) -> str:
    """A task that runs until it is stopped; returns its id."""
    attachments = json.dumps({"folder": str(system.folder)})
    task_id = typed(system, f"task submit UntilStopped -a '{attachments}'").out.strip()
    system.recorded(task_id, 1)
    return task_id


def test_a_task_is_submitted_awaited_and_shown(system: RunningSystem) -> None:
    done = typed(system, """task submit Double -a '{"number": 21}' --wait""")
    task_id = done.out.strip()

    shown = typed(system, f"task show {task_id[-12:]}").out

    assert (done.status, done.err) == (0, "")
    assert task_id in shown
    assert "status     Finished" in shown
    assert "result       42\n" in shown
    assert 'attachments  {"number": 21}\n' in shown
    assert "OUTCOME" in shown


def test_many_tasks_come_from_standard_input(system: RunningSystem) -> None:
    lines = "".join(json.dumps({"className": "Double", "attachments": {"number": n}}) + "\n" for n in range(5))

    done = typed(system, "task submit --file - --wait --json", lines)

    tasks = json.loads(done.out)
    assert (done.status, done.err) == (0, "5 of 5 tasks finished\n")
    assert [task["result"] for task in tasks] == [0, 2, 4, 6, 8]


def test_a_failed_task_ends_with_1_and_shows_its_traceback(system: RunningSystem) -> None:
    done = typed(system, "task submit Failing --max-attempts 1 --wait")

    shown = typed(system, f"task show {done.out.strip()}").out

    assert done.status == 1
    assert "is Failed: nothing works; see: skalds task show" in done.err
    assert "error  RuntimeError: nothing works" in shown
    assert 'raise RuntimeError("nothing works")' in shown


def test_a_running_task_is_paused_resumed_cancelled_and_requeued(system: RunningSystem) -> None:
    task_id = until_stopped(system)

    assert typed(system, f"task pause {task_id}").out == f"{task_id} Paused\n"
    assert "skalds task resume" in typed(system, f"task show {task_id}").out
    assert typed(system, f"task resume {task_id}").out == f"{task_id} Running\n"
    assert typed(system, f"task wait {task_id} --timeout 0.1").status == 124
    assert typed(system, f"task cancel {task_id}").out == f"{task_id} Cancelled\n"
    assert typed(system, f"task wait {task_id}").out == f"{task_id} Cancelled\n"
    assert typed(system, f"task requeue {task_id}").status == 0
    system.wait_status(task_id, "Running", attempt=2)
    assert typed(system, f"task cancel {task_id} unknown-task").status == 2


def test_watching_ends_with_the_task(system: RunningSystem) -> None:
    (task_id,) = system.submit("Double", notBefore=0, attachments={"number": 1})

    done = typed(system, f"task watch {task_id}")

    assert done.status == 0
    assert "Finished" in done.out.splitlines()[-1]


def test_json_is_what_the_api_answers(system: RunningSystem) -> None:
    (task_id,) = system.submit("Double", attachments={"number": 1})
    system.wait_final([task_id])

    assert json.loads(typed(system, f"task show {task_id} --json").out) == system.task(task_id)
    listed = json.loads(typed(system, f"task list --id-part {task_id} --json").out)
    assert listed == system.call("GET", "/api/tasks", params={"id": task_id}).json()


def test_nodes_and_dispatcher_are_shown(system: RunningSystem) -> None:
    task_id = until_stopped(system)
    wait_for(lambda: any(node["usedSlots"] for node in system.nodes()))

    nodes = typed(system, "node list").out
    status = typed(system, "dispatcher status").out

    assert "2 of 2 nodes take new work" in nodes
    assert "█· 1/2" in nodes
    assert "LEAST_TASKS (default)" in status
    assert "2 online" in status
    typed(system, f"task cancel {task_id}")


def test_wrong_fields_are_named_by_the_controller(system: RunningSystem) -> None:
    done = typed(system, "task submit Double --priority 70 --max-attempts=-1")

    assert (done.status, done.out) == (2, "")
    assert [line.split(":")[1].strip() for line in done.err.splitlines()] == ["priority", "maxAttempts"]


def test_where_nothing_listens_one_line_says_what_to_do() -> None:
    done = type_skalds("task list", "http://127.0.0.1:9")

    assert (done.status, done.out) == (1, "")
    assert done.err.count("\n") == 1
    assert done.err.endswith("; start one with: skalds up\n")
