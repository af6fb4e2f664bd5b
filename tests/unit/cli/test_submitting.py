"""What is typed at `skalds task submit` becomes tasks."""

import io
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from skalds.cli.task_typed import moment_of
from skalds.errors import ValidationFailed
from tests.unit.cli.answers import NOW, answered_task
from tests.unit.cli.conftest import Prompt

SUBMIT = "POST /api/tasks/"


def stored(request: httpx.Request) -> httpx.Response:
    body = json.loads(request.content)
    if isinstance(body, list):
        items = [answered_task(id=f"t{n}") for n in range(len(body))]
        return httpx.Response(201, json={"items": items})
    return httpx.Response(201, json=answered_task(id=body.get("id", "made")))


@pytest.fixture
def submitting(prompt: Prompt) -> Prompt:
    return prompt.answering({SUBMIT: stored})


def sent(prompt: Prompt) -> Any:
    (body,) = prompt.controller.bodies()
    return json.loads(body)


def test_one_task_prints_its_id(submitting: Prompt) -> None:
    done = submitting.run(
        *("task", "submit", "Resize", "--attachments", '{"a": 1}', "--priority", "7", "--id", "mine"),
        *("--max-attempts", "0", "--not-before", "1800000000000", "--pin", "node-1"),
    )

    assert (done.status, done.out, done.err) == (0, "mine\n", "")
    assert sent(submitting) == {
        "className": "Resize",
        "source": "CLI",
        "attachments": {"a": 1},
        "priority": 7,
        "id": "mine",
        "maxAttempts": 0,
        "notBefore": NOW,
        "executor": "node-1",
    }


def test_everything_a_task_can_ask_for_can_be_typed(submitting: Prompt) -> None:
    done = submitting.run(
        *("task", "submit", "Train", "--tenant", "acme", "--depends-on", "a", "--depends-on", "b"),
        *("--requires", "zone=north", "--requires", "disk=a=b", "--prefers", "rack=7", "--slots", "2"),
        *("--cpu", "0.5", "--memory", "8GiB", "--gpu", "1", "--deadline", "1800000000000", "--timeout", "90s"),
        *("--concurrency-key", "db", "--affinity-key", "model-3", "--preemptible"),
    )

    assert (done.status, done.err) == (0, "")
    assert sent(submitting) == {
        "className": "Train",
        "source": "CLI",
        "tenant": "acme",
        "dependencies": ["a", "b"],
        "requires": {"zone": "north", "disk": "a=b"},
        "prefers": {"rack": "7"},
        "slots": 2,
        "resources": {"cpu": 0.5, "memory": "8GiB", "gpu": 1},
        "deadlineDateTime": NOW,
        "timeoutMs": 90_000,
        "concurrencyKey": "db",
        "affinityKey": "model-3",
        "preemptible": True,
    }


def test_many_equal_tasks_print_an_id_a_line(submitting: Prompt) -> None:
    done = submitting.run("task", "submit", "Resize", "--count", "3")

    assert done.out == "t0\nt1\nt2\n"
    assert sent(submitting) == [{"className": "Resize", "source": "CLI"}] * 3


def test_attachments_come_from_a_file_or_standard_input(
    submitting: Prompt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.json").write_text('{"from": "file"}')
    stdin = io.TextIOWrapper(io.BytesIO(b'{"from": "stdin"}'))
    monkeypatch.setattr("sys.stdin", stdin)

    assert submitting.run("task", "submit", "Resize", "-a", "@a.json").status == 0
    assert submitting.run("task", "submit", "Resize", "-a", "-").status == 0

    bodies = [json.loads(body)["attachments"]["from"] for body in submitting.controller.bodies()]
    assert bodies == ["file", "stdin"]


@pytest.mark.parametrize(
    "text",
    ['[{"className": "A"}, {"className": "B"}]', '{"className": "A"}\n\n{"className": "B"}\n'],
    ids=["list", "lines"],
)
def test_a_file_of_tasks_is_a_list_or_an_object_per_line(submitting: Prompt, tmp_path: Path, text: str) -> None:
    (tmp_path / "tasks").write_text(text)

    assert submitting.run("task", "submit", "--file", "tasks").out == "t0\nt1\n"
    assert [draft["className"] for draft in sent(submitting)] == ["A", "B"]


def test_what_was_stored_before_a_refused_chunk_is_told(prompt: Prompt) -> None:
    def refuse_second(request: httpx.Request) -> httpx.Response:
        if len(prompt.controller.requests) == 1:
            return stored(request)
        problem = {"index": 3, "field": "priority", "message": "is wrong"}
        return httpx.Response(422, json={"code": "validation_failed", "fields": {"errors": [problem]}})

    done = prompt.answering({SUBMIT: refuse_second}).run("task", "submit", "Resize", "--count", "600")

    assert (done.status, len(done.out.splitlines())) == (2, 500)
    assert done.err == ("skalds: the first 500 of 600 tasks are submitted, then:\nskalds: [503] priority: is wrong\n")


def test_json_is_what_the_api_answered(submitting: Prompt) -> None:
    one = submitting.run("task", "submit", "Resize", "--json")
    several = submitting.run("task", "submit", "Resize", "--count", "2", "--json")

    assert json.loads(one.out) == answered_task(id="made")
    assert json.loads(several.out) == [answered_task(id="t0"), answered_task(id="t1")]


def test_waiting_succeeds_only_if_all_finished(submitting: Prompt) -> None:
    finished = answered_task(id="t0", lifecycle_status="Finished", final=True)
    failed = answered_task(id="t1", lifecycle_status="Failed", final=True)
    submitting.answering({"GET /api/tasks/t0": finished, "GET /api/tasks/t1": finished | {"id": "t1"}})
    assert submitting.run("task", "submit", "Resize", "--count", "2", "--wait").status == 0

    submitting.answering({"GET /api/tasks/t1": failed | {"exception": "no \x1b[31mcamera"}})
    done = submitting.run("task", "submit", "Resize", "--count", "2", "--wait")

    assert (done.status, done.out) == (1, "t0\nt1\n")
    assert done.err == ("t1 is Failed: no \\x1b[31mcamera; see: skalds task show t1\n1 of 2 tasks finished\n")


def test_wrong_fields_are_named_one_a_line(prompt: Prompt) -> None:
    problems = [{"field": "priority", "message": "must be from 0 to 10"}, {"field": "x\x1b", "message": "is unknown"}]
    body = {"code": "validation_failed", "message": "no", "fields": {"errors": problems}}
    prompt.answering({SUBMIT: lambda _: httpx.Response(422, json=body)})

    done = prompt.run("task", "submit", "Resize", "--priority", "70")

    assert (done.status, done.out) == (2, "")
    assert done.err == "skalds: priority: must be from 0 to 10\nskalds: x\\x1b: is unknown\n"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "either a CLASS or a --file"),
        (["A", "--file", "x"], "either a CLASS or a --file"),
        (["A", "--id", "x", "--count", "2"], "names one task"),
        (["A", "-a", "{bad"], "--attachments: is not JSON"),
        (["A", "-a", "@nothing"], "nothing: cannot be read: No such file"),
        (["A", "--not-before", "tomorrow"], "--not-before: 'tomorrow' is no moment"),
        (["A", "--deadline", "soon"], "--deadline: 'soon' is no moment"),
        (["A", "--timeout", "90"], "--timeout: '90' is no duration; write 90s"),
        (["A", "--requires", "zone"], "--requires: 'zone' is no label; write name=value"),
        (["A", "--prefers", "a=1", "--prefers", "a=2"], "--prefers: 'a' is given twice"),
        (["A", "--cpu", "many"], "--cpu"),
        (["A", "--gpu", "1.5"], "--gpu"),
        (["--file", "bad.json"], "--file: is not JSON"),
        (["--file", "bad.ndjson"], "--file, line 2: is not JSON"),
        (["--file", "text.json"], "must hold objects"),
    ],
)
def test_what_cannot_be_sent_is_refused_before(
    prompt: Prompt, tmp_path: Path, arguments: list[str], complaint: str
) -> None:
    (tmp_path / "bad.json").write_text("[{")
    (tmp_path / "bad.ndjson").write_text('{"className": "A"}\n{"className":')
    (tmp_path / "text.json").write_text('["A"]')

    done = prompt.run("task", "submit", *arguments)

    assert done.status == 2
    assert complaint in " ".join(done.err.split())
    assert prompt.controller.requests == []


@pytest.mark.parametrize(
    ("text", "moment"),
    [("90s", NOW + 90_000), ("+10m", NOW + 600_000), ("2h", NOW + 7_200_000), ("1d", NOW + 86_400_000)],
)
def test_moments_can_be_told_from_now(text: str, moment: int) -> None:
    assert moment_of("--not-before", text, NOW) == moment


def test_moments_can_be_dates() -> None:
    assert moment_of("--not-before", "2026-01-31T08:00:00+00:00", NOW) == 1_769_846_400_000


@pytest.mark.parametrize("text", ["", "soon", "10 y", "2026-99-01"])
def test_other_words_are_no_moment(text: str) -> None:
    with pytest.raises(ValidationFailed, match="is no moment"):
        moment_of("--not-before", text, NOW)
