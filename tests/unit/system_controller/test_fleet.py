"""The picture of the nodes as the planner gets it."""

import pytest

from skalds.model.node import Liveness, Registration
from skalds.model.run_change import LiveRun
from skalds.system_controller.fleet import Fleet, KnownNode
from skalds.system_controller.live_runs import LiveRuns
from skalds.testing import a_node


def known(name: str = "n1", liveness: Liveness = Liveness.ONLINE, *, closed: bool = False) -> KnownNode:
    return KnownNode(Registration(a_node(id=name, slots=4), 7, 0, closed), liveness)


def fleet_of(*nodes: KnownNode) -> Fleet:
    fleet = Fleet()
    fleet.replace({node.registration.node.id: node for node in nodes})
    return fleet


@pytest.mark.parametrize(
    ("node", "online"),
    [
        (known(), True),
        (known(liveness=Liveness.SUSPECT), False),
        (known(liveness=Liveness.LOST), False),
        (known(closed=True), False),
    ],
)
def test_node_is_online_only_while_heard_of_and_open(node: KnownNode, online: bool) -> None:
    assert node.is_online is online


def test_view_carries_load_and_turn_of_the_current_session() -> None:
    live = LiveRuns()
    live.replace([LiveRun("a", 1, "Running", "n1", 7, 2), LiveRun("b", 1, "Running", "n1", 6, 1)], 0)
    (view,) = fleet_of(known()).views(live, {"n1": 5})

    assert (view.id, view.session, view.slots, view.live_tasks, view.used_slots, view.last_turn) == (
        "n1", 7, 4, 1, 2, 5,
    )  # fmt: skip
    assert view.online


def test_closed_nodes_are_not_shown_to_the_planner() -> None:
    fleet = fleet_of(known("n1", closed=True), known("n2", Liveness.LOST))

    assert [(view.id, view.online) for view in fleet.views(LiveRuns(), {})] == [("n2", False)]
