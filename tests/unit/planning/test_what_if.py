"""Suppositions change the nodes of a snapshot, and nothing else."""

from dataclasses import replace

from hypothesis import given

from skalds.model.reserved import Reserved
from skalds.model.resources import Resources
from skalds.model.snapshot import PreemptibleRun
from skalds.planning.what_if import SupposedNodes, Supposition, suppose
from tests.unit.planning.clusters import Backlog, backlogs, node, snapshot


@given(backlog=backlogs)
def test_supposing_nothing_changes_nothing(backlog: Backlog) -> None:
    before = replace(backlog.snapshot, preemptible=[])

    assert suppose(before, Supposition()) == before


def test_added_nodes_are_online_and_empty() -> None:
    new = SupposedNodes("new", frozenset({"C"}), 4, 2, {"zone": "a"}, Resources(1000), Reserved(1, 5))

    _, first, second = suppose(snapshot([node("n0")], []), Supposition([new])).nodes

    assert (first.id, second.id) == ("new-1", "new-2")
    assert (first.classes, first.slots, first.labels) == (frozenset({"C"}), 4, {"zone": "a"})
    assert (first.resources, first.reserved) == (Resources(1000), Reserved(1, 5))
    assert (first.online, first.draining, first.cordoned, first.used_slots) == (True, False, False, 0)


def test_one_added_node_has_the_id_it_was_given() -> None:
    assert SupposedNodes("new", frozenset(), 1).ids == ["new"]


def test_labels_are_set_and_removed() -> None:
    before = snapshot([node("n0", labels={"zone": "a", "disk": "hdd"}), node("n1")], [])

    changed, untouched = suppose(before, Supposition(labels={"n0": {"zone": None, "disk": "ssd"}, "n9": {}})).nodes

    assert changed.labels == {"disk": "ssd"}
    assert untouched is before.nodes[1]


def test_nodes_that_are_gone_take_their_runs_along() -> None:
    runs = [PreemptibleRun("a", 1, "n0", 0, 1), PreemptibleRun("b", 1, "n1", 0, 1)]
    before = replace(snapshot([node("n0"), node("n1")], []), preemptible=runs)

    after = suppose(before, Supposition(without=frozenset({"n0"})))

    assert [view.id for view in after.nodes] == ["n1"]
    assert after.preemptible == runs[1:]
