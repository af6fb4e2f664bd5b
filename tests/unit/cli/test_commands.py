"""Commands as typed: what goes to which stream, and with which status they end."""

import json
import subprocess
import sys
from typing import Any

import httpx
import pytest

import skalds
from skalds.cli import controller_session
from skalds.client.json_client import JsonClient
from tests.unit.cli.answers import (
    HOSTILE,
    MADE_ID,
    answered_dispatcher,
    answered_explanation,
    answered_node,
    answered_task,
    listing,
)
from tests.unit.cli.conftest import Prompt

TASK = answered_task(result=HOSTILE)
NODES = {"items": [answered_node()], "total": 1}
LIST = "GET /api/tasks/"
STATUS = "GET /api/dispatcher"


@pytest.mark.parametrize(
    ("arguments", "request_line", "answer"),
    [
        (["task", "list"], LIST, listing(TASK)),
        (["task", "show", "task-1"], "GET /api/tasks/task-1", TASK),
        (["task", "explain", "task-1"], "GET /api/tasks/task-1/explain", answered_explanation()),
        (["task", "cancel", "task-1"], "POST /api/tasks/task-1/cancel", TASK),
        (["task", "pause", "task-1"], "POST /api/tasks/task-1/pause", TASK),
        (["task", "resume", "task-1"], "POST /api/tasks/task-1/resume", TASK),
        (["task", "requeue", "task-1"], "POST /api/tasks/task-1/requeue", TASK),
        (["node", "list"], "GET /api/skalds/", NODES),
        (["dispatcher", "status"], STATUS, answered_dispatcher()),
        (["dispatcher", "strategy"], STATUS, answered_dispatcher()),
        (["dispatcher", "strategy", "RANDOM"], "PUT /api/dispatcher", answered_dispatcher()),
        (["dispatcher", "strategy", "--reset"], "PUT /api/dispatcher", answered_dispatcher()),
    ],
)
def test_json_is_the_answer_of_the_api_and_nothing_else(
    prompt: Prompt, arguments: list[str], request_line: str, answer: Any
) -> None:
    done = prompt.answering({request_line: answer}).run(*arguments, "--json")

    assert (done.status, done.err) == (0, "")
    assert json.loads(done.out) == answer
    assert all(sign.isprintable() or sign == "\n" for sign in done.out)


def test_without_a_terminal_there_is_no_colour(prompt: Prompt) -> None:
    done = prompt.answering({LIST: listing(answered_task(lifecycle_status="Failed", final=True))}).run("task", "list")

    assert "Failed" in done.out
    assert "\x1b" not in done.out


def test_filters_become_the_query(prompt: Prompt) -> None:
    prompt.answering({LIST: listing()}).run(
        *("task", "list", "--status", "running", "--class", "A", "--node", "n", "--id-part", "x"),
        *("--page", "2", "--page-size", "5"),
    )

    assert dict(prompt.controller.requests[0].url.params) == {
        "page": "2",
        "pageSize": "5",
        "lifecycleStatus": "Running",
        "className": "A",
        "executor": "n",
        "id": "x",
    }


def test_a_part_of_an_id_is_enough_where_it_says_which(prompt: Prompt) -> None:
    task = answered_task(id=MADE_ID)
    prompt.answering({LIST: listing(task), f"GET /api/tasks/{MADE_ID}": task})

    assert MADE_ID in prompt.run("task", "show", MADE_ID[-12:]).out


def test_a_part_of_an_id_is_enough_to_have_it_explained(prompt: Prompt) -> None:
    prompt.answering(
        {
            LIST: listing(answered_task(id=MADE_ID)),
            f"GET /api/tasks/{MADE_ID}/explain": answered_explanation(id=MADE_ID),
        }
    )

    assert MADE_ID in prompt.run("task", "explain", MADE_ID[-12:]).out


def test_a_queue_that_is_full_is_said_with_its_limit(prompt: Prompt) -> None:
    fields = {"tenant": "acme", "limit": 10}
    full = {"code": "queue_full", "message": "no", "fields": fields}
    prompt.answering({"POST /api/tasks/": lambda _: httpx.Response(429, json=full)})

    done = prompt.run("task", "submit", "Demo", "--tenant", "acme")

    assert done.out == ""
    assert done.err == "skalds: Tenant 'acme' may have 10 waiting tasks and these would be more\n"


def test_a_part_that_two_ids_have_is_refused(prompt: Prompt) -> None:
    prompt.answering({LIST: listing(answered_task(), answered_task(), total=2)})

    done = prompt.run("task", "cancel", "abcd")

    assert done.status == 2
    assert done.err == "skalds: 2 tasks have 'abcd' in their id; give more of it\n"


def test_an_unknown_task_is_said_with_the_next_step(prompt: Prompt) -> None:
    done = prompt.answering({LIST: listing()}).run("task", "show", "nothing")

    assert (done.status, done.out) == (2, "")
    assert done.err == "skalds: There is no task 'nothing'; find it with: skalds task list\n"


def test_a_refused_change_does_not_keep_others_from_theirs(prompt: Prompt) -> None:
    refused = {"code": "transition_refused", "message": "no", "fields": {"reason": "it has ended", "task": "a"}}
    prompt.answering(
        {
            "POST /api/tasks/a/cancel": lambda _: httpx.Response(409, json=refused),
            "POST /api/tasks/b/cancel": answered_task(id="b", lifecycle_status="Cancelled"),
        }
    )

    done = prompt.run("task", "cancel", "a", "b")

    assert (done.status, done.out) == (2, "b Cancelled\n")
    assert done.err == "skalds: it has ended; look at it with: skalds task show a\n"


@pytest.mark.parametrize(("statuses", "exit_status"), [(["Finished", "Finished"], 0), (["Finished", "Cancelled"], 1)])
def test_waiting_ends_as_the_tasks_did(prompt: Prompt, statuses: list[str], exit_status: int) -> None:
    for number, status in enumerate(statuses):
        task = answered_task(id=f"t{number}", lifecycle_status=status, final=True)
        prompt.answering({f"GET /api/tasks/t{number}": task})

    assert prompt.run("task", "wait", "t0", "t1").status == exit_status
    assert prompt.run("task", "watch", "t0", "t1").status == exit_status


def test_waiting_gives_up_after_its_timeout(prompt: Prompt) -> None:
    done = prompt.answering({"GET /api/tasks/task-1": TASK}).run("task", "wait", "task-1", "--timeout", "0.05")

    assert (done.status, done.out) == (124, "")
    assert done.err.startswith("skalds: 1 of 1 tasks have not ended within 0.05 s")


def test_watching_prints_a_line_per_change(prompt: Prompt, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("skalds.cli.task_watch._LOOK_SECONDS", 0)
    looks = iter(["Created", "Running", "Running", "Finished"])

    def look(_: httpx.Request) -> httpx.Response:
        status = next(looks)
        return httpx.Response(200, json=answered_task(lifecycle_status=status, final=status == "Finished"))

    done = prompt.answering({"GET /api/tasks/task-1": look}).run("task", "watch", "task-1")

    assert [line.split(" ", 1)[1] for line in done.out.splitlines()] == [
        "task-1 Created",
        "task-1 Running",
        "task-1 Finished",
    ]


def test_watching_nothing_in_particular_follows_what_has_not_ended(prompt: Prompt) -> None:
    done = prompt.answering({LIST: listing()}).run("task", "watch")

    assert (done.status, done.err) == (0, "nothing to watch: every task has ended\n")


@pytest.mark.parametrize(
    ("url", "step"),
    [("http://127.0.0.1:8000", "start one with: skalds up"), ("http://far:1", "check --url or SKALDS_URL")],
)
def test_where_nothing_listens_the_next_step_is_said(
    prompt: Prompt, monkeypatch: pytest.MonkeyPatch, url: str, step: str
) -> None:
    def refuse(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("connection refused")

    client = JsonClient(url, transport=httpx.MockTransport(refuse))
    monkeypatch.setattr(controller_session, "open_client", lambda *_: client)

    done = prompt.run("task", "list")

    assert (done.status, done.out) == (1, "")
    assert done.err == f"skalds: The System Controller at {url} cannot be reached: connection refused; {step}\n"


def test_another_server_at_the_address_is_noticed(prompt: Prompt) -> None:
    done = prompt.answering({LIST: lambda _: httpx.Response(200, text="<html>")}).run("task", "list")

    assert (done.status, done.out) == (2, "")
    assert done.err == "skalds: What answers at http://127.0.0.1:8000 is no System Controller: that was no JSON\n"


def test_a_wrong_token_says_which_setting_to_set(prompt: Prompt) -> None:
    body = {"code": "unauthorized", "message": "This needs a valid token", "fields": {}}
    prompt.answering({LIST: lambda _: httpx.Response(401, json=body)})

    assert prompt.run("task", "list").err == (
        "skalds: This needs a valid token; set SKALDS_TOKEN to the controller's\n"
    )


def test_token_and_address_come_from_the_environment(monkeypatch: pytest.MonkeyPatch, prompt: Prompt) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("SKALDS_URL", "localhost")

    done = prompt.run("task", "list")

    assert done.status == 2
    assert "SKALDS_URL cannot be 'localhost': expected an address like http" in done.err


def test_the_strategy_is_printed_with_its_source(prompt: Prompt) -> None:
    switched = answered_dispatcher(strategy="RANDOM", strategySource="runtime")
    prompt.answering({STATUS: answered_dispatcher(), "PUT /api/dispatcher": switched})

    assert prompt.run("dispatcher", "strategy").out == "LEAST_TASKS (default)\n"
    assert prompt.run("dispatcher", "strategy", "random").out.startswith("RANDOM (runtime: set while running")
    assert json.loads(prompt.controller.requests[-1].content) == {"strategy": "random"}
    prompt.run("dispatcher", "strategy", "--reset")
    assert json.loads(prompt.controller.requests[-1].content) == {"strategy": None}


def test_running_a_node_needs_an_application(prompt: Prompt) -> None:
    assert prompt.run("node").status == 2
    assert prompt.run("node", "--app", "a:b", "list").status == 2


def test_version_and_help(prompt: Prompt) -> None:
    assert prompt.run("--version").out == f"{skalds.__version__}\n"
    shown = prompt.run("--help").out
    assert all(word in shown for word in ("Run a system", "Work with a running system", "Examples:", "Exit status"))


@pytest.mark.parametrize("arguments", [["--help"], ["task", "list", "--url", "http://127.0.0.1:1"], ["config", "show"]])
def test_a_command_loads_nothing_heavy_that_it_does_not_need(arguments: list[str]) -> None:
    program = f"""
import sys
from skalds.cli.main import main
try:
    main({arguments!r})
except SystemExit:
    pass
heavy = {{"fastapi", "uvicorn", "apsw", "psutil", "loguru", "skalds.model.task"}}
print(sorted(heavy & set(sys.modules)), file=sys.stderr)
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True)

    assert run.stderr.splitlines()[-1] == "[]"
