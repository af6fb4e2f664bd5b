"""How much of the lanes a snapshot shows."""

from skalds.model.snapshot import ClusterSnapshot
from skalds.system_controller.fleet import Cluster
from skalds.system_controller.monitor.snapshot_reader import ROUND_LIMIT, SnapshotReader
from tests.unit.system_controller.world import Replica, World


async def test_lane_that_showed_too_little_shows_more_in_the_next_round(world: World, replica: Replica) -> None:
    await world.join("n1", slots=0)
    await replica.observe()
    await world.submit(*(f"deep-{number:03}" for number in range(200)), class_name="Deep")
    for number in range(ROUND_LIMIT // 2):
        await world.submit(f"other-{number}", class_name=f"Other{number}")
    reader = SnapshotReader(world.engine.queue, Cluster(replica.cluster.fleet, replica.cluster.live_runs), world.clock)

    first, lanes = await reader.take({})
    deep = next(lane.id for lane in lanes if lane.key.class_name == "Deep")
    second, _ = await reader.take({}, {deep: 1})
    third, _ = await reader.take({}, {deep: 3})

    assert [shown(snapshot, deep) for snapshot in (first, second, third)] == [(2, True), (16, True), (200, False)]


def shown(snapshot: ClusterSnapshot, lane_id: int) -> tuple[int, bool]:
    (lane,) = [lane for lane in snapshot.lanes if lane.id == lane_id]
    return len(lane.heads), lane.more
