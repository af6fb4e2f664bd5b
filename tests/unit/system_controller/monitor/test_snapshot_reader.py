"""How much room there is, and so how much of the lanes a snapshot shows."""

import pytest

from skalds.model.reserved import Reserved
from skalds.model.snapshot import NodeView
from skalds.system_controller.monitor.ready_lanes import ROUND_LIMIT, ReadyLanes
from skalds.system_controller.monitor.snapshot_reader import SnapshotReader, room_of
from tests.unit.system_controller.world import Replica, World


def a_view(slots: int = 4, used_slots: int = 0, **changes: object) -> NodeView:
    return NodeView("n1", 1, frozenset({"Demo"}), slots, used_slots=used_slots, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("node", "room"),
    [
        (a_view(), 4),
        (a_view(used_slots=3), 1),
        (a_view(used_slots=4), 0),
        (a_view(used_slots=9), 0),
        (a_view(slots=0), ROUND_LIMIT),
        (a_view(slots=10 * ROUND_LIMIT), ROUND_LIMIT),
        (a_view(reserved=Reserved(3, 10)), 4),
        (a_view(online=False), 0),
        (a_view(draining=True), 0),
        (a_view(cordoned=True), 0),
    ],
)
def test_room_is_what_could_be_filled_now(node: NodeView, room: int) -> None:
    assert room_of([node]) == room


def test_room_is_that_of_all_nodes_and_a_node_over_its_limit_takes_none_away() -> None:
    assert room_of([a_view(), a_view(used_slots=9), a_view(used_slots=2)]) == 6
    assert room_of([]) == 0


async def test_snapshot_shows_nodes_turns_and_as_many_tasks_as_there_is_room_for(
    world: World, replica: Replica
) -> None:
    await world.join("n1", slots=20)
    await world.submit(*(f"t{number:02}" for number in range(50)))
    await replica.observe()
    reader = SnapshotReader(ReadyLanes(world.engine.queue, replica.keys), replica.picture, world.clock)
    snapshot = await reader.take({"n1": 3})

    assert [(node.id, node.last_turn) for node in snapshot.nodes] == [("n1", 3)]
    (lane,) = snapshot.lanes
    assert (20 <= len(lane.heads) < 50, lane.more) == (True, True)
    assert snapshot.now == world.clock.wall_ms()
