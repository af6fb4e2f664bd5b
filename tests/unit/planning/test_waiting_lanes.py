"""Lanes in order: whatever changes, the lines are those that would be made from scratch."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from skalds.model.lane import LaneKey
from skalds.model.snapshot import LaneView, QueuedTask
from skalds.planning.waiting_lanes import WaitingLanes
from tests.unit.planning.clusters import NOW, lane

modest = settings(max_examples=100, deadline=None, derandomize=True)

KEYS = [LaneKey(tenant, class_name) for tenant in "tuv" for class_name in "AB"]


def random_views(chance: random.Random, lanes: int) -> list[LaneView]:
    """Some of so many lanes, each with a few tasks or none."""
    chosen = chance.sample(range(lanes), chance.randint(0, lanes))
    return [
        lane(number, [chance.randint(0, 20) for _ in range(chance.randint(0, 3))], KEYS[number % len(KEYS)])
        for number in chosen
    ]


@modest
@given(seed=st.integers(0, 1 << 32), lanes=st.sampled_from([3, 12, 150]))
def test_changed_lanes_stand_as_if_all_were_lined_up_anew(seed: int, lanes: int) -> None:
    chance = random.Random(seed)
    waiting, present = WaitingLanes(), dict[int, LaneView]()
    for _ in range(5):
        changes = random_views(chance, lanes)
        before = waiting
        kept = list(before), {tenant: list(before.line(tenant)) for tenant in before.tenants}
        waiting = waiting.changed(changes)
        present = {view.id: view for view in {**present, **{view.id: view for view in changes}}.values() if view.heads}

        assert (list(before), {tenant: list(before.line(tenant)) for tenant in before.tenants}) == kept
        assert waiting.views == present
        assert set(waiting.tenants) == {view.key.tenant for view in present.values()}
        for tenant in "tuv":
            mine = [view for view in present.values() if view.key.tenant == tenant]
            expected = sorted((view.heads[0].rank, view.heads[0].id, view.id) for view in mine)
            assert [one[:3] for one in waiting.line(tenant)] == expected
        shapes = [view.shape for view in present.values()]
        assert {shape: one.lanes for shape, one in waiting.shapes.items()} == {
            shape: shapes.count(shape) for shape in shapes
        }
        assert all(one.key.shape == shape for shape, one in waiting.shapes.items())


def test_lanes_in_order_are_taken_as_they_are() -> None:
    waiting = WaitingLanes.of([lane(1, [NOW]), lane(2, [])])

    assert WaitingLanes.of(waiting) is waiting
    assert [view.id for view in waiting] == [1]
    assert waiting == WaitingLanes.of([lane(1, [NOW])])
    assert waiting != WaitingLanes.of([lane(1, [NOW - 1])])


def test_same_task_in_two_lanes_does_no_harm() -> None:
    """A task that changed its lane is seen in both until the old one is read again."""
    head = QueuedTask(NOW, "moved", 0)
    waiting = WaitingLanes.of([LaneView(number, LaneKey("t", name), [head]) for number, name in ((2, "A"), (1, "B"))])

    assert [lane_id for _, _, lane_id, _ in waiting.line("t")] == [1, 2]
