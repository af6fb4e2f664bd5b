"""The picture of the queue: true after each refresh, and read no more than needed."""

from collections.abc import Mapping, Sequence

import pytest

from skalds.errors import StoreUnavailable
from skalds.model.lane import LaneKey
from skalds.model.plan import Assign
from skalds.model.snapshot import QueuedTask
from skalds.ports.dispatch_queue import Lane
from skalds.system_controller.lane_keys import LaneKeys
from skalds.system_controller.monitor import ready_lanes
from skalds.system_controller.monitor.ready_lanes import FEWEST_HEADS, ReadyLanes


class Queue:
    """A queue in memory that counts what is read of it."""

    def __init__(self, **sizes: int) -> None:
        self.tasks = {int(lane[1:]): [_task(int(lane[1:]), n) for n in range(size)] for lane, size in sizes.items()}
        self.lists = 0
        self.asked: list[Mapping[int, int]] = []

    async def lanes(self) -> Sequence[Lane]:
        self.lists += 1
        return [Lane(lane, LaneKey("t", f"C{lane}"), None) for lane in sorted(self.tasks) if self.tasks[lane]]

    async def heads(self, limits: Mapping[int, int]) -> Mapping[int, Sequence[QueuedTask]]:
        self.asked.append(dict(limits))
        return {lane: self.tasks[lane][:limit] for lane, limit in limits.items() if self.tasks.get(lane)}

    async def keys(self, lanes: Sequence[int]) -> Mapping[int, LaneKey]:
        return {lane: LaneKey("t", f"C{lane}") for lane in lanes if lane in self.tasks}


def _task(lane: int, number: int) -> QueuedTask:
    return QueuedTask(number, f"{lane}-{number}", 0)


def lanes_over(queue: Queue) -> ReadyLanes:
    return ReadyLanes(queue, LaneKeys(queue))  # type: ignore[arg-type]


async def shown(lanes: ReadyLanes, room: int = 2) -> dict[int, tuple[list[str], bool]]:
    return {view.id: ([task.id for task in view.heads], view.more) for view in await lanes.refresh(room)}


def assign(lane: int, number: int) -> Assign:
    return Assign(f"{lane}-{number}", 0, "n1", 1, lane, number)


def give_away(lanes: ReadyLanes, queue: Queue, lane: int, tasks: int = 1) -> None:
    """The first tasks of a lane are claimed, from the plan to the commit."""
    given = [queue.tasks[lane].pop(0) for _ in range(tasks)]
    lanes.take_out([assign(lane, task.rank) for task in given])
    lanes.settle(())


async def test_the_first_look_reads_the_heads_of_every_lane() -> None:
    queue = Queue(l1=2, l2=900)
    seen = await shown(lanes_over(queue))

    assert seen[1] == (["1-0", "1-1"], False)
    assert seen[2] == ([task.id for task in queue.tasks[2][: len(seen[2][0])]], True)
    assert FEWEST_HEADS <= len(seen[2][0]) < 100


async def test_nothing_is_read_while_nothing_changes() -> None:
    queue = Queue(l1=2, l2=9)
    lanes = lanes_over(queue)
    before = await shown(lanes)

    assert await shown(lanes) == before
    assert (queue.lists, len(queue.asked)) == (1, 1)


async def test_only_lanes_in_which_something_became_ready_are_read_again() -> None:
    queue = Queue(l1=2, l2=2)
    lanes = lanes_over(queue)
    await shown(lanes)
    queue.tasks[2].insert(0, _task(2, -1))
    queue.tasks[7] = [_task(7, 0)]

    lanes.mark([2, 7])

    assert (await shown(lanes))[2] == (["2--1", "2-0", "2-1"], False)
    assert (await shown(lanes))[7] == (["7-0"], False)
    assert queue.asked[-1].keys() == {2, 7}


async def test_tasks_given_away_leave_without_reading_and_a_lane_that_runs_short_is_read() -> None:
    queue = Queue(l1=900)
    lanes = lanes_over(queue)
    known = len((await shown(lanes))[1][0])
    give_away(lanes, queue, 1)
    assert len((await shown(lanes))[1][0]) == known - 1
    assert len(queue.asked) == 1

    give_away(lanes, queue, 1, known - 1)

    heads, more = (await shown(lanes))[1]
    assert (heads, more) == ([task.id for task in queue.tasks[1][: len(heads)]], True)
    assert len(queue.asked) == 2


async def test_a_lane_that_was_served_to_its_end_is_gone() -> None:
    queue = Queue(l1=1, l2=1)
    lanes = lanes_over(queue)
    await shown(lanes)
    give_away(lanes, queue, 1)

    assert (await shown(lanes)).keys() == {2}


async def test_a_lane_whose_claim_was_refused_is_read_again() -> None:
    queue = Queue(l1=2)
    lanes = lanes_over(queue)
    await shown(lanes)
    queue.tasks[1] = [_task(1, 1)]

    lanes.take_out([assign(1, 0)])
    lanes.settle([assign(1, 0)])

    assert await shown(lanes) == {1: (["1-1"], False)}


async def test_tasks_that_are_being_given_away_are_not_shown_though_they_are_still_read() -> None:
    queue = Queue(l1=FEWEST_HEADS + 3)
    lanes = lanes_over(queue)
    known = (await shown(lanes))[1][0]
    lanes.take_out([assign(1, number) for number in range(3)])
    lanes.mark([1])
    meanwhile = (await shown(lanes))[1]
    del queue.tasks[1][:3]
    lanes.settle(())
    lanes.mark([1])

    assert meanwhile[0][: len(known) - 3] == known[3:]
    assert len(meanwhile[0]) >= FEWEST_HEADS
    assert (await shown(lanes))[1][0] == [task.id for task in queue.tasks[1]]


async def test_task_that_was_refused_is_shown_again_if_it_is_still_there() -> None:
    queue = Queue(l1=2)
    lanes = lanes_over(queue)
    await shown(lanes)
    lanes.take_out([assign(1, 0)])
    lanes.settle([assign(1, 0)])

    assert await shown(lanes) == {1: (["1-0", "1-1"], False)}


async def test_a_lane_whose_heads_were_not_enough_shows_more_up_to_the_room() -> None:
    queue = Queue(l1=1_000)
    lanes = lanes_over(queue)
    await shown(lanes)

    lanes.widen(1)
    first = len((await shown(lanes, room=2_000))[1][0])
    lanes.widen(1)
    second = len((await shown(lanes, room=2_000))[1][0])

    assert FEWEST_HEADS < first < second < 1_000
    lanes.widen(1)
    assert len((await shown(lanes, room=second + 1))[1][0]) <= 2 * second


async def test_what_could_not_be_read_is_read_the_next_time() -> None:
    queue = Queue(l1=1)
    lanes = lanes_over(queue)
    heads = queue.heads

    async def fail(limits: Mapping[int, int]) -> Mapping[int, Sequence[QueuedTask]]:
        raise StoreUnavailable

    queue.heads = fail  # type: ignore[method-assign]
    with pytest.raises(StoreUnavailable):
        await lanes.refresh(2)
    queue.heads = heads  # type: ignore[method-assign]

    assert await shown(lanes) == {1: (["1-0"], False)}


async def test_what_is_marked_while_the_lanes_are_read_is_read_the_next_time() -> None:
    queue = Queue(l1=1)
    lanes = lanes_over(queue)
    listed = queue.lanes

    async def list_slowly() -> Sequence[Lane]:
        found = await listed()
        queue.tasks[2] = [_task(2, 0)]
        lanes.mark([2])
        return found

    queue.lanes = list_slowly  # type: ignore[method-assign]

    assert (await shown(lanes)).keys() == {1, 2}


async def test_doubt_about_everything_that_comes_while_the_lanes_are_read_stays() -> None:
    queue = Queue(l1=1)
    lanes = lanes_over(queue)
    listed = queue.lanes

    async def list_slowly() -> Sequence[Lane]:
        found = await listed()
        queue.tasks[2] = [_task(2, 0)]
        lanes.mark_all()
        return found

    queue.lanes = list_slowly  # type: ignore[method-assign]
    await shown(lanes)
    queue.lanes = listed  # type: ignore[method-assign]

    assert (await shown(lanes)).keys() == {1, 2}


async def test_lanes_that_could_not_be_listed_are_listed_the_next_time() -> None:
    queue = Queue(l1=1)
    lanes = lanes_over(queue)
    listed = queue.lanes

    async def fail() -> Sequence[Lane]:
        raise StoreUnavailable

    queue.lanes = fail  # type: ignore[method-assign]
    with pytest.raises(StoreUnavailable):
        await lanes.refresh(2)
    queue.lanes = listed  # type: ignore[method-assign]

    assert (await shown(lanes)).keys() == {1}


async def test_keys_of_lanes_in_which_nothing_waits_are_forgotten_when_they_are_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ready_lanes, "SPARE_KEYS", 2)
    queue = Queue(l1=1, l2=1, l3=1, l4=1)
    keys = LaneKeys(queue)  # type: ignore[arg-type]
    lanes = ReadyLanes(queue, keys)  # type: ignore[arg-type]
    await shown(lanes)
    for gone in (2, 3, 4):
        queue.tasks[gone].clear()
        lanes.mark_all()
        await shown(lanes)
        assert len(keys) == (4 if gone < 4 else 1)


async def test_marks_do_not_pile_up_while_everything_is_to_be_read() -> None:
    queue = Queue(l1=1)
    lanes = lanes_over(queue)
    lanes.mark(range(2, 1_000))

    assert (await shown(lanes)).keys() == {1}
    assert queue.asked[-1].keys() == {1}
