"""Commands that steer a running system: what they send, and what they print."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from skalds.cli.audit_table import change_text, render_audit
from skalds.cli.plan_page import render_plan
from skalds.cli.policy_tables import render_limits, render_reservations, render_tenants
from skalds.cli.time_text import moment_text
from tests.unit.cli.answers import HOSTILE, NOW, answered_dispatcher, answered_node, text_of
from tests.unit.cli.conftest import Prompt

TENANT = {
    "tenant": "video",
    "weight": 2.5,
    "maxRunning": 3,
    "maxQueued": None,
    "isSet": True,
    "running": 3,
    "usedSlots": 6,
    "queued": 1200,
}
LIMIT = {"concurrencyKey": "camera/7", "max": 2, "isSet": False, "running": 1}
RESERVATION = {"label": "rack/row=a", "slots": 2, "priority": 8, "isSet": True}
ENTRY = {
    "number": 41,
    "at": NOW,
    "actor": "api@127.0.0.1",
    "action": "limit.changed",
    "target": "limit:k",
    "before": None,
    "after": 3,
}
PLAN = {
    "strategy": "LEAST_TASKS",
    "assigned": 3,
    "assignments": [{"taskId": "t1", "nodeId": "n1", "className": "Demo"}],
    "perNode": {"n1": 3},
    "waiting": {"no_free_slot": 2},
    "preemptions": [{"taskId": "old", "nodeId": "n1", "forTask": "urgent"}],
    "complete": False,
    "paused": False,
}
REPORT = {"at": NOW, "durationMs": 1.25, "assigned": 4, "waitingLanes": {}}
AUDIT = {"items": [ENTRY], "before": None}
DUMP = {"version": 1, "strategy": "LEAST_TASKS", "seed": 1, "snapshot": {}, "plan": {"assignments": [[1]]}}
NODE = answered_node()
STATUS = answered_dispatcher()


@pytest.mark.parametrize(
    ("typed", "request_line", "body", "answer"),
    [
        ("dispatcher pause", "PUT /api/dispatcher", {"paused": True}, STATUS),
        ("dispatcher resume", "PUT /api/dispatcher", {"paused": None}, STATUS),
        ("dispatcher interval", "GET /api/dispatcher", None, STATUS),
        ("dispatcher interval 7", "PUT /api/dispatcher", {"interval": 7}, STATUS),
        ("dispatcher interval --reset", "PUT /api/dispatcher", {"interval": None}, STATUS),
        ("dispatcher strategy RANDOM", "PUT /api/dispatcher", {"strategy": "RANDOM"}, STATUS),
        ("dispatcher run", "POST /api/dispatcher/run", None, REPORT),
        ("dispatcher plan", "POST /api/dispatcher/plan", {"limit": 20}, PLAN),
        (
            "dispatcher plan --add-nodes 3 --like n1 --strategy RANDOM --without n2 --limit 5",
            "POST /api/dispatcher/plan",
            {"limit": 5, "nodes": [{"count": 3, "like": "n1"}], "without": ["n2"], "strategy": "RANDOM"},
            PLAN,
        ),
        ("tenant list", "GET /api/tenants", None, {"items": [TENANT], "total": 1}),
        (
            "tenant set video --weight 2.5 --max-running 3 --max-queued none",
            "PUT /api/tenants/video",
            {"weight": 2.5, "maxRunning": 3, "maxQueued": None},
            TENANT,
        ),
        ("tenant set video --max-queued 0", "PUT /api/tenants/video", {"maxQueued": 0}, TENANT),
        ("tenant unset video", "DELETE /api/tenants/video", None, TENANT),
        ("limit list", "GET /api/limits", None, {"items": [LIMIT], "total": 1}),
        ("limit set camera/7 2", "PUT /api/limits/camera/7", {"max": 2}, LIMIT),
        ("limit unset camera/7", "DELETE /api/limits/camera/7", None, LIMIT),
        ("node cordon node-1", "POST /api/skalds/node-1/cordon", None, NODE),
        ("node uncordon node-1", "POST /api/skalds/node-1/uncordon", None, NODE),
        ("reservation list", "GET /api/reservations", None, {"items": [RESERVATION], "total": 1}),
        (
            "reservation set rack/row=a 2 8",
            "PUT /api/reservations/rack/row=a",
            {"slots": 2, "priority": 8},
            RESERVATION,
        ),
        ("reservation unset rack/row=a", "DELETE /api/reservations/rack/row=a", None, RESERVATION),
        ("node drain node-1", "POST /api/skalds/node-1/drain", None, NODE),
        (
            "node label node-1 zone=north disk= rack-",
            "PUT /api/skalds/node-1/labels",
            {"zone": "north", "disk": "", "rack": None},
            NODE,
        ),
        ("audit", "GET /api/audit", None, AUDIT),
    ],
)
def test_a_command_is_one_request_and_json_its_answer(
    prompt: Prompt, typed: str, request_line: str, body: Any, answer: Any
) -> None:
    prompt.answering({request_line: answer})

    done = prompt.run(*typed.split(), "--json")
    (sent,) = prompt.controller.requests
    told = prompt.run(*typed.split())

    assert (done.status, done.err, json.loads(done.out)) == (0, "", answer)
    assert (json.loads(sent.content) if sent.content else None) == body
    assert (told.status, bool(told.out)) == (0, True)


def test_a_key_with_slashes_is_one_part_of_the_path(prompt: Prompt) -> None:
    prompt.answering({"PUT /api/limits/a/b?c": LIMIT}).run("limit", "set", "a/b?c", "2")

    assert prompt.controller.requests[0].url.raw_path == b"/api/limits/a%2Fb%3Fc"


def test_the_audit_log_is_read_on_by_number(prompt: Prompt) -> None:
    prompt.answering({"GET /api/audit": AUDIT}).run("audit", "--limit", "5", "--before", "9")

    assert dict(prompt.controller.requests[0].url.params) == {"limit": "5", "before": "9"}


@pytest.mark.parametrize(
    "typed",
    [
        "dispatcher dump a --out b",
        "dispatcher interval 0",
        "dispatcher interval 5 --reset",
        "dispatcher plan --add-nodes 2",
        "dispatcher plan --like n1",
        "tenant set video",
        "tenant set video --max-running many",
        "tenant set video --weight nan",
        "limit set k 0",
        "reservation set zone=a 0 8",
        "reservation set zone=a 1 11",
        "node label node-1 zone",
    ],
)
def test_wrong_arguments_are_refused_before_anything_is_sent(prompt: Prompt, typed: str) -> None:
    assert prompt.run(*typed.split()).status == 2
    assert prompt.controller.requests == []


def test_an_unknown_node_does_not_keep_others_from_theirs(prompt: Prompt) -> None:
    prompt.answering({"POST /api/skalds/node-1/drain": answered_node(draining=True, cordoned=True)})

    done = prompt.run("node", "drain", "nope", "node-1")

    assert done.status == 2
    assert "There is no" in done.err
    assert "node-1  online, draining" in done.out


def test_a_follower_says_why_it_makes_no_pass(prompt: Prompt) -> None:
    refusal = {"code": "conflict", "message": "This controller does not lead", "fields": {"leader": "b"}}
    prompt.answering({"POST /api/dispatcher/run": lambda _: httpx.Response(409, json=refusal)})

    done = prompt.run("dispatcher", "run")

    assert (done.status, done.err) == (2, "skalds: This controller does not lead\n")


def test_a_dump_goes_to_standard_output_or_a_file(prompt: Prompt, tmp_path: Path) -> None:
    prompt.answering({"GET /api/dispatcher/pass": DUMP})

    assert json.loads(prompt.run("dispatcher", "dump").out) == DUMP
    for how in (["pass.json"], ["--out", "pass.json"]):
        done = prompt.run("dispatcher", "dump", *how)
        assert (done.out, done.err) == ("", "skalds: 1 assignment planned, written to pass.json\n")

    assert json.loads((tmp_path / "pass.json").read_text(encoding="utf-8")) == DUMP
    assert prompt.run("dispatcher", "dump", "--out", "missing/pass.json").status == 2


def test_tenants_with_their_limits() -> None:
    default = {**TENANT, "tenant": HOSTILE, "weight": 1.0, "maxRunning": None, "maxQueued": 9, "isSet": False}

    lines = text_of(render_tenants([TENANT, default], 120))

    assert lines[:2] == [
        "TENANT" + " " * 29 + "WEIGHT  RUNNING  MAX RUNNING  SLOTS  QUEUED  MAX QUEUED  SET",
        "video" + " " * 30 + "   2.5        3            3      6   1,200              yes",
    ]
    assert lines[2].startswith("\\x1b[2Jred\\nnext\\u202eline\\x9b31m")


def test_limits_and_what_runs() -> None:
    assert text_of(render_limits([LIMIT], 80)) == [
        "KEY       RUNNING  MAX  SET",
        "camera/7        1    2",
    ]


def test_what_nobody_has_set_is_said() -> None:
    shown = [
        *(render([], 80) for render in (render_tenants, render_limits, render_reservations)),
        render_audit({"items": [], "before": None}, 80),
    ]

    assert [len(lines) for lines in shown] == [1, 1, 1, 1]


def test_the_audit_log_as_a_table() -> None:
    assert text_of(render_audit({"items": [ENTRY], "before": 41}, 120)) == [
        "NUMBER  WHEN                 WHO            DID            TO       CHANGE",
        f"    41  {moment_text(NOW)}  api@127.0.0.1  limit.changed  limit:k  not set → 3",
        "older ones with: --before 41",
    ]


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (
            {"weight": 1.0, "maxRunning": None, "maxQueued": 3},
            {"weight": 2.5, "maxRunning": 4, "maxQueued": 3},
            "weight 1 → 2.5, maxRunning none → 4",
        ),
        (None, {"weight": 2, "maxRunning": None}, "not set → weight 2"),
        ({"cordoned": False, "labels": {}}, None, "defaults → not set"),
        (
            {"cordoned": False, "labels": {}},
            {"cordoned": True, "labels": {"a": "b"}},
            "cordoned no → yes, labels.a none → b",
        ),
        (3, None, "3 → not set"),
        (None, None, ""),
    ],
)
def test_a_change_in_words_tells_only_what_differs(before: Any, after: Any, words: str) -> None:
    assert change_text(before, after) == words


def test_a_long_change_goes_on_below() -> None:
    entry = ENTRY | {"before": {f"field{n}": n for n in range(9)}, "after": {f"field{n}": n + 1 for n in range(9)}}

    lines = text_of(render_audit({"items": [entry], "before": None}, 100))

    assert max(map(len, lines)) <= 100
    assert " ".join(" ".join(lines[1:]).split()).endswith("field7 7 → 8, field8 8 → 9")


def test_an_empty_page_of_the_audit_log_is_not_an_empty_log() -> None:
    empty: dict[str, Any] = {"items": [], "before": None}

    assert text_of(render_audit(empty, 80)) == ["nobody has changed anything"]
    assert text_of(render_audit(empty, 80, before=7)) == ["nothing is older than number 7"]


@pytest.mark.parametrize(
    ("typed", "request_line", "field", "told"),
    [
        ("dispatcher plan --add-nodes 1 --like x", "POST /api/dispatcher/plan", "nodes.0.like", "--like"),
        ("dispatcher plan --without x", "POST /api/dispatcher/plan", "without.0", "--without"),
        ("tenant set x --weight 2", "PUT /api/tenants/x", "path.tenant", "TENANT"),
        ("tenant set x --max-running 2", "PUT /api/tenants/x", "maxRunning", "--max-running"),
        ("limit set x 2", "PUT /api/limits/x", "path.concurrencyKey", "KEY"),
        ("reservation set x 2 8", "PUT /api/reservations/x", "path.label", "LABEL"),
    ],
)
def test_wrong_fields_are_told_by_the_name_that_was_typed(
    prompt: Prompt, typed: str, request_line: str, field: str, told: str
) -> None:
    fields = {"errors": [{"field": field, "message": "is wrong"}]}
    answer = httpx.Response(422, json={"code": "validation_failed", "message": "no", "fields": fields})

    done = prompt.answering({request_line: lambda _: answer}).run(*typed.split())

    assert (done.status, done.err) == (2, f"skalds: {told}: is wrong\n")


def test_of_an_unknown_node_the_next_step_is_the_list(prompt: Prompt) -> None:
    answer = httpx.Response(404, json={"code": "not_found", "message": "no", "fields": {"kind": "skald", "id": "x"}})

    done = prompt.answering({"POST /api/skalds/x/cordon": lambda _: answer}).run("node", "cordon", "x")

    assert done.err == "skalds: There is no skald 'x'; see: skalds node list\n"


def test_a_plan_that_nobody_carries_out_for_now_says_so() -> None:
    lines = text_of(render_plan(PLAN | {"assigned": 1, "paused": True}, 120))

    assert lines[0] == "would assign  1 task to 1 node; a pass would go on from there"
    assert lines[2] == "paused        dispatching is paused; nothing of this happens until: skalds dispatcher resume"


def test_a_plan_on_a_page() -> None:
    assert text_of(render_plan(PLAN, 80)) == [
        "would assign  3 tasks to 1 node; a pass would go on from there",
        "strategy      LEAST_TASKS",
        "",
        "TASKS  TO NODE",
        "    3  n1",
        "",
        "KINDS OF TASK  WOULD WAIT FOR",
        "            2  no_free_slot",
        "",
        "TASK  CLASS  TO NODE",
        "t1    Demo   n1",
        "",
        "DRAINED  ON NODE  FOR",
        "old      n1       urgent",
    ]
