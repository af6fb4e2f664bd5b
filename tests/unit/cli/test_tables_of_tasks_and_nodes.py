"""What lists show, at the widths people have."""

import pytest
from rich.cells import cell_len

from skalds.cli.dispatcher_page import render_status
from skalds.cli.node_table import render_nodes
from skalds.cli.task_table import render_listing
from skalds.cli.task_watch import render_watch, watch_line
from skalds.cli.time_text import duration_text, moment_text
from skalds.model.task import RunError
from tests.unit.cli.answers import (
    HOSTILE,
    MADE_ID,
    NOW,
    Json,
    answered_dispatcher,
    answered_node,
    answered_task,
    listing,
    text_of,
)

FACTS = {"hostname": "alpha", "cpus": 8, "python": "3.11"}


def some_tasks() -> list[Json]:
    return [
        answered_task(id=MADE_ID, waiting="class_not_supported", class_name="VideoAnalysis", priority=10),
        answered_task(
            lifecycle_status="Running", executor="node-1", attempt=2, progress={"fraction": 0.4, "message": "40"}
        ),
        answered_task(lifecycle_status="Failed", eligible_at=NOW + 3000, waiting="not_before", attempt=1),
        answered_task(lifecycle_status="Failed", final=True, attempt=3, error=RunError(type="E", message=HOSTILE)),
    ]


def test_a_list_at_80_columns() -> None:
    assert text_of(render_listing(listing(*some_tasks(), total=31), NOW, 80)) == [
        "ID            CLASS         STATUS   PRI  NODE    TRY   AGE  NOTE",
        "1d8c5c347665  VideoAnalys…  Created   10               60 s  class_not_supported",
        "task-1        Demo          Running    0  node-1    2  60 s  40% 40",
        "task-1        Demo          Failed     0            1  60 s  retries in 3.0 s",
        "task-1        Demo          Failed     0            3  60 s  \\x1b[2Jred\\nnext\\u…",
        "4 of 31 tasks; the next with: --page 2",
    ]


def test_a_wide_terminal_shows_ids_whole() -> None:
    assert MADE_ID in text_of(render_listing(listing(*some_tasks()), NOW, 120))[1]


@pytest.mark.parametrize("width", [80, 100, 120])
def test_every_line_of_a_list_fits(width: int) -> None:
    long = answered_task(id="i" * 128, class_name="C" * 128, executor="n" * 128, attempt=1, waiting="w" * 50)
    page = text_of(render_listing(listing(*some_tasks(), long), NOW, width))
    nodes = text_of(render_nodes([answered_node(), answered_node(id="n" * 128, labels={"z" * 99: "y"})], NOW, width))
    watched = [str(line) for line in render_watch([*some_tasks(), long], NOW, width, 24).renderables]

    assert [line for line in [*page, *nodes, *watched] if cell_len(line) > width] == []


def test_an_empty_list_says_what_to_do() -> None:
    assert text_of(render_listing(listing(), NOW, 80)) == ["no tasks; submit one with: skalds task submit CLASS"]


def test_a_total_that_is_not_exact_says_so() -> None:
    page = listing(answered_task(), total=10_000, totalIsExact=False)

    assert text_of(render_listing(page, NOW, 80))[-1] == "1 of 10,000 or more tasks; the next with: --page 2"


def test_nodes_with_their_load() -> None:
    many = ["A", "B", "C", "D", "E"]
    nodes = [
        answered_node(supportedTasks=many, usedSlots=4, facts={}),
        answered_node(id="node-2", liveness="suspect", draining=True, slots=0, labels={"a": "b"}, facts=FACTS),
        answered_node(id="node-3", status="offline", liveness="lost", usedSlots=0, facts={}),
        answered_node(id="node-4", cordoned=True, facts={}),
    ]

    assert text_of(render_nodes(nodes, NOW, 120)) == [
        "NODE    STATUS                     SLOTS       BEAT  SESSION  CLASSES     LABELS  HOST",
        "node-1  online                     ████ 4/4  300 ms        7  A, B, C +2",
        "node-2  online, suspect, draining  1 of any  300 ms        7  Demo        a=b     alpha, 8 cpus, py 3.11",
        "node-3  offline, lost              ···· 0/4  300 ms        7  Demo",
        "node-4  online, cordoned           █··· 1/4  300 ms        7  Demo",
        "1 of 4 nodes takes new work",
    ]


def test_what_is_special_about_nodes_has_columns_of_its_own() -> None:
    gpu = {"cpu": 8.0, "memory": 3 << 33, "gpu": ["0", "1", "2"]}
    nodes = [
        answered_node(
            resources=gpu,
            usedResources={"gpu": 2, "memory": 3 << 29},
            reservedSlots={"slots": 1, "priority": 8},
            breakers={"open": ["Crash"], "probing": ["Demo"]},
        ),
        answered_node(id="node-2", resources={"cpu": 2.0, "memory": 1 << 34}, facts={"declared": ["memory"]}),
    ]

    assert text_of(render_nodes(nodes, NOW, 160)) == [
        "NODE    STATUS  SLOTS                    RESOURCES                 BEAT  SESSION  CLASSES  "
        "BREAKERS                    HOST",
        "node-1  online  █··· 1/4 (1 for pri 8+)  gpu 2/3  mem 1.5/24GiB  300 ms        7  Demo     "
        "open: Crash; probing: Demo  alpha, 8 cpus, py 3.11.7, pid 42",
        "node-2  online  █··· 1/4                 mem 0/16GiB             300 ms        7  Demo",
        "2 of 2 nodes take new work",
    ]
    assert "HOST" not in text_of(render_nodes(nodes, NOW, 80))[0]


def test_a_controller_that_does_not_tell_of_them_is_read_as_well() -> None:
    told = {"reservedSlots", "usedResources", "breakers"}
    older = {name: value for name, value in answered_node().items() if name not in told}

    assert text_of(render_nodes([older], NOW, 120))[1].startswith("node-1  online  █··· 1/4  300 ms")


@pytest.mark.parametrize(
    ("backlog", "words"),
    [
        ({"waiting": 0, "ready": 0, "byReason": {}}, "0 tasks"),
        ({"waiting": 1, "ready": 0, "byReason": {"later": 1}}, "1 task, none of them ready"),
        ({"waiting": 1, "ready": 1, "byReason": {"resources": 1}}, "1 task, ready: 1 waits for resources"),
        ({"waiting": 2, "ready": 2, "byReason": {"next": 2}}, "2 tasks, all ready: 2 wait for the next pass"),
    ],
)
def test_ready_tasks_are_told_with_what_they_wait_for(backlog: Json, words: str) -> None:
    lines = text_of(render_status(answered_dispatcher(backlog={**backlog, "byClass": {}}), NOW, 100))

    assert f"waiting      {words}" in lines


def test_no_nodes_say_what_to_do() -> None:
    assert text_of(render_nodes([], NOW, 80)) == ["no nodes; start one with: skalds node --app module:attribute"]


def test_dispatcher_with_what_waits() -> None:
    assert text_of(render_status(answered_dispatcher(), NOW, 80)) == [
        "leader       vm-1970 (this controller)",
        "term         4",
        "strategy     LEAST_TASKS (default)",
        "available    LEAST_TASKS, ROUND_ROBIN, RANDOM",
        "interval     5 s (environment: from DISPATCHER_INTERVAL of the controller's",
        "             environment)",
        "nodes        2 online; tasks on nodes: 3",
        "waiting      1,009 tasks, 7 of them ready: 5 wait for no_free_slot, 2 wait for",
        "             the next pass",
        "assigned     1,234 since this controller started; 2.5/s in the last minute",
        "pass took    p50 0.4 ms, p99 3.2 ms",
        "task waited  p50 12.0 ms, p99 4.0 s",
        f"last pass    {moment_text(NOW - 2000)} (2.0 s ago): 2 assigned in 0.5 ms",
        "",
        "TASKS  WAIT FOR",
        "1,002  their moment, or another task",
        "    5  no_free_slot",
        "    2  their turn in the next pass",
        "",
        "TASKS  OF CLASS",
        "1,002  Survey",
        "    7  Demo",
    ]


def test_a_paused_dispatcher_says_so_and_how_to_go_on() -> None:
    paused = answered_dispatcher(paused=True, pausedSource="runtime")

    assert (
        "paused       dispatching is paused (runtime: set while running; stronger than configuration until: "
        "skalds dispatcher resume)"
    ) in text_of(render_status(paused, NOW, 200))


def test_dispatcher_that_never_led() -> None:
    nothing = {"ready": 0, "waiting": 0, "byClass": {}, "byReason": {}}
    never = {"leader": None, "leading": False, "lastPass": None, "passMs": None, "waitMs": None, "backlog": nothing}

    lines = text_of(render_status(answered_dispatcher(**never), NOW, 80))

    assert lines[0] == "leader     nobody"
    assert lines[-1] == "last pass  none yet"


def test_a_line_of_watching_changes_only_with_the_task() -> None:
    task = answered_task(id=MADE_ID, lifecycle_status="Running", attempt=1, executor="node-1")

    assert watch_line(task) == "1d8c5c347665 Running attempt 1 on node-1"
    assert watch_line(task | {"createDateTime": 0}) == watch_line(task)
    assert watch_line(answered_task(waiting="no_free_slot")) == "task-1 Created (no_free_slot)"


def test_a_low_terminal_shows_the_tasks_that_have_not_ended() -> None:
    ended = [answered_task(id=f"e{n}", lifecycle_status="Finished", final=True) for n in range(30)]

    lines = [str(line) for line in render_watch([*ended, answered_task(id="runs")], NOW, 80, 12).renderables]

    assert len(lines) == 10
    assert "runs" in lines[1]
    assert lines[-1].startswith("30 of 31 ended; 23 not shown")


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (-5, "0 ms"),
        (12, "12 ms"),
        (3400, "3.4 s"),
        (59_000, "59 s"),
        (300_000, "5 min"),
        (7_300_000, "2 h"),
        (3 * 86_400_000, "3 d"),
    ],
)
def test_durations_are_short(milliseconds: int, text: str) -> None:
    assert duration_text(milliseconds) == text
