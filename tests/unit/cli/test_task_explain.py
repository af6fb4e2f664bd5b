"""`skalds task explain` says why, what would help, and what keeps each node."""

from typing import Any

import pytest
from rich.cells import cell_len

from skalds.cli.task_explain import render_explanation
from tests.unit.cli.answers import HOSTILE, NOW, answered_explanation, text_of


def page(width: int = 100, **changes: Any) -> list[str]:
    return text_of(render_explanation(answered_explanation(**changes), NOW, width))


def test_reason_change_and_nodes_are_on_one_page() -> None:
    lines = page(width=120)

    facts = {line[:9].strip(): line[9:].strip() for line in lines[:7]}
    assert facts["status"] == "Created"
    assert facts["waiting"] == "label_mismatch, until somebody changes something"
    assert facts["why"] == "No node that knows its class has the labels it requires: zone=north."
    assert facts["change"] == "node 'node-1': give it the label zone=north"
    assert facts["since"].endswith("(90 s ago)")
    assert lines[6] == "before it  2 tasks of the same kind"
    assert [line.split()[0] for line in lines[-4:-1]] == ["NODE", "node-1", "node-2"]
    assert lines[-1] == "nodes by reason: label_mismatch 1, class_not_supported 1"


def test_a_task_that_runs_has_only_a_sentence() -> None:
    lines = page(
        status="Running", reason=None, permanent=False, text="It runs on node 'n'.", change=None, counts={}, nodes=[]
    )

    assert [line.split()[0] for line in lines] == ["task", "status", "why", "before"]


def test_a_node_with_nothing_in_the_way_says_so() -> None:
    (row,) = page(reason=None, nodes=[{"id": "node-1", "reasons": [], "changes": []}])[-1:]

    assert row.split() == ["node-1", "nothing"]


def test_a_node_that_takes_no_new_work_is_told_by_why() -> None:
    node = {"id": "node-1", "reasons": ["no_node_online", "resources"], "changes": ["a", "b"], "state": "cordoned"}

    (row,) = page(nodes=[node])[-1:]

    assert row.split() == ["node-1", "cordoned,", "resources", "a;", "b"]


def test_what_it_depends_on_stands_before_the_nodes() -> None:
    parents = [{"id": f"parent-{n}", "status": "Running"} for n in range(7)]

    lines = page(reason="dependency", dependencies=parents)

    start = lines.index("DEPENDS ON  STATUS")
    assert lines[start + 1] == "parent-0    Running"
    assert lines[start + 6] == "2 more; all of it with: --json"


@pytest.mark.parametrize("width", [40, 80, 200])
def test_a_page_fits_its_screen_whatever_a_fleet_holds(width: int) -> None:
    nodes = [{"id": f"n{n}" * 20, "reasons": ["resources"] * 6, "changes": ["x " * 400] * 6} for n in range(50)]

    lines = page(width=width, nodes=nodes, text="word " * 60, change="word " * 60)

    assert max(map(cell_len, lines)) <= width
    assert len(lines) <= 64
    assert "35 more nodes; all of it with: --json" in lines


def test_nothing_of_it_can_steer_the_terminal() -> None:
    node = {"id": HOSTILE, "reasons": [HOSTILE], "changes": [HOSTILE]}

    lines = page(
        id=HOSTILE,
        status=HOSTILE,
        reason=HOSTILE,
        text=HOSTILE,
        change=HOSTILE,
        counts={HOSTILE: 2},
        nodes=[node, node],
        dependencies=[{"id": HOSTILE, "status": HOSTILE}],
    )

    assert all(line.isprintable() for line in lines)
