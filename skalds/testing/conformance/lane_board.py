# ruff: noqa: S101 - to assert is what a suite is for
"""Suite of `LaneBoard`."""

from typing import Any

from skalds.model.lane import lane_key
from skalds.model.plan import WaitReason
from skalds.model.run_change import Change
from skalds.model.task import Task, TaskLifecycleStatus
from skalds.ports.engine import Engine
from skalds.testing.builders import A_MOMENT, a_task
from skalds.testing.conformance.steps import a_claim, lead, ready_ids, to, told


async def _counts(engine: Engine) -> dict[str, tuple[int, int]]:
    """Tenant → ready and waiting tasks, over its lanes."""
    counts: dict[str, tuple[int, int]] = {}
    for lane in await engine.lanes.backlog():
        ready, waiting = counts.get(lane.key.tenant, (0, 0))
        counts[lane.key.tenant] = ready + lane.ready, waiting + lane.waiting
    return counts


class LaneBoardSuite:
    """What `LaneBoard` promises."""

    async def test_nothing_waits_at_first(self, engine: Engine) -> None:
        assert list(await engine.lanes.backlog()) == []
        assert await engine.lanes.queued_by("default") == 0

    async def test_keys_of_lanes_are_known_to_all(self, engine: Engine, other: Engine) -> None:
        tasks = await engine.intake.submit([a_task(id="a", tenant="a", priority=3), a_task(id="b", tenant="b")])
        lanes = {lane.id: lane.key for lane in await engine.queue.lanes()}
        assert {*lanes.values()} == {*map(lane_key, tasks)}
        assert await other.lanes.keys([*lanes, 4711]) == lanes
        first = next(iter(lanes))
        assert await other.lanes.keys(iter([first])) == {first: lanes[first]}
        assert await other.lanes.keys([]) == {}

    async def test_backlog_counts_what_waits_for_whatever_reason(self, engine: Engine) -> None:
        tasks = [
            a_task(id="ready"),
            a_task(id="urgent", priority=1),
            a_task(id="timed", eligible_at=A_MOMENT + 1),
            a_task(id="blocked", dependencies=["ready"]),
            a_task(id="other", tenant="b"),
            a_task(id="active", mode="Active", tenant="c"),
        ]
        await engine.intake.submit(tasks)
        backlog = await engine.lanes.backlog()
        assert len(backlog) == 3
        assert {lane.key: (lane.ready, lane.waiting) for lane in backlog} == {
            lane_key(tasks[0]): (1, 3),
            lane_key(tasks[1]): (1, 1),
            lane_key(tasks[4]): (1, 1),
        }
        assert [await engine.lanes.queued_by(tenant) for tenant in ("default", "b", "c")] == [4, 1, 0]

    async def test_counts_follow_every_move(self, engine: Engine) -> None:
        tasks = await engine.intake.submit([a_task(id=id_) for id_ in "abc"] + [a_task(id="t", eligible_at=2**52)])
        assert await _counts(engine) == {"default": (3, 4)}
        await engine.queue.claim([await a_claim(engine, tasks[:2])], await lead(engine))
        assert await _counts(engine) == {"default": (1, 2)}
        await engine.ledger.write([to(tasks[2], TaskLifecycleStatus.PAUSED)], durable=True)
        assert await _counts(engine) == {"default": (0, 1)}
        await engine.queue.ripen(2**52)
        assert await _counts(engine) == {"default": (1, 1)}
        given = await engine.catalog.get_many(["a", "b"])
        await engine.ledger.write([_back(given[0]), _back(given[1], tenant="b")], durable=True)
        assert await _counts(engine) == {"default": (2, 2), "b": (1, 1)}

    async def test_lane_of_a_run_that_ends_is_left(self, engine: Engine) -> None:
        await engine.intake.submit([a_task()])
        [lane] = await engine.queue.lanes()
        [task] = await engine.catalog.get_many(["task-1"])
        await engine.queue.claim([await a_claim(engine, [task])], await lead(engine))
        [run], position = await engine.ledger.live_runs()
        assert run.lane == lane.id
        [given] = await engine.catalog.get_many(["task-1"])
        await engine.ledger.write([to(given, TaskLifecycleStatus.FINISHED, final=True)], durable=True)
        assert [run.lane for run in (await engine.ledger.live_runs())[0]] == [lane.id]
        [ended] = await engine.catalog.get_many(["task-1"])
        await engine.ledger.write([Change(ended, ended.changed(9, released_at=9))], durable=True)
        assert [change.lane for change in await told(engine, position)] == [lane.id, 0]

    async def test_refused_submit_is_not_counted(self, engine: Engine, other: Engine) -> None:
        await engine.intake.submit([a_task(id="a")])
        [result] = await other.intake.submit([a_task(id="b")])
        assert result.id == "b"
        await engine.ledger.write([to(a_task(id="a", rev=5), TaskLifecycleStatus.PAUSED)], durable=True)
        assert await _counts(engine) == {"default": (2, 2)}
        assert await ready_ids(engine) == ["a", "b"]

    async def test_reasons_are_kept_by_lane(self, engine: Engine) -> None:
        tasks = [a_task(id="a", tenant="a"), a_task(id="b", tenant="b")]
        await engine.intake.submit(tasks)
        first, second = await engine.queue.lanes()
        assert first.reason is None
        await engine.lanes.note_reasons({first.id: WaitReason.PINNED, second.id: None, 4711: WaitReason.PAUSED})
        assert [lane.reason for lane in await engine.queue.lanes()] == [WaitReason.PINNED, None]
        unknown = lane_key(a_task(tenant="c"))
        assert await engine.lanes.reasons([first.key, second.key, unknown]) == {
            first.key: WaitReason.PINNED,
            second.key: None,
        }
        await engine.lanes.note_reasons({first.id: None})
        assert await engine.lanes.reasons([first.key]) == {first.key: None}


def _back(task: Task, **changes: Any) -> Change:
    return to(task, TaskLifecycleStatus.CREATED, executor=None, released_at=9, **changes)
